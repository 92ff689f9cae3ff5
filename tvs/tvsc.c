/* tvsc: asks a Trust Verification Service what a phone would ask. */
#include "config.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "truststore/base/cert.h"
#include "truststore/base/cli.h"
#include "truststore/base/clock.h"
#include "truststore/base/digest.h"
#include "truststore/base/name.h"
#include "truststore/target.h"
#include "truststore/tlspeer.h"
#include "tvs/inquiry.h"

enum { HTTPS_PORT = 443 };

/* --- tvsc verify */

struct item {
	struct cert *cert;
	const char *file;
	unsigned number;
};

struct items {
	struct item *item;
	size_t count, room;
};

static int items_add(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct items *items = arg;
	if (items->count == items->room) {
		size_t room = items->room ? 2 * items->room : 16;
		struct item *grown = realloc(items->item, room * sizeof *grown);
		if (!grown) {
			cert_free(cert);
			return err_set(err, ERR_MEMORY, "out of memory");
		}
		items->item = grown;
		items->room = room;
	}
	items->item[items->count++] = (struct item){ cert, place->file, place->number };
	return 0;
}

static void items_free(struct items *items)
{
	for (size_t i = 0; i < items->count; i++)
		cert_free(items->item[i].cert);
	free(items->item);
}

/* All files are read before the first question: a broken one ends it without half an answer. */
static int items_read(struct items *items, const struct cli *cli, struct err *err)
{
	int rc = 0;
	for (int i = 0; !rc && i < cli_argc(cli); i++)
		rc = cert_read_file(cli_arg(cli, i), items_add, items, err);
	return rc;
}

static int cmd_verify(struct cli *cli)
{
	struct inquiry *inquiry;
	struct items items = { 0 };
	struct err err;
	int rc = inquiry_new(cli, &inquiry, &err);
	if (!rc)
		rc = items_read(&items, cli, &err);
	for (size_t i = 0; !rc && i < items.count; i++) {
		const struct item *item = &items.item[i];
		struct question question = { .cert = item->cert };
		struct about about = { .key = "file", .text = item->file, .number = item->number };
		rc = inquiry_ask(inquiry, &question, &about, &err);
	}
	int code = inquiry_end(inquiry, true); /* what was answered before a failure, too */
	if (rc)
		code = cli_fail(cli, &err);
	items_free(&items);
	inquiry_free(inquiry);
	return code;
}

/* --- tvsc query */

static int check_name(const char *option, const char *text, struct err *err)
{
	struct digest ignored;
	if (text && name_digest_text(text, strlen(text), &ignored))
		return err_set(err, ERR_USAGE, "--%s '%s' is not a name like CN=...,O=...", option, text);
	return 0;
}

static int read_name(const struct cli *cli, struct ask_name *name, struct err *err)
{
	const char *serial = cli_option(cli, "serial");
	name->issuer = cli_option(cli, "issuer");
	name->subject = cli_option(cli, "subject");
	if (!name->issuer || !serial)
		return err_set(err, ERR_USAGE, "query needs --issuer NAME and --serial HEX");
	if (hex_decode(serial, name->serial, sizeof name->serial, &name->serial_len) ||
	    name->serial_len == 0)
		return err_set(err, ERR_USAGE, "--serial '%s' is not a serial number in hexadecimal "
		               "(an even number of digits, up to %d)", serial, 2 * CERT_MAX_SERIAL);
	int rc = check_name("issuer", name->issuer, err);
	return rc ? rc : check_name("subject", name->subject, err);
}

static int cmd_query(struct cli *cli)
{
	struct inquiry *inquiry;
	struct ask_name name;
	struct err err;
	int rc = inquiry_new(cli, &inquiry, &err);
	if (!rc)
		rc = read_name(cli, &name, &err);
	if (!rc)
		rc = inquiry_ask(inquiry, &(struct question){ .name = &name }, &(struct about){ 0 }, &err);
	int code = rc ? cli_fail(cli, &err) : inquiry_end(inquiry, false);
	inquiry_free(inquiry);
	return code;
}

