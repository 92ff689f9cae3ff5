/* What an expiry means to people: who notices, and what to do about it. */
#ifndef TVS_CERTMON_WORDS_H
#define TVS_CERTMON_WORDS_H

#include "certmon/finding.h"

/* Who is affected when a certificate with these roles, in these stores, ends. One sentence, never NULL; constant. */
const char *words_affected(uint32_t roles, const char *stores, const char *purpose);

/* The same of a certificate that was revoked. Allocated; NULL: no memory. */
char *words_revoked(const char *affected);

/* What to do next: one sentence, allocated. `purpose` is that of an own certificate, NULL for others. NULL: no memory. */
char *words_advice(const struct finding *finding, const char *purpose, const char *store);

#endif
