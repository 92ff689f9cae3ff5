/* Another program, started without a shell, fed through its standard input. */
#ifndef TVS_CERTMON_SPAWN_H
#define TVS_CERTMON_SPAWN_H

#include <stddef.h>

#include "truststore/base/err.h"

/* Splits `command` at blanks (no quoting), adds `last` if it is not NULL, runs it with `input` on its standard input and what
 * it prints on our standard error. ERR_SYSTEM when it cannot be started or ends with another status than 0, ERR_TIMEOUT
 * after `timeout_s` seconds, when it is killed with its children.
 * A program that does not read all is fine; the caller ignores SIGPIPE. */
int spawn_feed(const char *command, const char *last, const char *input, size_t len, unsigned timeout_s, struct err *err);

#endif
