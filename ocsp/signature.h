/* What responses and lists share: SEQUENCE { signed part, algorithm, signature } (RFC 5280, 5.1.1;
 * RFC 6960, 4.2.1), read without copying, and the check of the signature. */
#ifndef TVS_OCSP_SIGNATURE_H
#define TVS_OCSP_SIGNATURE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>

#include "truststore/base/der.h"

struct signature {
	struct der_item signed_part; /* a SEQUENCE, whole */
	struct der_item algorithm;   /* AlgorithmIdentifier, whole */
	gnutls_sign_algorithm_t sign; /* GNUTLS_SIGN_UNKNOWN: not one that is known */
	struct der bits;             /* the signature itself */
	struct der rest;             /* what follows it within the structure */
};

/* Reads a structure that fills the bytes exactly; everything in `out` borrows from them. */
bool signature_read(const void *der, size_t len, struct signature *out);

/* True if the algorithm is known and not one that can be forged: SHA-1 and MD5 are refused. */
bool signature_strong(const struct signature *signature);

/* True if the certificate's key made the signature. Says nothing of whether it was entitled to. */
bool signature_verify(const struct signature *signature, gnutls_x509_crt_t signer);

/* True if the object identifier has these contents. */
bool oid_is(const struct der_item *oid, const void *bytes, size_t len);

#endif
