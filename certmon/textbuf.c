#include "certmon/textbuf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void textbuf_begin(struct textbuf *buf)
{
	*buf = (struct textbuf){ 0 };
	buf->stream = open_memstream(&buf->bytes, &buf->len);
}

void textbuf_add(struct textbuf *buf, const char *format, ...)
{
	if (!buf->stream)
		return;
	va_list args;
	va_start(args, format);
	vfprintf(buf->stream, format, args);
	va_end(args);
}

void textbuf_html(struct textbuf *buf, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': textbuf_add(buf, "&amp;"); break;
		case '<': textbuf_add(buf, "&lt;"); break;
		case '>': textbuf_add(buf, "&gt;"); break;
		case '"': textbuf_add(buf, "&quot;"); break;
		case '\'': textbuf_add(buf, "&#39;"); break;
		default: textbuf_add(buf, "%c", *text);
		}
	}
}

void textbuf_quoted(struct textbuf *buf, const char *text, size_t len)
{
	enum { LINE_MAX_CHARS = 75 }; /* and the "=" of a soft break */
	size_t column = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '\n') {
			textbuf_add(buf, "\r\n");
			column = 0;
			continue;
		}
		int last = i + 1 == len || text[i + 1] == '\n';
		int plain = (c > ' ' && c < 0x7f && c != '=') || (c == ' ' && !last);
		if (plain && c == '.' && !column)
			plain = 0; /* a dot alone in a line would end the message for careless relays */
		if (column + (plain ? 1 : 3) > LINE_MAX_CHARS) {
			textbuf_add(buf, "=\r\n");
			column = 0;
		}
		if (plain)
			textbuf_add(buf, "%c", c);
		else
			textbuf_add(buf, "=%02X", c);
		column += plain ? 1 : 3;
	}
	if (column)
		textbuf_add(buf, "\r\n");
}

char *textbuf_end(struct textbuf *buf, size_t *len)
{
	bool failed = !buf->stream || ferror(buf->stream);
	if (buf->stream && fclose(buf->stream))
		failed = true;
	buf->stream = NULL;
	if (failed) {
		free(buf->bytes);
		buf->bytes = NULL;
	}
	if (len)
		*len = failed ? 0 : buf->len;
	return buf->bytes;
}
