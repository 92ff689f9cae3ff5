/* The private keys of a backup: into it encrypted, and out of it. */
#include "config.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/backup_priv.h"
#include "truststore/keyfile.h"
#include "truststore/owner.h"

int backup_wrap_key(const char *store_path, const char *keys, const char *reference, const char *passphrase,
                    char **out, struct err *err)
{
	char *location = NULL;
	gnutls_privkey_t key;
	*out = NULL;
	if (keyfile_is_uri(reference))
		return ERR_OK;
	int code = keyfile_locate(keys, reference, &location, err);
	if (!code)
		code = keyfile_load_as_owner(store_path, location, &key, err);
	if (!code) {
		code = keyfile_encrypt(key, location, passphrase, out, err);
		gnutls_privkey_deinit(key);
	}
	free(location);
	return code;
}

static bool is_there(const char *keys, const char *reference)
{
	char *location;
	if (keyfile_locate(keys, reference, &location, NULL))
		return false;
	bool there = !access(location, F_OK);
	free(location);
	return there;
}

bool backup_needs_keys(const struct backup *backup, const char *store_path, const char *keys)
{
	struct owner owner;
	bool missing = false;
	(void)owner_enter(store_path, &owner, NULL); /* a store that is not there yet has no owner */
	for (size_t i = 0; i < backup->key_count; i++)
		missing |= backup->keys[i].pem && !is_there(keys, backup->keys[i].reference);
	owner_leave(&owner);
	return missing;
}

/* The file under that name holds this very key. */
static int check_same(const char *keys, const char *reference, gnutls_x509_privkey_t key, struct err *err)
{
	gnutls_privkey_t there = NULL;
	gnutls_x509_privkey_t raw = NULL;
	uint8_t a[DIGEST_SIZE], b[DIGEST_SIZE];
	size_t a_len = sizeof a, b_len = sizeof b;
	char *location;
	int code = keyfile_locate(keys, reference, &location, err);
	if (code)
		return code;
	code = keyfile_load(location, &there, err);
	if (!code && (gnutls_privkey_export_x509(there, &raw) < 0 ||
	              gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, a, &a_len) < 0 ||
	              gnutls_x509_privkey_get_key_id(raw, GNUTLS_KEYID_USE_SHA256, b, &b_len) < 0 ||
	              memcmp(a, b, sizeof a) != 0))
		code = err_set(err, ERR_REFUSED, "%s: holds another key than the backup has under this name", location);
	if (raw)
		gnutls_x509_privkey_deinit(raw);
	if (there)
		gnutls_privkey_deinit(there);
	free(location);
	return code;
}

static int restore_one(const struct backup_key *from, const char *keys, const char *passphrase, size_t *written,
                       struct err *err)
{
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem = { (unsigned char *)from->pem, (unsigned)strlen(from->pem) };
	if (gnutls_x509_privkey_init(&key) < 0)
		return err_set(err, ERR_MEMORY, "no memory for a private key");
	int code = ERR_OK, rc = gnutls_x509_privkey_import_pkcs8(key, &pem, GNUTLS_X509_FMT_PEM, passphrase, 0);
	if (rc == GNUTLS_E_DECRYPTION_FAILED)
		code = err_set(err, ERR_REFUSED, "the passphrase does not open the key %s of the backup", from->reference);
	else if (rc < 0)
		code = err_set(err, ERR_MALFORMED, "the key %s of the backup: %s", from->reference, gnutls_strerror(rc));
	else if (is_there(keys, from->reference))
		code = check_same(keys, from->reference, key, err);
	else {
		code = keyfile_write(keys, key, from->reference, err);
		*written += !code;
	}
	gnutls_x509_privkey_deinit(key);
	return code;
}

int backup_restore_keys(const struct backup *backup, const char *store_path, const char *keys,
                        const char *passphrase, size_t *written, struct err *err)
{
	struct owner owner;
	*written = 0;
	int code = owner_enter(store_path, &owner, err);
	for (size_t i = 0; !code && i < backup->key_count; i++)
		if (backup->keys[i].pem)
			code = restore_one(&backup->keys[i], keys, passphrase, written, err);
	owner_leave(&owner);
	return code;
}
