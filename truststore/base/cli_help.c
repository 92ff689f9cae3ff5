#include "config.h"

#include <string.h>

#include "truststore/base/cli_priv.h"

enum { INDENT = 2, COLUMN = 32, WIDTH = 96 };

/* Prints `help` in a column of its own behind `used` columns, broken at blanks. */
static void print_column(const char *help, int used)
{
	if (used + 2 > COLUMN) {
		putchar('\n');
		used = 0;
	}
	printf("%*s", COLUMN - used, "");
	int at = COLUMN;
	while (*help) {
		int len = (int)strcspn(help, " ");
		if (at > COLUMN && at + 1 + len > WIDTH) {
			printf("\n%*s", COLUMN, "");
			at = COLUMN;
		} else if (at > COLUMN) {
			putchar(' ');
			at++;
		}
		printf("%.*s", len, help);
		at += len;
		help += len;
		help += strspn(help, " ");
	}
	putchar('\n');
}

static void print_options(const char *heading, const struct cli_option *table)
{
	if (!table || !table->name)
		return;
	printf("\n%s\n", heading);
	for (; table->name; table++) {
		int used = printf("%*s", INDENT, "");
		used += table->letter ? printf("-%c, ", table->letter) : printf("    ");
		used += printf("--%s", table->name);
		if (table->argument)
			used += printf(" %s%s", table->argument, table->many ? "..." : "");
		print_column(table->help, used);
	}
}

void cli_print_help(const struct cli_program *program)
{
	printf("Usage: %s [OPTION]...%s\n%s\n", program->name,
	       program->commands ? " COMMAND [ARGUMENT]..." : "", program->summary);
	const struct cli_command *command = program->commands;
	if (command)
		puts("\nCommands:");
	for (; command && command->name; command++) {
		int used = printf("%*s%s%s%s", INDENT, "", command->name, *command->arguments ? " " : "",
		                  command->arguments);
		print_column(command->help, used);
	}
	print_options("Options:", program->options);
	print_options("Options of every program:", cli_common);
	if (program->commands)
		printf("\n%s COMMAND --help explains a command and its options.\n", program->name);
}

void cli_print_command_help(const struct cli_program *program, const struct cli_command *command)
{
	printf("Usage: %s %s [OPTION]...%s%s\n%s\n", program->name, command->name,
	       *command->arguments ? " " : "", command->arguments, command->help);
	print_options("Options of the command:", command->options);
	print_options("Options of the program:", program->options);
	print_options("Options of every program:", cli_common);
}
