#include "truststore/base/cert.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/certtime.h"
#include "truststore/base/clock.h"
#include "truststore/base/der.h"
#include "truststore/base/keysize.h"

struct cert {
	uint8_t *der;
	size_t len;
	gnutls_x509_crt_t crt;
	struct digest sha256;
	struct digest subject_key, issuer_key, issuer_serial_key;
	/* These point into `der`. */
	struct der_item tbs, algorithm, issuer, subject;
	struct der serial;
	unsigned version;
	int key; /* gnutls_pk_algorithm_t, or negative */
	unsigned key_bits;
	int64_t not_before, not_after;
	char *subject_text, *issuer_text, *common_name;
	char serial_hex[2 * CERT_MAX_SERIAL + 1];
};

static int malformed(struct err *err, const char *why)
{
	return err_set(err, ERR_MALFORMED, "no usable X.509 certificate: %s", why);
}

/* RFC 5280, 4.1.2.1: absent means version 1. */
static bool read_version(struct der *tbs, unsigned *version)
{
	struct der_item outer, number;
	*version = 1;
	if (!der_expect(tbs, DER_CONTEXT_0, &outer))
		return true;
	if (!der_expect(&outer.value, DER_INTEGER, &number) || outer.value.left != 0 ||
	    number.value.left != 1 || number.value.at[0] > 2)
		return false;
	*version = number.value.at[0] + 1u;
	return true;
}

/* X.690, 8.3: at least one byte, and no sign byte that is not needed. */
static bool is_integer(struct der value)
{
	if (value.left == 0)
		return false;
	return value.left == 1 || !((value.at[0] == 0 && value.at[1] < 0x80) ||
	                            (value.at[0] == 0xff && value.at[1] >= 0x80));
}

static int read_serial(struct cert *cert, struct der *tbs, struct err *err)
{
	struct der_item serial;
	if (!der_expect(tbs, DER_INTEGER, &serial) || !is_integer(serial.value))
		return malformed(err, "its serial number is no integer in DER");
	if (serial.value.left > CERT_MAX_SERIAL)
		return malformed(err, "its serial number has more than 64 bytes");
	cert->serial = serial.value;
	bool sign = serial.value.left > 1 && serial.value.at[0] == 0;
	hex_encode(serial.value.at + sign, serial.value.left - sign, true, cert->serial_hex);
	return ERR_OK;
}

static int read_validity(struct cert *cert, struct der *tbs, struct err *err)
{
	struct der_item both, from, to;
	if (!der_expect(tbs, DER_SEQUENCE, &both) || !der_next(&both.value, &from) ||
	    !der_next(&both.value, &to) || both.value.left != 0)
		return malformed(err, "its validity is not two times");
	if (certtime_parse(&from, &cert->not_before) != ERR_OK ||
	    certtime_parse(&to, &cert->not_after) != ERR_OK)
		return malformed(err, "a time in it is no date in the form YYMMDDHHMMSSZ or "
		                      "YYYYMMDDHHMMSSZ (RFC 5280, 4.1.2.5)");
	if (cert->not_after == CERTTIME_NO_END)
		cert->not_after = CLOCK_NEVER - 1;
	return ERR_OK;
}

static bool same_bytes(const struct der_item *a, const struct der_item *b)
{
	return a->whole_len == b->whole_len && memcmp(a->whole, b->whole, a->whole_len) == 0;
}

/* RFC 5280, 4.1.2.9: extensions come last and belong to version 3. */
static bool extensions_fit(struct der tbs, unsigned version)
{
	struct der_item item;
	while (der_next(&tbs, &item))
		if (item.tag == DER_CONTEXT_3 && version != 3)
			return false;
	return true;
}

