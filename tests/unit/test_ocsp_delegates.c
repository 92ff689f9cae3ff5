#include <check.h>

#include "ocsp/delegates.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"

static struct cert *one, *other, *issuer;

static void setup(void)
{
	one = data_cert("delegate-checked.pem");
	other = data_cert("delegate.pem");
	issuer = data_cert("ca.pem");
}

static void teardown(void)
{
	cert_free(one);
	cert_free(other);
	cert_free(issuer);
}

static enum fault after(enum revocation_status status, int64_t until, int64_t now)
{
	struct delegates known = { .next = 0 };
	const struct outcome outcome = { .status = status, .until = until };
	delegates_remember(&known, one, issuer, &outcome, NOW, DAY);
	return delegates_fault(delegates_status(&known, one, issuer, now));
}

START_TEST(kept_until_it_lapses_and_for_the_interval_at_most)
{
	ck_assert_int_eq(after(REVOCATION_GOOD, NOW + HOUR, NOW + HOUR - 1), FAULT_NONE);
	ck_assert_int_eq(after(REVOCATION_GOOD, NOW + HOUR, NOW + HOUR), FAULT_SIGNER_UNCHECKED);
	ck_assert_int_eq(after(REVOCATION_GOOD, NOW + 7 * DAY, NOW + DAY - 1), FAULT_NONE);
	ck_assert_int_eq(after(REVOCATION_GOOD, NOW + 7 * DAY, NOW + DAY), FAULT_SIGNER_UNCHECKED);
	ck_assert_int_eq(after(REVOCATION_REVOKED, NOW - HOUR, NOW + DAY - 1), FAULT_SIGNER_REVOKED);
	ck_assert_int_eq(after(REVOCATION_REVOKED, NOW - HOUR, NOW + DAY), FAULT_SIGNER_UNCHECKED);
}
END_TEST

START_TEST(doubt_is_not_kept)
{
	const enum revocation_status doubts[] = { REVOCATION_UNCHECKED, REVOCATION_UNKNOWN, REVOCATION_UNREACHABLE,
	                                          REVOCATION_NO_SOURCE };
	for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
		ck_assert_int_eq(after(doubts[i], NOW + DAY, NOW), FAULT_SIGNER_UNCHECKED);
}
END_TEST

START_TEST(each_delegate_of_each_issuer_for_himself)
{
	struct delegates known = { .next = 0 };
	const struct outcome good = { .status = REVOCATION_GOOD, .until = NOW + DAY };
	delegates_remember(&known, one, issuer, &good, NOW, DAY);
	ck_assert_int_eq(delegates_status(&known, one, issuer, NOW), REVOCATION_GOOD);
	ck_assert_int_eq(delegates_status(&known, other, issuer, NOW), REVOCATION_UNCHECKED);
	ck_assert_int_eq(delegates_status(&known, one, other, NOW), REVOCATION_UNCHECKED);
	for (int i = 0; i < DELEGATES_MAX - 1; i++)
		delegates_remember(&known, other, issuer, &good, NOW, DAY);
	ck_assert_int_eq(delegates_status(&known, one, issuer, NOW), REVOCATION_GOOD);
	delegates_remember(&known, other, issuer, &good, NOW, DAY);
	ck_assert_int_eq(delegates_status(&known, one, issuer, NOW), REVOCATION_UNCHECKED);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_delegates", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, kept_until_it_lapses_and_for_the_interval_at_most);
	tcase_add_test(tests, doubt_is_not_kept);
	tcase_add_test(tests, each_delegate_of_each_issuer_for_himself);
	return fixture_run(suite);
}
