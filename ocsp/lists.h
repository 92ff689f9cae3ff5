/* Revocation lists: each is fetched once for all certificates that need it at a time, verified, and kept in the
 * store's database `crl` until nextUpdate. */
#ifndef TVS_OCSP_LISTS_H
#define TVS_OCSP_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocsp/crl.h"
#include "ocsp/fetch.h"
#include "ocsp/ocsp_settings.h"
#include "ocsp/responder.h"

enum {
	LISTS_PATIENCE = 6,                         /* times `timeout` for one list */
	LISTS_RETRY = 60,                           /* seconds before a list that failed is fetched again */
	LISTS_STORE_BYTES = 256 * 1024 * 1024,      /* of all lists in the store; one that would exceed it stays in memory */
	LISTS_KEEP = 7 * 86400                      /* seconds that a lapsed list, or one without nextUpdate, stays in the store */
};

struct lists;

/* `store` may be NULL: then lists are kept in memory. `force`: what was fetched before this call is fetched
 * again when it is first needed. All arguments are borrowed. NULL when there is no memory. */
struct lists *lists_new(struct store *store, struct fetch *fetch, struct responders *responders,
                        const struct ocsp_settings *settings, bool force);
void lists_free(struct lists *lists);

enum lists_state {
	LISTS_READY,   /* `out` says what the list says */
	LISTS_FAILED,  /* `fault` in `out` says why there is no usable list */
	LISTS_PENDING  /* `ready` will be called; then ask again */
};

struct lists_answer {
	enum fault fault;   /* why there is no usable list */
	enum fault refresh; /* why there is no newer one than this; FAULT_NONE: it is fresh */
	long http_status;
	struct crl_entry entry;
	int64_t this_update, next_update, until;
};

typedef void lists_ready_fn(void *arg);

/* What the list at `url` says of `cert`, issued by `issuer`. An old list that still counts serves where no new one
 * can be had. `ready` is never called from within. */
enum lists_state lists_ask(struct lists *lists, const struct cert *cert, const struct cert *issuer,
                           const char *url, struct lists_answer *out, lists_ready_fn *ready, void *arg);

#endif
