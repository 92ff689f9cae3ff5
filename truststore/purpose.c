#include "truststore/purpose.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <strings.h>

enum {
	ENCIPHER = GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT |
	           GNUTLS_KEY_DATA_ENCIPHERMENT,
	BOTH_ENDS = PURPOSE_SERVER_AUTH | PURPOSE_CLIENT_AUTH
};

/* Key usages and extended key usages: table 3.5 of the requirements (K22). It has no row for
 * ITLRecovery, which signs trust lists and does nothing else. */
static const struct purpose_rule table[PURPOSE_COUNT] = {
	[PURPOSE_TVS] = {
		.name = "TVS", .stores = { "TVS-trust" },
		.algorithm = GNUTLS_PK_RSA, .bits = 2048,
		.key_usage = ENCIPHER, .extended = BOTH_ENDS,
		.common_name = PURPOSE_NAME_HOST, .years = 5,
		.host_san = true, .csr = true, .anchor = true,
	},
	[PURPOSE_CALLMANAGER] = {
		.name = "CallManager", .stores = { "CallManager-trust", "Phone-SAST-trust" },
		.algorithm = GNUTLS_PK_RSA, .bits = 2048,
		.key_usage = ENCIPHER, .extended = BOTH_ENDS,
		.common_name = PURPOSE_NAME_HOST, .years = 5,
		.host_san = true, .multi_server = true, .csr = true, .anchor = true,
	},
	[PURPOSE_CALLMANAGER_ECDSA] = {
		.name = "CallManager-ECDSA", .stores = { "CallManager-trust" },
		.algorithm = GNUTLS_PK_ECDSA, .bits = 384,
		.key_usage = ENCIPHER, .extended = BOTH_ENDS,
		.common_name = PURPOSE_NAME_HOST_EC, .years = 5,
		.host_san = true, .multi_server = true, .csr = true,
	},
	[PURPOSE_TOMCAT] = {
		.name = "tomcat", .stores = { "tomcat-trust" },
		.algorithm = GNUTLS_PK_RSA, .bits = 2048,
		.key_usage = ENCIPHER, .extended = BOTH_ENDS,
		.common_name = PURPOSE_NAME_HOST, .years = 5,
		.host_san = true, .multi_server = true, .csr = true,
	},
	[PURPOSE_TOMCAT_ECDSA] = {
		.name = "tomcat-ECDSA", .stores = { "tomcat-trust" },
		.algorithm = GNUTLS_PK_ECDSA, .bits = 384,
		.key_usage = ENCIPHER, .extended = BOTH_ENDS,
		.common_name = PURPOSE_NAME_HOST_EC, .years = 5,
		.host_san = true, .multi_server = true, .csr = true,
	},
	[PURPOSE_CAPF] = {
		.name = "CAPF", .stores = { "CAPF-trust" },
		.algorithm = GNUTLS_PK_RSA, .bits = 2048,
		.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_CERT_SIGN,
		.extended = PURPOSE_SERVER_AUTH,
		.common_name = PURPOSE_NAME_CAPF, .years = 5,
		.authority = true, .csr = true,
	},
	[PURPOSE_ITLRECOVERY] = {
		.name = "ITLRecovery", .stores = { "Phone-SAST-trust" },
		.algorithm = GNUTLS_PK_RSA, .bits = 2048,
		.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
		.common_name = PURPOSE_NAME_ITLRECOVERY, .years = 20,
		.anchor = true,
	},
	[PURPOSE_IPSEC] = {
		.name = "ipsec", .stores = { "IPSec-trust" },
		.algorithm = GNUTLS_PK_RSA, .bits = 2048,
		.key_usage = ENCIPHER, .extended = BOTH_ENDS | PURPOSE_IPSEC_END_SYSTEM,
		.common_name = PURPOSE_NAME_HOST, .years = 5,
		.csr = true,
	},
};

const struct purpose_usage *purpose_usages(void)
{
	static const struct purpose_usage usages[] = {
		{ PURPOSE_SERVER_AUTH, "serverAuth", GNUTLS_KP_TLS_WWW_SERVER },
		{ PURPOSE_CLIENT_AUTH, "clientAuth", GNUTLS_KP_TLS_WWW_CLIENT },
		{ PURPOSE_IPSEC_END_SYSTEM, "ipsecEndSystem", "1.3.6.1.5.5.7.3.5" },
		{ 0, NULL, NULL },
	};
	return usages;
}

const struct purpose_rule *purpose_rule(enum purpose purpose)
{
	return &table[purpose];
}

int purpose_parse(const char *text, enum purpose *purpose, struct err *err)
{
	char names[128];
	size_t n = 0;
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		if (!strcasecmp(text, table[i].name)) {
			*purpose = (enum purpose)i;
			return ERR_OK;
		}
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "",
		                      table[i].name);
	}
	return err_set(err, ERR_NOT_FOUND, "no purpose \"%s\": the purposes are %s", text, names);
}
