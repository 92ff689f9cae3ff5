#include <check.h>

#include "certmon/schedule.h"
#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"

#define DAY ((int64_t)SCHEDULE_DAY)
#define HOUR INT64_C(3600)
#define END (2000 * DAY + 12345)

static const struct schedule monthly = { 30 * DAY, 7 * DAY };

/* The slots that a certificate is announced at when a run comes every `step` seconds. */
static size_t announced(const struct schedule *schedule, int64_t step, int64_t from, int64_t to, int64_t *slots)
{
	size_t count = 0;
	int64_t last = SCHEDULE_NONE;
	for (int64_t now = from; now <= to; now += step) {
		int64_t slot = schedule_slot(schedule, END, now);
		if (slot > last)
			slots[count++] = last = slot;
	}
	return count;
}

START_TEST(hour_by_hour)
{
	int64_t slots[64];
	size_t count = announced(&monthly, HOUR, END - 90 * DAY, END + 10 * DAY, slots);
	static const int64_t days[] = { -30, -23, -16, -9, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	ck_assert_uint_eq(count, sizeof days / sizeof *days);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(slots[i], END + days[i] * DAY);
}
END_TEST

START_TEST(a_missed_week_is_caught_up_once)
{
	int64_t last = schedule_slot(&monthly, END, END - 29 * DAY);
	int64_t later = schedule_slot(&monthly, END, END - 15 * DAY);
	ck_assert_int_eq(last, END - 30 * DAY);
	ck_assert_int_eq(later, END - 16 * DAY);
}
END_TEST

START_TEST(nothing_before_the_first_slot)
{
	ck_assert(schedule_slot(&monthly, END, END - 30 * DAY - 1) == SCHEDULE_NONE);
	ck_assert_int_eq(schedule_slot(&monthly, END, END - 30 * DAY), END - 30 * DAY);
	ck_assert(schedule_slot(&monthly, CLOCK_NEVER, END) == SCHEDULE_NONE);
	ck_assert(schedule_slot(&monthly, CLOCK_NEVER - 1, END) == SCHEDULE_NONE);
}
END_TEST

START_TEST(a_start_within_the_last_day_still_warns_a_day_ahead)
{
	struct schedule late = { 0, 7 * DAY };
	ck_assert(schedule_slot(&late, END, END - DAY - 1) == SCHEDULE_NONE);
	ck_assert_int_eq(schedule_slot(&late, END, END - DAY), END - DAY);
}
END_TEST

START_TEST(what_was_told_counts_unless_it_lies_in_a_future_that_was_none)
{
	ck_assert(schedule_told(END, END, END));
	ck_assert(schedule_told(END, END - 7 * DAY, END));
	ck_assert(!schedule_told(END - DAY, END, END));
	ck_assert(!schedule_told(SCHEDULE_NONE, END, END));
	ck_assert(schedule_told(END, END - 7 * DAY, END - 2 * DAY));
	ck_assert(!schedule_told(END, END - 7 * DAY, END - 2 * DAY - 1));
}
END_TEST

START_TEST(what_has_a_beginning_is_repeated)
{
	ck_assert(schedule_slot_since(&monthly, 100 * DAY, 100 * DAY - 1) == SCHEDULE_NONE);
	ck_assert_int_eq(schedule_slot_since(&monthly, 100 * DAY, 100 * DAY), 100 * DAY);
	ck_assert_int_eq(schedule_slot_since(&monthly, 100 * DAY, 106 * DAY), 100 * DAY);
	ck_assert_int_eq(schedule_slot_since(&monthly, 100 * DAY, 107 * DAY), 107 * DAY);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("schedule", &tests);
	tcase_add_test(tests, hour_by_hour);
	tcase_add_test(tests, a_missed_week_is_caught_up_once);
	tcase_add_test(tests, nothing_before_the_first_slot);
	tcase_add_test(tests, a_start_within_the_last_day_still_warns_a_day_ahead);
	tcase_add_test(tests, what_was_told_counts_unless_it_lies_in_a_future_that_was_none);
	tcase_add_test(tests, what_has_a_beginning_is_repeated);
	return fixture_run(suite);
}
