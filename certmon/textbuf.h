/* Text that is put together piece by piece; the first failure is remembered. */
#ifndef TVS_CERTMON_TEXTBUF_H
#define TVS_CERTMON_TEXTBUF_H

#include <stddef.h>
#include <stdio.h>

struct textbuf {
	FILE *stream; /* NULL when there was no memory */
	char *bytes;
	size_t len;
};

void textbuf_begin(struct textbuf *buf);
void textbuf_add(struct textbuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text inside an HTML or SVG element or attribute: & < > " ' are replaced. */
void textbuf_html(struct textbuf *buf, const char *text);

/* Text as quoted-printable in lines of at most 76 characters that end in CR LF (RFC 2045, 6.7). */
void textbuf_quoted(struct textbuf *buf, const char *text, size_t len);

/* The text, allocated and ending in NUL, or NULL when memory was short. */
char *textbuf_end(struct textbuf *buf, size_t *len);

#endif
