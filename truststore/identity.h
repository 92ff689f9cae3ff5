/* Own certificates: what the store holds for each purpose, and how it changes. */
#ifndef TVS_IDENTITY_H
#define TVS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/certmake.h"
#include "truststore/keyfile.h"
#include "truststore/purpose.h"
#include "truststore/record.h"
#include "truststore/security.h"
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

/* How an own certificate, or a request for one, is made. */
struct identity_wish {
	enum purpose purpose;
	const char *common_name; /* NULL: the default of the purpose on this host */
	const char *const *san;  /* ends in NULL; NULL: the host, where the purpose has it */
	bool multi_server;       /* for several servers, which `san` names (requirement K23) */
	const char *domain;      /* of those, as one more name; NULL: the host's; "": none */
	unsigned bits;           /* of the key; 0: the purpose's */
	gnutls_digest_algorithm_t hash; /* GNUTLS_DIG_UNKNOWN: the one that fits the key */
	const char *token;       /* PKCS#11 URI of the token that makes and keeps the key; NULL: a file */
	const char *keys;        /* keyfile_directory's */
	int64_t now;
	int64_t anchor_wait;     /* [truststore] anchor-wait, seconds */
	bool force;              /* in spite of the interlock */
	const struct security *security;
};

/* ERR_USAGE or ERR_REFUSED for a key or hash that cannot be had: lengths and hashes of requirement K18, the hash not weaker than the
 * key, and what the modes forbid. */
int identity_wish_check(const struct identity_wish *wish, struct err *err);

/* Renewing a second anchor of the phones' trust before they have learnt the first new one locks them out: ERR_REFUSED while
 * another of TVS, CallManager and ITLRecovery was renewed less than `wait` seconds ago, with the moment from which it is
 * safe. A purpose's first certificate is no renewal. */
int identity_interlock(struct txn *txn, enum purpose purpose, int64_t now, int64_t wait, struct err *err);

struct identity_result {
	struct digest cert;
	bool replaced;
	struct digest old;
	struct err unannounced; /* why the old one did not sign its successor (bulk_successor.h); code 0: it did, or there is nothing to sign */
};

/* Makes a key and a certificate signed by it, which takes the place of what the purpose had. The key is written before
 * the transaction that points to it, and the old key deleted after: whatever happens, the certificate in use has
 * its key. The old certificate of an anchor stays in its stores for `anchor_wait`. ERR_REFUSED by the interlock, and where
 * another purpose's own certificate has the same subject in the same store. */
int identity_new(struct store *store, const struct identity_wish *wish,
                 struct identity_result *result, struct err *err);

/* What a certificate that takes the place of another has in common with it. */
struct identity_model {
	char *common_name;
	char **san;  /* ends in NULL */
	unsigned bits;
	char *token; /* of its key, if that is in one; else NULL */
	bool self_signed;
};
/* That of the purpose's certificate. ERR_NOT_FOUND as identity_get. Free with identity_model_deinit in every case. */
int identity_model_get(struct txn *txn, enum purpose purpose, struct identity_model *out, struct err *err);
void identity_model_deinit(struct identity_model *model);

/* The names that a wish leads to: common name and alternative names, the purpose's on this host where none are wished for. Not NULL,
 * the rest of the model is empty. */
int identity_wish_names(const struct identity_wish *wish, struct identity_model *out, struct err *err);

/* Makes a key and a request for a CA (PKCS#10), which waits for `identity_install`; one that waited before is gone with its key.
 * The caller frees `request->data` with gnutls_free. ERR_REFUSED for ITLRecovery, which always signs itself. */
int identity_csr(struct store *store, const struct identity_wish *wish, gnutls_datum_t *request,
                 struct err *err);

/* Takes the pending request back, and deletes its key: a certificate made of it cannot be installed any more. ERR_NOT_FOUND if none
 * is pending. */
int identity_csr_discard(struct store *store, const struct identity_wish *wish, struct err *err);

/* What a CA made of a request, beside what identity_install checks. */
struct identity_difference {
	char *asked, *got; /* "DNS:host"; NULL on the side that does not have it */
};
struct identity_install {
	struct cert *const *certs; /* the certificate and its chain, in any order */
	size_t count;
	struct identity_difference *differences; /* filled: common name and alternative names that differ */
	size_t difference_count;
	size_t added; /* CAs of the chain that were new to the store */
};
void identity_install_deinit(struct identity_install *install);

/* Takes the certificate that a CA made of the pending request, and its key, into use. ERR_NOT_FOUND if no request is pending;
 * ERR_REFUSED if no certificate fits its key, if key usages or extended key usages were dropped, if it is not valid now, if no CA of its chain
 * is in the trust store of the purpose, by the modes, by the interlock, or (CAPF) for a CA named like a CAPF certificate. The CAs
 * between it and a trusted one join that trust store. */
int identity_install(struct store *store, const struct identity_wish *wish,
                     struct identity_install *install, struct identity_result *result,
                     struct err *err);

#endif
