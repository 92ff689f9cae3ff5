/* The log line of one answer (tvsd(8)). */
#ifndef TVS_ANSWERLINE_H
#define TVS_ANSWERLINE_H

#include <stdint.h>

#include "truststore/base/log.h"
#include "tvs/address.h"
#include "tvs/respond.h"
#include "tvs/tls.h"

/* Adds it at level info: who asked, from where, about what, the verdict and why, TLS, and how many microseconds
 * it took. What the phone says is escaped. */
void answerline(struct log *log, const struct address *peer, const struct tls_session *tls,
                const struct respond_result *result, int64_t us);

#endif
