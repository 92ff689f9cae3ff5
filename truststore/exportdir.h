/* A directory of files that appears whole or not at all. */
#ifndef TVS_EXPORTDIR_H
#define TVS_EXPORTDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "truststore/base/err.h"

struct exportdir;

/* True for the name of a file that such a directory may hold: nothing else is ever deleted. */
typedef bool exportdir_ours_fn(const char *name);

/* Makes a temporary directory beside `path`. An existing `path` is ERR_EXISTS unless it is an empty directory or, with
 * `overwrite`, one in which every file is `ours`. */
int exportdir_open(const char *path, bool overwrite, exportdir_ours_fn *ours,
                   struct exportdir **out, struct err *err);

/* A new file in it, mode 0644. ERR_EXISTS if it has it already. */
int exportdir_write(struct exportdir *dir, const char *name, const void *bytes, size_t len,
                    struct err *err);

/* Syncs it and puts it at its place; the files of the one that was there are deleted. Frees in every case. */
int exportdir_commit(struct exportdir *dir, struct err *err);
void exportdir_abort(struct exportdir *dir); /* NULL is allowed */

#endif
