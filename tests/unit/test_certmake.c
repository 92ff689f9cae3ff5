#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/certinfo.h"
#include "truststore/certmake.h"
#include "truststore/keyfile.h"
#include "truststore/phonefit.h"

static gnutls_privkey_t key;

static void make_key(void)
{
	ck_assert_int_eq(gnutls_privkey_init(&key), 0);
	ck_assert_int_eq(gnutls_privkey_generate(key, GNUTLS_PK_ECDSA,
	                                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
}

static void drop_key(void)
{
	gnutls_privkey_deinit(key);
}

static struct certmake wish(enum purpose purpose, const char *cn, const char *const *san)
{
	return (struct certmake){ .rule = purpose_rule(purpose), .common_name = cn, .san = san,
	                          .hash = GNUTLS_DIG_UNKNOWN };
}

static struct cert *made(enum purpose purpose, const char *cn, const char *const *san)
{
	struct certmake what = wish(purpose, cn, san);
	struct cert *cert;
	struct err err;
	gnutls_datum_t der;
	ck_assert_msg(certmake_selfsigned(&what, key, NOW, &der, &err) == 0, "%s", err.text);
	ck_assert_int_eq(cert_parse(der.data, der.size, &cert, &err), 0);
	gnutls_free(der.data);
	return cert;
}

START_TEST(no_two_have_the_same_serial_number)
{
	struct cert *a = made(PURPOSE_TVS, "a", NULL), *b = made(PURPOSE_TVS, "a", NULL);
	size_t len;
	const uint8_t *serial = cert_serial(a, &len);
	ck_assert_uint_eq(len, CERTMAKE_SERIAL_SIZE);
	ck_assert_int_eq(serial[0] & 0xc0, 0x40); /* positive, and never shorter */
	ck_assert_str_ne(cert_serial_hex(a), cert_serial_hex(b));
	ck_assert(cert_self_signed(a));
	cert_free(a);
	cert_free(b);
}
END_TEST

START_TEST(validity_is_counted_in_years)
{
	struct cert *tvs = made(PURPOSE_TVS, "a", NULL), *itl = made(PURPOSE_ITLRECOVERY, "a", NULL);
	ck_assert_int_eq(cert_not_before(tvs), NOW);
	int64_t days = (cert_not_after(tvs) - NOW) / DAY;
	ck_assert_int_ge(days, 5 * 365 + 1);
	ck_assert_int_le(days, 5 * 365 + 2);
	days = (cert_not_after(itl) - NOW) / DAY;
	ck_assert_int_eq(days, 20 * 365 + 5);
	cert_free(tvs);
	cert_free(itl);
}
END_TEST

static void count(const char *text, size_t len, void *arg)
{
	(void)text;
	(void)len;
	++*(size_t *)arg;
}

START_TEST(two_hundred_names_are_the_most)
{
	const char *many[CERTMAKE_SAN_MAX + 2];
	for (size_t i = 0; i <= CERTMAKE_SAN_MAX; i++)
		many[i] = "host.example.test";
	many[CERTMAKE_SAN_MAX] = NULL;
	struct cert *cert = made(PURPOSE_TVS, "a", many);
	size_t n = 0;
	certinfo_names(cert, count, &n);
	ck_assert_uint_eq(n, CERTMAKE_SAN_MAX);
	cert_free(cert);
	many[CERTMAKE_SAN_MAX] = "one.more";
	many[CERTMAKE_SAN_MAX + 1] = NULL;
	struct certmake what = wish(PURPOSE_TVS, "a", many);
	gnutls_datum_t der;
	struct err err;
	ck_assert_int_eq(certmake_selfsigned(&what, key, NOW, &der, &err), ERR_LIMIT);
	ck_assert_int_eq(certmake_request(&what, key, &der, &err), ERR_LIMIT);
}
END_TEST

START_TEST(odd_names_are_refused)
{
	static const char *const bad_cn[] = { "", "a\nb", "\x7f", "0123456789012345678901234567890123456789012345678901234567890123x" };
	static const char *const bad_san[] = { "", "a b", "-a", ".a", "a/b", "@", "a@", "a b@c", "caf\xc3\xa9" };
	gnutls_datum_t der;
	struct err err;
	for (size_t i = 0; i < sizeof bad_cn / sizeof bad_cn[0]; i++) {
		struct certmake what = wish(PURPOSE_TVS, bad_cn[i], NULL);
		ck_assert_int_eq(certmake_selfsigned(&what, key, NOW, &der, &err), ERR_REFUSED);
	}
	for (size_t i = 0; i < sizeof bad_san / sizeof bad_san[0]; i++) {
		const char *const san[] = { "good.example.test", bad_san[i], NULL };
		struct certmake what = wish(PURPOSE_TVS, "a", san);
		ck_assert_int_eq(certmake_request(&what, key, &der, &err), ERR_REFUSED);
		ck_assert_ptr_nonnull(strstr(err.text, bad_san[i]));
	}
	/* 64 characters are no more than 64, however many bytes they take */
	char wide[2 * 64 + 1] = "";
	for (int i = 0; i < 64; i++)
		strcat(wide, "\xc3\xa9");
	struct cert *cert = made(PURPOSE_TVS, wide, NULL);
	ck_assert_str_eq(cert_common_name(cert), wide);
	cert_free(cert);
}
END_TEST

START_TEST(default_names_follow_from_the_host)
{
	char name[CERTMAKE_NAME_MAX + 1];
	struct err err;
#define IS(purpose, host, multi, want) \
	ck_assert_int_eq(certmake_common_name(purpose_rule(purpose), host, multi, name, &err), 0); \
	ck_assert_str_eq(name, want)
	IS(PURPOSE_TVS, "pub1.example.test", false, "pub1.example.test");
	IS(PURPOSE_CALLMANAGER_ECDSA, "pub1.example.test", false, "pub1-EC.example.test");
	IS(PURPOSE_TOMCAT_ECDSA, "pub1", false, "pub1-EC");
	IS(PURPOSE_ITLRECOVERY, "pub1", false, "ITLRECOVERY_pub1");
	IS(PURPOSE_TOMCAT, "pub1.example.test", true, "pub1-ms.example.test");
	IS(PURPOSE_TOMCAT_ECDSA, "pub1.example.test", true, "pub1-EC-ms.example.test");
	ck_assert_int_eq(certmake_common_name(purpose_rule(PURPOSE_CAPF), "pub1", false, name, &err), 0);
	ck_assert_uint_eq(strlen(name), strlen("CAPF-12345678"));
	ck_assert_int_eq(strncmp(name, "CAPF-", 5), 0);
	ck_assert_int_eq(certmake_common_name(purpose_rule(PURPOSE_TOMCAT), "pub1", true, name, &err), ERR_REFUSED);
	const char *longest = "a123456789012345678901234567890123456789012345678901234567890.ab";
	IS(PURPOSE_TVS, longest, false, longest);
	ck_assert_int_eq(certmake_common_name(purpose_rule(PURPOSE_ITLRECOVERY), longest, false, name, &err), ERR_LIMIT);
}
END_TEST

START_TEST(hashes_fit_their_keys)
{
	ck_assert_int_eq(certmake_hash(GNUTLS_PK_RSA, 4096), GNUTLS_DIG_SHA256);
	ck_assert_int_eq(certmake_hash(GNUTLS_PK_ECDSA, 256), GNUTLS_DIG_SHA256);
	ck_assert_int_eq(certmake_hash(GNUTLS_PK_ECDSA, 384), GNUTLS_DIG_SHA384);
	ck_assert_int_eq(certmake_hash(GNUTLS_PK_ECDSA, 521), GNUTLS_DIG_SHA512);
}
END_TEST

START_TEST(what_phones_cannot_use_is_known)
{
	struct cert *ec = fixture_named("CN=ec"), *large = fixture_file("rsa4096.pem");
	struct made rsa = { .subject = "CN=rsa", .rsa_bits = 2048 }, small = { .subject = "CN=s", .rsa_bits = 1024 };
	struct cert *plain = fixture_cert(&rsa), *weak = fixture_cert(&small);
	ck_assert_uint_eq(phonefit_of(ec), 1u << PHONEFIT_EC);
	ck_assert_uint_eq(phonefit_of(large), 1u << PHONEFIT_RSA_LARGE);
	ck_assert_uint_eq(phonefit_of(plain), 0);
	ck_assert_uint_eq(phonefit_of(weak), 1u << PHONEFIT_RSA_SMALL);
	for (int i = 0; i < PHONEFIT_COUNT; i++)
		ck_assert_uint_gt(strlen(phonefit_text((enum phonefit)i)), 20);
	cert_free(ec);
	cert_free(large);
	cert_free(plain);
	cert_free(weak);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("certmake", &tests);
	tcase_add_checked_fixture(tests, make_key, drop_key);
	tcase_add_test(tests, no_two_have_the_same_serial_number);
	tcase_add_test(tests, validity_is_counted_in_years);
	tcase_add_test(tests, two_hundred_names_are_the_most);
	tcase_add_test(tests, odd_names_are_refused);
	tcase_add_test(tests, default_names_follow_from_the_host);
	tcase_add_test(tests, hashes_fit_their_keys);
	tcase_add_test(tests, what_phones_cannot_use_is_known);
	return fixture_run(suite);
}
