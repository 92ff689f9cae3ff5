/* What the parts of the command line share: cli.c parses, cli_help.c prints what the tables say. */
#ifndef TVS_BASE_CLI_PRIV_H
#define TVS_BASE_CLI_PRIV_H

#include "truststore/base/cli.h"

/* The options that every program has; a row without a name ends them. */
extern const struct cli_option cli_common[];

void cli_print_help(const struct cli_program *program);
void cli_print_command_help(const struct cli_program *program, const struct cli_command *command);
void cli_print_completion(const struct cli_program *program);

#endif
