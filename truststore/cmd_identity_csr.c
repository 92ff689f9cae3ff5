/* identity csr, install: own certificates that a CA signs. */
#include "config.h"

#include "truststore/cmd_identity.h"

#include <gnutls/x509.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/revocation.h"

const struct cli_option cmd_identity_csr_options[] = {
	{ "cn", 0, "NAME", false, false, "common name (default: from the host's name)" },
	{ "san", 0, "NAME", true, true, "alternative names: hosts, addresses (default: the host)" },
	{ "multi-server", 0, NULL, false, false,
	  "for several servers, which --san names (CallManager, tomcat and their ECDSA twins)" },
	{ "domain", 0, "NAME", false, false,
	  "their domain, one more alternative name (default: that of the first; \"\": none)" },
	{ "bits", 0, "NUMBER", false, false, "length of the key: RSA 1024 to 4096, EC 256, 384, 521" },
	{ "hash", 0, "NAME", false, false, "hash of the signature: sha256, sha384, sha512, sha1" },
	{ "token", 0, "URI", false, false, "make the key in this PKCS#11 token instead of a file" },
	{ "out", 'o', "FILE", false, false, "write the request there (default: standard output)" },
	{ "overwrite", 0, NULL, false, false, "take the place of what is there" },
	{ "discard", 0, NULL, false, false, "take the pending request back and delete its key" },
	{ "yes", 'y', NULL, false, false, "replace or discard a pending request and its key without asking" },
	{ NULL, 0, NULL, false, false, NULL },
};

static int may_replace_csr(struct own *own, struct err *err)
{
	struct own_state state;
	char when[CLOCK_TEXT_SIZE];
	int code = own_state(own, &state, err);
	if (code || !state.csr_created)
		return code;
	return cli_ask(own->session.cli, true, "yes", err,
	               "A request for %s is pending since %s: a new one deletes its key, and a certificate made of it cannot be installed any more. Go on?",
	               purpose_rule(own->purpose)->name, clock_format(state.csr_created, when));
}

static json_t *request_json(const struct own *own, const gnutls_datum_t *pem)
{
	json_t *all = json_pack("{s:s, s:s#, s:s?, s:o}", "purpose", purpose_rule(own->purpose)->name, "csr",
	                        (char *)pem->data, (size_t)pem->size, "out", cli_option(own->session.cli, "out"), "advice",
	                        own_advice_json(own, ADVICE_REQUESTED));
	json_t *names = own_names_json(own);
	if (all && names)
		json_object_update(all, names);
	json_decref(names);
	return all;
}

static void print_names(const struct own *own, FILE *stream)
{
	struct err line; /* which escapes what a name may hold */
	err_set(&line, ERR_OK, "names in the request: %s", own->names_text);
	fprintf(stream, "%s\n", line.text);
	if (!own_names_differ(own))
		return;
	err_set(&line, ERR_OK, "the certificate in use has others: %s", own->names_in_use_text);
	fprintf(stream, "%s\n", line.text);
}

/* The request as PEM; on standard output it is alone. */
static int print_request(const struct own *own, const gnutls_datum_t *request, struct outfile *file,
                         struct err *err)
{
	const struct cli *cli = own->session.cli;
	gnutls_datum_t pem = { NULL, 0 };
	int code = ERR_OK;
	if (gnutls_pem_base64_encode2("CERTIFICATE REQUEST", request, &pem) < 0)
		return err_set(err, ERR_MEMORY, "no memory for a request as PEM");
	if (file)
		fwrite(pem.data, 1, pem.size, outfile_stream(file));
	if (cli_json(cli))
		code = out_json(request_json(own, &pem), err);
	else if (!file)
		fwrite(pem.data, 1, pem.size, stdout);
	gnutls_free(pem.data);
	if (!cli_json(cli) && !cli_quiet(cli)) {
		print_names(own, file ? stdout : stderr);
		own_advice_print(own, ADVICE_REQUESTED, file ? stdout : stderr);
	}
	return code;
}

static int make_request(struct own *own, struct err *err)
{
	const struct cli *cli = own->session.cli;
	const char *path = cli_option(cli, "out");
	gnutls_datum_t request = { NULL, 0 };
	struct outfile *file = NULL;
	int code = identity_wish_check(&own->wish, err);
	if (!code)
		code = own_names(own, err);
	if (!code && path && strcmp(path, "-"))
		code = outfile_open(path, OUTFILE_BY_UMASK, cli_has(cli, "overwrite"), &file, err);
	if (!code)
		code = may_replace_csr(own, err);
	if (!code)
		code = identity_csr(own->session.store, &own->wish, &request, err);
	if (!code)
		code = print_request(own, &request, file, err);
	if (!code && file)
		code = outfile_commit(file, err);
	else
		outfile_abort(file);
	gnutls_free(request.data);
	return code;
}

