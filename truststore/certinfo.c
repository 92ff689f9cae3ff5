#include "config.h"

#include "truststore/certinfo.h"

#include <arpa/inet.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

enum { OID_MAX = 128, TEXT_MAX = 1024 };

struct word {
	unsigned bit;
	const char *text;
};

static const struct word key_usages[] = {
	{ GNUTLS_KEY_DIGITAL_SIGNATURE, "digitalSignature" },
	{ GNUTLS_KEY_NON_REPUDIATION, "nonRepudiation" },
	{ GNUTLS_KEY_KEY_ENCIPHERMENT, "keyEncipherment" },
	{ GNUTLS_KEY_DATA_ENCIPHERMENT, "dataEncipherment" },
	{ GNUTLS_KEY_KEY_AGREEMENT, "keyAgreement" },
	{ GNUTLS_KEY_KEY_CERT_SIGN, "keyCertSign" },
	{ GNUTLS_KEY_CRL_SIGN, "cRLSign" },
	{ GNUTLS_KEY_ENCIPHER_ONLY, "encipherOnly" },
	{ GNUTLS_KEY_DECIPHER_ONLY, "decipherOnly" },
};

static const struct {
	const char *oid, *name;
} oids[] = {
	{ GNUTLS_KP_TLS_WWW_SERVER, "serverAuth" },
	{ GNUTLS_KP_TLS_WWW_CLIENT, "clientAuth" },
	{ GNUTLS_KP_CODE_SIGNING, "codeSigning" },
	{ GNUTLS_KP_EMAIL_PROTECTION, "emailProtection" },
	{ GNUTLS_KP_TIME_STAMPING, "timeStamping" },
	{ GNUTLS_KP_OCSP_SIGNING, "OCSPSigning" },
	{ GNUTLS_KP_ANY, "anyExtendedKeyUsage" },
	{ "1.3.6.1.5.5.7.3.5", "ipsecEndSystem" },
	{ "1.3.6.1.5.5.7.3.6", "ipsecTunnel" },
	{ "1.3.6.1.5.5.7.3.7", "ipsecUser" },
	{ "1.3.6.1.5.5.7.1.1", "authorityInfoAccess" },
	{ "2.5.29.14", "subjectKeyIdentifier" },
	{ "2.5.29.15", "keyUsage" },
	{ "2.5.29.17", "subjectAltName" },
	{ "2.5.29.18", "issuerAltName" },
	{ "2.5.29.19", "basicConstraints" },
	{ "2.5.29.30", "nameConstraints" },
	{ "2.5.29.31", "cRLDistributionPoints" },
	{ "2.5.29.32", "certificatePolicies" },
	{ "2.5.29.35", "authorityKeyIdentifier" },
	{ "2.5.29.36", "policyConstraints" },
	{ "2.5.29.37", "extKeyUsage" },
};

static const char *oid_name(const char *oid)
{
	for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++)
		if (!strcmp(oids[i].oid, oid))
			return oids[i].name;
	return oid;
}

unsigned certinfo_key_usage_bits(const struct cert *cert)
{
	unsigned bits = 0, critical;
	return gnutls_x509_crt_get_key_usage(cert_gnutls(cert), &bits, &critical) < 0 ? 0 : bits;
}

void certinfo_key_usage_words(unsigned bits, certinfo_fn *each, void *arg)
{
	for (size_t i = 0; i < sizeof key_usages / sizeof key_usages[0]; i++)
		if (bits & key_usages[i].bit)
			each(key_usages[i].text, strlen(key_usages[i].text), arg);
}

void certinfo_key_usages(const struct cert *cert, certinfo_fn *each, void *arg)
{
	certinfo_key_usage_words(certinfo_key_usage_bits(cert), each, arg);
}

