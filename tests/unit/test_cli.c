#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/cli.h"

/* What the command understood: "add S F --ttl 7". */
static char heard[512];
static int result;

static void hear(const char *format, const char *a, const char *b)
{
	size_t used = strlen(heard);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(heard + used, sizeof heard - used, format, a, b);
#pragma GCC diagnostic pop
}

static int run(struct cli *cli, const char *name)
{
	static const char *const names[] = { "config", "json", "server", "ttl", "role", "dry-run", "note" };
	hear("%s", name, NULL);
	for (int i = 0; i < cli_argc(cli); i++)
		hear(" [%s]", cli_arg(cli, i), NULL);
	ck_assert_ptr_null(cli_arg(cli, cli_argc(cli)));
	ck_assert_ptr_null(cli_arg(cli, -1));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *last = NULL;
		for (int at = 0; cli_option_at(cli, names[i], at); at++)
			hear(" %s=%s", names[i], last = cli_option_at(cli, names[i], at));
		ck_assert_ptr_eq(cli_option(cli, names[i]), last);
		ck_assert_int_eq(cli_has(cli, names[i]), last != NULL);
	}
	ck_assert_int_eq(cli_json(cli), cli_has(cli, "json"));
	ck_assert_ptr_eq(cli_context(cli), &result);
	return result;
}

static int run_add(struct cli *cli)
{
	return run(cli, "add");
}
static int run_list(struct cli *cli)
{
	return run(cli, "list");
}
static int run_stores(struct cli *cli)
{
	return run(cli, "stores");
}
static int run_stores_add(struct cli *cli)
{
	return run(cli, "stores add");
}
static int run_new(struct cli *cli)
{
	return run(cli, "new");
}

static const struct cli_option add_options[] = {
	{ "ttl", 't', "SECONDS", false, false, "how long" },
	{ "role", 0, "ROLE", true, true, "roles" },
	{ "dry-run", 'n', NULL, false, false, "change nothing" },
	{ NULL, 0, NULL, false, false, NULL } };
static const struct cli_option new_options[] = {
	{ "note", 0, "TEXT", false, false, "a note" },
	{ NULL, 0, NULL, false, false, NULL } };
static const struct cli_option options[] = {
	{ "server", 's', "HOST", true, false, "whom to ask" },
	{ NULL, 0, NULL, false, false, NULL } };
static const struct cli_command commands[] = {
	{ "add", "STORE FILE...", 2, -1, add_options, run_add, "adds certificates" },
	{ "list", "[STORE]", 0, 1, NULL, run_list, "lists" },
	{ "stores", "", 0, 0, NULL, run_stores, "lists stores" },
	{ "stores add", "NAME", 1, 1, add_options, run_stores_add, "adds a store" },
	{ "identity new", "PURPOSE", 1, 1, new_options, run_new, "makes one" },
	{ "identity list", "", 0, 0, NULL, run_list, "lists own" },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL } };
static const struct cli_program program = {
	.name = "prog", .summary = "Does things.", .options = options, .commands = commands,
};
static const struct cli_program daemon_program = {
	.name = "progd", .summary = "Stays.", .options = options, .run = run_list,
};

/* Splits at blanks, calls, and gives what was written to `stream`'s descriptor. */
static int call(const struct cli_program *what, const char *line, int fd, char *text, size_t size)
{
	char copy[512], *argv[64] = { NULL }, *rest = copy;
	int argc = 0, saved = dup(fd);
	FILE *file = tmpfile();
	snprintf(copy, sizeof copy, "%s", line);
	while (argc < 63 && (argv[argc] = strsep(&rest, " ")))
		argc++;
	heard[0] = '\0';
	fflush(NULL);
	dup2(fileno(file), fd);
	int code = cli_main(what, argc, argv, &result);
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	rewind(file);
	size_t n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
	return code;
}

static void understands(const char *line, const char *expected)
{
	char text[1024];
	result = 1;
	int code = call(*line == 'd' ? &daemon_program : &program, line, STDERR_FILENO, text, sizeof text);
	ck_assert_msg(code == 1, "%s: %d %s", line, code, text);
	ck_assert_str_eq(heard, expected);
	ck_assert_str_eq(text, "");
}

/* One line on standard error, nothing is run, exit code 2. */
static void refuses(const char *line, const char *expected)
{
	char text[1024], whole[1024];
	result = 0;
	int code = call(*line == 'd' ? &daemon_program : &program, line, STDERR_FILENO, text, sizeof text);
	ck_assert_int_eq(code, EXIT_FAILED);
	snprintf(whole, sizeof whole, "%s: %s\n", *line == 'd' ? "progd" : "prog", expected);
	ck_assert_str_eq(text, whole);
	ck_assert_str_eq(heard, "");
}

