/* Lists of stored certificates: which, in what order; read in many short transactions. */
#ifndef TVS_LIST_H
#define TVS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/view.h"

enum list_field {
	LIST_SHA256, /* the order of the database: nothing has to be gathered first */
	LIST_SUBJECT,
	LIST_COMMON_NAME,
	LIST_ISSUER,
	LIST_SERIAL,
	LIST_NOT_BEFORE,
	LIST_NOT_AFTER,
	LIST_KEY_TYPE,
	LIST_USAGE,
	LIST_LABEL,
	LIST_OWNER,
	LIST_ADDED,
	LIST_FIELD_COUNT
};
const char *list_field_name(size_t i); /* of the i-th, NULL past the last */
int list_field_parse(const char *text, enum list_field *field, struct err *err);

/* All that is asked for must hold. */
struct list_query {
	const char *store;    /* members of this store; NULL: all */
	uint32_t roles;       /* has one of these now; 0: any */
	const char *subject, *issuer; /* with this text in it, in any case; NULL: any */
	const char *key_type; /* in any case; NULL: any */
	int64_t expiring;     /* not expired now, but in so many seconds; -1: any */
	bool expired;
	bool identity, trust; /* own certificates only, others only */
	enum list_field field;
	bool reverse;
	int64_t now;
	const struct answer_policy *policy;
};

typedef int list_each_fn(const struct view *view, void *arg, struct err *err);
typedef int list_piece_fn(void *arg, struct err *err);

/* Calls `each` for each certificate that fits, within a read transaction that ends after some hundred of them;
 * then `piece`, outside of any, to put out what was gathered. What changes meanwhile may or may not appear; each
 * certificate is as it is in its own transaction. Without an order the memory needed does not grow with the store. ERR_NOT_FOUND for a store
 * that is not there. */
int list_run(struct store *store, const struct list_query *query, list_each_fn *each,
             list_piece_fn *piece, void *arg, size_t *found, struct err *err);

#endif
