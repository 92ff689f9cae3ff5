#include "config.h"

#include "tvs/key.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "truststore/keyfile.h"
#include "tvs/key_crypto.h"
#include "tvs/key_priv.h"
#include "tvs/token.h"

struct key {
	gnutls_privkey_t native;
	struct key_crypto *crypto; /* NULL: the native key does it */
	gnutls_pk_algorithm_t algorithm;
	gnutls_ecc_curve_t curve;  /* of an EC key */
	unsigned bits;
	uint16_t client_version;
};

bool key_is_token(const char *location)
{
	return keyfile_is_uri(location);
}

static int check_mode(const char *file, struct err *err)
{
	struct stat st;
	if (stat(file, &st))
		return err_errno(err, "%s", file);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(err, ERR_REFUSED,
		               "%s: others than its owner have access to the private key (mode %04o): chmod 600",
		               file, (unsigned)st.st_mode & 07777);
	return ERR_OK;
}

struct loading {
	const char *location;
	gnutls_privkey_t native;
};

static int load_native(void *arg, struct err *err)
{
	struct loading *loading = arg;
	return keyfile_load(loading->location, &loading->native, err);
}

int key_load(const char *location, struct key **out, struct err *err)
{
	*out = NULL;
	struct loading loading = { .location = location };
	bool token = key_is_token(location);
	int code = token ? token_try(load_native, &loading, err) : check_mode(location, err);
	if (!code && !token)
		code = load_native(&loading, err);
	if (code)
		return code;
	code = key_new(loading.native, out, err);
	return code ? err_prefix(err, "%s", token ? "the private key behind the PKCS#11 URI" : location) : ERR_OK;
}

static bool in_memory(const struct key *self)
{
	return gnutls_privkey_get_type(self->native) == GNUTLS_PRIVKEY_X509;
}

/* Hands a key that lies in memory to libcrypto; one that cannot leave its token stays with GnuTLS. */
static int use_crypto(struct key *self, struct err *err)
{
#ifdef HAVE_LIBCRYPTO
	if (!in_memory(self))
		return ERR_OK;
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t der = { NULL, 0 };
	int ret = gnutls_privkey_export_x509(self->native, &key);
	if (ret >= 0)
		ret = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, NULL,
		                                        GNUTLS_PKCS_PLAIN, &der);
	if (ret >= 0)
		self->crypto = key_crypto_new(der.data, der.size);
	gnutls_x509_privkey_deinit(key);
	if (der.data)
		gnutls_memset(der.data, 0, der.size);
	gnutls_free(der.data);
	if (ret < 0)
		return err_set(err, ERR_CRYPTO, "the private key cannot be used: %s", gnutls_strerror(ret));
	if (!self->crypto)
		return err_set(err, ERR_CRYPTO, "the private key cannot be used by libcrypto");
#else
	(void)self;
	(void)err;
#endif
	return ERR_OK;
}

/* GnuTLS knows one curve of each of these sizes. */
static gnutls_ecc_curve_t curve_of_bits(unsigned bits)
{
	switch (bits) {
	case 256: return GNUTLS_ECC_CURVE_SECP256R1;
	case 384: return GNUTLS_ECC_CURVE_SECP384R1;
	case 521: return GNUTLS_ECC_CURVE_SECP521R1;
	default: return GNUTLS_ECC_CURVE_INVALID;
	}
}

int key_new(gnutls_privkey_t native, struct key **out, struct err *err)
{
	*out = NULL;
	struct key *self = calloc(1, sizeof *self);
	if (!self) {
		gnutls_privkey_deinit(native);
		return err_set(err, ERR_MEMORY, "no memory for the private key");
	}
	self->native = native;
	int algorithm = gnutls_privkey_get_pk_algorithm(native, &self->bits);
	self->algorithm = algorithm < 0 ? GNUTLS_PK_UNKNOWN : algorithm;
	if (self->algorithm == GNUTLS_PK_ECDSA)
		self->curve = curve_of_bits(self->bits);
	int code = ERR_OK;
	if (self->algorithm != GNUTLS_PK_RSA && self->algorithm != GNUTLS_PK_ECDSA)
		code = err_set(err, ERR_REFUSED, "the private key is neither RSA nor EC");
	if (!code)
		code = use_crypto(self, err);
	if (code)
		key_free(self);
	else
		*out = self;
	return code;
}

void key_free(struct key *self)
{
	if (!self)
		return;
#ifdef HAVE_LIBCRYPTO
	key_crypto_free(self->crypto);
#endif
	gnutls_privkey_deinit(self->native);
	free(self);
}

gnutls_pk_algorithm_t key_algorithm(const struct key *self)
{
	return self->algorithm;
}

bool key_decrypts(const struct key *self)
{
	return self->algorithm == GNUTLS_PK_RSA && in_memory(self);
}

void key_set_client_version(struct key *self, uint16_t version)
{
	self->client_version = version;
}

static int sign_native(struct key *self, gnutls_sign_algorithm_t algorithm,
                       const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	unsigned flags = algorithm == GNUTLS_SIGN_RSA_RAW ? GNUTLS_PRIVKEY_SIGN_FLAG_TLS1_RSA : 0;
	return gnutls_privkey_sign_hash2(self->native, algorithm, flags, hash, signature);
}

