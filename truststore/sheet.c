#include "config.h"

#include "truststore/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"

enum { LABEL_WIDTH = 18 };

static void put_label(struct sheet *sheet, const char *label)
{
	char text[LABEL_WIDTH + 8];
	int n = snprintf(text, sizeof text, "%.*s%s", LABEL_WIDTH, label, label[0] ? ":" : "");
	jsonw_cell(sheet->out, text, (size_t)n, LABEL_WIDTH);
}

void sheet_text(struct sheet *sheet, const char *key, const char *label, const char *bytes, size_t len)
{
	if (sheet->json && key)
		jsonw_text(sheet->out, key, bytes, len);
	if (sheet->json || !label)
		return;
	put_label(sheet, label);
	jsonw_cell(sheet->out, bytes, len, 0);
	jsonw_plain(sheet->out, "\n");
}

void sheet_string(struct sheet *sheet, const char *key, const char *label, const char *string)
{
	sheet_text(sheet, key, label, string, strlen(string));
}

void sheet_printf(struct sheet *sheet, const char *label, const char *format, ...)
{
	char *text;
	va_list args;
	if (sheet->json)
		return;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		sheet->out->failed = true;
		return;
	}
	sheet_text(sheet, NULL, label, text, (size_t)n);
	free(text);
}

void sheet_number(struct sheet *sheet, const char *key, const char *label, int64_t value)
{
	char text[24];
	if (sheet->json && key)
		jsonw_number(sheet->out, key, value);
	int n = snprintf(text, sizeof text, "%lld", (long long)value);
	sheet_text(sheet, NULL, label, text, (size_t)n);
}

void sheet_flag(struct sheet *sheet, const char *key, const char *label, bool value)
{
	if (sheet->json && key)
		jsonw_flag(sheet->out, key, value);
	sheet_string(sheet, NULL, label, value ? "yes" : "no");
}

void sheet_time(struct sheet *sheet, const char *key, const char *label, int64_t when)
{
	char text[CLOCK_TEXT_SIZE];
	if (sheet->json && key)
		jsonw_time(sheet->out, key, when);
	sheet_string(sheet, NULL, label, clock_format(when, text));
}

void sheet_list(struct sheet *sheet, const char *key, const char *label)
{
	if (sheet->json)
		jsonw_open(sheet->out, key, '[');
	sheet->list = label;
	sheet->any = false;
}

void sheet_word(const char *text, size_t len, void *arg)
{
	struct sheet *sheet = arg;
	if (sheet->json) {
		jsonw_text(sheet->out, NULL, text, len);
		return;
	}
	if (sheet->any)
		jsonw_plain(sheet->out, ", ");
	else
		put_label(sheet, sheet->list);
	sheet->any = true;
	jsonw_cell(sheet->out, text, len, 0);
}

void sheet_list_end(struct sheet *sheet)
{
	if (sheet->json)
		jsonw_close(sheet->out, ']');
	else if (sheet->any)
		jsonw_plain(sheet->out, "\n");
}
