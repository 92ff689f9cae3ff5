/* Statements by which a certificate that signs manifests names its successor. One is made when an own
 * certificate is renewed, while the old key is still there; it stays in the store (database `successor`,
 * FORMAT.md) and goes with the manifests, so that other clusters, who know the old one, need not be asked about
 * the new one. */
#ifndef TVS_BULK_SUCCESSOR_H
#define TVS_BULK_SUCCESSOR_H

#include "truststore/base/digest.h"
#include "truststore/purpose.h"
#include "truststore/store.h"

enum {
	BULK_SUCCESSORS_MAX = 8,              /* renewals in a row that one may have missed */
	BULK_SUCCESSOR_SIGNATURE_MAX = 32768, /* bytes */
	BULK_SIGNING = 2
};

/* The purposes whose certificates sign manifests, the preferred one first. */
extern const enum purpose bulk_signing[BULK_SIGNING];

/* "The certificate `old` is followed by `new`", signed by the old one (CMS, RFC 5652, detached, its certificate
 * included) over the text "tvs-bulk-successor 1\nold <64 digits>\nnew <64 digits>\n". No cluster stands in it:
 * who the old one speaks for, its readers know. */
struct bulk_successor {
	struct digest old, new;
	uint8_t *signature; /* NULL: none */
	size_t signature_len;
};

/* The certificates from one that others may know to the present one, the oldest statement first. */
struct bulk_succession {
	struct bulk_successor step[BULK_SUCCESSORS_MAX];
	unsigned count;
};

void bulk_successor_deinit(struct bulk_successor *successor);
void bulk_succession_deinit(struct bulk_succession *succession);

/* Has the present certificate of a purpose sign that `new` follows it. No signature, and no failure, where the
 * purpose has none or signs no manifests. `keys` is keyfile_directory's. The caller frees with
 * bulk_successor_deinit in every case. */
int bulk_successor_make(struct store *store, enum purpose purpose, const char *keys, const struct digest *new,
                        struct bulk_successor *out, struct err *err);

/* ERR_REFUSED unless the old one made the signature; `name` stands in the message. */
int bulk_successor_verify(const char *name, const struct bulk_successor *successor, struct err *err);

/* Keeps a statement; what lies more than BULK_SUCCESSORS_MAX before it is forgotten. */
int bulk_successor_put(struct txn *txn, const struct bulk_successor *successor, struct err *err);

/* What leads to a certificate. The caller frees with bulk_succession_deinit in every case. */
int bulk_succession_get(struct txn *txn, const struct digest *cert, struct bulk_succession *out, struct err *err);

/* A record of the database, as it stands under `key`, and the signature in it. ERR_STORE where it is none; else as
 * bulk_successor_verify. */
int bulk_successor_check(struct span key, struct span value, struct err *err);

/* True if it begins with, or comes by, a certificate. */
bool bulk_succession_has(const struct bulk_succession *succession, const struct digest *cert);

#endif
