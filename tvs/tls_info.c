#include <gnutls/x509.h>
#include <string.h>

#include "tvs/tls_priv.h"

static const struct {
	const char *name, *number;
	gnutls_protocol_t gnutls;
} versions[TLS_VERSION_COUNT] = {
	[TLS_1_0] = { "TLS1.0", "1.0", GNUTLS_TLS1_0 },
	[TLS_1_1] = { "TLS1.1", "1.1", GNUTLS_TLS1_1 },
	[TLS_1_2] = { "TLS1.2", "1.2", GNUTLS_TLS1_2 },
	[TLS_1_3] = { "TLS1.3", "1.3", GNUTLS_TLS1_3 },
};

static const char *const failure_name[TLS_FAILURE_COUNT] = {
	[TLS_FAILURE_NONE] = "none",
	[TLS_FAILURE_NO_CIPHER] = "no-cipher",
	[TLS_FAILURE_VERSION] = "version",
	[TLS_FAILURE_SSLV2] = "sslv2",
	[TLS_FAILURE_CLIENT_CERTIFICATE] = "client-certificate",
	[TLS_FAILURE_ALERT] = "alert",
	[TLS_FAILURE_CLOSED] = "closed",
	[TLS_FAILURE_PROTOCOL] = "protocol",
};

const char *tls_version_name(enum tls_version version)
{
	return (unsigned)version < TLS_VERSION_COUNT ? versions[version].name : "-";
}

int tls_version_parse(const char *text, enum tls_version *version)
{
	for (int i = 0; i < TLS_VERSION_COUNT; i++) {
		if (strcmp(versions[i].number, text))
			continue;
		*version = (enum tls_version)i;
		return ERR_OK;
	}
	return ERR_CONFIG;
}

const char *tls_failure_name(enum tls_failure failure)
{
	return (unsigned)failure < TLS_FAILURE_COUNT ? failure_name[failure] : "unknown";
}

enum tls_failure tls_session_failure(const struct tls_session *session)
{
	return (enum tls_failure)session->failure;
}

enum tls_version tls_version_of(gnutls_session_t gnutls)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(gnutls);
	for (int i = 0; i < TLS_VERSION_COUNT; i++)
		if (versions[i].gnutls == version)
			return (enum tls_version)i;
	return TLS_VERSION_COUNT;
}

static const char *tls13_cipher(gnutls_cipher_algorithm_t cipher)
{
	switch (cipher) {
	case GNUTLS_CIPHER_AES_256_GCM: return "TLS_AES_256_GCM_SHA384";
	case GNUTLS_CIPHER_CHACHA20_POLY1305: return "TLS_CHACHA20_POLY1305_SHA256";
	case GNUTLS_CIPHER_AES_128_GCM: return "TLS_AES_128_GCM_SHA256";
	default: return "-";
	}
}

const char *tls_cipher_of(gnutls_session_t gnutls)
{
	gnutls_cipher_algorithm_t cipher = gnutls_cipher_get(gnutls);
	if (gnutls_protocol_get_version(gnutls) == GNUTLS_TLS1_3)
		return tls13_cipher(cipher);
	for (const struct cipher_suite *suite = cipher_table(); suite->name; suite++)
		if (suite->kx == gnutls_kx_get(gnutls) && suite->cipher == cipher &&
		    suite->mac == gnutls_mac_get(gnutls))
			return suite->name;
	return "-";
}

enum tls_version tls_session_version(const struct tls_session *session)
{
	return tls_version_of(session->gnutls);
}

const char *tls_session_cipher(const struct tls_session *session)
{
	return session->suite ? session->suite->name : tls_cipher_of(session->gnutls);
}

enum tls_client_state tls_session_client(const struct tls_session *session)
{
	return (enum tls_client_state)session->client;
}

const char *tls_session_client_why(const struct tls_session *session)
{
	static const struct {
		unsigned status;
		const char *word;
	} words[] = {
		{ GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA, "unknown-issuer" },
		{ GNUTLS_CERT_SIGNATURE_FAILURE, "bad-signature" },
		{ GNUTLS_CERT_EXPIRED, "expired" },
		{ GNUTLS_CERT_NOT_ACTIVATED, "not-yet-valid" },
		{ GNUTLS_CERT_INSECURE_ALGORITHM, "weak" },
		{ GNUTLS_CERT_PURPOSE_MISMATCH, "purpose" },
	};
	if (session->client != TLS_CLIENT_UNVERIFIED)
		return "";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (session->client_status & words[i].status)
			return words[i].word;
	return "invalid";
}

static void read_common_name(const gnutls_datum_t *der, char *out, size_t size)
{
	gnutls_x509_crt_t crt;
	if (gnutls_x509_crt_init(&crt) < 0)
		return;
	size_t len = size;
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, out, &len) < 0)
		out[0] = '\0';
	gnutls_x509_crt_deinit(crt);
}

char *tls_session_client_name(const struct tls_session *session, char *out, size_t size)
{
	out[0] = '\0';
	unsigned count = 0;
	const gnutls_datum_t *chain = NULL;
	if (session->client != TLS_CLIENT_ABSENT)
		chain = gnutls_certificate_get_peers(session->gnutls, &count);
	if (chain && count)
		read_common_name(&chain[0], out, size);
	return out;
}

gnutls_session_t tls_session_gnutls(const struct tls_session *session)
{
	return session->gnutls;
}
