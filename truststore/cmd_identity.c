/* identity: own certificates. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/identity.h"
#include "truststore/jsonw.h"
#include "truststore/view.h"

const struct cli_option cmd_identity_new_options[] = {
	{ "cn", 0, "NAME", false, false, "common name (default: from the host's name)" },
	{ "san", 0, "NAME", true, true, "alternative names: hosts, addresses (default: the host)" },
	{ "yes", 'y', NULL, false, false, "replace the certificate that is there without asking" },
	{ NULL, 0, NULL, false, false, NULL },
};

/* All values of --san, ending in NULL; NULL where it is not given. */
static int san_list(const struct cli *cli, const char ***out, struct err *err)
{
	int count = 0;
	*out = NULL;
	while (cli_option_at(cli, "san", count))
		count++;
	if (!count)
		return ERR_OK;
	*out = calloc((size_t)count + 1, sizeof **out);
	if (!*out)
		return err_set(err, ERR_MEMORY, "no memory for %d names", count);
	for (int i = 0; i < count; i++)
		(*out)[i] = cli_option_at(cli, "san", i);
	return ERR_OK;
}

struct asking {
	enum purpose purpose;
	bool there;
	struct digest cert;
};

static int look_work(struct txn *txn, void *arg, struct err *err)
{
	struct asking *asking = arg;
	struct identity_record record;
	int code = identity_record_get(txn, asking->purpose, &record, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	asking->there = record.has_cert;
	asking->cert = record.cert;
	return ERR_OK;
}

static int may_replace(struct session *session, enum purpose purpose, struct err *err)
{
	struct asking asking = { .purpose = purpose };
	char hash[CMD_SHORT_HASH];
	int code = store_read(session->store, look_work, &asking, err);
	if (code || !asking.there)
		return code;
	return cli_ask(session->cli, true, "yes", err, "Replace the own certificate for %s (%s) and its key?",
	               purpose_rule(purpose)->name, cmd_short_hash(&asking.cert, hash));
}

static int report_new(const struct session *session, enum purpose purpose,
                      const struct identity_result *result, struct err *err)
{
	char cert[DIGEST_HEX_SIZE], old[DIGEST_HEX_SIZE];
	const char *name = purpose_rule(purpose)->name;
	digest_hex(&result->cert, cert);
	digest_hex(&result->old, old);
	if (cli_json(session->cli))
		return out_json(json_pack("{s:s, s:s, s:s?}", "purpose", name, "sha256", cert, "replaced",
		                          result->replaced ? old : NULL),
		                err);
	if (cli_quiet(session->cli))
		return ERR_OK;
	out_printf("own certificate for %s: %s\n", name, cert);
	if (result->replaced)
		out_printf("in the place of %s\n", old);
	return ERR_OK;
}

static int make_new(struct session *session, enum purpose purpose, struct err *err)
{
	struct cli *cli = session->cli;
	struct identity_wish wish = {
		.purpose = purpose,
		.common_name = cli_option(cli, "cn"),
		.now = session->now,
		.keep_anchor = conf_number(session->conf, "truststore", "anchor-wait"),
	};
	struct identity_result result;
	const char **san = NULL;
	char *keys = NULL;
	int code = may_replace(session, purpose, err);
	if (!code)
		code = san_list(cli, &san, err);
	if (!code)
		code = keyfile_directory(session->conf, session->path, &keys, err);
	wish.san = san;
	wish.keys = keys;
	if (!code)
		code = identity_new(session->store, &wish, &result, err);
	if (!code)
		code = report_new(session, purpose, &result, err);
	free(keys);
	free(san);
	return code;
}

int cmd_identity_new(struct cli *cli)
{
	struct session session;
	enum purpose purpose;
	struct err err;
	if (purpose_parse(cli_arg(cli, 0), &purpose, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (!code && make_new(&session, purpose, &err))
		code = cli_fail(cli, &err);
	cmd_close(&session);
	return code;
}

struct identities {
	struct session *session;
	struct view_scene scene;
	struct view view;
	struct jsonw json;
	struct out_table *table;
	size_t found;
};

static void row_json(struct jsonw *out, const char *name, const struct identity_record *record,
                     const struct view *view)
{
	jsonw_open(out, NULL, '{');
	jsonw_string(out, "identity", name);
	if (record->has_cert) {
		view_json(out, view);
		jsonw_flag(out, "self_signed", view->cert.self_signed);
	}
	jsonw_text(out, "key", record->key.bytes, record->key.len);
	jsonw_time(out, "renewed", record->renewed ? record->renewed : CLOCK_NEVER);
	jsonw_time(out, "csr_created", record->csr.len ? record->csr_created : CLOCK_NEVER);
	jsonw_close(out, '}');
}

static int row_text(struct identities *all, const char *name, const struct identity_record *record)
{
	char until[CLOCK_TEXT_SIZE] = "-", csr[CLOCK_TEXT_SIZE] = "-", key[VIEW_KEY_SIZE] = "-";
	char hash[CMD_SHORT_HASH] = "-", subject[256] = "-";
	const struct cert_record *cert = &all->view.cert;
	const char *signer = "-", *answer = "-";
	if (record->has_cert) {
		cmd_short_hash(&record->cert, hash);
		clock_format(cert->not_after, until);
		until[10] = '\0';
		view_key(cert, key);
		signer = cert->self_signed ? "itself" : "a CA";
		answer = reason_name(all->view.verdict.reason);
		snprintf(subject, sizeof subject, "%.*s", (int)cert->subject.len, cert->subject.bytes);
	}
	if (record->csr.len)
		clock_format(record->csr_created, csr)[10] = '\0';
	const char *cells[] = { name, hash, until, key, signer, answer, csr, subject };
	return out_table_row(all->table, cells);
}

static int list_one(struct identities *all, enum purpose purpose, struct err *err)
{
	const char *name = purpose_rule(purpose)->name;
	struct identity_record record;
	int code = identity_record_get(all->scene.txn, purpose, &record, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	all->found++;
	if (record.has_cert)
		code = view_fill(&all->view, &all->scene, &record.cert, NULL, err);
	if (code)
		return err_set(err, ERR_STORE, "the own certificate for %s is missing: run `truststore verify`",
		               name);
	if (cli_json(all->session->cli))
		row_json(&all->json, name, &record, &all->view);
	else if (row_text(all, name, &record))
		return err_set(err, ERR_MEMORY, "no memory for the table");
	return ERR_OK;
}

static int list_work(struct txn *txn, void *arg, struct err *err)
{
	struct identities *all = arg;
	int code = view_scene_init(&all->scene, txn, &all->session->policy, all->session->now, err);
	for (int i = 0; !code && i < PURPOSE_COUNT; i++)
		code = list_one(all, (enum purpose)i, err);
	return code;
}

int cmd_identity_list(struct cli *cli)
{
	static const char *const headings[] = { "PURPOSE", "SHA-256", "NOT AFTER", "KEY", "SIGNED BY",
		                                "ANSWER", "CSR OF", "SUBJECT" };
	struct session session;
	struct identities all = { .session = &session };
	struct err err;
	int code = cmd_open(cli, STORE_READ, &session);
	if (code)
		goto out;
	all.table = out_table_new(headings, sizeof headings / sizeof headings[0]);
	int rc = all.table ? ERR_OK : err_set(&err, ERR_MEMORY, "no memory for the table");
	jsonw_open(&all.json, NULL, '[');
	if (!rc)
		rc = store_read(session.store, list_work, &all, &err);
	jsonw_close(&all.json, ']');
	if (!rc && cli_json(cli))
		rc = jsonw_flush(&all.json, stdout, &err);
	else if (!rc && all.found)
		out_table_print(all.table, stdout);
	code = rc ? cli_fail(cli, &err) : all.found ? EXIT_YES : EXIT_NO;
out:
	out_table_free(all.table);
	view_deinit(&all.view);
	jsonw_deinit(&all.json);
	cmd_close(&session);
	return code;
}

const struct cli_option cmd_identity_export_options[] = {
	{ "format", 0, "FORMAT", false, false, "pem (default) or der" },
	{ "out", 'o', "FILE", false, false, "a file (default: standard output)" },
	{ "overwrite", 0, NULL, false, false, "take the place of what is there" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct getting {
	enum purpose purpose;
	struct identity identity;
};

static int get_work(struct txn *txn, void *arg, struct err *err)
{
	struct getting *getting = arg;
	identity_deinit(&getting->identity);
	return identity_get(txn, getting->purpose, &getting->identity, err);
}

static int write_cert(const struct cli *cli, const struct identity *identity, struct err *err)
{
	const char *format = cli_option(cli, "format"), *path = cli_option(cli, "out");
	const struct identity_der *der = &identity->chain[0];
	char *pem = NULL;
	size_t len = der->len;
	if (format && strcmp(format, "pem") && strcmp(format, "der"))
		return err_set(err, ERR_USAGE, "no format \"%s\": the formats are pem, der", format);
	bool as_der = format && !strcmp(format, "der");
	if (!as_der && cert_pem(der->bytes, der->len, &pem, &len))
		return err_set(err, ERR_MEMORY, "no memory for a certificate as PEM");
	int code = outfile_write(path ? path : "-", 0644, cli_has(cli, "overwrite"),
	                         as_der ? (const void *)der->bytes : pem, len, err);
	free(pem);
	return cmd_hard(code, err);
}

int cmd_identity_export(struct cli *cli)
{
	struct session session;
	struct getting getting = { .identity = { .chain_count = 0 } };
	struct err err;
	if (purpose_parse(cli_arg(cli, 0), &getting.purpose, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_READ, &session);
	if (!code && (store_read(session.store, get_work, &getting, &err) ||
	              write_cert(cli, &getting.identity, &err)))
		code = cmd_fail(cli, &err);
	identity_deinit(&getting.identity);
	cmd_close(&session);
	return code;
}
