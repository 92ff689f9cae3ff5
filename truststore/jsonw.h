/* JSON and text written piece by piece into memory: for answers of any length whose parts are gathered
 * in many short transactions. One certificate of a long list costs microseconds here. */
#ifndef TVS_JSONW_H
#define TVS_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "truststore/base/err.h"

enum { JSONW_DEPTH = 16 };

/* Starts with zeroes; belongs to the caller. A failure for want of memory is remembered and reported by
 * jsonw_flush. */
struct jsonw {
	char *bytes;
	size_t len, room;
	bool failed;
	unsigned depth;
	bool filled[JSONW_DEPTH]; /* the object or array at that depth has a member already */
};
void jsonw_deinit(struct jsonw *w);

/* Members: `key` is NULL in an array and at the top. Bytes that are no printable UTF-8 appear as \xHH. */
void jsonw_open(struct jsonw *w, const char *key, char bracket); /* '{' or '[' */
void jsonw_close(struct jsonw *w, char bracket);                 /* '}' or ']'; a newline after the outermost */
void jsonw_text(struct jsonw *w, const char *key, const char *bytes, size_t len);
void jsonw_string(struct jsonw *w, const char *key, const char *string); /* NULL: null */
void jsonw_number(struct jsonw *w, const char *key, int64_t value);
void jsonw_flag(struct jsonw *w, const char *key, bool value);
void jsonw_time(struct jsonw *w, const char *key, int64_t when); /* CLOCK_NEVER: null */
void jsonw_base64(struct jsonw *w, const char *key, const void *bytes, size_t len);
void jsonw_words(struct jsonw *w, const char *key, const char *words); /* an array of words that commas separate */

/* Plain text, for people: as it stands, or with what is not printable escaped, padded to `width` columns. */
void jsonw_plain(struct jsonw *w, const char *text);
void jsonw_printf(struct jsonw *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jsonw_bytes(struct jsonw *w, const void *bytes, size_t len);
void jsonw_cell(struct jsonw *w, const char *bytes, size_t len, size_t width);

/* Writes what is there to `stream` and forgets it; depth and commas go on. */
int jsonw_flush(struct jsonw *w, FILE *stream, struct err *err);

#endif
