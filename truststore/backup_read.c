/* Reading a backup: every byte is checked before any of it counts. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/backup_priv.h"
#include "truststore/keyfile.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

/* Bytes that grow as they come: a length in the file sizes nothing by itself. */
struct buffer {
	uint8_t *bytes;
	size_t room;
};

struct scan {
	FILE *stream;
	const char *name;
	struct digest_state *digest;
	struct backup *backup;
	backup_record_fn *each;
	void *arg;
	int db; /* at which it stands; -1: before the first */
	struct buffer key, value, last_key, last_value;
	size_t last_key_len, last_value_len;
	bool first;     /* no record of this database was there yet */
	bool format_ok; /* meta has the format and the revision that the header names */
	bool revision_ok;
};

static int damaged(const struct scan *scan, const char *why, struct err *err)
{
	return err_set(err, ERR_MALFORMED, "%s: the backup is damaged: %s", scan->name, why);
}

static int take(struct scan *scan, void *to, size_t len, struct err *err)
{
	if (fread(to, 1, len, scan->stream) != len)
		return ferror(scan->stream) ? err_errno(err, "%s: cannot be read", scan->name)
		                            : damaged(scan, "it ends too early", err);
	digest_add(scan->digest, to, len);
	return ERR_OK;
}

static int take_number(struct scan *scan, unsigned size, uint64_t *out, struct err *err)
{
	uint8_t bytes[8];
	int code = take(scan, bytes, size, err);
	*out = code ? 0 : get_be(bytes, size);
	return code;
}

/* `len` bytes into the buffer and a NUL behind them. */
static int take_bytes(struct scan *scan, struct buffer *buffer, size_t len, struct err *err)
{
	enum { STEP = 1 << 20 };
	size_t done = 0;
	do {
		size_t step = len - done < STEP ? len - done : STEP;
		if (done + step + 1 > buffer->room) {
			uint8_t *grown = realloc(buffer->bytes, done + step + 1);
			if (!grown)
				return err_set(err, ERR_MEMORY, "%s: no memory for a record", scan->name);
			buffer->bytes = grown;
			buffer->room = done + step + 1;
		}
		int code = take(scan, buffer->bytes + done, step, err);
		if (code)
			return code;
		done += step;
	} while (done < len);
	buffer->bytes[len] = '\0';
	return ERR_OK;
}

/* A length of `size` bytes, and so many bytes. */
static int take_sized(struct scan *scan, unsigned size, size_t max, struct buffer *buffer, size_t *len, struct err *err)
{
	uint64_t number;
	int code = take_number(scan, size, &number, err);
	if (!code && number > max)
		code = damaged(scan, "a record or a name is too long", err);
	*len = (size_t)number;
	return code ? code : take_bytes(scan, buffer, *len, err);
}

static int scan_key(struct scan *scan, bool included, struct err *err)
{
	size_t len, pem_len = 0;
	if (scan->db >= 0)
		return damaged(scan, "a key stands among the records", err);
	int code = take_sized(scan, 2, UINT16_MAX, &scan->key, &len, err);
	if (!code && included)
		code = take_sized(scan, 4, BACKUP_KEY_MAX, &scan->value, &pem_len, err);
	if (code)
		return code;
	char *reference = (char *)scan->key.bytes, *location;
	if (strlen(reference) != len || (included && strlen((char *)scan->value.bytes) != pem_len))
		return damaged(scan, "a key or its name has a NUL", err);
	if (included && (keyfile_is_uri(reference) || keyfile_locate("", reference, &location, NULL)))
		return damaged(scan, "a key has a name that is none", err);
	if (included)
		free(location);
	char *pem = included ? strdup((char *)scan->value.bytes) : NULL;
	if (included && !pem)
		return err_set(err, ERR_MEMORY, "no memory for a private key");
	return backup_add_key(scan->backup, strdup(reference), pem, err);
}