/* --- tvsc check */

static int cmd_check(struct cli *cli)
{
	struct inquiry *inquiry;
	struct target target;
	struct cert *cert = NULL;
	struct err err;
	int rc = inquiry_new(cli, &inquiry, &err);
	if (!rc)
		rc = target_parse(cli_arg(cli, 0), HTTPS_PORT, &target, &err);
	if (!rc)
		rc = tlspeer_certificate(&target, clock_monotonic_us() + inquiry_timeout_us(inquiry), &cert, &err);
	if (!rc) {
		struct question question = { .cert = cert };
		struct about about = { .key = "host", .text = target.text };
		rc = inquiry_ask(inquiry, &question, &about, &err);
	}
	int code = rc ? cli_fail(cli, &err) : inquiry_end(inquiry, false);
	cert_free(cert);
	inquiry_free(inquiry);
	return code;
}

/* --- the tables */

static const struct cli_option options[] = {
	{ "server", 's', "HOST[:PORT]", true, false, "TVS to ask (default " INQUIRY_SERVER ":2445); several are tried in order" },
	{ "ca", 0, "FILE", true, false, "certificates: the server's own, or of CAs that issued it" },
	{ "pin", 0, "SHA256", true, false, "SHA-256 of the server's certificate" },
	{ "insecure", 0, NULL, false, false, "ask whoever answers" },
	{ "all", 'a', NULL, false, false, "ask every server; exit 1 where they disagree" },
	{ "device", 0, "NAME", false, false, "device name in the requests (default " INQUIRY_DEVICE ")" },
	{ "timeout", 't', "SECONDS", false, false, "how long a server has to answer (default 10)" },
	{ "cert", 0, "FILE", false, false, "own certificate, for servers that ask for one" },
	{ "key", 0, "FILE", false, false, "its private key" },
	{ "tls", 0, "VERSION", false, false, "offer this version only: 1.0, 1.1, 1.2 or 1.3" },
	{ NULL, 0, NULL, false, false, NULL },
};

static const struct cli_option query_options[] = {
	{ "issuer", 0, "NAME", false, false, "issuer of the certificate: CN=...,O=... or with ;" },
	{ "serial", 0, "HEX", false, false, "its serial number" },
	{ "subject", 0, "NAME", false, false, "its subject, which is then checked too" },
	{ "out", 'o', "FILE", false, false, "write the certificate there, as PEM (-: standard output)" },
	{ "overwrite", 0, NULL, false, false, "also over an existing file" },
	{ NULL, 0, NULL, false, false, NULL },
};

static const struct cli_command commands[] = {
	{ "verify", "FILE...", 1, -1, NULL, cmd_verify, "asks whether the certificates are trusted" },
	{ "query", "", 0, 0, query_options, cmd_query, "fetches a certificate by issuer and serial number" },
	{ "check", "HOST[:PORT]", 1, 1, NULL, cmd_check, "asks about the certificate of an HTTPS server" },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL },
};

static time_t now_for_gnutls(time_t *out)
{
	time_t now = (time_t)clock_now();
	if (out)
		*out = now;
	return now;
}

int main(int argc, char **argv)
{
	static const struct cli_words words[] = { { "--tls", NULL, client_tls_version }, { NULL, NULL, NULL } };
	static const struct cli_program program = {
		.name = "tvsc",
		.summary = "asks a Trust Verification Service what a phone would ask",
		.options = options,
		.commands = commands,
		.words = words,
	};
	struct err err;
	if (clock_init(&err)) {
		fprintf(stderr, "tvsc: %s\n", err_text(&err));
		return EXIT_FAILED;
	}
	gnutls_global_set_time_function(now_for_gnutls);
	return cli_main(&program, argc, argv, NULL);
}
