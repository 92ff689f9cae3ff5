/* tvsc: asks a Trust Verification Service what a phone would ask. */
#include "config.h"

#include <gnutls/gnutls.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "truststore/base/cert.h"
#include "truststore/base/cli.h"
#include "truststore/base/clock.h"
#include "truststore/base/conf.h"
#include "truststore/base/digest.h"
#include "truststore/base/name.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/role.h"
#include "truststore/target.h"
#include "truststore/tlspeer.h"
#include "tvs/client.h"
#include "tvs/panel.h"
#include "tvs/proto.h"

#define DEFAULT_SERVER "127.0.0.1"
#define DEFAULT_DEVICE "CP-0000-SEP000000000000"

enum { HTTPS_PORT = 443, DEFAULT_TIMEOUT = 10, MAX_TIMEOUT = 3600 };

/* One call of the program. */
struct run {
	struct cli *cli;
	struct client_setup *setup;
	struct panel *panel;
	int64_t timeout_us;
	bool every;          /* --all */
	size_t current;      /* without --all: the server that answers */
	bool dead[PANEL_MAX];/* with --all: gave no answer once */
	json_t *list;        /* the verdicts, with --json */
	bool no, failed;     /* what the exit code says */
};

/* What one question is about, beside the certificate. */
struct subject {
	const char *key;  /* "file", "host"; NULL: nothing to say */
	const char *text;
	unsigned number;  /* of the certificate in the file */
	const char *out;  /* where a found certificate goes; NULL: nowhere */
	bool alone;       /* that is standard output, where nothing else goes then */
};

/* --- setting up */

static int choose_trust(struct run *run, struct err *err)
{
	struct cli *cli = run->cli;
	int ways = cli_has(cli, "ca") + cli_has(cli, "pin") + cli_has(cli, "insecure");
	const char *value;
	int rc = 0;
	if (ways != 1)
		return err_set(err, ERR_USAGE, "%s --ca FILE, --pin SHA256 or --insecure says which server is "
		               "the right one", ways ? "only one of" : "one of");
	for (int i = 0; !rc && (value = cli_option_at(cli, "ca", i)); i++)
		rc = client_setup_ca(run->setup, value, err);
	for (int i = 0; !rc && (value = cli_option_at(cli, "pin", i)); i++)
		rc = client_setup_pin(run->setup, value, err);
	if (cli_has(cli, "insecure"))
		client_setup_insecure(run->setup);
	return rc;
}

static int choose_tls(struct run *run, struct err *err)
{
	const char *version = cli_option(run->cli, "tls");
	const char *cert = cli_option(run->cli, "cert"), *key = cli_option(run->cli, "key");
	if (!cert != !key)
		return err_set(err, ERR_USAGE, "--cert and --key go together");
	int rc = version ? client_setup_tls(run->setup, version, err) : 0;
	if (!rc && cert)
		rc = client_setup_own(run->setup, cert, key, err);
	return rc;
}

static int choose_servers(struct run *run, struct err *err)
{
	const char *device = cli_option(run->cli, "device"), *server;
	if (!device)
		device = DEFAULT_DEVICE;
	if (!*device || strlen(device) > ASK_MAX_DEVICE)
		return err_set(err, ERR_USAGE, "a device name has 1 to %d bytes", ASK_MAX_DEVICE);
	int rc = panel_new(run->setup, device, run->timeout_us, &run->panel, err);
	for (int i = 0; !rc && (server = cli_option_at(run->cli, "server", i)); i++)
		rc = panel_add(run->panel, server, err);
	if (!rc && panel_count(run->panel) == 0)
		rc = panel_add(run->panel, DEFAULT_SERVER, err);
	return rc;
}

static int choose_timeout(struct run *run, struct err *err)
{
	const char *text = cli_option(run->cli, "timeout");
	int64_t seconds = DEFAULT_TIMEOUT;
	if (text && duration_parse(text, &seconds, err))
		return err_prefix(err, "--timeout");
	if (seconds < 1 || seconds > MAX_TIMEOUT)
		return err_set(err, ERR_USAGE, "--timeout goes from 1 to %d seconds", MAX_TIMEOUT);
	run->timeout_us = seconds * 1000000;
	return 0;
}

/* tvsc needs nothing of the configuration, but a named file that is wrong is an error as with every program. */
static int check_conf(const struct run *run, struct err *err)
{
	struct conf *conf;
	const char *file = cli_option(run->cli, "config");
	int rc = file ? conf_load(file, &conf, err) : 0;
	if (file && !rc)
		conf_free(conf);
	return rc;
}