START_TEST(takes)
{
	understands("p add S F", "add [S] [F]");
	understands("p add S - F", "add [S] [-] [F]");
	understands("p --ttl 7 add S F", "add [S] [F] ttl=7");
	understands("p add --ttl=7 S --json F", "add [S] [F] json= ttl=7");
	understands("p add S F -t7", "add [S] [F] ttl=7");
	understands("p add S F -nt 7", "add [S] [F] ttl=7 dry-run=");
	understands("p add S F --ttl -1d", "add [S] [F] ttl=-1d");
	understands("p add S F --ttl -", "add [S] [F] ttl=-");
	understands("p add S F --ttl=--x", "add [S] [F] ttl=--x");
	understands("p add S F --ttl=", "add [S] [F] ttl=");
	understands("p add S F --ttl=a=b", "add [S] [F] ttl=a=b");
	understands("p add S F --role CCM TFTP --dry-run", "add [S] [F] role=CCM role=TFTP dry-run=");
	understands("p add --role CCM --role TFTP -n S F", "add [S] [F] role=CCM role=TFTP dry-run=");
	understands("p add --role CCM TFTP -- S F", "add [S] [F] role=CCM role=TFTP");
	understands("p --role CCM add S F", "add [S] [F] role=CCM");
	understands("p add --role=CCM S F", "add [S] [F] role=CCM");
	understands("p add S -- --ttl -x --", "add [S] [--ttl] [-x] [--]");
	understands("p list --server a -s b -sc", "list server=a server=b server=c");
	understands("p list --json --json -v -vq", "list json= json=");
	understands("p list", "list");
	understands("p stores", "stores");
	understands("p stores add X", "stores add [X]");
	understands("p stores --config f add X", "stores add [X] config=f");
	understands("p --role A stores add X", "stores add [X] role=A");
	understands("p stores add X --role A B", "stores add [X] role=A role=B");
	understands("p identity new TVS --note x", "new [TVS] note=x");
	understands("p identity --note new new TVS", "new [TVS] note=new");
	understands("p identity list", "list");
	understands("d", "list");
	understands("d --server a --config c", "list config=c server=a");
}
END_TEST

START_TEST(refuses_what_is_wrong)
{
	refuses("p", "a command is missing; see prog --help");
	refuses("p nothing", "there is no command 'nothing'; see prog --help");
	refuses("p lst", "there is no command 'lst'; did you mean 'list'?");
	refuses("p identity nwe TVS", "there is no command 'identity nwe'; did you mean 'identity new'?");
	refuses("p identity", "'identity' needs one of: new, list");
	refuses("p identity --json", "'identity' needs one of: new, list");
	refuses("p add", "'add' needs STORE FILE...");
	refuses("p add S", "'add' needs STORE FILE...");
	refuses("p list A B", "'B' is one argument too many");
	refuses("p stores ad", "'ad' is one argument too many");
	refuses("p list --nothing", "there is no option --nothing");
	refuses("p list --nothing=x", "there is no option --nothing");
	refuses("p list --conf x", "there is no option --conf");
	refuses("p list -x", "there is no option -x");
	refuses("p list -vx", "there is no option -x");
	refuses("p list -\x1b", "there is no option -\\x1b");
	refuses("p list --ttl 7", "option --ttl does not belong to 'list'");
	refuses("p --note x add S F", "option --note does not belong to 'add'");
	refuses("p add S F --ttl", "option --ttl needs a value: SECONDS");
	refuses("p add S F --ttl --json", "option --ttl needs a value: SECONDS");
	refuses("p add S F -t", "option --ttl needs a value: SECONDS");
	refuses("p add S F --ttl 1 --ttl 2", "option --ttl is given twice");
	refuses("p add S F --json=1", "option --json takes no value");
	refuses("p --completion fish", "completion is made for bash only");
	refuses("d word", "'word' is one argument too many");
	refuses("d --ttl 1", "there is no option --ttl");
}
END_TEST

START_TEST(help_comes_from_the_tables)
{
	char text[8192];
	result = 1;
	ck_assert_int_eq(call(&program, "p --help", STDOUT_FILENO, text, sizeof text), 0);
	ck_assert(strstr(text, "Usage: prog [OPTION]... COMMAND") == text);
	for (const struct cli_command *row = commands; row->name; row++)
		ck_assert_ptr_nonnull(strstr(text, row->name));
	ck_assert_ptr_nonnull(strstr(text, "-s, --server HOST"));
	ck_assert_ptr_nonnull(strstr(text, "--config FILE"));
	ck_assert_ptr_null(strstr(text, "--ttl"));
	ck_assert_int_eq(call(&program, "p add --help", STDOUT_FILENO, text, sizeof text), 0);
	ck_assert(strstr(text, "Usage: prog add [OPTION]... STORE FILE...\nadds certificates\n") == text);
	ck_assert_ptr_nonnull(strstr(text, "-t, --ttl SECONDS"));
	ck_assert_ptr_nonnull(strstr(text, "--role ROLE..."));
	ck_assert_ptr_nonnull(strstr(text, "--json"));
	ck_assert_int_eq(call(&program, "p -h identity new", STDOUT_FILENO, text, sizeof text), 0);
	ck_assert(strstr(text, "Usage: prog identity new") == text);
	ck_assert_int_eq(call(&program, "p --version", STDOUT_FILENO, text, sizeof text), 0);
	ck_assert(strstr(text, "prog 1") == text);
	ck_assert_int_eq(call(&daemon_program, "d --help", STDOUT_FILENO, text, sizeof text), 0);
	ck_assert(strstr(text, "Usage: progd [OPTION]...\nStays.\n") == text);
	ck_assert_str_eq(heard, "");
}
END_TEST

static const TTest *const *const all[] = { &takes, &refuses_what_is_wrong, &help_comes_from_the_tables };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("cli", &tests);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	return fixture_run(suite);
}
