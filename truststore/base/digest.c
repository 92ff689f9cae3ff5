#include "truststore/base/digest.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

struct digest_state {
	gnutls_hash_hd_t handle;
};

void digest_of(const void *bytes, size_t len, struct digest *out)
{
	/* A digest that could not be computed must never look like one. */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, len ? bytes : "", len, out->byte) < 0)
		abort();
}

struct digest_state *digest_begin(void)
{
	struct digest_state *state = malloc(sizeof *state);
	if (!state)
		return NULL;
	if (gnutls_hash_init(&state->handle, GNUTLS_DIG_SHA256) < 0) {
		free(state);
		return NULL;
	}
	return state;
}

void digest_add(struct digest_state *state, const void *bytes, size_t len)
{
	if (len && gnutls_hash(state->handle, bytes, len) < 0)
		abort();
}

void digest_end(struct digest_state *state, struct digest *out)
{
	gnutls_hash_deinit(state->handle, out->byte);
	free(state);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->byte, b->byte, DIGEST_SIZE) == 0;
}

int digest_compare(const struct digest *a, const struct digest *b)
{
	return memcmp(a->byte, b->byte, DIGEST_SIZE);
}

char *digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE])
{
	return hex_encode(digest->byte, DIGEST_SIZE, false, out);
}

char *hex_encode(const void *bytes, size_t len, bool upper, char *out)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	const uint8_t *from = bytes;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[from[i] >> 4];
		out[2 * i + 1] = digits[from[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, uint8_t *out, size_t out_size, size_t *len)
{
	size_t n = 0;
	for (const char *p = text; *p;) {
		if (*p == ':' || *p == ' ') {
			p++;
			continue;
		}
		int high = digit_value(p[0]);
		int low = high < 0 ? -1 : digit_value(p[1]);
		if (low < 0)
			return ERR_MALFORMED;
		if (n == out_size)
			return ERR_LIMIT;
		out[n++] = (uint8_t)(high << 4 | low);
		p += 2;
	}
	*len = n;
	return ERR_OK;
}

int digest_prefix_parse(const char *text, struct digest_prefix *prefix, struct err *err)
{
	struct digest_prefix parsed = { .digits = 0 };
	for (const char *p = text; *p; p++) {
		if (*p == ':' || *p == ' ')
			continue;
		int value = digit_value(*p);
		if (value < 0)
			return err_set(err, ERR_MALFORMED,
			               "'%s' is not a certificate's SHA-256: it holds more than "
			               "hexadecimal digits", text);
		if (parsed.digits == 2 * DIGEST_SIZE)
			return err_set(err, ERR_MALFORMED,
			               "'%s' is not a certificate's SHA-256: more than 64 digits", text);
		parsed.byte[parsed.digits / 2] |= (uint8_t)(parsed.digits % 2 ? value : value << 4);
		parsed.digits++;
	}
	if (parsed.digits < 8)
		return err_set(err, ERR_MALFORMED,
		               "'%s' is too short to name a certificate: at least 8 hexadecimal "
		               "digits of its SHA-256 are needed", text);
	*prefix = parsed;
	return ERR_OK;
}

bool digest_prefix_fits(const struct digest_prefix *prefix, const struct digest *digest)
{
	size_t whole = prefix->digits / 2;
	if (memcmp(prefix->byte, digest->byte, whole) != 0)
		return false;
	return prefix->digits % 2 == 0 || (prefix->byte[whole] ^ digest->byte[whole]) >> 4 == 0;
}
