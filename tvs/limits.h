/* The page that the daemon's processes share: limits that hold for all workers together, and what each worker tells.
 *
 * A worker writes only its own part (a slot). To admit a connection it counts it in its part first and compares the sum
 * over all parts then, so that a limit is never exceeded and no lock is needed; when a worker is dead, the supervisor
 * clears its part. Connections of one address are counted in a count-min sketch: two rows of counters, chosen by
 * a keyed digest of the address, of which the smaller sum counts. It never says too little, and too
 * much only if other busy addresses meet it in both rows.
 */
#ifndef TVS_LIMITS_H
#define TVS_LIMITS_H

#include <stdatomic.h>
#include <stdint.h>

#include "tvs/address.h"
#include "tvs/metrics.h"

enum {
	LIMITS_SLOTS = 1024,
	LIMITS_ROWS = 2,
	LIMITS_CELLS = 65536
};

enum limits_use { LIMITS_FREE, LIMITS_USED };

struct limits_slot {
	_Atomic uint32_t use;
	_Atomic uint32_t connections;
	_Atomic uint64_t heartbeat;      /* counts up about once a second */
	_Atomic uint64_t revision;       /* of the store, as seen last */
	_Atomic uint64_t certificates;
	_Atomic uint64_t own_loaded;     /* credentials_mark: what the worker uses */
	_Atomic uint64_t own_seen;       /* and what stands in the store now */
	_Atomic int64_t not_after;       /* of the own certificate */
	_Atomic int distrust;            /* credentials_distrust */
	struct metrics metrics;
	_Atomic uint32_t cell[LIMITS_ROWS][LIMITS_CELLS];
};

struct limits;

/* Makes the page; inherited over forks. ERR_MEMORY, ERR_SYSTEM. */
int limits_new(struct limits **out, struct err *err);
void limits_free(struct limits *limits);

/* For the supervisor: takes a free slot, -1 if there is none. Releasing it clears it and keeps its counters in
 * the sum. */
int limits_slot_take(struct limits *limits);
void limits_slot_release(struct limits *limits, int slot);
struct limits_slot *limits_slot(struct limits *limits, int slot);

enum limits_verdict { LIMITS_OK, LIMITS_CONNECTIONS, LIMITS_ADDRESS };

struct limits_ticket { /* what a connection holds while it is there */
	uint16_t cell[LIMITS_ROWS];
};

/* Counts one connection of `host` in `slot` unless the daemon as a whole would have more than `max_connections`
 * or more than `max_address` of this host. With LIMITS_OK, limits_leave must follow once. */
enum limits_verdict limits_enter(struct limits *limits, int slot, const struct host *host,
                                 uint32_t max_connections, uint32_t max_address,
                                 struct limits_ticket *ticket);
void limits_leave(struct limits *limits, int slot, const struct limits_ticket *ticket);

/* Connections of all workers now. */
uint32_t limits_connections(const struct limits *limits);

/* The counters of all workers, dead ones included. */
void limits_metrics(const struct limits *limits, struct metrics *out);

/* How many slots have been in use at one time; slots from there on were never used. */
int limits_slots(const struct limits *limits);

#endif
