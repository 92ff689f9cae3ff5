#include "config.h"

#include "tvs/worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "tvs/acceptor.h"
#include "tvs/conn.h"
#include "tvs/credentials.h"
#include "tvs/rights.h"

enum {
	STALE_TICKS = 10, /* how often it is said that the store was replaced */
	LOOK_TICKS = 60, /* what only the clock changes is looked at so often */
	TRIM_SECONDS = 60,
	TRIM_MIN = 100   /* connections that must be gone since the peak */
};

enum stage { STAGE_SERVING, STAGE_DRAINING, STAGE_LEAVING };

struct worker {
	const struct worker_config *config;
	struct store *store;
	struct credentials *credentials;
	struct acceptor *acceptor;
	struct limits_slot *slot;
	struct conn_env env;
	ev_io channel;
	ev_signal term;
	ev_timer tick, trim, end;
	ev_prepare prepare;
	ev_check check;
	ev_idle more; /* keeps the loop turning while connections have their turns */
	enum stage stage;
	unsigned ticks;
	uint32_t peak; /* of connections, since memory was given back */
};

/* --- starting */

/* Opens and loads everything. The environment is opened, and a key in a file is read, with the rights that the
 * daemon was started with; a token is used with those that remain. */
static int prepare(struct worker *self, struct err *err)
{
	const struct worker_config *config = self->config;
	const struct settings *settings = config->settings;
	int code = store_open(settings->store, STORE_READ, &self->store, err);
	if (code == ERR_OK)
		code = credentials_read(settings, self->store, &self->credentials, err);
	if (code == ERR_OK && !credentials_on_token(self->credentials))
		code = credentials_load(self->credentials, settings, err);
	if (code == ERR_OK)
		code = rights_drop(settings, err);
	rights_die_with(config->supervisor);
	if (code == ERR_OK && credentials_on_token(self->credentials))
		code = credentials_load(self->credentials, settings, err);
	return code;
}

static void say(const struct worker *self, enum worker_message message, const char *text)
{
	char bytes[1 + ERR_TEXT_MAX];
	size_t len = strlen(text);
	bytes[0] = (char)message;
	memcpy(bytes + 1, text, len);
	/* Without a supervisor there is nobody to tell. */
	(void)!send(self->config->channel, bytes, 1 + len, MSG_NOSIGNAL);
}

/* --- while it runs */

/* Looks at the store's revision, and at what the daemon shows of it. */
static void look_at_store(struct worker *self)
{
	struct txn *txn = self->env.respond.reader;
	struct limits_slot *slot = self->slot;
	struct err err;
	if (store_reader_begin(txn, &err) != ERR_OK) {
		log_line(self->env.log, LOG_LEVEL_ERROR, "cannot read the store: %s", err_text(&err));
		return;
	}
	uint64_t revision = txn_revision(txn);
	if (revision != slot->revision || self->ticks % LOOK_TICKS == 0) {
		slot->certificates = txn_count(txn, STORE_CERT);
		slot->own_seen = credentials_mark_now(self->config->settings, txn);
		slot->revision = revision;
	}
	store_reader_end(txn);
}

static void on_tick(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct worker *self = watcher->data;
	(void)loop;
	(void)events;
	look_at_store(self);
	if (self->ticks % STALE_TICKS == 0 && self->stage == STAGE_SERVING && store_replaced(self->store))
		say(self, WORKER_STALE, "");
	self->ticks++;
	self->slot->heartbeat++;
	if (self->slot->connections > self->peak)
		self->peak = self->slot->connections;
	self->env.metrics->log_lost = log_lost(self->env.log);
	ration_report(&self->env.late, self->env.log);
	if (self->acceptor)
		acceptor_tick(self->acceptor);
}

/* The C library keeps what was freed as long as anything lies behind it. */
static void on_trim(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct worker *self = watcher->data;
	(void)loop;
	(void)events;
	if (self->peak < 2 * self->slot->connections + TRIM_MIN)
		return;
	pool_trim(&self->env.pool);
	malloc_trim(0);
	self->peak = self->slot->connections;
}

static void on_check(struct ev_loop *loop, ev_check *watcher, int events)
{
	struct worker *self = watcher->data;
	(void)loop;
	(void)events;
	self->env.now_us = clock_monotonic_us();
}

static void on_more(struct ev_loop *loop, ev_idle *watcher, int events)
{
	struct worker *self = watcher->data;
	(void)loop;
	(void)events;
	conn_more(&self->env);
}

/* Before the loop waits: everything of this turn is done. */
static void on_prepare(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	struct worker *self = watcher->data;
	(void)events;
	log_flush(self->env.log);
	if (self->env.more_count > 0)
		ev_idle_start(loop, &self->more);
	else
		ev_idle_stop(loop, &self->more);
	if (self->stage != STAGE_SERVING && TAILQ_EMPTY(&self->env.all))
		ev_break(loop, EVBREAK_ALL);
}

static void on_closed(struct conn_env *env, const struct limits_ticket *ticket)
{
	struct worker *self = (struct worker *)((char *)env - offsetof(struct worker, env));
	limits_leave(self->config->limits, self->config->slot, ticket);
	if (self->acceptor)
		acceptor_resume(self->acceptor);
}

/* --- leaving */

