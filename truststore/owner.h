/* Root's work on a store is done as the owner of its directory, so that readers keep their access. */
#ifndef TVS_OWNER_H
#define TVS_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "truststore/base/err.h"

enum { OWNER_GROUPS_MAX = 64 };

struct owner { /* what the process was before */
	bool changed;
	gid_t gid;
	gid_t groups[OWNER_GROUPS_MAX];
	int group_count;
};

/* From here on files are opened and made as the owner of `directory`, if the process is root and he is
 * not. Ends with owner_leave, which may be called after a failure and more than once. */
int owner_enter(const char *directory, struct owner *saved, struct err *err);
void owner_leave(struct owner *saved);

#endif
