#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/cli_priv.h"
#include "truststore/base/clock.h"
#include "truststore/base/text.h"

/* Flushes standard output first, so that the two stay in order where both go to one place. */
static void say(const struct cli *cli, const char *between, const char *text)
{
	fflush(stdout);
	if (cli->progress_width)
		fprintf(stderr, "\r%*s\r", cli->progress_width, "");
	fprintf(stderr, "%s: %s%s\n", cli->program->name, between, text);
}

int cli_fail(const struct cli *cli, const struct err *err)
{
	say(cli, "", err_text(err));
	return EXIT_FAILED;
}

int cli_failf(const struct cli *cli, const char *format, ...)
{
	struct err err;
	va_list args;
	va_start(args, format);
	err_setv(&err, ERR_REFUSED, format, args);
	va_end(args);
	return cli_fail(cli, &err);
}

void cli_warn(const struct cli *cli, const char *format, ...)
{
	struct err err;
	if (cli_quiet(cli))
		return;
	va_list args;
	va_start(args, format);
	err_setv(&err, ERR_OK, format, args);
	va_end(args);
	say(cli, "warning: ", err_text(&err));
}

/* Reads one line of an answer; true for "y" or "yes". */
static bool answered_yes(FILE *terminal)
{
	char line[16];
	if (!fgets(line, sizeof line, terminal))
		return false;
	size_t len = strcspn(line, "\r\n");
	bool whole = line[len] != '\0';
	line[len] = '\0';
	if (!whole) /* the rest of a long line shall not answer the next question */
		for (int c; (c = getc(terminal)) != EOF && c != '\n';)
			;
	return whole && (!strcasecmp(line, "y") || !strcasecmp(line, "yes"));
}

int cli_ask(const struct cli *cli, bool yes_counts, const char *option, struct err *err,
            const char *format, ...)
{
	struct err question;
	if (yes_counts && cli_has(cli, "yes"))
		return 0;
	va_list args;
	va_start(args, format);
	err_setv(&question, ERR_OK, format, args);
	va_end(args);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(err, ERR_REFUSED, "%s Without a terminal to answer this, pass --%s",
		               question.text, option);
	fflush(stdout);
	fprintf(stderr, "%s [y/N] ", question.text);
	fflush(stderr);
	return answered_yes(stdin) ? 0 : err_set(err, ERR_REFUSED, "not confirmed");
}

void cli_progress(struct cli *cli, const char *what, size_t done, size_t total)
{
	enum { FIRST_US = 1000000, NEXT_US = 200000 };
	if (cli->progress_start < 0)
		return;
	int64_t now = clock_monotonic_us();
	if (!cli->progress_start) {
		cli->progress_start = isatty(STDERR_FILENO) && !cli_quiet(cli) ? now : -1;
		return;
	}
	if (now - cli->progress_start < FIRST_US || now - cli->progress_last < NEXT_US)
		return;
	cli->progress_last = now;
	char line[80];
	if (total)
		snprintf(line, sizeof line, "%.40s %zu of %zu (%u%%)", what, done, total,
		         (unsigned)((double)done * 100 / (double)total));
	else
		snprintf(line, sizeof line, "%.40s %zu", what, done);
	int width = (int)text_columns(line);
	fprintf(stderr, "\r%s%*s", line, width < cli->progress_width ? cli->progress_width - width : 0,
	        "");
	cli->progress_width = width;
}

void cli_progress_end(struct cli *cli)
{
	if (cli->progress_width)
		fprintf(stderr, "\r%*s\r", cli->progress_width, "");
	cli->progress_start = cli->progress_last = 0;
	cli->progress_width = 0;
}
