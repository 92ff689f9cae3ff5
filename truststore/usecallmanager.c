#include "config.h"

#include "truststore/usecallmanager.h"

#ifdef HAVE_SQLITE

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/role.h"

enum {
	VALUE_MAX = 4 * CERT_MAX_DER, /* bytes of a value: a certificate as PEM with room for text around it */
	ROLES_MAX = 200,
	PROGRESS_STEPS = 10000,
	WAL_MARK_AT = 18,             /* file format, "The Database Header": 2 in a database with a write-ahead log */
	HEADER_SIZE = 100
};

struct reading {
	const char *file;
	uint32_t max_ttl;
	sqlite3 *db;
	int64_t deadline_us;
	unsigned long row;
};

static int fail(const struct reading *r, int rc, struct err *err)
{
	if (rc == SQLITE_INTERRUPT)
		return err_set(err, ERR_LIMIT, "%s: reading it takes more than %d seconds", r->file, USECALLMANAGER_SECONDS);
	if (rc == SQLITE_TOOBIG)
		return err_set(err, ERR_LIMIT, "%s: row %lu: a value has more than %d bytes", r->file, r->row + 1, VALUE_MAX);
	if (rc == SQLITE_NOMEM)
		return err_set(err, ERR_MEMORY, "%s: no memory to read it", r->file);
	return err_set(err, ERR_MALFORMED, "%s: %s", r->file, r->db ? sqlite3_errmsg(r->db) : sqlite3_errstr(rc));
}

static int bad_row(const struct reading *r, const char *why, struct err *err)
{
	return err_set(err, ERR_MALFORMED, "%s: row %lu: %s", r->file, r->row, why);
}

static int too_long(void *arg)
{
	const struct reading *r = arg;
	return clock_monotonic_us() > r->deadline_us;
}

/* A database with a write-ahead log wants to make files beside itself even for a reader: where no log is there nobody
 * is writing, and it can be read as one that does not change. */
static int look_at_file(const struct reading *r, bool *immutable, struct err *err)
{
	unsigned char header[HEADER_SIZE];
	char *wal;
	FILE *stream = fopen(r->file, "re");
	if (!stream)
		return *r->file ? err_errno(err, "%s: cannot be opened", r->file)
		                : err_set(err, ERR_USAGE, "'' is not the name of a file");
	size_t len = fread(header, 1, sizeof header, stream);
	int code = ferror(stream) ? err_errno(err, "%s: cannot be read", r->file) : ERR_OK;
	fclose(stream);
	if (!code && (len < sizeof header || memcmp(header, "SQLite format 3", 16) != 0))
		code = err_set(err, ERR_MALFORMED, "%s: is no SQLite database", r->file);
	if (code)
		return code;
	if (asprintf(&wal, "%s-wal", r->file) < 0)
		return err_set(err, ERR_MEMORY, "no memory for a file's name");
	*immutable = header[WAL_MARK_AT] == 2 && access(wal, F_OK);
	free(wal);
	return ERR_OK;
}

/* "file:" with everything but plain characters escaped. */
static char *uri_of(const char *file, bool immutable)
{
	static const char tail[] = "?mode=ro&immutable=1";
	char *uri = malloc(3 * strlen(file) + sizeof "file:./" + sizeof tail), *to = uri;
	if (!uri)
		return NULL;
	to += sprintf(to, "file:%s", file[0] == '/' ? "" : "./");
	for (const char *c = file; *c; c++)
		to += strchr("?#%", *c) || (unsigned char)*c <= ' ' ? sprintf(to, "%%%02X", (unsigned char)*c)
		                                                     : sprintf(to, "%c", *c);
	strcpy(to, immutable ? tail : "?mode=ro");
	return uri;
}

