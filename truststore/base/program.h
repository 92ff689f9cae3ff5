/* This program as a process; and another of our programs, started for what it prints: how something lower causes something
 * higher without calling it (an upload that wants a revocation check, say). */
#ifndef TVS_BASE_PROGRAM_H
#define TVS_BASE_PROGRAM_H

#include <jansson.h>

#include "truststore/base/err.h"

enum { PROGRAM_MAX_OUTPUT = 64 * 1024 * 1024 };

/* Runs `name` with `arguments` (which ends in NULL and does not hold the name itself) and waits for it. It is
 * taken from the directory that this program stands in, else from PATH. Standard error is shared, standard
 * input is empty. `*exit_code` is what it returned (128 and the signal where one ended it), `*out` the JSON
 * value that it printed, which the caller gives back with json_decref; NULL where it printed nothing.
 * ERR_NOT_FOUND if it cannot be started, ERR_MALFORMED if it printed something else, ERR_LIMIT if too much. */
int program_json(const char *name, const char *const *arguments, int *exit_code, json_t **out,
                 struct err *err);

/* To be called first: where standard input, output or error is closed, something that cannot be read or written takes its number.
 * Otherwise the next file that is opened would get it, and a message would be written into the store. ERR_SYSTEM. */
int program_streams(struct err *err);

#endif
