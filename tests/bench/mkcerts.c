/* Makes many different certificates for the benchmark: P-256 signatures of one CA over RSA-2048 keys
 * (the size of real ones), and verification requests for some of them.
 *
 *   mkcerts COUNT PER-FILE DIRECTORY SAMPLE ROLES
 *
 * writes DIRECTORY/certs-NN.pem and DIRECTORY/requests (SAMPLE verification requests in load.c's
 * format, for certificates that give ROLES roles, spread evenly over all).
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 10, DEVICE_LEN = 25, PATH = 4096 };

static void die(const char *what)
{
	fprintf(stderr, "mkcerts: %s\n", what);
	exit(2);
}

static void name_set(X509_NAME *name, const char *common_name)
{
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"NZ", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Example Telephony", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
}

static X509 *template_new(EVP_PKEY *subject_key)
{
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 365L * 86400);
	X509_NAME *issuer = X509_NAME_new();
	name_set(issuer, "Benchmark CA");
	X509_set_issuer_name(cert, issuer);
	X509_NAME_free(issuer);
	X509_set_pubkey(cert, subject_key);
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
	static const char *const extensions[][2] = {
		{ "basicConstraints", "critical,CA:FALSE" },
		{ "keyUsage", "critical,digitalSignature,keyEncipherment" },
		{ "extendedKeyUsage", "serverAuth,clientAuth" },
		{ "subjectKeyIdentifier", "hash" },
		{ "subjectAltName", "DNS:phones.example.test,DNS:www.example.test" },
	};
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
		X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &context, extensions[i][0], extensions[i][1]);
		if (!extension || !X509_add_ext(cert, extension, -1))
			die("extension");
		X509_EXTENSION_free(extension);
	}
	return cert;
}

static void be32_write(uint32_t n, FILE *file)
{
	uint8_t bytes[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	fwrite(bytes, 1, 4, file);
}

static void request_write(FILE *file, X509 *cert, unsigned roles)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	unsigned body = 3 + DEVICE_LEN + 3 + (unsigned)len;
	be32_write(HEADER + body, file);
	be32_write(HEADER + 4 + 3 + roles + 7, file);
	const uint8_t head[HEADER] = { 0x57, 1, 1, 0, 0, 0, 3, 0xe9, (uint8_t)(body >> 8), (uint8_t)body };
	fwrite(head, 1, sizeof head, file);
	fwrite("\1\0\x19\1CP-8861-SEP001122AABBCC0", 1, 3 + DEVICE_LEN, file);
	const uint8_t element[3] = { 2, (uint8_t)(len >> 8), (uint8_t)len };
	fwrite(element, 1, sizeof element, file);
	fwrite(der, 1, (size_t)len, file);
	OPENSSL_free(der);
}

static FILE *file_new(const char *directory, const char *format, unsigned number)
{
	char path[PATH], name[64];
	snprintf(name, sizeof name, format[0] ? "%s-%02u.pem" : "requests", format, number);
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "wb");
	if (!file)
		die(path);
	return file;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		die("usage: COUNT PER-FILE DIRECTORY SAMPLE ROLES");
	size_t count = strtoul(argv[1], NULL, 10), per_file = strtoul(argv[2], NULL, 10);
	size_t sample = strtoul(argv[4], NULL, 10);
	if (!count || !per_file || !sample || sample > count)
		die("numbers out of range");
	EVP_PKEY *ca = EVP_EC_gen("P-256"), *subject_key = EVP_RSA_gen(2048);
	if (!ca || !subject_key)
		die("keys");
	X509 *cert = template_new(subject_key);
	FILE *requests = file_new(argv[3], "", 0), *pem = NULL;
	for (size_t i = 0; i < count; i++) {
		if (i % per_file == 0) {
			if (pem)
				fclose(pem);
			pem = file_new(argv[3], "certs", (unsigned)(i / per_file));
		}
		char common_name[64];
		snprintf(common_name, sizeof common_name, "host-%08zu.example.test", i);
		X509_NAME *subject = X509_NAME_new();
		name_set(subject, common_name);
		X509_set_subject_name(cert, subject);
		X509_NAME_free(subject);
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), 0x1000000000000000u + i);
		if (!X509_sign(cert, ca, EVP_sha256()) || !PEM_write_X509(pem, cert))
			die("signature");
		if (i % (count / sample) == 0)
			request_write(requests, cert, (unsigned)atoi(argv[5]));
	}
	if (fclose(pem) || fclose(requests))
		die("cannot write");
	X509_free(cert);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(subject_key);
	return 0;
}
