/* import-usecallmanager: certificates with their roles and TTLs from the database of the open-source daemons. */
#include "config.h"

#include "truststore/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/revocation.h"
#include "truststore/role.h"
#include "truststore/trust.h"
#include "truststore/usecallmanager.h"

const struct cli_option cmd_usecallmanager_options[] = {
	{ "dry-run", 0, NULL, false, false, "say what would be done, and change nothing" },
	{ "no-check", 0, NULL, false, false, "with [ocsp] enable: do not ask now whether they are revoked" },
	{ NULL, 0, NULL, false, false, NULL },
};

#define BOTH_STORE "CCM-TFTP-trust" /* made where no store gives that role */

/* The store that usually gives a role. */
static const char *const usual_store[ROLE_COUNT] = {
	[ROLE_SAST] = "Phone-SAST-trust",
	[ROLE_CCM] = "CallManager-trust",
	[ROLE_CCM_TFTP] = BOTH_STORE,
	[ROLE_TFTP] = "CallManager-trust",
	[ROLE_CAPF] = "CAPF-trust",
	[ROLE_APP_SERVER] = "tomcat-trust",
	[ROLE_TVS] = "TVS-trust",
};

struct joining { /* one membership of a row */
	char store[RECORD_NAME_MAX + 1];
	uint32_t roles, all; /* of it, and of the store */
	struct trust_added added;
};

struct import_row {
	struct usecallmanager_row from;
	struct joining join[ROLE_COUNT];
	size_t join_count;
};

struct import {
	struct session *session;
	bool dry_run;
	struct import_row *rows;
	size_t count, room;
	struct txn *txn;
	uint64_t revision; /* before anything was added */
};

static void import_deinit(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		cert_free(import->rows[i].from.cert);
	free(import->rows);
}

static int keep_row(const struct usecallmanager_row *row, void *arg, struct err *err)
{
	struct import *import = arg;
	if (import->count == import->room) {
		size_t room = import->room ? 2 * import->room : 64;
		struct import_row *grown = reallocarray(import->rows, room, sizeof *grown);
		if (!grown) {
			cert_free(row->cert);
			return err_set(err, ERR_MEMORY, "no memory for %zu rows", room);
		}
		import->rows = grown;
		import->room = room;
	}
	import->rows[import->count++] = (struct import_row){ .from = *row };
	return ERR_OK;
}

static int by_digest(const void *a, const void *b)
{
	const struct import_row *x = a, *y = b;
	return digest_compare(cert_sha256(x->from.cert), cert_sha256(y->from.cert));
}

/* In a definite order, and each certificate once: two rows could contradict each other. */
static int sort_rows(struct import *import, const char *file, struct err *err)
{
	if (import->count)
		qsort(import->rows, import->count, sizeof *import->rows, by_digest);
	for (size_t i = 1; i < import->count; i++)
		if (!by_digest(&import->rows[i - 1], &import->rows[i]))
			return err_set(err, ERR_MALFORMED, "%s: has a certificate twice: %s", file,
			               cert_subject(import->rows[i].from.cert));
	return ERR_OK;
}

struct search {
	uint32_t role; /* the bit */
	struct joining *found;
};

static int find_store(const struct store_record *store, void *arg, struct err *err)
{
	const struct search *search = arg;
	(void)err;
	if (!(store->roles & search->role))
		return ERR_OK;
	snprintf(search->found->store, sizeof search->found->store, "%.*s", (int)store->name.len, store->name.bytes);
	search->found->all = store->roles;
	return ERR_STOPPED;
}

static int make_both_store(struct txn *txn, struct joining *found, struct err *err)
{
	struct store_record store = { .name = text_of(BOTH_STORE), .roles = ROLE_BIT(ROLE_CCM_TFTP),
	                              .ttl = ANSWER_DEFAULT_TTL };
	struct store_record there;
	if (!trust_store_get(txn, BOTH_STORE, &there, NULL))
		return err_set(err, ERR_REFUSED, "no trust store gives the role CCM+TFTP, and %s gives others", BOTH_STORE);
	snprintf(found->store, sizeof found->store, "%s", BOTH_STORE);
	found->all = store.roles;
	return trust_store_put(txn, &store, err);
}

/* The usual store where it gives the role; else any that does. */
static int choose_store(struct txn *txn, enum role role, struct joining *found, struct err *err)
{
	struct search search = { ROLE_BIT(role), found };
	struct store_record store;
	int code = trust_store_get(txn, usual_store[role], &store, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	if (!code && find_store(&store, &search, err) == ERR_STOPPED)
		return ERR_OK;
	code = trust_store_each(txn, find_store, &search, err);
	if (code == ERR_STOPPED)
		return ERR_OK;
	if (!code && role == ROLE_CCM_TFTP)
		return make_both_store(txn, found, err);
	return code ? code : err_set(err, ERR_REFUSED, "no trust store gives the role %s: add one first", role_name(role));
}

/* Roles that one store gives are one membership. */
static int choose_stores(struct txn *txn, struct import_row *row, struct err *err)
{
	row->join_count = 0;
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct joining next = { .roles = ROLE_BIT(role) };
		size_t i = 0;
		if (!(row->from.roles & ROLE_BIT(role)))
			continue;
		int code = choose_store(txn, (enum role)role, &next, err);
		if (code)
			return code;
		while (i < row->join_count && strcmp(row->join[i].store, next.store) != 0)
			i++;
		if (i < row->join_count)
			row->join[i].roles |= next.roles;
		else
			row->join[row->join_count++] = next;
	}
	return ERR_OK;
}

