/* The part of key.c that tests call as GnuTLS does. */
#ifndef TVS_KEY_PRIV_H
#define TVS_KEY_PRIV_H

#include <gnutls/abstract.h>

/* gnutls_privkey_decrypt_func with a struct key as `userdata`: the premaster secret of RSA key exchange. */
int key_decrypt(gnutls_privkey_t privkey, void *userdata, const gnutls_datum_t *ciphertext,
                gnutls_datum_t *plaintext);

#endif