static int run_begin(struct run *run, struct cli *cli, struct err *err)
{
	*run = (struct run){ .cli = cli, .every = cli_has(cli, "all") };
	int rc = check_conf(run, err);
	if (!rc)
		rc = client_setup_new(&run->setup, err);
	if (!rc)
		rc = choose_trust(run, err);
	if (!rc)
		rc = choose_tls(run, err);
	if (!rc)
		rc = choose_timeout(run, err);
	if (!rc)
		rc = choose_servers(run, err);
	if (!rc && cli_json(cli) && !(run->list = json_array()))
		rc = err_set(err, ERR_MEMORY, "out of memory");
	return rc;
}

static void run_free(struct run *run)
{
	panel_free(run->panel);
	client_setup_free(run->setup);
	json_decref(run->list);
}

/* Prints what was gathered for --json: as an array where there can be several verdicts. */
static int run_end(struct run *run, bool several)
{
	struct err err;
	int rc = 0;
	if (run->list && (several || run->every))
		rc = out_json(json_incref(run->list), &err);
	else if (run->list && json_array_size(run->list) > 0)
		rc = out_json(json_incref(json_array_get(run->list, 0)), &err);
	if (rc)
		return cli_fail(run->cli, &err);
	return run->failed ? EXIT_FAILED : run->no ? EXIT_NO : EXIT_YES;
}

/* --- showing an answer */

static const char *role_text(uint8_t byte, char *out, size_t size)
{
	int role = role_from_byte(byte);
	if (role >= 0)
		snprintf(out, size, "%s", role_name((enum role)role));
	else
		snprintf(out, size, "role-%u", byte);
	return out;
}

static json_t *roles_json(const struct ask_answer *answer)
{
	json_t *array = json_array();
	char text[ROLES_TEXT_SIZE];
	for (size_t i = 0; i < answer->role_count; i++)
		json_array_append_new(array, json_string(role_text(answer->role[i], text, sizeof text)));
	return array;
}

static json_t *text_json(const char *text)
{
	return text ? out_text(text, strlen(text)) : json_null();
}

static json_t *reply_json(const struct reply *reply, const struct cert *cert,
                          const struct subject *subject, const char *server)
{
	const struct ask_answer *answer = &reply->answer;
	char hex[DIGEST_HEX_SIZE];
	json_t *object = json_object();
	json_object_set_new(object, "sha256", text_json(cert ? digest_hex(cert_sha256(cert), hex) : NULL));
	json_object_set_new(object, "subject", text_json(cert ? cert_subject(cert) : NULL));
	json_object_set_new(object, "trusted", json_boolean(answer->trusted));
	json_object_set_new(object, "roles", roles_json(answer));
	json_object_set_new(object, "ttl", answer->trusted ? json_integer(answer->ttl) : json_null());
	json_object_set_new(object, "server", text_json(server));
	json_object_set_new(object, "seconds", json_real((double)answer->round_trip_us / 1e6));
	if (subject->key)
		json_object_set_new(object, subject->key, text_json(subject->text));
	return object;
}

/* The protocol carries no reason; the dates of the certificate are known here as well. */
static void print_reason(const struct cert *cert)
{
	char when[CLOCK_TEXT_SIZE];
	int64_t now = clock_now();
	out_printf("  reason   the service does not trust it");
	if (cert && now > cert_not_after(cert))
		out_printf("; it expired on %s", clock_format(cert_not_after(cert), when));
	if (cert && now < cert_not_before(cert))
		out_printf("; it is not valid before %s", clock_format(cert_not_before(cert), when));
	out_printf("\n");
}

static void print_roles(const struct ask_answer *answer)
{
	char text[ROLES_TEXT_SIZE];
	out_printf("  roles    ");
	for (size_t i = 0; i < answer->role_count; i++)
		out_printf("%s%s", i ? "," : "", role_text(answer->role[i], text, sizeof text));
	out_printf("\n");
}

static void print_server(const struct run *run, size_t server, const struct ask_answer *answer)
{
	const struct client *client = panel_client(run->panel, server);
	char hex[DIGEST_HEX_SIZE];
	out_printf("  server   %s, %.3f ms\n", panel_name(run->panel, server),
	           (double)answer->round_trip_us / 1e3);
	if (!cli_verbose(run->cli) || !client)
		return;
	const struct cert *cert = client_certificate(client);
	out_printf("  tls      %s\n", client_describe(client));
	out_printf("  its cert %s, SHA-256 %s\n", cert_subject(cert), digest_hex(cert_sha256(cert), hex));
}

