#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/out.h"

START_TEST(text_is_escaped)
{
	json_t *value = out_text("a\x1b\xff", 3);
	ck_assert_str_eq(json_string_value(value), "a\\x1b\\xff");
	json_decref(value);
}
END_TEST

static const TTest *const *const all[] = { &text_is_escaped };

int main(void)
{
	Suite *suite = suite_create("out");
	TCase *tests = tcase_create("out");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
