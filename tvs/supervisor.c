#include "config.h"

#include "tvs/supervisor.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truststore/base/cli.h"
#include "truststore/base/clock.h"
#include "tvs/child.h"
#include "tvs/notify.h"
#include "tvs/report.h"
#include "tvs/rights.h"

enum {
	STOP_SECONDS = 5,   /* from SIGTERM to the end */
	METRICS_SECONDS = 15,
	QUICK_SECONDS = 5,  /* a worker that dies so soon is replaced more slowly each time */
	BACKOFF_STEPS = 7,
	OTHER_DESCRIPTORS = 32, /* of a worker, beside its connections */
	LISTENER_TEXT = 80,
	SIGNALS = 4
};
static const double backoff_first = 0.1, backoff_last = 10.;

struct supervisor {
	const struct supervisor_config *config;
	struct log *log;
	struct ev_loop *loop;
	struct limits *limits;
	struct child_list children;
	struct generation *current, *next; /* `next`: being tried or started */
	unsigned current_number, next_number, numbers;
	bool next_tried;      /* the probe was content, the workers are started */
	bool hangup;          /* SIGHUP came while `next` was there */
	const char *next_what; /* what `next` is for */
	uint64_t next_own;    /* credentials_mark that `next` is for; 0: for something else */
	uint64_t refused_own; /* the last one that did not work */
	ev_signal signal[SIGNALS];
	ev_timer tick, metrics, retry, deadline, end;
	unsigned quick_deaths;
	bool stopping;
	int exit_code;
	bool metrics_failed;
	uint64_t restarts, reloads, reloads_failed;
	int64_t started;
};

static void on_channel(struct ev_loop *loop, ev_io *watcher, int events);
static void write_metrics(struct supervisor *self);

/* --- starting processes */

static int start_child(struct supervisor *self, enum child_role role, struct generation *generation,
                       unsigned number, struct err *err)
{
	struct child *child;
	const struct child_start start = {
		.role = role, .loop = self->loop, .limits = self->limits, .others = &self->children,
		.signals = self->signal, .signal_count = SIGNALS,
		.generation = generation, .number = number,
		.other = generation == self->next ? self->current : self->next,
		.level = self->config->level, .on_channel = on_channel,
	};
	log_flush(self->log);
	return child_fork(&start, &child, err);
}

/* Starts as many workers as are missing. */
static int start_workers(struct supervisor *self, struct generation *generation, unsigned number,
                         struct err *err)
{
	unsigned n = child_count(&self->children, number, false);
	int code = ERR_OK;
	for (; n < generation->settings->workers && code == ERR_OK; n++)
		code = start_child(self, CHILD_WORKER, generation, number, err);
	return code;
}

static void retry_later(struct supervisor *self)
{
	unsigned steps = self->quick_deaths < BACKOFF_STEPS ? self->quick_deaths : BACKOFF_STEPS;
	double delay = backoff_first * (1u << steps);
	if (ev_is_active(&self->retry))
		return;
	ev_timer_set(&self->retry, delay < backoff_last ? delay : backoff_last, 0.);
	ev_timer_start(self->loop, &self->retry);
}

static void replace_workers(struct supervisor *self)
{
	struct err err;
	if (self->stopping || !self->current || ev_is_active(&self->retry))
		return;
	if (start_workers(self, self->current, self->current_number, &err) != ERR_OK) {
		log_line(self->log, LOG_LEVEL_ERROR, "cannot replace a worker: %s", err_text(&err));
		self->quick_deaths++;
		retry_later(self);
	}
}

static void on_retry(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	replace_workers(watcher->data);
}

/* --- one generation after the other */

static void tell_generation(struct supervisor *self, unsigned number, enum worker_message message)
{
	struct child *child;
	LIST_FOREACH(child, &self->children, link)
		if (child->generation == number && !child->told)
			child_tell(child, message);
}

static void stop(struct supervisor *self, int exit_code)
{
	struct child *child;
	if (self->stopping)
		return;
	self->stopping = true;
	self->exit_code = exit_code;
	notify_stopping();
	write_metrics(self);
	ev_timer_stop(self->loop, &self->retry);
	ev_timer_stop(self->loop, &self->deadline);
	/* Phones shall try their next server now, not when the last worker is gone. */
	if (self->next)
		listeners_shut(&self->next->listeners);
	if (self->current)
		listeners_shut(&self->current->listeners);
	LIST_FOREACH(child, &self->children, link)
		child_tell(child, WORKER_LEAVE);
	generation_drop(self->next, self->current);
	generation_drop(self->current, NULL);
	self->next = self->current = NULL;
	ev_timer_start(self->loop, &self->end);
	if (LIST_EMPTY(&self->children))
		ev_break(self->loop, EVBREAK_ALL);
}

