/* What the parts of the configuration share: conf_parse.c reads the text, conf_schema.c knows the keys,
 * conf_value.c reads one value, conf.c holds them all. */
#ifndef TVS_BASE_CONF_PRIV_H
#define TVS_BASE_CONF_PRIV_H

#include "truststore/base/conf.h"

struct conf_value {
	char *section; /* as in the file: "tvsd legacy" */
	const struct conf_key *key;
	unsigned line;  /* 0: the default, or from conf_override */
	bool set;       /* not the default */
	char *text;
	char **list;    /* of lists, ends in NULL */
	int64_t number; /* of numbers, durations and flags */
};

/* Reads `text` as the type of `key` wants it; conf_value_deinit frees what it holds. Else ERR_CONFIG with a
 * sentence that says what is wrong, without the place. */
int conf_value_init(struct conf_value *value, const char *section, const struct conf_key *key,
                    const char *text, struct err *err);
void conf_value_deinit(struct conf_value *value);

struct conf_section {
	char *name;
	unsigned line;
};

struct conf_mistake {
	unsigned line;
	char *text; /* "tvs.conf:12: why" */
};

struct conf {
	char *file;
	struct conf_section *sections;
	size_t section_count;
	struct conf_value *values;
	size_t value_count;
	struct conf_mistake *mistakes;
	size_t mistake_count;
	bool no_memory; /* something could not be kept: nothing of this may be used */
};

enum { CONF_MAX_MISTAKES = 100 };

/* Keeps one mistake; line 0 is the file as a whole. Those over CONF_MAX_MISTAKES become one that says so. */
void conf_mistake(struct conf *conf, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* True when there are so many that looking further is of no use. */
bool conf_is_hopeless(const struct conf *conf);

/* Reads the text of a file, whose bytes it may change: finds the sections, and hands each value to
 * conf_take. Mistakes are kept. */
void conf_parse(struct conf *conf, char *text, size_t len);

/* Checks one value against the schema and keeps it, or a mistake. */
void conf_take(struct conf *conf, const char *section, const char *key, unsigned line,
               const char *text);

/* A section of which there may be several, each with a name behind it. */
struct conf_named {
	const char *section; /* "tvsd"; NULL ends the list */
	bool required;       /* it must have a name */
	bool listener;       /* only keys marked so may stand under a name, and what is missing comes from the section without one */
};
extern const struct conf_named conf_named[];
extern const struct conf_key conf_keys[];

#endif
