#include "truststore/base/utf8.h"

static bool is_scalar(uint32_t point)
{
	return point < 0xd800 || (point > 0xdfff && point <= 0x10ffff);
}

size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (len == 0)
		return 0;
	uint8_t first = bytes[0];
	if (first < 0x80) {
		*point = first;
		return 1;
	}
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || n > len)
		return 0;
	uint32_t value = first & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[n] || !is_scalar(value))
		return 0;
	*point = value;
	return n;
}

size_t utf8_encode(uint32_t point, uint8_t out[4])
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	if (!is_scalar(point))
		return 0;
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, point >>= 6)
		out[i] = (uint8_t)(0x80 | (point & 0x3f));
	out[0] = (uint8_t)(lead[n] | point);
	return n;
}

bool utf8_valid(const uint8_t *bytes, size_t len)
{
	uint32_t point;
	for (size_t i = 0, n; i < len; i += n)
		if ((n = utf8_decode(bytes + i, len - i, &point)) == 0)
			return false;
	return true;
}
