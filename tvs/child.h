/* The supervisor's processes: workers, and the short-lived ones that try a configuration. */
#ifndef TVS_CHILD_H
#define TVS_CHILD_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "truststore/base/log.h"
#include "tvs/generation.h"
#include "tvs/limits.h"
#include "tvs/worker.h"

enum { CHILD_START_SECONDS = 60 }; /* until a worker accepts */

enum child_role { CHILD_PROBE, CHILD_WORKER };

struct child {
	LIST_ENTRY(child) link;
	enum child_role role;
	pid_t pid;
	unsigned generation; /* number */
	int slot;            /* in the shared page; -1 for a probe */
	ev_io channel;
	bool ready;          /* said so */
	bool failed;         /* said why it cannot start */
	bool told;           /* to go */
	int64_t started_us;
	uint64_t heartbeat;  /* as seen last */
	unsigned missed;     /* ticks without a heartbeat */
};
LIST_HEAD(child_list, child);

struct child_start {
	enum child_role role;
	struct ev_loop *loop;
	struct limits *limits;
	struct child_list *others;          /* whose channels the new process does not keep */
	ev_signal *signals;                 /* the supervisor's, which the new process does not keep */
	size_t signal_count;
	struct generation *generation;
	unsigned number;
	struct generation *other;           /* whose sockets the new process does not keep; may be NULL */
	enum log_level level;
	void (*on_channel)(struct ev_loop *loop, ev_io *watcher, int events);
};

/* Forks one process and adds it to the list; on_channel's watcher has it as data. ERR_SYSTEM, ERR_MEMORY, or
 * ERR_LIMIT without a free slot. The new process runs worker_run or worker_probe and never returns from here. */
int child_fork(const struct child_start *start, struct child **out, struct err *err);

/* Reads one message. False if there is none. `text` gets what stands behind the first byte. */
bool child_hear(struct child *child, enum worker_message *message, char text[ERR_TEXT_MAX]);

/* Says it, once WORKER_LEAVE or WORKER_DRAIN; a probe is killed instead. */
void child_tell(struct child *child, enum worker_message message);

/* Workers of a generation that are not told to go; only those that accept, if asked so. */
unsigned child_count(const struct child_list *children, unsigned generation, bool ready_only);

/* What a worker's heartbeat says; to be looked at once in each tick of about a second. */
enum child_pulse {
	CHILD_BEATS, /* or is still starting, or is a probe */
	CHILD_STALE, /* some ticks without one */
	CHILD_HANGS  /* so many that it shall be killed; said once */
};
enum child_pulse child_pulse(struct child *child, struct limits *limits);

/* After the process has ended. */
void child_free(struct child *child, struct ev_loop *loop, struct limits *limits);

#endif
