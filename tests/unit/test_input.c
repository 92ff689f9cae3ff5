#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/input.h"

static char path[256];

static const char *file(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", fixture_path, name);
	return path;
}

static void must_hold(FILE *stream, const char *text)
{
	char read[64];
	for (int i = 0; i < 2; i++) { /* again and again */
		rewind(stream);
		size_t len = fread(read, 1, sizeof read, stream);
		ck_assert_uint_eq(len, strlen(text));
		ck_assert_mem_eq(read, text, len);
	}
}

START_TEST(a_regular_file_is_read_as_it_is)
{
	FILE *made = fopen(file("regular"), "w"), *stream;
	ck_assert_ptr_nonnull(made);
	fputs("some text", made);
	fclose(made);
	ck_assert_int_eq(input_open(path, 4, &stream, &fixture_err), 0); /* the limit is for what must be copied */
	must_hold(stream, "some text");
	input_close(stream);
	input_close(NULL);
}
END_TEST

/* Opens a pipe into which another process writes the text. */
static int open_pipe(const char *text, size_t max, FILE **stream)
{
	ck_assert_int_eq(mkfifo(file("pipe"), 0600), 0);
	pid_t child = fork();
	if (child == 0) {
		FILE *to = fopen(path, "w");
		_exit(!to || fputs(text, to) < 0 || fclose(to));
	}
	int code = input_open(path, max, stream, &fixture_err);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	return code;
}

START_TEST(a_pipe_can_be_rewound)
{
	FILE *stream;
	ck_assert_int_eq(open_pipe("from a pipe", 11, &stream), 0);
	must_hold(stream, "from a pipe");
	input_close(stream);
}
END_TEST

START_TEST(a_pipe_with_too_much_is_refused)
{
	FILE *stream;
	ck_assert_int_eq(open_pipe("from a pipe", 10, &stream), ERR_LIMIT);
	ck_assert_ptr_null(stream);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, path));
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	FILE *stream;
	ck_assert_int_eq(input_open(fixture_path, 0, &stream, &fixture_err), ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "is a directory"));
	ck_assert_int_eq(input_open(file("nowhere"), 0, &stream, &fixture_err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, path));
	ck_assert_ptr_null(stream);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("input", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, a_regular_file_is_read_as_it_is);
	tcase_add_test(tests, a_pipe_can_be_rewound);
	tcase_add_test(tests, a_pipe_with_too_much_is_refused);
	tcase_add_test(tests, what_is_no_file_is_refused);
	return fixture_run(suite);
}
