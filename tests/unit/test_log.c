#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/log.h"
#include <unistd.h>

static char *drain(int fd)
{
	static char text[400000];
	size_t n = 0;
	ssize_t got;
	while (n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return text;
}

START_TEST(lines_reach_a_pipe)
{
	int pipes[2];
	ck_assert_int_eq(pipe(pipes), 0);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	log_line(log, LOG_LEVEL_INFO, "hello x=%d", 1);
	log_line(log, LOG_LEVEL_DEBUG, "not shown");
	log_line(log, LOG_LEVEL_ERROR, "a\nb");
	log_free(log);
	close(pipes[1]);
	ck_assert_str_eq(drain(pipes[0]), "<6>hello x=1\n<3>a\\x0ab\n");
	close(pipes[0]);
}
END_TEST

START_TEST(full_pipe_never_blocks)
{
	int pipes[2];
	ck_assert_int_eq(pipe(pipes), 0);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	for (int i = 0; i < 5000; i++)
		log_line(log, LOG_LEVEL_INFO, "line n=%d %050d", i, 0);
	ck_assert_uint_gt(log_lost(log), 1000);
	close(pipes[1]);
	log_free(log);
	close(pipes[0]);
}
END_TEST

static const TTest *const *const all[] = { &lines_reach_a_pipe, &full_pipe_never_blocks };

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
