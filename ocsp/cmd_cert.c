/* ocspcheck cert: one certificate, stored or not, asked about or judged by a saved response. */
#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ocsp/check.h"
#include "ocsp/cmd.h"
#include "ocsp/issuers.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"

struct asking {
	struct cmd cmd;
	struct cert *cert;
	struct cert *issuer;             /* NULL: not found */
	bool done;
	struct check_result result;      /* what it borrows is void but for the following */
	char *url[CHECK_MAX_ATTEMPTS];
	uint8_t *response;
};

/* --- the certificate and its issuer */

static int take_issuer(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)place;
	(void)err;
	struct asking *a = arg;
	if (!a->issuer && cert_issued_by(a->cert, cert))
		a->issuer = cert;
	else
		cert_free(cert);
	return ERR_OK;
}

/* The first certificate of the file is the one in question; the issuer may follow. */
static int take_cert(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct asking *a = arg;
	if (a->cert)
		return take_issuer(cert, place, arg, err);
	a->cert = cert;
	return ERR_OK;
}

static int issuer_in_store(struct txn *txn, void *arg, struct err *err)
{
	struct asking *a = arg;
	struct issuers *issuers = issuers_new();
	struct issuer *found = NULL;
	int code = issuers ? issuers_find(issuers, txn, a->cert, &found, err) : ERR_MEMORY;
	if (!code && found) {
		size_t len;
		const uint8_t *der = cert_der(issuer_cert(found), &len);
		code = cert_parse(der, len, &a->issuer, err);
	}
	if (issuers)
		issuers_release(issuers, found);
	issuers_free(issuers);
	return code;
}

/* The default store need not be there; one that was named must. */
static int open_store(struct asking *a, struct err *err)
{
	struct stat st;
	const char *path = conf_text(a->cmd.conf, "store", "path");
	if (!conf_is_set(a->cmd.conf, "store", "path") && stat(path, &st) && errno == ENOENT)
		return ERR_OK;
	return cmd_open_store(&a->cmd, STORE_READ, err);
}

static int find_certs(struct asking *a, struct err *err)
{
	const struct cli *cli = a->cmd.cli;
	const char *file = cli_option(cli, "issuer");
	int code = cert_read_file(cli_arg(cli, 0), take_cert, a, err);
	if (!code && file) {
		code = cert_read_file(file, take_issuer, a, err);
		if (!code && !a->issuer)
			code = err_set(err, ERR_REFUSED, "%s holds no certificate that issued the one in %s", file,
			               cli_arg(cli, 0));
	}
	if (code || a->issuer)
		return code;
	code = open_store(a, err);
	if (!code && a->cmd.store)
		code = store_read(a->cmd.store, issuer_in_store, a, err);
	return code;
}

/* --- asking */

static void on_done(const struct check_result *result, void *arg)
{
	struct asking *a = arg;
	a->done = true;
	a->result = *result;
	a->result.response = NULL;
	for (size_t i = 0; i < result->attempt_count; i++) {
		a->url[i] = strdup(result->attempts[i].url);
		a->result.attempts[i].url = a->url[i] ? a->url[i] : "";
	}
	a->response = result->response ? malloc(result->response_len + 1) : NULL;
	if (a->response) {
		memcpy(a->response, result->response, result->response_len);
		a->result.response = a->response;
	}
}

static int ask(struct asking *a, struct err *err)
{
	const struct cli *cli = a->cmd.cli;
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct checker *checker = loop ? checker_new(loop, a->cmd.store, &a->cmd.settings, true) : NULL;
	const struct check_how how = {
		.cert = a->cert, .issuer = a->issuer, .url = cli_option(cli, "url"),
		.nonce = cli_has(cli, "nonce")      ? CHECK_NONCE_REQUIRED
		         : cli_has(cli, "no-nonce") ? CHECK_NONCE_OFF
		                                    : CHECK_NONCE_AS_SET,
		.done = on_done, .arg = a
	};
	int code = checker ? check_start(checker, &how) : ERR_MEMORY;
	while (!code && !a->done)
		ev_run(loop, EVRUN_ONCE);
	checker_free(checker);
	if (loop)
		ev_loop_destroy(loop);
	return code ? err_set(err, code, "no memory") : ERR_OK;
}

