#include "config.h"

#include "ocsp/certid.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "truststore/base/der.h"

const char *certid_hash_name(enum certid_hash hash)
{
	return hash == CERTID_SHA256 ? "SHA-256" : "SHA-1";
}

enum certid_hash certid_other(enum certid_hash hash)
{
	return hash == CERTID_SHA256 ? CERTID_SHA1 : CERTID_SHA256;
}

gnutls_digest_algorithm_t certid_digest(enum certid_hash hash)
{
	return hash == CERTID_SHA256 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA1;
}

/* TBSCertificate, RFC 5280, 4.1: the seventh field with a version in front, else the sixth. */
static bool find_public_key(const void *der, size_t len, struct der_item *key)
{
	struct der at = { der, len };
	struct der_item cert, tbs, field, info, algorithm;
	if (!der_expect(&at, DER_SEQUENCE, &cert) || !der_expect(&cert.value, DER_SEQUENCE, &tbs))
		return false;
	(void)der_expect(&tbs.value, DER_CONTEXT_0, &field);
	for (int skipped = 0; skipped < 5; skipped++) /* serial, signature, issuer, validity, subject */
		if (!der_next(&tbs.value, &field))
			return false;
	return der_expect(&tbs.value, DER_SEQUENCE, &info) &&
	       der_expect(&info.value, DER_SEQUENCE, &algorithm) &&
	       der_expect(&info.value, DER_BIT_STRING, key) && key->value.left > 1;
}

bool certid_key_hash(const void *der, size_t len, enum certid_hash hash, uint8_t *out)
{
	struct der_item key;
	return find_public_key(der, len, &key) &&
	       gnutls_hash_fast(certid_digest(hash), key.value.at + 1, key.value.left - 1, out) >= 0;
}

int certid_of(const struct cert *cert, const struct cert *issuer, enum certid_hash hash,
              struct certid *out)
{
	memset(out, 0, sizeof *out);
	out->hash = hash;
	out->hash_len = gnutls_hash_get_len(certid_digest(hash));
	out->serial = cert_serial(cert, &out->serial_len);
	size_t name_len, der_len;
	const uint8_t *name = cert_issuer_der(cert, &name_len);
	const uint8_t *der = cert_der(issuer, &der_len);
	if (!certid_key_hash(der, der_len, hash, out->key) ||
	    gnutls_hash_fast(certid_digest(hash), name, name_len, out->name) < 0)
		return ERR_MALFORMED;
	return ERR_OK;
}