static int scan_database(struct scan *scan, struct err *err)
{
	size_t len;
	int code = take_sized(scan, 2, BACKUP_DB_KEY_MAX, &scan->key, &len, err);
	if (code)
		return code;
	int db = scan->db + 1;
	while (db < STORE_DB_COUNT && (strlen(store_db_name((enum store_db)db)) != len ||
	                               memcmp(store_db_name((enum store_db)db), scan->key.bytes, len) != 0))
		db++;
	if (db == STORE_DB_COUNT)
		return err_set(err, ERR_VERSION,
		               "%s: holds the database \"%.*s\", which this program does not know, or has it in the wrong place",
		               scan->name, (int)(len < 64 ? len : 64), (char *)scan->key.bytes);
	scan->db = db;
	scan->first = true;
	return ERR_OK;
}

/* As LMDB sorts. */
static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static bool in_order(const struct scan *scan, struct span key, struct span value)
{
	if (scan->first)
		return true;
	int order = compare(scan->last_key.bytes, scan->last_key_len, key.bytes, key.len);
	if (!order && store_db_dup((enum store_db)scan->db))
		order = compare(scan->last_value.bytes, scan->last_value_len, value.bytes, value.len);
	return order < 0;
}

/* What the summary wants to know. */
static int look_at(struct scan *scan, struct span key, struct span value, struct err *err)
{
	struct backup *backup = scan->backup;
	struct identity_record identity;
	if (scan->db == STORE_META && key.len == 6 && !memcmp(key.bytes, "format", 6))
		scan->format_ok = value.len == 4 && get_be(value.bytes, 4) == STORE_FORMAT;
	if (scan->db == STORE_META && key.len == 8 && !memcmp(key.bytes, "revision", 8))
		scan->revision_ok = value.len == 8 && get_be(value.bytes, 8) == backup->revision;
	if (scan->db == STORE_CERT)
		backup->certificates++;
	if (scan->db == STORE_IDENTITY && !identity_record_decode(value, &identity) &&
	    !backup_note_identity(backup, &identity))
		return err_set(err, ERR_MEMORY, "no memory for the name of a key");
	if (scan->db == STORE_CHANGE && key.len == 8 && backup->common && get_be(key.bytes, 8) == backup->common) {
		record_free(&backup->common_change);
		backup->common_change.bytes = malloc(value.len ? value.len : 1);
		if (!backup->common_change.bytes)
			return err_set(err, ERR_MEMORY, "no memory for a record");
		memcpy(backup->common_change.bytes, value.bytes, value.len);
		backup->common_change.len = value.len;
	}
	return ERR_OK;
}

static void swap(struct buffer *a, struct buffer *b)
{
	struct buffer c = *a;
	*a = *b;
	*b = c;
}

static int scan_record(struct scan *scan, struct err *err)
{
	size_t key_len, value_len;
	if (scan->db < 0)
		return damaged(scan, "a record stands before its database", err);
	int code = take_sized(scan, 4, BACKUP_DB_KEY_MAX, &scan->key, &key_len, err);
	if (!code)
		code = take_sized(scan, 4, BACKUP_VALUE_MAX, &scan->value, &value_len, err);
	if (code)
		return code;
	struct span key = { scan->key.bytes, key_len }, value = { scan->value.bytes, value_len };
	if (!key_len || (store_db_dup((enum store_db)scan->db) && value_len != DIGEST_SIZE))
		return damaged(scan, "a record has no key, or a value of the wrong size", err);
	if (!in_order(scan, key, value))
		return damaged(scan, "its records are not in order", err);
	scan->backup->records++;
	code = look_at(scan, key, value, err);
	if (!code && scan->each)
		code = scan->each((enum store_db)scan->db, key, value, scan->arg, err);
	swap(&scan->key, &scan->last_key);
	swap(&scan->value, &scan->last_value);
	scan->last_key_len = key_len;
	scan->last_value_len = value_len;
	scan->first = false;
	return code;
}