/* The frame of the certificate (RFC 5280, 4.1); what is inside the rest is GnuTLS's. */
static int read_frame(struct cert *cert, struct err *err)
{
	struct der bytes = { cert->der, cert->len };
	struct der_item whole, outer;
	if (!der_expect(&bytes, DER_SEQUENCE, &whole))
		return malformed(err, "not one whole DER SEQUENCE");
	if (bytes.left != 0)
		return malformed(err, "bytes follow its end");
	if (!der_expect(&whole.value, DER_SEQUENCE, &cert->tbs))
		return malformed(err, "no TBSCertificate");
	struct der tbs = cert->tbs.value;
	if (!read_version(&tbs, &cert->version))
		return malformed(err, "its version is not 1, 2 or 3");
	int rc = read_serial(cert, &tbs, err);
	if (rc != ERR_OK)
		return rc;
	if (!der_expect(&tbs, DER_SEQUENCE, &cert->algorithm) ||
	    !der_expect(&tbs, DER_SEQUENCE, &cert->issuer))
		return malformed(err, "no issuer where it must be");
	if ((rc = read_validity(cert, &tbs, err)) != ERR_OK)
		return rc;
	if (!der_expect(&tbs, DER_SEQUENCE, &cert->subject))
		return malformed(err, "no subject where it must be");
	if (!extensions_fit(tbs, cert->version))
		return malformed(err, "extensions in a certificate that is not of version 3");
	if (!der_expect(&whole.value, DER_SEQUENCE, &outer) || !same_bytes(&cert->algorithm, &outer))
		return malformed(err, "its two signature algorithms differ");
	return ERR_OK;
}

static int read_name(const struct der_item *name, const char *which, struct digest *key, char **text,
                     struct err *err)
{
	int rc = name_digest_der(name->whole, name->whole_len, key);
	if (rc == ERR_OK)
		rc = name_text_der(name->whole, name->whole_len, NAME_COMMA, text);
	switch (rc) {
	case ERR_OK:
		return ERR_OK;
	case ERR_LIMIT:
		return err_set(err, rc, "the %s of the certificate has more than %d parts, or one "
		                        "that is too long", which, NAME_MAX_PAIRS);
	case ERR_MEMORY:
		return err_set(err, rc, "out of memory");
	default:
		return err_set(err, rc, "no usable X.509 certificate: its %s is no name", which);
	}
}

/* Where it is the issuer, as in every self-signed certificate, the work is done already. */
static int read_subject(struct cert *cert, struct err *err)
{
	if (!same_bytes(&cert->subject, &cert->issuer))
		return read_name(&cert->subject, "subject", &cert->subject_key,
		                 &cert->subject_text, err);
	cert->subject_key = cert->issuer_key;
	cert->subject_text = strdup(cert->issuer_text);
	return cert->subject_text ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

static int read_names(struct cert *cert, struct err *err)
{
	int rc = read_name(&cert->issuer, "issuer", &cert->issuer_key, &cert->issuer_text, err);
	if (rc != ERR_OK)
		return rc;
	rc = read_subject(cert, err);
	if (rc != ERR_OK)
		return rc;
	name_issuer_serial(&cert->issuer_key, cert->serial.at, cert->serial.left,
	                   &cert->issuer_serial_key);
	rc = name_common_der(cert->subject.whole, cert->subject.whole_len, &cert->common_name);
	return rc == ERR_OK ? rc : err_set(err, rc, "out of memory");
}

static int import(struct cert *cert, struct err *err)
{
	gnutls_datum_t bytes = { cert->der, (unsigned)cert->len };
	int rc = gnutls_x509_crt_init(&cert->crt);
	if (rc < 0)
		return err_set(err, ERR_MEMORY, "out of memory");
	rc = gnutls_x509_crt_import(cert->crt, &bytes, GNUTLS_X509_FMT_DER);
	if (rc < 0)
		return malformed(err, gnutls_strerror(rc));
	return ERR_OK;
}

/* A key on a curve that GnuTLS does not know can still be in a store; one of a known kind that
 * cannot be read is broken. */
static int read_key(struct cert *cert, struct err *err)
{
	cert->key = gnutls_x509_crt_get_pk_algorithm(cert->crt, &cert->key_bits);
	if (cert->key == GNUTLS_PK_ECDSA && cert->key_bits == 528)
		cert->key_bits = 521; /* GnuTLS counts whole bytes */
	if (cert->key >= 0)
		return ERR_OK;
	cert->key_bits = 0;
	cert->key = gnutls_x509_crt_get_pk_algorithm(cert->crt, NULL);
	if (cert->key <= 0 || cert->key == GNUTLS_PK_ECDSA)
		return ERR_OK;
	return malformed(err, "its public key cannot be read");
}

int cert_parse(const uint8_t *der, size_t len, struct cert **out, struct err *err)
{
	if (len > CERT_MAX_DER)
		return err_set(err, ERR_LIMIT, "the certificate has %zu bytes, more than %d", len,
		               CERT_MAX_DER);
	struct cert *cert = calloc(1, sizeof *cert);
	int rc = ERR_MEMORY;
	if (!cert || !(cert->der = malloc(len + 1))) {
		err_set(err, rc, "out of memory");
		goto fail;
	}
	if (len)
		memcpy(cert->der, der, len);
	cert->len = len;
	if ((rc = read_frame(cert, err)) != ERR_OK || (rc = import(cert, err)) != ERR_OK ||
	    (rc = read_key(cert, err)) != ERR_OK || (rc = read_names(cert, err)) != ERR_OK)
		goto fail;
	digest_of(cert->der, cert->len, &cert->sha256);
	*out = cert;
	return ERR_OK;
fail:
	cert_free(cert);
	return rc;
}

void cert_free(struct cert *cert)
{
	if (!cert)
		return;
	if (cert->crt)
		gnutls_x509_crt_deinit(cert->crt);
	free(cert->common_name);
	free(cert->subject_text);
	free(cert->issuer_text);
	free(cert->der);
	free(cert);
}

const uint8_t *cert_der(const struct cert *cert, size_t *len)
{
	*len = cert->len;
	return cert->der;
}

const struct digest *cert_sha256(const struct cert *cert)
{
	return &cert->sha256;
}

void cert_sha1(const struct cert *cert, uint8_t out[20])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, cert->der, cert->len, out) < 0)
		memset(out, 0, 20);
}

