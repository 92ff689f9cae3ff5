#include "config.h"

#include "truststore/jsonw.h"

#include <gnutls/gnutls.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/text.h"

void jsonw_deinit(struct jsonw *w)
{
	free(w->bytes);
	*w = (struct jsonw){ 0 };
}

/* Room for `len` more bytes, NULL without memory. */
static char *reserve(struct jsonw *w, size_t len)
{
	if (w->failed)
		return NULL;
	if (w->room - w->len < len) {
		size_t room = w->room ? w->room : 4096;
		while (room - w->len < len)
			room *= 2;
		char *grown = realloc(w->bytes, room);
		if (!grown) {
			w->failed = true;
			return NULL;
		}
		w->bytes = grown;
		w->room = room;
	}
	return w->bytes + w->len;
}

static void put(struct jsonw *w, const char *bytes, size_t len)
{
	char *to = reserve(w, len);
	if (to) {
		memcpy(to, bytes, len);
		w->len += len;
	}
}

void jsonw_plain(struct jsonw *w, const char *text)
{
	put(w, text, strlen(text));
}

void jsonw_bytes(struct jsonw *w, const void *bytes, size_t len)
{
	put(w, bytes, len);
}

void jsonw_printf(struct jsonw *w, const char *format, ...)
{
	char small[512];
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof small) {
		put(w, small, (size_t)n);
	} else if (n >= 0) {
		char *to = reserve(w, (size_t)n + 1);
		if (to) {
			vsnprintf(to, (size_t)n + 1, format, again);
			w->len += (size_t)n;
		}
	}
	va_end(again);
}

static void put_indent(struct jsonw *w)
{
	static const char blanks[] = "\n                                ";
	put(w, blanks, 1 + 2 * (size_t)w->depth);
}

/* What stands before a member: comma, line, key. */
static void begin_member(struct jsonw *w, const char *key)
{
	if (!w->depth)
		return;
	if (w->filled[w->depth - 1])
		put(w, ",", 1);
	w->filled[w->depth - 1] = true;
	put_indent(w);
	if (key) {
		put(w, "\"", 1);
		jsonw_plain(w, key);
		put(w, "\": ", 3);
	}
}

void jsonw_open(struct jsonw *w, const char *key, char bracket)
{
	begin_member(w, key);
	put(w, &bracket, 1);
	if (w->depth == JSONW_DEPTH)
		abort();
	w->filled[w->depth++] = false;
}

void jsonw_close(struct jsonw *w, char bracket)
{
	w->depth--;
	if (w->filled[w->depth])
		put_indent(w);
	put(w, &bracket, 1);
	if (!w->depth)
		put(w, "\n", 1);
}

/* ASCII that stands for itself in a JSON string. */
static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void jsonw_text(struct jsonw *w, const char *key, const char *bytes, size_t len)
{
	begin_member(w, key);
	char *to = reserve(w, 5 * len + 2);
	if (!to)
		return;
	char *const start = to;
	*to++ = '"';
	for (size_t i = 0; i < len;) {
		if (is_plain(bytes[i])) { /* nearly all */
			*to++ = bytes[i++];
			continue;
		}
		size_t n = text_printable(bytes + i, len - i);
		if (!n) {
			to += sprintf(to, "\\\\x%02x", (unsigned char)bytes[i++]);
			continue;
		}
		if (bytes[i] == '"' || bytes[i] == '\\')
			*to++ = '\\';
		memcpy(to, bytes + i, n);
		to += n;
		i += n;
	}
	*to++ = '"';
	w->len += (size_t)(to - start);
}

void jsonw_string(struct jsonw *w, const char *key, const char *string)
{
	if (string) {
		jsonw_text(w, key, string, strlen(string));
	} else {
		begin_member(w, key);
		put(w, "null", 4);
	}
}

void jsonw_number(struct jsonw *w, const char *key, int64_t value)
{
	char text[24];
	begin_member(w, key);
	put(w, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
}

void jsonw_flag(struct jsonw *w, const char *key, bool value)
{
	begin_member(w, key);
	jsonw_plain(w, value ? "true" : "false");
}

void jsonw_time(struct jsonw *w, const char *key, int64_t when)
{
	char text[CLOCK_TEXT_SIZE];
	jsonw_string(w, key, when == CLOCK_NEVER ? NULL : clock_format(when, text));
}

void jsonw_base64(struct jsonw *w, const char *key, const void *bytes, size_t len)
{
	gnutls_datum_t in = { (void *)bytes, (unsigned)len }, text;
	if (gnutls_base64_encode2(&in, &text)) {
		w->failed = true;
		return;
	}
	jsonw_text(w, key, (const char *)text.data, text.size);
	gnutls_free(text.data);
}

void jsonw_words(struct jsonw *w, const char *key, const char *words)
{
	jsonw_open(w, key, '[');
	while (*words) {
		size_t len = strcspn(words, ",");
		jsonw_text(w, NULL, words, len);
		words += len + (words[len] == ',');
	}
	jsonw_close(w, ']');
}

void jsonw_cell(struct jsonw *w, const char *bytes, size_t len, size_t width)
{
	char *to = reserve(w, 4 * len + width + 1);
	if (!to)
		return;
	size_t n = text_escape(to, 4 * len + 1, bytes, len, NULL);
	size_t columns = width ? text_columns(to) : 0;
	for (; columns < width; columns++)
		to[n++] = ' ';
	w->len += n;
}

int jsonw_flush(struct jsonw *w, FILE *stream, struct err *err)
{
	if (w->failed)
		return err_set(err, ERR_MEMORY, "no memory for the output");
	size_t len = w->len;
	w->len = 0;
	if (len && fwrite(w->bytes, 1, len, stream) != len)
		return err_errno(err, "cannot write the output");
	return ERR_OK;
}
