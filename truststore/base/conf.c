#include "config.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/conf_priv.h"
#include "truststore/base/outfile.h"

enum { MAX_FILE = 256 << 10, MAX_NAME = 64 };

/* Takes ownership of `text`. */
static void keep_mistake(struct conf *conf, unsigned line, char *text)
{
	struct conf_mistake *grown =
		realloc(conf->mistakes, (conf->mistake_count + 1) * sizeof *grown);
	if (grown)
		conf->mistakes = grown;
	if (!grown || !text) {
		conf->no_memory = true;
		free(text);
		return;
	}
	size_t at = conf->mistake_count++; /* in the order of their lines */
	for (; at > 0 && grown[at - 1].line > line; at--)
		grown[at] = grown[at - 1];
	grown[at] = (struct conf_mistake){ line, text };
}

void conf_mistake(struct conf *conf, unsigned line, const char *format, ...)
{
	struct err err;
	va_list args;
	if (conf_is_hopeless(conf))
		return;
	va_start(args, format);
	err_setv(&err, ERR_CONFIG, format, args);
	va_end(args);
	if (conf->mistake_count == CONF_MAX_MISTAKES) {
		err_set(&err, ERR_CONFIG, "more mistakes, which are not listed");
		err_prefix(&err, "%s", conf->file);
		line = UINT_MAX;
	} else if (line) {
		err_prefix(&err, "%s:%u", conf->file, line);
	} else {
		err_prefix(&err, "%s", conf->file);
	}
	keep_mistake(conf, line, strdup(err.text));
}

bool conf_is_hopeless(const struct conf *conf)
{
	return conf->mistake_count > CONF_MAX_MISTAKES;
}

/* Sections */

/* The section of the schema to which "tvsd legacy" or "store" belongs; NULL if there is none. `name` gets
 * what stands behind it, NULL for nothing. */
static const char *base_of(const char *section, const char **name)
{
	*name = NULL;
	for (const struct conf_named *row = conf_named; row->section; row++) {
		size_t len = strlen(row->section);
		if (!strncmp(section, row->section, len) && section[len] == ' ') {
			*name = section + len + 1;
			return row->section;
		}
	}
	for (const struct conf_key *row = conf_keys; row->section; row++)
		if (!strcmp(row->section, section))
			return row->section;
	return NULL;
}

static const struct conf_named *named_of(const char *base)
{
	const struct conf_named *row = conf_named;
	while (row->section && strcmp(row->section, base))
		row++;
	return row;
}

static const struct conf_key *key_of(const char *base, const char *key)
{
	for (const struct conf_key *row = conf_keys; row->section; row++)
		if (!strcmp(row->section, base) && !strcmp(row->key, key))
			return row;
	return NULL;
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
	return len > 0 && len <= MAX_NAME && !name[len];
}

static void check_section(struct conf *conf, const struct conf_section *section)
{
	const char *name, *base = base_of(section->name, &name);
	if (!base)
		conf_mistake(conf, section->line, "[%s]: there is no such section", section->name);
	else if (name && !is_name(name))
		conf_mistake(conf, section->line, "[%s]: a name is 1 to %d letters, digits, '_', '.' or '-'",
		             section->name, MAX_NAME);
	else if (!name && named_of(base)->required)
		conf_mistake(conf, section->line, "[%s]: needs a name, as in [%s west]", base, base);
}

/* Values */

static struct conf_value *find_exact(const struct conf *conf, const char *section, const char *key)
{
	for (size_t i = 0; i < conf->value_count; i++)
		if (!strcmp(conf->values[i].key->key, key) && !strcmp(conf->values[i].section, section))
			return &conf->values[i];
	return NULL;
}

/* Takes ownership of what `value` holds. */
static void keep(struct conf *conf, struct conf_value *value)
{
	struct conf_value *grown = realloc(conf->values, (conf->value_count + 1) * sizeof *grown);
	if (!grown) {
		conf->no_memory = true;
		conf_value_deinit(value);
		return;
	}
	conf->values = grown;
	grown[conf->value_count++] = *value;
}

