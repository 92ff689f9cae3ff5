/* What the store remembers of each cluster (database `peer`, FORMAT.md): the key is its name in lower case. */
#ifndef TVS_BULK_PEER_H
#define TVS_BULK_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/bulk_manifest.h"
#include "truststore/store.h"

struct bulk_peer {
	char name[BULK_CLUSTER_MAX + 1]; /* as it was first spelled */
	bool retired;                    /* nothing is imported from it any more */
	uint8_t format;                  /* version of its last manifest */
	struct digest signers[BULK_SIGNERS_MAX];
	unsigned signer_count;
	struct bulk_peer_type {
		uint64_t sequence;      /* the highest that was seen; of the own cluster: that was given out */
		struct digest
			manifest; /* SHA-256 of that manifest; of the own cluster: of what the last export said, without number and time */
		uint64_t revision;      /* own cluster: of the store when that was compared the last time */
		struct digest inputs;   /* own cluster: what the last imported consolidated archive consists of */
	} type[BULK_TYPE_COUNT];
};

/* ERR_NOT_FOUND, without a sentence, where there is none: `out` is then empty but for the name. */
int bulk_peer_get(struct txn *txn, const char *name, struct bulk_peer *out, struct err *err);
int bulk_peer_put(struct txn *txn, const struct bulk_peer *peer, struct err *err);

typedef int bulk_peer_fn(const struct bulk_peer *peer, void *arg, struct err *err);
int bulk_peer_each(struct txn *txn, bulk_peer_fn *each, void *arg, struct err *err);

/* A record of the database, as it stands under `key`. ERR_STORE where it is none, or that of another name. */
int bulk_peer_decode(struct span key, struct span value, struct bulk_peer *out);

bool bulk_peer_knows(const struct bulk_peer *peer, const struct digest *signer);

/* Takes what an accepted manifest announces for the signers from now on; `signer` is the one that signed it.
 * True if something changed. */
bool bulk_peer_learn(struct bulk_peer *peer, const struct bulk_manifest *manifest, const struct digest *signer);

/* "cluster west": the origin of memberships that came from it. Returns `out`. */
enum { BULK_ORIGIN_SIZE = 8 + BULK_CLUSTER_MAX + 1 };
char *bulk_origin(const char *cluster, char out[BULK_ORIGIN_SIZE]);

struct text;
bool bulk_origin_is(struct text origin, const char *cluster); /* compared without case; NULL: any cluster's */

#endif
