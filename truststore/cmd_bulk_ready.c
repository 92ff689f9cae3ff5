/* bulk ready: would a phone of the old cluster accept the new one? */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/base/program.h"
#include "truststore/trustlist.h"

const struct cli_option cmd_bulk_ready_options[] = {
	{ "server", 's', "HOST[:PORT]", false, false, "the old cluster's TVS" },
	{ "trust-list", 0, "FILE", false, false, "the new cluster's trust list (ITLFile.tlv)" },
	{ "certificate", 0, "FILE", false, false,
	  "the new cluster's certificates instead: what signs its trust list, its TFTP server" },
	{ "ca", 0, "FILE", true, false, "certificates by which the TVS is known" },
	{ "pin", 0, "SHA256", true, false, "the TVS's certificate" },
	{ "insecure", 0, NULL, false, false, "any TVS certificate will do" },
	{ NULL, 0, NULL, false, false, NULL },
};

enum { ROLE_BYTE_CCM_TFTP = 2, ROLE_BYTE_TFTP = 3, ARGUMENTS_MAX = 64 };

/* What is found out: each condition of its own. */
struct ready {
	const struct cli *cli;
	const char *arguments[ARGUMENTS_MAX];
	size_t count;
	char *list_bytes;
	struct trustlist *list;
	char file[32]; /* of the certificates that are asked about; "": none yet */
	bool reachable, is_signed, signer, tftp;
	char why[4][256];
};

static void reason(struct ready *r, int i, const char *text)
{
	snprintf(r->why[i], sizeof r->why[i], "%s", text);
}

/* --- asking */

static void add(struct ready *r, const char *word)
{
	if (r->count + 1 < ARGUMENTS_MAX)
		r->arguments[r->count++] = word;
	r->arguments[r->count] = NULL;
}

static int set_up(struct ready *r, struct err *err)
{
	const char *text;
	if (!cli_has(r->cli, "server"))
		return err_set(err, ERR_USAGE, "--server HOST[:PORT] is missing: the old cluster's TVS");
	if (cli_has(r->cli, "trust-list") == cli_has(r->cli, "certificate"))
		return err_set(err, ERR_USAGE, "either --trust-list FILE or --certificate FILE is wanted");
	if (!cli_has(r->cli, "ca") && !cli_has(r->cli, "pin") && !cli_has(r->cli, "insecure"))
		return err_set(err, ERR_USAGE, "--ca FILE, --pin SHA256 or --insecure is missing: by what is the TVS known?");
	add(r, "--json");
	add(r, "--server");
	add(r, cli_option(r->cli, "server"));
	for (int i = 0; i < 16 && (text = cli_option_at(r->cli, "ca", i)); i++) {
		add(r, "--ca");
		add(r, text);
	}
	for (int i = 0; i < 16 && (text = cli_option_at(r->cli, "pin", i)); i++) {
		add(r, "--pin");
		add(r, text);
	}
	if (cli_has(r->cli, "insecure"))
		add(r, "--insecure");
	return ERR_OK;
}

/* Asks; the words that were added for it are taken away again. NULL in `*out` where the service did not answer. */
static int ask(struct ready *r, size_t keep, json_t **out, struct err *err)
{
	int status;
	int code = program_json("tvsc", r->arguments, &status, out, err);
	r->count = keep;
	if (code)
		return code;
	if (status == EXIT_FAILED || !*out) {
		json_decref(*out);
		*out = NULL;
		reason(r, 0, "the TVS gave no answer");
		return ERR_OK;
	}
	r->reachable = true;
	return ERR_OK;
}

static bool has_role(const json_t *verdict, const char *name)
{
	size_t i;
	json_t *role;
	if (!json_is_true(json_object_get(verdict, "trusted")))
		return false;
	json_array_foreach(json_object_get(verdict, "roles"), i, role)
		if (json_string_value(role) && !strcmp(json_string_value(role), name))
			return true;
	return false;
}

/* --- the certificates to ask about, in a file for tvsc */

static int write_cert(FILE *stream, const uint8_t *der, size_t len, struct err *err)
{
	char *pem;
	size_t pem_len;
	int code = cert_pem(der, len, &pem, &pem_len);
	if (code)
		return err_set(err, code, "a certificate of the trust list cannot be written");
	bool good = fwrite(pem, 1, pem_len, stream) == pem_len;
	free(pem);
	return good ? ERR_OK : err_errno(err, "a temporary file cannot be written");
}

static int write_tftp(struct ready *r, FILE *stream, size_t *found, struct err *err)
{
	int code = ERR_OK;
	for (size_t i = 0; !code && i < r->list->count; i++) {
		const struct trustlist_record *record = &r->list->records[i];
		if ((record->role != ROLE_BYTE_TFTP && record->role != ROLE_BYTE_CCM_TFTP) || !record->der.len)
			continue;
		++*found;
		code = write_cert(stream, record->der.bytes, record->der.len, err);
	}
	return code;
}

static int make_file(struct ready *r, size_t *found, struct err *err)
{
	char name[sizeof r->file] = "/tmp/tvs-ready-XXXXXX";
	int fd = mkstemp(name);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (!stream)
		return err_errno(err, "no temporary file");
	memcpy(r->file, name, sizeof r->file);
	int code = write_tftp(r, stream, found, err);
	if (fclose(stream) && !code)
		code = err_errno(err, "a temporary file cannot be written");
	return code;
}

/* --- the conditions */

