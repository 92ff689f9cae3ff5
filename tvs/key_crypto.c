#include "tvs/key_crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdlib.h>

/* One row for each signature that TLS asks for; its context is made once and used again. */
static const struct form {
	gnutls_sign_algorithm_t algorithm;
	int type; /* of the key */
	const EVP_MD *(*md)(void);
	int padding;
} forms[] = {
	{ GNUTLS_SIGN_RSA_RAW, EVP_PKEY_RSA, NULL, RSA_PKCS1_PADDING },
	{ GNUTLS_SIGN_RSA_SHA1, EVP_PKEY_RSA, EVP_sha1, RSA_PKCS1_PADDING },
	{ GNUTLS_SIGN_RSA_SHA256, EVP_PKEY_RSA, EVP_sha256, RSA_PKCS1_PADDING },
	{ GNUTLS_SIGN_RSA_SHA384, EVP_PKEY_RSA, EVP_sha384, RSA_PKCS1_PADDING },
	{ GNUTLS_SIGN_RSA_SHA512, EVP_PKEY_RSA, EVP_sha512, RSA_PKCS1_PADDING },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, EVP_PKEY_RSA, EVP_sha256, RSA_PKCS1_PSS_PADDING },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, EVP_PKEY_RSA, EVP_sha384, RSA_PKCS1_PSS_PADDING },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, EVP_PKEY_RSA, EVP_sha512, RSA_PKCS1_PSS_PADDING },
	{ GNUTLS_SIGN_ECDSA_SHA1, EVP_PKEY_EC, EVP_sha1, 0 },
	{ GNUTLS_SIGN_ECDSA_SHA256, EVP_PKEY_EC, EVP_sha256, 0 },
	{ GNUTLS_SIGN_ECDSA_SHA384, EVP_PKEY_EC, EVP_sha384, 0 },
	{ GNUTLS_SIGN_ECDSA_SHA512, EVP_PKEY_EC, EVP_sha512, 0 },
	{ GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, EVP_PKEY_EC, EVP_sha256, 0 },
	{ GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, EVP_PKEY_EC, EVP_sha384, 0 },
	{ GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, EVP_PKEY_EC, EVP_sha512, 0 },
};
enum { FORMS = sizeof forms / sizeof *forms };

struct key_crypto {
	EVP_PKEY *key;
	EVP_PKEY_CTX *sign[FORMS];
	EVP_PKEY_CTX *decrypt;
	unsigned client_version; /* libcrypto keeps a copy: set again when it changes */
};

struct key_crypto *key_crypto_new(const uint8_t *pkcs8, size_t len)
{
	struct key_crypto *self = calloc(1, sizeof *self);
	if (!self)
		return NULL;
	self->key = d2i_AutoPrivateKey(NULL, &pkcs8, (long)len);
	if (!self->key) {
		ERR_clear_error();
		free(self);
		return NULL;
	}
	return self;
}

void key_crypto_free(struct key_crypto *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < FORMS; i++)
		EVP_PKEY_CTX_free(self->sign[i]);
	EVP_PKEY_CTX_free(self->decrypt);
	EVP_PKEY_free(self->key);
	free(self);
}

static EVP_PKEY_CTX *sign_context_new(EVP_PKEY *key, const struct form *form)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	if (!ctx)
		return NULL;
	bool pss = form->padding == RSA_PKCS1_PSS_PADDING;
	if (EVP_PKEY_sign_init(ctx) > 0 &&
	    (!form->padding || EVP_PKEY_CTX_set_rsa_padding(ctx, form->padding) > 0) &&
	    (!form->md || EVP_PKEY_CTX_set_signature_md(ctx, form->md()) > 0) &&
	    (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static EVP_PKEY_CTX *sign_context(struct key_crypto *self, gnutls_sign_algorithm_t algorithm)
{
	for (size_t i = 0; i < FORMS; i++) {
		if (forms[i].algorithm != algorithm || EVP_PKEY_get_base_id(self->key) != forms[i].type)
			continue;
		if (!self->sign[i])
			self->sign[i] = sign_context_new(self->key, &forms[i]);
		return self->sign[i];
	}
	return NULL;
}

int key_crypto_sign(struct key_crypto *self, gnutls_sign_algorithm_t algorithm,
                    const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	int size = EVP_PKEY_get_size(self->key);
	EVP_PKEY_CTX *ctx = sign_context(self, algorithm);
	signature->data = ctx && size > 0 ? gnutls_malloc((size_t)size) : NULL;
	signature->size = 0;
	if (!signature->data) {
		ERR_clear_error();
		return ctx ? GNUTLS_E_MEMORY_ERROR : GNUTLS_E_PK_SIGN_FAILED;
	}
	size_t len = (size_t)size;
	if (EVP_PKEY_sign(ctx, signature->data, &len, hash->data, hash->size) <= 0) {
		ERR_clear_error();
		gnutls_free(signature->data);
		signature->data = NULL;
		return GNUTLS_E_PK_SIGN_FAILED;
	}
	signature->size = (unsigned)len;
	return 0;
}

/* The context for RSA key exchange with the client's version in it; NULL for a key that cannot do it. */
static EVP_PKEY_CTX *decrypt_context(struct key_crypto *self, uint16_t client_version)
{
	if (!self->decrypt) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(self->key, NULL);
		if (!ctx || EVP_PKEY_decrypt_init(ctx) <= 0 ||
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_WITH_TLS_PADDING) <= 0) {
			EVP_PKEY_CTX_free(ctx);
			return NULL;
		}
		self->decrypt = ctx;
	}
	if (self->client_version != client_version) {
		unsigned version = client_version;
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &version),
			OSSL_PARAM_construct_end(),
		};
		if (EVP_PKEY_CTX_set_params(self->decrypt, params) <= 0)
			return NULL;
		self->client_version = client_version;
	}
	return self->decrypt;
}

void key_crypto_decrypt(struct key_crypto *self, uint16_t client_version,
                        const gnutls_datum_t *ciphertext, uint8_t out[KEY_PREMASTER_SIZE])
{
	EVP_PKEY_CTX *ctx = decrypt_context(self, client_version);
	size_t len = KEY_PREMASTER_SIZE;
	/* The result is not looked at: libcrypto itself puts random bytes in place of what is badly padded. */
	if (ctx)
		(void)EVP_PKEY_decrypt(ctx, out, &len, ciphertext->data, ciphertext->size);
	ERR_clear_error();
}
