/* Completion for bash, made from the tables of the command line. */
#include "config.h"

#include <string.h>

#include "truststore/base/cli_priv.h"

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

static void print_all_valued(const struct cli_program *program)
{
	print_valued(cli_common);
	print_valued(program->options);
	for (const struct cli_command *row = program->commands; row && row->name; row++)
		print_valued(row->options);
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

static void print_each(const struct cli_words *words)
{
	const char *word;
	for (size_t i = 0; words && (word = words->word(i)); i++)
		printf(" %s", word);
}

/* What a command's first argument may be; NULL: anything. */
static const struct cli_words *first_argument(const struct cli_program *program, const struct cli_command *command)
{
	const char *placeholder = command->arguments + (*command->arguments == '[');
	size_t len = strcspn(placeholder, " ].");
	const struct cli_words *words = program->words;
	for (; len && words && words->of; words++)
		if (words->of[0] != '-' && !words->command && strlen(words->of) == len && !strncmp(words->of, placeholder, len))
			return words;
	return NULL;
}

/* For each first word that has them: its second words, be they of a command or its argument. */
static void print_second_words(const struct cli_program *program)
{
	for (const struct cli_command *row = program->commands; row->name; row++) {
		const char *blank = strchr(row->name, ' ');
		if (!blank && !first_argument(program, row))
			continue;
		printf("\t\t\"%.*s\") words+=\"", (int)strcspn(row->name, " "), row->name);
		if (blank)
			printf(" %s", blank + 1);
		else
			print_each(first_argument(program, row));
		printf("\" ;;&\n");
	}
}

/* The first arguments of commands of two words. */
static void print_third_words(const struct cli_program *program)
{
	for (const struct cli_command *row = program->commands; row->name; row++) {
		const struct cli_words *words = strchr(row->name, ' ') ? first_argument(program, row) : NULL;
		if (!words)
			continue;
		printf("\t\t\"%s\") words+=\"", row->name);
		print_each(words);
		printf("\" ;;&\n");
	}
}

/* What options take; those of one command only come first. */
static void print_values(const struct cli_program *program)
{
	for (int general = 0; general <= 1; general++)
		for (const struct cli_words *row = program->words; row && row->of; row++) {
			if (row->of[0] != '-' || (general != 0) != !row->command)
				continue;
			printf("\t");
			if (row->command)
				printf("\"%s%s\"", row->command, strchr(row->command, ' ') ? "" : " ");
			printf("%s:%s) COMPREPLY=($(compgen -W \"", row->command && strchr(row->command, ' ') ? "" : "*", row->of);
			print_each(row);
			printf("\" -- \"$cur\")); return ;;\n");
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
static void print_walk(const struct cli_program *program)
{
	printf("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t--nothing");
	print_all_valued(program);
	printf(") ((i++)) ;;\n\t\t-*) ;;\n"
	       "\t\t*) if [[ ! $first ]]; then first=${COMP_WORDS[i]}\n"
	       "\t\t   elif [[ ! $second ]]; then second=${COMP_WORDS[i]}\n"
	       "\t\t   elif [[ ! $third ]]; then third=${COMP_WORDS[i]}; fi ;;\n\t\tesac\n\tdone\n");
}

static void print_commands(const struct cli_program *program)
{
	printf("\tcase \"$first $second\" in\n");
	print_command_options(program->commands);
	printf("\t*) ;;\n\tesac\n");
	printf("\tif [[ ! $first ]]; then\n\t\twords=\"");
	print_first_words(program->commands);
	printf("\"\n\telif [[ ! $second ]]; then\n\t\tcase \"$first\" in\n");
	print_second_words(program);
	printf("\t\t*) ;;\n\t\tesac\n\telif [[ ! $third ]]; then\n\t\tcase \"$first $second\" in\n");
	print_third_words(program);
	printf("\t\t*) ;;\n\t\tesac\n\tfi\n");
}

void cli_print_completion(const struct cli_program *program)
{
	printf("# bash completion for %s, made by %s --completion bash\n_%s()\n{\n", program->name,
	       program->name, program->name);
	printf("\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal first= second= third= words= options= i\n"
	       "\tCOMPREPLY=()\n");
	print_walk(program);
	printf("\tcase \"$first $second:$prev\" in\n");
	print_values(program);
	printf("\t*:--completion) COMPREPLY=($(compgen -W bash -- \"$cur\")); return ;;\n\tesac\n"
	       "\tcase $prev in\n\t--nothing");
	print_all_valued(program);
	printf("|--completion) return ;;\n\tesac\n\toptions=\"");
	print_names(cli_common);
	print_names(program->options);
	printf("\"\n");
	if (program->commands)
		print_commands(program);
	printf("\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	       "\t*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n\tesac\n"
	       "}\ncomplete -o default -F _%s %s\n", program->name, program->name);
}
