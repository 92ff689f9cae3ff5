#include "config.h"

#include "truststore/base/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/cli_priv.h"
#include "truststore/base/program.h"

const struct cli_option cli_common[] = {
	{ "config", 0, "FILE", false, false, "configuration file (default /etc/tvs/tvs.conf)" },
	{ "store", 0, "DIR", false, false, "store directory, instead of the configured one" },
	{ "json", 0, NULL, false, false, "print JSON" },
	{ "verbose", 'v', NULL, false, false, "say more" },
	{ "quiet", 'q', NULL, false, false, "say less: no warnings" },
	{ "help", 'h', NULL, false, false, "explain the program, or the command, and stop" },
	{ "version", 'V', NULL, false, false, "print the version and stop" },
	{ "completion", 0, "SHELL", false, false, "print a completion script (bash) and stop" },
	{ NULL, 0, NULL, false, false, NULL },
};

static const struct cli_option *find_in(const struct cli_option *table, const char *name, size_t len,
                                        char letter)
{
	for (; table && table->name; table++)
		if (name ? strlen(table->name) == len && !memcmp(table->name, name, len)
		         : table->letter == letter)
			return table;
	return NULL;
}

/* Finds an option by name, or by letter where `name` is NULL: the command's own, the program's, the common
 * ones; then, because a command may come later, that of any command. */
static const struct cli_option *find_option(const struct cli *cli, const char *name, size_t len,
                                            char letter)
{
	const struct cli_option *found = NULL;
	if (cli->command)
		found = find_in(cli->command->options, name, len, letter);
	if (!found)
		found = find_in(cli->program->options, name, len, letter);
	if (!found)
		found = find_in(cli_common, name, len, letter);
	const struct cli_command *command = cli->program->commands;
	for (; !found && command && command->name; command++)
		found = find_in(command->options, name, len, letter);
	return found;
}

static bool is_option_word(const char *word)
{
	return word[0] == '-' && word[1];
}

static int add_given(struct cli *cli, const struct cli_option *option, const char *value,
                     bool again, struct err *err)
{
	if (option->argument && !option->repeat && !again && cli_has(cli, option->name))
		return err_set(err, ERR_USAGE, "option --%s is given twice", option->name);
	cli->given[cli->given_count++] = (struct cli_given){ option, value };
	return 0;
}

/* Adds an option with the value that stands in its own word (NULL: none), or in argv[*i] onwards. */
static int take_value(struct cli *cli, const struct cli_option *option, const char *own, int argc,
                      char **argv, int *i, struct err *err)
{
	if (!option->argument) {
		if (own)
			return err_set(err, ERR_USAGE, "option --%s takes no value", option->name);
		return add_given(cli, option, "", false, err);
	}
	if (own)
		return add_given(cli, option, own, false, err);
	if (*i >= argc || (!strncmp(argv[*i], "--", 2)))
		return err_set(err, ERR_USAGE, "option --%s needs a value: %s", option->name,
		               option->argument);
	int rc = add_given(cli, option, argv[(*i)++], false, err);
	int used;
	if (!option->many || (cli->program->commands && !cli_find_command(cli, &used)))
		return rc; /* before the command a word must stay the command */
	while (!rc && *i < argc && !is_option_word(argv[*i]))
		rc = add_given(cli, option, argv[(*i)++], true, err);
	return rc;
}

static int take_long(struct cli *cli, int argc, char **argv, int *i, struct err *err)
{
	const char *name = argv[*i] + 2, *own = strchr(name, '=');
	size_t len = own ? (size_t)(own - name) : strlen(name);
	const struct cli_option *option = find_option(cli, name, len, 0);
	++*i;
	if (!option)
		return err_set(err, ERR_USAGE, "there is no option --%.*s", (int)(len & 0xffff), name);
	return take_value(cli, option, own ? own + 1 : NULL, argc, argv, i, err);
}

/* "-v", "-vq", "-oFILE", "-o FILE". */
static int take_letters(struct cli *cli, int argc, char **argv, int *i, struct err *err)
{
	const char *at = argv[(*i)++] + 1;
	int rc = 0;
	while (!rc && *at) {
		char letter = *at++;
		const struct cli_option *option = find_option(cli, NULL, 0, letter);
		if (!option)
			return err_set(err, ERR_USAGE, "there is no option -%c", letter);
		const char *own = option->argument && *at ? at : NULL;
		rc = take_value(cli, option, own, argc, argv, i, err);
		if (own)
			break;
	}
	return rc;
}

static int parse_words(struct cli *cli, int argc, char **argv, struct err *err)
{
	bool only_words = false;
	int rc = 0, used;
	for (int i = 1; !rc && i < argc;) {
		if (only_words || !is_option_word(argv[i])) {
			cli->words[cli->word_count++] = argv[i++];
			cli->command = cli_find_command(cli, &used);
		} else if (!strcmp(argv[i], "--")) {
			only_words = true;
			i++;
		} else if (argv[i][1] == '-') {
			rc = take_long(cli, argc, argv, &i, err);
		} else {
			rc = take_letters(cli, argc, argv, &i, err);
		}
	}
	return rc;
}

