/* A file that is read more than once: to look at it first, and again when a transaction has to be repeated. */
#ifndef TVS_INPUT_H
#define TVS_INPUT_H

#include <stdio.h>

#include "truststore/base/err.h"

/* Opens `name` for reading ("-" is standard input). What is no regular file (a pipe, a terminal) is copied to a nameless one, so
 * that it can be rewound; with more than `max` bytes (0: no limit) it is ERR_LIMIT. A directory is ERR_MALFORMED. The caller closes `*out`
 * with input_close. */
int input_open(const char *name, size_t max, FILE **out, struct err *err);
void input_close(FILE *stream); /* takes NULL, and leaves standard input open */

#endif
