/* The private-key operations of a handshake through libcrypto; for key.c only. */
#ifndef TVS_KEY_CRYPTO_H
#define TVS_KEY_CRYPTO_H

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_PREMASTER_SIZE = 48 }; /* RFC 5246, 7.4.7.1 */

struct key_crypto;

/* A key from its PKCS#8 DER, RSA or EC; NULL if libcrypto does not take it. */
struct key_crypto *key_crypto_new(const uint8_t *pkcs8, size_t len);
void key_crypto_free(struct key_crypto *key);

/* Signs what GnuTLS hands out: a digest, or for GNUTLS_SIGN_RSA_RAW the bytes of PKCS#1 type 1. `signature` is
 * allocated with gnutls_malloc. 0 or a GnuTLS code. */
int key_crypto_sign(struct key_crypto *key, gnutls_sign_algorithm_t algorithm,
                    const gnutls_datum_t *hash, gnutls_datum_t *signature);

/* Decrypts a premaster secret over `out`. Says nothing of success: a bad padding or version leaves random bytes
 * there, in the same time; a ciphertext that is none leaves `out` as it is. */
void key_crypto_decrypt(struct key_crypto *key, uint16_t client_version,
                        const gnutls_datum_t *ciphertext, uint8_t out[KEY_PREMASTER_SIZE]);

#endif
