/* tvsd: answers phones that ask whether a certificate is to be trusted. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "truststore/base/cli.h"
#include "truststore/base/clock.h"
#include "truststore/base/log.h"
#include "truststore/base/out.h"
#include "tvs/check.h"
#include "tvs/generation.h"
#include "tvs/rights.h"
#include "tvs/supervisor.h"

static enum log_level level_of(const struct cli *cli)
{
	if (cli_quiet(cli))
		return LOG_LEVEL_NOTICE;
	return cli_verbose(cli) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

static void print_finding(bool warning, const char *text, void *arg)
{
	(void)arg;
	out_printf("%s%s\n", warning ? "warning: " : "", text);
}

struct lists {
	json_t *mistakes, *warnings;
};

static void add_finding(bool warning, const char *text, void *arg)
{
	const struct lists *lists = arg;
	json_array_append_new(warning ? lists->warnings : lists->mistakes, out_text(text, strlen(text)));
}

/* --check */
static int check(struct cli *cli)
{
	const char *file = cli_option(cli, "config"), *store = cli_option(cli, "store");
	unsigned warnings;
	if (!cli_json(cli)) {
		unsigned mistakes = check_all(file, store, print_finding, NULL, &warnings);
		if (mistakes + warnings == 0 && !cli_quiet(cli))
			out_printf("no mistake found\n");
		return mistakes ? EXIT_FAILED : EXIT_YES;
	}
	struct err err;
	struct lists lists = { json_array(), json_array() };
	unsigned mistakes = check_all(file, store, add_finding, &lists, &warnings);
	json_t *result = json_pack("{s:b, s:o, s:o}", "valid", mistakes == 0, "mistakes", lists.mistakes,
	                           "warnings", lists.warnings);
	if (out_json(result, &err) != ERR_OK)
		return cli_fail(cli, &err);
	return mistakes ? EXIT_FAILED : EXIT_YES;
}

static int serve(struct cli *cli)
{
	struct err err = { 0 };
	struct generation *generation;
	struct supervisor *supervisor = NULL;
	struct supervisor_config config = {
		.level = level_of(cli), .file = cli_option(cli, "config"), .store = cli_option(cli, "store"),
	};
	signal(SIGPIPE, SIG_IGN);
	rights_harden();
	rights_raise_descriptors();
	config.log = log_new("tvsd", LOG_TO_STDERR, config.level);
	int code = generation_new(config.file, config.store, NULL, &generation, &err);
	if (code == ERR_OK)
		code = supervisor_new(&config, generation, &supervisor, &err);
	if (code == ERR_OK)
		code = supervisor_run(supervisor);
	else
		code = cli_fail(cli, &err);
	supervisor_free(supervisor);
	log_free(config.log);
	return code;
}

static int run(struct cli *cli)
{
	return cli_has(cli, "check") ? check(cli) : serve(cli);
}

static const struct cli_option options[] = {
	{ .name = "check", .help = "only look for mistakes in configuration, certificate, key and store" },
	{ .name = NULL },
};

static const struct cli_program program = {
	.name = "tvsd",
	.summary = "answers phones that ask whether a certificate is to be trusted",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	struct err err;
	if (clock_init(&err) != ERR_OK) {
		fprintf(stderr, "tvsd: %s\n", err_text(&err));
		return EXIT_FAILED;
	}
	return cli_main(&program, argc, argv, NULL);
}
