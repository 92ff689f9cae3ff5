/* ocspcheck watch: stays, checks what gets due, and what is added within a second. */
#include "config.h"

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "ocsp/check.h"
#include "ocsp/cmd.h"
#include "ocsp/recheck.h"
#include "ocsp/run.h"
#include "truststore/base/clock.h"
#include "truststore/base/log.h"
#include "truststore/trust.h"

/* Seconds: how often the store's revision is looked at, and the clock for whether a check is due. */
static const double revision_period = 0.4, due_period = RECHECK_SOONEST;
/* Seconds: the longest until all certificates are looked at again, since other programs make checks, too. */
enum { WATCH_SCAN = 300 };

struct watch {
	struct cmd cmd;
	struct log *log;
	struct ev_loop *loop;
	struct checker *checker;
	struct run *run;
	uint64_t revision;
	int64_t scanned; /* when all certificates were last looked at */
	int64_t next;    /* when the first of them will be due */
	ev_timer look, due;
	ev_signal stop[2], reload;
	bool reload_wanted;
	struct err failure;
};

/* --- what is told */

static void on_found(const struct run_finding *finding, void *arg)
{
	struct watch *w = arg;
	const struct outcome *outcome = finding->outcome;
	char hex[DIGEST_HEX_SIZE], subject[256], source[OUTCOME_URL_SIZE];
	enum log_level level = !run_finding_is_news(finding)           ? LOG_LEVEL_DEBUG
	                       : outcome->status == REVOCATION_REVOKED ? LOG_LEVEL_NOTICE
	                                                               : LOG_LEVEL_WARNING;
	if (finding->record && finding->record->next_check < w->next)
		w->next = finding->record->next_check;
	log_escape(subject, sizeof subject, finding->subject, strlen(finding->subject));
	log_escape(source, sizeof source, outcome->source, strlen(outcome->source));
	log_line(w->log, level, "checked sha256=%s status=%s error=%s source=%s subject=%s",
	         digest_hex(&finding->cert, hex), revocation_status_name(outcome->status),
	         fault_word(outcome->fault), source, subject);
}

static void on_failed(const struct err *err, size_t lost, void *arg)
{
	struct watch *w = arg;
	w->next = 0;
	log_line(w->log, LOG_LEVEL_ERROR, "results could not be written, they are asked for again results=%zu: %s",
	         lost, err_text(err));
}

/* --- what is due, what is new */

static int read_revision(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	*(uint64_t *)arg = txn_revision(txn);
	return ERR_OK;
}

static void begin_added(struct watch *w, int code, const struct err *err)
{
	if (code) {
		w->next = 0; /* looked at again soon */
		log_line(w->log, LOG_LEVEL_ERROR, "the store cannot be read: %s", err_text(err));
	}
	run_start(w->run);
}

static void add_due(struct watch *w)
{
	struct err err;
	w->scanned = clock_now();
	w->next = CLOCK_NEVER;
	begin_added(w, run_add_due(w->run, false, &w->next, &err), &err);
}

static void add_new(struct watch *w, uint64_t since)
{
	struct err err;
	begin_added(w, run_add_new(w->run, since, &w->next, &err), &err);
}

static void on_due(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	struct watch *w = timer->data;
	int64_t now = clock_now();
	if (now >= w->next || now < w->scanned || now - w->scanned >= WATCH_SCAN)
		add_due(w);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	struct watch *w = timer->data;
	uint64_t revision, since = w->revision;
	if (store_read(w->cmd.store, read_revision, &revision, NULL) || revision == since)
		return;
	w->revision = revision;
	if (revision > since)
		add_new(w, since);
	else
		add_due(w); /* another store has taken its place */
}

/* --- begin, reload, end */

static int begin(struct watch *w, struct err *err)
{
	const struct run_events events = { on_found, NULL, on_failed, w };
	w->checker = checker_new(w->loop, w->cmd.store, &w->cmd.settings, false);
	if (w->checker)
		w->run = run_new(w->loop, w->cmd.store, w->checker, &w->cmd.settings, &events);
	if (!w->run)
		return err_set(err, ERR_MEMORY, "no memory");
	int code = store_read(w->cmd.store, read_revision, &w->revision, err);
	if (!code)
		add_due(w);
	return code;
}

static void end(struct watch *w)
{
	run_free(w->run);
	checker_free(w->checker);
	w->run = NULL;
	w->checker = NULL;
}

static void on_stop(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)signal;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_reload(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)events;
	struct watch *w = signal->data;
	w->reload_wanted = true;
	ev_break(loop, EVBREAK_ALL);
}

/* The new configuration takes the place of the old one only where all of it is good. */
static int reload(struct watch *w, struct err *err)
{
	struct cmd new = w->cmd;
	w->reload_wanted = false;
	if (cmd_read_conf(w->cmd.cli, &new.conf, &new.settings, err)) {
		log_line(w->log, LOG_LEVEL_ERROR, "reload failed, nothing was changed: %s", err_text(err));
		ocsp_settings_free(&new.settings);
		conf_free(new.conf);
		return ERR_OK;
	}
	struct cmd old = w->cmd;
	end(w);
	w->cmd = new;
	old.store = NULL; /* the same one goes on */
	cmd_close(&old);
	log_line(w->log, LOG_LEVEL_NOTICE, "reloaded");
	return begin(w, err);
}

static void start_watchers(struct watch *w)
{
	ev_timer_init(&w->look, on_look, revision_period, revision_period);
	ev_timer_init(&w->due, on_due, due_period, due_period);
	w->look.data = w->due.data = w;
	ev_timer_start(w->loop, &w->look);
	ev_timer_start(w->loop, &w->due);
	ev_signal_init(&w->stop[0], on_stop, SIGTERM);
	ev_signal_init(&w->stop[1], on_stop, SIGINT);
	ev_signal_init(&w->reload, on_reload, SIGHUP);
	w->reload.data = w;
	ev_signal_start(w->loop, &w->stop[0]);
	ev_signal_start(w->loop, &w->stop[1]);
	ev_signal_start(w->loop, &w->reload);
}

static int serve(struct watch *w, struct err *err)
{
	int code = begin(w, err);
	if (code)
		return code;
	start_watchers(w);
	log_line(w->log, LOG_LEVEL_NOTICE, "watching store=%s", store_path(w->cmd.store));
#ifdef HAVE_SYSTEMD
	sd_notify(0, "READY=1");
#endif
	do {
		ev_run(w->loop, 0);
		if (w->reload_wanted)
			code = reload(w, err);
		else
			break;
	} while (!code);
	log_line(w->log, LOG_LEVEL_NOTICE, "stopped");
	return code;
}

int cmd_watch(struct cli *cli)
{
	struct watch w = { .revision = 0 };
	struct err err;
	enum log_level level = cli_verbose(cli) ? LOG_LEVEL_DEBUG : cli_quiet(cli) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	int code = cmd_open(cli, &w.cmd, &err);
	if (!code && !w.cmd.settings.enable) {
		cli_warn(cli, "[ocsp] enable = no: there is nothing to watch");
		cmd_close(&w.cmd);
		return EXIT_YES;
	}
	if (!code)
		code = cmd_open_store(&w.cmd, STORE_WRITE, &err);
	if (!code) {
		w.log = log_new("ocspcheck", LOG_TO_STDERR, level);
		w.loop = ev_loop_new(EVFLAG_AUTO);
		code = w.loop ? serve(&w, &err) : err_set(&err, ERR_MEMORY, "no memory");
		end(&w);
		if (w.loop)
			ev_loop_destroy(w.loop);
		log_free(w.log);
	}
	cmd_close(&w.cmd);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}
