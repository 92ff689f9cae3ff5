#include "config.h"

#include <string.h>

#include "truststore/base/cli_priv.h"

const struct cli_command *cli_find_command(const struct cli *cli, int *used)
{
	const struct cli_command *row = cli->program->commands, *single = NULL;
	for (; row && row->name && cli->word_count > 0; row++) {
		const char *blank = strchr(row->name, ' ');
		size_t len = blank ? (size_t)(blank - row->name) : strlen(row->name);
		if (strncmp(cli->words[0], row->name, len) || cli->words[0][len])
			continue;
		if (!blank) {
			single = row;
		} else if (cli->word_count > 1 && !strcmp(cli->words[1], blank + 1)) {
			*used = 2;
			return row;
		}
	}
	*used = single != NULL;
	return single;
}

/* Letters to add, drop or change to make one word of the other; many where one is long. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], la = strlen(a), lb = strlen(b);
	if (la >= 32 || lb >= 32)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[lb];
}

/* For a first word of two: the words that may follow it. False if there are none. */
static bool list_second_words(const struct cli *cli, struct err *err)
{
	char words[256] = "";
	size_t used = 0, len = strlen(cli->words[0]);
	for (const struct cli_command *row = cli->program->commands; row->name; row++)
		if (!strncmp(row->name, cli->words[0], len) && row->name[len] == ' ' &&
		    used < sizeof words)
			used += (size_t)snprintf(words + used, sizeof words - used, "%s%s",
			                         used ? ", " : "", row->name + len + 1);
	if (used)
		err_set(err, ERR_USAGE, "'%s' needs one of: %s", cli->words[0], words);
	return used > 0;
}

/* The row that differs least from what was typed, NULL if none is near. */
static const struct cli_command *nearest(const struct cli *cli)
{
	const struct cli_command *best = NULL;
	size_t least = 3;
	char typed[64];
	for (const struct cli_command *row = cli->program->commands; row->name; row++) {
		bool two = strchr(row->name, ' ') && cli->word_count > 1;
		snprintf(typed, sizeof typed, "%s%s%s", cli->words[0], two ? " " : "",
		         two ? cli->words[1] : "");
		size_t away = distance(typed, row->name);
		if (away < least) {
			least = away;
			best = row;
		}
	}
	return best;
}

int cli_no_such_command(const struct cli *cli, struct err *err)
{
	const struct cli_command *near = nearest(cli);
	bool two = near && strchr(near->name, ' ') && cli->word_count > 1;
	if (near)
		return err_set(err, ERR_USAGE, "there is no command '%s%s%s'; did you mean '%s'?",
		               cli->words[0], two ? " " : "", two ? cli->words[1] : "", near->name);
	if (list_second_words(cli, err))
		return ERR_USAGE;
	return err_set(err, ERR_USAGE, "there is no command '%s'; see %s --help", cli->words[0],
	               cli->program->name);
}
