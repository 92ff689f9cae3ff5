/* What the identity*.c files share. */
#ifndef TVS_IDENTITY_PRIV_H
#define TVS_IDENTITY_PRIV_H

#include <limits.h>

#include "truststore/bulk_successor.h"
#include "truststore/identity.h"
#include "truststore/trust.h"

#define IDENTITY_ORIGIN "own" /* of the memberships of an own certificate */

/* The key of its record. */
size_t identity_key(enum purpose purpose, uint8_t out[RECORD_NAME_MAX]);

/* Names as wished, or as the purpose has them on this host; borrows from the wish. */
struct identity_names {
	char host[HOST_NAME_MAX + 1];
	char common[CERTMAKE_NAME_MAX + 1];
	const char *san[CERTMAKE_SAN_MAX + 2];
};
int identity_names(const struct identity_wish *wish, struct identity_names *names,
                   struct certmake *what, struct err *err);

/* Makes, and deletes, a private key as the owner of the store. */
int identity_key_make(struct store *store, const struct identity_wish *wish, char **reference,
                      gnutls_privkey_t *key, struct err *err);
int identity_key_delete(struct store *store, const struct identity_wish *wish, const char *reference,
                        struct err *err);

/* One own certificate takes the place of another, inside a write transaction. */
struct identity_change {
	const struct identity_wish *wish;
	const struct cert *cert;
	const char *key;               /* its reference */
	struct bulk_successor successor; /* of identity_announce; may be without a signature */
	bool installs;                 /* that is the pending request's key, and the request is done with */
	struct identity_result result; /* filled */
	char *old_key;                 /* reference that nothing points to any more; the caller frees it */
};
int identity_put(struct txn *txn, struct identity_change *change, struct err *err);

/* Has the present certificate sign who follows it, as long as its key is there. That it cannot is told in `result`, and no reason not to
 * renew. The caller frees change->successor. */
void identity_announce(struct store *store, struct identity_change *change);

/* A pending request takes the place of another; `*old_key` as above. */
int identity_put_csr(struct txn *txn, const struct identity_wish *wish, const gnutls_datum_t *request,
                     const char *key, char **old_key, struct err *err);

/* The pending request goes; `*old_key` as above. ERR_NOT_FOUND. */
int identity_drop_csr(struct txn *txn, enum purpose purpose, char **old_key, struct err *err);

#endif
