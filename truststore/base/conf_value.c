#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/conf_priv.h"
#include "truststore/base/mail.h"

/* One parser for each type, which fills `value` or says what is wrong. */

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = words; len && (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static int parse_number(struct conf_value *value, struct err *err)
{
	const struct conf_key *key = value->key;
	char least[CLOCK_TEXT_SIZE], most[CLOCK_TEXT_SIZE];
	bool duration = key->type == CONF_DURATION;
	if (duration) {
		if (duration_parse(value->text, &value->number, err))
			return ERR_CONFIG;
		duration_format(key->min, least);
		duration_format(key->max, most);
	} else {
		size_t len = strlen(value->text);
		if (len > 18 || strspn(value->text, "0123456789") != len)
			return err_set(err, ERR_CONFIG, "'%.100s' is not a number", value->text);
		value->number = strtoll(value->text, NULL, 10);
		snprintf(least, sizeof least, "%lld", (long long)key->min);
		snprintf(most, sizeof most, "%lld", (long long)key->max);
	}
	if (value->number < key->min || value->number > key->max)
		return err_set(err, ERR_CONFIG, "'%.100s' is not within %s and %s", value->text, least,
		               most);
	return 0;
}

static int parse_choice(struct conf_value *value, struct err *err)
{
	bool flag = value->key->type == CONF_FLAG;
	const char *words = flag ? "yes no" : value->key->choices;
	if (strchr(value->text, ' ') || !word_in(words, value->text))
		return err_set(err, ERR_CONFIG, "'%.100s' is none of: %s", value->text, words);
	value->number = flag && *value->text == 'y';
	return 0;
}

/* Fills value->list, which has room for all; the entries lie in one copy, the first of them. */
static int split_list(struct conf_value *value, char *copy, const char *separators, struct err *err)
{
	size_t count = 0;
	for (char *at = copy; at;) {
		char *next = at + strcspn(at, separators), *end = next;
		next = *next ? next + 1 : NULL;
		at += strspn(at, " \t");
		while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		if (end <= at)
			return err_set(err, ERR_CONFIG, "an entry of the list is empty");
		*end = '\0';
		if (value->key->type == CONF_MAILS && !mail_address_valid(at))
			return err_set(err, ERR_CONFIG, "'%.100s' is not an e-mail address", at);
		value->list[count++] = at;
		at = next;
	}
	return 0;
}

static int parse_list(struct conf_value *value, struct err *err)
{
	const char *separators = value->key->type == CONF_MAILS ? ",;" : ",";
	size_t room = 2, len = strlen(value->text) + 1;
	for (const char *at = value->text; *at; at++)
		room += strchr(separators, *at) != NULL;
	/* one block: pointers, then their words */
	value->list = calloc(1, room * sizeof *value->list + len);
	if (!value->list)
		return err_set(err, ERR_MEMORY, "out of memory");
	char *copy = memcpy((char *)(value->list + room), value->text, len);
	return split_list(value, copy, separators, err);
}

static int parse_value(struct conf_value *value, struct err *err)
{
	if (!*value->text)
		return err_set(err, ERR_CONFIG, "has no value");
	switch (value->key->type) {
	case CONF_NUMBER:
	case CONF_DURATION:
		return parse_number(value, err);
	case CONF_FLAG:
	case CONF_CHOICE:
		return parse_choice(value, err);
	case CONF_LIST:
	case CONF_MAILS:
		return parse_list(value, err);
	case CONF_TEXT:
		break;
	}
	return 0;
}

void conf_value_deinit(struct conf_value *value)
{
	free(value->section);
	free(value->text);
	free(value->list);
}

int conf_value_init(struct conf_value *value, const char *section, const struct conf_key *key,
                    const char *text, struct err *err)
{
	*value = (struct conf_value){ .section = strdup(section), .key = key, .text = strdup(text) };
	int rc = value->section && value->text ? parse_value(value, err)
	                                       : err_set(err, ERR_MEMORY, "out of memory");
	if (rc)
		conf_value_deinit(value);
	return rc;
}
