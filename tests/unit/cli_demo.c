/* A program with the shapes of command line that ours have, for tests/cli/cli.sh: prints what it understood. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "truststore/base/cli.h"

static void print_option(const struct cli *cli, const char *name)
{
	for (int i = 0; cli_option_at(cli, name, i); i++)
		printf("--%s <%s>\n", name, cli_option_at(cli, name, i));
}

static int echo(struct cli *cli)
{
	static const char *const names[] = { "config", "store", "server", "ttl", "role", "dry-run", "san", "out" };
	printf("context %s%s%s%s\n", (const char *)cli_context(cli), cli_json(cli) ? " json" : "",
	       cli_quiet(cli) ? " quiet" : "", cli_verbose(cli) ? " verbose" : "");
	for (int i = 0; i < cli_argc(cli); i++)
		printf("<%s>\n", cli_arg(cli, i));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		print_option(cli, names[i]);
	cli_warn(cli, "watch\nout");
	return EXIT_YES;
}

static int no(struct cli *cli)
{
	(void)cli;
	return EXIT_NO;
}

static int flood(struct cli *cli)
{
	(void)cli;
	for (int i = 0; i < 100000; i++)
		puts("a line that fills the disk");
	return EXIT_YES;
}

static int ask(struct cli *cli)
{
	struct err err;
	if (cli_ask(cli, strcmp(cli_arg(cli, 0), "strict"), "yes", &err, "Remove %s?", cli_arg(cli, 0)))
		return cli_fail(cli, &err);
	puts("removed");
	return EXIT_YES;
}

static int progress(struct cli *cli)
{
	size_t total = strtoul(cli_arg(cli, 0), NULL, 10);
	struct timespec pause = { 0, 10000000 };
	for (size_t i = 1; i <= 150; i++) {
		cli_progress(cli, "reading", i, total);
		nanosleep(&pause, NULL);
	}
	cli_progress_end(cli);
	puts("done");
	return EXIT_YES;
}

static const struct cli_option add_options[] = {
	{ "ttl", 't', "SECONDS", false, false, "how long phones may remember the answer, which is a text of some "
	  "length that must be broken into several lines of the help" },
	{ "role", 0, "ROLE", true, true, "roles, fewer than the store gives" },
	{ "dry-run", 'n', NULL, false, false, "change nothing" },
	{ NULL, 0, NULL, false, false, NULL },
};
static const struct cli_option new_options[] = {
	{ "san", 0, "NAME", true, true, "alternative names" },
	{ "out", 'o', "FILE", false, false, "write there" },
	{ NULL, 0, NULL, false, false, NULL },
};
static const struct cli_option ask_options[] = {
	{ "yes", 'y', NULL, false, false, "do not ask" },
	{ NULL, 0, NULL, false, false, NULL },
};
static const struct cli_option options[] = {
	{ "server", 's', "HOST[:PORT]", true, false, "whom to ask" },
	{ NULL, 0, NULL, false, false, NULL },
};
static const struct cli_command commands[] = {
	{ "add", "STORE FILE...", 2, -1, add_options, echo, "adds certificates" },
	{ "list", "[STORE]", 0, 1, NULL, echo, "lists certificates" },
	{ "stores", "", 0, 0, NULL, echo, "lists the stores" },
	{ "stores add", "NAME", 1, 1, add_options, echo, "adds a store" },
	{ "identity new", "PURPOSE", 1, 1, new_options, echo, "makes an own certificate" },
	{ "identity list", "", 0, 0, NULL, echo, "lists own certificates" },
	{ "no", "", 0, 0, NULL, no, "says no" },
	{ "flood", "", 0, 0, NULL, flood, "prints much" },
	{ "ask", "WHAT", 1, 1, ask_options, ask, "asks" },
	{ "progress", "TOTAL", 1, 1, NULL, progress, "takes a while" },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL },
};
static const char *role(size_t i)
{
	static const char *const roles[] = { "CCM", "CCM+TFTP", "TFTP" };
	return i < sizeof roles / sizeof roles[0] ? roles[i] : NULL;
}

static const char *none(size_t i)
{
	return i == 0 ? "none" : NULL;
}

static const char *thing(size_t i)
{
	static const char *const things[] = { "TVS", "tomcat" };
	return i < sizeof things / sizeof things[0] ? things[i] : NULL;
}

static const struct cli_words words[] = {
	{ "PURPOSE", NULL, thing }, { "STORE", NULL, thing }, { "--role", NULL, role }, { "--role", "stores add", none },
	{ NULL, NULL, NULL },
};
static const struct cli_program with_commands = {
	.name = "demo", .summary = "Shows what it understood.", .options = options, .commands = commands, .words = words,
};
static const struct cli_program without_commands = {
	.name = "demod", .summary = "Has no commands.", .options = options, .run = echo,
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "as-daemon"))
		return cli_main(&without_commands, argc - 1, argv + 1, (char[]){ "daemon" });
	return cli_main(&with_commands, argc, argv, (char[]){ "demo" });
}
