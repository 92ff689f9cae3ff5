/* The supervisor: owns the sockets and the configuration, starts workers, replaces those that die, and serves
 * nobody.
 *
 * A configuration with its sockets, and the workers that serve it, are a generation. A new one is built beside
 * the old one: read, bound, tried in a short-lived child (the supervisor itself opens neither store nor keys),
 * its workers started; when all of them accept, it takes over, and the old workers finish what they have. If
 * anything fails, nothing changes.
 */
#ifndef TVS_SUPERVISOR_H
#define TVS_SUPERVISOR_H

#include "truststore/base/log.h"
#include "tvs/generation.h"

struct supervisor;

struct supervisor_config { /* borrowed for the supervisor's life */
	struct log *log;
	enum log_level level;
	const char *file;  /* of the configuration; NULL: the default */
	const char *store; /* --store; NULL: as configured */
};

/* Takes the first generation over, also when it fails. */
int supervisor_new(const struct supervisor_config *config, struct generation *first,
                   struct supervisor **out, struct err *err);

/* Runs until SIGTERM or SIGINT (exit code 0), or until the first generation turns out not to work (2). In the
 * processes that it starts it never returns. */
int supervisor_run(struct supervisor *supervisor);
void supervisor_free(struct supervisor *supervisor);

#endif
