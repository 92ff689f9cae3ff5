#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/outfile.h"
#include <sys/stat.h>
#include <unistd.h>

START_TEST(write_and_read)
{
	char folder[] = "/tmp/test_outfile-XXXXXX", path[64], *text;
	size_t len;
	struct err err;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/f", folder);
	ck_assert_int_eq(outfile_write(path, 0640, false, "abc", 3, &err), 0);
	ck_assert_int_eq(outfile_write(path, 0640, false, "abc", 3, &err), ERR_EXISTS);
	ck_assert_int_eq(infile_read(path, 3, &text, &len, &err), 0);
	ck_assert_str_eq(text, "abc");
	free(text);
	ck_assert_int_eq(infile_read(path, 2, &text, &len, &err), ERR_LIMIT);
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static const TTest *const *const all[] = { &write_and_read };

int main(void)
{
	Suite *suite = suite_create("outfile");
	TCase *tests = tcase_create("outfile");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
