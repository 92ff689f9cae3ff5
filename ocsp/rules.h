/* By which times, and by whose word, a response or a list counts. */
#ifndef TVS_OCSP_RULES_H
#define TVS_OCSP_RULES_H

#include <stdint.h>

#include "ocsp/fault.h"
#include "truststore/base/cert.h"

struct rules {
	int64_t now;
	int64_t skew;      /* seconds by which clocks may differ */
	int64_t max_age;   /* of a response's thisUpdate, seconds */
	int64_t interval;  /* how long counts what names no nextUpdate, seconds */
	const struct cert *configured; /* `responder-certificate`, or NULL */
};

/* When what carries these times (next_update 0: none) stops to count: at nextUpdate, else `interval` after
 * thisUpdate; where that has passed by less than the skew, so much later. FAULT_FUTURE, FAULT_STALE. */
enum fault rules_times(const struct rules *rules, int64_t this_update, int64_t next_update,
                       int64_t *until);

#endif