static void print_reply(const struct run *run, size_t server, const struct reply *reply,
                        const struct cert *cert, const struct subject *subject)
{
	const struct ask_answer *answer = &reply->answer;
	char hex[DIGEST_HEX_SIZE], ttl[CLOCK_TEXT_SIZE];
	out_printf("%s\n", answer->trusted ? "trusted" : "not trusted");
	if (subject->key && subject->number > 1)
		out_printf("  %-8s %s, certificate %u\n", subject->key, subject->text, subject->number);
	else if (subject->key)
		out_printf("  %-8s %s\n", subject->key, subject->text);
	if (cert) {
		out_printf("  subject  %s\n", cert_subject(cert));
		out_printf("  sha256   %s\n", digest_hex(cert_sha256(cert), hex));
	}
	if (answer->trusted) {
		print_roles(answer);
		out_printf("  ttl      %u seconds (%s)\n", answer->ttl, duration_format(answer->ttl, ttl));
	} else {
		print_reason(cert);
	}
	print_server(run, server, answer);
}

/* Writes a certificate that a query found. */
static int keep_found(const struct run *run, const struct cert *cert, const char *out,
                      struct err *err)
{
	size_t der_len, len;
	char *pem;
	const uint8_t *der = cert_der(cert, &der_len);
	int rc = cert_pem(der, der_len, &pem, &len);
	if (rc)
		return err_set(err, rc, "the certificate cannot be written as PEM");
	rc = outfile_write(out, 0644, cli_has(run->cli, "overwrite"), pem, len, err);
	free(pem);
	return rc;
}

static int show(struct run *run, size_t server, const struct question *question,
                const struct reply *reply, const struct subject *subject, struct err *err)
{
	const struct cert *cert = question->cert ? question->cert : reply->found;
	if (!reply->answer.trusted)
		run->no = true;
	if (run->list) {
		json_t *object = reply_json(reply, cert, subject, panel_name(run->panel, server));
		if (json_array_append_new(run->list, object))
			return err_set(err, ERR_MEMORY, "out of memory");
	} else if (!cli_quiet(run->cli) && !subject->alone) {
		print_reply(run, server, reply, cert, subject);
	}
	return reply->found && subject->out ? keep_found(run, reply->found, subject->out, err) : 0;
}

/* --- asking */

/* The service's own certificate is not judged by its date, as little as phones can; but it is worth a word. */
static void warn_of_expired(const struct run *run, size_t server)
{
	const struct client *client = panel_client(run->panel, server);
	char when[CLOCK_TEXT_SIZE];
	if (client && cert_not_after(client_certificate(client)) < clock_now())
		cli_warn(run->cli, "%s: the service's own certificate expired on %s",
		         panel_name(run->panel, server),
		         clock_format(cert_not_after(client_certificate(client)), when));
}

static int ask_server(struct run *run, size_t server, const struct question *question,
                      struct reply *reply, struct err *err)
{
	bool fresh = !panel_client(run->panel, server);
	int rc = panel_ask(run->panel, server, question, reply, err);
	if (!rc && fresh)
		warn_of_expired(run, server);
	return rc;
}

/* As a phone does: the next server when one does not answer. */
static int ask_in_turn(struct run *run, const struct question *question,
                       const struct subject *subject, struct err *err)
{
	struct reply reply;
	size_t count = panel_count(run->panel);
	for (;; run->current++) {
		int rc = ask_server(run, run->current, question, &reply, err);
		if (!rc)
			break;
		if (run->current + 1 >= count)
			return rc;
		cli_warn(run->cli, "%s", err_text(err));
	}
	int rc = show(run, run->current, question, &reply, subject, err);
	cert_free(reply.found);
	return rc;
}

static bool same_answer(const struct reply *a, const struct reply *b)
{
	if (a->answer.trusted != b->answer.trusted || a->answer.role_count != b->answer.role_count)
		return false;
	for (size_t i = 0; i < a->answer.role_count; i++)
		if (!memchr(b->answer.role, a->answer.role[i], b->answer.role_count))
			return false;
	return !a->found || (b->found && digest_equal(cert_sha256(a->found), cert_sha256(b->found)));
}