void certinfo_extended(const struct cert *cert, certinfo_fn *each, void *arg)
{
	gnutls_x509_key_purposes_t list;
	gnutls_datum_t der, oid;
	if (gnutls_x509_crt_get_extension_by_oid2(cert_gnutls(cert),
	                                          GNUTLS_X509EXT_OID_EXTENDED_KEY_USAGE, 0, &der,
	                                          NULL) < 0)
		return;
	if (gnutls_x509_key_purpose_init(&list) >= 0) {
		if (gnutls_x509_ext_import_key_purposes(&der, list, 0) >= 0) {
			for (unsigned i = 0; gnutls_x509_key_purpose_get(list, i, &oid) >= 0; i++) {
				const char *name = oid_name((const char *)oid.data);
				each(name, strlen(name), arg);
			}
		}
		gnutls_x509_key_purpose_deinit(list);
	}
	gnutls_free(der.data);
}

static void one_name(unsigned type, const gnutls_datum_t *value, certinfo_fn *each, void *arg)
{
	static const char *const prefixes[] = {
		[GNUTLS_SAN_DNSNAME] = "DNS:",
		[GNUTLS_SAN_RFC822NAME] = "email:",
		[GNUTLS_SAN_URI] = "URI:",
		[GNUTLS_SAN_IPADDRESS] = "IP:",
		[GNUTLS_SAN_OTHERNAME] = "other:",
		[GNUTLS_SAN_DN] = "dirName:",
		[GNUTLS_SAN_OTHERNAME_XMPP] = "XMPP:",
	};
	char text[TEXT_MAX], plain[INET6_ADDRSTRLEN + 16];
	const char *prefix = type < sizeof prefixes / sizeof prefixes[0] && prefixes[type]
	                             ? prefixes[type]
	                             : "other:";
	const void *bytes = value->data;
	size_t n = strlen(prefix), len = value->size;
	if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)) {
		bytes = inet_ntop(len == 4 ? AF_INET : AF_INET6, value->data, plain, sizeof plain);
		len = bytes ? strlen(plain) : 0;
	} else if (type == GNUTLS_SAN_OTHERNAME || type == GNUTLS_SAN_IPADDRESS) {
		bytes = plain;
		len = (size_t)snprintf(plain, sizeof plain, "%u bytes", value->size);
	}
	if (len > sizeof text - n)
		len = sizeof text - n;
	memcpy(text, prefix, n);
	if (len) /* a name may hold NUL bytes: they are shown, too */
		memcpy(text + n, bytes, len);
	each(text, n + len, arg);
}

void certinfo_names_der(const gnutls_datum_t *der, certinfo_fn *each, void *arg)
{
	gnutls_subject_alt_names_t list;
	gnutls_datum_t value;
	unsigned type;
	if (gnutls_subject_alt_names_init(&list) < 0)
		return;
	if (gnutls_x509_ext_import_subject_alt_names(der, list, 0) >= 0)
		for (unsigned i = 0; gnutls_subject_alt_names_get(list, i, &type, &value, NULL) >= 0; i++)
			one_name(type, &value, each, arg);
	gnutls_subject_alt_names_deinit(list);
}

void certinfo_names(const struct cert *cert, certinfo_fn *each, void *arg)
{
	gnutls_datum_t der;
	if (gnutls_x509_crt_get_extension_by_oid2(cert_gnutls(cert), GNUTLS_X509EXT_OID_SAN, 0, &der,
	                                          NULL) < 0)
		return;
	certinfo_names_der(&der, each, arg);
	gnutls_free(der.data);
}

void certinfo_extensions(const struct cert *cert, certinfo_fn *each, void *arg)
{
	char oid[OID_MAX], text[OID_MAX + 16];
	unsigned critical;
	for (unsigned i = 0;; i++) {
		size_t size = sizeof oid;
		int rc = gnutls_x509_crt_get_extension_info(cert_gnutls(cert), i, oid, &size, &critical);
		if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
			snprintf(oid, sizeof oid, "an OID of %zu characters", size);
		else if (rc < 0)
			return;
		int n = snprintf(text, sizeof text, "%s%s", oid_name(oid), critical ? " critical" : "");
		each(text, (size_t)n, arg);
	}
}
