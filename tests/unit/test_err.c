#include <check.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/err.h"

START_TEST(every_code_has_words)
{
	for (int code = ERR_STOPPED; code <= ERR_OK; code++)
		ck_assert_str_ne(err_str(code), "unknown error");
	ck_assert_str_eq(err_str(1), "unknown error");
}
END_TEST

START_TEST(set_returns_its_code_and_escapes)
{
	struct err err;
	ck_assert_int_eq(err_set(&err, ERR_REFUSED, "CN=%s", "a\nb\x7f"), ERR_REFUSED);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err_text(&err), "CN=a\\x0ab\\x7f");
	ck_assert_int_eq(err_set(NULL, ERR_BUSY, "nobody listens"), ERR_BUSY);
}
END_TEST

START_TEST(too_long_is_cut)
{
	char big[4 * ERR_TEXT_MAX];
	memset(big, '\n', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	struct err err;
	err_set(&err, ERR_LIMIT, "%s", big);
	size_t len = strlen(err.text);
	ck_assert_uint_lt(len, ERR_TEXT_MAX);
	ck_assert_str_eq(err.text + len - 3, "...");
	err_prefix(&err, "%s", big);
	ck_assert_uint_lt(strlen(err.text), ERR_TEXT_MAX);
}
END_TEST

START_TEST(errno_chooses_the_code)
{
	struct err err;
	errno = ENOSPC;
	ck_assert_int_eq(err_errno(&err, "file %d", 7), ERR_FULL);
	ck_assert_str_eq(err.text, "file 7: No space left on device");
	errno = EPERM;
	ck_assert_int_eq(err_errno(&err, "file"), ERR_SYSTEM);
}
END_TEST

START_TEST(prefix_keeps_code_and_text)
{
	struct err err;
	err_set(&err, ERR_MALFORMED, "line 3: no value");
	ck_assert_int_eq(err_prefix(&err, "tvs.conf"), ERR_MALFORMED);
	ck_assert_str_eq(err.text, "tvs.conf: line 3: no value");
	err_clear(&err);
	ck_assert_str_eq(err_text(&err), "no error");
	err.code = ERR_BUSY;
	err_prefix(&err, "store");
	ck_assert_str_eq(err.text, "store: in use by another process");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("err", &tests);
	tcase_add_test(tests, every_code_has_words);
	tcase_add_test(tests, set_returns_its_code_and_escapes);
	tcase_add_test(tests, too_long_is_cut);
	tcase_add_test(tests, errno_chooses_the_code);
	tcase_add_test(tests, prefix_keeps_code_and_text);
	return fixture_run(suite);
}
