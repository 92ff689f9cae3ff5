/* Detached signatures of manifests (CMS, RFC 5652, DER). */
#ifndef TVS_BULK_SIGN_H
#define TVS_BULK_SIGN_H

#include <gnutls/abstract.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"

enum { BULK_SIGNATURE_MAX = 1 << 20 };

/* Signs with SHA-256 (RSA: PKCS#1 v1.5), the certificate and the time included. The caller frees `*out`. */
int bulk_sign(const void *bytes, size_t len, const struct cert *signer, gnutls_privkey_t key, uint8_t **out, size_t *out_len,
              struct err *err);

/* Finds the certificate in the structure whose key made its one signature over the bytes; whether that is
 * somebody whom one knows, and valid now, is for the caller to decide. The caller frees `*signer`. ERR_REFUSED
 * when none did, ERR_MALFORMED for what is no detached signature. */
int bulk_sign_verify(const char *name, const void *bytes, size_t len, const void *signature, size_t signature_len,
                     struct cert **signer, struct err *err);

#endif
