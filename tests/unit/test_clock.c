#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"

static void set_clock(const char *text)
{
	struct err err;
	setenv("TVS_CLOCK", text, 1);
	ck_assert_int_eq(clock_init(&err), 0);
}

static int64_t when(const char *text)
{
	int64_t out;
	struct err err = { 0, "" };
	ck_assert_msg(!clock_parse(text, &out, &err), "%s: %s", text, err.text);
	return out;
}

START_TEST(stopped_clock)
{
	set_clock("@1000");
	ck_assert_int_eq(clock_now(), 1000);
	set_clock("@-5");
	ck_assert_int_eq(clock_now(), -5);
	set_clock("2026-11-20T19:23:31Z");
	ck_assert_int_eq(clock_now(), 1795202611);
}
END_TEST

START_TEST(shifted_clock)
{
	set_clock("+1d");
	int64_t ahead = clock_now() - time(NULL);
	ck_assert(ahead >= 86399 && ahead <= 86401);
	set_clock("-3600");
	int64_t behind = time(NULL) - clock_now();
	ck_assert(behind >= 3599 && behind <= 3601);
	set_clock("");
	ck_assert_int_le(clock_now() - time(NULL), 1);
}
END_TEST

START_TEST(malformed_setting_is_refused)
{
	static const char *const bad[] = { "x", "@", "@1x", "+", "-", "+-1", "1000", "now", "@99999999999999999999",
	                                   "@253402300800", "2026-02-30" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err;
		setenv("TVS_CLOCK", bad[i], 1);
		ck_assert_msg(clock_init(&err) == ERR_USAGE, "%s", bad[i]);
		ck_assert_int_le(clock_now() - time(NULL), 1);
	}
}
END_TEST

/* All years from 0 to 9999, judged by the C library. */
START_TEST(format_and_parse_agree_with_libc)
{
	char text[CLOCK_TEXT_SIZE], expected[64];
	int64_t step = (getenv("TEST_VALGRIND") ? 100 : 1) * (86400 * 13 + 1717);
	for (int64_t at = -INT64_C(62167219200) + 4711; at <= INT64_C(253402300799); at += step) {
		struct tm tm;
		time_t t = at;
		gmtime_r(&t, &tm);
		snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		         tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		ck_assert_str_eq(clock_format(at, text), expected);
		ck_assert_int_eq(when(text), at);
	}
}
END_TEST

START_TEST(format_at_the_ends)
{
	char text[CLOCK_TEXT_SIZE];
	ck_assert_str_eq(clock_format(CLOCK_NEVER, text), "never");
	ck_assert_str_eq(clock_format(CLOCK_NEVER - 1, text), "9999-12-31T23:59:59Z");
	ck_assert_str_eq(clock_format(INT64_C(253402300799), text), "9999-12-31T23:59:59Z");
	ck_assert_str_eq(clock_format(INT64_C(253402300800), text), "9999-12-31T23:59:59Z");
	ck_assert_str_eq(clock_format(INT64_MIN, text), "0000-01-01T00:00:00Z");
	ck_assert_str_eq(clock_format(-1, text), "1969-12-31T23:59:59Z");
	ck_assert_str_eq(clock_format(951782400, text), "2000-02-29T00:00:00Z");
}
END_TEST

START_TEST(parse_takes)
{
	set_clock("@1000000");
	ck_assert_int_eq(when("now"), 1000000);
	ck_assert_int_eq(when("+1d"), 1086400);
	ck_assert_int_eq(when("-10s"), 999990);
	ck_assert_int_eq(when("@7"), 7);
	ck_assert_int_eq(when("1970-01-02"), 86400);
	ck_assert_int_eq(when("1970-01-01T01:02Z"), 3720);
	ck_assert_int_eq(when("2000-02-29"), 951782400);
}
END_TEST

START_TEST(parse_refuses)
{
	static const char *const bad[] = { "", "2026", "2026-1-1", "2026-13-01", "2026-00-01", "2026-01-00",
		"2025-02-29", "1900-02-29", "2026-04-31", "2026-01-01T", "2026-01-01T24:00Z",
		"2026-01-01T23:60Z", "2026-01-01T23:59:60Z", "2026-01-01T23:59:59", "2026-01-01T23:59:59+01:00",
		"2026-01-01 12:00Z", "2026-01-01T12:00Zx", " 2026-01-01", "@", "@x", "@--1", "+", "+10", "tomorrow", "NOW" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t out = 42;
		struct err err;
		ck_assert_msg(clock_parse(bad[i], &out, &err) == ERR_MALFORMED, "'%s'", bad[i]);
		ck_assert_int_eq(out, 42);
	}
}
END_TEST

START_TEST(durations)
{
	static const struct { const char *text; int64_t seconds; const char *again; } good[] = {
		{ "30d", 2592000, "30d" }, { "12h", 43200, "12h" }, { "90s", 90, "90s" },
		{ "0", 0, "0s" }, { "0d", 0, "0s" }, { "2w", 1209600, "14d" }, { "15m", 900, "15m" },
		{ "36h", 129600, "36h" }, { "86400s", 86400, "1d" }, { "365250d", INT64_C(31557600000), "365250d" } };
	static const char *const bad[] = { "", "d", "-1", "+1", "1x", "1 d", " 1", "1d ", "1.5h", "1h30m", "0x10", "1D",
		"30", "86400", "00" };
	char text[CLOCK_TEXT_SIZE];
	int64_t out;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_int_eq(duration_parse(good[i].text, &out, NULL), 0);
		ck_assert_int_eq(out, good[i].seconds);
		ck_assert_str_eq(duration_format(out, text), good[i].again);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(duration_parse(bad[i], &out, NULL) == ERR_MALFORMED, "'%s'", bad[i]);
	ck_assert_int_eq(seconds_parse("90", &out, NULL), 0);
	ck_assert_int_eq(out, 90);
	ck_assert_int_eq(seconds_parse("2m", &out, NULL), 0);
	ck_assert_int_eq(out, 120);
	ck_assert_int_eq(seconds_parse("90x", &out, NULL), ERR_MALFORMED);
	ck_assert_int_eq(duration_parse("365251d", &out, NULL), ERR_LIMIT);
	ck_assert_int_eq(duration_parse("99999999999999999999999999s", &out, NULL), ERR_LIMIT);
	ck_assert_int_eq(duration_parse("9223372036854775807w", &out, NULL), ERR_LIMIT);
}
END_TEST

START_TEST(monotonic_goes_forward)
{
	set_clock("@0");
	int64_t a = clock_monotonic_us(), b = clock_monotonic_us();
	ck_assert_int_gt(a, 0);
	ck_assert_int_ge(b, a);
}
END_TEST

static const TTest *const *const all[] = { &stopped_clock, &shifted_clock, &malformed_setting_is_refused,
	&format_and_parse_agree_with_libc, &format_at_the_ends, &parse_takes, &parse_refuses, &durations,
	&monotonic_goes_forward };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("clock", &tests);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	return fixture_run(suite);
}
