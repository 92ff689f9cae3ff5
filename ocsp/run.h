/* Many checks: which certificates are due, in what order, how many at a time, and their results into the store.
 *
 * Certificates wait in one queue for each server that they name first, and the queues take turns. A server
 * that has not answered yet gets few questions at a time, so that one which hangs holds up its own only.
 */
#ifndef TVS_OCSP_RUN_H
#define TVS_OCSP_RUN_H

#include <ev.h>
#include <stdbool.h>

#include "ocsp/check.h"
#include "truststore/store.h"

enum {
	RUN_PROBES = 2,         /* questions at a time to a server that has not answered yet */
	RUN_BATCH = 256,        /* results in one write transaction */
	RUN_BATCH_MS = 500,     /* and the longest that one waits for others */
	RUN_WRITE_TRIES = 3     /* of a write transaction, before results are given up */
};

/* What became of one certificate; for reports. */
struct run_finding {
	struct digest cert;
	const char *subject;
	const struct outcome *outcome;
	const struct revocation_record *record; /* as it was written; NULL: the certificate has left the store */
};

/* True for what people want to be told of without asking: revoked, unknown, and the first of several failures
 * in a row. */
bool run_finding_is_news(const struct run_finding *finding);

struct run_events {
	void (*found)(const struct run_finding *finding, void *arg);    /* after its transaction; may be NULL */
	void (*idle)(void *arg);                                        /* nothing waits, all is written */
	void (*failed)(const struct err *err, size_t lost, void *arg);  /* results that could not be written */
	void *arg;
};

struct run;

/* The arguments are borrowed. NULL when there is no memory. */
struct run *run_new(struct ev_loop *loop, struct store *store, struct checker *checker,
                    const struct ocsp_settings *settings, const struct run_events *events);

/* Ends what is under way; writes what was found before. The checker is freed after it. */
void run_free(struct run *run);

/* Puts every certificate that is due (`all`: every one) behind those that wait, one that was never asked about
 * in front. Self-signed ones are never asked about, expired ones only where expired certificates may be
 * trusted. `next`, which may be NULL, is lowered to when the next of the others will be due. */
int run_add_due(struct run *run, bool all, int64_t *next, struct err *err);

/* The same for those alone that the change log says were added after a revision of the store. */
int run_add_new(struct run *run, uint64_t revision, int64_t *next, struct err *err);

/* True for a change that brings a certificate into the store. */
bool run_change_adds(const struct change_record *change);

/* Puts this one in front. ERR_NOT_FOUND if it is not stored. */
int run_add(struct run *run, const struct digest *cert, struct err *err);

/* Starts what may be started; `idle` is called from here if there is nothing at all. */
void run_start(struct run *run);

size_t run_waiting(const struct run *run); /* with those under way */

#endif
