/* When a certificate is asked about again. Pure: reads nothing but its arguments. */
#ifndef TVS_OCSP_RECHECK_H
#define TVS_OCSP_RECHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/digest.h"
#include "truststore/record.h"

enum {
	RECHECK_SOONEST = 10,      /* seconds: never sooner after a check than that */
	RECHECK_FIRST_RETRY = 60,  /* seconds after a failure; twice as long after each further one, up to the interval */
	RECHECK_LOCAL_RETRY = 900, /* seconds: the longest wait where the failure is one of this store: it costs nobody a question */
	RECHECK_MARGIN = 16,       /* one part in so many is taken off the interval: what a timer and a phone's last look may take */
	RECHECK_JITTER = 8         /* up to one part in so many is taken off, so that not all come at once */
};

/* The next check after one at `now` with this result: `interval` later less the margin, or halfway to the
 * moment at which a good or unknown status stops to count, where that is sooner; after failures by the rule
 * above. How much jitter takes off follows from the certificate's digest. */
int64_t recheck_next(const struct revocation_record *record, int64_t now, int64_t interval,
                      const struct digest *cert);

/* Seconds to leave a responder alone that failed `failures` times in a row. */
int64_t recheck_back_off(unsigned failures, int64_t interval);

/* True if a certificate must be asked about now, also where `interval` has become shorter since the next check was set.
 * `record` NULL: never asked. */
bool recheck_due(const struct revocation_record *record, int64_t now, int64_t interval);

#endif