static void on_end(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct supervisor *self = watcher->data;
	struct child *child;
	(void)loop;
	(void)events;
	LIST_FOREACH(child, &self->children, link) {
		log_line(self->log, LOG_LEVEL_WARNING, "worker killed: it does not leave pid=%d", (int)child->pid);
		kill(child->pid, SIGKILL);
	}
}

static void ready(const struct supervisor *self)
{
	char status[64];
	snprintf(status, sizeof status, "serving with %u workers", self->current->settings->workers);
	notify_ready(status);
}

static void reload(struct supervisor *self);

static void next_done(struct supervisor *self)
{
	self->next = NULL;
	ev_timer_stop(self->loop, &self->deadline);
	if (self->hangup && !self->stopping)
		reload(self);
}

/* The next generation does not work: nothing changes. */
static void abandon(struct supervisor *self, const char *why)
{
	tell_generation(self, self->next_number, WORKER_LEAVE);
	if (!self->current) {
		log_line(self->log, LOG_LEVEL_ERROR, "cannot start: %s", why);
		stop(self, EXIT_FAILED);
		return;
	}
	self->reloads_failed++;
	self->refused_own = self->next_own;
	log_line(self->log, LOG_LEVEL_ERROR, "%s not taken over, nothing changes: %s",
	         self->next_what, why);
	generation_drop(self->next, self->current);
	ready(self);
	next_done(self);
}

/* What works, but will not for long. */
static void warn(const struct supervisor *self)
{
	const struct settings *settings = self->current->settings;
	unsigned long most = rights_descriptors(), share = settings->max_connections / settings->workers;
	struct child *child;
	if (share + OTHER_DESCRIPTORS > most)
		log_line(self->log, LOG_LEVEL_WARNING,
		         "max-connections=%u needs %lu descriptors in each worker, but %lu are allowed",
		         settings->max_connections, share + OTHER_DESCRIPTORS, most);
	LIST_FOREACH(child, &self->children, link)
		if (child->role == CHILD_WORKER && child->generation == self->current_number)
			break;
	if (!child)
		return;
	const struct limits_slot *slot = limits_slot(self->limits, child->slot);
	if (slot->not_after < clock_now())
		log_line(self->log, LOG_LEVEL_WARNING, "the certificate of the service has expired");
	if (slot->distrust != REASON_TRUSTED)
		log_line(self->log, LOG_LEVEL_WARNING, "the certificate of the service is %s in the store",
		         reason_name((enum reason)slot->distrust));
}

/* "listener=legacy" for [tvsd legacy], "listener=tvsd" for [tvsd]. */
static void tell_listening(const struct supervisor *self)
{
	const struct generation *current = self->current;
	for (size_t i = 0; i < current->listeners.count; i++) {
		const struct listener *listener = &current->listeners.one[i];
		const char *section = current->settings->listener[listener->index].section;
		const char *blank = strchr(section, ' '), *name = blank ? blank + 1 : section;
		char address[ADDRESS_TEXT_SIZE], text[LISTENER_TEXT];
		log_line(self->log, LOG_LEVEL_NOTICE, "listening address=%s listener=%s",
		         address_format(&listener->bound, address), log_escape(text, sizeof text, name, strlen(name)));
	}
}

/* Every worker of the next generation accepts: the old ones finish. */
static void take_over(struct supervisor *self)
{
	struct generation *old = self->current;
	if (old)
		tell_generation(self, self->current_number, WORKER_DRAIN);
	self->current = self->next;
	self->current_number = self->next_number;
	self->quick_deaths = 0;
	tell_listening(self);
	warn(self);
	if (old) {
		self->reloads++;
		log_line(self->log, LOG_LEVEL_NOTICE, "%s taken over", self->next_what);
	}
	log_line(self->log, LOG_LEVEL_NOTICE, "serving workers=%u version=%s",
	         self->current->settings->workers, PACKAGE_VERSION);
	generation_drop(old, self->current);
	write_metrics(self);
	ready(self);
	next_done(self);
}

/* The next step of the next generation, if it is due. */
static void go_on(struct supervisor *self)
{
	struct err err;
	if (!self->next || !self->next_tried)
		return;
	if (child_count(&self->children, self->next_number, true) == self->next->settings->workers)
		take_over(self);
	else if (start_workers(self, self->next, self->next_number, &err) != ERR_OK)
		abandon(self, err_text(&err));
}