static int discard_request(struct own *own, struct err *err)
{
	static const char *const others[] = { "cn", "san", "multi-server", "domain", "bits", "hash", "token", "out", "overwrite" };
	const struct cli *cli = own->session.cli;
	const char *name = purpose_rule(own->purpose)->name;
	struct own_state state;
	char when[CLOCK_TEXT_SIZE];
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (cli_has(cli, others[i]))
			return err_set(err, ERR_USAGE, "--%s belongs to a new request, --discard ends the pending one", others[i]);
	int code = own_state(own, &state, err);
	if (!code && !state.csr_created)
		return err_set(err, ERR_NOT_FOUND, "no request for %s is pending", name);
	if (!code)
		code = cli_ask(cli, true, "yes", err,
		               "The request for %s of %s and its key are deleted: a certificate made of it cannot be installed any more. Go on?",
		               name, clock_format(state.csr_created, when));
	if (!code)
		code = identity_csr_discard(own->session.store, &own->wish, err);
	if (!code && cli_json(cli))
		return out_json(json_pack("{s:s, s:b}", "purpose", name, "discarded", 1), err);
	if (!code && !cli_quiet(cli))
		out_printf("the request for %s is discarded\n", name);
	return code;
}

int cmd_identity_csr(struct cli *cli)
{
	struct own own;
	struct err err;
	int code = own_open(cli, STORE_WRITE, &own);
	if (!code && (cli_has(cli, "discard") ? discard_request : make_request)(&own, &err))
		code = cli_fail(cli, &err);
	own_close(&own);
	return code;
}

const struct cli_option cmd_identity_install_options[] = {
	{ "no-check", 0, NULL, false, false, "do not ask now whether it is revoked" },
	{ "yes", 'y', NULL, false, false, "confirms --force" },
	{ "force", 0, NULL, false, false,
	  "although another anchor was renewed a short while ago (asks for a confirmation)" },
	{ NULL, 0, NULL, false, false, NULL },
};

enum { CERTS_MAX = 64 };

struct supplied {
	struct cert *certs[CERTS_MAX];
	size_t count;
};

static int keep_cert(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct supplied *supplied = arg;
	if (supplied->count == CERTS_MAX) {
		cert_free(cert);
		return err_set(err, ERR_LIMIT, "%s: more than %d certificates are no chain", place->file,
		               CERTS_MAX);
	}
	supplied->certs[supplied->count++] = cert;
	return ERR_OK;
}

static void print_differences(const struct identity_install *install)
{
	static const char *const headings[] = { "ASKED FOR", "IN THE CERTIFICATE" };
	struct out_table *table = out_table_new(headings, 2);
	if (!table)
		return;
	for (size_t i = 0; i < install->difference_count; i++) {
		const struct identity_difference *one = &install->differences[i];
		const char *cells[] = { one->asked ? one->asked : "-", one->got ? one->got : "-" };
		out_table_row(table, cells);
	}
	out_printf("the CA gave other names than were asked for:\n");
	out_table_print(table, stdout);
	out_table_free(table);
}

static json_t *differences_json(const struct identity_install *install)
{
	json_t *all = json_array();
	for (size_t i = 0; all && i < install->difference_count; i++) {
		const struct identity_difference *one = &install->differences[i];
		json_array_append_new(all, json_pack("{s:o?, s:o?}", "asked",
		                                     one->asked ? out_text(one->asked, strlen(one->asked)) : NULL,
		                                     "got", one->got ? out_text(one->got, strlen(one->got)) : NULL));
	}
	return all;
}

static int revision_work(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	*(uint64_t *)arg = txn_revision(txn);
	return ERR_OK;
}

static void check_new(const struct own *own, uint64_t revision)
{
	struct cli *cli = own->session.cli;
	json_t *found = revocation_check(&own->session, revision);
	if (found && !cli_json(cli))
		revocation_print(cli, found);
	json_decref(found);
}

static int report(const struct own *own, const struct identity_install *install,
                  const struct identity_result *result, struct err *err)
{
	const struct cli *cli = own->session.cli;
	if (cli_json(cli))
		return own_report(own, result, ADVICE_INSTALLED,
		                  json_pack("{s:o, s:I}", "differences", differences_json(install), "added_cas",
		                            (json_int_t)install->added),
		                  err);
	if (install->difference_count)
		print_differences(install);
	if (install->added && !cli_quiet(cli))
		out_printf("%zu CA%s of its chain joined %s\n", install->added, install->added == 1 ? "" : "s",
		           purpose_rule(own->purpose)->stores[0]);
	return own_report(own, result, ADVICE_INSTALLED, NULL, err);
}

static int install(struct own *own, struct err *err)
{
	struct cli *cli = own->session.cli;
	struct supplied supplied = { .count = 0 };
	struct identity_install install = { .certs = supplied.certs };
	struct identity_result result;
	struct own_state state = { .certificate = false };
	uint64_t revision = 0;
	int code = ERR_OK;
	for (int i = 1; !code && i < cli_argc(cli); i++)
		code = cmd_hard(cert_read_file(cli_arg(cli, i), keep_cert, &supplied, err), err);
	install.count = supplied.count;
	if (!code)
		code = own_state(own, &state, err);
	if (!code && state.certificate)
		code = own_may_renew(own, NULL, err);
	if (!code)
		code = store_read(own->session.store, revision_work, &revision, err);
	if (!code)
		code = identity_install(own->session.store, &own->wish, &install, &result, err);
	if (!code)
		check_new(own, revision);
	if (!code)
		code = report(own, &install, &result, err);
	identity_install_deinit(&install);
	for (size_t i = 0; i < supplied.count; i++)
		cert_free(supplied.certs[i]);
	return code;
}

int cmd_identity_install(struct cli *cli)
{
	struct own own;
	struct err err;
	int code = own_open(cli, STORE_WRITE, &own);
	if (!code && install(&own, &err))
		code = cli_fail(cli, &err);
	own_close(&own);
	return code;
}
