#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/answer.h"
#include "truststore/base/clock.h"

/* One that is trusted for as long as the store says. */
static struct answer good(void)
{
	struct answer answer = {
		.revocation = REVOCATION_NOT_APPLICABLE, .revocation_until = CLOCK_NEVER, .revocation_next = CLOCK_NEVER,
		.not_before = NOW - DAY, .not_after = NOW + 100 * DAY, .stored_until = CLOCK_NEVER,
	};
	answer.role[ROLE_TFTP] = (struct answer_role){ CLOCK_NEVER, ANSWER_DEFAULT_TTL };
	return answer;
}

static const struct answer_policy allow_all = { .allow_expired = true }, normal = { 0 },
	deny_all = { .deny_unknown = true, .deny_unreachable = true, .deny_no_source = true };

static struct verdict judge(const struct answer *answer, int64_t now, const struct answer_policy *policy)
{
	struct verdict verdict;
	memset(&verdict, 0xff, sizeof verdict);
	answer_judge(answer, now, policy, &verdict);
	ck_assert_int_eq(verdict.trusted, verdict.reason == REASON_TRUSTED);
	if (!verdict.trusted) {
		ck_assert_uint_eq(verdict.roles, 0);
		ck_assert_uint_eq(verdict.ttl, 0);
	}
	return verdict;
}

static enum reason reason(const struct answer *answer)
{
	return judge(answer, NOW, &normal).reason;
}

static uint32_t ttl(const struct answer *answer)
{
	return judge(answer, NOW, &normal).ttl;
}

START_TEST(trusted_with_roles_and_ttl)
{
	struct answer a = good();
	a.role[ROLE_SAST] = (struct answer_role){ CLOCK_NEVER, 1000 };
	struct verdict v = judge(&a, NOW, &normal);
	ck_assert(v.trusted);
	ck_assert_uint_eq(v.roles, ROLE_BIT(ROLE_SAST) | ROLE_BIT(ROLE_TFTP));
	ck_assert_uint_eq(v.ttl, 1000);
	ck_assert(judge(&a, NOW, &deny_all).trusted);
}
END_TEST

START_TEST(reasons_in_their_order)
{
	ck_assert_int_eq(reason(NULL), REASON_UNKNOWN);
	struct answer a = good();
	memset(a.role, 0, sizeof a.role);
	ck_assert_int_eq(reason(&a), REASON_NO_ROLE);
	a.revocation = REVOCATION_UNKNOWN;
	ck_assert_int_eq(reason(&a), REASON_NO_ROLE);
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_REVOCATION_UNKNOWN);
	a.not_after = NOW - 1;
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_EXPIRED);
	a.not_before = NOW + 1;
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_NOT_YET_VALID);
	a.stored_until = 0;
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_UNKNOWN);
	a.revocation = REVOCATION_REVOKED;
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_REVOKED);
	a.blocked = true;
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_BLOCKED);
}
END_TEST

START_TEST(validity_includes_both_ends)
{
	struct answer a = good();
	a.not_before = NOW;
	ck_assert_int_eq(reason(&a), REASON_TRUSTED);
	a.not_before = NOW + 1;
	ck_assert_int_eq(reason(&a), REASON_NOT_YET_VALID);
	ck_assert_int_eq(judge(&a, NOW, &allow_all).reason, REASON_NOT_YET_VALID);
	a.not_before = 0;
	a.not_after = NOW;
	ck_assert_int_eq(reason(&a), REASON_TRUSTED);
	ck_assert_uint_eq(ttl(&a), 1);
	a.not_after = NOW + 1;
	ck_assert_uint_eq(ttl(&a), 1);
	a.not_after = NOW + 500;
	ck_assert_uint_eq(ttl(&a), 500);
	a.not_after = NOW - 1;
	ck_assert_int_eq(reason(&a), REASON_EXPIRED);
	ck_assert_uint_eq(judge(&a, NOW, &allow_all).ttl, ANSWER_PAST_TTL);
	a.role[ROLE_TFTP].ttl = 20;
	ck_assert_uint_eq(judge(&a, NOW, &allow_all).ttl, 20);
	a.not_after = CLOCK_NEVER - 1;
	a.role[ROLE_TFTP].ttl = UINT32_MAX;
	ck_assert_uint_eq(ttl(&a), UINT32_MAX);
}
END_TEST