/* Nothing that stands in the database may act. */
static int restrain(struct reading *r)
{
	static const struct { int what, value; } settings[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	};
	int rc = SQLITE_OK;
	for (size_t i = 0; !rc && i < sizeof settings / sizeof settings[0]; i++)
		rc = sqlite3_db_config(r->db, settings[i].what, settings[i].value, NULL);
	sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(r->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_progress_handler(r->db, PROGRESS_STEPS, too_long, r);
	return rc ? rc : sqlite3_exec(r->db, "PRAGMA cell_size_check = ON; PRAGMA query_only = ON", NULL, NULL, NULL);
}

static int open_database(struct reading *r, struct err *err)
{
	bool immutable = false;
	int code = look_at_file(r, &immutable, err);
	if (code)
		return code;
	char *uri = uri_of(r->file, immutable);
	if (!uri)
		return err_set(err, ERR_MEMORY, "no memory for a file's name");
	int rc = sqlite3_open_v2(uri, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	if (!rc)
		rc = restrain(r);
	free(uri);
	return rc ? fail(r, rc, err) : ERR_OK;
}

/* A view or a virtual table of that name could be anything. */
static int check_table(struct reading *r, struct err *err)
{
	sqlite3_stmt *query;
	const char *type = NULL;
	int code = ERR_OK;
	int rc = sqlite3_prepare_v2(r->db,
		"SELECT type, rootpage FROM sqlite_master WHERE name = 'certificates' COLLATE NOCASE", -1, &query, NULL);
	if (rc)
		return fail(r, rc, err);
	rc = sqlite3_step(query);
	if (rc == SQLITE_ROW)
		type = (const char *)sqlite3_column_text(query, 0);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		code = fail(r, rc, err);
	else if (rc == SQLITE_DONE)
		code = err_set(err, ERR_MALFORMED, "%s: has no table \"certificates\"", r->file);
	else if (!type || strcmp(type, "table") != 0 || sqlite3_column_int64(query, 1) < 1)
		code = err_set(err, ERR_MALFORMED, "%s: \"certificates\" is no table but a view or something else", r->file);
	sqlite3_finalize(query);
	return code;
}

struct single {
	struct cert *cert;
	unsigned count;
};

static int take_single(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct single *single = arg;
	(void)place;
	(void)err;
	cert_free(single->cert);
	single->cert = cert;
	single->count++;
	return ERR_OK;
}

static int take_cert(struct reading *r, sqlite3_stmt *query, int column, struct cert **out, struct err *err)
{
	struct single single = { .cert = NULL };
	struct err inner;
	int type = sqlite3_column_type(query, column), len = 0;
	const void *bytes = sqlite3_column_blob(query, column); /* the daemons store the PEM as a blob, others as text */
	len = sqlite3_column_bytes(query, column);
	if ((type != SQLITE_BLOB && type != SQLITE_TEXT) || len < 1 || !bytes)
		return bad_row(r, "certificate holds no PEM", err);
	FILE *stream = fmemopen((void *)bytes, (size_t)len, "r");
	if (!stream)
		return err_errno(err, "%s: row %lu", r->file, r->row);
	int code = cert_read_stream(stream, "certificate", take_single, &single, &inner);
	fclose(stream);
	if (code)
		code = bad_row(r, err_text(&inner), err);
	else if (single.count != 1)
		code = bad_row(r, "certificate holds more than one certificate", err);
	if (code)
		cert_free(single.cert);
	else
		*out = single.cert;
	return code;
}

static int check_hash(struct reading *r, sqlite3_stmt *query, int column, const struct cert *cert, struct err *err)
{
	uint8_t hash[DIGEST_SIZE];
	size_t len = 0;
	const char *text = sqlite3_column_type(query, column) == SQLITE_TEXT
		? (const char *)sqlite3_column_text(query, column) : NULL;
	if (!text || hex_decode(text, hash, sizeof hash, &len) || len != sizeof hash)
		return bad_row(r, "certificate_hash is no SHA-256 in hexadecimal", err);
	if (memcmp(hash, cert_sha256(cert)->byte, sizeof hash) != 0)
		return err_set(err, ERR_MALFORMED, "%s: row %lu: certificate_hash is not that of its certificate (%.200s)",
		               r->file, r->row, cert_subject(cert));
	return ERR_OK;
}

static int take_roles(struct reading *r, sqlite3_stmt *query, int column, uint32_t *roles, struct err *err)
{
	struct err inner;
	const char *text = sqlite3_column_type(query, column) == SQLITE_TEXT
		? (const char *)sqlite3_column_text(query, column) : NULL;
	*roles = 0;
	if (!text || strlen(text) > ROLES_MAX || strlen(text) != (size_t)sqlite3_column_bytes(query, column))
		return bad_row(r, "roles is no list of roles", err);
	if (roles_parse(text, roles, &inner))
		return bad_row(r, err_text(&inner), err);
	return *roles ? ERR_OK : bad_row(r, "it has no role", err);
}

static int take_ttl(struct reading *r, sqlite3_stmt *query, int column, uint32_t *ttl, struct err *err)
{
	*ttl = 0;
	if (sqlite3_column_type(query, column) == SQLITE_NULL)
		return ERR_OK;
	int64_t value = sqlite3_column_int64(query, column);
	if (sqlite3_column_type(query, column) != SQLITE_INTEGER || value < 1 || value > r->max_ttl)
		return err_set(err, ERR_MALFORMED, "%s: row %lu: ttl is no number from 1 to %u", r->file, r->row,
		               (unsigned)r->max_ttl);
	*ttl = (uint32_t)value;
	return ERR_OK;
}

static int take_row(struct reading *r, sqlite3_stmt *query, usecallmanager_fn *each, void *arg, struct err *err)
{
	struct usecallmanager_row row = { .cert = NULL };
	if (++r->row > USECALLMANAGER_ROWS_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d rows", r->file, USECALLMANAGER_ROWS_MAX);
	int code = take_cert(r, query, 1, &row.cert, err);
	if (!code)
		code = check_hash(r, query, 0, row.cert, err);
	if (!code)
		code = take_roles(r, query, 2, &row.roles, err);
	if (!code)
		code = take_ttl(r, query, 3, &row.ttl, err);
	if (code) {
		cert_free(row.cert);
		return code;
	}
	return each(&row, arg, err);
}

int usecallmanager_read(const char *file, uint32_t max_ttl, usecallmanager_fn *each, void *arg, struct err *err)
{
	struct reading r = { .file = file, .max_ttl = max_ttl,
	                     .deadline_us = clock_monotonic_us() + USECALLMANAGER_SECONDS * INT64_C(1000000) };
	sqlite3_stmt *query = NULL;
	int rc = SQLITE_ROW, code = open_database(&r, err);
	if (!code)
		code = check_table(&r, err);
	if (!code) {
		rc = sqlite3_prepare_v2(r.db, "SELECT certificate_hash, certificate, roles, ttl FROM certificates", -1,
		                        &query, NULL);
		code = rc ? fail(&r, rc, err) : ERR_OK;
	}
	while (!code && (rc = sqlite3_step(query)) == SQLITE_ROW)
		code = take_row(&r, query, each, arg, err);
	if (!code && rc != SQLITE_DONE)
		code = fail(&r, rc, err);
	sqlite3_finalize(query);
	sqlite3_close(r.db);
	return code;
}

#else

int usecallmanager_read(const char *file, uint32_t max_ttl, usecallmanager_fn *each, void *arg, struct err *err)
{
	(void)max_ttl;
	(void)each;
	(void)arg;
	return err_set(err, ERR_REFUSED, "%s: this program was built without libsqlite3, which reads such files", file);
}

#endif
