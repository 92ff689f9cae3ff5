#include "config.h"

#include "truststore/bulk_sign.h"

#include <gnutls/pkcs7.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/keysize.h"

enum {
	CERTS_MAX = 8,
	/* GnuTLS asks another clock than ours, and tells nobody that it was the time: the caller looks at it */
	ANY_TIME = GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS
};

int bulk_sign(const void *bytes, size_t len, const struct cert *signer, gnutls_privkey_t key, uint8_t **out, size_t *out_len,
              struct err *err)
{
	gnutls_pkcs7_t p7 = NULL;
	gnutls_datum_t data = { (void *)bytes, (unsigned)len }, der = { NULL, 0 };
	int rc = gnutls_pkcs7_init(&p7);
	if (!rc)
		rc = gnutls_pkcs7_sign(p7, cert_gnutls(signer), key, &data, NULL, NULL, GNUTLS_DIG_SHA256,
		                       GNUTLS_PKCS7_INCLUDE_TIME | GNUTLS_PKCS7_INCLUDE_CERT);
	if (!rc)
		rc = gnutls_pkcs7_export2(p7, GNUTLS_X509_FMT_DER, &der);
	if (p7)
		gnutls_pkcs7_deinit(p7);
	*out = rc ? NULL : malloc(der.size);
	*out_len = *out ? der.size : 0;
	if (*out)
		memcpy(*out, der.data, der.size);
	gnutls_free(der.data);
	if (*out)
		return ERR_OK;
	return err_set(err, ERR_CRYPTO, "the manifest cannot be signed by %s: %s", cert_subject(signer),
	               rc ? gnutls_strerror(rc) : "no memory");
}

/* The i-th certificate of the structure, if it made the signature. */
static bool made_by(gnutls_pkcs7_t p7, int i, const gnutls_datum_t *data, struct cert **signer)
{
	gnutls_datum_t der;
	if (gnutls_pkcs7_get_crt_raw2(p7, (unsigned)i, &der))
		return false;
	bool good = !cert_parse(der.data, der.size, signer, NULL);
	gnutls_free(der.data);
	if (good && keysize_fits(cert_gnutls(*signer), KEYSIZE_RSA_MAX) &&
	    !gnutls_pkcs7_verify_direct(p7, cert_gnutls(*signer), 0, data, ANY_TIME))
		return true;
	if (good)
		cert_free(*signer);
	*signer = NULL;
	return false;
}

static int find_signer(gnutls_pkcs7_t p7, const char *name, const gnutls_datum_t *data, struct cert **signer, struct err *err)
{
	gnutls_datum_t inside = { NULL, 0 };
	if (!gnutls_pkcs7_get_embedded_data(p7, 0, &inside)) {
		gnutls_free(inside.data);
		return err_set(err, ERR_MALFORMED, "%s: the signature is not detached", name);
	}
	if (gnutls_pkcs7_get_signature_count(p7) != 1)
		return err_set(err, ERR_MALFORMED, "%s: exactly one signature is wanted", name);
	int count = gnutls_pkcs7_get_crt_count(p7);
	if (count < 1 || count > CERTS_MAX)
		return err_set(err, ERR_MALFORMED,
		               "%s: the signer's certificate is wanted in it, and at most %d others", name,
		               CERTS_MAX - 1);
	for (int i = 0; i < count; i++)
		if (made_by(p7, i, data, signer))
			return ERR_OK;
	return err_set(err, ERR_REFUSED, "%s: the signature does not fit the manifest", name);
}

int bulk_sign_verify(const char *name, const void *bytes, size_t len, const void *signature, size_t signature_len,
                     struct cert **signer, struct err *err)
{
	gnutls_pkcs7_t p7;
	gnutls_datum_t data = { (void *)bytes, (unsigned)len }, der = { (void *)signature, (unsigned)signature_len };
	*signer = NULL;
	if (signature_len > BULK_SIGNATURE_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %d bytes", name, BULK_SIGNATURE_MAX);
	if (gnutls_pkcs7_init(&p7))
		return err_set(err, ERR_MEMORY, "no memory for a signature");
	int code = gnutls_pkcs7_import(p7, &der, GNUTLS_X509_FMT_DER)
	                   ? err_set(err, ERR_MALFORMED, "%s: not a signature (CMS, DER)", name)
	                   : find_signer(p7, name, &data, signer, err);
	gnutls_pkcs7_deinit(p7);
	return code;
}
