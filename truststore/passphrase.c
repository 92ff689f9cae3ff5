#include "config.h"

#include "truststore/passphrase.h"

#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "truststore/base/conf.h"

enum { PASSPHRASE_MAX = 1024 };

/* One line, byte by byte: nothing of it stays in a stdio buffer. */
static int read_line(char line[PASSPHRASE_MAX], struct err *err)
{
	size_t len = 0;
	char c;
	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);
		if (n < 0)
			return err_errno(err, "the passphrase cannot be read");
		if (n == 0 || c == '\n' || c == '\r')
			break;
		if (len == PASSPHRASE_MAX - 1)
			return err_set(err, ERR_LIMIT, "the passphrase is too long");
		line[len++] = c;
	}
	line[len] = '\0';
	return len ? ERR_OK : err_set(err, ERR_REFUSED, "no passphrase was given");
}

static int ask(const char *what, const char *again, char line[PASSPHRASE_MAX], struct err *err)
{
	struct termios old, silent;
	fprintf(stderr, "Passphrase for %s%s: ", what, again);
	fflush(stderr);
	bool quiet = tcgetattr(STDIN_FILENO, &old) == 0;
	silent = old;
	if (quiet) {
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	int code = read_line(line, err);
	if (quiet)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputc('\n', stderr);
	return code;
}

int passphrase_get(const struct cli *cli, const char *option, const char *what, bool twice,
                   char **out, struct err *err)
{
	char first[PASSPHRASE_MAX] = "", second[PASSPHRASE_MAX] = "";
	*out = NULL;
	if (cli_has(cli, option))
		return conf_secret_file(cli_option(cli, option), out, err);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(err, ERR_REFUSED,
		               "there is no passphrase for %s: without a terminal to ask for it, pass --%s FILE", what,
		               option);
	int code = ask(what, "", first, err);
	if (!code && twice)
		code = ask(what, " again", second, err);
	if (!code && twice && strcmp(first, second))
		code = err_set(err, ERR_REFUSED, "the two passphrases differ");
	if (!code && !(*out = strdup(first)))
		code = err_set(err, ERR_MEMORY, "no memory for a passphrase");
	explicit_bzero(first, sizeof first);
	explicit_bzero(second, sizeof second);
	return code;
}
