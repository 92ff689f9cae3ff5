/* The difference of two stores or archives. */
#ifndef TVS_BULK_DIFF_H
#define TVS_BULK_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/digest.h"

/* A certificate in a trust store; in an archive that no manifest describes it stands in none. */
struct bulk_item {
	struct digest id;
	char store[65]; /* "" in an archive */
	uint32_t roles;
	char *subject;
};

struct bulk_set {
	bool is_archive;
	struct bulk_item *items; /* sorted by certificate, then store */
	size_t count, room;
};
void bulk_set_deinit(struct bulk_set *set);

/* Reads what `path` names: a store's directory, or a file, a PKCS#12 archive. */
int bulk_set_read(const char *path, const char *password, struct bulk_set *out, struct err *err);

/* Calls `each` for what is in one alone (the other NULL), or in both with other roles. Where one of the two is
 * an archive, certificates alone are compared. */
typedef int bulk_diff_fn(const struct bulk_item *a, const struct bulk_item *b, void *arg, struct err *err);
int bulk_diff(struct bulk_set *a, struct bulk_set *b, bulk_diff_fn *each, void *arg, struct err *err);

#endif
