/* Own certificates: what the store holds for each purpose, and how it changes. */
#ifndef TVS_IDENTITY_H
#define TVS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/keyfile.h"
#include "truststore/purpose.h"
#include "truststore/record.h"
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

/* The record of a purpose; borrows from the transaction. ERR_NOT_FOUND, without a sentence, where it has none. */
int identity_record_get(struct txn *txn, enum purpose purpose, struct identity_record *out,
                        struct err *err);

/* How an own certificate is made. */
struct identity_wish {
	enum purpose purpose;
	const char *common_name; /* NULL: the default of the purpose on this host */
	const char *const *san;  /* ends in NULL; NULL: the host, where the purpose has it */
	const char *keys;        /* keyfile_directory's */
	int64_t now;
	int64_t keep_anchor;     /* for so many seconds the old certificate of an anchor stays */
};

struct identity_result {
	struct digest cert;
	bool replaced;
	struct digest old;
};

/* Makes a key and a certificate signed by it, which takes the place of what the purpose had. The key is written before
 * the transaction that points to it, and the old key deleted after: whatever happens, the certificate in use has
 * its key. ERR_REFUSED where another purpose's own certificate has the same subject in the same store. */
int identity_new(struct store *store, const struct identity_wish *wish,
                 struct identity_result *result, struct err *err);

#endif
