#include "config.h"

#include "tvs/conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "tvs/tell.h"

enum {
	REQUEST_MS = 10000, /* from a request's first byte to its last */
	WRITE_MS = 10000,   /* for the peer to take an answer */
	CLOSE_MS = 2000,    /* for the peer to close after us */
	TURNS = 16,         /* reads and answers before others have their turn */
	DRAIN_MAX = 262144  /* bytes read and thrown away after the farewell */
};

struct conn {
	ev_io io;
	ev_timer timer;
	TAILQ_ENTRY(conn) link, more_link;
	struct conn_env *env;
	const struct tls_setup *setup;
	struct tls_session *tls; /* from the first byte until the farewell */
	struct frame *in;        /* only while a request is begun */
	size_t have;             /* bytes in `in` */
	size_t drained;
	uint64_t requests;
	int64_t deadline_us, armed_us; /* the timer may go off earlier: it is set anew then */
	struct address peer;
	struct limits_ticket ticket;
	int fd;
	enum conn_state state;
	bool begun;    /* the deadline is that of a begun request */
	bool readable; /* the socket was said to have something */
	bool again;    /* stands in env->more */
};

/* --- states and deadlines */

static void arm(struct conn *conn)
{
	struct conn_env *env = conn->env;
	ev_timer_stop(env->loop, &conn->timer);
	ev_timer_set(&conn->timer, (double)(conn->deadline_us - env->now_us) / 1e6, 0.);
	ev_timer_start(env->loop, &conn->timer);
	conn->armed_us = conn->deadline_us;
}

/* A later deadline costs nothing: the timer finds it when it goes off. */
static void deadline(struct conn *conn, int64_t ms)
{
	conn->deadline_us = conn->env->now_us + ms * 1000;
	if (!ev_is_active(&conn->timer) || conn->armed_us > conn->deadline_us)
		arm(conn);
}

