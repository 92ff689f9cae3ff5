/* Stored certificates whose issuer is not stored any more (requirement K13). */
#ifndef TVS_ORPHANS_H
#define TVS_ORPHANS_H

#include "truststore/trust.h"

/* A certificate that has left, as far as its issues need it. */
struct orphans_issuer {
	struct digest id, subject_key;
	bool stored; /* it still is, in another store */
};

/* Calls `each` for every stored certificate that one of `gone` issued, going by the names, and that no certificate still
 * stored can have issued. Looks at every stored certificate once; nothing is parsed but what fits. */
int orphans_each(struct txn *txn, const struct orphans_issuer *gone, size_t count,
                 trust_cert_fn *each, void *arg, struct err *err);

#endif