static int scan_head(struct scan *scan, struct err *err)
{
	uint8_t head[BACKUP_HEADER_SIZE];
	size_t len = fread(head, 1, sizeof head, scan->stream);
	if (len < BACKUP_MAGIC_SIZE || memcmp(head, BACKUP_MAGIC, BACKUP_MAGIC_SIZE) != 0)
		return err_set(err, ERR_MALFORMED, "%s: is no backup of a store", scan->name);
	if (len < sizeof head)
		return damaged(scan, "it ends too early", err);
	uint64_t format = get_be(head + 8, 4), store = get_be(head + 12, 4);
	if (format != BACKUP_FORMAT || store != STORE_FORMAT)
		return err_set(err, ERR_VERSION,
		               "%s: a backup of format %llu of a store of format %llu; this program knows %d and %d",
		               scan->name, (unsigned long long)format, (unsigned long long)store, BACKUP_FORMAT,
		               STORE_FORMAT);
	scan->backup->revision = get_be(head + 16, 8);
	scan->backup->made = (int64_t)get_be(head + 24, 8);
	digest_add(scan->digest, head, sizeof head);
	return ERR_OK;
}

/* Up to the end mark. */
static int scan_items(struct scan *scan, struct err *err)
{
	for (;;) {
		uint64_t item, count;
		int code = take_number(scan, 1, &item, err);
		if (code)
			return code;
		switch (item) {
		case BACKUP_ITEM_KEY:
		case BACKUP_ITEM_NO_KEY:
			code = scan_key(scan, item == BACKUP_ITEM_KEY, err);
			break;
		case BACKUP_ITEM_DATABASE:
			code = scan_database(scan, err);
			break;
		case BACKUP_ITEM_RECORD:
			code = scan_record(scan, err);
			break;
		case BACKUP_ITEM_END:
			code = take_number(scan, 8, &count, err);
			if (!code && count != scan->backup->records)
				code = damaged(scan, "records are missing", err);
			return code;
		default:
			code = damaged(scan, "an item of unknown kind", err);
		}
		if (code)
			return code;
	}
}

static int scan_end(struct scan *scan, struct err *err)
{
	struct digest is;
	uint8_t should[DIGEST_SIZE];
	bool whole = fread(should, 1, sizeof should, scan->stream) == sizeof should && getc(scan->stream) == EOF;
	digest_end(scan->digest, &is);
	scan->digest = NULL;
	if (!whole || ferror(scan->stream))
		return damaged(scan, "it ends too early or goes on behind its end", err);
	if (memcmp(should, is.byte, sizeof should) != 0)
		return damaged(scan, "its SHA-256 is another", err);
	if (!scan->format_ok || !scan->revision_ok)
		return damaged(scan, "the store in it has no format or another revision", err);
	return ERR_OK;
}

int backup_scan(FILE *stream, const char *name, struct backup *out, backup_record_fn *each, void *arg, struct err *err)
{
	struct scan scan = { .stream = stream, .name = name, .digest = digest_begin(), .backup = out,
	                     .each = each, .arg = arg, .db = -1 };
	struct digest unused;
	int code = scan.digest ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a digest");
	if (!code && fseek(stream, 0, SEEK_SET))
		code = err_errno(err, "%s", name);
	if (!code)
		code = scan_head(&scan, err);
	if (!code)
		code = scan_items(&scan, err);
	if (!code)
		code = scan_end(&scan, err);
	if (scan.digest)
		digest_end(scan.digest, &unused);
	free(scan.key.bytes);
	free(scan.value.bytes);
	free(scan.last_key.bytes);
	free(scan.last_value.bytes);
	return code;
}

int backup_read(FILE *stream, const char *name, uint64_t revision, struct backup *out, struct err *err)
{
	struct backup head = { .key_count = 0 };
	struct scan scan = { .stream = stream, .name = name, .digest = digest_begin(), .backup = &head };
	struct digest unused;
	if (!scan.digest)
		return err_set(err, ERR_MEMORY, "no memory for a digest");
	rewind(stream);
	int code = scan_head(&scan, err); /* for its revision: which change to remember */
	digest_end(scan.digest, &unused);
	if (code)
		return code;
	*out = (struct backup){ .common = head.revision < revision ? head.revision : revision };
	return backup_scan(stream, name, out, NULL, NULL, err);
}
