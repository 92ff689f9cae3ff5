#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truststore/base/conf.h"

static char folder[] = "/tmp/test_conf-XXXXXX", path[64];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/t.conf", folder);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
}

static void write_bytes(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static struct conf *good(const char *text)
{
	struct conf *conf = NULL;
	struct err err = { 0, "" };
	write_bytes(text, strlen(text));
	ck_assert_msg(!conf_load(path, &conf, &err), "%s", err.text);
	return conf;
}

/* All mistakes of a text, each on a line, without the name of the file. */
static char found[8192];

static void collect(const char *text, void *arg)
{
	size_t used = strlen(found), skip = strlen(path);
	(void)arg;
	ck_assert_msg(!strncmp(text, path, skip), "%s", text);
	snprintf(found + used, sizeof found - used, "%s\n", text + skip + 1);
}

static void bad_bytes(const char *text, size_t len, const char *expected)
{
	struct conf *conf = NULL;
	struct err err;
	found[0] = '\0';
	write_bytes(text, len);
	ck_assert_int_eq(conf_check(path, collect, NULL), ERR_CONFIG);
	ck_assert_str_eq(found, expected);
	ck_assert_int_eq(conf_load(path, &conf, &err), ERR_CONFIG);
	ck_assert_ptr_null(conf);
	found[strcspn(found, "\n")] = '\0';
	ck_assert_str_eq(err.text + strlen(path) + 1, found);
}

static void bad(const char *text, const char *expected)
{
	bad_bytes(text, strlen(text), expected);
}

START_TEST(defaults)
{
	struct conf *conf = good("");
	ck_assert_str_eq(conf_text(conf, "store", "path"), "/var/lib/tvs");
	ck_assert(!conf_flag(conf, "security", "fips"));
	ck_assert(conf_flag(conf, "certmon", "syslog"));
	ck_assert_int_eq(conf_number(conf, "tvsd", "handshake-timeout"), 10);
	ck_assert_int_eq(conf_number(conf, "tvsd", "workers"), 0);
	ck_assert_ptr_null(conf_text(conf, "tvsd", "ciphers"));
	ck_assert_str_eq(conf_list(conf, "tvsd", "listen")[1], "[::]:2445");
	ck_assert_ptr_null(conf_list(conf, "tvsd", "listen")[2]);
	ck_assert_ptr_null(conf_list(conf, "certmon", "to")[0]);
	ck_assert(!conf_is_set(conf, "store", "path"));
	ck_assert_uint_eq(conf_line(conf, "store", "path"), 0);
	ck_assert_ptr_null(conf_instance(conf, "tvsd", 0));
	conf_free(conf);
}
END_TEST

START_TEST(mistakes_name_their_line)
{
	bad("[store]\npath = /x\n path = /y\n", "3: begins with a blank: neither continued lines nor "
	    "indented ones are taken\n");
	bad("[store]\npath = /x\npath = /y\n", "3: [store] path: repeated, it stands in line 2\n");
	bad("[tvsd]\nworkers = 0\n", "2: [tvsd] workers: '0' is not within 1 and 256\n");
	bad("[nope]\na = 1\n", "1: [nope]: there is no such section\n");
}
END_TEST

static const TTest *const *const all[] = { &defaults, &mistakes_name_their_line };

int main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tests = tcase_create("conf");
	tcase_add_checked_fixture(tests, setup, teardown);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
