/* tvsd --check: everything that is wrong with a configuration, and with what it names. */
#ifndef TVS_CHECK_H
#define TVS_CHECK_H

#include <stdbool.h>

/* Gets one finding, in one line that names file and line, or the thing that does not fit: a mistake, with which tvsd
 * does not start, or a warning of what it starts with all the same. */
typedef void check_fn(bool warning, const char *text, void *arg);

/* Looks at the file (NULL: the default) and then, if it is good, at store, certificate, key, ciphers and the place of the
 * metrics. Returns how many mistakes there were, and in `*warnings` how many warnings. */
unsigned check_all(const char *file, const char *store, check_fn *each, void *arg, unsigned *warnings);

#endif
