/* Certificates on their way into a store: in the right order, with an account of what became of each. */
#ifndef TVS_ADDITION_H
#define TVS_ADDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "truststore/phonefit.h"
#include "truststore/trust.h"

struct json_t;

enum {
	ADDITION_CHAIN = 64,  /* so many of a file are put into order, root first; a larger file is no chain */
	ADDITION_LINES = 20,  /* so many are reported one by one; of more, what is not simply added */
	ADDITION_NOTES = 1000 /* and of that at most so many */
};

struct addition_note {
	enum trust_outcome outcome;
	struct digest id, other;
	bool has_other;
	char *subject, *why; /* `why` may be NULL */
};

/* Starts with zeroes; the account stands until addition_begin or addition_deinit. */
struct addition {
	void (*progress)(void *arg, size_t done); /* may be NULL */
	void *progress_arg;
	struct txn *txn;
	const struct trust_add *how;
	struct addition_link {
		struct cert *cert;
		struct cert_place place;
	} chain[ADDITION_CHAIN];
	size_t chain_count;
	bool large; /* this file has more than ADDITION_CHAIN */
	size_t done, outcome[TRUST_SKIPPED + 1];
	struct addition_note *notes;
	size_t note_count, note_room, notes_lost;
	struct addition_odd {
		size_t count;
		char *first; /* an example */
	} unfit[PHONEFIT_COUNT], makers, early; /* not for every phone; makers' roots where they should not be (mic.h); not valid yet */
};

/* Forgets everything and begins in this transaction. */
void addition_begin(struct addition *addition, struct txn *txn, const struct trust_add *how);

/* Takes the certificate; it is added now, or with the others of its file. One that is refused is an error that
 * names its place. */
int addition_take(struct addition *addition, struct cert *cert, const struct cert_place *place,
                  struct err *err);
int addition_end_file(struct addition *addition, struct err *err);
void addition_deinit(struct addition *addition);

/* What is odd about what was added, one sentence each. */
typedef void addition_warn_fn(const char *sentence, void *arg);
void addition_warnings(const struct addition *addition, addition_warn_fn *each, void *arg);

/* The account, to standard output. */
void addition_print(const struct addition *addition, const char *store, bool dry_run);
/* `revocation`: what a check of the new ones found, NULL: none was made (revocation.h). */
int addition_json(const struct addition *addition, bool dry_run, const struct json_t *revocation,
                  struct err *err);

#endif
