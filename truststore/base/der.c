#include "truststore/base/der.h"

/* X.690, 8.1.3 and 10.1: definite form, as few bytes as possible. */
static bool read_length(struct der *der, size_t *len)
{
	if (der->left == 0)
		return false;
	uint8_t first = *der->at++;
	der->left--;
	if (first < 0x80) {
		*len = first;
		return true;
	}
	size_t count = first & 0x7f, value = 0;
	if (count == 0 || count > 4 || der->left < count || der->at[0] == 0)
		return false;
	for (; count; count--, der->left--)
		value = value << 8 | *der->at++;
	*len = value;
	return value >= 0x80;
}

bool der_next(struct der *der, struct der_item *item)
{
	struct der rest = *der;
	if (rest.left == 0 || (rest.at[0] & 0x1f) == 0x1f)
		return false;
	item->whole = rest.at;
	item->tag = *rest.at++;
	rest.left--;
	size_t len;
	if (!read_length(&rest, &len) || len > rest.left)
		return false;
	item->value = (struct der){ rest.at, len };
	item->whole_len = (size_t)(rest.at - item->whole) + len;
	der->at = rest.at + len;
	der->left = rest.left - len;
	return true;
}

bool der_expect(struct der *der, uint8_t tag, struct der_item *item)
{
	struct der before = *der;
	if (der_next(der, item) && item->tag == tag)
		return true;
	*der = before;
	return false;
}
