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

static void print_names(const struct cli_option *table)
{
	for (; table && table->name; table++)
		printf(" --%s", table->name);
}

/* The options whose next word is a value, as alternatives of a case. */
static void print_valued(const struct cli_option *table)
{
	for (; table && table->name; table++)
		if (table->argument && strcmp(table->name, "completion"))
			printf("|--%s", table->name);
}

/* The first words of the commands, each once. */
static void print_first_words(const struct cli_command *commands)
{
	for (const struct cli_command *row = commands; row->name; row++) {
		size_t len = strcspn(row->name, " ");
		const struct cli_command *before = commands;
		while (before < row && (strncmp(before->name, row->name, len) ||
		                        strcspn(before->name, " ") != len))
			before++;
		if (before == row)
			printf(" %.*s", (int)len, row->name);
	}
}

/* For each first word that has them: its second words. */
static void print_second_words(const struct cli_command *commands)
{
	for (const struct cli_command *row = commands; row->name; row++) {
		const char *blank = strchr(row->name, ' ');
		if (blank)
			printf("\t\t\"%.*s\") words+=\" %s\" ;;&\n", (int)(blank - row->name), row->name,
			       blank + 1);
	}
}

static void print_command_options(const struct cli_command *commands)
{
	for (const struct cli_command *row = commands; row->name; row++) {
		if (!row->options || !row->options->name)
			continue;
		bool two = strchr(row->name, ' ');
		printf("\t\"%s%s\") options+=\"", row->name, two ? "" : " \"*\"");
		print_names(row->options);
		printf("\" ;;&\n");
	}
}

/* A script for bash: walks over the words to find the command, as the parser does. */
void cli_print_completion(const struct cli_program *program)
{
	const struct cli_command *commands = program->commands;
	printf("# bash completion for %s, made by %s --completion bash\n_%s()\n{\n", program->name,
	       program->name, program->name);
	printf("\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal first= second= words= options= i\n"
	       "\tCOMPREPLY=()\n"
	       "\tcase $prev in\n\t--completion) COMPREPLY=($(compgen -W bash -- \"$cur\")); return ;;\n"
	       "\t--nothing");
	print_valued(cli_common);
	print_valued(program->options);
	for (const struct cli_command *row = commands; row && row->name; row++)
		print_valued(row->options);
	printf(") return ;;\n\tesac\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t--nothing");
	print_valued(cli_common);
	print_valued(program->options);
	for (const struct cli_command *row = commands; row && row->name; row++)
		print_valued(row->options);
	printf(") ((i++)) ;;\n\t\t-*) ;;\n"
	       "\t\t*) if [[ ! $first ]]; then first=${COMP_WORDS[i]}\n"
	       "\t\t   elif [[ ! $second ]]; then second=${COMP_WORDS[i]}; fi ;;\n\t\tesac\n\tdone\n");
	printf("\toptions=\"");
	print_names(cli_common);
	print_names(program->options);
	printf("\"\n");
	if (commands) {
		printf("\tcase \"$first $second\" in\n");
		print_command_options(commands);
		printf("\t*) ;;\n\tesac\n");
		printf("\tif [[ ! $first ]]; then\n\t\twords=\"");
		print_first_words(commands);
		printf("\"\n\telif [[ ! $second ]]; then\n\t\tcase \"$first\" in\n");
		print_second_words(commands);
		printf("\t\t*) ;;\n\t\tesac\n\tfi\n");
	}
	printf("\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	       "\t*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n\tesac\n"
	       "}\ncomplete -o default -F _%s %s\n", program->name, program->name);
}
