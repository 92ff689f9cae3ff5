/* What a worker counts, and how the sum is written for Prometheus.
 *
 * Counters only grow and belong to one writer each: a worker writes its own, the supervisor reads them all.
 */
#ifndef TVS_METRICS_H
#define TVS_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "truststore/answer.h"
#include "tvs/proto.h"
#include "tvs/tls.h"

enum metrics_limit { /* why a connection was not taken */
	METRICS_LIMIT_CONNECTIONS, /* "connections": max-connections */
	METRICS_LIMIT_ADDRESS,     /* "address": max-connections-per-address */
	METRICS_LIMIT_NETWORK,     /* "network": not in allow-from */
	METRICS_LIMIT_DESCRIPTORS, /* "descriptors": the system has no more */
	METRICS_LIMIT_COUNT
};
const char *metrics_limit_name(enum metrics_limit limit);

enum metrics_failure { /* why a connection that was taken ended otherwise than it should */
	METRICS_FAILURE_HANDSHAKE,         /* "handshake": see the counters by kind */
	METRICS_FAILURE_HANDSHAKE_TIMEOUT, /* "handshake-timeout" */
	METRICS_FAILURE_REQUEST_TIMEOUT,   /* "request-timeout": a request begun, but not completed in time */
	METRICS_FAILURE_WRITE_TIMEOUT,     /* "write-timeout": the peer does not take its answer */
	METRICS_FAILURE_MALFORMED,         /* "malformed": a frame that is none */
	METRICS_FAILURE_CONNECTION,        /* "connection": it broke */
	METRICS_FAILURE_STORE,             /* "store": it could not be asked */
	METRICS_FAILURE_INTERNAL,          /* "internal": no memory, say */
	METRICS_FAILURE_COUNT
};
const char *metrics_failure_name(enum metrics_failure failure);

enum { METRICS_BUCKETS = 14 }; /* of the latency histogram, the one without an upper bound included */

struct metrics {
	_Atomic uint64_t answers[2][REASON_COUNT]; /* verify, query */
	_Atomic uint64_t refusals[METRICS_LIMIT_COUNT];
	_Atomic uint64_t handshakes[TLS_VERSION_COUNT];
	_Atomic uint64_t handshake_failures[TLS_FAILURE_COUNT];
	_Atomic uint64_t failures[METRICS_FAILURE_COUNT];
	_Atomic uint64_t malformed[PROTO_ERROR_COUNT];
	_Atomic uint64_t latency[METRICS_BUCKETS]; /* not yet cumulative */
	_Atomic uint64_t latency_us;               /* their sum */
	_Atomic uint64_t accepted;
	_Atomic uint64_t log_lost;
};

/* Adds to a counter that only the calling process writes. */
static inline void metrics_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

/* Counts one answer's time, from the event that completed the request to the end of writing. */
void metrics_latency(struct metrics *metrics, int64_t microseconds);

/* Adds every counter of `from` to `to`. */
void metrics_sum(struct metrics *to, const struct metrics *from);

struct metrics_state { /* what goes up and down, and what the supervisor counts */
	uint64_t connections, workers, store_revision, store_certificates;
	uint64_t restarts, reloads, reloads_failed;
	int64_t started;               /* seconds since 1970 */
	int64_t certificate_not_after; /* of the own certificate; 0: not known */
};

/* Writes the text format of Prometheus (0.0.4): names begin with tvs_, units are seconds. */
void metrics_write(FILE *stream, const struct metrics *metrics, const struct metrics_state *state);

#endif