/* All servers should say the same (but for the TTL, which counts down). */
static int ask_every(struct run *run, const struct question *question,
                     const struct subject *subject, struct err *err)
{
	struct reply first = { 0 }, reply;
	struct subject about = *subject;
	const char *first_name = NULL;
	int rc = 0;
	for (size_t i = 0; !rc && i < panel_count(run->panel); i++) {
		if (run->dead[i])
			continue;
		if (ask_server(run, i, question, &reply, err)) {
			run->dead[i] = run->failed = true;
			(void)cli_fail(run->cli, err);
			continue;
		}
		rc = show(run, i, question, &reply, &about, err);
		if (first_name && !same_answer(&first, &reply)) {
			run->no = true;
			cli_warn(run->cli, "%s does not agree with %s", panel_name(run->panel, i), first_name);
		}
		if (reply.found)
			about.out = NULL; /* one copy is enough */
		if (first_name) {
			cert_free(reply.found);
		} else {
			first = reply;
			first_name = panel_name(run->panel, i);
		}
	}
	cert_free(first.found);
	return rc;
}

static int ask(struct run *run, const struct question *question, const struct subject *subject,
               struct err *err)
{
	return run->every ? ask_every(run, question, subject, err)
	                  : ask_in_turn(run, question, subject, err);
}

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
	struct run run;
	struct items items = { 0 };
	struct err err;
	int rc = run_begin(&run, cli, &err);
	if (!rc)
		rc = items_read(&items, cli, &err);
	for (size_t i = 0; !rc && i < items.count; i++) {
		const struct item *item = &items.item[i];
		struct question question = { .cert = item->cert };
		struct subject subject = { .key = "file", .text = item->file, .number = item->number };
		rc = ask(&run, &question, &subject, &err);
	}
	if (rc)
		run.failed = true;
	int code = run_end(&run, true);
	if (rc)
		code = cli_fail(cli, &err);
	items_free(&items);
	run_free(&run);
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
	struct run run;
	struct ask_name name;
	struct err err;
	struct question question = { .name = &name };
	struct subject subject = { .out = cli_option(cli, "out") };
	subject.alone = subject.out && !strcmp(subject.out, "-");
	int rc = run_begin(&run, cli, &err);
	if (!rc)
		rc = read_name(cli, &name, &err);
	if (!rc && subject.alone && cli_json(cli))
		rc = err_set(&err, ERR_USAGE, "--json and --out - both go to standard output");
	if (!rc)
		rc = ask(&run, &question, &subject, &err);
	int code = rc ? cli_fail(cli, &err) : run_end(&run, false);
	run_free(&run);
	return code;
}

/* --- tvsc check */

static int cmd_check(struct cli *cli)
{
	struct run run;
	struct target target;
	struct cert *cert = NULL;
	struct err err;
	int rc = run_begin(&run, cli, &err);
	if (!rc)
		rc = target_parse(cli_arg(cli, 0), HTTPS_PORT, &target, &err);
	if (!rc)
		rc = tlspeer_certificate(&target, clock_monotonic_us() + run.timeout_us, &cert, &err);
	if (!rc) {
		struct question question = { .cert = cert };
		struct subject subject = { .key = "host", .text = target.text };
		rc = ask(&run, &question, &subject, &err);
	}
	int code = rc ? cli_fail(cli, &err) : run_end(&run, false);
	cert_free(cert);
	run_free(&run);
	return code;
}

/* --- the tables */

static const struct cli_option options[] = {
	{ "server", 's', "HOST[:PORT]", true, false, "TVS to ask (default 127.0.0.1:2445); several are tried in order" },
	{ "ca", 0, "FILE", true, false, "certificates: the server's own, or of CAs that issued it" },
	{ "pin", 0, "SHA256", true, false, "SHA-256 of the server's certificate" },
	{ "insecure", 0, NULL, false, false, "ask whoever answers" },
	{ "all", 'a', NULL, false, false, "ask every server; exit 1 where they disagree" },
	{ "device", 0, "NAME", false, false, "device name in the requests (default " DEFAULT_DEVICE ")" },
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
	static const struct cli_program program = {
		.name = "tvsc",
		.summary = "asks a Trust Verification Service what a phone would ask",
		.options = options,
		.commands = commands,
	};
	struct err err;
	if (clock_init(&err)) {
		fprintf(stderr, "tvsc: %s\n", err_text(&err));
		return EXIT_FAILED;
	}
	gnutls_global_set_time_function(now_for_gnutls);
	return cli_main(&program, argc, argv, NULL);
}
