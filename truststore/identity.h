/* Own certificates: what the store holds for each purpose, and how it changes. */
#ifndef TVS_IDENTITY_H
#define TVS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/keyfile.h"
#include "truststore/purpose.h"
#include "truststore/store.h"

enum { IDENTITY_CHAIN_MAX = 8 };

/* An own certificate as a server needs it: a copy that outlives the transaction. */
struct identity {
	enum purpose purpose;
	struct digest cert;
	/* DER, its own certificate first, then stored CAs as far as they lead, without a self-signed root. */
	struct identity_der {
		uint8_t *bytes;
		size_t len;
	} chain[IDENTITY_CHAIN_MAX];
	size_t chain_count;
	char *key; /* reference: see keyfile_locate */
};

/* The own certificate of a purpose. ERR_NOT_FOUND names the command that makes one. Free with
 * identity_deinit in every case. */
int identity_get(struct txn *txn, enum purpose purpose, struct identity *out, struct err *err);
void identity_deinit(struct identity *identity);

/* Loads the private key and checks that it fits the certificate. The caller frees `*out` with
 * gnutls_privkey_deinit. `keys` is keyfile_directory's. */
int identity_key_load(const struct identity *identity, const char *keys, gnutls_privkey_t *out,
                      struct err *err);

#endif
