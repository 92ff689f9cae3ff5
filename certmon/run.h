/* One run: look, decide what is due, remember and write the messages in one transaction, deliver.
 *
 * What a run announces and that it did so are one transaction, so that no run repeats or skips a notice; a
 * message waits in the outbox until it is delivered, across runs.
 */
#ifndef TVS_CERTMON_RUN_H
#define TVS_CERTMON_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "certmon/compose.h"
#include "certmon/finding.h"
#include "certmon/settings.h"
#include "truststore/base/log.h"
#include "truststore/store.h"

struct run {
	const struct settings *settings;
	struct store *store;
	struct log *log;         /* syslog, one line a finding; NULL: none */
	int64_t now;
	struct findings findings;
	size_t due;              /* how many were announced */
	size_t delivered, waiting; /* messages */
	char trouble[ERR_TEXT_MAX]; /* why the last one waits */
};

/* Fills in run->findings: everything that ends before now + ahead, sorted, with what is due marked. */
int run_look(struct run *run, int64_t ahead, struct err *err);

/* The run itself. 0 when all of it was done; messages that wait are counted, no error. */
int run_all(struct run *run, struct err *err);

/* Calls `each` with every message that a run would send now; changes nothing. */
int run_dry(struct run *run, compose_fn *each, void *arg, struct err *err);

void run_deinit(struct run *run);

/* Takes the lock of runs in the store's directory; `*fd` is closed to release it. ERR_BUSY when another run has it. */
int run_lock(const struct store *store, int *fd, struct err *err);

#endif
