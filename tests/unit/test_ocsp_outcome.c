#include <check.h>
#include <string.h>

#include "ocsp/outcome.h"
#include "ocsp/recheck.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"
#include "truststore/base/clock.h"

static const struct digest no_jitter = { { 0 } };
static const int64_t day_less = DAY - DAY / RECHECK_MARGIN; /* the wait where the interval is a day */

static struct outcome found(enum revocation_status status, int64_t this_update, int64_t until)
{
	struct outcome outcome = {
		.status = status, .this_update = this_update, .next_update = until, .until = until,
		.fault = status == REVOCATION_UNREACHABLE ? FAULT_TIMEOUT : FAULT_NONE,
		.source = "http://ocsp.example.test/"
	};
	if (status == REVOCATION_REVOKED) {
		outcome.reason = 4;
		outcome.revoked_at = this_update - DAY;
	}
	return outcome;
}

static struct revocation_record merge(const struct revocation_record *known, const struct outcome *outcome,
                                      int64_t now)
{
	struct revocation_record record;
	outcome_merge(known, outcome, now, DAY, &no_jitter, &record);
	return record;
}

START_TEST(first_result_is_taken)
{
	struct outcome good = found(REVOCATION_GOOD, NOW - HOUR, NOW + 7 * DAY);
	struct revocation_record r = merge(NULL, &good, NOW);
	ck_assert_int_eq(r.status, REVOCATION_GOOD);
	ck_assert_int_eq(r.until, NOW + 7 * DAY);
	ck_assert_int_eq(r.this_update, NOW - HOUR);
	ck_assert_int_eq(r.checked, NOW);
	ck_assert_int_eq(r.next_check, NOW + day_less);
	ck_assert_uint_eq(r.failures, 0);
	ck_assert_uint_eq(r.error.len, 0);
	ck_assert_uint_eq(r.source.len, strlen(good.source));

	struct outcome revoked = found(REVOCATION_REVOKED, NOW, NOW + DAY);
	r = merge(NULL, &revoked, NOW);
	ck_assert_int_eq(r.status, REVOCATION_REVOKED);
	ck_assert(r.until == CLOCK_NEVER);
	ck_assert_int_eq(r.revoked_at, NOW - DAY);
	ck_assert_uint_eq(r.reason, 4);

	struct outcome none = { .status = REVOCATION_NO_SOURCE, .fault = FAULT_NO_SOURCE };
	r = merge(NULL, &none, NOW);
	ck_assert_int_eq(r.status, REVOCATION_NO_SOURCE);
	ck_assert(r.until == CLOCK_NEVER);
	ck_assert_uint_eq(r.failures, 0);
	ck_assert_int_eq(r.next_check, NOW + day_less);
}
END_TEST

START_TEST(failure_keeps_good_until_it_lapses)
{
	struct outcome good = found(REVOCATION_GOOD, NOW, NOW + 2 * DAY);
	struct revocation_record r = merge(NULL, &good, NOW);
	struct outcome failed = found(REVOCATION_UNREACHABLE, 0, 0);
	r = merge(&r, &failed, NOW + DAY);
	ck_assert_int_eq(r.status, REVOCATION_GOOD);
	ck_assert_int_eq(r.until, NOW + 2 * DAY);
	ck_assert_uint_eq(r.failures, 1);
	ck_assert_int_eq(strncmp(r.error.bytes, "timeout", r.error.len), 0);
	ck_assert_int_eq(r.next_check, NOW + DAY + RECHECK_FIRST_RETRY);
	r = merge(&r, &failed, NOW + DAY + 60);
	ck_assert_uint_eq(r.failures, 2);
	ck_assert_int_eq(r.next_check, NOW + DAY + 60 + 2 * RECHECK_FIRST_RETRY);
	r = merge(&r, &failed, NOW + 2 * DAY);
	ck_assert_int_eq(r.status, REVOCATION_UNREACHABLE);
	ck_assert_int_eq(r.until, r.next_check);
	ck_assert_int_eq(r.this_update, 0);
	ck_assert_uint_eq(r.failures, 3);
	good = found(REVOCATION_GOOD, NOW - DAY, NOW + 3 * DAY); /* a list, say, older than the response was */
	r = merge(&r, &good, NOW + 2 * DAY);
	ck_assert_int_eq(r.status, REVOCATION_GOOD);
	ck_assert_uint_eq(r.failures, 0);
	ck_assert_uint_eq(r.error.len, 0);
}
END_TEST

