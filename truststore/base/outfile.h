/* Files that appear whole or not at all. */
#ifndef TVS_BASE_OUTFILE_H
#define TVS_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "truststore/base/err.h"

struct outfile;

enum { OUTFILE_BY_UMASK = 0666 }; /* a mode for what is no secret: the umask decides who else reads it */

/* `mode` less the process's umask. Not for a process with threads. */
mode_t outfile_less_umask(mode_t mode);

/* Opens a temporary file beside `path` (where it can, without a name unless `overwrite`: nothing is left of it if the
 * process is killed) with exactly `mode`: secrets 0600, what other users must read 0644. Only
 * OUTFILE_BY_UMASK is taken less the umask. "-" is standard output, which cannot be taken back. Unless `overwrite`, an existing `path` is ERR_EXISTS. */
int outfile_open(const char *path, mode_t mode, bool overwrite, struct outfile **out,
                 struct err *err);

/* The stream to write to; its errors are found by outfile_commit. */
FILE *outfile_stream(struct outfile *file);

/* Flushes, syncs, gives it the name `path` (without `overwrite` never over another file), syncs the directory.
 * Frees in every case; on failure nothing is left behind. */
int outfile_commit(struct outfile *file, struct err *err);

/* Throws it away. NULL is allowed. */
void outfile_abort(struct outfile *file);

/* The three in one call. */
int outfile_write(const char *path, mode_t mode, bool overwrite, const void *bytes, size_t len,
                  struct err *err);

/* Reads a whole file ("-": standard input) of at most `max` bytes; `*out` is allocated and ends in a NUL
 * that `len` does not count. ERR_LIMIT when it is larger. */
int infile_read(const char *path, size_t max, char **out, size_t *len, struct err *err);

/* For a folder that others can write to: opens a file to read; anything but a regular file is ERR_REFUSED, at once. (A FIFO
 * would be waited for, a device read for ever.) */
int infile_open_regular(const char *path, FILE **out, struct err *err);

/* infile_read of such a file. */
int infile_read_regular(const char *path, size_t max, char **out, size_t *len, struct err *err);

#endif
