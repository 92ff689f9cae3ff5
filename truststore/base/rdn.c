#include "truststore/base/rdn.h"

#include <string.h>

#include "truststore/base/attribute.h"
#include "truststore/base/utf8.h"

bool rdn_walk_init(struct rdn_walk *walk, const uint8_t *der, size_t len)
{
	struct der bytes = { der, len };
	struct der_item sequence;
	if (!der_expect(&bytes, DER_SEQUENCE, &sequence) || bytes.left != 0)
		return false;
	walk->names = sequence.value;
	walk->pairs = (struct der){ NULL, 0 };
	return true;
}

int rdn_walk_next(struct rdn_walk *walk, struct rdn_pair *pair)
{
	struct der_item set, both, oid;
	if (walk->pairs.left == 0) {
		if (walk->names.left == 0)
			return ERR_NOT_FOUND;
		if (!der_expect(&walk->names, DER_SET, &set))
			return ERR_MALFORMED;
		walk->pairs = set.value;
	}
	if (!der_expect(&walk->pairs, DER_SEQUENCE, &both) ||
	    !der_expect(&both.value, DER_OID, &oid) || !der_next(&both.value, &pair->value) ||
	    both.value.left != 0 || !attribute_oid_valid(oid.value.at, oid.value.left))
		return ERR_MALFORMED;
	pair->oid = oid.value;
	return ERR_OK;
}

static int copy_bytes(struct der from, uint8_t *out, size_t size, size_t *len)
{
	if (from.left > size)
		return ERR_LIMIT;
	if (from.left)
		memcpy(out, from.at, from.left);
	*len = from.left;
	return ERR_OK;
}

/* Takes one character of `width` bytes, or a UTF-16 pair, off `from`. */
static bool next_wide(struct der *from, unsigned width, uint32_t *point)
{
	if (from->left < width)
		return false;
	uint32_t value = 0;
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | from->at[i];
	from->at += width;
	from->left -= width;
	if (width == 2 && value >= 0xd800 && value <= 0xdbff) {
		uint32_t low;
		if (from->left < 2 || (low = (uint32_t)from->at[0] << 8 | from->at[1]) < 0xdc00 ||
		    low > 0xdfff)
			return false;
		from->at += 2;
		from->left -= 2;
		value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
	}
	*point = value;
	return true;
}

/* X.680, 41: Latin-1 is what TeletexString holds in practice; BMPString is UTF-16, UniversalString UTF-32. */
static int convert_wide(struct der from, unsigned width, uint8_t *out, size_t size, size_t *len)
{
	size_t n = 0;
	while (from.left) {
		uint32_t point;
		uint8_t text[4];
		if (!next_wide(&from, width, &point))
			return ERR_NOT_FOUND;
		size_t count = utf8_encode(point, text);
		if (count == 0)
			return ERR_NOT_FOUND;
		if (count > size - n)
			return ERR_LIMIT;
		memcpy(out + n, text, count);
		n += count;
	}
	*len = n;
	return ERR_OK;
}

int rdn_value_text(const struct der_item *value, uint8_t *out, size_t size, size_t *len)
{
	switch (value->tag) {
	case DER_UTF8_STRING:
	case DER_NUMERIC_STRING:
	case DER_PRINTABLE_STRING:
	case DER_IA5_STRING:
	case DER_VISIBLE_STRING:
		return copy_bytes(value->value, out, size, len);
	case DER_TELETEX_STRING:
		if (utf8_valid(value->value.at, value->value.left))
			return copy_bytes(value->value, out, size, len);
		return convert_wide(value->value, 1, out, size, len);
	case DER_BMP_STRING:
		return convert_wide(value->value, 2, out, size, len);
	case DER_UNIVERSAL_STRING:
		return convert_wide(value->value, 4, out, size, len);
	default:
		return ERR_NOT_FOUND;
	}
}
