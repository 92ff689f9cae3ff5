#include "truststore/base/name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/attribute.h"
#include "truststore/base/rdn.h"

/* What the digest of a pair is made of: kind, length of the identifier, identifier, value. */
enum kind { KIND_TEXT = 0, KIND_DER = 1 };

struct pair {
	uint8_t bytes[2 + ATTRIBUTE_MAX_OID + NAME_MAX_TEXT];
	size_t start; /* of the value */
	size_t len;
};

struct pair_set {
	struct digest digest[NAME_MAX_PAIRS];
	size_t count;
};

static void pair_begin(struct pair *pair, const uint8_t *oid, size_t oid_len)
{
	pair->bytes[1] = (uint8_t)oid_len;
	memcpy(pair->bytes + 2, oid, oid_len);
	pair->start = 2 + oid_len;
	pair->len = 0;
}

static uint8_t *pair_value(struct pair *pair)
{
	return pair->bytes + pair->start;
}

/* A value that is given as DER: its text if it is a string, else the DER itself. */
static int pair_set_item(struct pair *pair, const struct der_item *item)
{
	int rc = rdn_value_text(item, pair_value(pair), NAME_MAX_TEXT, &pair->len);
	pair->bytes[0] = KIND_TEXT;
	if (rc != ERR_NOT_FOUND)
		return rc;
	if (item->whole_len > NAME_MAX_TEXT)
		return ERR_LIMIT;
	memcpy(pair_value(pair), item->whole, item->whole_len);
	pair->len = item->whole_len;
	pair->bytes[0] = KIND_DER;
	return ERR_OK;
}

static int set_add(struct pair_set *set, const struct pair *pair)
{
	if (set->count == NAME_MAX_PAIRS)
		return ERR_LIMIT;
	digest_of(pair->bytes, pair->start + pair->len, &set->digest[set->count++]);
	return ERR_OK;
}

static int compare_digests(const void *a, const void *b)
{
	return digest_compare(a, b);
}

/* The set's own digest: of its members' digests, sorted, each once. */
static void set_digest(struct pair_set *set, struct digest *out)
{
	size_t unique = 0;
	qsort(set->digest, set->count, sizeof *set->digest, compare_digests);
	for (size_t i = 0; i < set->count; i++)
		if (unique == 0 || !digest_equal(&set->digest[i], &set->digest[unique - 1]))
			set->digest[unique++] = set->digest[i];
	digest_of(set->digest, unique * sizeof *set->digest, out);
}

int name_digest_der(const uint8_t *der, size_t len, struct digest *out)
{
	struct pair_set set = { .count = 0 };
	struct pair pair;
	struct rdn_walk walk;
	struct rdn_pair at;
	int rc = ERR_MALFORMED;
	if (!rdn_walk_init(&walk, der, len))
		return rc;
	while ((rc = rdn_walk_next(&walk, &at)) == ERR_OK) {
		pair_begin(&pair, at.oid.at, at.oid.left);
		if ((rc = pair_set_item(&pair, &at.value)) != ERR_OK ||
		    (rc = set_add(&set, &pair)) != ERR_OK)
			return rc;
	}
	if (rc != ERR_NOT_FOUND)
		return rc;
	set_digest(&set, out);
	return ERR_OK;
}

/* Text that is still to be read. */
struct text {
	const char *at, *end;
};

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

static bool is_separator(char c)
{
	return c == ',' || c == ';' || c == '+';
}

static bool is_type(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-';
}

/* Reads "type=", blanks around the type allowed. True, and `value` behind it, if the type is known. */
static bool parse_type(const char *p, const char *end, struct attribute_oid *oid, const char **value)
{
	const char *start = skip_blanks(p, end);
	const char *stop = start;
	while (stop < end && is_type(*stop))
		stop++;
	const char *equals = skip_blanks(stop, end);
	if (equals == end || *equals != '=' ||
	    !attribute_parse(start, (size_t)(stop - start), oid))
		return false;
	*value = equals + 1;
	return true;
}

