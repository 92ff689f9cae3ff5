/* What the trust_verify*.c files share. */
#ifndef TVS_TRUST_VERIFY_PRIV_H
#define TVS_TRUST_VERIFY_PRIV_H

#include "truststore/trust_priv.h"

enum { OWN_MAX = 64 };

struct verifying {
	struct txn *txn;
	void (*each)(const char *difference, void *arg);
	void *arg;
	struct digest own[OWN_MAX]; /* certificates of identities */
	size_t own_count;
	uint64_t expected; /* the next revision of the change log */
};

/* One difference, one sentence. Returns 0. */
int verify_report(struct verifying *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool verify_has(struct verifying *v, enum store_db db, const void *key, size_t len);

/* A certificate's record against its DER, the indexes, and who holds it. */
int verify_cert(struct span key, struct span value, void *arg, struct err *err);

/* Records of the exchange between clusters. */
int verify_peer(struct span key, struct span value, void *arg, struct err *err);
int verify_successor(struct span key, struct span value, void *arg, struct err *err);

/* The answer that is stored against the one derived anew. */
int verify_answer_of(struct verifying *v, const struct digest *cert, struct err *err);

#endif
