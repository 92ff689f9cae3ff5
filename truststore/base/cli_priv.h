/* What the parts of the command line share: cli.c parses, cli_command.c finds the command, cli_help.c prints what the
 * tables say, cli_talk.c talks to the person who called. */
#ifndef TVS_BASE_CLI_PRIV_H
#define TVS_BASE_CLI_PRIV_H

#include <stdint.h>

#include "truststore/base/cli.h"

/* An option as it stood on the command line. */
struct cli_given {
	const struct cli_option *option;
	const char *value; /* "" where it takes none */
};

struct cli {
	const struct cli_program *program;
	const struct cli_command *command;
	void *context;
	struct cli_given *given;
	int given_count;
	const char **words; /* the command's words and the arguments */
	int word_count, first;
	int64_t progress_start, progress_last;
	int progress_width;
};

/* The options that every program has; a row without a name ends them. */
extern const struct cli_option cli_common[];

void cli_print_help(const struct cli_program *program);
void cli_print_command_help(const struct cli_program *program, const struct cli_command *command);
void cli_print_completion(const struct cli_program *program);

/* The row that the words name, two words before one, and how many words that took; NULL and 0 if there is none. */
const struct cli_command *cli_find_command(const struct cli *cli, int *used);

/* Says so, and what may have been meant: ERR_USAGE. */
int cli_no_such_command(const struct cli *cli, struct err *err);

#endif