static int import_row(struct import *import, struct import_row *row, struct err *err)
{
	int code = choose_stores(import->txn, row, err);
	for (size_t i = 0; !code && i < row->join_count; i++) {
		struct joining *join = &row->join[i];
		struct trust_add how = {
			.store = join->store,
			.roles = join->roles == join->all ? 0 : join->roles,
			.ttl = row->from.ttl,
			.until = CLOCK_NEVER,
			.origin = "import",
			.skip = TRUST_SKIP_ALL,
			.allow_expired = import->session->policy.allow_expired,
			.security = &import->session->security,
		};
		code = trust_add(import->txn, row->from.cert, &how, &join->added, err);
	}
	return code;
}

static int import_work(struct txn *txn, void *arg, struct err *err)
{
	struct import *import = arg;
	import->txn = txn;
	import->revision = txn_revision(txn);
	for (size_t i = 0; i < import->count; i++) {
		int code = import_row(import, &import->rows[i], err);
		if (code)
			return code;
	}
	return import->dry_run ? ERR_STOPPED : ERR_OK;
}

/* Of several memberships the one that says most. */
static const char *outcome(const struct import_row *row, const char **why)
{
	static const struct { enum trust_outcome outcome; const char *word; } order[] = {
		{ TRUST_REPLACED, "replaced" }, { TRUST_ADDED, "added" }, { TRUST_UPDATED, "updated" },
		{ TRUST_SKIPPED, "skipped" },
	};
	*why = NULL;
	for (size_t k = 0; k < row->join_count; k++)
		if (row->join[k].added.outcome == TRUST_SKIPPED)
			*why = row->join[k].added.why;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		for (size_t k = 0; k < row->join_count; k++)
			if (row->join[k].added.outcome == order[i].outcome)
				return order[i].word;
	return "unchanged";
}

static void print_row(const struct import *import, const struct import_row *row)
{
	char hash[CMD_SHORT_HASH], roles[ROLES_TEXT_SIZE], stores[ROLE_COUNT * (RECORD_NAME_MAX + 2) + 1] = "";
	const char *why, *word = outcome(row, &why);
	for (size_t i = 0; i < row->join_count; i++)
		snprintf(stores + strlen(stores), sizeof stores - strlen(stores), "%s%s", i ? ", " : "", row->join[i].store);
	out_printf("%s%s %s %s: %s in %s%s%s\n", import->dry_run ? "would be " : "", word,
	           cmd_short_hash(cert_sha256(row->from.cert), hash), cert_subject(row->from.cert),
	           roles_format(row->from.roles, roles), stores, why ? "; " : "", why ? why : "");
}

static void json_row(struct jsonw *out, const struct import_row *row)
{
	char hex[DIGEST_HEX_SIZE], roles[ROLES_TEXT_SIZE];
	const char *why, *word = outcome(row, &why);
	jsonw_open(out, NULL, '{');
	jsonw_string(out, "sha256", digest_hex(cert_sha256(row->from.cert), hex));
	jsonw_string(out, "subject", cert_subject(row->from.cert));
	jsonw_words(out, "roles", roles_format(row->from.roles, roles));
	jsonw_number(out, "ttl", row->from.ttl);
	jsonw_open(out, "stores", '[');
	for (size_t i = 0; i < row->join_count; i++)
		jsonw_string(out, NULL, row->join[i].store);
	jsonw_close(out, ']');
	jsonw_string(out, "outcome", word);
	jsonw_string(out, "why", why);
	jsonw_close(out, '}');
}

/* What is new is checked for revocation at once. */
static json_t *check_new(const struct import *import)
{
	for (size_t i = 0; !import->dry_run && i < import->count; i++)
		for (size_t k = 0; k < import->rows[i].join_count; k++) {
			enum trust_outcome outcome = import->rows[i].join[k].added.outcome;
			if (outcome == TRUST_ADDED || outcome == TRUST_REPLACED)
				return revocation_check(import->session, import->revision);
		}
	return NULL;
}

static void report_text(const struct import *import, const json_t *found)
{
	const struct cli *cli = import->session->cli;
	for (size_t i = 0; !cli_quiet(cli) && i < import->count; i++)
		print_row(import, &import->rows[i]);
	if (!import->count)
		cli_warn(cli, "%s: the table holds no certificate", cli_arg(cli, 0));
	if (found)
		revocation_print(cli, found);
}

static int report_json(const struct import *import, const json_t *found, struct err *err)
{
	struct jsonw out = { 0 };
	jsonw_open(&out, NULL, '{');
	jsonw_flag(&out, "dry_run", import->dry_run);
	jsonw_open(&out, "certificates", '[');
	for (size_t i = 0; i < import->count; i++)
		json_row(&out, &import->rows[i]);
	jsonw_close(&out, ']');
	if (found)
		revocation_json(&out, found);
	jsonw_close(&out, '}');
	int code = jsonw_flush(&out, stdout, err);
	jsonw_deinit(&out);
	return code;
}

static int report(const struct import *import, struct err *err)
{
	json_t *found = check_new(import);
	int code = ERR_OK;
	if (cli_json(import->session->cli))
		code = report_json(import, found, err);
	else
		report_text(import, found);
	json_decref(found);
	return code;
}

int cmd_usecallmanager(struct cli *cli)
{
	struct session session;
	struct import import = { .session = &session, .dry_run = cli_has(cli, "dry-run") };
	struct err err;
	const char *file = cli_arg(cli, 0);
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (!code && (usecallmanager_read(file, CMD_MAX_TTL, keep_row, &import, &err) ||
	              sort_rows(&import, file, &err) ||
	              store_write(session.store, import_work, &import, &err) || report(&import, &err)))
		code = cli_fail(cli, &err);
	import_deinit(&import);
	cmd_close(&session);
	return code;
}
