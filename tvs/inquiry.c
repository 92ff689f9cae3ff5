#include "config.h"

#include "tvs/inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/conf.h"
#include "truststore/base/digest.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"

enum { DEFAULT_TIMEOUT = 10, MAX_TIMEOUT = 3600 };

struct inquiry {
	struct cli *cli;
	struct client_setup *setup;
	struct panel *panel;
	int64_t timeout_us;
	bool every;           /* --all */
	const char *out;      /* where a certificate goes that a query finds; NULL: nowhere */
	bool alone;           /* that is standard output, where nothing else goes then */
	size_t current;       /* without --all: the server that answers */
	bool dead[PANEL_MAX]; /* with --all: gave no answer once */
	json_t *list;         /* the verdicts, with --json */
	bool no, failed;      /* what the exit code says */
};

/* --- setting up */

static int choose_trust(struct inquiry *self, struct err *err)
{
	struct cli *cli = self->cli;
	int ways = cli_has(cli, "ca") + cli_has(cli, "pin") + cli_has(cli, "insecure");
	const char *value;
	int rc = 0;
	if (ways != 1)
		return err_set(err, ERR_USAGE, "%s --ca FILE, --pin SHA256 or --insecure says which server is "
		               "the right one", ways ? "only one of" : "one of");
	for (int i = 0; !rc && (value = cli_option_at(cli, "ca", i)); i++)
		rc = client_setup_ca(self->setup, value, err);
	for (int i = 0; !rc && (value = cli_option_at(cli, "pin", i)); i++)
		rc = client_setup_pin(self->setup, value, err);
	if (cli_has(cli, "insecure"))
		client_setup_insecure(self->setup);
	return rc;
}

static int choose_tls(struct inquiry *self, struct err *err)
{
	const char *version = cli_option(self->cli, "tls");
	const char *cert = cli_option(self->cli, "cert"), *key = cli_option(self->cli, "key");
	if (!cert != !key)
		return err_set(err, ERR_USAGE, "--cert and --key go together");
	int rc = version ? client_setup_tls(self->setup, version, err) : 0;
	if (!rc && cert)
		rc = client_setup_own(self->setup, cert, key, err);
	return rc;
}

static int choose_servers(struct inquiry *self, struct err *err)
{
	const char *device = cli_option(self->cli, "device"), *server;
	if (!device)
		device = INQUIRY_DEVICE;
	if (!*device || strlen(device) > ASK_MAX_DEVICE)
		return err_set(err, ERR_USAGE, "a device name has 1 to %d bytes", ASK_MAX_DEVICE);
	int rc = panel_new(self->setup, device, self->timeout_us, &self->panel, err);
	for (int i = 0; !rc && (server = cli_option_at(self->cli, "server", i)); i++)
		rc = panel_add(self->panel, server, err);
	if (!rc && panel_count(self->panel) == 0)
		rc = panel_add(self->panel, INQUIRY_SERVER, err);
	return rc;
}

static int choose_timeout(struct inquiry *self, struct err *err)
{
	const char *text = cli_option(self->cli, "timeout");
	int64_t seconds = DEFAULT_TIMEOUT;
	if (text && seconds_parse(text, &seconds, err))
		return err_prefix(err, "--timeout");
	if (seconds < 1 || seconds > MAX_TIMEOUT)
		return err_set(err, ERR_USAGE, "--timeout goes from 1 to %d seconds", MAX_TIMEOUT);
	self->timeout_us = seconds * 1000000;
	return 0;
}

/* tvsc needs nothing of the configuration, but a named file that is wrong is an error as with every program. */
static int check_conf(const struct inquiry *self, struct err *err)
{
	struct conf *conf;
	const char *file = cli_option(self->cli, "config");
	int rc = file ? conf_load(file, &conf, err) : 0;
	if (file && !rc)
		conf_free(conf);
	return rc;
}

/* Where the certificate goes that a query finds. */
static int choose_output(struct inquiry *self, struct err *err)
{
	self->out = cli_option(self->cli, "out");
	self->alone = self->out && !strcmp(self->out, "-");
	if (self->alone && cli_json(self->cli))
		return err_set(err, ERR_USAGE, "--json and --out - both go to standard output");
	if (cli_json(self->cli) && !(self->list = json_array()))
		return err_set(err, ERR_MEMORY, "out of memory");
	return 0;
}

int inquiry_new(struct cli *cli, struct inquiry **out, struct err *err)
{
	struct inquiry *self = *out = calloc(1, sizeof *self);
	if (!self)
		return err_set(err, ERR_MEMORY, "out of memory");
	self->cli = cli;
	self->every = cli_has(cli, "all");
	int rc = check_conf(self, err);
	if (!rc)
		rc = client_setup_new(&self->setup, err);
	if (!rc)
		rc = choose_trust(self, err);
	if (!rc)
		rc = choose_tls(self, err);
	if (!rc)
		rc = choose_timeout(self, err);
	if (!rc)
		rc = choose_servers(self, err);
	return rc ? rc : choose_output(self, err);
}

