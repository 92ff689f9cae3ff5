/* Signers that an issuer has appointed, and whose own status was asked for: the next response of one need not
 * wait for that again (RFC 6960, 4.2.2.2.1). In memory only, as long as a process checks. */
#ifndef TVS_OCSP_DELEGATES_H
#define TVS_OCSP_DELEGATES_H

#include "ocsp/fault.h"
#include "ocsp/outcome.h"
#include "truststore/base/cert.h"

enum { DELEGATES_MAX = 16 }; /* then the oldest entry gives way */

struct delegates {
	struct delegate {
		struct digest cert, issuer;
		enum revocation_status status; /* good or revoked */
		int64_t until;                 /* asked for anew from then */
	} known[DELEGATES_MAX];
	unsigned next;
};

/* The status of a delegate: good or revoked, or REVOCATION_UNCHECKED where it must be asked for. */
enum revocation_status delegates_status(const struct delegates *delegates, const struct cert *cert,
                                        const struct cert *issuer, int64_t now);

/* Keeps what was found, if it was good or revoked: until it lapses, and for `interval` seconds at most. */
void delegates_remember(struct delegates *delegates, const struct cert *cert, const struct cert *issuer,
                        const struct outcome *outcome, int64_t now, int64_t interval);

/* What a delegate's status says of the responses that he signs; FAULT_NONE: they count. */
enum fault delegates_fault(enum revocation_status status);

#endif
