/* identity list, export: own certificates as they are. */
#include "config.h"

#include "truststore/cmd_identity.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/jsonw.h"
#include "truststore/passphrase.h"
#include "truststore/view.h"

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
	{ "csr", 0, NULL, false, false, "the request that is pending, not the certificate" },
	{ "chain", 0, NULL, false, false, "the CAs above it as well, as far as they are stored (pem)" },
	{ "with-key", 0, NULL, false, false, "the private key as well, encrypted with a passphrase (pem)" },
	{ "passphrase-file", 0, "FILE", false, false, "the passphrase is this file's first line" },
	{ "out", 'o', "FILE", false, false, "a file (default: standard output)" },
	{ "overwrite", 0, NULL, false, false, "take the place of what is there" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct exporting {
	struct own own;
	bool der, csr, chain, key;
	struct identity identity;
	struct jsonw request; /* DER */
	struct jsonw out;
};

static int take_request(struct txn *txn, struct exporting *e, struct err *err)
{
	struct identity_record record;
	int code = identity_record_get(txn, e->own.purpose, &record, err);
	if (code == ERR_NOT_FOUND || (!code && !record.csr.len))
		return err_set(err, ERR_NOT_FOUND, "no request for %s is pending",
		               purpose_rule(e->own.purpose)->name);
	e->request.len = 0;
	if (!code)
		jsonw_bytes(&e->request, record.csr.bytes, record.csr.len);
	return code;
}

static int take_work(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	if (e->csr)
		return take_request(txn, e, err);
	identity_deinit(&e->identity);
	return identity_get(txn, e->own.purpose, &e->identity, err);
}

static int add_pem(struct exporting *e, const char *header, const void *bytes, size_t len,
                   struct err *err)
{
	gnutls_datum_t der = { (unsigned char *)bytes, (unsigned)len }, pem = { NULL, 0 };
	if (gnutls_pem_base64_encode2(header, &der, &pem) < 0)
		return err_set(err, ERR_MEMORY, "no memory for PEM");
	jsonw_bytes(&e->out, pem.data, pem.size);
	gnutls_free(pem.data);
	return ERR_OK;
}

static int add_key(struct exporting *e, const char *passphrase, struct err *err)
{
	gnutls_privkey_t key;
	char what[64], *pem;
	int code = identity_key_load(&e->identity, e->own.keys, &key, err);
	if (code)
		return code;
	snprintf(what, sizeof what, "the private key for %s", purpose_rule(e->own.purpose)->name);
	code = keyfile_encrypt(key, what, passphrase, &pem, err);
	gnutls_privkey_deinit(key);
	if (!code)
		jsonw_plain(&e->out, pem);
	free(pem);
	return code;
}

static int gather_certs(struct exporting *e, struct err *err)
{
	const struct identity *identity = &e->identity;
	int code = ERR_OK;
	for (size_t i = 0; !code && i < (e->chain || e->key ? identity->chain_count : 1); i++)
		code = add_pem(e, "CERTIFICATE", identity->chain[i].bytes, identity->chain[i].len, err);
	return code;
}

static int gather(struct exporting *e, struct err *err)
{
	char *passphrase = NULL;
	int code = ERR_OK;
	if (e->csr && e->der)
		jsonw_bytes(&e->out, e->request.bytes, e->request.len);
	else if (e->csr)
		code = add_pem(e, "CERTIFICATE REQUEST", e->request.bytes, e->request.len, err);
	else if (e->der)
		jsonw_bytes(&e->out, e->identity.chain[0].bytes, e->identity.chain[0].len);
	if (e->csr || e->der)
		return code;
	if (e->key) {
		code = passphrase_get(e->own.session.cli, "passphrase-file", "the private key", true,
		                      &passphrase, err);
		const char *why = code ? NULL : security_passphrase(&e->own.session.security, passphrase);
		if (why)
			code = err_set(err, ERR_REFUSED, "the private key: %s", why);
		if (!code)
			code = add_key(e, passphrase, err);
		conf_secret_free(passphrase);
	}
	return code ? code : gather_certs(e, err);
}

static int parse_export(struct exporting *e, struct err *err)
{
	const struct cli *cli = e->own.session.cli;
	const char *format = cli_option(cli, "format");
	if (format && strcmp(format, "pem") && strcmp(format, "der"))
		return err_set(err, ERR_USAGE, "no format \"%s\": the formats are pem, der", format);
	e->der = format && !strcmp(format, "der");
	e->csr = cli_has(cli, "csr");
	e->chain = cli_has(cli, "chain");
	e->key = cli_has(cli, "with-key");
	if (e->csr && (e->chain || e->key))
		return err_set(err, ERR_USAGE, "--csr is the request alone, without --chain and --with-key");
	if (e->der && (e->chain || e->key))
		return err_set(err, ERR_USAGE, "--format der holds one thing only: --chain and --with-key need pem");
	return ERR_OK;
}

static int export(struct exporting *e, struct err *err)
{
	const struct cli *cli = e->own.session.cli;
	const char *path = cli_option(cli, "out");
	int code = parse_export(e, err);
	if (!code)
		code = store_read(e->own.session.store, take_work, e, err);
	if (!code)
		code = cmd_hard(gather(e, err), err);
	if (!code && (e->out.failed || e->request.failed))
		code = err_set(err, ERR_MEMORY, "no memory for the output");
	if (!code)
		code = cmd_hard(outfile_write(path ? path : "-", e->key ? 0600 : OUTFILE_BY_UMASK,
		                              cli_has(cli, "overwrite"), e->out.bytes, e->out.len, err),
		                err);
	return code;
}

int cmd_identity_export(struct cli *cli)
{
	struct exporting e = { .der = false };
	struct err err;
	int code = own_open(cli, STORE_READ, &e.own);
	if (!code && export(&e, &err))
		code = cmd_fail(cli, &err);
	identity_deinit(&e.identity);
	jsonw_deinit(&e.request);
	jsonw_deinit(&e.out);
	own_close(&e.own);
	return code;
}
