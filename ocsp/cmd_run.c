/* ocspcheck run: what is due, once. */
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ocsp/check.h"
#include "ocsp/cmd.h"
#include "ocsp/run.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/trust.h"

struct running {
	struct cmd cmd;
	struct ev_loop *loop;
	struct run *run;
	size_t total, count[REVOCATION_STATUS_COUNT];
	json_t *list;      /* with --json */
	bool idle, stopped;
	struct err failure; /* results that could not be written */
};

static void print_finding(const struct run_finding *finding)
{
	const struct outcome *outcome = finding->outcome;
	char hash[CMD_SHORT_HASH], when[CLOCK_TEXT_SIZE];
	cmd_short_hash(&finding->cert, hash);
	if (outcome->status == REVOCATION_REVOKED)
		out_printf("%s revoked since %s (%s): %s\n", hash,
		           outcome->revoked_at ? clock_format(outcome->revoked_at, when) : "some time",
		           outcome_reason_name(outcome->reason), finding->subject);
	else if (outcome->fault)
		out_printf("%s %s (%s%s%s): %s\n", hash, revocation_status_name(outcome->status),
		           fault_word(outcome->fault), *outcome->source ? " at " : "", outcome->source,
		           finding->subject);
	else
		out_printf("%s %s: %s\n", hash, revocation_status_name(outcome->status), finding->subject);
}

/* One of --all, --cert and --since was given: then neither due times nor pauses count. */
static int by_hand(const struct cli *cli)
{
	return cli_has(cli, "all") + cli_has(cli, "cert") + cli_has(cli, "since");
}

static bool has_line(const struct running *r, const struct run_finding *finding)
{
	const struct cli *cli = r->cmd.cli;
	if (cli_quiet(cli))
		return false;
	if (cli_verbose(cli))
		return true;
	return by_hand(cli) ? finding->outcome->status != REVOCATION_GOOD : run_finding_is_news(finding);
}

static void on_found(const struct run_finding *finding, void *arg)
{
	struct running *r = arg;
	char hex[DIGEST_HEX_SIZE];
	enum revocation_status status = finding->outcome->status;
	r->count[status]++;
	r->total++;
	cli_progress(r->cmd.cli, "checking", r->total, r->total + run_waiting(r->run));
	if (r->list) {
		json_t *object = json_object();
		json_object_set_new(object, "sha256", json_string(digest_hex(&finding->cert, hex)));
		json_object_set_new(object, "subject", out_text(finding->subject, strlen(finding->subject)));
		cmd_json_outcome(object, finding->outcome);
		json_array_append_new(r->list, object);
	} else if (has_line(r, finding)) {
		cli_progress_end(r->cmd.cli);
		print_finding(finding);
	}
}

static void on_idle(void *arg)
{
	struct running *r = arg;
	r->idle = true;
	ev_break(r->loop, EVBREAK_ALL);
}

static void on_failed(const struct err *err, size_t lost, void *arg)
{
	struct running *r = arg;
	r->failure = *err;
	err_prefix(&r->failure, "%zu results are lost", lost);
}

static void on_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)events;
	struct running *r = signal->data;
	r->stopped = true;
	ev_break(loop, EVBREAK_ALL);
}

struct resolving {
	const char *hash;
	struct digest id;
};

static int resolve(struct txn *txn, void *arg, struct err *err)
{
	struct resolving *r = arg;
	struct digest_prefix prefix;
	int code = digest_prefix_parse(r->hash, &prefix, err);
	return code ? code : trust_resolve(txn, &prefix, &r->id, err);
}

static int add_named(struct running *r, struct err *err)
{
	struct resolving one;
	for (int i = 0; (one.hash = cli_option_at(r->cmd.cli, "cert", i)); i++) {
		int code = store_read(r->cmd.store, resolve, &one, err);
		if (!code)
			code = run_add(r->run, &one.id, err);
		if (code == ERR_NOT_FOUND && !*err->text)
			err_set(err, code, "%s is not stored", one.hash);
		if (code)
			return code;
	}
	return ERR_OK;
}

/* What the change log says was added after a revision: `truststore add` starts us so. */
struct since {
	struct digest *id;
	size_t count, room;
	uint64_t revision;
};

static int collect(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	struct since *s = arg;
	(void)revision;
	if (!run_change_adds(change))
		return ERR_OK;
	if (s->count == s->room) {
		size_t room = 2 * s->room + 64;
		struct digest *id = realloc(s->id, room * sizeof *id);
		if (!id)
			return err_set(err, ERR_MEMORY, "no memory");
		s->id = id;
		s->room = room;
	}
	s->id[s->count++] = change->cert;
	return ERR_OK;
}

static int collect_since(struct txn *txn, void *arg, struct err *err)
{
	struct since *s = arg;
	return change_each(txn, s->revision + 1, collect, s, err);
}

static int by_digest(const void *a, const void *b)
{
	return digest_compare(a, b);
}

