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

/* Loads the private key at a location, a file of any PEM form or a PKCS#11 URI; an encrypted file is refused. Run as root, a file
 * that its owner may not read is refused as for him. The caller frees `*out` with gnutls_privkey_deinit. */
int keyfile_load(const char *location, gnutls_privkey_t *out, struct err *err);

#endif
