#include "truststore/base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/utf8.h"

/* Characters that are invisible or move what stands around them: they can make a name look like another. */
static bool misleading(uint32_t point)
{
	return point < 0xa0 || point == 0xad || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
	       (point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe0fff);
}

size_t text_printable(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t point;
	if (!len)
		return 0;
	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	size_t n = utf8_decode(p, len, &point);
	return n && !misleading(point) ? n : 0;
}

/* Puts the escaped form of the first character to `to`, which has room for 4 bytes; gives its length, and
 * how many bytes were used. */
static size_t escape_one(char to[4], const uint8_t *p, size_t len, const char *also, size_t *used)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = text_printable(p, len);
	if (n && !(n == 1 && also && strchr(also, p[0]))) {
		memcpy(to, p, n);
		*used = n;
		return n;
	}
	to[0] = '\\';
	to[1] = 'x';
	to[2] = hex[p[0] >> 4];
	to[3] = hex[p[0] & 15];
	*used = 1;
	return 4;
}

/* True if nothing in it is to be escaped: the usual case, and quick to see. */
static bool is_plain(const char *text, size_t len, const char *also)
{
	unsigned char bad = 0;
	for (size_t i = 0; i < len; i++)
		bad |= (unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e;
	for (; !bad && also && *also; also++)
		bad = memchr(text, *also, len) != NULL;
	return !bad;
}

size_t text_escape(char *out, size_t size, const void *bytes, size_t len, const char *also)
{
	const uint8_t *p = bytes;
	size_t n = 0, keep = 0, i = 0;
	if (!size)
		return 0;
	if (len && len < size && is_plain(bytes, len, also)) {
		memcpy(out, bytes, len);
		n = i = len;
	}
	while (i < len) {
		char one[4];
		size_t used, need = escape_one(one, p + i, len - i, also, &used);
		if (n + need + 1 > size)
			break;
		memcpy(out + n, one, need);
		n += need;
		i += used;
		if (n + 4 <= size) /* here "..." and NUL would still fit */
			keep = n;
	}
	if (i < len) {
		n = keep;
		for (size_t dots = 0; dots < 3 && n + 1 < size; dots++)
			out[n++] = '.';
	}
	out[n] = '\0';
	return n;
}

char *text_escape_dup(const void *bytes, size_t len, const char *also)
{
	const uint8_t *p = bytes;
	size_t n = 0, used;
	char one[4];
	for (size_t i = 0; i < len; i += used)
		n += escape_one(one, p + i, len - i, also, &used);
	char *out = malloc(n + 1);
	if (out)
		text_escape(out, n + 1, bytes, len, also);
	return out;
}

size_t text_columns(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((uint8_t)*text & 0xc0) != 0x80;
	return n;
}
