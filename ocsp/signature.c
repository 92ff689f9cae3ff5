#include "ocsp/signature.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <string.h>

#include "truststore/base/keysize.h"

enum { OID_TEXT_SIZE = 64 }; /* those of signature algorithms are shorter */
#define OID_RSASSA_PSS "1.2.840.113549.1.1.10"

bool oid_is(const struct der_item *oid, const void *bytes, size_t len)
{
	return oid->tag == DER_OID && oid->value.left == len && !memcmp(oid->value.at, bytes, len);
}

/* X.690, 8.19: "1.2.840.113549.1.1.11". */
static bool oid_text(const struct der_item *oid, char out[OID_TEXT_SIZE])
{
	size_t n = 0;
	uint32_t arc = 0;
	bool first = true;
	for (size_t i = 0; i < oid->value.left; i++) {
		if (arc >> 24)
			return false;
		arc = arc << 7 | (oid->value.at[i] & 0x7f);
		if (oid->value.at[i] & 0x80)
			continue;
		if (n + 16 > OID_TEXT_SIZE)
			return false;
		uint32_t top = arc < 80 ? arc / 40 : 2;
		if (first)
			n += (size_t)snprintf(out + n, OID_TEXT_SIZE - n, "%u.%u", top, arc - 40 * top);
		else
			n += (size_t)snprintf(out + n, OID_TEXT_SIZE - n, ".%u", arc);
		first = false;
		arc = 0;
	}
	return !first && !(oid->value.at[oid->value.left - 1] & 0x80);
}

/* RSASSA-PSS-params ::= SEQUENCE { [0] hash AlgorithmIdentifier DEFAULT sha1, ... } (RFC 4055, 3.1) */
static gnutls_sign_algorithm_t pss_algorithm(struct der parameters)
{
	struct der_item params, tagged, hash, oid;
	char text[OID_TEXT_SIZE];
	if (!der_expect(&parameters, DER_SEQUENCE, &params) ||
	    !der_expect(&params.value, DER_CONTEXT_0, &tagged) ||
	    !der_expect(&tagged.value, DER_SEQUENCE, &hash) ||
	    !der_expect(&hash.value, DER_OID, &oid) || !oid_text(&oid, text))
		return GNUTLS_SIGN_UNKNOWN;
	switch (gnutls_oid_to_digest(text)) {
	case GNUTLS_DIG_SHA256: return GNUTLS_SIGN_RSA_PSS_SHA256;
	case GNUTLS_DIG_SHA384: return GNUTLS_SIGN_RSA_PSS_SHA384;
	case GNUTLS_DIG_SHA512: return GNUTLS_SIGN_RSA_PSS_SHA512;
	default: return GNUTLS_SIGN_UNKNOWN;
	}
}

static gnutls_sign_algorithm_t read_algorithm(struct der algorithm)
{
	struct der_item oid;
	char text[OID_TEXT_SIZE];
	if (!der_expect(&algorithm, DER_OID, &oid) || !oid_text(&oid, text))
		return GNUTLS_SIGN_UNKNOWN;
	if (!strcmp(text, OID_RSASSA_PSS))
		return pss_algorithm(algorithm);
	return gnutls_oid_to_sign(text);
}

bool signature_read(const void *der, size_t len, struct signature *out)
{
	struct der at = { der, len };
	struct der_item outer, bits;
	if (!der_expect(&at, DER_SEQUENCE, &outer) || at.left ||
	    !der_expect(&outer.value, DER_SEQUENCE, &out->signed_part) ||
	    !der_expect(&outer.value, DER_SEQUENCE, &out->algorithm) ||
	    !der_expect(&outer.value, DER_BIT_STRING, &bits) ||
	    bits.value.left < 2 || bits.value.at[0] != 0)
		return false;
	out->bits = (struct der){ bits.value.at + 1, bits.value.left - 1 };
	out->rest = outer.value;
	out->sign = read_algorithm(out->algorithm.value);
	return true;
}

bool signature_strong(const struct signature *signature)
{
	return signature->sign != GNUTLS_SIGN_UNKNOWN &&
	       gnutls_sign_is_secure2(signature->sign, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS);
}

static gnutls_datum_t datum(const uint8_t *bytes, size_t len)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)bytes, (unsigned)len };
}

bool signature_verify(const struct signature *signature, gnutls_x509_crt_t signer)
{
	gnutls_pubkey_t key;
	if (!keysize_fits(signer, KEYSIZE_RSA_MAX) || gnutls_pubkey_init(&key) < 0)
		return false;
	gnutls_datum_t text = datum(signature->signed_part.whole, signature->signed_part.whole_len);
	gnutls_datum_t bits = datum(signature->bits.at, signature->bits.left);
	bool right = gnutls_pubkey_import_x509(key, signer, 0) >= 0 &&
	             gnutls_pubkey_verify_data2(key, signature->sign, 0, &text, &bits) >= 0;
	gnutls_pubkey_deinit(key);
	return right;
}