static void begin(struct supervisor *self, struct generation *generation, const char *what, uint64_t own)
{
	struct err err;
	self->next = generation;
	self->next_number = ++self->numbers;
	self->next_tried = false;
	self->next_what = what;
	self->next_own = own;
	self->hangup = false;
	if (self->current)
		notify_reloading();
	ev_timer_set(&self->deadline, CHILD_START_SECONDS, 0.);
	ev_timer_start(self->loop, &self->deadline);
	if (start_child(self, CHILD_PROBE, generation, self->next_number, &err) != ERR_OK)
		abandon(self, err_text(&err));
}

static void on_deadline(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	abandon(watcher->data, "the workers did not start in time");
}

static void reload(struct supervisor *self)
{
	struct generation *generation;
	struct err err;
	if (self->stopping)
		return;
	if (self->next) {
		self->hangup = true;
		return;
	}
	self->hangup = false;
	if (generation_new(self->config->file, self->config->store, self->current, &generation, &err) == ERR_OK) {
		begin(self, generation, "new configuration", 0);
		return;
	}
	self->reloads_failed++;
	log_line(self->log, LOG_LEVEL_ERROR, "new configuration not taken over, nothing changes: %s",
	         err_text(&err));
}

/* A worker has seen another own certificate in the store than it uses. */
static void look_for_own(struct supervisor *self)
{
	struct child *child;
	if (self->next || self->stopping || !self->current)
		return;
	LIST_FOREACH(child, &self->children, link) {
		if (child->role != CHILD_WORKER || child->generation != self->current_number || !child->ready)
			continue;
		struct limits_slot *slot = limits_slot(self->limits, child->slot);
		uint64_t seen = slot->own_seen;
		if (seen != slot->own_loaded && seen != self->refused_own) {
			begin(self, generation_keep(self->current), "new certificate", seen);
			return;
		}
	}
}

/* A worker reads a store that is no longer there: what the administrator removes from the new one would stay trusted. */
static void take_store(struct supervisor *self, const struct child *child)
{
	if (!self->next && !self->stopping && self->current && child->generation == self->current_number)
		begin(self, generation_keep(self->current), "replaced store", 0);
}

/* --- what the processes say, and their end */

static void hear(struct supervisor *self, struct child *child)
{
	enum worker_message message;
	char text[ERR_TEXT_MAX];
	if (!child_hear(child, &message, text))
		return;
	bool of_next = self->next && child->generation == self->next_number;
	switch (message) {
	case WORKER_READY:
		child->ready = true;
		if (of_next && child->role == CHILD_PROBE)
			self->next_tried = true;
		go_on(self);
		break;
	case WORKER_FAILED:
		child->failed = true;
		if (of_next)
			abandon(self, text);
		else if (!child->told)
			log_line(self->log, LOG_LEVEL_ERROR, "worker cannot start: %s", text);
		break;
	case WORKER_STALE:
		take_store(self, child);
		break;
	default:
		break;
	}
}

static void on_channel(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = watcher->data;
	(void)events;
	hear(ev_userdata(loop), child);
	/* Its end is SIGCHLD's. */
	char byte;
	if (recv(watcher->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		ev_io_stop(loop, watcher);
}

static void tell_end(const struct supervisor *self, const struct child *child, int status)
{
	if (WIFSIGNALED(status))
		log_line(self->log, LOG_LEVEL_WARNING, "worker ended pid=%d signal=%d", (int)child->pid,
		         WTERMSIG(status));
	else
		log_line(self->log, LOG_LEVEL_WARNING, "worker ended pid=%d code=%d", (int)child->pid,
		         WEXITSTATUS(status));
}

static void child_ended(struct supervisor *self, struct child *child, int status)
{
	hear(self, child);
	bool expected = child->told ||
	                (child->role == CHILD_PROBE && (child->ready || child->failed));
	bool of_next = self->next && child->generation == self->next_number;
	bool quick = clock_monotonic_us() - child->started_us < QUICK_SECONDS * INT64_C(1000000);
	if ((!expected && !child->failed) || (child->told && child->role == CHILD_WORKER && status != 0))
		tell_end(self, child, status);
	child_free(child, self->loop, self->limits);
	if (self->stopping) {
		if (LIST_EMPTY(&self->children))
			ev_break(self->loop, EVBREAK_ALL);
	} else if (!expected && of_next) {
		abandon(self, "a worker ended while it was started");
	} else if (!expected) {
		self->restarts++;
		self->quick_deaths = quick ? self->quick_deaths + 1 : 0;
		if (self->quick_deaths > 1)
			retry_later(self);
		replace_workers(self);
	}
}

static void on_child(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct supervisor *self = watcher->data;
	pid_t pid;
	int status;
	(void)loop;
	(void)events;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child;
		LIST_FOREACH(child, &self->children, link)
			if (child->pid == pid)
				break;
		if (child)
			child_ended(self, child, status);
	}
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop;
	(void)events;
	reload(watcher->data);
}

static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct supervisor *self = watcher->data;
	(void)loop;
	(void)events;
	if (!self->stopping)
		log_line(self->log, LOG_LEVEL_NOTICE, "stopping signal=%d", watcher->signum);
	stop(self, EXIT_YES);
}

