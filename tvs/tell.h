/* What happens to connections is told: one line of the log each, and the counters.
 *
 * `peer` is the address of the other side. What it sent is escaped, and cut.
 */
#ifndef TVS_TELL_H
#define TVS_TELL_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"
#include "tvs/address.h"
#include "tvs/conn.h"
#include "tvs/metrics.h"
#include "tvs/proto.h"
#include "tvs/respond.h"
#include "tvs/tls.h"

/* An answer was given; its time ends now. */
void tell_answer(struct conn_env *env, const struct address *peer, const struct tls_session *tls,
                 const struct respond_result *result);

/* A frame that is none; `bytes` are those that came, of which the first are shown. */
void tell_malformed(struct conn_env *env, const struct address *peer, enum proto_error error,
                    const uint8_t *bytes, size_t len);

/* A client showed a certificate that could not be verified, and may go on; nothing else makes a line. */
void tell_client(struct conn_env *env, const struct address *peer, const struct tls_session *tls);

void tell_handshake_failure(struct conn_env *env, const struct address *peer,
                            const struct tls_session *tls, const struct err *why);

/* A handshake was not done in time; in a flood only some have a line. */
void tell_late_handshake(struct conn_env *env, const struct address *peer);

/* The connection ends for another reason than these. */
void tell_failure(struct conn_env *env, const struct address *peer, enum metrics_failure failure,
                  const char *why);

#endif