static int check_signer(struct ready *r, struct err *err)
{
	char issuer[2048], subject[2048], serial[2 * CERT_MAX_SERIAL + 1];
	size_t keep = r->count;
	json_t *verdict;
	if (r->list->serial.len > CERT_MAX_SERIAL || !r->list->serial.len)
		return err_set(err, ERR_MALFORMED, "%s: the signer's serial number has %zu bytes",
		               cli_option(r->cli, "trust-list"), r->list->serial.len);
	hex_encode(r->list->serial.bytes, r->list->serial.len, true, serial);
	snprintf(issuer, sizeof issuer, "--issuer=%s", r->list->issuer);
	snprintf(subject, sizeof subject, "--subject=%s", r->list->signer);
	add(r, "query");
	add(r, issuer);
	add(r, subject);
	add(r, "--serial");
	add(r, serial);
	int code = ask(r, keep, &verdict, err);
	if (code)
		return code;
	r->signer = verdict && has_role(verdict, "SAST");
	if (verdict && !r->signer)
		reason(r, 2, "the signer of the trust list is not known to the TVS with the role SAST");
	json_decref(verdict);
	return ERR_OK;
}

static int check_tftp(struct ready *r, struct err *err)
{
	size_t found = 0, keep = r->count, i;
	json_t *verdicts, *one;
	int code = make_file(r, &found, err);
	if (!code && !found)
		reason(r, 3, "the trust list has no certificate of a TFTP server");
	if (code || !found)
		return code;
	add(r, "verify");
	add(r, r->file);
	code = ask(r, keep, &verdicts, err);
	if (code || !verdicts)
		return code;
	r->tftp = json_array_size(verdicts) == found;
	json_array_foreach(verdicts, i, one) {
		if (has_role(one, "TFTP") || has_role(one, "CCM+TFTP"))
			continue;
		r->tftp = false;
		snprintf(r->why[3], sizeof r->why[3], "%.150s is not known to the TVS with the role TFTP",
		         json_string_value(json_object_get(one, "subject"))
		                 ? json_string_value(json_object_get(one, "subject"))
		                 : "a certificate");
	}
	json_decref(verdicts);
	return ERR_OK;
}

/* With certificates alone: one of them must have each role. */
static int check_certificates(struct ready *r, struct err *err)
{
	size_t keep = r->count, i;
	json_t *verdicts, *one;
	r->is_signed = true; /* there is nothing that could be signed */
	add(r, "verify");
	add(r, cli_option(r->cli, "certificate"));
	int code = ask(r, keep, &verdicts, err);
	if (code || !verdicts)
		return code;
	json_array_foreach(verdicts, i, one) {
		r->signer = r->signer || has_role(one, "SAST");
		r->tftp = r->tftp || has_role(one, "TFTP") || has_role(one, "CCM+TFTP");
	}
	if (!r->signer)
		reason(r, 2, "none of the certificates is known to the TVS with the role SAST");
	if (!r->tftp)
		reason(r, 3, "none of the certificates is known to the TVS with the role TFTP");
	json_decref(verdicts);
	return ERR_OK;
}

static int check_list(struct ready *r, struct err *err)
{
	const char *name = cli_option(r->cli, "trust-list");
	struct err why;
	size_t len;
	int code = infile_read(name, TRUSTLIST_MAX_BYTES, &r->list_bytes, &len, err);
	r->list = code ? NULL : malloc(sizeof *r->list);
	if (!code && !r->list)
		code = err_set(err, ERR_MEMORY, "no memory for a trust list");
	if (!code)
		code = trustlist_parse(name, (const uint8_t *)r->list_bytes, len, r->list, err);
	if (code)
		return code;
	r->is_signed = !trustlist_verify(name, (const uint8_t *)r->list_bytes, len, r->list, &why);
	if (!r->is_signed)
		reason(r, 1, err_text(&why));
	code = check_signer(r, err);
	return code || !r->reachable ? code : check_tftp(r, err);
}

/* --- telling */

static const char *const conditions[4][2] = {
	{ "reachable", "the TVS answers" },
	{ "signed", "the trust list's signature is good" },
	{ "signer", "the TVS knows the signer with the role SAST" },
	{ "tftp", "the TVS knows the TFTP server's certificate with the role TFTP" },
};

static int report(const struct ready *r, struct err *err)
{
	const bool held[4] = { r->reachable, r->is_signed, r->signer, r->tftp };
	bool all = true, list = cli_has(r->cli, "trust-list");
	json_t *found = json_object();
	for (int i = 0; i < 4; i++) {
		if (i == 1 && !list)
			continue;
		bool asked = i < 2 || r->reachable;
		all = all && held[i];
		json_object_set_new(found, conditions[i][0], !asked ? json_null() : json_boolean(held[i]));
		if (!cli_json(r->cli) && !cli_quiet(r->cli))
			out_printf("%s: %s%s%s\n",
			           held[i] ? "yes"
			           : asked ? "NO"
			                   : "not asked",
			           conditions[i][1], !held[i] && r->why[i][0] ? ": " : "", held[i] ? "" : r->why[i]);
	}
	json_object_set_new(found, "ready", json_boolean(all));
	int code = cli_json(r->cli) ? out_json(json_incref(found), err) : ERR_OK;
	json_decref(found);
	if (code)
		return code;
	return all ? ERR_OK : ERR_STOPPED;
}

int cmd_bulk_ready(struct cli *cli)
{
	struct ready r = { .cli = cli };
	struct err err;
	int code = set_up(&r, &err);
	if (!code)
		code = cli_has(cli, "trust-list") ? check_list(&r, &err) : check_certificates(&r, &err);
	if (!code)
		code = report(&r, &err);
	if (r.file[0])
		unlink(r.file);
	free(r.list);
	free(r.list_bytes);
	return !code ? EXIT_YES : code == ERR_STOPPED ? EXIT_NO : cli_fail(cli, &err);
}