/* True where a value may end: at the end, or at a separator that a type follows. */
static bool ends_here(const char *p, const char *end, struct attribute_oid *oid, const char **value)
{
	if (p == end) {
		*value = NULL;
		return true;
	}
	return is_separator(*p) && parse_type(p + 1, end, oid, value);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex_pair(const char *p, const char *end)
{
	if (end - p < 2)
		return -1;
	int high = hex_value(p[0]), low = hex_value(p[1]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* RFC 4514, 2.4. A backslash that begins no escape stands for itself: some tools escape nothing. */
static void unescape(struct pair *pair, const char *p, const char *end)
{
	uint8_t *out = pair_value(pair);
	size_t n = 0;
	while (p < end) {
		int byte;
		if (*p == '\\' && end - p > 1 && strchr(" \"#+,;<=>\\", p[1]) && p[1]) {
			byte = (uint8_t)p[1];
			p += 2;
		} else if (*p == '\\' && (byte = hex_pair(p + 1, end)) >= 0) {
			p += 3;
		} else {
			byte = (uint8_t)*p++;
		}
		out[n++] = (uint8_t)byte;
	}
	pair->len = n;
	pair->bytes[0] = KIND_TEXT;
}

/* "#" and the hexadecimal of one DER element. False if it is not that. The element is decoded
 * in place of the value, and replaced by its text or by itself. */
static bool parse_hex(struct pair *pair, const char *p, const char *end)
{
	uint8_t der[NAME_MAX_TEXT / 2 + 1];
	size_t n = 0;
	if (p == end || *p++ != '#' || (end - p) % 2 != 0)
		return false;
	for (; p < end; p += 2) {
		int byte = hex_pair(p, end);
		if (byte < 0)
			return false;
		der[n++] = (uint8_t)byte;
	}
	struct der rest = { der, n };
	struct der_item item;
	return der_next(&rest, &item) && rest.left == 0 && pair_set_item(pair, &item) == ERR_OK;
}

/* Blanks at the end that are not escaped: not those behind an odd number of backslashes. */
static const char *trim_end(const char *start, const char *end)
{
	const char *stop = end, *slash;
	while (stop > start && stop[-1] == ' ')
		stop--;
	for (slash = stop; slash > start && slash[-1] == '\\';)
		slash--;
	return (stop - slash) % 2 != 0 && stop < end ? stop + 1 : stop;
}

/* RFC 2253, 4: a value wholly in quotes. False if it is not, or something else follows. */
static bool parse_quoted(struct text *text, struct pair *pair, struct attribute_oid *next,
                         const char **value)
{
	const char *start = text->at + 1, *p = start;
	if (text->at == text->end || *text->at != '"')
		return false;
	while (p < text->end && *p != '"')
		p += *p == '\\' && text->end - p > 1 ? 2 : 1;
	if (p == text->end)
		return false;
	const char *after = skip_blanks(p + 1, text->end);
	if (!ends_here(after, text->end, next, value))
		return false;
	unescape(pair, start, p);
	text->at = after;
	return true;
}

/* Reads one value up to its end; `value` is where the next one begins, NULL at the end. */
static void parse_value(struct text *text, struct pair *pair, struct attribute_oid *next,
                        const char **value)
{
	text->at = skip_blanks(text->at, text->end);
	if (parse_quoted(text, pair, next, value))
		return;
	const char *p = text->at;
	while (!ends_here(p, text->end, next, value))
		p += *p == '\\' && text->end - p > 1 ? 2 : 1;
	const char *stop = trim_end(text->at, p);
	if (!parse_hex(pair, text->at, stop))
		unescape(pair, text->at, stop);
	text->at = p;
}

int name_digest_text(const char *bytes, size_t len, struct digest *out)
{
	struct text text = { bytes, bytes + len };
	struct pair_set set = { .count = 0 };
	struct pair pair;
	struct attribute_oid oid;
	const char *value;
	if (len > NAME_MAX_TEXT)
		return ERR_LIMIT;
	if (!parse_type(text.at, text.end, &oid, &value))
		return ERR_MALFORMED;
	while (value) {
		pair_begin(&pair, oid.byte, oid.len);
		text.at = value;
		parse_value(&text, &pair, &oid, &value);
		if (set_add(&set, &pair) != ERR_OK)
			return ERR_LIMIT;
	}
	set_digest(&set, out);
	return ERR_OK;
}

void name_issuer_serial(const struct digest *issuer, const uint8_t *serial, size_t len,
                        struct digest *out)
{
	struct digest both[2] = { *issuer };
	while (len && *serial == 0) {
		serial++;
		len--;
	}
	digest_of(serial, len, &both[1]);
	digest_of(both, sizeof both, out);
}
