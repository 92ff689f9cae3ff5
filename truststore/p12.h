/* PKCS#12 archives (RFC 7292) of certificates. Read and written through libcrypto, because GnuTLS drops what a bag
 * holds beyond 32 elements. */
#ifndef TVS_P12_H
#define TVS_P12_H

#include "truststore/base/cert.h"

enum {
	P12_MAX_BYTES = 256 << 20,    /* of an archive */
	P12_MAX_ITERATIONS = 20000000 /* of all key derivations of one archive together */
};

/* Calls `each` for every certificate in the archive's bytes, in their order; private keys are passed over.
 * `name` stands in messages. A wrong password is ERR_REFUSED, an algorithm that is not supported ERR_CRYPTO, a
 * broken archive ERR_MALFORMED, more than the bounds ERR_LIMIT. `password` NULL counts as "". */
int p12_read(const char *name, const void *bytes, size_t len, const char *password,
             cert_each_fn *each, void *arg, struct err *err);

/* The same without a look at the certificates: their DER, borrowed during the call, and their number from 1. */
typedef int p12_der_fn(const uint8_t *der, size_t len, unsigned number, void *arg, struct err *err);
int p12_each_der(const char *name, const void *bytes, size_t len, const char *password,
                 p12_der_fn *each, void *arg, struct err *err);

enum p12_profile {
	P12_MODERN, /* AES-256 with PBKDF2 and HMAC-SHA-256 (RFC 9579 leaves the MAC's old derivation in use) */
	P12_LEGACY  /* 3DES and SHA-1, for systems that read nothing else */
};

enum {
	P12_WRITE_ITERATIONS = 2048, /* certificates are no secret, and a large archive is thousands of bags */
	P12_WRITE_BAG = 31           /* certificates a bag: other readers drop the rest of a bigger one */
};

struct p12_writer;

/* An archive that is being written; `password` may be "". Freed by p12_writer_end or p12_writer_free. */
int p12_writer_new(const char *password, enum p12_profile profile, struct p12_writer **out, struct err *err);
void p12_writer_free(struct p12_writer *writer);

/* Adds a certificate (DER) with a friendly name (UTF-8; NULL: none). One with a name is marked as trusted in a modern
 * archive, as Java's keytool wants it. */
int p12_writer_add(struct p12_writer *writer, const uint8_t *der, size_t len, const char *friendly, struct err *err);

/* The archive's bytes, allocated. Frees the writer in every case. */
int p12_writer_end(struct p12_writer *writer, uint8_t **bytes, size_t *len, struct err *err);

#endif