const char *cert_subject(const struct cert *cert)
{
	return cert->subject_text;
}

const char *cert_issuer(const struct cert *cert)
{
	return cert->issuer_text;
}

const uint8_t *cert_serial(const struct cert *cert, size_t *len)
{
	*len = cert->serial.left;
	return cert->serial.at;
}

const char *cert_serial_hex(const struct cert *cert)
{
	return cert->serial_hex;
}

int64_t cert_not_before(const struct cert *cert)
{
	return cert->not_before;
}

int64_t cert_not_after(const struct cert *cert)
{
	return cert->not_after;
}

const char *cert_key_type(const struct cert *cert)
{
	switch (cert->key) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS: return "RSA";
	case GNUTLS_PK_ECDSA: return "EC";
	case GNUTLS_PK_EDDSA_ED25519: return "Ed25519";
	case GNUTLS_PK_EDDSA_ED448: return "Ed448";
	case GNUTLS_PK_DSA: return "DSA";
	default: return "other";
	}
}

unsigned cert_key_bits(const struct cert *cert)
{
	return cert->key_bits;
}

const char *cert_signature(const struct cert *cert)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(cert->crt);
	const char *name =
		algorithm < 0 ? NULL : gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm);
	return name ? name : "other";
}

unsigned cert_version(const struct cert *cert)
{
	return cert->version;
}

bool cert_is_ca(const struct cert *cert)
{
	unsigned critical, ca = 0;
	int path;
	return gnutls_x509_crt_get_basic_constraints(cert->crt, &critical, &ca, &path) >= 0 && ca;
}

/* The length of the salt of an RSA-PSS signature: [2] in its parameters, 20 if absent (RFC 4055, 3.1). */
static unsigned pss_salt(const struct cert *cert)
{
	struct der algorithm = cert->algorithm.value;
	struct der_item oid, parameters, item, number;
	unsigned salt = 20;
	if (!der_next(&algorithm, &oid) || !der_expect(&algorithm, DER_SEQUENCE, &parameters))
		return salt;
	while (der_next(&parameters.value, &item)) {
		if (item.tag != DER_CONTEXT_2 || !der_expect(&item.value, DER_INTEGER, &number))
			continue;
		for (salt = 0; number.value.left && salt < 0x10000; number.value.left--)
			salt = salt << 8 | *number.value.at++;
	}
	return salt;
}

