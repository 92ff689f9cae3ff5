/* The exchange of certificates between clusters: export, consolidate, import, and what belongs to it. */
#ifndef TVS_BULK_H
#define TVS_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/conf.h"
#include "truststore/bulk_archive.h"
#include "truststore/bulk_manifest.h"
#include "truststore/bulk_peer.h"
#include "truststore/bulk_place.h"
#include "truststore/security.h"
#include "truststore/store.h"

enum { BULK_ARCHIVE_MAX = 256 << 20 }; /* bytes */

/* Asks whether a cluster's certificate may sign from now on. 0: yes; else ERR_REFUSED with what to do. */
typedef int bulk_confirm_fn(void *arg, const char *cluster, const struct cert *signer, struct err *err);

struct bulk {
	struct store *store;
	const struct conf *conf;
	struct bulk_place *place;
	const char *cluster;  /* this one; NULL where nothing needs it */
	const char *password; /* of archives */
	const char *keys;     /* keyfile_directory's */
	bool legacy;          /* how archives are encrypted */
	int64_t now, wait;    /* for how long a displaced certificate stays */
	bool allow_expired;   /* [security] expired = allow */
	const struct security *security; /* what its modes forbid; NULL: nothing */
	bulk_confirm_fn *confirm;
	void *confirm_arg;
	struct bulk_progress progress;
};

/* --- export */

struct bulk_exported {
	bool changed; /* else there was nothing new, and nothing was written */
	uint64_t sequence;
	size_t certificates;
	struct digest archive, signer;
	char name[BULK_NAME_SIZE]; /* of the manifest */
};

/* What the store says of this cluster's certificates of a type; `archive` gets them too, if it is not NULL. */
int bulk_gather(struct txn *txn, enum bulk_type type, int64_t now, struct bulk_manifest *manifest, struct bulk_archive *archive,
                struct err *err);

/* Writes archive, manifest and, last, the signature; removes exports of its own that are several numbers older.
 * With `if_changed` only where the last one said something else. */
int bulk_export(struct bulk *bulk, enum bulk_type type, bool if_changed, struct bulk_exported *out, struct err *err);

/* --- what others wrote */

struct bulk_contribution {
	struct bulk_part part;
	struct bulk_manifest manifest;
	struct cert *signer;
	struct digest digest; /* of the manifest's bytes */
	bool own;       /* of this cluster */
	bool announced; /* the signer was unknown, and one who is known has named it as its successor */
};
void bulk_contribution_deinit(struct bulk_contribution *contribution);

/* Checks a signed manifest, which it takes over: signature, signer valid now, known or confirmed, not blocked;
 * that it is what its name says, not older than what was seen. Nothing of the text is looked at before its
 * signature is good. */
int bulk_contribution_check(struct bulk *bulk, struct bulk_part *part, struct bulk_contribution *out, struct err *err);

/* Remembers signers and sequence. ERR_REFUSED where a later one was seen meanwhile. */
int bulk_contribution_record(struct txn *txn, const struct bulk_contribution *contribution, struct err *err);

/* ERR_MALFORMED unless the archive has every certificate that the manifest lists. */
int bulk_contribution_covers(const struct bulk_contribution *contribution, const struct bulk_archive *archive, struct err *err);

/* What is in the place: the latest complete export of each cluster, and the consolidated archives. */
struct bulk_listing {
	struct bulk_name exports[BULK_CONTRIBUTORS_MAX];
	size_t export_count;
	struct bulk_name latest; /* consolidated */
	bool has_latest;
	struct digest inputs;    /* of the exports */
	uint64_t own_sequence;   /* the highest that a file of `cluster` bears, complete or not */
};
int bulk_list(struct bulk *bulk, enum bulk_type type, struct bulk_listing *out, struct err *err);

/* What the name of a consolidated archive says of the exports in it, which must be in the order of their clusters. */
int bulk_inputs(const struct bulk_name *exports, size_t count, struct digest *out, struct err *err);

/* Deletes a cluster's exports, or consolidated archives (NULL), that are several numbers older than `sequence`,
 * and what uploads of older ones left that were cut. What cannot be cleaned up today can be tomorrow: no
 * failure. */
void bulk_prune(struct bulk *bulk, enum bulk_type type, const char *cluster, uint64_t sequence);

/* --- consolidate */

struct bulk_consolidated {
	bool changed;
	uint64_t sequence;
	size_t clusters, certificates;
	char name[BULK_NAME_SIZE];
	char left_out[ERR_TEXT_MAX]; /* with `lenient`: why the first that was left out was */
	size_t left_out_count;
};

/* Merges the latest export of every cluster. ERR_REFUSED for one that is not acceptable; with `lenient` it is
 * left out. ERR_NOT_FOUND where there is no export. Without `force` nothing is written when the last
 * consolidated archive has the same exports. */
int bulk_consolidate(struct bulk *bulk, enum bulk_type type, bool force, bool lenient, struct bulk_consolidated *out,
                     struct err *err);

#endif
