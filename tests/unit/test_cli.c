#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/cli.h"

static int seen_argc;
static char seen[4][64];

static int run_add(struct cli *cli)
{
	seen_argc = cli_argc(cli);
	for (int i = 0; i < 4; i++)
		snprintf(seen[i], sizeof seen[i], "%s", cli_arg(cli, i) ? cli_arg(cli, i) : "-");
	return cli_has(cli, "ttl") ? atoi(cli_option(cli, "ttl")) : 0;
}

static const struct cli_option add_options[] = { { "ttl", 0, "SECONDS", false, false, "how long" },
	{ "role", 0, "ROLE", true, true, "roles" }, { 0 } };
static const struct cli_command commands[] = {
	{ "add", "STORE FILE...", 2, -1, add_options, run_add, "adds certificates" },
	{ "identity new", "PURPOSE", 1, 1, NULL, run_add, "makes one" }, { 0 } };
static const struct cli_program program = { "prog", "Does things.", NULL, commands, NULL };

static int call(int argc, const char **argv)
{
	return cli_main(&program, argc, (char **)argv, NULL);
}

START_TEST(commands_and_options)
{
	ck_assert_int_eq(call(6, (const char *[]){ "prog", "--ttl", "7", "add", "S", "-" }), 7);
	ck_assert_int_eq(seen_argc, 2);
	ck_assert_str_eq(seen[1], "-");
	ck_assert_int_eq(call(4, (const char *[]){ "prog", "identity", "new", "TVS" }), 0);
	ck_assert_str_eq(seen[0], "TVS");
	ck_assert_int_eq(call(2, (const char *[]){ "prog", "nope" }), EXIT_FAILED);
}
END_TEST

static const TTest *const *const all[] = { &commands_and_options };

int main(void)
{
	Suite *suite = suite_create("cli");
	TCase *tests = tcase_create("cli");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
