#include "config.h"

#include <ini_configobj.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/conf_priv.h"
#include "truststore/base/text.h"

/* libini_config in silence cuts a line at a NUL byte, takes UTF-16, drops what stands before the first section,
 * takes keys of either case as one, and gives up without a line where a key has a blank or a byte is no
 * UTF-8. So each line is looked at first; one that is refused is blanked, and the rest is parsed. */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t trimmed(const char *text, size_t len)
{
	while (len && is_blank(text[len - 1]))
		len--;
	return len;
}

static bool check_bytes(struct conf *conf, unsigned line, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = text[i] == '\t' ? 1 : text_printable(text + i, len - i);
		if (!n) {
			conf_mistake(conf, line, "byte 0x%02x at column %zu is not printable UTF-8 text",
			             (unsigned char)text[i], i + 1);
			return false;
		}
	}
	return true;
}

static void add_section(struct conf *conf, unsigned line, const char *name, size_t len)
{
	struct conf_section *grown =
		realloc(conf->sections, (conf->section_count + 1) * sizeof *grown);
	char *copy = strndup(name, len);
	if (grown)
		conf->sections = grown;
	if (!grown || !copy) {
		conf->no_memory = true;
		free(copy);
		return;
	}
	for (size_t i = 0; i < conf->section_count; i++)
		if (!strcasecmp(grown[i].name, copy)) {
			conf_mistake(conf, line, "[%s]: repeated, it began in line %u", copy,
			             grown[i].line);
			break;
		}
	grown[conf->section_count++] = (struct conf_section){ copy, line };
}

/* "[name]" with nothing behind it; other lines with a bracket are left to the library. True if it was one. */
static bool scan_section(struct conf *conf, unsigned line, const char *text, size_t len)
{
	if (len < 2 || text[len - 1] != ']')
		return false;
	text++;
	len = trimmed(text, len - 2);
	while (len && is_blank(*text)) {
		text++;
		len--;
	}
	if (len)
		add_section(conf, line, text, len);
	return len > 0;
}

static bool check_key(struct conf *conf, unsigned line, const char *text, size_t len)
{
	const char *equal = memchr(text, '=', len);
	size_t n = equal ? trimmed(text, (size_t)(equal - text)) : 0;
	for (size_t i = 0; i < n; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
		      text[i] == '-')) {
			conf_mistake(conf, line, "'%.*s' is not a key: keys are of small letters, "
			             "digits and '-'", (int)(n < 100 ? n : 100), text);
			return false;
		}
	return true;
}

/* Where the scan stands. */
enum part { PART_HEAD, PART_SECTION, PART_BROKEN /* behind a section that cannot be read */ };

/* False if the line must not reach the library. */
static bool scan_line(struct conf *conf, enum part *part, unsigned line, const char *text, size_t len)
{
	if (len && text[len - 1] == '\r')
		len--;
	if (len && *text == '[')
		*part = PART_BROKEN;
	if (!check_bytes(conf, line, text, len))
		return false;
	len = trimmed(text, len);
	if (!len || *text == '#' || *text == ';' || is_blank(*text))
		return true;
	if (*text == '[') {
		if (scan_section(conf, line, text, len))
			*part = PART_SECTION;
		return true;
	}
	if (*part == PART_HEAD)
		conf_mistake(conf, line, "stands before the first [section]");
	return *part == PART_SECTION && check_key(conf, line, text, len);
}

/* Puts blanks over the given line, so that the numbers of the others stay. */
static void blank_line(char *text, size_t len, unsigned line)
{
	char *end = text + len;
	for (; line > 1; line--) {
		text = memchr(text, '\n', (size_t)(end - text));
		if (!text)
			return;
		text++;
	}
	for (; text < end && *text != '\n'; text++)
		*text = ' ';
}

static void scan(struct conf *conf, char *text, size_t len)
{
	enum part part = PART_HEAD;
	unsigned line = 1;
	for (size_t at = 0; at < len; line++) {
		char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		if (!scan_line(conf, &part, line, text + at, n))
			memset(text + at, ' ', n);
		at += n + 1;
	}
}