START_TEST(an_old_list_counts_and_is_asked_for_again_soon)
{
	struct outcome good = found(REVOCATION_GOOD, NOW, NOW + 2 * DAY);
	struct revocation_record r = merge(NULL, &good, NOW);
	good.fault = FAULT_CONNECT; /* of the list that should have taken its place */
	r = merge(&r, &good, NOW + DAY);
	ck_assert_int_eq(r.status, REVOCATION_GOOD);
	ck_assert_int_eq(r.until, NOW + 2 * DAY);
	ck_assert_uint_eq(r.failures, 1);
	ck_assert_int_eq(strncmp(r.error.bytes, "connect", r.error.len), 0);
	ck_assert_int_eq(r.next_check, NOW + DAY + RECHECK_FIRST_RETRY);
	good.fault = FAULT_NONE;
	r = merge(&r, &good, NOW + DAY + RECHECK_FIRST_RETRY);
	ck_assert_uint_eq(r.failures, 0);
	ck_assert_uint_eq(r.error.len, 0);
}
END_TEST

START_TEST(revoked_never_lapses)
{
	struct outcome revoked = found(REVOCATION_REVOKED, NOW, NOW + DAY);
	const struct revocation_record known = merge(NULL, &revoked, NOW);
	struct outcome others[] = {
		found(REVOCATION_UNREACHABLE, 0, 0),
		{ .status = REVOCATION_NO_SOURCE, .fault = FAULT_NO_SOURCE },
		found(REVOCATION_UNKNOWN, NOW + 300 * DAY, NOW + 400 * DAY),
		found(REVOCATION_GOOD, NOW - 1, NOW + 400 * DAY),
		found(REVOCATION_GOOD, NOW, NOW + 400 * DAY),
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct revocation_record r = merge(&known, &others[i], NOW + 365 * DAY);
		ck_assert_int_eq(r.status, REVOCATION_REVOKED);
		ck_assert(r.until == CLOCK_NEVER);
		ck_assert_int_eq(r.this_update, NOW);
		ck_assert_uint_eq(r.reason, 4);
		ck_assert_int_eq(r.checked, NOW + 365 * DAY);
	}
	struct outcome newer = found(REVOCATION_GOOD, NOW + 1, NOW + DAY);
	ck_assert_int_eq(merge(&known, &newer, NOW + 2).status, REVOCATION_GOOD);
	newer = found(REVOCATION_REVOKED, NOW + 1, NOW + DAY);
	ck_assert_int_eq(merge(&known, &newer, NOW + 2).this_update, NOW + 1);
}
END_TEST

START_TEST(older_statement_does_not_displace)
{
	struct outcome good = found(REVOCATION_GOOD, NOW, NOW + DAY);
	struct revocation_record r = merge(NULL, &good, NOW);
	struct outcome older = found(REVOCATION_REVOKED, NOW - HOUR, NOW + DAY); /* a hold that has ended since */
	ck_assert_int_eq(merge(&r, &older, NOW + 1).status, REVOCATION_GOOD);
	struct outcome same = found(REVOCATION_REVOKED, NOW, NOW + DAY);
	ck_assert_int_eq(merge(&r, &same, NOW + 1).status, REVOCATION_REVOKED);
	struct outcome unknown = found(REVOCATION_UNKNOWN, NOW + 1, NOW + DAY);
	r = merge(&r, &unknown, NOW + 1);
	ck_assert_int_eq(r.status, REVOCATION_UNKNOWN);
	ck_assert_uint_eq(r.failures, 0);
	ck_assert_int_eq(merge(&r, &good, NOW + 2).status, REVOCATION_UNKNOWN);
}
END_TEST