/* Options of another command were let through while the command was not known. */
static int check_options(const struct cli *cli, struct err *err)
{
	for (int i = 0; i < cli->given_count; i++) {
		const char *name = cli->given[i].option->name;
		size_t len = strlen(name);
		if (!find_in(cli_common, name, len, 0) && !find_in(cli->program->options, name, len, 0) &&
		    !(cli->command && find_in(cli->command->options, name, len, 0)))
			return err_set(err, ERR_USAGE, "option --%s does not belong to '%s'", name,
			               cli->command->name);
	}
	return 0;
}

static int check_arguments(const struct cli *cli, struct err *err)
{
	const struct cli_command *command = cli->command;
	int count = cli_argc(cli), max = command ? command->max : 0, min = command ? command->min : 0;
	if (max >= 0 && count > max)
		return err_set(err, ERR_USAGE, "'%s' is one argument too many", cli_arg(cli, max));
	if (count < min)
		return err_set(err, ERR_USAGE, "'%s' needs %s", command->name, command->arguments);
	return 0;
}

static int choose_command(struct cli *cli, struct err *err)
{
	if (!cli->program->commands)
		return 0;
	cli->command = cli_find_command(cli, &cli->first);
	if (cli->command)
		return 0;
	if (cli->word_count)
		return cli_no_such_command(cli, err);
	return err_set(err, ERR_USAGE, "a command is missing; see %s --help", cli->program->name);
}

/* What stops before any command runs: --help, --version, --completion. True if it was one. */
static bool answer_at_once(struct cli *cli, int *code, struct err *err)
{
	int used;
	*code = EXIT_YES;
	const struct cli_command *command = cli_find_command(cli, &used);
	if (cli_has(cli, "help") && command) {
		cli_print_command_help(cli->program, command);
	} else if (cli_has(cli, "help")) {
		cli_print_help(cli->program);
	} else if (cli_has(cli, "version")) {
		printf("%s %s\n", cli->program->name, PACKAGE_VERSION);
	} else if (cli_has(cli, "completion")) {
		if (!strcmp(cli_option(cli, "completion"), "bash")) {
			cli_print_completion(cli->program);
		} else {
			err_set(err, ERR_USAGE, "completion is made for bash only");
			*code = cli_fail(cli, err);
		}
	} else {
		return false;
	}
	return true;
}

/* A program that could not print its answer has not given it. */
static int finish_output(const struct cli *cli, int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return code == EXIT_FAILED ? code : cli_failf(cli, "cannot write to standard output");
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct err err;
	int code;
	int rc = parse_words(cli, argc, argv, &err);
	if (!rc && answer_at_once(cli, &code, &err))
		return code;
	if (!rc)
		rc = choose_command(cli, &err);
	if (!rc)
		rc = check_options(cli, &err);
	if (!rc)
		rc = check_arguments(cli, &err);
	if (rc)
		return cli_fail(cli, &err);
	return cli->command ? cli->command->run(cli) : cli->program->run(cli);
}

int cli_main(const struct cli_program *program, int argc, char **argv, void *context)
{
	struct cli cli = { .program = program, .context = context };
	struct err err;
	size_t letters = 1;
	signal(SIGXFSZ, SIG_IGN); /* a file that grows over RLIMIT_FSIZE is an error that names it, not a silent end */
	if (program_streams(&err))
		return cli_fail(&cli, &err);
	for (int i = 0; i < argc; i++)
		letters += strlen(argv[i]) + 1; /* no word gives more options than it has letters */
	cli.given = calloc(letters, sizeof *cli.given);
	cli.words = calloc((size_t)argc + 1, sizeof *cli.words);
	int code = cli.given && cli.words ? run(&cli, argc, argv)
	                                  : cli_failf(&cli, "out of memory");
	cli_progress_end(&cli);
	code = finish_output(&cli, code);
	free(cli.given);
	free(cli.words);
	return code;
}

void *cli_context(const struct cli *cli)
{
	return cli->context;
}

int cli_argc(const struct cli *cli)
{
	return cli->word_count - cli->first;
}

const char *cli_arg(const struct cli *cli, int i)
{
	return i >= 0 && i < cli_argc(cli) ? cli->words[cli->first + i] : NULL;
}

const char *cli_option_at(const struct cli *cli, const char *name, int i)
{
	for (int at = 0; at < cli->given_count; at++)
		if (!strcmp(cli->given[at].option->name, name) && i-- == 0)
			return cli->given[at].value;
	return NULL;
}

const char *cli_option(const struct cli *cli, const char *name)
{
	for (int at = cli->given_count; at > 0; at--)
		if (!strcmp(cli->given[at - 1].option->name, name))
			return cli->given[at - 1].value;
	return NULL;
}

bool cli_has(const struct cli *cli, const char *name)
{
	return cli_option(cli, name) != NULL;
}

bool cli_json(const struct cli *cli)
{
	return cli_has(cli, "json");
}

bool cli_quiet(const struct cli *cli)
{
	return cli_has(cli, "quiet");
}

bool cli_verbose(const struct cli *cli)
{
	return cli_has(cli, "verbose");
}
