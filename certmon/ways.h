/* By which ways a finding is told: mail addresses, the command, the webhook; syslog apart, which keeps no count.
 *
 * Lists of ways are texts, "admin@example.com, command"; ways are compared without case.
 */
#ifndef TVS_CERTMON_WAYS_H
#define TVS_CERTMON_WAYS_H

#include <stdbool.h>

#include "certmon/finding.h"
#include "certmon/settings.h"

/* The ways that are no mail address. */
#define WAYS_COMMAND "command"
#define WAYS_WEBHOOK "webhook"

/* All ways that the configuration and the finding's owner give it, each once; "" where there is none. `finding` NULL: those that
 * every finding has. Allocated; NULL when there is no memory. */
char *ways_of(const struct settings *settings, const struct finding *finding);

/* True if `way` stands in a list with commas, semicolons or blanks between its words, which may be NULL. */
bool ways_among(const char *list, const char *way);

/* Adds to a list those of `words` that stand neither there nor in `but`. 0 or ERR_MEMORY. */
int ways_add(char **list, const char *words, const char *but);

#endif