/* gnutls_privkey_sign_hash_func */
static int sign(gnutls_privkey_t privkey, gnutls_sign_algorithm_t algorithm, void *userdata,
                unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	(void)privkey;
	(void)flags;
	struct key *self = userdata;
#ifdef HAVE_LIBCRYPTO
	if (self->crypto)
		return key_crypto_sign(self->crypto, algorithm, hash, signature);
#endif
	return sign_native(self, algorithm, hash, signature);
}

/* Any other result or length than this would tell good paddings from bad ones, and an error would make
 * GnuTLS free what it never set: always 0, always 48 bytes, random ones first. */
int key_decrypt(gnutls_privkey_t privkey, void *userdata, const gnutls_datum_t *ciphertext,
                gnutls_datum_t *plaintext)
{
	(void)privkey;
	struct key *self = userdata;
	plaintext->size = 0;
	plaintext->data = gnutls_malloc(KEY_PREMASTER_SIZE);
	if (!plaintext->data)
		return 0;
	plaintext->size = KEY_PREMASTER_SIZE;
	if (gnutls_rnd(GNUTLS_RND_NONCE, plaintext->data, KEY_PREMASTER_SIZE) < 0)
		abort(); /* without randomness every secret of this process is lost */
#ifdef HAVE_LIBCRYPTO
	if (self->crypto) {
		key_crypto_decrypt(self->crypto, self->client_version, ciphertext, plaintext->data);
		return 0;
	}
#endif
	if (key_decrypts(self))
		(void)gnutls_privkey_decrypt_data2(self->native, 0, ciphertext, plaintext->data,
		                                   KEY_PREMASTER_SIZE);
	return 0;
}

/* True if this key can make such signatures; TLS 1.3 binds ECDSA to one curve (RFC 8446, 4.2.3). */
static bool signs(const struct key *self, gnutls_sign_algorithm_t algorithm)
{
	switch (algorithm) {
	case GNUTLS_SIGN_ECDSA_SECP256R1_SHA256: return self->curve == GNUTLS_ECC_CURVE_SECP256R1;
	case GNUTLS_SIGN_ECDSA_SECP384R1_SHA384: return self->curve == GNUTLS_ECC_CURVE_SECP384R1;
	case GNUTLS_SIGN_ECDSA_SECP521R1_SHA512: return self->curve == GNUTLS_ECC_CURVE_SECP521R1;
	case GNUTLS_SIGN_ECDSA_SHA1:
	case GNUTLS_SIGN_ECDSA_SHA256:
	case GNUTLS_SIGN_ECDSA_SHA384:
	case GNUTLS_SIGN_ECDSA_SHA512: return self->algorithm == GNUTLS_PK_ECDSA;
	case GNUTLS_SIGN_RSA_RAW:
	case GNUTLS_SIGN_RSA_SHA1:
	case GNUTLS_SIGN_RSA_SHA256:
	case GNUTLS_SIGN_RSA_SHA384:
	case GNUTLS_SIGN_RSA_SHA512:
	case GNUTLS_SIGN_RSA_PSS_RSAE_SHA256:
	case GNUTLS_SIGN_RSA_PSS_RSAE_SHA384:
	case GNUTLS_SIGN_RSA_PSS_RSAE_SHA512: return self->algorithm == GNUTLS_PK_RSA;
	default: return false;
	}
}

/* gnutls_privkey_info_func: without an answer on each algorithm GnuTLS would pick none. */
static int info(gnutls_privkey_t privkey, unsigned flags, void *userdata)
{
	(void)privkey;
	const struct key *self = userdata;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return (int)self->algorithm;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)self->bits;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return signs(self, (gnutls_sign_algorithm_t)GNUTLS_FLAGS_TO_SIGN_ALGO(flags));
	return -1;
}

static int import_chain(const struct span *chain, size_t count, gnutls_pcert_st *out, size_t *done)
{
	for (*done = 0; *done < count; ++*done) {
		const struct span *der = &chain[*done];
		gnutls_datum_t datum = { (unsigned char *)der->bytes, (unsigned)der->len };
		int ret = gnutls_pcert_import_x509_raw(&out[*done], &datum, GNUTLS_X509_FMT_DER, 0);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int key_install(struct key *self, const struct span *chain, size_t count,
                gnutls_certificate_credentials_t cred, struct err *err)
{
	if (count < 1 || count > KEY_CHAIN_MAX)
		return err_set(err, ERR_LIMIT, "a certificate chain has 1 to %d certificates, not %zu",
		               KEY_CHAIN_MAX, count);
	gnutls_pcert_st pcerts[KEY_CHAIN_MAX];
	gnutls_privkey_t external = NULL;
	size_t imported = 0;
	int ret = gnutls_privkey_init(&external);
	if (ret >= 0)
		ret = gnutls_privkey_import_ext4(external, self, NULL, sign, key_decrypt, NULL, info, 0);
	if (ret >= 0)
		ret = import_chain(chain, count, pcerts, &imported);
	if (ret >= 0) /* signs once and verifies that, so that a key of another certificate shows here */
		ret = gnutls_certificate_set_key(cred, NULL, 0, pcerts, (int)count, external);
	if (ret >= 0)
		return ERR_OK; /* all of it belongs to the credentials now */
	while (imported > 0)
		gnutls_pcert_deinit(&pcerts[--imported]);
	gnutls_privkey_deinit(external);
	if (ret == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return err_set(err, ERR_REFUSED, "the private key does not fit the certificate");
	return err_set(err, ERR_TLS, "certificate and key cannot be used: %s", gnutls_strerror(ret));
}
