#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tvs/tls_priv.h"

/* Numbers of RFC 8446, 4.2.7 and RFC 8422, 5.1.1 */
enum { GROUP_P256 = 23, GROUP_P384 = 24, GROUP_P521 = 25, GROUP_X25519 = 29, VERSION_TLS_1_0 = 0x0301 };

/* In the order of preference; what OpenSSL's servers prefer as well. */
#define GROUPS "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"
#define GROUPS_DHE ":+GROUP-FFDHE2048:+GROUP-FFDHE3072:+GROUP-FFDHE4096"

static const uint16_t groups[TLS_GROUPS] = { GROUP_X25519, GROUP_P256, GROUP_P384, GROUP_P521 };
static const char *const group_name[TLS_GROUPS] = {
	"GROUP-X25519", "GROUP-SECP256R1", "GROUP-SECP384R1", "GROUP-SECP521R1",
};

/* Signatures of TLS 1.2 (RFC 5246 7.4.1.4.1, RFC 8446 4.2.3) that the server makes. */
static const uint16_t rsa_signatures[] = { 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806 };
static const uint16_t ecdsa_signatures[] = { 0x0403, 0x0503, 0x0603 };

static const char *const gnutls_version[TLS_VERSION_COUNT] = {
	"VERS-TLS1.0", "VERS-TLS1.1", "VERS-TLS1.2", "VERS-TLS1.3",
};

static bool offers_any(struct span list, const uint16_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (hello_offers(list, numbers[i]))
			return true;
	return false;
}

/* True if a key exchange with an elliptic curve has a group. Without the extension the client takes any (RFC 8422, 4);
 * GnuTLS then uses P-256. */
static bool group_fits(const struct tls_setup *setup, const struct hello *hello, bool ecdsa)
{
	if (!hello->groups.bytes)
		return true;
	return offers_any(hello->groups, groups, TLS_GROUPS) &&
	       (!ecdsa || hello_offers(hello->groups, setup->curve));
}

/* True if the client takes a signature of this key. Before TLS 1.2 there is no choice; with TLS 1.2 a client that
 * says nothing means SHA-1 (RFC 5246, 7.4.1.4.1), which is not made any more. */
static bool signature_fits(const struct hello *hello, enum tls_version version, bool ecdsa)
{
	if (version < TLS_1_2)
		return true;
	if (ecdsa)
		return offers_any(hello->signatures, ecdsa_signatures,
		                  sizeof ecdsa_signatures / sizeof *ecdsa_signatures);
	return offers_any(hello->signatures, rsa_signatures, sizeof rsa_signatures / sizeof *rsa_signatures);
}

static bool suite_fits(const struct tls_setup *setup, const struct hello *hello,
                       enum tls_version version, const struct tls_suite *candidate)
{
	const struct cipher_suite *suite = candidate->suite;
	if (!candidate->version[version] || !hello_offers(hello->suites, suite->id))
		return false;
	if (suite->kx == GNUTLS_KX_RSA)
		return true;
	bool ecdsa = suite->kx == GNUTLS_KX_ECDHE_ECDSA;
	if (suite->kx != GNUTLS_KX_DHE_RSA && !group_fits(setup, hello, ecdsa))
		return false;
	return signature_fits(hello, version, ecdsa);
}

/* The first group that the client sent a key of, so that no further round is needed; else the first of all. */
static size_t shared_group(const struct hello *hello)
{
	for (size_t i = 0; i < TLS_GROUPS; i++)
		if (hello_offers(hello->groups, groups[i]) && hello_shares(hello, groups[i]))
			return i;
	return 0;
}

enum tls_failure tls_choose(const struct tls_setup *setup, const struct hello *hello,
                            struct tls_choice *out)
{
	enum tls_version highest = setup->tls13[0] ? TLS_1_3 : TLS_1_2;
	uint16_t number = hello_version(hello, (uint16_t)(VERSION_TLS_1_0 + setup->min_version),
	                                (uint16_t)(VERSION_TLS_1_0 + highest));
	if (!number)
		return TLS_FAILURE_VERSION;
	enum tls_version version = (enum tls_version)(number - VERSION_TLS_1_0);
	if (version == TLS_1_3) {
		*out = (struct tls_choice){ setup->tls13[shared_group(hello)], NULL };
		return TLS_FAILURE_NONE;
	}
	for (size_t i = 0; i < setup->count; i++) {
		if (!suite_fits(setup, hello, version, &setup->suites[i]))
			continue;
		*out = (struct tls_choice){ setup->suites[i].version[version], setup->suites[i].suite };
		return TLS_FAILURE_NONE;
	}
	return TLS_FAILURE_NO_CIPHER;
}

