/* Private keys: PKCS#8 files in the keys directory, or objects behind a PKCS#11 URI.
 *
 * A reference is what the store keeps: a file's name without a slash, or a URI. A location is where the
 * key is: an absolute path, or the URI. Keys never stand in the database or in a log.
 */
#ifndef TVS_KEYFILE_H
#define TVS_KEYFILE_H

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "truststore/base/conf.h"
#include "truststore/base/err.h"

/* The keys directory: [truststore] keys, relative to the store's path; by default `keys` under it.
 * The caller frees `*out`. */
int keyfile_directory(const struct conf *conf, const char *store_path, char **out, struct err *err);

/* The location of a reference; the caller frees `*out`. ERR_MALFORMED for a name with a slash. */
int keyfile_locate(const char *directory, const char *reference, char **out, struct err *err);

/* True for a PKCS#11 URI. */
bool keyfile_is_uri(const char *location);

/* Loads the private key at a location, a PEM or DER file or a PKCS#11 URI; an encrypted file is
 * refused. The caller frees `*out` with gnutls_privkey_deinit. */
int keyfile_load(const char *location, gnutls_privkey_t *out, struct err *err);

/* The same as the owner of the store's directory (owner.h). */
int keyfile_load_as_owner(const char *store_path, const char *location, gnutls_privkey_t *out, struct err *err);

/* ERR_REFUSED unless the public key of `cert` is that of `key`; `what` names the certificate. */
int keyfile_fits(gnutls_privkey_t key, gnutls_x509_crt_t cert, const char *what, struct err *err);

/* The key as PKCS#8 in PEM, encrypted under the passphrase with PBES2 and AES-256 (RFC 8018, 6.2). The caller frees `*out`. ERR_REFUSED
 * for one that a token does not give out; `what` names the key. */
int keyfile_encrypt(gnutls_privkey_t key, const char *what, const char *passphrase, char **out, struct err *err);

/* What GnuTLS wants for the length of a key: the number of an EC key's curve. */
unsigned keyfile_size(gnutls_pk_algorithm_t algorithm, unsigned bits);

/* Makes a key and writes it to `directory` (made with mode 0700 if missing): an unencrypted PKCS#8 file of mode 0600, named by
 * the SHA-256 of its public key, synced with its directory. The caller frees `*reference` and `*out`. */
int keyfile_create(const char *directory, gnutls_pk_algorithm_t algorithm, unsigned bits,
                   char **reference, gnutls_privkey_t *out, struct err *err);

/* Writes a key under a name, as keyfile_create does; never over another file (ERR_EXISTS). */
int keyfile_write(const char *directory, gnutls_x509_privkey_t key, const char *name,
                  struct err *err);

/* Makes a key in the PKCS#11 token that `token` names, an object labelled `label` that never leaves it. `*reference` is its URI:
 * the token's with the object's id, and with `pin-source` where `token` has it. A `pin-value` is ERR_REFUSED: the store is no
 * place for a PIN. As above. */
int keyfile_create_in_token(const char *token, const char *label, gnutls_pk_algorithm_t algorithm,
                            unsigned bits, char **reference, gnutls_privkey_t *out, struct err *err);

/* The URI of the token that the URI of a key names; the caller frees `*out`. */
int keyfile_token_of(const char *uri, char **out, struct err *err);

/* Deletes a key file that nothing points to any more; nothing for a URI or a file that is gone. */
int keyfile_delete(const char *directory, const char *reference, struct err *err);

#endif
