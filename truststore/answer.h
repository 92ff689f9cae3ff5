/* The answer record: all that a verification reads, and the trust decision itself.
 *
 * trusted = in a store that gives a role, and now within not-before and not-after, and
 * not revoked, and not blocked. The record is derived when the store changes (trust.h);
 * what only the clock changes is decided here, by the reader.
 */
#ifndef TVS_ANSWER_H
#define TVS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"
#include "truststore/role.h"

enum reason { /* one stable word each, the same in logs, JSON and metrics */
	REASON_TRUSTED,
	REASON_UNKNOWN,
	REASON_EXPIRED,
	REASON_NOT_YET_VALID,
	REASON_REVOKED,
	REASON_REVOCATION_UNKNOWN,
	REASON_BLOCKED,
	REASON_NO_ROLE,
	REASON_MALFORMED,
	REASON_COUNT
};
const char *reason_name(enum reason reason); /* "not-yet-valid" */

/* What is known of a certificate's revocation; the numbers stand in the store. */
enum revocation_status {
	REVOCATION_UNCHECKED = 0,      /* never asked */
	REVOCATION_NOT_APPLICABLE = 1, /* self-signed: always passes */
	REVOCATION_GOOD = 2,           /* until `revocation_until`, then as unreachable */
	REVOCATION_REVOKED = 3,        /* never lapses */
	REVOCATION_UNKNOWN = 4,        /* the responder said "unknown" */
	REVOCATION_UNREACHABLE = 5,    /* no usable answer, and no good one that still counts */
	REVOCATION_NO_SOURCE = 6,      /* neither responder nor CRL is named */
	REVOCATION_STATUS_COUNT
};
const char *revocation_status_name(enum revocation_status status); /* "not-applicable" */

struct answer_role {
	int64_t until; /* the role is given before this moment; 0: not given; CLOCK_NEVER: no end */
	uint32_t ttl;  /* the smallest of the memberships that give it, seconds; 0 where it is not given */
};

struct answer {
	bool blocked;
	enum revocation_status revocation;
	int64_t revocation_until; /* when the status stops to count; CLOCK_NEVER: no bound */
	int64_t revocation_next;  /* when it must be asked anew; CLOCK_NEVER: no bound */
	int64_t not_before, not_after;
	int64_t stored_until;     /* the last membership's end, with a role or without; 0: in no store */
	struct answer_role role[ROLE_COUNT];
};

/* Bytes of the encoded record, which has a grant for roles that end together and have one TTL; see FORMAT.md. */
enum { ANSWER_HEAD = 44, ANSWER_GRANT = 13, ANSWER_MAX = ANSWER_HEAD + ROLE_COUNT * ANSWER_GRANT };

/* Returns the length of the record. */
size_t answer_encode(const struct answer *answer, uint8_t out[ANSWER_MAX]);
/* Reads the first version of the record, too. ERR_STORE for a record of neither. */
int answer_decode(const void *bytes, size_t len, struct answer *answer);

/* What the configuration says of doubtful cases. */
struct answer_policy {
	bool allow_expired;       /* [security] expired = allow */
	bool deny_unknown;        /* [ocsp] on-unknown = deny */
	bool deny_unreachable;    /* [ocsp] on-unreachable = deny; never checked and lapsed count as this */
	bool deny_no_source;      /* [ocsp] on-no-source = deny */
	bool checking;            /* [ocsp] enable: what was never checked must be asked now */
};

enum {
	ANSWER_DEFAULT_TTL = 86400, /* seconds */
	ANSWER_PAST_TTL = 300       /* where the moment that bounds it lies in the past, and that is allowed */
};

struct verdict {
	bool trusted;
	enum reason reason;
	uint32_t roles; /* that hold now; 0 unless trusted */
	uint32_t ttl;   /* seconds, at least 1 when trusted, else 0 */
};

/* The trust decision. `answer` NULL: nothing is known of the certificate. Of several reasons the first of: blocked,
 * revoked, unknown (in no store now), not-yet-valid, expired, revocation-unknown, no-role.
 * The TTL is the smallest of those of the roles and of the seconds until a role ends, until not-after, until the revocation
 * status lapses and until it must be asked anew; of these three, one that lies in the past counts as ANSWER_PAST_TTL.
 * Pure: reads nothing but its arguments. not-after is the last second of validity (RFC 5280, 4.1.2.5). */
void answer_judge(const struct answer *answer, int64_t now, const struct answer_policy *policy,
                  struct verdict *out);

#endif
