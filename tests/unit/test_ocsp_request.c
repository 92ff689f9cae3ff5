#include <check.h>
#include <gnutls/ocsp.h>
#include <string.h>

#include "ocsp/request.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"

static struct cert *leaf, *issuer;

static void setup(void)
{
	leaf = data_cert("neighbour.pem"); /* its serial number has a sign byte */
	issuer = data_cert("ca.pem");
}

static void teardown(void)
{
	cert_free(issuer);
	cert_free(leaf);
}

START_TEST(request_reads_back)
{
	struct request request;
	enum certid_hash hash = _i ? CERTID_SHA256 : CERTID_SHA1;
	ck_assert_int_eq(request_new(leaf, issuer, hash, true, &request), 0);
	gnutls_ocsp_req_t req;
	gnutls_datum_t der = { request.der, (unsigned)request.der_len }, name, key, serial, nonce;
	gnutls_digest_algorithm_t digest;
	ck_assert_int_eq(gnutls_ocsp_req_init(&req), 0);
	ck_assert_int_eq(gnutls_ocsp_req_import(req, &der), 0);
	ck_assert_int_eq(gnutls_ocsp_req_get_cert_id(req, 0, &digest, &name, &key, &serial), 0);
	ck_assert_int_eq(digest, _i ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA1);
	ck_assert_uint_eq(serial.size, 3);
	ck_assert_mem_eq(serial.data, "\x00\xf0\x02", 3);
	ck_assert_uint_eq(key.size, _i ? 32 : 20);
	ck_assert_int_eq(gnutls_ocsp_req_get_nonce(req, NULL, &nonce), 0);
	ck_assert_uint_eq(nonce.size, REQUEST_NONCE_SIZE);
	ck_assert_mem_eq(nonce.data, request.nonce, nonce.size);
	/* GnuTLS's own idea of the same CertID */
	gnutls_ocsp_req_t own;
	gnutls_datum_t own_name, own_key, own_serial;
	ck_assert_int_eq(gnutls_ocsp_req_init(&own), 0);
	ck_assert_int_eq(gnutls_ocsp_req_add_cert(own, digest, cert_gnutls(issuer), cert_gnutls(leaf)), 0);
	ck_assert_int_eq(gnutls_ocsp_req_get_cert_id(own, 0, NULL, &own_name, &own_key, &own_serial), 0);
	ck_assert_mem_eq(own_name.data, name.data, name.size);
	ck_assert_mem_eq(own_key.data, key.data, key.size);
	gnutls_free(own_name.data);
	gnutls_free(own_key.data);
	gnutls_free(own_serial.data);
	gnutls_ocsp_req_deinit(own);
	gnutls_free(name.data);
	gnutls_free(key.data);
	gnutls_free(serial.data);
	gnutls_free(nonce.data);
	gnutls_ocsp_req_deinit(req);
	request_free(&request);
}
END_TEST

START_TEST(nonces_differ_and_can_be_left_out)
{
	struct request a, b, c;
	ck_assert_int_eq(request_new(leaf, issuer, CERTID_SHA1, true, &a), 0);
	ck_assert_int_eq(request_new(leaf, issuer, CERTID_SHA1, true, &b), 0);
	ck_assert_int_eq(request_new(leaf, issuer, CERTID_SHA1, false, &c), 0);
	ck_assert_mem_ne(a.nonce, b.nonce, REQUEST_NONCE_SIZE);
	ck_assert_uint_eq(c.nonce_len, 0);
	ck_assert_uint_lt(c.der_len, a.der_len);
	request_free(&a);
	request_free(&b);
	request_free(&c);
	request_free(&c);
}
END_TEST

START_TEST(get_url_is_base64_escaped)
{
	struct request request;
	ck_assert_int_eq(request_new(leaf, issuer, CERTID_SHA256, true, &request), 0);
	char *url = request_get_url(&request, "http://a/b");
	ck_assert_ptr_nonnull(url);
	ck_assert_int_eq(strncmp(url, "http://a/b/ME", 13) && strncmp(url, "http://a/b/MI", 13), 0);
	ck_assert_ptr_null(strpbrk(url + 11, "+/="));
	free(url);
	url = request_get_url(&request, "http://a/");
	ck_assert_int_eq(strncmp(url, "http://a/M", 10), 0);
	free(url);
	request_free(&request);
	/* plus, slash and padding, and what is too long */
	struct request odd = { .der = (uint8_t *)"\xfb\xff\xff\xfe", .der_len = 4 };
	url = request_get_url(&odd, "http://a/");
	ck_assert_str_eq(url, "http://a/%2B%2F%2F%2F%2Fg%3D%3D");
	free(url);
	uint8_t big[REQUEST_GET_MAX + 1] = { 0 };
	odd = (struct request){ .der = big, .der_len = 192 }; /* 256 characters */
	ck_assert_ptr_null(request_get_url(&odd, "http://a/"));
	odd.der_len = sizeof big;
	ck_assert_ptr_null(request_get_url(&odd, "http://a/"));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_request", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, request_reads_back, 0, 2);
	tcase_add_test(tests, nonces_differ_and_can_be_left_out);
	tcase_add_test(tests, get_url_is_base64_escaped);
	return fixture_run(suite);
}