/* GnuTLS takes the length of the salt from the key, where it need not stand. */
static bool use_pss(gnutls_pubkey_t key, const struct cert *cert, gnutls_sign_algorithm_t algorithm)
{
	gnutls_x509_spki_t parameters;
	if (gnutls_x509_spki_init(&parameters) < 0)
		return false;
	gnutls_x509_spki_set_rsa_pss_params(parameters, gnutls_sign_get_hash_algorithm(algorithm),
	                                    pss_salt(cert));
	int rc = gnutls_pubkey_set_spki(key, parameters, 0);
	gnutls_x509_spki_deinit(parameters);
	return rc >= 0;
}

static bool is_pss(gnutls_sign_algorithm_t algorithm)
{
	return algorithm == GNUTLS_SIGN_RSA_PSS_SHA256 || algorithm == GNUTLS_SIGN_RSA_PSS_SHA384 ||
	       algorithm == GNUTLS_SIGN_RSA_PSS_SHA512;
}

/* Weak hashes count here: the question is who signed, not whether that was wise. */
static bool signed_by(const struct cert *cert, const struct cert *issuer)
{
	enum { FLAGS = GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1 };
	gnutls_datum_t signature = { NULL, 0 };
	gnutls_datum_t data = { (unsigned char *)cert->tbs.whole, (unsigned)cert->tbs.whole_len };
	gnutls_pubkey_t key = NULL;
	bool good = false;
	size_t size = 0;
	int known = gnutls_x509_crt_get_signature_algorithm(cert->crt);
	if (known <= 0 || !keysize_fits(issuer->crt, KEYSIZE_RSA_MAX))
		return false;
	gnutls_sign_algorithm_t algorithm = (gnutls_sign_algorithm_t)known;
	if (gnutls_x509_crt_get_signature(cert->crt, NULL, &size) != GNUTLS_E_SHORT_MEMORY_BUFFER ||
	    !(signature.data = malloc(size)))
		return false;
	if (gnutls_x509_crt_get_signature(cert->crt, (char *)signature.data, &size) < 0)
		goto done;
	signature.size = (unsigned)size;
	if (gnutls_pubkey_init(&key) < 0 || gnutls_pubkey_import_x509(key, issuer->crt, 0) < 0)
		goto done;
	if (is_pss(algorithm) && !use_pss(key, cert, algorithm))
		goto done;
	good = gnutls_pubkey_verify_data2(key, algorithm, FLAGS, &data, &signature) >= 0;
done:
	if (key)
		gnutls_pubkey_deinit(key);
	free(signature.data);
	return good;
}

bool cert_self_signed(const struct cert *cert)
{
	return same_bytes(&cert->subject, &cert->issuer) && signed_by(cert, cert);
}

/* False only if both have a key identifier (RFC 5280, 4.2.1.1) and they differ. */
static bool key_identifiers_fit(const struct cert *cert, const struct cert *issuer)
{
	uint8_t authority[256], subject[256];
	size_t authority_len = sizeof authority, subject_len = sizeof subject;
	unsigned critical;
	if (gnutls_x509_crt_get_authority_key_id(cert->crt, authority, &authority_len, &critical) < 0 ||
	    gnutls_x509_crt_get_subject_key_id(issuer->crt, subject, &subject_len, &critical) < 0)
		return true;
	return authority_len == subject_len && memcmp(authority, subject, subject_len) == 0;
}

bool cert_issued_by(const struct cert *cert, const struct cert *issuer)
{
	return digest_equal(&cert->issuer_key, &issuer->subject_key) &&
	       key_identifiers_fit(cert, issuer) && signed_by(cert, issuer);
}

const struct digest *cert_subject_key(const struct cert *cert)
{
	return &cert->subject_key;
}

const struct digest *cert_issuer_key(const struct cert *cert)
{
	return &cert->issuer_key;
}

const struct digest *cert_issuer_serial_key(const struct cert *cert)
{
	return &cert->issuer_serial_key;
}

const uint8_t *cert_subject_der(const struct cert *cert, size_t *len)
{
	*len = cert->subject.whole_len;
	return cert->subject.whole;
}

const uint8_t *cert_issuer_der(const struct cert *cert, size_t *len)
{
	*len = cert->issuer.whole_len;
	return cert->issuer.whole;
}

const char *cert_common_name(const struct cert *cert)
{
	return cert->common_name;
}

gnutls_x509_crt_t cert_gnutls(const struct cert *cert)
{
	return cert->crt;
}
