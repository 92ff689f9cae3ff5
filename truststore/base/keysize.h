/* Public keys of strangers. Whoever sends a certificate chooses how long one verification of a signature takes: RSA with 16384 bits
 * and an exponent as long is 2 s of processor time, with 110,000 bits (which still fits a TLS handshake) it is many minutes.
 * GnuTLS sets no limit; whatever verifies with a key that was not checked before asks here first. */
#ifndef TVS_BASE_KEYSIZE_H
#define TVS_BASE_KEYSIZE_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEYSIZE_RSA_MAX = 16384,   /* bits; libcrypto's limit, too */
	KEYSIZE_EXPONENT_MAX = 64  /* bits of the public exponent; libcrypto's limit for long keys */
};

/* True if verifying with this certificate's key takes milliseconds at most: RSA (RSA-PSS) of at most `rsa_bits` and
 * KEYSIZE_EXPONENT_MAX, or a kind of key whose curve fixes its size. False for everything else, DSA included. */
bool keysize_fits(gnutls_x509_crt_t crt, unsigned rsa_bits);

/* The same for every certificate of a Certificate message of TLS, as a hook of GnuTLS sees it: RFC 5246, 7.4.2, or with
 * `tls13` RFC 8446, 4.4.2. False, too, if the message is not of that form or holds what is no certificate. */
bool keysize_message_fits(const uint8_t *message, size_t len, bool tls13, unsigned rsa_bits);

/* gnutls_handshake_hook_func for GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE: ends a handshake in which the peer's
 * message does not fit KEYSIZE_RSA_MAX, with GNUTLS_E_CERTIFICATE_ERROR; KEYSIZE_REFUSED says what that means. */
#define KEYSIZE_REFUSED "a certificate that it shows is malformed, or its key is not RSA of at most 16384 bits with an exponent " \
	"of at most 64 bits, EC or EdDSA"
int keysize_hook(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                 const gnutls_datum_t *message);

#endif