/* True if `priority` holds the suite `id` and, of those up to TLS 1.2, no other. */
static bool holds_exactly(gnutls_priority_t priority, uint16_t id)
{
	bool found = false;
	unsigned index;
	for (unsigned i = 0;; i++) {
		int ret = gnutls_priority_get_cipher_suite_index(priority, i, &index);
		if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return found;
		unsigned char number[2];
		gnutls_protocol_t min;
		if (ret < 0 || !gnutls_cipher_suite_info(index, number, NULL, NULL, NULL, &min) ||
		    min == GNUTLS_TLS1_3)
			continue;
		if ((number[0] << 8 | number[1]) != id)
			return false;
		found = true;
	}
}

/* TLS 1.3 stands in it only so that GnuTLS knows the server's highest version: for its sign against downgrades
 * (RFC 8446, 4.1.3) and TLS_FALLBACK_SCSV (RFC 7507). SHA-1 signs where TLS 1.0 and 1.1 leave no choice. */
static int priority_new(const struct tls_setup *self, const struct cipher_suite *suite,
                        enum tls_version version, gnutls_priority_t *out, struct err *err)
{
	char text[512];
	snprintf(text, sizeof text, "NONE%s:+%s:+%s:+%s:+%s:" GROUPS "%s:+SIGN-ALL%s:%%SERVER_PRECEDENCE",
	         self->tls13[0] ? ":+VERS-TLS1.3" : "", gnutls_version[version], gnutls_kx_get_name(suite->kx),
	         gnutls_cipher_get_name(suite->cipher), gnutls_mac_get_name(suite->mac),
	         suite->kx == GNUTLS_KX_DHE_RSA ? GROUPS_DHE : "",
	         version < TLS_1_2 ? ":+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1" : "");
	int ret = gnutls_priority_init(out, text, NULL);
	if (ret < 0)
		return err_set(err, ERR_CONFIG, "cipher %s: not possible with this GnuTLS: %s",
		               suite->name, gnutls_strerror(ret));
	if (!holds_exactly(*out, suite->id))
		return err_set(err, ERR_CONFIG, "cipher %s: not possible with this GnuTLS", suite->name);
	return ERR_OK;
}

/* True if a certificate with this key and these usages (RFC 5280, 4.2.1.3) can serve the key exchange. */
static bool kx_fits(gnutls_kx_algorithm_t kx, const struct key *key, unsigned usage)
{
	gnutls_pk_algorithm_t pk = key_algorithm(key);
	switch (kx) {
	case GNUTLS_KX_RSA: return key_decrypts(key) && usage & GNUTLS_KEY_KEY_ENCIPHERMENT;
	case GNUTLS_KX_DHE_RSA:
	case GNUTLS_KX_ECDHE_RSA: return pk == GNUTLS_PK_RSA && usage & GNUTLS_KEY_DIGITAL_SIGNATURE;
	case GNUTLS_KX_ECDHE_ECDSA:
		return pk == GNUTLS_PK_ECDSA && usage & GNUTLS_KEY_DIGITAL_SIGNATURE;
	default: return false;
	}
}

static int add_suite(struct tls_setup *self, const struct cipher_suite *suite, struct err *err)
{
	struct tls_suite *row = &self->suites[self->count++];
	row->suite = suite;
	enum tls_version first = suite->min_version == GNUTLS_TLS1_2 ? TLS_1_2 : TLS_1_0;
	if (first < self->min_version)
		first = self->min_version;
	for (enum tls_version version = first; version < TLS_1_3; version++) {
		int code = priority_new(self, suite, version, &row->version[version], err);
		if (code)
			return code;
	}
	return ERR_OK;
}

static int add_suites(struct tls_setup *self, const struct cipher_list *list, unsigned usage,
                      struct err *err)
{
	if (self->min_version == TLS_1_3)
		return ERR_OK;
	self->suites = calloc(list->count ? list->count : 1, sizeof *self->suites);
	if (!self->suites)
		return err_set(err, ERR_MEMORY, "no memory for TLS settings");
	for (size_t i = 0; i < list->count; i++) {
		if (!kx_fits(list->suite[i]->kx, self->key, usage))
			continue;
		int code = add_suite(self, list->suite[i], err);
		if (code)
			return code;
	}
	return ERR_OK;
}

/* Makes `tls13`, if the certificate may sign and the list leaves a suite. */
static int add_tls13(struct tls_setup *self, const struct cipher_list *list, bool aes_only, unsigned usage,
                     struct err *err)
{
	char text[512] = "NONE:+VERS-TLS1.3";
	bool any = false;
	for (size_t i = 0; i < list->tls13_count; i++) {
		if (aes_only && list->tls13[i] == GNUTLS_CIPHER_CHACHA20_POLY1305)
			continue;
		size_t len = strlen(text);
		snprintf(text + len, sizeof text - len, ":+%s", gnutls_cipher_get_name(list->tls13[i]));
		any = true;
	}
	if (!any || !(usage & GNUTLS_KEY_DIGITAL_SIGNATURE))
		return ERR_OK;
	for (size_t i = 0; i < TLS_GROUPS; i++) { /* what is added twice stays where it was first */
		size_t len = strlen(text);
		snprintf(text + len, sizeof text - len, ":+AEAD:+%s:" GROUPS ":+SIGN-ALL:%%SERVER_PRECEDENCE",
		         group_name[i]);
		int ret = gnutls_priority_init(&self->tls13[i], text, NULL);
		if (ret < 0)
			return err_set(err, ERR_TLS, "TLS 1.3: %s", gnutls_strerror(ret));
		text[len] = '\0';
	}
	return ERR_OK;
}

