/* OCSP responses (RFC 6960, 4.2): an ordered list of checks, the first that fails decides. */
#ifndef TVS_OCSP_RESPONSE_H
#define TVS_OCSP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocsp/fault.h"
#include "ocsp/rules.h"
#include "ocsp/signer.h"
#include "truststore/answer.h"
#include "truststore/base/cert.h"

enum { RESPONSE_MAX_BYTES = 64 * 1024 };

/* What the request said. All zero: nothing is known of a request. */
struct response_asked {
	const uint8_t *nonce;
	size_t nonce_len;    /* 0: it had none */
	bool nonce_required; /* a response without it is refused */
};

enum response_nonce { RESPONSE_NONCE_NOT_SENT, RESPONSE_NONCE_ABSENT, RESPONSE_NONCE_FITS };

struct response {
	enum fault fault;              /* FAULT_NONE: all that follows is verified */
	enum revocation_status status; /* good, revoked or unknown */
	int64_t this_update, next_update; /* next_update 0: the response has none */
	int64_t until;                 /* when it stops to count */
	int64_t revoked_at;            /* 0: not said */
	uint8_t reason;                /* CRLReason */
	enum response_nonce nonce;
	struct signer signer;          /* with `must_be_checked`, nothing counts before that was done */
};

/* Judges what a responder sent about `cert`, issued by `issuer`. The order: size and ASN.1, response
 * status, CertID, critical extensions, signature and signer, thisUpdate and nextUpdate, nonce. Nothing in `out` is set
 * beside the fault where one of them fails. Freed with response_free. */
void response_check(const void *der, size_t len, const struct cert *cert, const struct cert *issuer,
                    const struct rules *rules, const struct response_asked *asked, struct response *out);
void response_free(struct response *response);

#endif
