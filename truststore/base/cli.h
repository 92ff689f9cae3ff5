/* Command lines from one table: parsing, help and shell completion agree because
 * they come from the same rows. */
#ifndef TVS_BASE_CLI_H
#define TVS_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "truststore/base/err.h"

/* Rows of the same name in one program must agree in whether they take an argument: an option may stand
 * before the command that it belongs to. */
struct cli_option {
	const char *name;     /* "ttl" for --ttl; NULL ends a table */
	char letter;          /* 0: none */
	const char *argument; /* "SECONDS" in help; NULL: takes none */
	bool repeat;          /* may be given more than once */
	bool many;            /* takes the following words too, up to the next option: --role CCM TFTP;
	                         before the command it takes one */
	const char *help;
};

struct cli;

struct cli_command {
	const char *name;      /* "add", or two words: "identity new"; NULL ends a table */
	const char *arguments; /* "STORE FILE..." in help; "" for none */
	int min, max;          /* how many arguments; max -1: any number */
	const struct cli_option *options; /* of this command, beside the common ones; may be NULL */
	int (*run)(struct cli *cli);      /* returns the exit code */
	const char *help;
};

/* For completion: the words that an option ("--type") or a command's first argument ("PURPOSE") may be. */
struct cli_words {
	const char *of;              /* NULL ends a table */
	const char *command;         /* NULL: of every command; else an option of this one, before those of every command */
	const char *(*word)(size_t i); /* the i-th, NULL past the last */
};

struct cli_program {
	const char *name;
	const char *summary;
	const struct cli_option *options;   /* of the program, beside --config --store --json --verbose
	                                       --quiet --help --version */
	const struct cli_command *commands; /* NULL: a program without commands */
	int (*run)(struct cli *cli);        /* for a program without commands */
	const struct cli_words *words;      /* may be NULL */
};

enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_FAILED = 2 };

/* Parses, answers --help, --version and --completion bash, runs the command, and returns the exit code;
 * a usage error prints one line to standard error and gives 2. `context` reaches the
 * handlers through cli_context. Options may stand before or after the command, "--" ends them; "--opt value"
 * and "--opt=value" are the same; a value that begins with "--" needs the second form. "-" is an argument like
 * any other. Output that could not be written (a full disk) makes the exit code 2. */
int cli_main(const struct cli_program *program, int argc, char **argv, void *context);

void *cli_context(const struct cli *cli);
int cli_argc(const struct cli *cli);               /* arguments behind the command */
const char *cli_arg(const struct cli *cli, int i); /* NULL past the end */

/* The value of an option (the last one given), NULL if absent; "" for one without a value. */
const char *cli_option(const struct cli *cli, const char *name);
bool cli_has(const struct cli *cli, const char *name);
/* The i-th value of a repeated option, NULL past the last. */
const char *cli_option_at(const struct cli *cli, const char *name, int i);

bool cli_json(const struct cli *cli);
bool cli_quiet(const struct cli *cli);
bool cli_verbose(const struct cli *cli);

/* "program: sentence" on standard error, one line, control characters escaped; returns EXIT_FAILED. */
int cli_fail(const struct cli *cli, const struct err *err);
int cli_failf(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "program: warning: ..." unless --quiet. */
void cli_warn(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Asks on the terminal (never anywhere else). With --yes: true, where `yes_counts`. Without a terminal it is a
 * refusal, and `err` names the option (without its dashes) that answers instead. The question is a sentence with
 * its own '?'. 0: yes; ERR_REFUSED: no. */
int cli_ask(const struct cli *cli, bool yes_counts, const char *option, struct err *err,
            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A progress line on standard error, only where that is a terminal and after one second of work; `total` 0:
 * unknown. Called as often as one likes. cli_progress_end wipes it. */
void cli_progress(struct cli *cli, const char *what, size_t done, size_t total);
void cli_progress_end(struct cli *cli);

#endif
