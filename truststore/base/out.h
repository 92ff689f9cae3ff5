/* What programs print: tables for people, JSON for programs, never a raw control character. */
#ifndef TVS_BASE_OUT_H
#define TVS_BASE_OUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "truststore/base/err.h"

/* Prints a JSON value to standard output, indented, keys in the order in which they were set, with a
 * newline; takes the reference. Text that is no UTF-8 must go through out_text first. */
int out_json(json_t *value, struct err *err);

/* A JSON string of bytes that may be anything: invalid UTF-8 and control characters are escaped as \xHH text. */
json_t *out_text(const char *bytes, size_t len);

/* ISO 8601, null for CLOCK_NEVER. */
json_t *out_time(int64_t when);

/* A table whose columns are as wide as their widest cell; the last column is not padded. Cells are
 * copied, and control characters in them escaped. Without a row nothing is printed.
 *
 * A table of any length is printed in pieces: what came since the last out_table_flush, with the headings
 * above the first piece. Columns are then as wide as the widest cell so far. */
struct out_table;
struct out_table *out_table_new(const char *const *headings, size_t columns);
int out_table_row(struct out_table *table, const char *const *cells);
void out_table_print(const struct out_table *table, FILE *stream);
int out_table_flush(struct out_table *table, FILE *stream, struct err *err);
void out_table_free(struct out_table *table);

/* printf to standard output for text that may hold a certificate's words: control characters in the
 * result are escaped, but for newlines of the format. */
void out_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
