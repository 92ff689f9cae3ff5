/* What a check found out, and what follows for the record in the store. Pure: reads nothing but its arguments. */
#ifndef TVS_OCSP_OUTCOME_H
#define TVS_OCSP_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "ocsp/fault.h"
#include "truststore/base/digest.h"
#include "truststore/record.h"

enum { OUTCOME_URL_SIZE = 2048 };

struct outcome {
	enum revocation_status status;  /* good, revoked, unknown: verified; else unreachable or no-source */
	enum fault fault;               /* why there is no usable answer, or no fresh one; FAULT_NONE where there is one */
	int64_t this_update, next_update; /* 0: none */
	int64_t until;                  /* when a verified one stops to count */
	int64_t revoked_at;             /* 0: not said */
	uint8_t reason;                 /* CRLReason, RFC 5280, 5.3.1 */
	char source[OUTCOME_URL_SIZE];  /* the URL that answered, or was the last to be asked; "" for none */
};

/* True where somebody said something that was verified. */
bool outcome_verified(const struct outcome *outcome);

/* The record that follows from what was known (NULL: nothing) and what was found now. What holds:
 * - what is newer (thisUpdate) counts; an older statement never displaces one that still counts;
 * - revoked never lapses: only `good` that is newer ends it;
 * - without a usable answer the last good or unknown one stays until it lapses;
 * - an attempt without a fresh answer counts as a failure, and is made again soon.
 * `interval` is the setting; `cert` spreads the next checks. The texts borrow from the arguments. */
void outcome_merge(const struct revocation_record *known, const struct outcome *found, int64_t now,
                   int64_t interval, const struct digest *cert, struct revocation_record *out);

/* The names of CRLReason: "keyCompromise"; "unspecified" for others. */
const char *outcome_reason_name(uint8_t reason);

#endif
