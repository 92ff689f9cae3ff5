/* What is known of each server that is asked: how it likes to be asked, and whether it answers. */
#ifndef TVS_OCSP_RESPONDER_H
#define TVS_OCSP_RESPONDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ocsp/certid.h"
#include "ocsp/fault.h"
#include "truststore/store.h"

enum { RESPONDER_GIVE_UP = 3 }; /* failures in a row after which it is left alone for a while */

struct responder {
	struct responder *next;
	char *url;
	enum certid_hash hash; /* the CertID that it answered last, tried first */
	unsigned failures;     /* in a row */
	enum fault fault;      /* of the last one; never FAULT_NONE after a failure */
	int64_t retry_at;      /* left alone until then; 0: not */
	bool answers;          /* the last question of this process was answered */
	bool changed;          /* since it was read or saved */
};

struct responders;

/* A table over the database `responder` of `store`, or in memory only (NULL). `forgive`: nothing is left alone
 * because of what happened before this process. NULL when there is no memory. */
struct responders *responders_new(struct store *store, bool forgive);
void responders_free(struct responders *responders);

/* The entry of a URL, read from the store when it is first asked for. It lives as long as the table. NULL
 * when there is no memory. */
struct responder *responders_get(struct responders *responders, const char *url);

/* Writes what has changed; work for store_write. After it was committed: responders_saved. */
int responders_save(struct responders *responders, struct txn *txn);
void responders_saved(struct responders *responders);

/* False while it is left alone. A pause that is longer than any with this `interval` began before the clock was
 * set back: it does not count. */
bool responder_may_be_asked(const struct responder *responder, int64_t now, int64_t interval);

/* It answered a question with such a CertID; `learned`: the answer shows that it takes this kind. */
void responder_answered(struct responder *responder, enum certid_hash hash, bool learned);

/* It could not be reached or gave no sensible answer; the pause grows up to `interval`. */
void responder_failed(struct responder *responder, enum fault fault, int64_t now, int64_t interval);

/* True for faults that say something of the server, and not of one certificate. */
bool responder_at_fault(enum fault fault);

#endif
