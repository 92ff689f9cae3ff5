#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/mic.h"
#include "truststore/security.h"

START_TEST(roots_of_manufacturers_are_known)
{
	static const char *const roots[] = { "CAP-RTP-001", "CAP-RTP-002", "Cisco_Manufacturing_CA", "Cisco Root CA 2048",
		                             "Cisco_Manufacturing_CA_SHA2", "Cisco Root CA M2", "act2 sudi ca" };
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
		ck_assert(mic_is_root(roots[i], strlen(roots[i])));
	ck_assert(!mic_is_root("CAP-RTP-003", 11));
	ck_assert(!mic_is_root("", 0));
	ck_assert(!mic_is_root("Cisco Root CA", 13));
}
END_TEST

START_TEST(modes_forbid_what_is_not_approved)
{
	const struct security none = { false, false }, fips = { .fips = true }, strict = { .common_criteria = true };
	struct cert *ec = fixture_named("CN=ec");
	struct made weak = { .subject = "CN=weak", .rsa_bits = 1024 };
	struct cert *rsa = fixture_cert(&weak);
	uint32_t server = ROLE_BIT(ROLE_APP_SERVER);
	ck_assert_ptr_null(security_cert(NULL, rsa, server));
	ck_assert_ptr_null(security_cert(&none, rsa, server));
	ck_assert_ptr_nonnull(strstr(security_cert(&fips, rsa, server), "2048"));
	ck_assert_ptr_null(security_cert(&fips, ec, server));
	ck_assert_ptr_nonnull(strstr(security_cert(&strict, ec, server), "serverAuth"));
	ck_assert_ptr_null(security_cert(&strict, ec, ROLE_BIT(ROLE_SAST)));
	ck_assert_ptr_null(security_server(NULL, rsa));
	ck_assert_ptr_null(security_server(&fips, ec));
	ck_assert_ptr_nonnull(strstr(security_server(&fips, rsa), "2048"));
	ck_assert_ptr_nonnull(strstr(security_server(&strict, ec), "serverAuth"));
	ck_assert_int_eq(security_tls_floor(NULL), GNUTLS_TLS1_0);
	ck_assert_int_eq(security_tls_floor(&strict), GNUTLS_TLS1_1);
	ck_assert_int_eq(security_tls_floor(&fips), GNUTLS_TLS1_2);
	ck_assert_ptr_null(security_key(&fips, GNUTLS_PK_ECDSA, 256));
	ck_assert_ptr_nonnull(security_key(&fips, GNUTLS_PK_RSA, 1024));
	ck_assert_ptr_null(security_hash(NULL, GNUTLS_DIG_SHA1));
	ck_assert_ptr_nonnull(security_hash(&fips, GNUTLS_DIG_SHA1));
	cert_free(ec);
	cert_free(rsa);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("security", &tests);
	tcase_add_test(tests, roots_of_manufacturers_are_known);
	tcase_add_test(tests, modes_forbid_what_is_not_approved);
	return fixture_run(suite);
}
