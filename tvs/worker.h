/* A worker process: takes connections and answers phones. */
#ifndef TVS_WORKER_H
#define TVS_WORKER_H

#include <sys/types.h>

#include "truststore/base/log.h"
#include "tvs/limits.h"
#include "tvs/listener.h"
#include "tvs/settings.h"

/* What supervisor and workers say to each other, over a SOCK_SEQPACKET pair: one byte, and a sentence after
 * WORKER_FAILED. */
enum worker_message {
	WORKER_READY = 'r',  /* it accepts; a probe: everything is good */
	WORKER_STALE = 's',  /* its store was replaced by another one: store_replaced */
	WORKER_FAILED = 'f', /* it cannot start, and why */
	WORKER_DRAIN = 'd',  /* accept nothing more, serve what is there for WORKER_DRAIN_SECONDS at most */
	WORKER_LEAVE = 'l'   /* finish what was read, within WORKER_LEAVE_SECONDS */
};

enum { WORKER_DRAIN_SECONDS = 30, WORKER_LEAVE_SECONDS = 3 };

struct worker_config {
	const struct settings *settings;
	struct listeners *listeners; /* the worker's own copy: it closes them */
	struct limits *limits;
	int slot;
	int channel;
	pid_t supervisor;
	enum log_level level;
};

/* Opens the store, loads the credentials, drops its rights and serves until told to leave, or until the
 * supervisor is gone. Runs in a process of its own, forked from the supervisor. Returns the process's exit
 * code. */
int worker_run(const struct worker_config *config);

/* Does the same up to the point of serving, says by the channel how that went, and returns: a new configuration
 * is tried so before any worker is started with it. */
int worker_probe(const struct worker_config *config);

#endif
