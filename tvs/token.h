/* PKCS#11 tokens that several processes use at once. */
#ifndef TVS_TOKEN_H
#define TVS_TOKEN_H

#include "truststore/base/err.h"

typedef int token_work_fn(void *arg, struct err *err);

/* Runs `work`, and runs it again, some times within a second, as long as it fails with ERR_CRYPTO: a token in software
 * rewrites its state at each login, and a process that starts PKCS#11 in that moment sees no token, until it starts it
 * anew. That is done here, so no object of a token may be in use in this process. Returns what `work` returned last. */
int token_try(token_work_fn *work, void *arg, struct err *err);

#endif
