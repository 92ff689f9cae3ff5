/* What else must be done after an own certificate has changed, and in which order (requirements K19, K20, P6). */
#ifndef TVS_ADVICE_H
#define TVS_ADVICE_H

#include "truststore/purpose.h"

enum advice_when {
	ADVICE_FIRST,     /* the purpose has its first certificate */
	ADVICE_RENEWED,   /* another took its place */
	ADVICE_INSTALLED, /* one that a CA made is in use, whether or not it took another's place */
	ADVICE_REQUESTED  /* a request is pending */
};

/* Calls `each` with one step after the other, in the order in which they are to be done. */
typedef void advice_fn(const char *step, void *arg);
void advice_each(enum purpose purpose, enum advice_when when, advice_fn *each, void *arg);

/* What must be known before a certificate is renewed; NULL for nothing. */
const char *advice_before(enum purpose purpose);

#endif