START_TEST(next_check_comes_in_time)
{
	struct revocation_record r = { .status = REVOCATION_GOOD, .until = NOW + 100 * DAY };
	ck_assert_int_eq(recheck_next(&r, NOW, DAY, &no_jitter), NOW + day_less);
	r.until = NOW + DAY;
	ck_assert_int_eq(recheck_next(&r, NOW, DAY, &no_jitter), NOW + DAY / 2);
	r.until = NOW + 4;
	ck_assert_int_eq(recheck_next(&r, NOW, DAY, &no_jitter), NOW + RECHECK_SOONEST);
	r.until = CLOCK_NEVER;
	r.status = REVOCATION_REVOKED;
	ck_assert_int_eq(recheck_next(&r, NOW, DAY, &no_jitter), NOW + day_less);
	int64_t earliest = NOW + day_less, latest = NOW;
	for (int i = 0; i < 1000; i++) {
		struct digest cert;
		digest_of(&i, sizeof i, &cert);
		int64_t next = recheck_next(&r, NOW, DAY, &cert);
		earliest = next < earliest ? next : earliest;
		latest = next > latest ? next : latest;
	}
	ck_assert_int_ge(earliest, NOW + day_less - day_less / RECHECK_JITTER);
	ck_assert_int_lt(earliest, NOW + day_less - day_less / RECHECK_JITTER * 9 / 10);
	ck_assert_int_le(latest, NOW + day_less);
	ck_assert_int_gt(latest, NOW + day_less - day_less / RECHECK_JITTER / 10);
}
END_TEST

START_TEST(missing_issuer_is_looked_for_soon)
{
	struct outcome missing = { .status = REVOCATION_UNREACHABLE, .fault = FAULT_NO_ISSUER };
	struct revocation_record r = { .status = REVOCATION_UNREACHABLE, .failures = 30 };
	r = merge(&r, &missing, NOW);
	ck_assert_uint_eq(r.failures, 31);
	ck_assert_int_eq(r.next_check, NOW + RECHECK_LOCAL_RETRY);
}
END_TEST

START_TEST(back_off_doubles_up_to_the_interval)
{
	ck_assert_int_eq(recheck_back_off(1, DAY), 60);
	ck_assert_int_eq(recheck_back_off(2, DAY), 120);
	ck_assert_int_eq(recheck_back_off(5, DAY), 960);
	ck_assert_int_eq(recheck_back_off(60000, DAY), DAY);
	ck_assert_int_eq(recheck_back_off(1, 30), 30);
}
END_TEST

START_TEST(due_when_it_should_be)
{
	struct revocation_record r = { .status = REVOCATION_GOOD, .checked = NOW, .next_check = NOW + 10 };
	ck_assert(recheck_due(NULL, NOW, DAY));
	ck_assert(!recheck_due(&r, NOW, DAY));
	ck_assert(!recheck_due(&r, NOW + 9, DAY));
	ck_assert(recheck_due(&r, NOW + 10, DAY));
	ck_assert(recheck_due(&r, NOW - 1, DAY)); /* the clock was set back */
	r.next_check = NOW + 7 * DAY; /* the interval has become shorter */
	ck_assert(!recheck_due(&r, NOW + DAY - 1, DAY));
	ck_assert(recheck_due(&r, NOW + DAY, DAY));
	r.status = REVOCATION_UNCHECKED;
	ck_assert(recheck_due(&r, NOW, DAY));
}
END_TEST

START_TEST(reasons_have_the_names_of_the_rfc)
{
	ck_assert_str_eq(outcome_reason_name(0), "unspecified");
	ck_assert_str_eq(outcome_reason_name(1), "keyCompromise");
	ck_assert_str_eq(outcome_reason_name(10), "aACompromise");
	ck_assert_str_eq(outcome_reason_name(255), "unspecified");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_outcome", &tests);
	tcase_add_test(tests, first_result_is_taken);
	tcase_add_test(tests, failure_keeps_good_until_it_lapses);
	tcase_add_test(tests, an_old_list_counts_and_is_asked_for_again_soon);
	tcase_add_test(tests, revoked_never_lapses);
	tcase_add_test(tests, older_statement_does_not_displace);
	tcase_add_test(tests, next_check_comes_in_time);
	tcase_add_test(tests, missing_issuer_is_looked_for_soon);
	tcase_add_test(tests, back_off_doubles_up_to_the_interval);
	tcase_add_test(tests, due_when_it_should_be);
	tcase_add_test(tests, reasons_have_the_names_of_the_rfc);
	return fixture_run(suite);
}
