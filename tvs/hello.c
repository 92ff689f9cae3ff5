#include "tvs/hello.h"

#include <string.h>

enum {
	RANDOM_SIZE = 32,
	SESSION_ID_MAX = 32,
	EXTENSION_GROUPS = 10,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_VERSIONS = 43,
	EXTENSION_SHARES = 51,
	TLS_1_2_NUMBER = 0x0303
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Takes `len` bytes off the front of `from`; false if there are fewer. */
static bool take(struct span *from, size_t len, struct span *out)
{
	if (len > from->len)
		return false;
	*out = (struct span){ from->bytes, len };
	from->bytes += len;
	from->len -= len;
	return true;
}

/* Takes a vector whose length stands in front, in `width` bytes (1 or 2). */
static bool take_vector(struct span *from, size_t width, struct span *out)
{
	struct span length;
	return take(from, width, &length) &&
	       take(from, width == 1 ? length.bytes[0] : get16(length.bytes), out);
}

/* The list inside an extension: one vector that fills it, of whole numbers, not empty. */
static bool take_list(struct span data, size_t width, struct span *out)
{
	if (out->bytes || !take_vector(&data, width, out))
		return false;
	return data.len == 0 && out->len > 0 && out->len % 2 == 0;
}

static bool take_share(struct span *from, uint16_t *group)
{
	struct span number, key;
	if (!take(from, 2, &number) || !take_vector(from, 2, &key) || !key.len)
		return false;
	*group = get16(number.bytes);
	return true;
}

/* The list of shares, which may be empty (RFC 8446, 4.2.8). */
static bool take_shares(struct span data, struct span *out)
{
	uint16_t group;
	if (out->bytes || !take_vector(&data, 2, out) || data.len)
		return false;
	for (struct span rest = *out; rest.len;)
		if (!take_share(&rest, &group))
			return false;
	return true;
}

static bool take_extension(struct span *from, struct hello *out)
{
	struct span type, data;
	if (!take(from, 2, &type) || !take_vector(from, 2, &data))
		return false;
	switch (get16(type.bytes)) {
	case EXTENSION_GROUPS: return take_list(data, 2, &out->groups);
	case EXTENSION_SIGNATURES: return take_list(data, 2, &out->signatures);
	case EXTENSION_SHARES: return take_shares(data, &out->shares);
	case EXTENSION_VERSIONS: return take_list(data, 1, &out->versions);
	default: return true;
	}
}

static bool take_hello(struct span from, struct hello *out)
{
	struct span version, random, session_id, compression, extensions;
	if (!take(&from, 2, &version) || !take(&from, RANDOM_SIZE, &random) ||
	    !take_vector(&from, 1, &session_id) || session_id.len > SESSION_ID_MAX ||
	    !take_vector(&from, 2, &out->suites) || out->suites.len % 2 || !out->suites.len ||
	    !take_vector(&from, 1, &compression) || !compression.len)
		return false;
	out->version = get16(version.bytes);
	if (!from.len) /* a hello without extensions ends here */
		return true;
	if (!take_vector(&from, 2, &extensions) || from.len)
		return false;
	while (extensions.len)
		if (!take_extension(&extensions, out))
			return false;
	return true;
}

int hello_read(const uint8_t *bytes, size_t len, struct hello *out)
{
	memset(out, 0, sizeof *out);
	return take_hello((struct span){ bytes, len }, out) ? ERR_OK : ERR_MALFORMED;
}

uint16_t hello_version(const struct hello *hello, uint16_t min, uint16_t max)
{
	if (!hello->versions.bytes) {
		uint16_t highest = hello->version < TLS_1_2_NUMBER ? hello->version : TLS_1_2_NUMBER;
		if (highest > max)
			highest = max;
		return highest < min ? 0 : highest;
	}
	uint16_t best = 0;
	for (size_t i = 0; i + 1 < hello->versions.len; i += 2) {
		uint16_t version = get16(hello->versions.bytes + i);
		if (version >= min && version <= max && version > best)
			best = version;
	}
	return best;
}

bool hello_offers(struct span list, uint16_t number)
{
	for (size_t i = 0; i + 1 < list.len; i += 2)
		if (get16(list.bytes + i) == number)
			return true;
	return false;
}

bool hello_shares(const struct hello *hello, uint16_t group)
{
	uint16_t one;
	for (struct span rest = hello->shares; rest.len && take_share(&rest, &one);)
		if (one == group)
			return true;
	return false;
}
