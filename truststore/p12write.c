#include "truststore/p12write.h"

#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

enum { BAG_MAX = 30 /* GnuTLS loses what is more than 31 */ };

struct p12write {
	gnutls_pkcs12_t archive;
	gnutls_pkcs12_bag_t bag; /* the one that is being filled */
	unsigned in_bag;
	char *password;
};

static int fail(struct err *err, int rc)
{
	return err_set(err, rc == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : ERR_CRYPTO,
	               "PKCS#12 archive: %s", gnutls_strerror(rc));
}

int p12write_new(const char *password, struct p12write **out, struct err *err)
{
	struct p12write *p12 = calloc(1, sizeof *p12);
	*out = NULL;
	if (!p12)
		return err_set(err, ERR_MEMORY, "no memory for a PKCS#12 archive");
	p12->password = strdup(password);
	int rc = p12->password ? gnutls_pkcs12_init(&p12->archive) : GNUTLS_E_MEMORY_ERROR;
	if (rc < 0) {
		p12write_free(p12);
		return fail(err, rc);
	}
	*out = p12;
	return ERR_OK;
}

void p12write_free(struct p12write *p12)
{
	if (!p12)
		return;
	if (p12->bag)
		gnutls_pkcs12_bag_deinit(p12->bag);
	if (p12->archive)
		gnutls_pkcs12_deinit(p12->archive);
	if (p12->password)
		explicit_bzero(p12->password, strlen(p12->password));
	free(p12->password);
	free(p12);
}

static int close_bag(struct p12write *p12)
{
	if (!p12->in_bag)
		return 0;
	int rc = gnutls_pkcs12_bag_encrypt(p12->bag, p12->password, GNUTLS_PKCS_PBES2_AES_256);
	if (rc >= 0)
		rc = gnutls_pkcs12_set_bag(p12->archive, p12->bag);
	gnutls_pkcs12_bag_deinit(p12->bag);
	p12->bag = NULL;
	p12->in_bag = 0;
	return rc;
}

int p12write_add(struct p12write *p12, const uint8_t *der, size_t len, const char *name, struct err *err)
{
	gnutls_datum_t data = { (unsigned char *)der, (unsigned)len };
	int rc = p12->in_bag == BAG_MAX ? close_bag(p12) : 0;
	if (rc >= 0 && !p12->bag)
		rc = gnutls_pkcs12_bag_init(&p12->bag);
	if (rc >= 0)
		rc = gnutls_pkcs12_bag_set_data(p12->bag, GNUTLS_BAG_CERTIFICATE, &data);
	if (rc < 0)
		return fail(err, rc);
	p12->in_bag++;
	if (name && name[0])
		rc = gnutls_pkcs12_bag_set_friendly_name(p12->bag, (unsigned)rc, name);
	return rc < 0 ? fail(err, rc) : ERR_OK;
}

int p12write_finish(struct p12write *p12, gnutls_datum_t *out, struct err *err)
{
	int rc = close_bag(p12);
	if (rc >= 0)
		rc = gnutls_pkcs12_generate_mac2(p12->archive, GNUTLS_MAC_SHA256, p12->password);
	if (rc >= 0)
		rc = gnutls_pkcs12_export2(p12->archive, GNUTLS_X509_FMT_DER, out);
	return rc < 0 ? fail(err, rc) : ERR_OK;
}
