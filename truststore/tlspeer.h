/* The certificate that somebody's TLS server presents. Nothing here decides whether it is trusted. */
#ifndef TVS_TLSPEER_H
#define TVS_TLSPEER_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/err.h"
#include "truststore/target.h"

/* What a server is offered, with suites of its old and new kinds. */
struct tlspeer_offer {
	gnutls_protocol_t min, max; /* GNUTLS_TLS1_0 to GNUTLS_TLS1_3 */
	bool approved;              /* only algorithms that FIPS 140 approves */
};

/* What it chose. */
struct tlspeer {
	struct cert *cert; /* that it presents for itself; the caller frees it */
	bool finished;     /* the handshake was completed; else the rest is not known */
	gnutls_kx_algorithm_t kx;
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac; /* GNUTLS_MAC_AEAD for AEAD ciphers */
};

/* Shakes hands, with the server's name as SNI, and takes the certificate that it presents, whoever it is, even where the handshake
 * fails behind it (a server that insists on one of ours). Everything before `deadline_us` (of clock_monotonic_us).
 * ERR_NETWORK or ERR_TIMEOUT where there is no connection; ERR_TIMEOUT, ERR_TLS or ERR_MALFORMED behind that; the text names the target. */
int tlspeer_ask(const struct target *target, const struct tlspeer_offer *offer, int64_t deadline_us,
                struct tlspeer *out, struct err *err);

/* The certificate alone, with whatever of TLS 1.0 to 1.3 the server speaks. */
int tlspeer_certificate(const struct target *target, int64_t deadline_us, struct cert **out, struct err *err);

#endif
