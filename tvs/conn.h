/* One phone's connection: TLS handshake, requests and answers, farewell.
 *
 * A connection is in exactly one state, has one deadline in each of them, and ends in one place. It never waits and
 * never makes others wait: what cannot go on returns to the loop, and what goes on for long takes turns.
 */
#ifndef TVS_CONN_H
#define TVS_CONN_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "truststore/base/log.h"
#include "tvs/address.h"
#include "tvs/limits.h"
#include "tvs/metrics.h"
#include "tvs/pool.h"
#include "tvs/ration.h"
#include "tvs/respond.h"
#include "tvs/tls.h"

enum conn_state {
	CONN_HANDSHAKE, /* until it is done; TLS begins with the first byte */
	CONN_READING,   /* waits for a request, or for the rest of one */
	CONN_WRITING,   /* the peer must take an answer before it is read on */
	CONN_CLOSING    /* said farewell, waits a little for the peer's end */
};

struct conn;
TAILQ_HEAD(conn_list, conn);

/* What the connections of one worker share; belongs to the worker. */
struct conn_env {
	struct ev_loop *loop;
	struct log *log;
	struct metrics *metrics;
	struct tls_scratch *scratch;
	struct respond respond;
	struct pool pool;
	struct ration late;    /* lines about handshakes that took too long */
	int64_t handshake_ms, idle_ms;
	uint64_t max_requests; /* 0: no limit */
	int64_t now_us;        /* of the monotonic clock, when the loop woke up */
	uint8_t *answer;       /* PROTO_MAX_FRAME bytes for whoever has his turn */
	struct conn_list all;
	struct conn_list more; /* can go on without an event: conn_more */
	size_t more_count;
	bool leaving;          /* finish what was read, begin nothing new */
	void (*closed)(struct conn_env *env, const struct limits_ticket *ticket);
};

/* Takes over the accepted, non-blocking socket `fd`, in every case; `setup` must outlive the connection. When
 * it is gone (or could not be made), env->closed is called once with its ticket. */
void conn_new(struct conn_env *env, int fd, const struct tls_setup *setup,
              const struct address *peer, const struct limits_ticket *ticket);

/* Gives those in env->more another turn: to be called once in each turn of the loop while there are any. */
void conn_more(struct conn_env *env);

/* Sets env->leaving and closes every connection that has nothing begun. */
void conn_leave_all(struct conn_env *env);

/* Ends every connection at once. */
void conn_free_all(struct conn_env *env);

#endif
