/* A configuration and its sockets: what a set of workers serves. */
#ifndef TVS_GENERATION_H
#define TVS_GENERATION_H

#include "tvs/listener.h"
#include "tvs/settings.h"

struct generation {
	unsigned references;
	struct settings *settings;
	struct listeners listeners;
};

/* Reads the configuration and opens its sockets; those that `old` (may be NULL) has open are shared with it.
 * ERR_CONFIG with file and line, or what listeners_open says. The caller drops `*out` with generation_drop. */
int generation_new(const char *file, const char *store, const struct generation *old,
                   struct generation **out, struct err *err);

struct generation *generation_keep(struct generation *generation);

/* With the last reference everything is freed, and the sockets are closed that `other` (may be NULL) does not share. */
void generation_drop(struct generation *generation, const struct generation *other);

#endif
