#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/text.h"

static void expect(const char *bytes, size_t len, size_t size, const char *also, const char *expected)
{
	char out[128];
	memset(out, '#', sizeof out);
	size_t n = text_escape(out, size, bytes, len, also);
	ck_assert_str_eq(out, expected);
	ck_assert_uint_eq(n, strlen(expected));
	ck_assert_uint_lt(n, size);
	ck_assert_int_eq(out[size], '#');
}

START_TEST(printable_stays)
{
	expect("", 0, 64, NULL, "");
	expect("a b~", 4, 64, NULL, "a b~");
	expect("M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80", 17, 64, NULL, "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80");
	expect("\\x41", 4, 64, NULL, "\\x41");
}
END_TEST

START_TEST(other_is_escaped)
{
	expect("a\0b\n\x1b[\x7f", 7, 64, NULL, "a\\x00b\\x0a\\x1b[\\x7f");
	expect("\xc2\x9b", 2, 64, NULL, "\\xc2\\x9b");         /* C1 control */
	expect("\xe2\x80\xae", 3, 64, NULL, "\\xe2\\x80\\xae"); /* right-to-left override */
	expect("\xc3", 1, 64, NULL, "\\xc3");                   /* cut short */
	expect("\xc0\x80\xe0\x80\x80", 5, 64, NULL, "\\xc0\\x80\\xe0\\x80\\x80"); /* overlong */
	expect("\xed\xa0\x80\xf4\x90\x80\x80", 7, 64, NULL, "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
	expect("a b=\"c\\", 7, 64, " \"\\=", "a\\x20b\\x3d\\x22c\\x5c");
}
END_TEST

START_TEST(too_long_is_cut_at_a_character)
{
	expect("abcdefgh", 8, 9, NULL, "abcdefgh");
	expect("abcdefgh", 8, 8, NULL, "abcd...");
	expect("abcdefgh", 8, 4, NULL, "...");
	expect("abcdefgh", 8, 2, NULL, ".");
	expect("abcdefgh", 8, 1, NULL, "");
	expect("ab\ncd\nef", 8, 10, NULL, "ab\\x0a...");
	expect("ab\ncd\nef", 8, 9, NULL, "ab...");
	expect("\xc3\xbc\xc3\xbc\xc3\xbc", 6, 6, NULL, "\xc3\xbc...");
	expect("\xc3\xbc\xc3\xbc\xc3\xbc", 6, 7, NULL, "\xc3\xbc\xc3\xbc\xc3\xbc");
}
END_TEST

START_TEST(dup_holds_all)
{
	char big[5000];
	memset(big, 1, sizeof big);
	char *out = text_escape_dup(big, sizeof big, NULL);
	ck_assert_uint_eq(strlen(out), 4 * sizeof big);
	free(out);
	out = text_escape_dup("", 0, NULL);
	ck_assert_str_eq(out, "");
	free(out);
}
END_TEST

START_TEST(columns)
{
	ck_assert_uint_eq(text_columns(""), 0);
	ck_assert_uint_eq(text_columns("M\xc3\xbcnchen"), 7);
}
END_TEST

static const TTest *const *const all[] = { &printable_stays, &other_is_escaped, &too_long_is_cut_at_a_character,
	&dup_holds_all, &columns };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("text", &tests);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	return fixture_run(suite);
}