/* Judges a saved response as if it came now. Without the network, a signer that would have to be checked is not. */
static int judge_saved(struct asking *a, struct err *err)
{
	const char *file = cli_option(a->cmd.cli, "in");
	const struct rules rules = ocsp_settings_rules(&a->cmd.settings);
	const struct response_asked asked = { .nonce_len = 0 };
	struct outcome *outcome = &a->result.outcome;
	struct response response;
	char *bytes;
	size_t len;
	int code = infile_read(file, RESPONSE_MAX_BYTES, &bytes, &len, err);
	if (code)
		return code;
	a->response = (uint8_t *)bytes;
	a->result.response = a->response;
	a->result.response_len = len;
	outcome->status = REVOCATION_UNREACHABLE;
	outcome->fault = FAULT_NO_ISSUER;
	if (!a->issuer)
		return ERR_OK;
	response_check(bytes, len, a->cert, a->issuer, &rules, &asked, &response);
	outcome->fault = response.fault;
	if (!response.fault && response.signer.must_be_checked)
		outcome->fault = FAULT_SIGNER_UNCHECKED;
	if (!outcome->fault)
		*outcome = (struct outcome){
			.status = response.status, .this_update = response.this_update,
			.next_update = response.next_update, .until = response.until,
			.revoked_at = response.revoked_at, .reason = response.reason
		};
	a->result.signer = response.signer.kind;
	response_free(&response);
	return ERR_OK;
}

/* --- telling */

static const char *method_of(const struct check_attempt *attempt)
{
	return attempt->list ? "crl" : "ocsp";
}

static const char *nonce_word(enum response_nonce nonce)
{
	return nonce == RESPONSE_NONCE_FITS ? "returned" : nonce == RESPONSE_NONCE_ABSENT ? "absent" : "not-sent";
}

static json_t *json_attempt(const struct check_attempt *attempt)
{
	json_t *object = json_object();
	const char *word = fault_word(attempt->fault);
	json_object_set_new(object, "url", out_text(attempt->url, strlen(attempt->url)));
	json_object_set_new(object, "method", json_string(method_of(attempt)));
	json_object_set_new(object, "certid", attempt->list ? json_null()
	                    : json_string(certid_hash_name(attempt->hash)));
	json_object_set_new(object, "http_status", attempt->http_status ? json_integer(attempt->http_status)
	                    : json_null());
	json_object_set_new(object, "error", cmd_json_string(word, strlen(word)));
	return object;
}

static int print_json(const struct asking *a, struct err *err)
{
	char hex[DIGEST_HEX_SIZE];
	const char *subject = cert_subject(a->cert), *issuer = cert_issuer(a->cert);
	json_t *object = json_object(), *attempts = json_array();
	json_object_set_new(object, "sha256", json_string(digest_hex(cert_sha256(a->cert), hex)));
	json_object_set_new(object, "subject", out_text(subject, strlen(subject)));
	json_object_set_new(object, "issuer", out_text(issuer, strlen(issuer)));
	json_object_set_new(object, "serial", json_string(cert_serial_hex(a->cert)));
	cmd_json_outcome(object, &a->result.outcome);
	json_object_set_new(object, "signer", a->result.signer ? json_string(signer_kind_name(a->result.signer))
	                    : json_null());
	json_object_set_new(object, "nonce", json_string(nonce_word(a->result.nonce)));
	for (size_t i = 0; i < a->result.attempt_count; i++)
		json_array_append_new(attempts, json_attempt(&a->result.attempts[i]));
	json_object_set_new(object, "attempts", attempts);
	return out_json(object, err);
}

static void print_time(const char *what, int64_t when)
{
	char text[CLOCK_TEXT_SIZE];
	if (when)
		out_printf("%-12s %s\n", what, clock_format(when, text));
}

