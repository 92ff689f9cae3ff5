/* How OCSP names a certificate (RFC 6960, 4.1.1) and a responder (4.2.1). */
#ifndef TVS_OCSP_CERTID_H
#define TVS_OCSP_CERTID_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"

enum certid_hash { CERTID_SHA1 = 1, CERTID_SHA256 = 2 }; /* the numbers stand in the store */

const char *certid_hash_name(enum certid_hash hash); /* "SHA-1" */
enum certid_hash certid_other(enum certid_hash hash);

struct certid {
	enum certid_hash hash;
	uint8_t name[32], key[32]; /* hashes of the issuer's name and key; 20 bytes of each with SHA-1 */
	size_t hash_len;
	const uint8_t *serial;     /* as in the DER; belongs to the certificate */
	size_t serial_len;
};

/* The CertID of `cert`, issued by `issuer`. ERR_MALFORMED if the issuer's key cannot be read. */
int certid_of(const struct cert *cert, const struct cert *issuer, enum certid_hash hash,
              struct certid *out);

gnutls_digest_algorithm_t certid_digest(enum certid_hash hash);

/* The hash of a certificate's public key: the contents of its BIT STRING without the number of unused
 * bits. `out` has room for 32 bytes. False if the certificate cannot be read. */
bool certid_key_hash(const void *der, size_t len, enum certid_hash hash, uint8_t *out);

#endif
