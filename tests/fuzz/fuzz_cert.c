/* Certificates: the bytes as DER, and as a file. Everything that a certificate tells is asked. */
#include <stdlib.h>
#include <string.h>

#include "truststore/base/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte, so that a sanitizer sees what is not there. */
static void touch(const char *text)
{
	if (strlen(text) > 6 * CERT_MAX_DER)
		abort();
}

static void ask(const struct cert *cert)
{
	size_t len;
	uint8_t sha1[20];
	touch(cert_subject(cert));
	touch(cert_issuer(cert));
	touch(cert_common_name(cert));
	touch(cert_serial_hex(cert));
	touch(cert_key_type(cert));
	touch(cert_signature(cert));
	cert_sha1(cert, sha1);
	cert_key_bits(cert);
	cert_is_ca(cert);
	if (cert_version(cert) < 1 || cert_version(cert) > 3)
		abort();
	if (cert_issued_by(cert, cert) < cert_self_signed(cert))
		abort();
	cert_subject_der(cert, &len);
	cert_issuer_der(cert, &len);
}

static int each(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)place;
	(void)arg;
	(void)err;
	ask(cert);
	cert_free(cert);
	return ERR_OK;
}

static void parse(const uint8_t *data, size_t size)
{
	struct cert *cert;
	struct err err = { 0 };
	int rc = cert_parse(data, size, &cert, &err);
	if (rc != err.code)
		abort();
	if (rc != ERR_OK)
		return;
	size_t len;
	const uint8_t *der = cert_der(cert, &len);
	if (len != size || memcmp(der, data, len) != 0)
		abort();
	each(cert, NULL, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	parse(data, size);
	FILE *stream = size ? fmemopen((void *)data, size, "r") : NULL;
	if (!stream)
		return 0;
	if (cert_read_stream(stream, "input", each, NULL, &err) != err.code)
		abort();
	fclose(stream);
	return 0;
}
