/* What the identity*.c files share. */
#ifndef TVS_IDENTITY_PRIV_H
#define TVS_IDENTITY_PRIV_H

#include "truststore/identity.h"
#include "truststore/trust.h"

#define IDENTITY_ORIGIN "own" /* of the memberships of an own certificate */

/* The key of its record. */
size_t identity_key(enum purpose purpose, uint8_t out[RECORD_NAME_MAX]);

/* One own certificate takes the place of another, inside a write transaction. */
struct identity_change {
	const struct identity_wish *wish;
	const struct cert *cert;
	const char *key;               /* its reference */
	struct identity_result result; /* filled */
	char *old_key;                 /* reference that nothing points to any more; the caller frees it */
};
int identity_put(struct txn *txn, struct identity_change *change, struct err *err);

#endif
