/* fetch: the certificate that a TLS server presents, into a store, after somebody has looked at its fingerprint. */
#include "config.h"

#include "truststore/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/phonefit.h"
#include "truststore/revocation.h"
#include "truststore/sheet.h"
#include "truststore/target.h"
#include "truststore/tlspeer.h"
#include "truststore/trust.h"

#define SRST_STORE "srst-trust"

enum { SRST_PORT = 2445, SRST_PORT_MIN = 1024, SRST_PORT_MAX = 49151, TIMEOUT_SECONDS = 15 };

const struct cli_option cmd_fetch_options[] = {
	{ "to", 0, "STORE", false, false, "the store that it is added to (default: " SRST_STORE ")" },
	{ "fingerprint", 0, "SHA256", false, false, "add it without a question if this is its SHA-256" },
	{ "label", 0, "TEXT", false, false, "what the certificate is, for people" },
	{ "owner", 0, "MAIL", false, false, "who is told when it expires" },
	{ "keep-old", 0, "DURATION", false, false,
	  "how long an older one of the same subject stays (default: not at all)" },
	{ "again", 0, NULL, false, false, "also one that was removed from this store before" },
	{ "no-check", 0, NULL, false, false, "with [ocsp] enable: do not ask now whether it is revoked" },
	{ "timeout", 0, "DURATION", false, false, "how long the server may take (default: 15s)" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct fetch {
	struct session *session;
	struct target target;
	bool srst;
	int64_t timeout;
	char store[RECORD_NAME_MAX + 1];
	struct trust_add how;
	uint32_t roles; /* of the store */
	struct cert *cert;
	struct digest member;  /* of the same subject in the store */
	bool there, has_other; /* it is in the store already; another of its subject is */
	struct trust_added added;
	uint64_t revision;     /* before it was added */
	struct jsonw out;
};

/* Requirement S1: the words are the ones that administrators know. */
static int check_srst_port(const char *text, struct err *err)
{
	const char *host_end = text[0] == '[' ? strchr(text, ']') : text;
	const char *colon = host_end ? strchr(host_end, ':') : NULL;
	if (!colon || (text[0] != '[' && strchr(colon + 1, ':')))
		return ERR_OK; /* no port, or no HOST[:PORT]: said elsewhere */
	size_t len = strspn(colon + 1, "0123456789");
	long port = len && len <= 5 && !colon[1 + len] ? strtol(colon + 1, NULL, 10) : 0;
	if (port < SRST_PORT_MIN || port > SRST_PORT_MAX)
		return err_set(err, ERR_USAGE, "Port Numbers can only contain digits.");
	return ERR_OK;
}

static int parse_options(struct fetch *fetch, const struct cli *cli, struct err *err)
{
	struct trust_add *how = &fetch->how;
	const char *to = cli_option(cli, "to");
	how->store = to ? to : SRST_STORE;
	how->until = CLOCK_NEVER;
	how->label = cli_option(cli, "label");
	how->again = cli_has(cli, "again");
	fetch->srst = !strcasecmp(how->store, SRST_STORE);
	int code = fetch->srst ? check_srst_port(cli_arg(cli, 0), err) : ERR_OK;
	if (!code)
		code = cmd_owner(cli, &how->owner, err);
	if (!code)
		code = target_parse(cli_arg(cli, 0), SRST_PORT, &fetch->target, err);
	if (!code)
		code = cmd_duration(cli, "keep-old", 0, &how->keep_old, err);
	if (!code)
		code = cmd_duration(cli, "timeout", TIMEOUT_SECONDS, &fetch->timeout, err);
	if (!code && (fetch->timeout < 1 || fetch->timeout > 3600))
		code = err_set(err, ERR_USAGE, "--timeout is from 1s to 1h");
	return code;
}

struct looking {
	struct fetch *fetch;
	struct txn *txn;
};

static int look_member(const struct store_record *store, const struct digest *cert,
                       const struct member_record *member, void *arg, struct err *err)
{
	struct fetch *fetch = arg;
	(void)member;
	(void)err;
	if (strlen(fetch->how.store) != store->name.len ||
	    strncasecmp(fetch->how.store, store->name.bytes, store->name.len) != 0)
		return ERR_OK;
	if (digest_equal(cert, cert_sha256(fetch->cert))) {
		fetch->there = true;
		return ERR_OK;
	}
	fetch->has_other = true;
	fetch->member = *cert;
	return ERR_OK;
}

static int look_subject(const struct digest *id, void *arg, struct err *err)
{
	const struct looking *looking = arg;
	return trust_member_each_of_cert(looking->txn, id, look_member, looking->fetch, err);
}

/* Before the network: is there such a store? Behind it: what would the certificate meet there? */
static int look_work(struct txn *txn, void *arg, struct err *err)
{
	struct fetch *fetch = arg;
	struct looking looking = { fetch, txn };
	struct store_record store;
	int code = trust_store_get(txn, fetch->how.store, &store, err);
	if (!code)
		code = trust_store_name(txn, fetch->how.store, fetch->store, err);
	fetch->how.store = code ? fetch->how.store : fetch->store;
	if (code || !fetch->cert)
		return cmd_hard(code, err);
	fetch->roles = store.roles;
	fetch->there = fetch->has_other = false;
	return trust_each_by_subject(txn, cert_subject_key(fetch->cert), look_subject, &looking, err);
}

static int take(struct fetch *fetch, struct err *err)
{
	const struct security *security = &fetch->session->security;
	const struct tlspeer_offer offer = { security_tls_floor(security), GNUTLS_TLS1_3, security->fips };
	struct tlspeer peer;
	int code = tlspeer_ask(&fetch->target, &offer, clock_monotonic_us() + fetch->timeout * 1000000, &peer, err);
	fetch->cert = peer.cert;
	if (code == ERR_TLS && offer.min != GNUTLS_TLS1_0)
		return err_prefix(err, "with %s and newer alone, as the modes want it%s", gnutls_protocol_get_name(offer.min),
		                  offer.approved ? ", and approved algorithms" : "");
	return code;
}

/* What the modes forbid is not even asked about. */
static int check_modes(const struct fetch *fetch, struct err *err)
{
	const struct security *security = &fetch->session->security;
	const char *why = security_cert(security, fetch->cert, fetch->roles);
	char hash[CMD_SHORT_HASH];
	if (!why)
		why = security_server(security, fetch->cert);
	if (!why)
		return ERR_OK;
	return err_set(err, ERR_REFUSED, "%s (%s) of %s: %s", cmd_short_hash(cert_sha256(fetch->cert), hash),
	               cert_subject(fetch->cert), fetch->target.text, why);
}

static void show(struct fetch *fetch)
{
	struct sheet sheet = { .out = &fetch->out, .json = cli_json(fetch->session->cli) };
	const struct cert *cert = fetch->cert;
	char sha256[DIGEST_HEX_SIZE], sha1_hex[41];
	uint8_t sha1[20];
	cert_sha1(cert, sha1);
	if (sheet.json)
		jsonw_open(&fetch->out, NULL, '{');
	sheet_string(&sheet, "server", "Server", fetch->target.text);
	sheet_string(&sheet, "subject", "Subject", cert_subject(cert));
	sheet_string(&sheet, "issuer", "Issuer", cert_self_signed(cert) && !sheet.json ? "itself" : cert_issuer(cert));
	sheet_string(&sheet, "serial", "Serial number", cert_serial_hex(cert));
	sheet_time(&sheet, "not_before", "Not before", cert_not_before(cert));
	sheet_time(&sheet, "not_after", "Not after", cert_not_after(cert));
	sheet_printf(&sheet, "Key", "%s %u", cert_key_type(cert), cert_key_bits(cert));
	if (sheet.json) {
		jsonw_string(&fetch->out, "key_type", cert_key_type(cert));
		jsonw_number(&fetch->out, "key_bits", cert_key_bits(cert));
		jsonw_flag(&fetch->out, "self_signed", cert_self_signed(cert));
	}
	sheet_string(&sheet, "signature", "Signature", cert_signature(cert));
	sheet_string(&sheet, "sha256", "SHA-256", digest_hex(cert_sha256(cert), sha256));
	sheet_string(&sheet, "sha1", "SHA-1", hex_encode(sha1, sizeof sha1, false, sha1_hex));
}

/* The only two ways to say yes: at the terminal, and by the fingerprint itself. --yes is none. */
static int consent(struct fetch *fetch, struct err *err)
{
	const struct cli *cli = fetch->session->cli;
	const char *fingerprint = cli_option(cli, "fingerprint");
	char is[DIGEST_HEX_SIZE], other[CMD_SHORT_HASH];
	struct digest wanted;
	size_t len = 0;
	digest_hex(cert_sha256(fetch->cert), is);
	if (fingerprint) {
		if (hex_decode(fingerprint, wanted.byte, sizeof wanted.byte, &len) || len != sizeof wanted.byte)
			return err_set(err, ERR_USAGE, "--fingerprint \"%.100s\": a whole SHA-256, 64 hexadecimal digits, is wanted",
			               fingerprint);
		if (digest_equal(&wanted, cert_sha256(fetch->cert)))
			return ERR_OK;
		return err_set(err, ERR_REFUSED, "%s presents the certificate with the SHA-256 %s, not %s: it is not added",
		               fetch->target.text, is, digest_hex(&wanted, (char[DIGEST_HEX_SIZE]){ 0 }));
	}
	if (fetch->there)
		return ERR_OK;
	if (fetch->has_other)
		return cli_ask(cli, false, "fingerprint", err,
		               "Add the certificate with the SHA-256 %s to %s, where %s has the same subject?", is,
		               fetch->how.store, cmd_short_hash(&fetch->member, other));
	return cli_ask(cli, false, "fingerprint", err, "Add the certificate with the SHA-256 %s to %s?", is,
	               fetch->how.store);
}

static int add_work(struct txn *txn, void *arg, struct err *err)
{
	struct fetch *fetch = arg;
	fetch->revision = txn_revision(txn);
	return trust_add(txn, fetch->cert, &fetch->how, &fetch->added, err);
}

static const char *outcome(const struct fetch *fetch)
{
	switch (fetch->added.outcome) {
	case TRUST_REPLACED:
		return "replaced";
	case TRUST_UNCHANGED:
		return "unchanged";
	case TRUST_UPDATED:
		return "updated";
	default:
		return "added";
	}
}

static void tell(const struct fetch *fetch)
{
	char other[CMD_SHORT_HASH];
	const char *store = fetch->how.store;
	if (fetch->added.outcome == TRUST_UNCHANGED)
		out_printf("It is in %s already.\n", store);
	else if (fetch->added.outcome == TRUST_REPLACED)
		out_printf("Added to %s, in the place of %s.\n", store, cmd_short_hash(&fetch->added.other, other));
	else
		out_printf("%s %s.\n", fetch->added.outcome == TRUST_UPDATED ? "Updated in" : "Added to", store);
	if (fetch->srst && fetch->added.outcome != TRUST_UNCHANGED)
		out_printf("Now switch the credentials service on the gateway %s off, and let the phones take their new configuration.\n",
		           fetch->target.host);
}

static void report_text(const struct fetch *fetch, const json_t *found)
{
	const struct cli *cli = fetch->session->cli;
	unsigned unfit = phonefit_of(fetch->cert);
	if (!cli_quiet(cli))
		tell(fetch);
	for (int i = 0; i < PHONEFIT_COUNT; i++)
		if (unfit & 1u << i)
			cli_warn(cli, "the certificate has %s", phonefit_text((enum phonefit)i));
	if (fetch->srst && !cert_self_signed(fetch->cert))
		cli_warn(cli, "the certificate is not self-signed: phones are given this one alone, not its issuer");
	if (found)
		revocation_print(cli, found);
}

static int report_json(struct fetch *fetch, const json_t *found, struct err *err)
{
	struct jsonw *out = &fetch->out;
	char other[DIGEST_HEX_SIZE];
	unsigned unfit = phonefit_of(fetch->cert);
	jsonw_string(out, "store", fetch->how.store);
	jsonw_string(out, "outcome", outcome(fetch));
	jsonw_string(out, "replaced",
	             fetch->added.outcome == TRUST_REPLACED ? digest_hex(&fetch->added.other, other) : NULL);
	jsonw_open(out, "warnings", '[');
	for (int i = 0; i < PHONEFIT_COUNT; i++)
		if (unfit & 1u << i)
			jsonw_string(out, NULL, phonefit_text((enum phonefit)i));
	jsonw_close(out, ']');
	if (found)
		revocation_json(out, found);
	jsonw_close(out, '}');
	return jsonw_flush(out, stdout, err);
}

static int report(struct fetch *fetch, struct err *err)
{
	bool new = fetch->added.outcome == TRUST_ADDED || fetch->added.outcome == TRUST_REPLACED;
	json_t *found = new ? revocation_check(fetch->session, fetch->revision) : NULL;
	int code = ERR_OK;
	if (cli_json(fetch->session->cli))
		code = report_json(fetch, found, err);
	else
		report_text(fetch, found);
	json_decref(found);
	return code;
}

static int fetch_all(struct fetch *fetch, struct err *err)
{
	struct session *session = fetch->session;
	const struct cli *cli = session->cli;
	fetch->how.allow_expired = session->policy.allow_expired;
	fetch->how.security = &session->security;
	int code = store_read(session->store, look_work, fetch, err);
	if (!code)
		code = take(fetch, err);
	if (!code)
		code = store_read(session->store, look_work, fetch, err);
	if (code)
		return code;
	show(fetch);
	if (!cli_json(cli) && !(cli_quiet(cli) && cli_has(cli, "fingerprint")))
		code = jsonw_flush(&fetch->out, stdout, err);
	if (!code)
		code = check_modes(fetch, err);
	if (!code)
		code = consent(fetch, err);
	if (!code)
		code = store_write(session->store, add_work, fetch, err);
	return code ? code : report(fetch, err);
}

int cmd_fetch(struct cli *cli)
{
	struct session session;
	struct fetch fetch = { .session = &session };
	struct err err;
	if (parse_options(&fetch, cli, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (!code && fetch_all(&fetch, &err))
		code = cli_fail(cli, &err);
	cert_free(fetch.cert);
	jsonw_deinit(&fetch.out);
	cmd_close(&session);
	return code;
}