void inquiry_free(struct inquiry *self)
{
	if (!self)
		return;
	panel_free(self->panel);
	client_setup_free(self->setup);
	json_decref(self->list);
	free(self);
}

int64_t inquiry_timeout_us(const struct inquiry *self)
{
	return self->timeout_us;
}

/* --- what is done with an answer */

/* Writes a certificate that a query found; one copy is enough. */
static int keep_found(struct inquiry *self, const struct cert *cert, struct err *err)
{
	size_t der_len, len;
	char *pem;
	const uint8_t *der = cert_der(cert, &der_len);
	int rc = cert_pem(der, der_len, &pem, &len);
	if (rc)
		return err_set(err, rc, "the certificate cannot be written as PEM");
	rc = outfile_write(self->out, OUTFILE_BY_UMASK, cli_has(self->cli, "overwrite"), pem, len, err);
	self->out = NULL;
	free(pem);
	return rc;
}

static int take(struct inquiry *self, size_t server, const struct question *question,
                const struct reply *reply, const struct about *about, struct err *err)
{
	const struct shown shown = {
		.panel = self->panel, .server = server, .answer = &reply->answer,
		.cert = question->cert ? question->cert : reply->found,
		.about = about, .verbose = cli_verbose(self->cli),
	};
	if (!reply->answer.trusted)
		self->no = true;
	if (self->list && json_array_append_new(self->list, show_json(&shown)))
		return err_set(err, ERR_MEMORY, "out of memory");
	if (!self->list && !cli_quiet(self->cli) && !self->alone)
		show_text(&shown);
	return reply->found && self->out ? keep_found(self, reply->found, err) : 0;
}

/* --- asking */

/* The service's own certificate is not judged by its date, as little as phones can; but it is worth a word. */
static void warn_of_expired(const struct inquiry *self, size_t server)
{
	const struct client *client = panel_client(self->panel, server);
	char when[CLOCK_TEXT_SIZE];
	if (client && cert_not_after(client_certificate(client)) < clock_now())
		cli_warn(self->cli, "%s: the service's own certificate expired on %s",
		         panel_name(self->panel, server),
		         clock_format(cert_not_after(client_certificate(client)), when));
}

static int ask_server(struct inquiry *self, size_t server, const struct question *question,
                      struct reply *reply, struct err *err)
{
	bool fresh = !panel_client(self->panel, server);
	int rc = panel_ask(self->panel, server, question, reply, err);
	if (!rc && fresh)
		warn_of_expired(self, server);
	return rc;
}

/* As a phone does: the next server when one does not answer. */
static int ask_in_turn(struct inquiry *self, const struct question *question,
                       const struct about *about, struct err *err)
{
	struct reply reply;
	size_t count = panel_count(self->panel);
	for (;; self->current++) {
		int rc = ask_server(self, self->current, question, &reply, err);
		if (!rc)
			break;
		if (self->current + 1 >= count)
			return rc;
		cli_warn(self->cli, "%s", err_text(err));
	}
	int rc = take(self, self->current, question, &reply, about, err);
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
static int ask_every(struct inquiry *self, const struct question *question,
                     const struct about *about, struct err *err)
{
	struct reply first = { 0 }, reply;
	const char *first_name = NULL;
	int rc = 0;
	for (size_t i = 0; !rc && i < panel_count(self->panel); i++) {
		if (self->dead[i])
			continue;
		if (ask_server(self, i, question, &reply, err)) {
			self->dead[i] = self->failed = true;
			(void)cli_fail(self->cli, err);
			continue;
		}
		rc = take(self, i, question, &reply, about, err);
		if (first_name && !same_answer(&first, &reply)) {
			self->no = true;
			cli_warn(self->cli, "%s does not agree with %s", panel_name(self->panel, i), first_name);
		}
		if (first_name) {
			cert_free(reply.found);
		} else {
			first = reply;
			first_name = panel_name(self->panel, i);
		}
	}
	cert_free(first.found);
	return rc;
}

int inquiry_ask(struct inquiry *self, const struct question *question, const struct about *about,
                struct err *err)
{
	return self->every ? ask_every(self, question, about, err)
	                   : ask_in_turn(self, question, about, err);
}

int inquiry_end(struct inquiry *self, bool several)
{
	struct err err;
	int rc = 0;
	if (!self)
		return EXIT_FAILED;
	if (self->list && (several || self->every))
		rc = out_json(json_incref(self->list), &err);
	else if (self->list && json_array_size(self->list) > 0)
		rc = out_json(json_incref(json_array_get(self->list, 0)), &err);
	if (rc)
		return cli_fail(self->cli, &err);
	return self->failed ? EXIT_FAILED : self->no ? EXIT_NO : EXIT_YES;
}