/* The row for a key in a section, NULL with the reason. */
static const struct conf_key *row_for(const char *section, const char *key, struct err *err)
{
	const char *name, *base = base_of(section, &name);
	const struct conf_key *row = base ? key_of(base, key) : NULL;
	if (!base)
		err_set(err, ERR_CONFIG, "there is no such section");
	if (base && !row) {
		err_set(err, ERR_CONFIG, "there is no such key");
		for (const struct conf_key *other = conf_keys; other->section; other++)
			if (!strcmp(other->key, key)) {
				err_set(err, ERR_CONFIG, "there is no such key here, but in [%s]",
				        other->section);
				break;
			}
	}
	if (row && name && named_of(base)->listener && !row->listener) {
		err_set(err, ERR_CONFIG, "stands in [%s] only, for all listeners", base);
		return NULL;
	}
	return row;
}

void conf_take(struct conf *conf, const char *section, const char *key, unsigned line,
               const char *text)
{
	struct err err;
	struct conf_value value;
	const char *name;
	if (!base_of(section, &name))
		return; /* told by check_section */
	const struct conf_key *row = row_for(section, key, &err);
	const struct conf_value *before = find_exact(conf, section, key);
	if (before)
		conf_mistake(conf, line, "[%s] %s: repeated, it stands in line %u", section, key,
		             before->line);
	else if (!row || conf_value_init(&value, section, row, text, &err))
		conf_mistake(conf, line, "[%s] %s: %s", section, key, err_text(&err));
	else {
		value.line = line;
		value.set = true;
		keep(conf, &value);
	}
}

/* Every default that the file does not replace becomes a value without a line. */
static void add_defaults(struct conf *conf)
{
	struct err err;
	struct conf_value value;
	for (const struct conf_key *row = conf_keys; row->section; row++)
		if (row->fallback && !find_exact(conf, row->section, row->key)) {
			if (conf_value_init(&value, row->section, row, row->fallback, &err))
				conf_mistake(conf, 0, "[%s] %s: default: %s", row->section, row->key,
				             err_text(&err));
			else
				keep(conf, &value);
		}
}

static void check_listeners(struct conf *conf)
{
	const char *name;
	for (size_t i = 0; i < conf->section_count; i++) {
		const struct conf_section *section = &conf->sections[i];
		const char *base = base_of(section->name, &name);
		if (base && name && named_of(base)->listener && !find_exact(conf, section->name, "listen"))
			conf_mistake(conf, section->line,
			             "[%s] listen: missing, a further listener needs its own address",
			             section->name);
	}
}

/* A conf with all mistakes in it; NULL with `err` where there is no memory or no file. */
static int load(const char *file, struct conf **out, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	*out = NULL;
	struct conf *conf = calloc(1, sizeof *conf);
	if (conf)
		conf->file = strdup(file ? file : CONF_DEFAULT_FILE);
	int rc = conf && conf->file ? 0 : err_set(err, ERR_MEMORY, "out of memory");
	if (rc)
		goto done;
	rc = infile_read(conf->file, MAX_FILE, &text, &len, err);
	if (rc && !(rc == ERR_NOT_FOUND && !file)) {
		rc = err_set(err, rc == ERR_MEMORY ? rc : ERR_CONFIG, "%s", err_text(err));
		goto done;
	}
	rc = 0;
	if (text)
		conf_parse(conf, text, len);
	for (size_t i = 0; i < conf->section_count; i++)
		check_section(conf, &conf->sections[i]);
	check_listeners(conf);
	add_defaults(conf);
	if (conf->no_memory)
		rc = err_set(err, ERR_MEMORY, "%s: out of memory", conf->file);
done:
	free(text);
	if (rc)
		conf_free(conf);
	else
		*out = conf;
	return rc;
}

int conf_load(const char *file, struct conf **out, struct err *err)
{
	int rc = load(file, out, err);
	if (rc || !(*out)->mistake_count)
		return rc;
	err_set(err, ERR_CONFIG, "%s", (*out)->mistakes[0].text);
	conf_free(*out);
	*out = NULL;
	return ERR_CONFIG;
}

