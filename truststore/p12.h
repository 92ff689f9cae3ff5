/* PKCS#12 archives (RFC 7292) of certificates. Read and written through libcrypto, because GnuTLS drops what a bag
 * holds beyond 32 elements. */
#ifndef TVS_P12_H
#define TVS_P12_H

#include "truststore/base/cert.h"

enum {
	P12_MAX_BYTES = 256 << 20,    /* of an archive */
	P12_MAX_ITERATIONS = 20000000 /* of all key derivations of one archive together */
};

/* Calls `each` for every certificate in the archive's bytes, in their order; private keys are passed over. `name` stands in
 * messages. A wrong password is ERR_REFUSED, an algorithm that is not supported ERR_CRYPTO, a broken archive ERR_MALFORMED,
 * more than the bounds ERR_LIMIT. `password` NULL counts as "". */
int p12_read(const char *name, const void *bytes, size_t len, const char *password,
             cert_each_fn *each, void *arg, struct err *err);

#endif
