#include <check.h>
#include <gnutls/x509.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/purpose.h"

START_TEST(names_are_read_in_any_case)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		enum purpose purpose;
		ck_assert_int_eq(purpose_parse(purpose_rule((enum purpose)i)->name, &purpose, NULL), 0);
		ck_assert_int_eq(purpose, i);
	}
	enum purpose purpose;
	ck_assert_int_eq(purpose_parse("callmanager-ecdsa", &purpose, NULL), 0);
	ck_assert_int_eq(purpose, PURPOSE_CALLMANAGER_ECDSA);
}
END_TEST

START_TEST(other_names_are_refused_with_the_list)
{
	struct err err;
	enum purpose purpose;
	ck_assert_int_eq(purpose_parse("phone", &purpose, &err), ERR_NOT_FOUND);
	for (int i = 0; i < PURPOSE_COUNT; i++)
		ck_assert_ptr_nonnull(strstr(err.text, purpose_rule((enum purpose)i)->name));
}
END_TEST

/* Requirements K17, K22 to K24. */
START_TEST(the_table_is_that_of_the_requirements)
{
	unsigned encipher = GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT |
	                    GNUTLS_KEY_DATA_ENCIPHERMENT;
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		const struct purpose_rule *rule = purpose_rule((enum purpose)i);
		bool ec = strstr(rule->name, "-ECDSA") != NULL;
		ck_assert_int_eq(rule->algorithm, ec ? GNUTLS_PK_ECDSA : GNUTLS_PK_RSA);
		ck_assert_ptr_nonnull(rule->stores[0]);
		ck_assert_uint_eq(rule->years, i == PURPOSE_ITLRECOVERY ? 20 : 5);
		ck_assert_int_eq(rule->csr, i != PURPOSE_ITLRECOVERY);
		bool servers = !strncmp(rule->name, "CallManager", 11) || !strncmp(rule->name, "tomcat", 6);
		ck_assert_int_eq(rule->multi_server, servers);
		ck_assert_int_eq(rule->anchor, i == PURPOSE_ITLRECOVERY || i == PURPOSE_CALLMANAGER ||
		                               i == PURPOSE_TVS);
		if (i == PURPOSE_CAPF)
			ck_assert_uint_eq(rule->key_usage,
			                  GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_CERT_SIGN);
		else if (i != PURPOSE_ITLRECOVERY)
			ck_assert_uint_eq(rule->key_usage, encipher);
	}
	ck_assert_uint_eq(purpose_rule(PURPOSE_CAPF)->extended, PURPOSE_SERVER_AUTH);
	ck_assert_uint_eq(purpose_rule(PURPOSE_IPSEC)->extended,
	                  PURPOSE_SERVER_AUTH | PURPOSE_CLIENT_AUTH | PURPOSE_IPSEC_END_SYSTEM);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("purpose", &tests);
	tcase_add_test(tests, names_are_read_in_any_case);
	tcase_add_test(tests, other_names_are_refused_with_the_list);
	tcase_add_test(tests, the_table_is_that_of_the_requirements);
	return fixture_run(suite);
}
