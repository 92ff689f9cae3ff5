#include "certmon/textbuf.h"

#include <gnutls/gnutls.h>
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

void textbuf_base64(struct textbuf *buf, const void *bytes, size_t len)
{
	enum { LINE_BYTES = 57 }; /* 76 characters */
	const unsigned char *at = bytes;
	for (size_t left = len; left;) {
		size_t take = left < LINE_BYTES ? left : LINE_BYTES;
		gnutls_datum_t in = { (unsigned char *)at, (unsigned)take }, out = { 0 };
		if (gnutls_base64_encode2(&in, &out) < 0) {
			if (buf->stream)
				fclose(buf->stream);
			buf->stream = NULL;
			return;
		}
		textbuf_add(buf, "%.*s\r\n", (int)out.size, (const char *)out.data);
		gnutls_free(out.data);
		at += take;
		left -= take;
	}
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