START_TEST(roles_end_by_themselves)
{
	struct answer a = good();
	a.role[ROLE_CAPF] = (struct answer_role){ NOW, 10 };
	a.role[ROLE_TVS] = (struct answer_role){ NOW + 1, 700 };
	struct verdict v = judge(&a, NOW, &normal);
	ck_assert_uint_eq(v.roles, ROLE_BIT(ROLE_TFTP) | ROLE_BIT(ROLE_TVS));
	ck_assert_uint_eq(v.ttl, 1);
	v = judge(&a, NOW + 1, &normal);
	ck_assert_uint_eq(v.roles, ROLE_BIT(ROLE_TFTP));
	ck_assert_uint_eq(v.ttl, ANSWER_DEFAULT_TTL);
	a.role[ROLE_TFTP].until = NOW;
	ck_assert_int_eq(judge(&a, NOW + 1, &normal).reason, REASON_NO_ROLE);
	a.stored_until = NOW;
	ck_assert_int_eq(reason(&a), REASON_UNKNOWN);
	a.stored_until = NOW + 1;
	ck_assert_int_eq(reason(&a), REASON_TRUSTED);
	a.role[ROLE_TVS].ttl = 0; /* never sent, whatever the record says */
	ck_assert_uint_eq(ttl(&a), 1);
}
END_TEST

