/* list: filters, order, and output in pieces, so that neither memory nor a transaction grows with the store. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/jsonw.h"
#include "truststore/list.h"
#include "truststore/view.h"

const struct cli_option cmd_list_options[] = {
	{ "role", 0, "ROLE", false, false, "only what is in a store for this role" },
	{ "expiring", 0, "DURATION", false, false, "only what expires within this time from now" },
	{ "expired", 0, NULL, false, false, "only what has expired" },
	{ "subject", 0, "TEXT", false, false, "only subjects with this text in them, in any case" },
	{ "issuer", 0, "TEXT", false, false, "only issuers with this text in them, in any case" },
	{ "key-type", 0, "TYPE", false, false, "only this kind of key: RSA, EC, Ed25519..." },
	{ "usage", 0, "USAGE", false, false, "identity (own certificates) or trust (all others)" },
	{ "sort", 0, "FIELD", false, false,
	  "by subject, common-name, issuer, serial, not-before, not-after, key-type, usage, label, owner, added, sha256" },
	{ "reverse", 0, NULL, false, false, "the other way round" },
	{ NULL, 0, NULL, false, false, NULL },
};

static int parse_filter(const struct cli *cli, struct list_query *query, struct err *err)
{
	const char *role = cli_option(cli, "role"), *usage = cli_option(cli, "usage");
	enum role one;
	int code = ERR_OK;
	query->subject = cli_option(cli, "subject");
	query->issuer = cli_option(cli, "issuer");
	query->key_type = cli_option(cli, "key-type");
	query->expired = cli_has(cli, "expired");
	if (role && !(code = role_parse(role, &one, err)))
		query->roles = ROLE_BIT(one);
	if (!code)
		code = cmd_duration(cli, "expiring", -1, &query->expiring, err);
	if (!code && usage) {
		query->identity = !strcasecmp(usage, "identity");
		query->trust = !strcasecmp(usage, "trust");
		if (!query->identity && !query->trust)
			code = err_set(err, ERR_USAGE, "--usage \"%s\": identity or trust is wanted", usage);
	}
	return code;
}

static int parse_query(const struct cli *cli, struct list_query *query, struct err *err)
{
	const char *sort = cli_option(cli, "sort");
	int code = parse_filter(cli, query, err);
	query->store = cli_arg(cli, 0);
	query->reverse = cli_has(cli, "reverse");
	if (!code)
		code = list_field_parse(sort ? sort : "sha256", &query->field, err);
	return code;
}

struct printing {
	struct cli *cli;
	struct jsonw out;
	struct out_table *table;
};

static int print_one(const struct view *view, void *arg, struct err *err)
{
	struct printing *printing = arg;
	if (cli_json(printing->cli)) {
		jsonw_open(&printing->out, NULL, '{');
		view_json(&printing->out, view);
		jsonw_close(&printing->out, '}');
		return ERR_OK;
	}
	return view_row(printing->table, view, err);
}

static int print_piece(void *arg, struct err *err)
{
	struct printing *printing = arg;
	return cli_json(printing->cli) ? jsonw_flush(&printing->out, stdout, err)
	                               : out_table_flush(printing->table, stdout, err);
}

int cmd_list(struct cli *cli)
{
	struct session session;
	struct list_query query = { .store = NULL };
	struct printing printing = { .cli = cli };
	struct err err;
	size_t found = 0;
	int code = parse_query(cli, &query, &err) ? cli_fail(cli, &err) : 0;
	if (code)
		return code;
	code = cmd_open(cli, STORE_READ, &session);
	if (code)
		goto out;
	query.policy = &session.policy;
	query.now = session.now;
	if (cli_json(cli))
		jsonw_open(&printing.out, NULL, '[');
	printing.table = view_table_new();
	int rc = printing.table ? ERR_OK : err_set(&err, ERR_MEMORY, "no memory for the table");
	if (!rc)
		rc = list_run(session.store, &query, print_one, print_piece, &printing, &found, &err);
	if (!rc && cli_json(cli))
		jsonw_close(&printing.out, ']');
	if (!rc)
		rc = jsonw_flush(&printing.out, stdout, &err);
	code = rc ? cli_fail(cli, &err) : found ? EXIT_YES : EXIT_NO;
out:
	out_table_free(printing.table);
	jsonw_deinit(&printing.out);
	cmd_close(&session);
	return code;
}
