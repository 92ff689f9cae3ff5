/* Importing what other clusters exported: everything of one import in one transaction. */
#ifndef TVS_BULK_IMPORT_H
#define TVS_BULK_IMPORT_H

#include "truststore/bulk.h"
#include "truststore/bulk_plan.h"

enum bulk_outcome {
	BULK_ADDED, BULK_UPDATED, BULK_REPLACED, /* added, and an older one of the same subject leaves */
	BULK_KEPT, BULK_SKIPPED, BULK_REFUSED,
	BULK_REMOVED, /* its cluster removed or blocked it */
	BULK_OUTCOME_COUNT
};
const char *bulk_outcome_name(enum bulk_outcome outcome); /* "added" */

/* What happened to one certificate in one trust store. Those of one certificate follow each other. */
struct bulk_result {
	struct digest id;
	const char *cluster, *store; /* borrowed from the batch and the rules */
	char *subject;               /* may be NULL */
	char *why;                   /* NULL: nothing to say */
	enum bulk_outcome outcome;
	uint32_t roles, withheld;
	bool has_other;
	struct digest other; /* replaced, or in the way */
};

struct bulk_account {
	struct bulk_result *results;
	size_t count, room;
	size_t outcomes[BULK_OUTCOME_COUNT];
	uint64_t revision; /* of the store before */
	uint64_t change;   /* the first of the changes, for --undo; 0: nothing was changed */
};
void bulk_account_deinit(struct bulk_account *account);
int bulk_account_digest(const struct bulk_account *account, struct digest *out, struct err *err); /* of all decisions */

/* One archive, read and verified. */
struct bulk_input {
	enum bulk_type type;
	char source[BULK_NAME_SIZE + 64]; /* file of the archive, for people and plans */
	struct digest sha256;             /* of the archive */
	struct digest inputs;             /* of a consolidated one */
	bool is_unsigned;
	struct bulk_contribution *contributions; /* of an unsigned one: one, without a signature */
	size_t count;
	struct bulk_archive archive;
};

struct bulk_batch {
	struct bulk *bulk;
	struct bulk_input inputs[BULK_TYPE_COUNT];
	size_t count;
	const char *only; /* the cluster whose certificates are taken; NULL: all but the own */
	bool lenient;     /* contributions that are not acceptable are left out */
	char left_out[ERR_TEXT_MAX];
	size_t left_out_count;
	bool dry_run;
	/* from a plan: */
	bool planned;
	uint64_t revision;
	struct digest decisions;
	struct bulk_account account;
};
void bulk_batch_deinit(struct bulk_batch *batch);

/* Fetches and verifies the last consolidated archive of a type, or the one of this name. ERR_NOT_FOUND where
 * there is none. */
int bulk_batch_load(struct bulk_batch *batch, enum bulk_type type, const struct bulk_name *name, struct err *err);

/* A PKCS#12 file that nobody signed: all of the type's roles are asked for in the name of `cluster`. */
int bulk_batch_load_file(struct bulk_batch *batch, enum bulk_type type, const char *file, const char *cluster, struct err *err);

/* Does it, or with `dry_run` finds out what it would do. ERR_REFUSED for a plan that fits no more. */
int bulk_import(struct bulk_batch *batch, struct err *err);

/* Takes the changes of the transaction back that `change` belongs to: what it added goes, what it changed,
 * displaced or removed is as before, also where the certificate has left the database since. What somebody else
 * did since stays. */
struct bulk_undone {
	size_t removed, restored, lost; /* lost: changed, added or removed since by somebody else, and left alone */
	uint64_t change;
};
int bulk_undo(struct store *store, uint64_t change, bool dry_run, struct bulk_undone *out, struct err *err);

/* Ends every membership that came from a cluster, now or after `after` seconds, and imports nothing from it any
 * more. */
struct bulk_retired {
	size_t memberships, certificates;
	bool known;
};
int bulk_retire(struct store *store, const char *cluster, int64_t after, bool dry_run, struct bulk_retired *out, struct err *err);
int bulk_readmit(struct store *store, const char *cluster, struct err *err); /* takes the second part back */

#endif
