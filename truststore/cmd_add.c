/* add: files of certificates into a store, all or nothing. */
#include "config.h"

#include "truststore/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "truststore/addition.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/input.h"
#include "truststore/revocation.h"
#include "truststore/trust.h"

const struct cli_option cmd_add_options[] = {
	{ "label", 0, "TEXT", false, false, "what the certificates are, for people" },
	{ "owner", 0, "MAIL", false, false, "who is told when they expire" },
	{ "ttl", 0, "SECONDS", false, false, "how long phones may remember them (default: the store's)" },
	{ "role", 0, "ROLE", true, true, "fewer roles than the store gives" },
	{ "keep-old", 0, "DURATION", false, false,
	  "how long an older one of the same subject stays (default: not at all)" },
	{ "again", 0, NULL, false, false, "also what was removed from this store before" },
	{ "dry-run", 0, NULL, false, false, "say what would be done, and change nothing" },
	{ "no-check", 0, NULL, false, false, "with [ocsp] enable: do not ask now whether they are revoked" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct adding {
	struct session *session;
	FILE **inputs;
	int input_count;
	char store[RECORD_NAME_MAX + 1];
	bool many;   /* more than one certificate in all */
	bool dry_run;
	struct trust_add how;
	struct addition addition;
	uint64_t revision; /* before anything was added */
};

static void inputs_close(struct adding *adding)
{
	for (int i = 0; i < adding->input_count; i++)
		input_close(adding->inputs[i]);
	free(adding->inputs);
}

static int inputs_open(struct adding *adding, const struct cli *cli, struct err *err)
{
	int count = cli_argc(cli) - 1, code = ERR_OK;
	adding->inputs = calloc((size_t)count, sizeof *adding->inputs);
	if (!adding->inputs)
		return err_set(err, ERR_MEMORY, "no memory for %d files", count);
	for (int i = 0; !code && i < count; i++) {
		code = input_open(cli_arg(cli, i + 1), CERT_MAX_FILE, &adding->inputs[i], err);
		adding->input_count++;
	}
	return code;
}

static int count_two(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	int *seen = arg;
	(void)place;
	(void)err;
	cert_free(cert);
	return ++*seen == 2 ? ERR_STOPPED : ERR_OK;
}

/* What is old is refused when it comes alone, and skipped among many. */
static int count_inputs(struct adding *adding, struct err *err)
{
	int seen = 0, code = ERR_OK;
	for (int i = 0; !code && i < adding->input_count; i++) {
		rewind(adding->inputs[i]);
		code = cert_read_stream(adding->inputs[i], cli_arg(adding->session->cli, i + 1), count_two, &seen, err);
	}
	adding->many = seen > 1;
	return code == ERR_STOPPED ? ERR_OK : code;
}

static int add_one(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	return addition_take(arg, cert, place, err);
}

/* May run more than once: everything starts anew. */
static int add_work(struct txn *txn, void *arg, struct err *err)
{
	struct adding *adding = arg;
	int code = trust_store_name(txn, cli_arg(adding->session->cli, 0), adding->store, err);
	adding->revision = txn_revision(txn);
	addition_begin(&adding->addition, txn, &adding->how);
	for (int i = 0; !code && i < adding->input_count; i++) {
		rewind(adding->inputs[i]);
		code = cert_read_stream(adding->inputs[i], cli_arg(adding->session->cli, i + 1), add_one, &adding->addition, err);
		if (!code)
			code = addition_end_file(&adding->addition, err);
	}
	return !code && adding->dry_run ? ERR_STOPPED : code;
}

static int parse_options(const struct cli *cli, struct adding *adding, struct err *err)
{
	struct trust_add *how = &adding->how;
	int64_t ttl = 0;
	how->store = adding->store;
	how->until = CLOCK_NEVER;
	how->label = cli_option(cli, "label");
	how->again = cli_has(cli, "again");
	adding->dry_run = cli_has(cli, "dry-run");
	int code = cmd_roles(cli, &how->roles, err);
	if (!code)
		code = cmd_owner(cli, &how->owner, err);
	if (!code && cli_has(cli, "role") && !how->roles)
		code = err_set(err, ERR_USAGE, "--role none: a store that gives no role is what that needs");
	if (!code)
		code = cmd_seconds(cli, "ttl", 1, CMD_MAX_TTL, 0, &ttl, err);
	if (!code)
		code = cmd_duration(cli, "keep-old", 0, &how->keep_old, err);
	how->ttl = (uint32_t)ttl;
	return code;
}

static void progress(void *arg, size_t done)
{
	cli_progress(arg, "adding certificates:", done, 0);
}

static int add_all(struct adding *adding, struct err *err)
{
	struct session *session = adding->session;
	int code = inputs_open(adding, session->cli, err);
	if (!code)
		code = count_inputs(adding, err);
	if (code)
		return code;
	adding->how.skip = adding->many ? TRUST_SKIP_MANY : TRUST_SKIP_NONE;
	adding->how.allow_expired = session->policy.allow_expired;
	adding->how.security = &session->security;
	adding->addition.progress = progress;
	adding->addition.progress_arg = session->cli;
	code = store_write(session->store, add_work, adding, err);
	cli_progress_end(session->cli);
	return code;
}

static void warn(const char *sentence, void *arg)
{
	cli_warn(arg, "%s", sentence);
}

static int report(const struct adding *adding, struct cli *cli, struct err *err)
{
	const size_t *outcome = adding->addition.outcome;
	bool new = !adding->dry_run && outcome[TRUST_ADDED] + outcome[TRUST_REPLACED];
	json_t *found = new ? revocation_check(adding->session, adding->revision) : NULL;
	int code = ERR_OK;
	if (cli_json(cli))
		code = addition_json(&adding->addition, adding->dry_run, found, err);
	else if (!cli_quiet(cli))
		addition_print(&adding->addition, adding->how.store, adding->dry_run);
	addition_warnings(&adding->addition, warn, cli);
	if (found && !cli_json(cli))
		revocation_print(cli, found);
	json_decref(found);
	return code;
}

int cmd_add(struct cli *cli)
{
	struct session session;
	struct adding adding = { .session = &session };
	struct err err;
	int rc = parse_options(cli, &adding, &err);
	int code = rc ? cli_fail(cli, &err) : cmd_open(cli, STORE_WRITE, &session);
	if (rc)
		return code;
	if (!code && (add_all(&adding, &err) || report(&adding, cli, &err)))
		code = cli_fail(cli, &err);
	inputs_close(&adding);
	addition_deinit(&adding.addition);
	cmd_close(&session);
	return code;
}
