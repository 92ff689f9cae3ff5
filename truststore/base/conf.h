/* The configuration file: one schema for all programs (tvs.conf(5)). */
#ifndef TVS_BASE_CONF_H
#define TVS_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "truststore/base/err.h"

#define CONF_DEFAULT_FILE "/etc/tvs/tvs.conf"

enum conf_type {
	CONF_TEXT,     /* any text but none: no value may be empty */
	CONF_FLAG,     /* yes or no */
	CONF_NUMBER,   /* min to max */
	CONF_DURATION, /* min to max seconds */
	CONF_CHOICE,   /* one of the words in `choices` */
	CONF_LIST,     /* separated by commas */
	CONF_MAILS     /* separated by commas or semicolons */
};

/* One row of the schema: the only place that knows a key. */
struct conf_key {
	const char *section;
	const char *key;
	enum conf_type type;
	const char *fallback; /* the default, as written in a file; NULL: none */
	int64_t min, max;     /* of numbers and durations */
	const char *choices;  /* "deny allow" */
	bool listener;        /* may stand in [tvsd NAME] too */
	const char *help;
};

struct conf;

/* Reads `file`; NULL means CONF_DEFAULT_FILE, which may be missing. All mistakes
 * (unknown or repeated section or key, value out of range, continuation line,
 * broken line) are ERR_CONFIG and name file and line; with several, the first is
 * in `err`. The caller frees `*out` with conf_free. */
int conf_load(const char *file, struct conf **out, struct err *err);
void conf_free(struct conf *conf);

/* Every mistake of the file, one call each ("tvs.conf:12: ..."); for --check. */
int conf_check(const char *file, void (*each)(const char *text, void *arg), void *arg);

/* Values. `section` may be "tvsd legacy" or "bulk peer NAME"; keys that an instance does
 * not set come from its plain section where the schema says so. Asking for a key that
 * the schema does not have, or as another type, is a programming error and aborts.
 * Texts and lists are borrowed and live as long as `conf`. */
const char *conf_text(const struct conf *conf, const char *section, const char *key); /* NULL: not set */
/* False, 0 and an empty list where there is neither a value nor a default. */
bool conf_flag(const struct conf *conf, const char *section, const char *key);
int64_t conf_number(const struct conf *conf, const char *section, const char *key); /* durations too */
const char *const *conf_list(const struct conf *conf, const char *section, const char *key); /* ends in NULL; never NULL */
bool conf_is_set(const struct conf *conf, const char *section, const char *key); /* not by default */
unsigned conf_line(const struct conf *conf, const char *section, const char *key); /* 0: not in the file */
const char *conf_file(const struct conf *conf);

/* The names of the instances of a section: "legacy" for [tvsd legacy]. `i` from 0; NULL at the end. */
const char *conf_instance(const struct conf *conf, const char *section, size_t i);

/* Overrides one value, as a command-line option does (--store). Same checks as for a file. What was
 * borrowed of that value before is gone. */
int conf_override(struct conf *conf, const char *section, const char *key, const char *value,
                  struct err *err);

/* For a program that finds a value wrong which the schema cannot judge (an address, a file): ERR_CONFIG with
 * "tvs.conf:12: [tvsd] listen: " and the sentence. */
int conf_refuse(const struct conf *conf, const char *section, const char *key, struct err *err,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Where a value stands, for a message that is made when `conf` is gone: "tvs.conf:12: [tvsd] certificate". The caller
 * frees it; NULL when there is no memory. */
char *conf_where(const struct conf *conf, const char *section, const char *key);

/* The schema, ending with a row without a section: for documents and tests. */
const struct conf_key *conf_schema(void);

/* The secret in the file that a key names: its first line, which must not be empty. From the service manager's
 * credentials directory if the name has no slash and stands there. ERR_NOT_FOUND if the key is not set, ERR_SYSTEM
 * if the file cannot be opened, ERR_REFUSED if every user has some right to it or it is no regular file. The caller
 * wipes and frees it with conf_secret_free, which takes NULL. */
int conf_secret(const struct conf *conf, const char *section, const char *key, char **out,
                struct err *err);
/* The same for a file that an option names; `err` must not be NULL. */
int conf_secret_file(const char *name, char **out, struct err *err);
void conf_secret_free(char *secret);

#endif
