#include "truststore/subject_hash.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/der.h"
#include "truststore/base/err.h"
#include "truststore/base/utf8.h"

enum { MAX_PARTS = 64 /* of one RDN */ };

struct slice {
	const uint8_t *bytes;
	size_t len;
};

static size_t put_header(uint8_t *out, uint8_t tag, size_t len)
{
	size_t n = 0;
	out[n++] = tag;
	if (len >= 0x10000)
		out[n++] = 0x83, out[n++] = (uint8_t)(len >> 16), out[n++] = (uint8_t)(len >> 8);
	else if (len >= 0x100)
		out[n++] = 0x82, out[n++] = (uint8_t)(len >> 8);
	else if (len >= 0x80)
		out[n++] = 0x81;
	out[n++] = (uint8_t)len;
	return n;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* No blanks at either end, one in between, ASCII letters small. In place. */
static size_t fold(uint8_t *text, size_t len)
{
	size_t from = 0, n = 0;
	while (from < len && is_blank(text[from]))
		from++;
	while (len > from && is_blank(text[len - 1]))
		len--;
	for (; from < len; from++) {
		uint8_t c = text[from];
		if (is_blank(c)) {
			if (text[n - 1] != ' ')
				text[n++] = ' ';
		} else {
			text[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
		}
	}
	return n;
}

/* How many bytes a character of this string type has; 0: a type that is hashed as it stands. */
static size_t width_of(uint8_t tag)
{
	switch (tag) {
	case DER_UTF8_STRING: case DER_PRINTABLE_STRING: case DER_TELETEX_STRING:
	case DER_IA5_STRING: case DER_VISIBLE_STRING:
		return 1;
	case DER_BMP_STRING:
		return 2;
	case DER_UNIVERSAL_STRING:
		return 4;
	default:
		return 0;
	}
}

/* One value in its canonical form. `scratch` has room for it. */
static size_t put_value(uint8_t *out, const struct der_item *item, uint8_t *scratch)
{
	struct der value = item->value;
	size_t width = width_of(item->tag), n = 0;
	if (!width || value.left % width) {
		memcpy(out, item->whole, item->whole_len);
		return item->whole_len;
	}
	if (item->tag == DER_UTF8_STRING) {
		memcpy(scratch, value.at, value.left);
		n = value.left;
	} else {
		for (size_t i = 0; i < value.left; i += width) {
			uint32_t c = 0;
			for (size_t k = 0; k < width; k++)
				c = c << 8 | value.at[i + k];
			n += utf8_encode(c, scratch + n); /* nothing for what is no character: OpenSSL has no hash then */
		}
	}
	n = fold(scratch, n);
	size_t head = put_header(out, DER_UTF8_STRING, n);
	memcpy(out + head, scratch, n);
	return head + n;
}

static int compare_slices(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

struct work { /* each as large as all canonical RDNs can become */
	uint8_t *out;     /* canonical RDNs */
	uint8_t *parts;   /* of one RDN, before they are sorted */
	uint8_t *value;   /* of one part, with its type */
	uint8_t *scratch;
	size_t len;
};

/* One RDN: its parts, sorted as DER sorts a SET OF. */
static int put_rdn(struct work *w, struct der rdn)
{
	struct slice parts[MAX_PARTS];
	size_t count = 0, used = 0;
	while (rdn.left) {
		struct der_item pair, type, value;
		if (count == MAX_PARTS || !der_expect(&rdn, DER_SEQUENCE, &pair) ||
		    !der_expect(&pair.value, DER_OID, &type) || !der_next(&pair.value, &value))
			return ERR_MALFORMED;
		memcpy(w->value, type.whole, type.whole_len);
		size_t len = type.whole_len + put_value(w->value + type.whole_len, &value, w->scratch);
		size_t head = put_header(w->parts + used, DER_SEQUENCE, len);
		memcpy(w->parts + used + head, w->value, len);
		parts[count++] = (struct slice){ w->parts + used, head + len };
		used += head + len;
	}
	qsort(parts, count, sizeof parts[0], compare_slices);
	w->len += put_header(w->out + w->len, DER_SET, used);
	for (size_t i = 0; i < count; i++) {
		memcpy(w->out + w->len, parts[i].bytes, parts[i].len);
		w->len += parts[i].len;
	}
	return ERR_OK;
}

int subject_hash(const uint8_t *der, size_t len, uint32_t *out)
{
	struct der in = { der, len };
	struct der_item name, rdn;
	if (!der_expect(&in, DER_SEQUENCE, &name) || in.left)
		return ERR_MALFORMED;
	size_t room = 3 * len + 64; /* Latin-1 doubles, UCS-2 grows by half, headers by little */
	uint8_t *memory = malloc(4 * room);
	if (!memory)
		return ERR_MEMORY;
	struct work w = { memory, memory + room, memory + 2 * room, memory + 3 * room, 0 };
	int code = ERR_OK;
	while (!code && name.value.left)
		code = der_expect(&name.value, DER_SET, &rdn) ? put_rdn(&w, rdn.value)
		                                               : ERR_MALFORMED;
	uint8_t sha1[20];
	if (!code && gnutls_hash_fast(GNUTLS_DIG_SHA1, w.out, w.len, sha1) < 0)
		code = ERR_CRYPTO;
	if (!code)
		*out = sha1[0] | (uint32_t)sha1[1] << 8 | (uint32_t)sha1[2] << 16 |
		       (uint32_t)sha1[3] << 24;
	free(memory);
	return code;
}
