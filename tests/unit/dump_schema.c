/* Prints the schema of the configuration, a key a line, as its documents must have it:
 * section, key, kind, default. With a FILE: prints its mistakes instead, and exits 1 if there are any. */
#include <inttypes.h>
#include <stdio.h>

#include "truststore/base/clock.h"
#include "truststore/base/conf.h"

static void print_kind(const struct conf_key *row)
{
	char min[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
	switch (row->type) {
	case CONF_TEXT:
		printf("text");
		break;
	case CONF_FLAG:
		printf("choice of yes, no");
		break;
	case CONF_NUMBER:
		printf("number from %" PRId64 " to %" PRId64, row->min, row->max);
		break;
	case CONF_DURATION:
		printf("duration from %s to %s", duration_format(row->min, min),
		       duration_format(row->max, max));
		break;
	case CONF_CHOICE:
		printf("choice of ");
		for (const char *at = row->choices; *at; at++)
			printf(*at == ' ' ? ", " : "%c", *at);
		break;
	case CONF_LIST:
		printf("list");
		break;
	case CONF_MAILS:
		printf("e-mail list");
		break;
	}
	printf("%s", row->listener ? "; listener" : "");
}

static void print_mistake(const char *text, void *arg)
{
	(void)arg;
	puts(text);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return conf_check(argv[1], print_mistake, NULL) ? 1 : 0;
	for (const struct conf_key *row = conf_schema(); row->section; row++) {
		printf("%s\t%s\t", row->section, row->key);
		print_kind(row);
		printf("\t%s\n", row->fallback ? row->fallback : "(none)");
	}
	return 0;
}