static const char *parse_error(int code)
{
	switch (code) {
	case ERR_NOCLOSESEC: return "a section is written [name], with nothing behind it";
	case ERR_NOSECTION: return "a section without a name";
	case ERR_SECTIONLONG: return "the name of the section is too long";
	case ERR_NOEQUAL: return "not a line of the form key = value";
	case ERR_NOKEY: return "no key before the '='";
	case ERR_LONGKEY: return "the key is too long";
	case ERR_SPACE:
	case ERR_TAB: return "begins with a blank: neither continued lines nor indented ones are taken";
	case ERR_LONGDATA: return "the line is too long";
	default: return "not a line of a configuration file";
	}
}

/* Keeps the library's errors, which it gives as text only, and blanks their lines. */
static void take_errors(struct conf *conf, struct ini_cfgobj *ini, char *text, size_t len)
{
	char **errors = NULL;
	if (ini_config_get_errors(ini, &errors)) {
		conf->no_memory = true;
		return;
	}
	for (size_t i = 0; errors[i]; i++) {
		int code;
		unsigned line;
		if (sscanf(errors[i], "%*s (%d) on line %u", &code, &line) != 2) {
			conf_mistake(conf, 0, "%s", errors[i]);
			continue;
		}
		conf_mistake(conf, line, "%s", parse_error(code));
		blank_line(text, len, line);
	}
	ini_config_free_errors(errors);
}

/* A repeated key is listed as often as it stands there, and each time all its values are found. */
static bool listed_before(char *const *key, int i)
{
	for (int j = 0; j < i; j++)
		if (!strcmp(key[i], key[j]))
			return true;
	return false;
}

/* All values of one key; a repeated key has several. */
static void take_key(struct conf *conf, struct ini_cfgobj *ini, const char *section, const char *key)
{
	struct value_obj *value = NULL;
	int mode = INI_GET_FIRST_VALUE;
	while (!ini_get_config_valueobj(section, key, ini, mode, &value) && value) {
		const char *text;
		uint32_t line;
		if (value_get_line(value, &line) || value_get_concatenated(value, &text))
			conf->no_memory = true;
		else
			conf_take(conf, section, key, line, text);
		mode = INI_GET_NEXT_VALUE;
		value = NULL;
	}
}

static void take_values(struct conf *conf, struct ini_cfgobj *ini)
{
	int sections = 0, keys, error = 0;
	char **section = ini_get_section_list(ini, &sections, &error);
	conf->no_memory |= error != 0;
	for (int i = 0; i < sections; i++) {
		keys = 0;
		char **key = ini_get_attribute_list(ini, section[i], &keys, &error);
		conf->no_memory |= error != 0;
		for (int j = 0; j < keys && !conf_is_hopeless(conf); j++)
			if (!listed_before(key, j))
				take_key(conf, ini, section[i], key[j]);
		if (key)
			ini_free_attribute_list(key);
	}
	if (section)
		ini_free_section_list(section);
}

/* One run of the library. Returns true if there were errors, whose lines are blank now. */
static bool parse_once(struct conf *conf, char *text, size_t len)
{
	struct ini_cfgfile *file = NULL;
	struct ini_cfgobj *ini = NULL;
	bool errors = false;
	if (ini_config_create(&ini) || ini_config_file_from_mem(text, (uint32_t)len, &file)) {
		conf->no_memory = true;
		goto done;
	}
	int rc = ini_config_parse(file, INI_STOP_ON_NONE, INI_MS_MERGE | INI_MV1S_ALLOW | INI_MV2S_ALLOW,
	                          INI_PARSE_NOWRAP | INI_PARSE_NOSPACE | INI_PARSE_NOTAB |
	                          INI_PARSE_NO_C_COMMENTS, ini);
	errors = ini_config_error_count(ini) > 0;
	if (errors)
		take_errors(conf, ini, text, len);
	else if (rc)
		conf_mistake(conf, 0, "cannot be parsed: %s", strerror(rc));
	else
		take_values(conf, ini);
done:
	ini_config_file_destroy(file);
	ini_config_destroy(ini);
	return errors;
}

void conf_parse(struct conf *conf, char *text, size_t len)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark, as editors leave it */
		text += 3;
		len -= 3;
	}
	scan(conf, text, len);
	if (!conf->no_memory && parse_once(conf, text, len))
		parse_once(conf, text, len);
}
