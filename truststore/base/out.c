#include "truststore/base/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/text.h"

int out_json(json_t *value, struct err *err)
{
	if (!value)
		return err_set(err, ERR_MEMORY, "out of memory for the JSON output");
	errno = 0;
	int rc = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	json_decref(value);
	if (rc || putchar('\n') == EOF || ferror(stdout)) {
		if (!errno)
			errno = EIO;
		return err_errno(err, "cannot write to standard output");
	}
	return 0;
}

json_t *out_text(const char *bytes, size_t len)
{
	char *text = text_escape_dup(bytes, len, NULL);
	json_t *value = text ? json_string(text) : NULL;
	free(text);
	return value;
}

json_t *out_time(int64_t when)
{
	char text[CLOCK_TEXT_SIZE];
	return when == CLOCK_NEVER ? json_null() : json_string(clock_format(when, text));
}

struct out_table {
	size_t columns, rows, room;
	size_t *width;
	char **cell; /* rows * columns, headings first */
	bool headed; /* a piece was printed: the headings are gone */
};

static int add_row(struct out_table *table, const char *const *cells)
{
	if (table->rows == table->room) {
		size_t room = table->room ? 2 * table->room : 16;
		char **grown = reallocarray(table->cell, room * table->columns, sizeof *grown);
		if (!grown)
			return ERR_MEMORY;
		table->cell = grown;
		table->room = room;
	}
	char **row = table->cell + table->rows * table->columns;
	for (size_t i = 0; i < table->columns; i++) {
		const char *from = cells[i] ? cells[i] : "";
		row[i] = text_escape_dup(from, strlen(from), NULL);
		if (!row[i]) {
			while (i > 0)
				free(row[--i]);
			return ERR_MEMORY;
		}
	}
	table->rows++;
	for (size_t i = 0; i < table->columns; i++) {
		size_t width = text_columns(row[i]);
		if (width > table->width[i])
			table->width[i] = width;
	}
	return 0;
}

struct out_table *out_table_new(const char *const *headings, size_t columns)
{
	struct out_table *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->columns = columns;
	table->width = calloc(columns, sizeof *table->width);
	if (!table->width || add_row(table, headings)) {
		out_table_free(table);
		return NULL;
	}
	return table;
}

int out_table_row(struct out_table *table, const char *const *cells)
{
	return add_row(table, cells);
}

void out_table_print(const struct out_table *table, FILE *stream)
{
	if (table->rows == 1 && !table->headed)
		return;
	for (size_t row = 0; row < table->rows; row++) {
		char *const *cell = table->cell + row * table->columns;
		size_t last = table->columns - 1;
		while (last > 0 && !*cell[last])
			last--;
		for (size_t i = 0; i < last; i++)
			fprintf(stream, "%s%*s", cell[i],
			        (int)(table->width[i] - text_columns(cell[i]) + 2), "");
		fprintf(stream, "%s\n", cell[last]);
	}
}

static void forget_rows(struct out_table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cell[i]);
	table->rows = 0;
}

int out_table_flush(struct out_table *table, FILE *stream, struct err *err)
{
	if (table->rows == 1 && !table->headed)
		return ERR_OK;
	out_table_print(table, stream);
	forget_rows(table);
	table->headed = true;
	return ferror(stream) ? err_errno(err, "cannot write the output") : ERR_OK;
}

void out_table_free(struct out_table *table)
{
	if (!table)
		return;
	forget_rows(table);
	free(table->cell);
	free(table->width);
	free(table);
}

/* The text, allocated; NULL without memory. */
__attribute__((format(printf, 1, 0))) static char *format_dup(const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *text = n < 0 ? NULL : malloc((size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, format, args);
	return text;
}

/* A newline of the format is told from one of an argument by printing twice, the second time
 * with a blank for each newline of the format: where the two differ stands one of the format's. */
static void print_escaped(const char *text, const char *marked)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len;) {
		if (text[i] != marked[i]) {
			putchar('\n');
			i++;
			continue;
		}
		size_t n = text_printable(text + i, len - i);
		if (n)
			fwrite(text + i, 1, n, stdout);
		else
			printf("\\x%02x", (unsigned char)text[i]);
		i += n ? n : 1;
	}
}

void out_printf(const char *format, ...)
{
	va_list args, again;
	char *blank = strdup(format);
	if (!blank)
		return;
	for (char *at = blank; (at = strchr(at, '\n'));)
		*at = ' ';
	va_start(args, format);
	va_copy(again, args);
	char *text = format_dup(format, args);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	char *marked = format_dup(blank, again);
#pragma GCC diagnostic pop
	va_end(again);
	va_end(args);
	if (text && marked)
		print_escaped(text, marked);
	free(text);
	free(marked);
	free(blank);
}
