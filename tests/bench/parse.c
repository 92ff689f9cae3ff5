/* Yardstick of I1: parses, hashes and reads the names of every certificate of the given PEM files with
 * GnuTLS, and does nothing with them. Usage: parse FILE... */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END))
		return NULL;
	long size = ftell(file);
	rewind(file);
	char *text = malloc((size_t)size + 1);
	if (text && fread(text, 1, (size_t)size, file) == (size_t)size)
		text[size] = '\0';
	fclose(file);
	return text;
}

static int one(const gnutls_datum_t *pem)
{
	gnutls_datum_t der, subject, issuer;
	gnutls_x509_crt_t cert;
	unsigned char digest[32];
	if (gnutls_pem_base64_decode2("CERTIFICATE", pem, &der) < 0)
		return -1;
	gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest);
	gnutls_x509_crt_init(&cert);
	if (gnutls_x509_crt_import(cert, &der, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_x509_crt_get_dn2(cert, &subject) < 0 ||
	    gnutls_x509_crt_get_issuer_dn2(cert, &issuer) < 0)
		return -1;
	gnutls_free(subject.data);
	gnutls_free(issuer.data);
	gnutls_x509_crt_deinit(cert);
	gnutls_free(der.data);
	return 0;
}

int main(int argc, char **argv)
{
	static const char end[] = "-----END CERTIFICATE-----";
	size_t count = 0;
	for (int i = 1; i < argc; i++) {
		char *text = file_read(argv[i]);
		if (!text)
			return 2;
		for (char *at = text, *stop; (stop = strstr(at, end)); at = stop) {
			stop += sizeof end - 1;
			gnutls_datum_t pem = { (unsigned char *)at, (unsigned)(stop - at) };
			if (one(&pem)) {
				fprintf(stderr, "parse: certificate %zu\n", count + 1);
				return 2;
			}
			count++;
		}
		free(text);
	}
	printf("count %zu\n", count);
	return 0;
}