static void enter_stage(struct worker *self, enum stage stage, double seconds)
{
	if (self->stage >= stage)
		return;
	self->stage = stage;
	acceptor_free(self->acceptor);
	self->acceptor = NULL;
	listeners_close(self->config->listeners, NULL);
	ev_timer_stop(self->env.loop, &self->end);
	ev_timer_set(&self->end, seconds, 0.);
	ev_timer_start(self->env.loop, &self->end);
	if (stage == STAGE_LEAVING)
		conn_leave_all(&self->env);
}

static void on_end(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct worker *self = watcher->data;
	(void)events;
	if (self->stage == STAGE_DRAINING)
		enter_stage(self, STAGE_LEAVING, WORKER_LEAVE_SECONDS);
	else
		ev_break(loop, EVBREAK_ALL);
}

static void on_term(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop;
	(void)events;
	enter_stage(watcher->data, STAGE_LEAVING, WORKER_LEAVE_SECONDS);
}

static void on_channel(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct worker *self = watcher->data;
	char byte;
	(void)events;
	ssize_t n = recv(watcher->fd, &byte, 1, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		ev_break(loop, EVBREAK_ALL); /* the supervisor is gone */
	else if (byte == WORKER_DRAIN)
		enter_stage(self, STAGE_DRAINING, WORKER_DRAIN_SECONDS);
	else if (byte == WORKER_LEAVE)
		enter_stage(self, STAGE_LEAVING, WORKER_LEAVE_SECONDS);
}

/* --- together */

static void watch(struct worker *self)
{
	struct ev_loop *loop = self->env.loop;
	ev_timer_init(&self->end, on_end, 0., 0.);
	ev_init(&self->more, on_more);
	/* Before anything else of a turn, and not behind a stream of other events. */
	ev_check_init(&self->check, on_check);
	ev_set_priority(&self->check, EV_MAXPRI);
	ev_set_priority(&self->more, EV_MAXPRI);
	ev_prepare_init(&self->prepare, on_prepare);
	ev_io_init(&self->channel, on_channel, self->config->channel, EV_READ);
	ev_signal_init(&self->term, on_term, SIGTERM);
	ev_timer_init(&self->tick, on_tick, 1., 1.);
	ev_timer_init(&self->trim, on_trim, TRIM_SECONDS, TRIM_SECONDS);
	self->end.data = self->more.data = self->check.data = self->prepare.data = self;
	self->channel.data = self->term.data = self->tick.data = self->trim.data = self;
	ev_check_start(loop, &self->check);
	ev_prepare_start(loop, &self->prepare);
	ev_io_start(loop, &self->channel);
	ev_signal_start(loop, &self->term);
	ev_timer_start(loop, &self->tick);
	ev_timer_start(loop, &self->trim);
}

static int build(struct worker *self, struct err *err)
{
	const struct worker_config *config = self->config;
	struct conn_env *env = &self->env;
	env->handshake_ms = config->settings->handshake_ms;
	env->idle_ms = config->settings->idle_ms;
	env->max_requests = config->settings->max_requests;
	env->respond.policy = config->settings->policy;
	env->metrics = &self->slot->metrics;
	env->closed = on_closed;
	env->late.what = "handshake not done in time";
	TAILQ_INIT(&env->all);
	TAILQ_INIT(&env->more);
	env->now_us = clock_monotonic_us();
	env->loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
	env->scratch = tls_scratch_new();
	env->answer = malloc(PROTO_MAX_FRAME);
	if (!env->loop || !env->scratch || !env->answer)
		return err_set(err, ERR_MEMORY, "out of memory");
	int code = store_reader_new(self->store, &env->respond.reader, err);
	if (code != ERR_OK)
		return code;
	const struct acceptor_config acceptor = {
		.settings = config->settings, .listeners = config->listeners,
		.credentials = self->credentials, .limits = config->limits, .slot = config->slot,
		.env = env,
	};
	return acceptor_new(&acceptor, &self->acceptor, err);
}

static void tear_down(struct worker *self)
{
	struct conn_env *env = &self->env;
	if (env->loop)
		conn_free_all(env);
	acceptor_free(self->acceptor);
	store_reader_free(env->respond.reader);
	free(env->answer);
	pool_trim(&env->pool);
	tls_scratch_free(env->scratch);
	credentials_free(self->credentials);
	store_close(self->store);
	if (env->loop)
		ev_loop_destroy(env->loop);
	log_free(env->log);
}

int worker_run(const struct worker_config *config)
{
	struct worker self = { .config = config, .slot = limits_slot(config->limits, config->slot) };
	struct err err = { 0 };
	self.env.log = log_new("tvsd", LOG_TO_STDERR, config->level);
	int code = prepare(&self, &err);
	if (code == ERR_OK)
		code = build(&self, &err);
	if (code == ERR_OK) {
		store_clear_readers(self.store);
		self.slot->own_loaded = self.slot->own_seen = credentials_mark(self.credentials);
		self.slot->not_after = credentials_not_after(self.credentials);
		self.slot->distrust = (int)credentials_distrust(self.credentials);
		look_at_store(&self);
		watch(&self);
		log_hold(self.env.log, true);
		say(&self, WORKER_READY, "");
		ev_run(self.env.loop, 0);
	} else {
		say(&self, WORKER_FAILED, err_text(&err));
	}
	tear_down(&self);
	return code == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int worker_probe(const struct worker_config *config)
{
	struct worker self = { .config = config };
	struct err err = { 0 };
	int code = prepare(&self, &err);
	say(&self, code == ERR_OK ? WORKER_READY : WORKER_FAILED, code == ERR_OK ? "" : err_text(&err));
	credentials_free(self.credentials);
	store_close(self.store);
	return code == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
