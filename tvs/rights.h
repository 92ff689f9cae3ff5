/* What a process may do: less and less. */
#ifndef TVS_RIGHTS_H
#define TVS_RIGHTS_H

#include <sys/types.h>

#include "tvs/settings.h"

/* Takes as many descriptors as the system allows; and says how many that are. */
void rights_raise_descriptors(void);
unsigned long rights_descriptors(void);

/* No core dumps (they would hold keys), no new privileges by running programs. */
void rights_harden(void);

/* Becomes the user and group of the settings, if they name any, for good. ERR_SYSTEM. */
int rights_drop(const struct settings *settings, struct err *err);

/* The calling process dies with its parent; if that is not `parent` any more, at once. To be called after
 * rights_drop, which would undo it. */
void rights_die_with(pid_t parent);

#endif
