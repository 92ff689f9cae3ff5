/* init, stores, verify: the store itself. */
#include "truststore/cmd.h"

#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/trust.h"

int cmd_init(struct cli *cli)
{
	struct session session;
	struct err err;
	int code = cmd_configure(cli, &session);
	if (code)
		goto out;
	int rc = store_create(session.path, &err);
	if (rc && rc != ERR_EXISTS) {
		code = cli_fail(cli, &err);
		goto out;
	}
	if (cli_json(cli))
		code = out_json(json_pack("{s:o, s:b}", "path",
		                          out_text(session.path, strlen(session.path)), "created",
		                          rc == ERR_OK),
		                &err)
		               ? cli_fail(cli, &err)
		               : EXIT_YES;
	else if (!cli_quiet(cli))
		out_printf(rc ? "%s: there is a store already; it was left alone\n"
		              : "%s: an empty store was made\n",
		           session.path);
out:
	cmd_close(&session);
	return code;
}

const struct cli_option cmd_stores_options[] = {
	{ "role", 0, "ROLE", true, true, "role that it gives (several: CCM TFTP, or CCM,TFTP); none" },
	{ "ttl", 0, "SECONDS", false, false, "how long a phone may remember its certificates" },
	{ "same-subject", 0, "RULE", false, false,
	  "a newer certificate of the same subject: replace (default) the other, or keep both" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct stores_listing {
	struct txn *txn;
	struct jsonw *json;       /* or */
	struct out_table *table;
};

static int list_store(const struct store_record *store, void *arg, struct err *err)
{
	struct stores_listing *listing = arg;
	char name[RECORD_NAME_MAX + 1], roles[ROLES_TEXT_SIZE], ttl[16], count[24];
	const char *rule = store->same_subject == SAME_SUBJECT_KEEP ? "keep" : "replace";
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	size_t members = trust_store_count(listing->txn, name);
	if (listing->json) {
		jsonw_open(listing->json, NULL, '{');
		jsonw_string(listing->json, "name", name);
		jsonw_words(listing->json, "roles",
		            store->roles ? roles_format(store->roles, roles) : "");
		jsonw_number(listing->json, "ttl", store->ttl);
		jsonw_string(listing->json, "same_subject", rule);
		jsonw_number(listing->json, "certificates", (int64_t)members);
		jsonw_close(listing->json, '}');
		return ERR_OK;
	}
	snprintf(ttl, sizeof ttl, "%lu", (unsigned long)store->ttl);
	snprintf(count, sizeof count, "%zu", members);
	const char *cells[] = { name, roles_format(store->roles, roles), ttl, rule, count };
	return out_table_row(listing->table, cells)
	               ? err_set(err, ERR_MEMORY, "no memory for the table")
	               : ERR_OK;
}

static int list_stores(struct txn *txn, void *arg, struct err *err)
{
	struct stores_listing *listing = arg;
	listing->txn = txn;
	return trust_store_each(txn, list_store, listing, err);
}

int cmd_stores(struct cli *cli)
{
	static const char *const headings[] = { "STORE", "ROLES", "TTL", "SAME SUBJECT",
		                                "CERTIFICATES" };
	struct session session;
	struct jsonw json = { 0 };
	struct stores_listing listing = { .json = cli_json(cli) ? &json : NULL };
	struct err err;
	int code = cmd_open(cli, STORE_READ, &session);
	if (code)
		goto out;
	listing.table = out_table_new(headings, sizeof headings / sizeof headings[0]);
	int rc = listing.table ? 0 : err_set(&err, ERR_MEMORY, "no memory for the table");
	if (!rc) {
		jsonw_open(&json, NULL, '[');
		rc = store_read(session.store, list_stores, &listing, &err);
		jsonw_close(&json, ']');
	}
	if (!rc && listing.json)
		rc = jsonw_flush(&json, stdout, &err);
	else if (!rc)
		out_table_print(listing.table, stdout);
	if (rc)
		code = cli_fail(cli, &err);
out:
	out_table_free(listing.table);
	jsonw_deinit(&json);
	cmd_close(&session);
	return code;
}

struct stores_change {
	struct cli *cli;
	bool add;
};

static int same_subject_parse(const char *text, enum same_subject *out, struct err *err)
{
	if (!strcmp(text, "replace"))
		*out = SAME_SUBJECT_REPLACE;
	else if (!strcmp(text, "keep"))
		*out = SAME_SUBJECT_KEEP;
	else
		return err_set(err, ERR_USAGE, "--same-subject \"%s\": replace or keep is wanted", text);
	return ERR_OK;
}

/* The record as it was, or as a new store begins, changed by the options that were given. */
static int change_store(struct txn *txn, void *arg, struct err *err)
{
	const struct stores_change *change = arg;
	const struct cli *cli = change->cli;
	const char *name = cli_arg(cli, 0);
	struct store_record record;
	int64_t ttl;
	int code = trust_store_get(txn, name, &record, err);
	if (change->add && !code)
		return err_set(err, ERR_EXISTS, "the store %.*s is there already: `stores set` changes it",
		               (int)record.name.len, record.name.bytes);
	if (change->add && code == ERR_NOT_FOUND) {
		record = (struct store_record){ .name = text_of(name), .ttl = ANSWER_DEFAULT_TTL };
		code = ERR_OK;
	}
	if (!code && cli_has(cli, "role"))
		code = cmd_roles(cli, &record.roles, err);
	if (!code)
		code = cmd_seconds(cli, "ttl", 1, CMD_MAX_TTL, record.ttl, &ttl, err);
	if (!code && cli_has(cli, "same-subject"))
		code = same_subject_parse(cli_option(cli, "same-subject"), &record.same_subject, err);
	if (code)
		return code;
	record.ttl = (uint32_t)ttl;
	return trust_store_put(txn, &record, err);
}

struct stores_one {
	const char *name;
	struct jsonw json;
};

static int show_store(struct txn *txn, void *arg, struct err *err)
{
	struct stores_one *one = arg;
	struct stores_listing listing = { .txn = txn, .json = &one->json };
	struct store_record record;
	int code = trust_store_get(txn, one->name, &record, err);
	return code ? code : list_store(&record, &listing, err);
}

/* What was done, in words or as `stores` would show the store now. */
static int report_store(const struct session *session, const char *done, struct err *err)
{
	struct stores_one one = { .name = cli_arg(session->cli, 0) };
	if (!cli_json(session->cli)) {
		if (!cli_quiet(session->cli))
			out_printf("%s the store %s\n", done, one.name);
		return ERR_OK;
	}
	int code = store_read(session->store, show_store, &one, err);
	if (!code)
		code = jsonw_flush(&one.json, stdout, err);
	jsonw_deinit(&one.json);
	return code;
}

static int stores_change(struct cli *cli, bool add)
{
	struct session session;
	struct stores_change change = { .cli = cli, .add = add };
	struct err err;
	if (!add && !cli_has(cli, "role") && !cli_has(cli, "ttl") && !cli_has(cli, "same-subject"))
		return cli_failf(cli, "nothing to set: give --role, --ttl or --same-subject");
	if (add && !cli_has(cli, "role"))
		return cli_failf(cli, "a new store needs --role (\"none\" for one that gives no role)");
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (!code && (store_write(session.store, change_store, &change, &err) ||
	              report_store(&session, add ? "added" : "changed", &err)))
		code = cli_fail(cli, &err);
	cmd_close(&session);
	return code;
}

int cmd_stores_add(struct cli *cli)
{
	return stores_change(cli, true);
}

int cmd_stores_set(struct cli *cli)
{
	return stores_change(cli, false);
}

struct verification {
	struct jsonw out;
	bool json;
	size_t count;
};

static void one_difference(const char *difference, void *arg)
{
	struct verification *verification = arg;
	verification->count++;
	if (verification->json) {
		jsonw_string(&verification->out, NULL, difference);
	} else {
		jsonw_cell(&verification->out, difference, strlen(difference), 0);
		jsonw_plain(&verification->out, "\n");
	}
}

static int verify(struct txn *txn, void *arg, struct err *err)
{
	return trust_verify(txn, one_difference, arg, err);
}

int cmd_verify(struct cli *cli)
{
	struct session session;
	struct verification found = { .json = cli_json(cli) };
	struct err err;
	int code = cmd_open(cli, STORE_READ, &session);
	if (code)
		goto out;
	if (found.json) {
		jsonw_open(&found.out, NULL, '{');
		jsonw_open(&found.out, "differences", '[');
	}
	int rc = store_read(session.store, verify, &found, &err);
	if (!rc && found.json) {
		jsonw_close(&found.out, ']');
		jsonw_flag(&found.out, "verified", found.count == 0);
		jsonw_close(&found.out, '}');
	} else if (!rc && !cli_quiet(cli)) {
		if (found.count)
			jsonw_printf(&found.out, "%zu difference%s\n", found.count,
			             found.count == 1 ? "" : "s");
		else
			jsonw_plain(&found.out, "the store is in order\n");
	}
	if (!rc)
		rc = jsonw_flush(&found.out, stdout, &err);
	code = rc ? cli_fail(cli, &err) : found.count ? EXIT_NO : EXIT_YES;
out:
	jsonw_deinit(&found.out);
	cmd_close(&session);
	return code;
}
