#include "truststore/security.h"

#include <string.h>

#include "truststore/base/conf.h"
#include "truststore/certinfo.h"
#include "truststore/role.h"

enum { RSA_MIN = 2048, PASSPHRASE_MIN = 14 };

void security_load(const struct conf *conf, struct security *out)
{
	out->fips = conf_flag(conf, "security", "fips");
	out->common_criteria = conf_flag(conf, "security", "common-criteria");
}

static bool nist_curve(const struct cert *cert)
{
	gnutls_ecc_curve_t curve;
	gnutls_datum_t x, y;
	if (gnutls_x509_crt_get_pk_ecc_raw(cert_gnutls(cert), &curve, &x, &y) < 0)
		return false;
	gnutls_free(x.data);
	gnutls_free(y.data);
	return curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1 ||
	       curve == GNUTLS_ECC_CURVE_SECP521R1;
}

static bool sha2(const char *signature)
{
	return strstr(signature, "SHA256") || strstr(signature, "SHA384") ||
	       strstr(signature, "SHA512");
}

static const char *fips_cert(const struct cert *cert)
{
	const char *type = cert_key_type(cert);
	bool rsa = !strcmp(type, "RSA");
	if (rsa && cert_key_bits(cert) < RSA_MIN)
		return "fips forbids RSA keys of less than 2048 bits";
	if (!rsa && (strcmp(type, "EC") || !nist_curve(cert)))
		return "fips forbids its kind of key: RSA and EC on a NIST curve are approved";
	if (!sha2(cert_signature(cert)) && !cert_self_signed(cert))
		return "fips forbids its signature's hash: SHA-256, SHA-384 and SHA-512 are approved";
	return NULL;
}

static void find_server(const char *text, size_t len, void *arg)
{
	*(bool *)arg |= len == strlen("serverAuth") && !memcmp(text, "serverAuth", len);
}

static const char *says_server(const struct cert *cert)
{
	bool server = false;
	certinfo_extended(cert, find_server, &server);
	return server ? NULL : "common-criteria wants the extended key usage serverAuth in a server's certificate";
}

static const char *common_criteria_cert(const struct cert *cert, uint32_t roles)
{
	const uint32_t servers = ROLE_BIT(ROLE_APP_SERVER) | ROLE_BIT(ROLE_CCM) |
	                         ROLE_BIT(ROLE_CCM_TFTP) | ROLE_BIT(ROLE_TVS);
	if (cert_version(cert) != 3)
		return "common-criteria wants X.509 version 3";
	return (roles & servers) && !cert_is_ca(cert) ? says_server(cert) : NULL;
}

const char *security_cert(const struct security *security, const struct cert *cert, uint32_t roles)
{
	const char *why = NULL;
	if (security && security->fips)
		why = fips_cert(cert);
	if (!why && security && security->common_criteria)
		why = common_criteria_cert(cert, roles);
	return why;
}

const char *security_key(const struct security *security, gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	if (security && security->fips && algorithm == GNUTLS_PK_RSA && bits < RSA_MIN)
		return "fips forbids RSA keys of less than 2048 bits";
	return NULL;
}

const char *security_hash(const struct security *security, gnutls_digest_algorithm_t hash)
{
	if (security && security->fips && hash == GNUTLS_DIG_SHA1)
		return "fips forbids SHA-1";
	return NULL;
}

const char *security_passphrase(const struct security *security, const char *passphrase)
{
	return security && security->fips && strlen(passphrase) < PASSPHRASE_MIN
		? "fips wants a passphrase of at least 14 characters"
		: NULL;
}

gnutls_protocol_t security_tls_floor(const struct security *security)
{
	return security && security->fips ? GNUTLS_TLS1_2
	       : security && security->common_criteria ? GNUTLS_TLS1_1
	                                               : GNUTLS_TLS1_0;
}

const char *security_server(const struct security *security, const struct cert *cert)
{
	const char *why = security_cert(security, cert, 0);
	return !why && security && security->common_criteria ? says_server(cert) : why;
}
