#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"

static int saved, file;

/* Catches standard output. */
static void setup(void)
{
	char name[] = "/tmp/test_out-XXXXXX";
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	file = mkstemp(name);
	ck_assert_int_ge(file, 0);
	unlink(name);
	dup2(file, STDOUT_FILENO);
}

static char *printed(void)
{
	static char text[4096];
	fflush(stdout);
	ssize_t n = pread(file, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_int_eq(ftruncate(file, 0), 0);
	ck_assert_int_eq(lseek(file, 0, SEEK_SET), 0);
	return text;
}

static void teardown(void)
{
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(file);
}

START_TEST(json_keeps_its_order)
{
	struct err err;
	json_t *object = json_pack("{s:i, s:s, s:o, s:o}", "z", 1, "a", "\xc3\xbc", "t", out_time(0), "n",
	                           out_time(CLOCK_NEVER));
	ck_assert_int_eq(out_json(object, &err), 0);
	ck_assert_str_eq(printed(), "{\n  \"z\": 1,\n  \"a\": \"\xc3\xbc\",\n"
	                            "  \"t\": \"1970-01-01T00:00:00Z\",\n  \"n\": null\n}\n");
	ck_assert_int_eq(out_json(json_string("alone"), &err), 0);
	ck_assert_str_eq(printed(), "\"alone\"\n");
	ck_assert_int_eq(out_json(NULL, &err), ERR_MEMORY);
}
END_TEST

START_TEST(json_that_cannot_be_written)
{
	struct err err;
	json_t *array = json_array();
	int full = open("/dev/full", O_WRONLY);
	for (int i = 0; i < 10000; i++)
		json_array_append_new(array, json_integer(i));
	dup2(full, STDOUT_FILENO);
	int rc = out_json(array, &err);
	dup2(file, STDOUT_FILENO);
	clearerr(stdout);
	close(full);
	ck_assert_int_eq(rc, ERR_FULL);
}
END_TEST

START_TEST(text_is_escaped)
{
	static const struct { const char *bytes; size_t len; const char *expected; } rows[] = {
		{ "plain", 5, "plain" }, { "a\x1b\xff", 3, "a\\x1b\\xff" }, { "a\0b", 3, "a\\x00b" },
		{ "\"\\", 2, "\"\\" }, { "\xe2\x80\xae", 3, "\\xe2\\x80\\xae" }, { "", 0, "" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *value = out_text(rows[i].bytes, rows[i].len);
		ck_assert_str_eq(json_string_value(value), rows[i].expected);
		json_decref(value);
	}
}
END_TEST

START_TEST(table_is_aligned)
{
	struct out_table *table = out_table_new((const char *const[]){ "NAME", "N", "TEXT" }, 3);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "M\xc3\xbcnchen", "1", "one two" }), 0);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "a\nb", "1000", NULL }), 0);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "c", NULL, "" }), 0);
	out_table_print(table, stdout);
	ck_assert_str_eq(printed(), "NAME     N     TEXT\n"
	                            "M\xc3\xbcnchen  1     one two\n"
	                            "a\\x0ab   1000\n"
	                            "c\n");
	out_table_free(table);
	out_table_free(NULL);
}
END_TEST

START_TEST(table_in_pieces)
{
	struct err err;
	struct out_table *table = out_table_new((const char *const[]){ "A", "B" }, 2);
	out_table_print(table, stdout);
	ck_assert_int_eq(out_table_flush(table, stdout, &err), ERR_OK);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "wide", "1" }), 0);
	ck_assert_int_eq(out_table_flush(table, stdout, &err), ERR_OK);
	ck_assert_int_eq(out_table_flush(table, stdout, &err), ERR_OK);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "a", "2" }), 0);
	ck_assert_int_eq(out_table_flush(table, stdout, &err), ERR_OK);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "wider", "3" }), 0);
	ck_assert_int_eq(out_table_row(table, (const char *const[]){ "b", "4" }), 0);
	out_table_print(table, stdout);
	ck_assert_str_eq(printed(), "A     B\n"
	                            "wide  1\n"
	                            "a     2\n"
	                            "wider  3\n"
	                            "b      4\n");
	FILE *full = fopen("/dev/full", "w");
	setvbuf(full, NULL, _IONBF, 0);
	ck_assert_int_lt(out_table_flush(table, full, &err), ERR_OK);
	fclose(full);
	out_table_free(table);
}
END_TEST

START_TEST(table_of_many_rows)
{
	struct out_table *table = out_table_new((const char *const[]){ "N" }, 1);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(out_table_row(table, (const char *const[]){ "x" }), 0);
	out_table_print(table, stdout);
	ck_assert_uint_eq(strlen(printed()), 2002);
	out_table_free(table);
}
END_TEST

START_TEST(printf_escapes_arguments)
{
	out_printf("a\nb %s %d\n", "c\nd\x1b", 7);
	ck_assert_str_eq(printed(), "a\nb c\\x0ad\\x1b 7\n");
	out_printf("%s", "\n \n");
	ck_assert_str_eq(printed(), "\\x0a \\x0a");
	out_printf("\n");
	ck_assert_str_eq(printed(), "\n");
	out_printf("%5s|%-5s|\xc3\xbc\xff\n", "\n", " ");
	ck_assert_str_eq(printed(), "    \\x0a|     |\xc3\xbc\\xff\n");
}
END_TEST

static const TTest *const *const all[] = { &json_keeps_its_order, &json_that_cannot_be_written,
	&text_is_escaped, &table_is_aligned, &table_in_pieces, &table_of_many_rows, &printf_escapes_arguments };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("out", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	return fixture_run(suite);
}
