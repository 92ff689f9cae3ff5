/* The certificate that somebody's TLS server presents. Nothing here decides whether it is trusted. */
#ifndef TVS_TLSPEER_H
#define TVS_TLSPEER_H

#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/err.h"
#include "truststore/target.h"

/* Shakes hands, with whatever of TLS 1.0 to 1.3 the server speaks and its name as SNI, and takes the certificate that it
 * presents for itself, whoever it is, even where the handshake fails behind it (a server that insists on one of ours).
 * Everything before `deadline_us` (of clock_monotonic_us). The caller frees `*out`. ERR_NETWORK, ERR_TIMEOUT, ERR_TLS,
 * ERR_MALFORMED; the text names the target. */
int tlspeer_certificate(const struct target *target, int64_t deadline_us, struct cert **out, struct err *err);

#endif