static void print_text(const struct asking *a)
{
	const struct outcome *outcome = &a->result.outcome;
	out_printf("%s\n", revocation_status_name(outcome->status));
	if (cli_quiet(a->cmd.cli))
		return;
	out_printf("%-12s %s\n%-12s %s\n", "certificate", cert_subject(a->cert), "issuer", cert_issuer(a->cert));
	if (outcome->status == REVOCATION_REVOKED)
		out_printf("%-12s %s\n", "reason", outcome_reason_name(outcome->reason));
	print_time("revoked", outcome->revoked_at);
	print_time("this update", outcome->this_update);
	print_time("next update", outcome->next_update);
	if (*outcome->source)
		out_printf("%-12s %s\n", "source", outcome->source);
	if (a->result.signer)
		out_printf("%-12s %s\n", "signed by", signer_kind_name(a->result.signer));
	for (size_t i = 0; i < a->result.attempt_count; i++) {
		const struct check_attempt *attempt = &a->result.attempts[i];
		out_printf("%-12s %s %s: %s\n", "asked", method_of(attempt), attempt->url,
		           attempt->fault ? fault_word(attempt->fault) : "ok");
	}
}

static int save_response(const struct asking *a, struct err *err)
{
	const char *file = cli_option(a->cmd.cli, "out");
	if (file && !a->result.response)
		cli_warn(a->cmd.cli, "%s was not written: no OCSP response came", file);
	if (!file || !a->result.response)
		return ERR_OK;
	return outfile_write(file, OUTFILE_BY_UMASK, cli_has(a->cmd.cli, "overwrite"), a->result.response,
	                     a->result.response_len, err);
}

static int exit_code(const struct asking *a)
{
	const struct outcome *outcome = &a->result.outcome;
	const char *file = cli_arg(a->cmd.cli, 0);
	switch (outcome->status) {
	case REVOCATION_GOOD:
	case REVOCATION_NOT_APPLICABLE: return EXIT_YES;
	case REVOCATION_REVOKED:
	case REVOCATION_UNKNOWN: return EXIT_NO;
	default: break;
	}
	return cli_failf(a->cmd.cli, "%s: no usable answer%s%s: %s (%s)", file, *outcome->source ? " from " : "",
	                 outcome->source, fault_text(outcome->fault), fault_word(outcome->fault));
}

static int check_options(const struct cli *cli, struct err *err)
{
	const char *url = cli_option(cli, "url");
	if (url && !source_url_ok(url, strlen(url)))
		return err_set(err, ERR_USAGE, "--url \"%s\" is no URL of http or https", url);
	if (cli_has(cli, "nonce") && cli_has(cli, "no-nonce"))
		return err_set(err, ERR_USAGE, "--nonce and --no-nonce exclude each other");
	if (cli_has(cli, "in") && (url || cli_has(cli, "nonce")))
		return err_set(err, ERR_USAGE, "--in judges a saved response: nobody is asked, and no nonce was sent");
	return ERR_OK;
}

static void deinit(struct asking *a)
{
	for (size_t i = 0; i < CHECK_MAX_ATTEMPTS; i++)
		free(a->url[i]);
	free(a->response);
	cert_free(a->issuer);
	cert_free(a->cert);
	cmd_close(&a->cmd);
}

int cmd_cert(struct cli *cli)
{
	struct asking a = { .done = false };
	struct err err;
	int code = cmd_open(cli, &a.cmd, &err);
	if (!code)
		code = check_options(cli, &err);
	if (!code)
		code = find_certs(&a, &err);
	if (!code)
		code = cli_has(cli, "in") ? judge_saved(&a, &err) : ask(&a, &err);
	if (!code)
		code = save_response(&a, &err);
	if (!code && cli_json(cli))
		code = print_json(&a, &err);
	else if (!code)
		print_text(&a);
	int result = code ? cli_fail(cli, &err) : exit_code(&a);
	deinit(&a);
	return result;
}