/* --- once a second, and less often */

/* True while every worker that is to serve does. Those that hang are killed, so that they are replaced. */
static bool all_answer(struct supervisor *self)
{
	bool good = self->current && child_count(&self->children, self->current_number, true) >=
	                             self->current->settings->workers;
	struct child *child;
	LIST_FOREACH(child, &self->children, link) {
		enum child_pulse pulse = child_pulse(child, self->limits);
		if (pulse != CHILD_BEATS)
			good = false;
		if (pulse == CHILD_HANGS) {
			log_line(self->log, LOG_LEVEL_ERROR, "worker hangs and is killed pid=%d", (int)child->pid);
			kill(child->pid, SIGKILL);
		}
	}
	return good;
}

static void on_tick(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct supervisor *self = watcher->data;
	(void)loop;
	(void)events;
	if (all_answer(self))
		notify_watchdog();
	look_for_own(self);
	log_flush(self->log);
}

static void write_metrics(struct supervisor *self)
{
	struct err err;
	if (!self->current || !self->current->settings->metrics)
		return;
	const struct report report = {
		.limits = self->limits, .children = &self->children, .generation = self->current_number,
		.log_lost = log_lost(self->log), .restarts = self->restarts, .reloads = self->reloads,
		.reloads_failed = self->reloads_failed, .started = self->started,
	};
	bool failed = report_write(&report, self->current->settings->metrics, &err) != ERR_OK;
	if (failed && !self->metrics_failed)
		log_line(self->log, LOG_LEVEL_ERROR, "cannot write the metrics: %s", err_text(&err));
	self->metrics_failed = failed;
}

static void on_metrics(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	write_metrics(watcher->data);
}

/* --- together */

static void watch_signal(struct supervisor *self, size_t i, int number,
                         void (*callback)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(&self->signal[i], callback, number);
	self->signal[i].data = self;
	ev_signal_start(self->loop, &self->signal[i]);
}

static void watch(struct supervisor *self)
{
	uint64_t watchdog_us = notify_watchdog_us();
	double tick = watchdog_us && watchdog_us < 2000000 ? (double)watchdog_us / 2e6 : 1.;
	ev_timer_init(&self->tick, on_tick, tick, tick);
	ev_timer_init(&self->metrics, on_metrics, METRICS_SECONDS, METRICS_SECONDS);
	ev_timer_init(&self->retry, on_retry, 0., 0.);
	ev_timer_init(&self->deadline, on_deadline, 0., 0.);
	ev_timer_init(&self->end, on_end, STOP_SECONDS, 0.);
	self->tick.data = self->metrics.data = self->retry.data = self->deadline.data = self->end.data = self;
	ev_timer_start(self->loop, &self->tick);
	ev_timer_start(self->loop, &self->metrics);
	watch_signal(self, 0, SIGCHLD, on_child);
	watch_signal(self, 1, SIGHUP, on_hangup);
	watch_signal(self, 2, SIGTERM, on_stop);
	watch_signal(self, 3, SIGINT, on_stop);
}

int supervisor_new(const struct supervisor_config *config, struct generation *first,
                   struct supervisor **out, struct err *err)
{
	struct supervisor *self = calloc(1, sizeof *self);
	int code = self ? limits_new(&self->limits, err) : err_set(err, ERR_MEMORY, "out of memory");
	if (code == ERR_OK) {
		self->loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
		if (!self->loop)
			code = err_set(err, ERR_SYSTEM, "cannot make an event loop");
	}
	if (code != ERR_OK) {
		generation_drop(first, NULL);
		supervisor_free(self);
		return code;
	}
	self->config = config;
	self->log = config->log;
	self->next = first;
	self->started = clock_now();
	LIST_INIT(&self->children);
	ev_set_userdata(self->loop, self);
	watch(self);
	*out = self;
	return ERR_OK;
}

int supervisor_run(struct supervisor *self)
{
	begin(self, self->next, "configuration", 0);
	if (!self->stopping || !LIST_EMPTY(&self->children))
		ev_run(self->loop, 0);
	if (self->exit_code == EXIT_YES)
		log_line(self->log, LOG_LEVEL_NOTICE, "stopped");
	return self->exit_code;
}

void supervisor_free(struct supervisor *self)
{
	if (!self)
		return;
	generation_drop(self->next, self->current);
	generation_drop(self->current, NULL);
	if (self->loop)
		ev_loop_destroy(self->loop);
	limits_free(self->limits);
	free(self);
}
