/* Who signed a response, and whether he was entitled to (RFC 6960, 4.2.2.2). */
#ifndef TVS_OCSP_SIGNER_H
#define TVS_OCSP_SIGNER_H

#include <gnutls/ocsp.h>

#include "ocsp/fault.h"
#include "ocsp/signature.h"
#include "truststore/base/cert.h"

enum {
	SIGNER_MAX_CERTS = 32,  /* certificates that are looked at in one response */
	SIGNER_MAX_TRIED = 4    /* signatures that are computed for one response */
};

enum signer_kind {
	SIGNER_NOBODY,
	SIGNER_ISSUER,     /* the issuer itself */
	SIGNER_DELEGATE,   /* a certificate for that purpose, issued by the issuer */
	SIGNER_CONFIGURED  /* exactly the certificate that `responder-certificate` names */
};
const char *signer_kind_name(enum signer_kind kind); /* "delegate" */

struct signer {
	enum signer_kind kind;
	bool must_be_checked;     /* a delegate without id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1) */
	struct cert *delegate;    /* only then; signer_free frees it */
};

/* Finds the certificate that fits the responder id of `resp` and whose key made the signature, in this
 * order: `issuer`, those in the response, `configured` (NULL: none). The first two kinds are tried before the third.
 * `now` decides whether a delegate or the configured certificate is valid. */
enum fault signer_find(gnutls_ocsp_resp_t resp, const struct signature *signature,
                       const struct cert *issuer, const struct cert *configured, int64_t now,
                       struct signer *out);
void signer_free(struct signer *signer);

#endif