static void want(struct conn *conn, int events)
{
	if (ev_is_active(&conn->io) && (conn->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(conn->env->loop, &conn->io);
	ev_io_set(&conn->io, conn->fd, events);
	ev_io_start(conn->env->loop, &conn->io);
}

static void move(struct conn *conn, enum conn_state from, enum conn_state to, int64_t ms)
{
	assert(conn->state == from);
	conn->state = to;
	conn->begun = false;
	deadline(conn, ms);
}

/* The one end of every connection. */
static void conn_free(struct conn *conn)
{
	struct conn_env *env = conn->env;
	struct limits_ticket ticket = conn->ticket;
	ev_io_stop(env->loop, &conn->io);
	ev_timer_stop(env->loop, &conn->timer);
	TAILQ_REMOVE(&env->all, conn, link);
	if (conn->again) {
		TAILQ_REMOVE(&env->more, conn, more_link);
		env->more_count--;
	}
	tls_session_free(conn->tls);
	pool_give(&env->pool, conn->in);
	close(conn->fd);
	free(conn);
	env->closed(env, &ticket);
}

/* Says farewell as far as that goes at once, and gives the peer a moment to close: closing over bytes that were
 * not read would reset the connection, and the peer might lose the last answer or the alert. */
static void conn_close(struct conn *conn)
{
	struct conn_env *env = conn->env;
	assert(conn->state != CONN_CLOSING);
	if (conn->state != CONN_HANDSHAKE)
		tls_bye(conn->tls);
	tls_session_free(conn->tls);
	conn->tls = NULL;
	pool_give(&env->pool, conn->in);
	conn->in = NULL;
	conn->have = 0;
	shutdown(conn->fd, SHUT_WR);
	move(conn, conn->state, CONN_CLOSING, CLOSE_MS);
	want(conn, EV_READ);
}

/* For the log and the counters only: the connection's end is the caller's. */
static void fail(const struct conn *conn, enum metrics_failure failure, const char *why)
{
	tell_failure(conn->env, &conn->peer, failure, why);
}

/* --- requests and answers */

/* Of a frame that is none. */
static void refuse(struct conn *conn, enum proto_error error)
{
	tell_malformed(conn->env, &conn->peer, error, conn->in->bytes, conn->have);
	conn_close(conn);
}

/* Bytes of the frame that the buffer begins with, in *len; 0 while it is not whole. */
static enum proto_error whole_frame(const struct conn *conn, size_t *len)
{
	struct proto_header header;
	*len = 0;
	if (conn->have == 0)
		return PROTO_OK;
	enum proto_error error = proto_header_read(conn->in->bytes, conn->have, PROTO_TO_SERVER, &header);
	if (error == PROTO_SHORT)
		return PROTO_OK;
	if (error == PROTO_OK && header.frame_len <= conn->have)
		*len = header.frame_len;
	return error;
}

static void consume(struct conn *conn, size_t len)
{
	conn->have -= len;
	memmove(conn->in->bytes, conn->in->bytes + len, conn->have);
}

/* After each answer. False if the connection does not go on. */
static bool next_request(struct conn *conn)
{
	struct conn_env *env = conn->env;
	if ((env->max_requests && conn->requests >= env->max_requests) ||
	    (env->leaving && conn->have == 0)) {
		conn_close(conn);
		return false;
	}
	conn->begun = false;
	deadline(conn, env->idle_ms);
	return true;
}

/* Answers the frame at the start of the buffer. False if the connection does not go on now. */
static bool answer(struct conn *conn, size_t len)
{
	struct conn_env *env = conn->env;
	struct respond_result result;
	struct err err = { 0 };
	size_t size;
	int code = respond(&env->respond, clock_now(), conn->in->bytes, len, env->answer, &size, &result, &err);
	if (code == ERR_MALFORMED) {
		refuse(conn, result.error);
		return false;
	}
	if (code != ERR_OK) {
		fail(conn, METRICS_FAILURE_STORE, err_text(&err));
		conn_close(conn);
		return false;
	}
	conn->requests++;
	code = tls_write(conn->tls, env->answer, size, &err);
	tell_answer(env, &conn->peer, conn->tls, &result);
	if (code != ERR_OK && code != ERR_AGAIN) {
		fail(conn, METRICS_FAILURE_CONNECTION, err_text(&err));
		conn_free(conn);
		return false;
	}
	consume(conn, len);
	if (code == ERR_AGAIN) { /* the peer must take it before anything else is read */
		move(conn, CONN_READING, CONN_WRITING, WRITE_MS);
		want(conn, EV_WRITE);
		return false;
	}
	return next_request(conn);
}

/* Nothing more to read now: an idle connection gives its buffer back, a begun request gets its deadline.
 * `events` wakes it up; only a read that could not go on may ask for writing, since after an answer GnuTLS
 * still names that direction. */
static void settle(struct conn *conn, int events)
{
	if (conn->have == 0) {
		pool_give(&conn->env->pool, conn->in);
		conn->in = NULL;
		if (conn->env->leaving) {
			conn_close(conn);
			return;
		}
	} else if (!conn->begun) {
		conn->begun = true;
		deadline(conn, REQUEST_MS);
	}
	want(conn, events);
}

/* The peer is gone, orderly or not. In the middle of a request that is worth a line. */
static void peer_left(struct conn *conn, int code, const struct err *why)
{
	if (conn->have > 0)
		fail(conn, METRICS_FAILURE_CONNECTION, "the peer left within a request");
	else if (code == ERR_TLS || code == ERR_MEMORY)
		fail(conn, METRICS_FAILURE_CONNECTION, err_text(why));
	if (code == ERR_OK)
		tls_bye(conn->tls);
	if (code == ERR_TLS)
		conn_close(conn);
	else
		conn_free(conn);
}

/* Reads more into the buffer. False if there is nothing more now, or the connection is gone. */
static bool fill(struct conn *conn)
{
	struct conn_env *env = conn->env;
	struct err err = { 0 };
	size_t len = 0;
	if (!conn->readable && !tls_pending(conn->tls)) {
		settle(conn, EV_READ);
		return false;
	}
	if (!conn->in && !(conn->in = pool_take(&env->pool))) {
		fail(conn, METRICS_FAILURE_INTERNAL, "out of memory");
		conn_free(conn);
		return false;
	}
	conn->readable = false;
	int code = tls_read(conn->tls, conn->in->bytes + conn->have, sizeof conn->in->bytes - conn->have,
	                    &len, &err);
	conn->have += len;
	if (code == ERR_OK && len > 0)
		return true;
	if (code == ERR_AGAIN)
		settle(conn, tls_wants_write(conn->tls) ? EV_WRITE : EV_READ);
	else
		peer_left(conn, code, &err);
	return false;
}

static void run_later(struct conn *conn)
{
	if (conn->again)
		return;
	conn->again = true;
	TAILQ_INSERT_TAIL(&conn->env->more, conn, more_link);
	conn->env->more_count++;
}

/* Reads and answers as long as there is something, but not longer than a turn. */
static void run(struct conn *conn)
{
	for (int i = 0; i < TURNS; i++) {
		size_t len;
		enum proto_error error = whole_frame(conn, &len);
		if (error != PROTO_OK) {
			refuse(conn, error);
			return;
		}
		if (!(len > 0 ? answer(conn, len) : fill(conn)))
			return;
	}
	run_later(conn);
}

void conn_more(struct conn_env *env)
{
	for (size_t n = env->more_count; n > 0 && env->more_count > 0; n--) {
		struct conn *conn = TAILQ_FIRST(&env->more);
		TAILQ_REMOVE(&env->more, conn, more_link);
		env->more_count--;
		conn->again = false;
		if (conn->state == CONN_READING)
			run(conn);
	}
}

/* --- the steps of each state */

/* TLS begins with the first byte: a connection that never sends one costs little. */
static bool begin_tls(struct conn *conn)
{
	uint8_t byte;
	ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR) && !conn->env->leaving)
		return false;
	if (n <= 0) {
		conn_free(conn);
		return false;
	}
	if (tls_session_new(conn->setup, conn->env->scratch, conn->fd, &conn->tls) != ERR_OK) {
		fail(conn, METRICS_FAILURE_INTERNAL, "no memory for TLS");
		conn_free(conn);
		return false;
	}
	return true;
}

