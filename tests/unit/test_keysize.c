#include <check.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/cert.h"
#include "truststore/base/keysize.h"

/* The first certificate of a PEM file under tests/data; the caller frees the bytes. */
static gnutls_datum_t load(const char *file)
{
	char path[512];
	gnutls_datum_t pem, der;
	snprintf(path, sizeof path, "%s/tests/data/%s", getenv("top_srcdir"), file);
	ck_assert_int_eq(gnutls_load_file(path, &pem), 0);
	ck_assert_int_eq(gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der), 0);
	gnutls_free(pem.data);
	return der;
}

static bool fits(const char *file, unsigned rsa_bits)
{
	gnutls_datum_t der = load(file);
	gnutls_x509_crt_t crt;
	ck_assert_int_eq(gnutls_x509_crt_init(&crt), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER), 0);
	bool result = keysize_fits(crt, rsa_bits);
	gnutls_x509_crt_deinit(crt);
	gnutls_free(der.data);
	return result;
}

START_TEST(length_exponent_and_kind_decide)
{
	ck_assert(fits("keysize/rsa-4224.pem", KEYSIZE_RSA_MAX));
	ck_assert(fits("keysize/rsa-4224.pem", 4224));
	ck_assert(!fits("keysize/rsa-4224.pem", 4223));
	ck_assert(!fits("keysize/exponent-66.pem", KEYSIZE_RSA_MAX));
	ck_assert(!fits("keysize/dsa.pem", KEYSIZE_RSA_MAX));
	ck_assert(!fits("keysize/rsa-32768.pem", KEYSIZE_RSA_MAX));
	ck_assert(fits("ocsp/ca.pem", 0)); /* EC */
}
END_TEST

/* Appends a length of `width` bytes and the value. */
static size_t put(uint8_t *to, unsigned width, const void *value, size_t len)
{
	for (unsigned i = 0; i < width; i++)
		to[i] = (uint8_t)(len >> 8 * (width - 1 - i));
	memcpy(to + width, value, len);
	return width + len;
}

/* A Certificate message of the good certificate and, behind it, of `second` (if any). */
static size_t message_of(const char *second, bool tls13, uint8_t *out)
{
	static const char *const first = "ocsp/ca.pem";
	static uint8_t list[65536];
	size_t len = 0, head = 0;
	const char *files[] = { first, second };
	for (int i = 0; i < 2 && files[i]; i++) {
		gnutls_datum_t der = load(files[i]);
		len += put(list + len, 3, der.data, der.size);
		if (tls13)
			len += put(list + len, 2, "extension", i ? 9 : 0);
		gnutls_free(der.data);
	}
	if (tls13)
		head = put(out, 1, "ctx", 3);
	return head + put(out + head, 3, list, len);
}

START_TEST(every_certificate_of_a_message_counts)
{
	static uint8_t message[65536];
	for (int tls13 = 0; tls13 < 2; tls13++) {
		size_t len = message_of(NULL, tls13, message);
		ck_assert(keysize_message_fits(message, len, tls13, 4096));
		ck_assert(!keysize_message_fits(message, len, !tls13, 4096));
		for (size_t cut = 0; cut < len; cut++)
			ck_assert(!keysize_message_fits(message, cut, tls13, 4096));
		message[len] = 0;
		ck_assert(!keysize_message_fits(message, len + 1, tls13, 4096));
		len = message_of("keysize/rsa-4224.pem", tls13, message);
		ck_assert(!keysize_message_fits(message, len, tls13, 4096));
		ck_assert(keysize_message_fits(message, len, tls13, 4224));
	}
	ck_assert(keysize_message_fits((const uint8_t *)"\0\0\0", 3, false, 4096)); /* a client without a certificate */
	ck_assert(keysize_message_fits((const uint8_t *)"\0\0\0\0", 4, true, 4096));
	ck_assert(!keysize_message_fits((const uint8_t *)"\0\0\5\0\0\2\x30\0", 8, false, 4096)); /* no certificate in it */
}
END_TEST

/* It would take GnuTLS a quarter of a minute to find out that this one did not sign itself; the test has four seconds. */
START_TEST(a_huge_key_is_not_tried)
{
	gnutls_datum_t der = load("keysize/rsa-32768.pem");
	struct cert *cert;
	ck_assert_int_eq(cert_parse(der.data, der.size, &cert, NULL), 0);
	ck_assert_uint_eq(cert_key_bits(cert), 32768);
	ck_assert(!cert_self_signed(cert));
	cert_free(cert);
	gnutls_free(der.data);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("keysize", &tests);
	tcase_add_test(tests, length_exponent_and_kind_decide);
	tcase_add_test(tests, every_certificate_of_a_message_counts);
	tcase_add_test(tests, a_huge_key_is_not_tried);
	return fixture_run(suite);
}
