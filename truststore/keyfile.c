#include "config.h"

#include "truststore/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truststore/base/digest.h"
#include "truststore/base/outfile.h"
#include "truststore/owner.h"

enum { KEY_MAX_BYTES = 65536 };

bool keyfile_is_uri(const char *location)
{
	return !strncasecmp(location, "pkcs11:", 7);
}

static int join(const char *directory, const char *name, char **out, struct err *err)
{
	if (asprintf(out, "%s/%s", directory, name) >= 0)
		return ERR_OK;
	*out = NULL;
	return err_set(err, ERR_MEMORY, "no memory for the name of a key file");
}

int keyfile_directory(const struct conf *conf, const char *store_path, char **out, struct err *err)
{
	const char *keys = conf_text(conf, "truststore", "keys");
	if (!keys)
		keys = "keys";
	if (keys[0] != '/')
		return join(store_path, keys, out, err);
	*out = strdup(keys);
	return *out ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for the name of a directory");
}

int keyfile_locate(const char *directory, const char *reference, char **out, struct err *err)
{
	if (keyfile_is_uri(reference)) {
		*out = strdup(reference);
		return *out ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a PKCS#11 URI");
	}
	if (!reference[0] || reference[0] == '.' || strchr(reference, '/'))
		return err_set(err, ERR_MALFORMED, "\"%s\" is no name of a key file", reference);
	return join(directory, reference, out, err);
}

static int load_file(const char *path, gnutls_privkey_t key, struct err *err)
{
	char *text;
	size_t len;
	int code = infile_read(path, KEY_MAX_BYTES, &text, &len, err);
	if (code)
		return code;
	gnutls_datum_t data = { (unsigned char *)text, (unsigned)len };
	bool pem = memmem(text, len, "-----BEGIN ", 11) != NULL;
	int rc = gnutls_privkey_import_x509_raw(
		key, &data, pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER, NULL, 0);
	if (rc < 0 && (memmem(text, len, "ENCRYPTED", 9) || rc == GNUTLS_E_DECRYPTION_FAILED))
		code = err_set(err, ERR_REFUSED, "%s: the private key is encrypted", path);
	else if (rc < 0)
		code = err_set(err, ERR_MALFORMED, "%s: no private key: %s", path, gnutls_strerror(rc));
	gnutls_memset(text, 0, len);
	free(text);
	return code;
}

int keyfile_load(const char *location, gnutls_privkey_t *out, struct err *err)
{
	gnutls_privkey_t key;
	int rc = gnutls_privkey_init(&key), code = ERR_OK;
	if (rc < 0)
		return err_set(err, ERR_MEMORY, "%s: %s", location, gnutls_strerror(rc));
	if (!keyfile_is_uri(location)) {
		code = load_file(location, key, err);
	} else {
		rc = gnutls_privkey_import_url(key, location, 0);
		if (rc < 0)
			code = err_set(err, ERR_CRYPTO, "the private key behind the PKCS#11 URI: %s",
			               gnutls_strerror(rc));
	}
	if (code)
		gnutls_privkey_deinit(key);
	else
		*out = key;
	return code;
}

int keyfile_load_as_owner(const char *store_path, const char *location, gnutls_privkey_t *out, struct err *err)
{
	struct owner owner;
	int code = owner_enter(store_path, &owner, err);
	if (code)
		return code;
	code = keyfile_load(location, out, err);
	owner_leave(&owner);
	return code;
}

int keyfile_encrypt(gnutls_privkey_t key, const char *what, const char *passphrase, char **out, struct err *err)
{
	gnutls_x509_privkey_t plain = NULL;
	gnutls_datum_t pem = { NULL, 0 };
	*out = NULL;
	int rc = gnutls_privkey_export_x509(key, &plain);
	if (rc < 0)
		return err_set(err, ERR_REFUSED, "%s is in a token, which does not give it out", what);
	rc = gnutls_x509_privkey_export2_pkcs8(plain, GNUTLS_X509_FMT_PEM, passphrase, GNUTLS_PKCS_PBES2_AES_256, &pem);
	gnutls_x509_privkey_deinit(plain);
	if (rc < 0)
		return err_set(err, ERR_CRYPTO, "%s cannot be encrypted: %s", what, gnutls_strerror(rc));
	*out = strndup((const char *)pem.data, pem.size);
	gnutls_free(pem.data);
	return *out ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a private key");
}

