/* Commands that are fed a message: they end well, badly, or not at all. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certmon/spawn.h"
#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"

static char command[128];

static void setup(void)
{
	fixture_setup();
	signal(SIGPIPE, SIG_IGN);
}

/* A shell script of these words, which can say $dir. */
static void script(const char *words)
{
	snprintf(command, sizeof command, "%s/command", fixture_path);
	FILE *file = fopen(command, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\ndir=%s\n%s\n", fixture_path, words);
	fclose(file);
	ck_assert_int_eq(chmod(command, 0700), 0);
}

static pid_t pid_in(const char *name)
{
	char path[128];
	int pid = 0;
	snprintf(path, sizeof path, "%s/%s", fixture_path, name);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

/* True once the process is gone, or dead and only not yet collected by whom it was left to. */
static bool ends(pid_t pid)
{
	enum { WAIT_US = 5000000 };
	char path[64], state = 0;
	for (int64_t begin = clock_monotonic_us(); clock_monotonic_us() < begin + WAIT_US; usleep(1000)) {
		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		FILE *file = fopen(path, "r");
		if (!file)
			return true;
		int got = fscanf(file, "%*d %*s %c", &state);
		fclose(file);
		if (got != 1 || state == 'Z')
			return true;
	}
	return false;
}

START_TEST(one_that_takes_it)
{
	script("cat >$dir/got; [ \"$1\" = a@example.test ]");
	ck_assert_msg(!spawn_feed(command, "a@example.test", "words\n", 6, 10, &fixture_err), "%s", err_text(&fixture_err));
}
END_TEST

START_TEST(ones_that_fail)
{
	script("exit 75");
	ck_assert_int_eq(spawn_feed(command, NULL, "words\n", 6, 10, &fixture_err), ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err_text(&fixture_err), "ended with status 75"));
	script("kill -9 $$");
	ck_assert_int_eq(spawn_feed(command, NULL, "words\n", 6, 10, &fixture_err), ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err_text(&fixture_err), "ended by signal 9"));
	ck_assert_int_eq(spawn_feed("/nonexistent/command", NULL, "words\n", 6, 10, &fixture_err), ERR_SYSTEM);
	ck_assert_int_eq(spawn_feed(" ", NULL, "words\n", 6, 10, &fixture_err), ERR_CONFIG);
}
END_TEST

/* It reads nothing, ignores signals, and has a child that does the same. */
START_TEST(one_that_never_ends)
{
	size_t len = 1 << 20; /* more than a pipe takes */
	char *input = calloc(1, len);
	ck_assert_ptr_nonnull(input);
	script("trap '' TERM INT HUP\necho $$ >$dir/parent\n(while :; do sleep 1; done) &\necho $! >$dir/child\n"
	       "while :; do sleep 1; done");
	int64_t begin = clock_monotonic_us();
	ck_assert_int_eq(spawn_feed(command, NULL, input, len, 1, &fixture_err), ERR_TIMEOUT);
	ck_assert_int_lt(clock_monotonic_us() - begin, 10000000);
	ck_assert_ptr_nonnull(strstr(err_text(&fixture_err), "not done within 1 second"));
	ck_assert(ends(pid_in("parent")));
	ck_assert(ends(pid_in("child")));
	free(input);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("certmon commands", &tests);
	tcase_add_checked_fixture(tests, setup, fixture_teardown);
	tcase_add_test(tests, one_that_takes_it);
	tcase_add_test(tests, ones_that_fail);
	tcase_add_test(tests, one_that_never_ends);
	return fixture_run(suite);
}