int conf_check(const char *file, void (*each)(const char *text, void *arg), void *arg)
{
	struct conf *conf;
	struct err err;
	int rc = load(file, &conf, &err);
	if (rc) {
		each(err_text(&err), arg);
		return rc;
	}
	for (size_t i = 0; i < conf->mistake_count; i++)
		each(conf->mistakes[i].text, arg);
	rc = conf->mistake_count ? ERR_CONFIG : 0;
	conf_free(conf);
	return rc;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->value_count; i++)
		conf_value_deinit(&conf->values[i]);
	for (size_t i = 0; i < conf->section_count; i++)
		free(conf->sections[i].name);
	for (size_t i = 0; i < conf->mistake_count; i++)
		free(conf->mistakes[i].text);
	free(conf->values);
	free(conf->sections);
	free(conf->mistakes);
	free(conf->file);
	free(conf);
}

/* Asking */

/* The value in force, NULL where there is none; ends the program if the schema has no such key of one of
 * the types (bits). */
static const struct conf_value *get(const struct conf *conf, const char *section, const char *key,
                                    unsigned types)
{
	const char *name, *base = base_of(section, &name);
	const struct conf_key *row = base ? key_of(base, key) : NULL;
	if (!row || !(types & 1u << row->type)) {
		fprintf(stderr, "conf: [%s] %s was asked for in a way that the schema does not know\n",
		        section, key);
		abort();
	}
	const struct conf_value *value = find_exact(conf, section, key);
	return value || !name ? value : find_exact(conf, base, key);
}

const char *conf_text(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = get(conf, section, key, 1u << CONF_TEXT | 1u << CONF_CHOICE);
	return value ? value->text : NULL;
}

bool conf_flag(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = get(conf, section, key, 1u << CONF_FLAG);
	return value && value->number;
}

int64_t conf_number(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = get(conf, section, key, 1u << CONF_NUMBER | 1u << CONF_DURATION);
	return value ? value->number : 0;
}

const char *const *conf_list(const struct conf *conf, const char *section, const char *key)
{
	static const char *const none[] = { NULL };
	const struct conf_value *value = get(conf, section, key, 1u << CONF_LIST | 1u << CONF_MAILS);
	return value ? (const char *const *)value->list : none;
}

bool conf_is_set(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = get(conf, section, key, ~0u);
	return value && value->set;
}

unsigned conf_line(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = get(conf, section, key, ~0u);
	return value ? value->line : 0;
}

const char *conf_file(const struct conf *conf)
{
	return conf->file;
}

const char *conf_instance(const struct conf *conf, const char *section, size_t i)
{
	const char *name;
	for (size_t at = 0; at < conf->section_count; at++) {
		const char *base = base_of(conf->sections[at].name, &name);
		if (base && name && !strcmp(base, section) && i-- == 0)
			return name;
	}
	return NULL;
}

int conf_override(struct conf *conf, const char *section, const char *key, const char *value,
                  struct err *err)
{
	struct conf_value fresh;
	const struct conf_key *row = row_for(section, key, err);
	int rc = row ? conf_value_init(&fresh, section, row, value, err) : ERR_CONFIG;
	if (rc)
		return err_prefix(err, "[%s] %s", section, key);
	fresh.set = true;
	struct conf_value *old = find_exact(conf, section, key);
	if (old) {
		conf_value_deinit(old);
		*old = fresh;
		return 0;
	}
	keep(conf, &fresh);
	return conf->no_memory ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}

int conf_refuse(const struct conf *conf, const char *section, const char *key, struct err *err,
                const char *format, ...)
{
	char *where = conf_where(conf, section, key);
	va_list args;
	va_start(args, format);
	err_setv(err, ERR_CONFIG, format, args);
	va_end(args);
	err_prefix(err, "%s", where ? where : key);
	free(where);
	return ERR_CONFIG;
}

char *conf_where(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = get(conf, section, key, ~0u);
	char *text;
	int len = value && value->line
	              ? asprintf(&text, "%s:%u: [%s] %s", conf->file, value->line, value->section, key)
	              : asprintf(&text, "[%s] %s", section, key);
	return len < 0 ? NULL : text;
}