/* SHA-256 over the SubjectPublicKeyInfo. */
static int public_digest(gnutls_privkey_t key, struct digest *out, struct err *err)
{
	gnutls_pubkey_t public;
	int rc = gnutls_pubkey_init(&public);
	if (rc < 0)
		return err_set(err, ERR_MEMORY, "public key: %s", gnutls_strerror(rc));
	size_t len = sizeof out->byte;
	rc = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, out->byte, &len);
	gnutls_pubkey_deinit(public);
	return rc < 0 ? err_set(err, ERR_CRYPTO, "public key: %s", gnutls_strerror(rc)) : ERR_OK;
}

int keyfile_fits(gnutls_privkey_t key, gnutls_x509_crt_t cert, const char *what, struct err *err)
{
	struct digest of_key, of_cert;
	size_t len = sizeof of_cert.byte;
	int code = public_digest(key, &of_key, err);
	if (code)
		return code;
	int rc = gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, of_cert.byte, &len);
	if (rc < 0)
		return err_set(err, ERR_CRYPTO, "%s: public key: %s", what, gnutls_strerror(rc));
	if (!digest_equal(&of_key, &of_cert))
		return err_set(err, ERR_REFUSED, "%s does not fit its private key", what);
	return ERR_OK;
}

/* The new directory survives a power cut as its files do. */
static int make_directory(const char *path, struct err *err)
{
	char *parent = NULL;
	if (mkdir(path, 0700) < 0) {
		if (errno == EEXIST)
			return ERR_OK;
		return err_errno(err, "cannot make the keys directory %s", path);
	}
	int code = join(path, "..", &parent, err);
	int fd = code ? -1 : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!code && (fd < 0 || fsync(fd) < 0))
		code = err_errno(err, "cannot sync the directory above %s", path);
	if (fd >= 0)
		close(fd);
	free(parent);
	return code;
}

int keyfile_write(const char *directory, gnutls_x509_privkey_t key, const char *name,
                  struct err *err)
{
	gnutls_datum_t pem = { NULL, 0 };
	char *path = NULL;
	int code = make_directory(directory, err);
	if (!code)
		code = join(directory, name, &path, err);
	if (!code) {
		int rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
		                                           GNUTLS_PKCS_PLAIN, &pem);
		if (rc < 0)
			code = err_set(err, ERR_CRYPTO, "cannot encode the key: %s", gnutls_strerror(rc));
	}
	if (!code)
		code = outfile_write(path, 0600, false, pem.data, pem.size, err);
	if (pem.data) {
		gnutls_memset(pem.data, 0, pem.size);
		gnutls_free(pem.data);
	}
	free(path);
	return code;
}

unsigned keyfile_size(gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	if (algorithm != GNUTLS_PK_ECDSA)
		return bits;
	return GNUTLS_CURVE_TO_BITS(bits == 256   ? GNUTLS_ECC_CURVE_SECP256R1
	                            : bits == 384 ? GNUTLS_ECC_CURVE_SECP384R1
	                                          : GNUTLS_ECC_CURVE_SECP521R1);
}

int keyfile_create(const char *directory, gnutls_pk_algorithm_t algorithm, unsigned bits,
                   char **reference, gnutls_privkey_t *out, struct err *err)
{
	gnutls_x509_privkey_t raw = NULL;
	gnutls_privkey_t key = NULL;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];
	int code;
	unsigned size = keyfile_size(algorithm, bits);
	*reference = NULL;
	int rc = gnutls_x509_privkey_init(&raw);
	if (rc >= 0)
		rc = gnutls_privkey_init(&key);
	if (rc >= 0)
		rc = gnutls_x509_privkey_generate2(raw, algorithm, size, 0, NULL, 0);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509(key, raw, GNUTLS_PRIVKEY_IMPORT_COPY);
	if (rc < 0) {
		code = err_set(err, ERR_CRYPTO, "cannot make a key of %u bits: %s", bits,
		               gnutls_strerror(rc));
		goto out;
	}
	code = public_digest(key, &digest, err);
	if (!code && asprintf(reference, "%s.pem", digest_hex(&digest, hex)) < 0) {
		*reference = NULL;
		code = err_set(err, ERR_MEMORY, "no memory for the name of a key file");
	}
	if (!code)
		code = keyfile_write(directory, raw, *reference, err);
out:
	if (raw)
		gnutls_x509_privkey_deinit(raw);
	if (!code) {
		*out = key;
		return ERR_OK;
	}
	if (key)
		gnutls_privkey_deinit(key);
	free(*reference);
	*reference = NULL;
	return code;
}

int keyfile_delete(const char *directory, const char *reference, struct err *err)
{
	if (keyfile_is_uri(reference))
		return ERR_OK;
	char *path;
	int code = keyfile_locate(directory, reference, &path, err);
	if (code)
		return code;
	if (unlink(path) < 0 && errno != ENOENT)
		code = err_errno(err, "cannot delete the old key %s", path);
	free(path);
	return code;
}
