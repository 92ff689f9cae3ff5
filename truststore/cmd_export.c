/* export: certificates out of the store, as files that other programs read. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/out.h"
#include "truststore/exporter.h"
#include "truststore/list.h"
#include "truststore/passphrase.h"
#include "truststore/view.h"

const struct cli_option cmd_export_options[] = {
	{ "in", 0, "STORE", false, false, "the members of this store" },
	{ "format", 0, "FORMAT", false, false,
	  "pem (default), der, dir (a file each), hashed-dir (for openssl -CApath), p12" },
	{ "out", 'o', "PATH", false, false, "file or directory (default: standard output)" },
	{ "overwrite", 0, NULL, false, false, "take the place of what is there" },
	{ "password-file", 0, "FILE", false, false, "the archive's password is its first line (p12)" },
	{ NULL, 0, NULL, false, false, NULL },
};

/* What is taken out of a transaction and written after it. */
struct taken {
	struct digest id;
	size_t at, len; /* of the DER among the bytes */
	char *name;
};

struct exporting {
	struct session *session;
	struct exporter *exporter;
	enum exporter_format format;
	struct jsonw bytes; /* DER of one piece */
	struct taken *taken;
	size_t count, room, done;
};

static void forget_piece(struct exporting *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->taken[i].name);
	e->count = 0;
	e->bytes.len = 0;
}

/* What files and archives call it: the label, else the common name, else the whole subject. */
static char *name_for(const struct cert_record *cert)
{
	struct text name = cert->label.len ? cert->label
	                   : cert->common_name.len ? cert->common_name
	                                           : cert->subject;
	return strndup(name.len ? name.bytes : "", name.len);
}

static int take(struct exporting *e, const struct digest *id, const struct cert_record *cert,
                struct err *err)
{
	if (e->count == e->room) {
		size_t room = e->room ? 2 * e->room : 64;
		struct taken *grown = reallocarray(e->taken, room, sizeof *grown);
		if (!grown)
			return err_set(err, ERR_MEMORY, "no memory for an export");
		e->taken = grown;
		e->room = room;
	}
	struct taken *one = &e->taken[e->count];
	*one = (struct taken){ *id, e->bytes.len, cert->der.len, name_for(cert) };
	if (!one->name)
		return err_set(err, ERR_MEMORY, "no memory for an export");
	e->count++;
	jsonw_bytes(&e->bytes, cert->der.bytes, cert->der.len);
	return ERR_OK;
}

static int take_view(const struct view *view, void *arg, struct err *err)
{
	return take(arg, &view->id, &view->cert, err);
}

/* Only names by hash need the certificate parsed. */
static int add_taken(struct exporting *e, const struct taken *one, struct err *err)
{
	struct exporter_item item = { .id = one->id, .name = one->name, .der_len = one->len };
	struct cert *cert = NULL;
	item.der = (const uint8_t *)e->bytes.bytes + one->at;
	if (e->format == EXPORTER_HASHED_DIR) {
		int code = cert_parse(item.der, item.der_len, &cert, err);
		if (code)
			return code;
		item.subject = cert_subject_der(cert, &item.subject_len);
	}
	int code = exporter_add(e->exporter, &item, err);
	cert_free(cert);
	return code;
}

static int write_piece(void *arg, struct err *err)
{
	struct exporting *e = arg;
	int code = e->bytes.failed ? err_set(err, ERR_MEMORY, "no memory for an export") : ERR_OK;
	for (size_t i = 0; !code && i < e->count; i++)
		code = add_taken(e, &e->taken[i], err);
	e->done += e->count;
	forget_piece(e);
	cli_progress(e->session->cli, "exporting certificates:", e->done, 0);
	return code;
}

/* Each one once, however often it was named. */
static int take_named(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	struct cert_record record;
	struct digest id;
	for (int i = 0; i < cli_argc(e->session->cli); i++) {
		const char *hash = cli_arg(e->session->cli, i);
		int code = cmd_resolve(txn, hash, false, &id, err);
		if (!code && trust_cert_get(txn, &id, &record))
			code = err_set(err, ERR_NOT_FOUND, "%s: the certificate is not stored", hash);
		size_t known = 0;
		while (!code && known < e->count && !digest_equal(&id, &e->taken[known].id))
			known++;
		if (!code && known == e->count)
			code = take(e, &id, &record, err);
		if (code)
			return code;
	}
	return ERR_OK;
}

static int write_all(struct exporting *e, struct err *err)
{
	struct session *session = e->session;
	size_t found = 0;
	int code;
	if (cli_argc(session->cli)) {
		code = store_read(session->store, take_named, e, err);
		return code ? code : write_piece(e, err);
	}
	struct list_query query = { .store = cli_option(session->cli, "in"), .expiring = -1,
	                            .now = session->now, .policy = &session->policy };
	code = cmd_hard(list_run(session->store, &query, take_view, write_piece, e, &found, err), err);
	if (!code && !found)
		code = err_set(err, ERR_NOT_FOUND, "there is no certificate to export");
	return code;
}

static int report(const struct exporting *e, const char *path, struct err *err)
{
	const struct cli *cli = e->session->cli;
	if (!strcmp(path, "-"))
		return ERR_OK;
	if (cli_json(cli))
		return out_json(json_pack("{s:o, s:I}", "out", out_text(path, strlen(path)),
		                          "certificates", (json_int_t)e->done),
		                err);
	if (!cli_quiet(cli))
		out_printf("wrote %zu certificate%s to %s\n", e->done, e->done == 1 ? "" : "s", path);
	return ERR_OK;
}

static int run(struct exporting *e, const char *path, struct err *err)
{
	struct cli *cli = e->session->cli;
	char *password = NULL;
	int code = ERR_OK;
	if (e->format == EXPORTER_P12)
		code = passphrase_get(cli, "password-file", "the archive", true, &password, err);
	if (!code)
		code = cmd_hard(exporter_open(e->format, path, cli_has(cli, "overwrite"), password,
		                              &e->exporter, err),
		                err);
	if (!code)
		code = write_all(e, err);
	cli_progress_end(cli);
	if (!code)
		code = cmd_hard(exporter_commit(e->exporter, err), err);
	else
		exporter_abort(e->exporter);
	conf_secret_free(password);
	return code ? code : report(e, path, err);
}

static int parse_options(const struct cli *cli, enum exporter_format *format, struct err *err)
{
	const char *text = cli_option(cli, "format");
	int code = exporter_format_parse(text ? text : "pem", format, err);
	if (!code && cli_argc(cli) && cli_has(cli, "in"))
		code = err_set(err, ERR_USAGE, "either HASH or --in STORE is wanted, not both");
	if (!code && cli_has(cli, "password-file") && *format != EXPORTER_P12)
		code = err_set(err, ERR_USAGE, "--password-file is for --format p12 only");
	return code;
}

int cmd_export(struct cli *cli)
{
	struct session session;
	struct exporting e = { .session = &session };
	struct err err;
	const char *path = cli_has(cli, "out") ? cli_option(cli, "out") : "-";
	if (parse_options(cli, &e.format, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_READ, &session);
	if (!code && run(&e, path, &err))
		code = cmd_fail(cli, &err);
	forget_piece(&e);
	free(e.taken);
	jsonw_deinit(&e.bytes);
	cmd_close(&session);
	return code;
}