START_TEST(revocation_by_status_and_policy)
{
	static const struct {
		enum revocation_status status;
		bool lapsed;
		const char *passes; /* normal, deny-unknown, deny-unreachable, deny-no-source */
	} rows[] = {
		{ REVOCATION_UNCHECKED, false, "yyny" }, { REVOCATION_UNCHECKED, true, "yyny" },
		{ REVOCATION_NOT_APPLICABLE, false, "yyyy" }, { REVOCATION_NOT_APPLICABLE, true, "yyyy" },
		{ REVOCATION_GOOD, false, "yyyy" }, { REVOCATION_GOOD, true, "yyny" },
		{ REVOCATION_UNKNOWN, false, "ynyy" }, { REVOCATION_UNKNOWN, true, "ynny" },
		{ REVOCATION_UNREACHABLE, false, "yyny" }, { REVOCATION_UNREACHABLE, true, "yyny" },
		{ REVOCATION_NO_SOURCE, false, "yyyn" }, { REVOCATION_NO_SOURCE, true, "yyyn" },
	};
	const struct answer_policy policies[] = {
		normal, { .deny_unknown = true }, { .deny_unreachable = true }, { .deny_no_source = true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct answer a = good();
		a.revocation = rows[i].status;
		a.revocation_until = rows[i].lapsed ? NOW : NOW + 50;
		for (int p = 0; p < 4; p++) {
			struct verdict v = judge(&a, NOW, &policies[p]);
			ck_assert_msg(v.reason == (rows[i].passes[p] == 'y' ? REASON_TRUSTED : REASON_REVOCATION_UNKNOWN),
			              "status %d lapsed %d policy %d", rows[i].status, rows[i].lapsed, p);
			if (v.trusted && rows[i].status != REVOCATION_NOT_APPLICABLE)
				ck_assert_uint_eq(v.ttl, rows[i].lapsed ? ANSWER_PAST_TTL : 50);
		}
	}
	struct answer a = good();
	a.revocation = REVOCATION_REVOKED;
	a.revocation_until = NOW - 1; /* never lapses */
	ck_assert_int_eq(reason(&a), REASON_REVOKED);
	a.revocation = REVOCATION_UNCHECKED;
	a.revocation_until = CLOCK_NEVER;
	ck_assert_uint_eq(ttl(&a), ANSWER_DEFAULT_TTL);
	a.revocation = REVOCATION_GOOD;
	a.revocation_until = NOW + 1;
	ck_assert_uint_eq(ttl(&a), 1);
}
END_TEST

/* A phone never remembers an answer beyond the moment at which the status must be asked anew. */
START_TEST(ttl_ends_with_the_next_check)
{
	struct answer a = good();
	a.revocation = REVOCATION_GOOD;
	a.revocation_until = NOW + 10 * DAY;
	a.revocation_next = NOW + 3600;
	ck_assert_uint_eq(ttl(&a), 3600);
	ck_assert_uint_eq(judge(&a, NOW, &deny_all).ttl, 3600);
	a.role[ROLE_TFTP].ttl = 60;
	ck_assert_uint_eq(ttl(&a), 60);
	a.role[ROLE_TFTP].ttl = ANSWER_DEFAULT_TTL;
	a.revocation_next = NOW + 1;
	ck_assert_uint_eq(ttl(&a), 1);
	a.revocation_next = NOW; /* the check is late: good still counts, but is asked for again soon */
	ck_assert_uint_eq(ttl(&a), ANSWER_PAST_TTL);
	ck_assert_uint_eq(judge(&a, NOW, &deny_all).ttl, ANSWER_PAST_TTL);
	a.revocation_next = INT64_MIN;
	ck_assert_uint_eq(ttl(&a), ANSWER_PAST_TTL);
	a.revocation_until = NOW + 20; /* and lapses sooner than that */
	ck_assert_uint_eq(ttl(&a), 20);
	a.revocation_until = NOW - 1;
	a.revocation_next = NOW + 20; /* lapsed, and a retry is near */
	ck_assert_uint_eq(ttl(&a), 20);
	ck_assert_int_eq(judge(&a, NOW, &deny_all).reason, REASON_REVOCATION_UNKNOWN);
	a.revocation_next = NOW + 3600;
	ck_assert_uint_eq(ttl(&a), ANSWER_PAST_TTL);
	a.revocation = REVOCATION_UNREACHABLE;
	a.revocation_until = a.revocation_next = NOW + 900;
	ck_assert_uint_eq(ttl(&a), 900);
	a.revocation = REVOCATION_NOT_APPLICABLE; /* nothing of that holds for one that nobody can revoke */
	a.revocation_until = a.revocation_next = NOW - 1;
	ck_assert_uint_eq(ttl(&a), ANSWER_DEFAULT_TTL);
}
END_TEST

/* Where certificates are checked, one that was not yet is asked about now. */
START_TEST(unchecked_is_remembered_for_a_short_while)
{
	const struct answer_policy checking = { .checking = true };
	struct answer a = good();
	a.revocation = REVOCATION_UNCHECKED;
	ck_assert_uint_eq(ttl(&a), ANSWER_DEFAULT_TTL);
	ck_assert_uint_eq(judge(&a, NOW, &checking).ttl, ANSWER_PAST_TTL);
	a.role[ROLE_TFTP].ttl = 20;
	ck_assert_uint_eq(judge(&a, NOW, &checking).ttl, 20);
	a.role[ROLE_TFTP].ttl = ANSWER_DEFAULT_TTL;
	a.revocation = REVOCATION_NO_SOURCE; /* there is nobody to ask */
	ck_assert_uint_eq(judge(&a, NOW, &checking).ttl, ANSWER_DEFAULT_TTL);
	a.revocation = REVOCATION_NOT_APPLICABLE;
	ck_assert_uint_eq(judge(&a, NOW, &checking).ttl, ANSWER_DEFAULT_TTL);
	a.revocation = REVOCATION_GOOD;
	ck_assert_uint_eq(judge(&a, NOW, &checking).ttl, ANSWER_DEFAULT_TTL);
}
END_TEST

START_TEST(record_comes_back)
{
	struct answer a = good(), b;
	uint8_t bytes[ANSWER_MAX], again[ANSWER_MAX];
	a.blocked = true;
	a.revocation = REVOCATION_GOOD;
	a.revocation_until = 0x0102030405060708;
	a.revocation_next = 0x1112131415161718;
	size_t len = answer_encode(&a, bytes);
	ck_assert_uint_eq(len, ANSWER_HEAD + ANSWER_GRANT);
	ck_assert_mem_eq(bytes, "\2\1\2\1\1\2\3\4\5\6\7\10\21\22\23\24\25\26\27\30", 20);
	ck_assert_mem_eq(bytes + ANSWER_HEAD, "\10\177\377\377\377\377\377\377\377\0\1\121\200", ANSWER_GRANT);
	ck_assert_int_eq(answer_decode(bytes, len, &b), 0);
	ck_assert_uint_eq(answer_encode(&b, again), len);
	ck_assert_mem_eq(bytes, again, len);
	ck_assert(b.blocked);
	ck_assert_int_eq(b.role[ROLE_TFTP].until, CLOCK_NEVER);
	ck_assert_int_eq(b.role[ROLE_SAST].until, 0);
}
END_TEST

START_TEST(roles_alike_share_a_grant)
{
	struct answer a = good(), b;
	uint8_t bytes[ANSWER_MAX];
	memset(a.role, 0, sizeof a.role);
	ck_assert_uint_eq(answer_encode(&a, bytes), ANSWER_HEAD);
	ck_assert_int_eq(answer_decode(bytes, ANSWER_HEAD, &b), 0);
	for (int i = 0; i < ROLE_COUNT; i++)
		ck_assert_int_eq(b.role[i].until, 0);
	a.role[ROLE_SAST] = a.role[ROLE_TFTP] = (struct answer_role){ NOW + DAY, 60 };
	a.role[ROLE_CCM] = (struct answer_role){ NOW + DAY, 61 };
	a.role[ROLE_TVS] = (struct answer_role){ CLOCK_NEVER, 60 };
	ck_assert_uint_eq(answer_encode(&a, bytes), ANSWER_HEAD + 3 * ANSWER_GRANT);
	ck_assert_uint_eq(bytes[ANSWER_HEAD], ROLE_BIT(ROLE_SAST) | ROLE_BIT(ROLE_TFTP));
	ck_assert_uint_eq(bytes[ANSWER_HEAD + ANSWER_GRANT], ROLE_BIT(ROLE_CCM));
	ck_assert_uint_eq(bytes[ANSWER_HEAD + 2 * ANSWER_GRANT], ROLE_BIT(ROLE_TVS));
	for (int i = 0; i < ROLE_COUNT; i++)
		a.role[i] = (struct answer_role){ NOW + i, 60 };
	ck_assert_uint_eq(answer_encode(&a, bytes), ANSWER_MAX);
	ck_assert_int_eq(answer_decode(bytes, ANSWER_MAX, &b), 0);
	for (int i = 0; i < ROLE_COUNT; i++) {
		ck_assert_int_eq(b.role[i].until, a.role[i].until);
		ck_assert_uint_eq(b.role[i].ttl, 60);
	}
}
END_TEST

START_TEST(the_first_version_is_read)
{
	uint8_t bytes[128] = { 1, 1, REVOCATION_GOOD, 0 };
	struct answer a;
	bytes[11] = 7; /* the low bytes of the times */
	bytes[19] = 8;
	bytes[27] = 9;
	bytes[35] = 10;
	bytes[43] = 11;
	bytes[44 + 12 * ROLE_TVS + 7] = 12;
	bytes[44 + 12 * ROLE_TVS + 11] = 13;
	ck_assert_int_eq(answer_decode(bytes, sizeof bytes, &a), 0);
	ck_assert(a.blocked);
	ck_assert_int_eq(a.revocation, REVOCATION_GOOD);
	ck_assert_int_eq(a.revocation_until, 7);
	ck_assert_int_eq(a.revocation_next, 8);
	ck_assert_int_eq(a.not_before, 9);
	ck_assert_int_eq(a.not_after, 10);
	ck_assert_int_eq(a.stored_until, 11);
	ck_assert_int_eq(a.role[ROLE_TVS].until, 12);
	ck_assert_uint_eq(a.role[ROLE_TVS].ttl, 13);
	ck_assert_int_eq(a.role[ROLE_SAST].until, 0);
	ck_assert_int_eq(answer_decode(bytes, sizeof bytes - 1, &a), ERR_STORE);
	bytes[3] = 1;
	ck_assert_int_eq(answer_decode(bytes, sizeof bytes, &a), ERR_STORE);
}
END_TEST

START_TEST(damaged_records)
{
	struct answer a = good(), b;
	uint8_t bytes[ANSWER_MAX], hurt[ANSWER_MAX];
	a.role[ROLE_TVS] = (struct answer_role){ NOW, 1 };
	size_t len = answer_encode(&a, bytes);
	enum { FIRST = ANSWER_HEAD, SECOND = ANSWER_HEAD + ANSWER_GRANT };
	static const struct { int at; uint8_t value; } bad[] = {
		{ 0, 1 }, { 0, 3 }, { 1, 2 }, { 2, REVOCATION_STATUS_COUNT }, { 3, 1 }, { 3, 3 }, { 3, 255 },
		{ FIRST, 0 }, { FIRST, 0x88 }, { SECOND, ROLE_BIT(ROLE_TVS) | ROLE_BIT(ROLE_TFTP) },
	};
	ck_assert_int_eq(answer_decode(bytes, len, &b), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		memcpy(hurt, bytes, len);
		hurt[bad[i].at] = bad[i].value;
		ck_assert_int_eq(answer_decode(hurt, len, &b), ERR_STORE);
	}
	memcpy(hurt, bytes, len);
	memset(hurt + SECOND + 1, 0, 8);
	ck_assert_int_eq(answer_decode(hurt, len, &b), ERR_STORE);
	memcpy(hurt + SECOND, bytes + FIRST, ANSWER_GRANT); /* two of one kind */
	hurt[SECOND] = bytes[SECOND];
	ck_assert_int_eq(answer_decode(hurt, len, &b), ERR_STORE);
	memcpy(hurt + FIRST, bytes + SECOND, ANSWER_GRANT); /* in another order */
	memcpy(hurt + SECOND, bytes + FIRST, ANSWER_GRANT);
	ck_assert_int_eq(answer_decode(hurt, len, &b), ERR_STORE);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(answer_decode(bytes, cut, &b), ERR_STORE);
	ck_assert_int_eq(answer_decode(bytes, len + 1, &b), ERR_STORE);
}
END_TEST

START_TEST(names)
{
	for (int i = 0; i < REASON_COUNT; i++)
		ck_assert_str_ne(reason_name((enum reason)i), "?");
	for (int i = 0; i < REVOCATION_STATUS_COUNT; i++)
		ck_assert_str_ne(revocation_status_name((enum revocation_status)i), "?");
	ck_assert_str_eq(reason_name(REASON_COUNT), "?");
	ck_assert_str_eq(reason_name(REASON_NOT_YET_VALID), "not-yet-valid");
}
END_TEST

static uint64_t state = 42;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Times mostly near `now`, where the edges are. */
static int64_t any_time(void)
{
	switch (any() % 6) {
	case 0:
		return CLOCK_NEVER;
	case 1:
		return 0;
	case 2:
		return (int64_t)any();
	default:
		return NOW + (int64_t)(any() % 7) - 3;
	}
}

static struct answer any_answer(void)
{
	struct answer a = {
		.blocked = any() % 8 == 0, .revocation = (enum revocation_status)(any() % REVOCATION_STATUS_COUNT),
		.revocation_until = any_time(), .revocation_next = any_time(), .not_before = any() % 2 ? 0 : any_time(),
		.not_after = any_time(), .stored_until = any_time(),
	};
	for (int i = 0; i < ROLE_COUNT; i++)
		a.role[i] = (struct answer_role){ any_time(), any() % 4 ? ANSWER_DEFAULT_TTL : (uint32_t)(any() % 3) };
	return a;
}

static void check_trusted(const struct answer *a, const struct answer_policy *policy, const struct verdict *v)
{
	ck_assert(!a->blocked && a->revocation != REVOCATION_REVOKED && a->stored_until > NOW);
	ck_assert(a->not_before <= NOW && (a->not_after >= NOW || policy->allow_expired));
	ck_assert_uint_ge(v->ttl, 1);
	ck_assert_uint_ne(v->roles, 0);
	uint64_t bound = UINT32_MAX;
	if (a->not_after > NOW && (uint64_t)(a->not_after - NOW) < bound)
		bound = (uint64_t)(a->not_after - NOW);
	if (a->not_after < NOW && bound > ANSWER_PAST_TTL)
		bound = ANSWER_PAST_TTL;
	for (int i = 0; i < ROLE_COUNT; i++) {
		bool given = a->role[i].until > NOW;
		ck_assert_int_eq(given, !!(v->roles & ROLE_BIT(i)));
		if (given && a->role[i].ttl && a->role[i].ttl < bound)
			bound = a->role[i].ttl;
		if (given && a->role[i].until != CLOCK_NEVER && (uint64_t)a->role[i].until - NOW < bound)
			bound = (uint64_t)a->role[i].until - NOW;
	}
	ck_assert_uint_le(v->ttl, bound);
	if (a->revocation == REVOCATION_NOT_APPLICABLE)
		return;
	const int64_t ends[] = { a->revocation_until, a->revocation_next };
	for (int i = 0; i < 2; i++)
		if (ends[i] > NOW && ends[i] != CLOCK_NEVER)
			ck_assert_uint_le(v->ttl, (uint64_t)ends[i] - NOW);
		else if (ends[i] <= NOW)
			ck_assert_uint_le(v->ttl, ANSWER_PAST_TTL);
	if (a->revocation == REVOCATION_UNCHECKED && policy->checking)
		ck_assert_uint_le(v->ttl, ANSWER_PAST_TTL);
}

START_TEST(invariants_of_random_records)
{
	int rounds = getenv("TEST_VALGRIND") ? 5000 : 500000;
	for (int i = 0; i < rounds; i++) {
		struct answer a = any_answer(), back;
		uint64_t bits = any();
		struct answer_policy policy = { bits & 1, bits & 2, bits & 4, bits & 8, bits & 16 };
		uint8_t bytes[ANSWER_MAX];
		ck_assert_int_eq(answer_decode(bytes, answer_encode(&a, bytes), &back), 0);
		struct verdict v = judge(&back, NOW, &policy);
		if (v.trusted)
			check_trusted(&a, &policy, &v);
		struct answer_policy strict = { .deny_unknown = true, .deny_unreachable = true, .deny_no_source = true };
		if (judge(&a, NOW, &strict).trusted) /* a laxer policy never takes trust away */
			ck_assert(v.trusted);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("answer", &tests);
	tcase_add_test(tests, trusted_with_roles_and_ttl);
	tcase_add_test(tests, reasons_in_their_order);
	tcase_add_test(tests, validity_includes_both_ends);
	tcase_add_test(tests, roles_end_by_themselves);
	tcase_add_test(tests, revocation_by_status_and_policy);
	tcase_add_test(tests, ttl_ends_with_the_next_check);
	tcase_add_test(tests, unchecked_is_remembered_for_a_short_while);
	tcase_add_test(tests, record_comes_back);
	tcase_add_test(tests, roles_alike_share_a_grant);
	tcase_add_test(tests, the_first_version_is_read);
	tcase_add_test(tests, damaged_records);
	tcase_add_test(tests, names);
	tcase_add_test(tests, invariants_of_random_records);
	return fixture_run(suite);
}
