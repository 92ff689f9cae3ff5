#define _GNU_SOURCE /* strcasestr */
#include "certmon/ways.h"

#include <stdlib.h>
#include <string.h>

#include "certmon/scan.h"
#include "truststore/base/mail.h"

bool ways_among(const char *list, const char *way)
{
	size_t len = strlen(way);
	for (const char *at = list; len && at && (at = strcasestr(at, way)); at += len) {
		bool begins = at == list || strchr(",; ", at[-1]);
		if (begins && (!at[len] || strchr(",; ", at[len])))
			return true;
	}
	return false;
}

int ways_add(char **list, const char *words, const char *but)
{
	char *rest = NULL, *copy = strdup(words);
	int code = copy ? ERR_OK : ERR_MEMORY;
	for (char *word = copy ? strtok_r(copy, ",; ", &rest) : NULL; word && !code; word = strtok_r(NULL, ",; ", &rest))
		if (!ways_among(*list, word) && !ways_among(but, word))
			code = scan_join(list, word);
	free(copy);
	return code;
}

static int add_mail(char **list, const struct settings *settings, const struct finding *finding)
{
	int code = ERR_OK;
	for (const char *const *to = conf_list(settings->conf, "certmon", "to"); *to && !code; to++)
		code = ways_add(list, *to, NULL);
	if (!code && finding && finding->owner && mail_addresses_valid(finding->owner))
		code = ways_add(list, finding->owner, NULL);
	return code;
}

char *ways_of(const struct settings *settings, const struct finding *finding)
{
	static const char *const others[] = { WAYS_COMMAND, WAYS_WEBHOOK };
	char *list = strdup("");
	int code = list ? ERR_OK : ERR_MEMORY;
	if (!code && conf_flag(settings->conf, "certmon", "email"))
		code = add_mail(&list, settings, finding);
	for (size_t i = 0; i < sizeof others / sizeof *others && !code; i++)
		if (conf_text(settings->conf, "certmon", others[i]))
			code = ways_add(&list, others[i], NULL);
	if (!code)
		return list;
	free(list);
	return NULL;
}
