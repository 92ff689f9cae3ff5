/* Writing PKCS#12 archives (RFC 7292) of any number of certificates. */
#ifndef TVS_P12WRITE_H
#define TVS_P12WRITE_H

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"

struct p12write;

/* An empty archive. The password is copied, and wiped by p12write_free (which takes NULL). */
int p12write_new(const char *password, struct p12write **out, struct err *err);
void p12write_free(struct p12write *p12);

/* Adds a certificate under a name that readers show; NULL: none. Every 30 of them cost about 70 ms: they are encrypted with a
 * key derived anew (PBES2, AES-256, 600,000 iterations). */
int p12write_add(struct p12write *p12, const uint8_t *der, size_t len, const char *name, struct err *err);

/* The archive with its MAC (SHA-256); the caller frees `out->data` with gnutls_free. Nothing can be added afterwards. */
int p12write_finish(struct p12write *p12, gnutls_datum_t *out, struct err *err);

#endif
