/* The server's private key, and its operation in handshakes.
 *
 * Keys in files are used through libcrypto where built with it (its RSA costs a fifth of nettle's); without it,
 * and for keys on PKCS#11 tokens, through GnuTLS. RSA key exchange must never say whether a padding was good:
 * RFC 5246, 7.4.7.1.
 */
#ifndef TVS_KEY_H
#define TVS_KEY_H

#include <gnutls/abstract.h>
#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/err.h"
#include "truststore/store.h" /* struct span */

struct key;

enum { KEY_CHAIN_MAX = 8 };

/* True for a PKCS#11 URI ("pkcs11:..."). Such a key must be loaded after any fork, in the process that uses it;
 * one from a file may also be loaded before, and is then inherited. */
bool key_is_token(const char *location);

/* Loads a private key: a PEM file (PKCS#8, PKCS#1 or SEC 1; RSA or EC), or a PKCS#11 URI. ERR_REFUSED for a
 * file that group or others may read and for an encrypted one, ERR_NOT_FOUND, ERR_MALFORMED, ERR_CRYPTO; the
 * text names the file. The caller frees it with key_free (which takes NULL), after all credentials that it was
 * installed in. */
int key_load(const char *location, struct key **out, struct err *err);

/* The same for a key that is loaded already (identity_key_load); takes it, also when it fails. ERR_REFUSED for a
 * key that is neither RSA nor EC. */
int key_new(gnutls_privkey_t native, struct key **out, struct err *err);
void key_free(struct key *key);

/* GNUTLS_PK_RSA, GNUTLS_PK_ECDSA ... */
gnutls_pk_algorithm_t key_algorithm(const struct key *key);

/* True for an RSA key whose decryption tells good paddings from bad ones neither by its result nor by its time;
 * such a key alone may serve RSA key exchange. A token decides about the padding itself: a software one was
 * seen to take 20 us longer for bad ones. */
bool key_decrypts(const struct key *key);

/* Puts the certificate (chain[0], the issuers behind it, at most KEY_CHAIN_MAX in all) with this key into
 * `cred`. ERR_REFUSED if the key does not fit the certificate. */
int key_install(struct key *key, const struct span *chain, size_t count,
                gnutls_certificate_credentials_t cred, struct err *err);

/* Says whose handshake is next: the version that its ClientHello carries in client_version (0x0303; 0: none
 * came yet), which RSA key exchange checks in constant time. To be called before each gnutls_handshake: the
 * library hands no session to the operation. */
void key_set_client_version(struct key *key, uint16_t version);

#endif