static int trust(struct tls_setup *self, const struct tls_config *config, struct err *err)
{
	for (size_t i = 0; i < config->client_ca_count; i++) {
		const struct span *der = &config->client_ca[i];
		gnutls_datum_t datum = { (unsigned char *)der->bytes, (unsigned)der->len };
		int ret = gnutls_certificate_set_x509_trust_mem(self->cred, &datum, GNUTLS_X509_FMT_DER);
		if (ret < 0)
			return err_set(err, ERR_TLS, "a certificate that vouches for clients: %s",
			               gnutls_strerror(ret));
	}
	gnutls_certificate_set_verify_function(self->cred, tls_verify_client);
	/* Who admits phones that know nothing newer admits what their makers signed with, too. */
	if (config->min_version < TLS_1_2)
		gnutls_certificate_set_verify_flags(self->cred, GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1);
	return ERR_OK;
}

static int add_credentials(struct tls_setup *self, const struct tls_config *config, struct err *err)
{
	int ret = gnutls_certificate_allocate_credentials(&self->cred);
	if (ret < 0)
		return err_set(err, ERR_MEMORY, "no memory for TLS credentials");
	int code = key_install(self->key, config->chain, config->chain_count, self->cred, err);
	if (code)
		return code;
	ret = gnutls_certificate_set_known_dh_params(self->cred, GNUTLS_SEC_PARAM_MEDIUM);
	if (ret < 0)
		return err_set(err, ERR_TLS, "Diffie-Hellman parameters: %s", gnutls_strerror(ret));
	return trust(self, config, err);
}

/* The key usages of the own certificate, all if it names none, and the group of its key. */
static int read_own(struct tls_setup *self, const struct span *der, unsigned *usage, struct err *err)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t datum = { (unsigned char *)der->bytes, (unsigned)der->len };
	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(err, ERR_MEMORY, "no memory for the certificate");
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	int ret = gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER);
	if (ret >= 0) {
		if (gnutls_x509_crt_get_key_usage(crt, usage, NULL) < 0)
			*usage = ~0u;
		if (gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, NULL, NULL) < 0)
			curve = GNUTLS_ECC_CURVE_INVALID;
	}
	gnutls_x509_crt_deinit(crt);
	self->curve = curve == GNUTLS_ECC_CURVE_SECP256R1 ? GROUP_P256 :
	              curve == GNUTLS_ECC_CURVE_SECP384R1 ? GROUP_P384 :
	              curve == GNUTLS_ECC_CURVE_SECP521R1 ? GROUP_P521 : 0;
	return ret < 0 ? err_set(err, ERR_MALFORMED, "the own certificate: %s", gnutls_strerror(ret)) : ERR_OK;
}

static int build(struct tls_setup *self, const struct tls_config *config, struct err *err)
{
	unsigned usage = 0;
	int code = add_credentials(self, config, err);
	if (!code)
		code = read_own(self, &config->chain[0], &usage, err);
	if (!code)
		code = add_tls13(self, config->ciphers, config->aes_only, usage, err);
	if (!code)
		code = add_suites(self, config->ciphers, usage, err);
	if (!code && !self->count && (!self->tls13[0] || (config->ciphers->count && self->min_version < TLS_1_3)))
		return err_set(err, ERR_CONFIG, "none of the ciphers can work with the key and the key usage of the certificate%s",
		               key_algorithm(self->key) == GNUTLS_PK_RSA && !key_decrypts(self->key) ?
		               ": RSA key exchange needs a key in a file" : "");
	return code;
}

int tls_setup_new(const struct tls_config *config, struct tls_setup **out, struct err *err)
{
	*out = NULL;
	struct tls_setup *self = calloc(1, sizeof *self);
	if (!self)
		return err_set(err, ERR_MEMORY, "no memory for TLS settings");
	self->min_version = config->min_version;
	self->client = config->client;
	self->key = config->key;
	int code = build(self, config, err);
	if (code) {
		tls_setup_free(self);
		return err_prefix(err, "[%s]", config->name);
	}
	*out = self;
	return ERR_OK;
}

void tls_setup_free(struct tls_setup *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->count; i++)
		for (int version = 0; version < TLS_1_3; version++)
			if (self->suites[i].version[version])
				gnutls_priority_deinit(self->suites[i].version[version]);
	free(self->suites);
	for (size_t i = 0; i < TLS_GROUPS; i++)
		if (self->tls13[i])
			gnutls_priority_deinit(self->tls13[i]);
	if (self->cred)
		gnutls_certificate_free_credentials(self->cred);
	free(self);
}
