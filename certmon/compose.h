/* Who gets told what: turns the findings that are due into messages. */
#ifndef TVS_CERTMON_COMPOSE_H
#define TVS_CERTMON_COMPOSE_H

#include <stddef.h>

#include "certmon/finding.h"
#include "certmon/settings.h"

/* One message for one receiver: a way (ways.h). Any result but 0 ends the composing. */
typedef int compose_fn(const char *to, const char *subject, const char *bytes, size_t len, void *arg, struct err *err);

/* One digest a recipient, of what is open for him: those of `to` get all, the owner of a certificate his own; the command and the
 * webhook get JSON. Nothing is made where nothing is open; what is covered by a successor comes along but causes no message. */
int compose_all(const struct settings *settings, const struct findings *findings, int64_t now,
                compose_fn *each, void *arg, struct err *err);

#endif
