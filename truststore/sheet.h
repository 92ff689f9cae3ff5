/* One thing in full, for people ("Label:  value") or programs (JSON): the same fields by the same calls. */
#ifndef TVS_SHEET_H
#define TVS_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/jsonw.h"

struct sheet {
	struct jsonw *out;
	bool json;
	const char *list; /* the label of the list that is open */
	bool any;         /* it has a word already */
};

/* `label` NULL: for programs only; `key` NULL: for people only. */
void sheet_text(struct sheet *sheet, const char *key, const char *label, const char *bytes, size_t len);
void sheet_string(struct sheet *sheet, const char *key, const char *label, const char *string);
void sheet_printf(struct sheet *sheet, const char *label, const char *format, ...) /* for people */
	__attribute__((format(printf, 3, 4)));
void sheet_number(struct sheet *sheet, const char *key, const char *label, int64_t value);
void sheet_flag(struct sheet *sheet, const char *key, const char *label, bool value); /* yes, no */
void sheet_time(struct sheet *sheet, const char *key, const char *label, int64_t when);

/* A list: begin, any number of words, end. Without words nothing is shown to people. */
void sheet_list(struct sheet *sheet, const char *key, const char *label);
void sheet_word(const char *text, size_t len, void *sheet); /* fits certinfo_fn */
void sheet_list_end(struct sheet *sheet);

#endif