/* In TLS 1.3 the client has the last word of the handshake, and many clients hold their request back until that is
 * acknowledged (RFC 896), which the kernel would put off (RFC 1122, 4.2.3.2). */
static void acknowledge(struct conn *conn)
{
	int on = 1;
	if (tls_session_version(conn->tls) == TLS_1_3 && !tls_pending(conn->tls))
		setsockopt(conn->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void step_handshake(struct conn *conn)
{
	struct err err = { 0 };
	if (!conn->tls && !begin_tls(conn))
		return;
	int code = tls_handshake(conn->tls, &err);
	if (code == ERR_AGAIN && conn->env->leaving) {
		conn_free(conn);
		return;
	}
	if (code == ERR_AGAIN) {
		want(conn, tls_wants_write(conn->tls) ? EV_WRITE : EV_READ);
		return;
	}
	if (code != ERR_OK) {
		tell_handshake_failure(conn->env, &conn->peer, conn->tls, &err);
		if (code == ERR_TLS)
			conn_close(conn);
		else
			conn_free(conn);
		return;
	}
	metrics_add(&conn->env->metrics->handshakes[tls_session_version(conn->tls)], 1);
	tell_client(conn->env, &conn->peer, conn->tls);
	acknowledge(conn);
	move(conn, CONN_HANDSHAKE, CONN_READING, conn->env->idle_ms);
	want(conn, EV_READ);
	run(conn);
}

static void step_write(struct conn *conn)
{
	struct conn_env *env = conn->env;
	struct err err = { 0 };
	int code = tls_write(conn->tls, NULL, 0, &err);
	if (code == ERR_AGAIN)
		return;
	if (code != ERR_OK) {
		fail(conn, METRICS_FAILURE_CONNECTION, err_text(&err));
		conn_free(conn);
		return;
	}
	move(conn, CONN_WRITING, CONN_READING, env->idle_ms);
	want(conn, EV_READ);
	if (next_request(conn))
		run(conn);
}

static void step_closing(struct conn *conn)
{
	ssize_t n = recv(conn->fd, conn->env->answer, PROTO_MAX_FRAME, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		conn->drained += (size_t)n;
	if (n <= 0 || conn->drained > DRAIN_MAX)
		conn_free(conn);
}

static void on_io(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct conn *conn = watcher->data;
	(void)loop;
	(void)events;
	switch (conn->state) {
	case CONN_HANDSHAKE:
		step_handshake(conn);
		break;
	case CONN_READING:
		conn->readable = true;
		run(conn);
		break;
	case CONN_WRITING:
		step_write(conn);
		break;
	case CONN_CLOSING:
		step_closing(conn);
		break;
	}
}

static void on_deadline(struct conn *conn)
{
	switch (conn->state) {
	case CONN_HANDSHAKE:
		tell_late_handshake(conn->env, &conn->peer);
		conn_free(conn);
		break;
	case CONN_READING:
		if (conn->begun)
			fail(conn, METRICS_FAILURE_REQUEST_TIMEOUT, "a request was begun but not completed in time");
		conn_close(conn);
		break;
	case CONN_WRITING:
		fail(conn, METRICS_FAILURE_WRITE_TIMEOUT, "the peer does not take its answer");
		conn_free(conn);
		break;
	case CONN_CLOSING:
		conn_free(conn);
		break;
	}
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct conn *conn = watcher->data;
	(void)loop;
	(void)events;
	if (conn->deadline_us > conn->env->now_us + 1000)
		arm(conn);
	else
		on_deadline(conn);
}

void conn_new(struct conn_env *env, int fd, const struct tls_setup *setup,
              const struct address *peer, const struct limits_ticket *ticket)
{
	struct conn *conn = calloc(1, sizeof *conn);
	if (!conn) {
		close(fd);
		env->closed(env, ticket);
		return;
	}
	conn->env = env;
	conn->fd = fd;
	conn->setup = setup;
	conn->peer = *peer;
	conn->ticket = *ticket;
	conn->state = CONN_HANDSHAKE;
	ev_init(&conn->io, on_io);
	ev_init(&conn->timer, on_timer);
	conn->io.data = conn->timer.data = conn;
	TAILQ_INSERT_TAIL(&env->all, conn, link);
	deadline(conn, env->handshake_ms);
	want(conn, EV_READ);
}

/* What lies in the socket already counts as read. */
static void leave(struct conn *conn)
{
	if (conn->state == CONN_HANDSHAKE)
		step_handshake(conn);
	else if (conn->state == CONN_READING && !conn->again && conn->have == 0 && !conn->readable) {
		conn->readable = true;
		run(conn);
	}
}

void conn_leave_all(struct conn_env *env)
{
	struct conn *next;
	env->leaving = true;
	for (struct conn *conn = TAILQ_FIRST(&env->all); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		leave(conn);
	}
}

void conn_free_all(struct conn_env *env)
{
	while (!TAILQ_EMPTY(&env->all))
		conn_free(TAILQ_FIRST(&env->all));
}