/* One that was added to several stores has a line for each. */
static int add_each_once(struct running *r, struct since *s, struct err *err)
{
	int code = ERR_OK;
	if (s->count)
		qsort(s->id, s->count, sizeof *s->id, by_digest);
	for (size_t i = 0; i < s->count && !code; i++) {
		if (i && digest_equal(&s->id[i], &s->id[i - 1]))
			continue;
		code = run_add(r->run, &s->id[i], err);
		if (code == ERR_NOT_FOUND)
			code = ERR_OK; /* it has left the store since */
	}
	return code;
}

static int add_since(struct running *r, struct err *err)
{
	struct since s = { .id = NULL };
	const char *text = cli_option(r->cmd.cli, "since");
	char *end;
	errno = 0;
	s.revision = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || s.revision == UINT64_MAX)
		return err_set(err, ERR_USAGE, "--since %s: a revision is a number", text);
	int code = store_read(r->cmd.store, collect_since, &s, err);
	if (!code)
		code = add_each_once(r, &s, err);
	free(s.id);
	return code;
}

static int add_all(struct running *r, struct err *err)
{
	const struct cli *cli = r->cmd.cli;
	if (cli_has(cli, "cert"))
		return add_named(r, err);
	if (cli_has(cli, "since"))
		return add_since(r, err);
	return run_add_due(r->run, cli_has(cli, "all"), NULL, err);
}

static int go(struct running *r, struct checker *checker, struct err *err)
{
	const struct run_events events = { on_found, on_idle, on_failed, r };
	ev_signal stop[2];
	r->run = run_new(r->loop, r->cmd.store, checker, &r->cmd.settings, &events);
	if (!r->run)
		return err_set(err, ERR_MEMORY, "no memory");
	int code = add_all(r, err);
	for (int i = 0; i < 2; i++) {
		ev_signal_init(&stop[i], on_signal, i ? SIGINT : SIGTERM);
		stop[i].data = r;
		ev_signal_start(r->loop, &stop[i]);
	}
	if (!code)
		run_start(r->run);
	if (!code && !r->idle)
		ev_run(r->loop, 0);
	run_free(r->run);
	for (int i = 0; i < 2; i++)
		ev_signal_stop(r->loop, &stop[i]);
	cli_progress_end(r->cmd.cli);
	return code;
}

static json_t *counts(const struct running *r)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "checked", (json_int_t)r->total,
	                 "good", (json_int_t)r->count[REVOCATION_GOOD],
	                 "revoked", (json_int_t)r->count[REVOCATION_REVOKED],
	                 "unknown", (json_int_t)r->count[REVOCATION_UNKNOWN],
	                 "unreachable", (json_int_t)r->count[REVOCATION_UNREACHABLE],
	                 "no_source", (json_int_t)r->count[REVOCATION_NO_SOURCE]);
}

static int print_result(struct running *r, struct err *err)
{
	if (r->list) {
		json_t *object = counts(r);
		json_object_set(object, "certificates", r->list);
		return out_json(object, err);
	}
	if (!cli_quiet(r->cmd.cli))
		out_printf("%zu checked: %zu good, %zu revoked, %zu unknown, %zu unreachable, %zu without a source\n",
		           r->total, r->count[REVOCATION_GOOD], r->count[REVOCATION_REVOKED],
		           r->count[REVOCATION_UNKNOWN], r->count[REVOCATION_UNREACHABLE],
		           r->count[REVOCATION_NO_SOURCE]);
	return ERR_OK;
}

static int run_checks(struct running *r, struct err *err)
{
	int code = cmd_open_store(&r->cmd, STORE_WRITE, err);
	if (code)
		return code;
	r->loop = ev_loop_new(EVFLAG_AUTO);
	struct checker *checker = r->loop ? checker_new(r->loop, r->cmd.store, &r->cmd.settings, by_hand(r->cmd.cli)) : NULL;
	code = checker ? go(r, checker, err) : err_set(err, ERR_MEMORY, "no memory");
	checker_free(checker);
	if (r->loop)
		ev_loop_destroy(r->loop);
	if (!code)
		code = print_result(r, err);
	if (!code && r->failure.code)
		*err = r->failure;
	else if (!code && r->stopped)
		err_set(err, ERR_STOPPED, "stopped by a signal with certificates left to check");
	else
		return code;
	return err->code;
}

int cmd_run(struct cli *cli)
{
	struct running r = { .stopped = false };
	struct err err;
	int code = cmd_open(cli, &r.cmd, &err);
	if (cli_json(cli))
		r.list = json_array();
	if (!code && by_hand(cli) > 1)
		code = err_set(&err, ERR_USAGE, "--all, --cert and --since exclude each other");
	if (!code && !r.cmd.settings.enable && !by_hand(cli)) {
		cli_warn(cli, "[ocsp] enable = no: nothing is checked (run --all does it all the same)");
		if (r.list)
			code = print_result(&r, &err);
	} else if (!code) {
		code = run_checks(&r, &err);
	}
	json_decref(r.list);
	cmd_close(&r.cmd);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}
