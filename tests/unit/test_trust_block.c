#include <check.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"

START_TEST(a_block_wins_over_every_store)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_block(cert_sha256(cert)), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_BLOCKED);
	ck_assert_int_eq(fixture_block(cert_sha256(cert)), ERR_EXISTS);
	ck_assert_int_eq(fixture_add_to("CAPF-trust", cert), 0); /* no way round it */
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_BLOCKED);
	fixture_verify();
	ck_assert_int_eq(fixture_unblock(cert_sha256(cert)), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_TRUSTED);
	ck_assert_int_eq(fixture_unblock(cert_sha256(cert)), ERR_NOT_FOUND);
	ck_assert_uint_eq(fixture_revision(), 4);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(one_that_is_not_stored_can_be_blocked)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_block(cert_sha256(cert)), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_BLOCKED);
	fixture_verify();
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_BLOCKED);
	fixture_verify();
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_unblock(cert_sha256(cert)), 0);
	ck_assert_uint_eq(fixture_count(STORE_ANSWER), 0);
	fixture_verify();
	cert_free(cert);
}
END_TEST

static struct cert *issued(void)
{
	return fixture_cert(&(struct made){ .subject = "CN=a", .issuer = "CN=ca" });
}

static void finding(const struct cert *cert, enum revocation_status status, int64_t this_update, int64_t until)
{
	struct revocation_record found = { .status = status, .until = until, .this_update = this_update,
	                                   .checked = NOW, .next_check = NOW + DAY,
	                                   .revoked_at = status == REVOCATION_REVOKED ? this_update : 0,
	                                   .source = text_of("http://ocsp"), .error = text_of("") };
	ck_assert_int_eq(fixture_revoke(cert_sha256(cert), &found), 0);
}

START_TEST(the_answer_follows_a_finding)
{
	struct cert *cert = issued();
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_TRUSTED);
	finding(cert, REVOCATION_GOOD, NOW, NOW + 500);
	ck_assert_uint_eq(fixture_judge(cert, NOW).ttl, 500);
	ck_assert_uint_eq(fixture_revision(), 2);
	finding(cert, REVOCATION_GOOD, NOW, NOW + 900); /* nothing new: no line in the log */
	ck_assert_uint_eq(fixture_judge(cert, NOW).ttl, 900);
	ck_assert_uint_eq(fixture_revision(), 2);
	finding(cert, REVOCATION_REVOKED, NOW + 1, CLOCK_NEVER);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_REVOKED);
	ck_assert_uint_eq(fixture_revision(), 3);
	fixture_verify();
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	ck_assert_uint_eq(fixture_count(STORE_REVOCATION), 0);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(the_answer_ends_with_the_next_check)
{
	struct cert *cert = issued();
	struct revocation_record found = { .status = REVOCATION_GOOD, .until = NOW + 30 * DAY, .this_update = NOW,
	                                   .checked = NOW, .next_check = NOW + 3600 };
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_revoke(cert_sha256(cert), &found), 0);
	ck_assert_uint_eq(fixture_judge(cert, NOW).ttl, 3600);
	ck_assert_uint_eq(fixture_judge(cert, NOW + 3600).ttl, ANSWER_PAST_TTL);
	found.status = REVOCATION_NO_SOURCE; /* there is nobody to ask: no bound */
	found.until = CLOCK_NEVER;
	ck_assert_int_eq(fixture_revoke(cert_sha256(cert), &found), 0);
	ck_assert_uint_eq(fixture_judge(cert, NOW).ttl, ANSWER_DEFAULT_TTL);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(only_a_newer_good_ends_a_revocation)
{
	struct cert *cert = issued();
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	finding(cert, REVOCATION_REVOKED, NOW, CLOCK_NEVER);
	static const enum revocation_status silence[] = {
		REVOCATION_UNCHECKED, REVOCATION_UNKNOWN, REVOCATION_UNREACHABLE, REVOCATION_NO_SOURCE,
		REVOCATION_NOT_APPLICABLE,
	};
	for (size_t i = 0; i < sizeof silence / sizeof silence[0]; i++) {
		finding(cert, silence[i], NOW + 100, NOW + 100);
		ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_REVOKED);
	}
	finding(cert, REVOCATION_GOOD, NOW, CLOCK_NEVER); /* from the same moment */
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_REVOKED);
	finding(cert, REVOCATION_GOOD, NOW - 1, CLOCK_NEVER); /* from before: replayed */
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_REVOKED);
	finding(cert, REVOCATION_GOOD, NOW + 1, CLOCK_NEVER);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_TRUSTED);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(a_self_signed_one_has_no_revocation)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	finding(cert, REVOCATION_UNKNOWN, NOW, NOW);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_TRUSTED);
	ck_assert_uint_eq(fixture_judge(cert, NOW).ttl, ANSWER_DEFAULT_TTL);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(what_is_not_stored_has_no_finding)
{
	struct cert *cert = issued();
	struct revocation_record found = { .status = REVOCATION_GOOD };
	ck_assert_int_eq(fixture_revoke(cert_sha256(cert), &found), ERR_NOT_FOUND);
	ck_assert_uint_eq(fixture_count(STORE_REVOCATION), 0);
	cert_free(cert);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_block", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, a_block_wins_over_every_store);
	tcase_add_test(tests, one_that_is_not_stored_can_be_blocked);
	tcase_add_test(tests, the_answer_follows_a_finding);
	tcase_add_test(tests, the_answer_ends_with_the_next_check);
	tcase_add_test(tests, only_a_newer_good_ends_a_revocation);
	tcase_add_test(tests, a_self_signed_one_has_no_revocation);
	tcase_add_test(tests, what_is_not_stored_has_no_finding);
	return fixture_run(suite);
}
