/* Why a check gave no usable answer: one stable word for each cause. */
#ifndef TVS_OCSP_FAULT_H
#define TVS_OCSP_FAULT_H

#include <stddef.h>

/* In the order in which a check meets them: finding whom to ask, HTTP, the response, the list. */
enum fault {
	FAULT_NONE,
	FAULT_NO_ISSUER,          /* the issuer's certificate is not there, and nothing can be verified without it */
	FAULT_NO_SOURCE,          /* neither responder nor list is named */
	FAULT_URL,
	FAULT_RESOLVE,
	FAULT_CONNECT,
	FAULT_TLS,
	FAULT_TIMEOUT,
	FAULT_REDIRECT,           /* too many, or to another protocol */
	FAULT_HTTP_STATUS,        /* anything but 200 */
	FAULT_TOO_LARGE,
	FAULT_TRUNCATED,
	FAULT_NETWORK,

	FAULT_MALFORMED,          /* no OCSPResponse in DER, or none of the basic type (RFC 6960, 4.2.1) */
	FAULT_MALFORMED_REQUEST,  /* OCSPResponseStatus, RFC 6960, 4.2.1 */
	FAULT_INTERNAL_ERROR,
	FAULT_TRY_LATER,
	FAULT_SIG_REQUIRED,
	FAULT_UNAUTHORIZED,
	FAULT_RESPONSE_STATUS,    /* one that the RFC does not have */
	FAULT_NO_MATCH,           /* about other certificates only */
	FAULT_CRITICAL_EXTENSION,
	FAULT_WEAK_SIGNATURE,     /* SHA-1, MD5, or an algorithm that is not known */
	FAULT_SIGNER_NOT_FOUND,   /* no certificate fits the responder's name or key */
	FAULT_BAD_SIGNATURE,
	FAULT_SIGNER_NOT_AUTHORIZED, /* issued by the CA, but not for signing OCSP responses */
	FAULT_SIGNER_UNTRUSTED,   /* not issued by the CA */
	FAULT_SIGNER_EXPIRED,     /* or not yet valid */
	FAULT_SIGNER_REVOKED,
	FAULT_SIGNER_UNCHECKED,   /* no id-pkix-ocsp-nocheck, and its own status could not be found out */
	FAULT_FUTURE,             /* thisUpdate has not come */
	FAULT_STALE,              /* nextUpdate has passed; without one, `interval` after thisUpdate */
	FAULT_TOO_OLD,            /* thisUpdate lies further back than `max-age` */
	FAULT_NONCE_MISSING,
	FAULT_NONCE_MISMATCH,

	FAULT_CRL_MALFORMED,
	FAULT_CRL_ISSUER,         /* of another CA */
	FAULT_CRL_SIGNER,         /* the CA's key is not for signing lists */
	FAULT_CRL_WEAK_SIGNATURE,
	FAULT_CRL_BAD_SIGNATURE,
	FAULT_CRL_DELTA,
	FAULT_CRL_INDIRECT,
	FAULT_CRL_SCOPE,          /* does not cover this certificate, or not all reasons */
	FAULT_CRL_CRITICAL_EXTENSION,
	FAULT_CRL_FUTURE,
	FAULT_CRL_STALE,
	FAULT_CRL_TOO_LARGE,      /* more entries than are handled */

	FAULT_LOCAL,              /* no memory, no descriptors: the fault of this machine */
	FAULT_COUNT
};

/* "nonce-mismatch"; "" for FAULT_NONE. */
const char *fault_word(enum fault fault);

/* Back again: FAULT_NONE for what is no such word. */
enum fault fault_of_word(const char *word, size_t len);

/* What it means, as the end of a sentence: "the response carries another nonce". */
const char *fault_text(enum fault fault);

#endif
