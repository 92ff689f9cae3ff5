#include <check.h>
#include <string.h>

#include "ocsp/source.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"

static void read_source(const char *file, const char *responder, struct source *out)
{
	struct cert *cert = data_cert(file);
	ck_assert_int_eq(source_of(cert, responder, out), 0);
	cert_free(cert);
}

START_TEST(urls_of_a_certificate)
{
	struct source source;
	read_source("leaf.pem", NULL, &source);
	ck_assert_uint_eq(source.ocsp_count, 2); /* ldap is left out */
	ck_assert_str_eq(source.ocsp[0], "http://ocsp.example.test/");
	ck_assert_str_eq(source.ocsp[1], "https://two.example.test/o");
	ck_assert_uint_eq(source.crl_count, 1);
	ck_assert_str_eq(source.crl[0], "http://crl.example.test/ca.crl");
	source_free(&source);
	source_free(&source);
}
END_TEST

START_TEST(odd_urls_and_partial_points_are_left_out)
{
	struct source source;
	read_source("odd-points.pem", NULL, &source);
	ck_assert_uint_eq(source.ocsp_count, 1);
	ck_assert_str_eq(source.ocsp[0], "HTTP://UP.example.test");
	ck_assert_uint_eq(source.crl_count, 1);
	ck_assert_str_eq(source.crl[0], "https://crl.example.test/full.crl");
	source_free(&source);
}
END_TEST

START_TEST(configured_responder_comes_instead)
{
	struct source source;
	read_source("leaf.pem", "http://here.example.test:8080/x", &source);
	ck_assert_uint_eq(source.ocsp_count, 1);
	ck_assert_str_eq(source.ocsp[0], "http://here.example.test:8080/x");
	ck_assert_uint_eq(source.crl_count, 1);
	source_free(&source);
	read_source("ca.pem", NULL, &source);
	ck_assert_uint_eq(source.ocsp_count + source.crl_count, 0);
	source_free(&source);
}
END_TEST

START_TEST(points_are_compared_whole)
{
	struct source source;
	const char url[] = "http://crl.example.test/ca.crl";
	uint8_t name[64] = { 0x86, sizeof url - 1 };
	memcpy(name + 2, url, sizeof url - 1);
	read_source("leaf.pem", NULL, &source);
	ck_assert(source_names_point(&source, name, sizeof url + 1));
	ck_assert(!source_names_point(&source, name, sizeof url));
	name[5] ^= 1;
	ck_assert(!source_names_point(&source, name, sizeof url + 1));
	source_free(&source);
	ck_assert(!source_names_point(&source, name, sizeof url + 1));
}
END_TEST

START_TEST(urls_are_judged)
{
	static const struct {
		const char *url;
		bool ok;
	} rows[] = {
		{ "http://a", true }, { "https://a", true }, { "HttPs://[::1]:80/x?y#z", true },
		{ "http://", false }, { "https://", false }, { "http:///x", false }, { "ftp://a", false },
		{ "file:///a", false }, { "http:a", false }, { "", false }, { "http://a b", false },
		{ "http://a\n", false }, { "http://\xc3\xa4", false }, { "gopher://a", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(source_url_ok(rows[i].url, strlen(rows[i].url)) == rows[i].ok, "%s", rows[i].url);
	char big[SOURCE_MAX_URL + 1];
	memset(big, 'a', sizeof big);
	memcpy(big, "http://", 7);
	ck_assert(source_url_ok(big, SOURCE_MAX_URL));
	ck_assert(!source_url_ok(big, SOURCE_MAX_URL + 1));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_source", &tests);
	tcase_add_test(tests, urls_of_a_certificate);
	tcase_add_test(tests, odd_urls_and_partial_points_are_left_out);
	tcase_add_test(tests, configured_responder_comes_instead);
	tcase_add_test(tests, points_are_compared_whole);
	tcase_add_test(tests, urls_are_judged);
	return fixture_run(suite);
}
