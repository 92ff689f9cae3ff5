/* SHA-256 digests, which name certificates everywhere, and hexadecimal. */
#ifndef TVS_BASE_DIGEST_H
#define TVS_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1 };

struct digest {
	uint8_t byte[DIGEST_SIZE];
};

/* SHA-256 (FIPS 180-4) of `len` bytes. */
void digest_of(const void *bytes, size_t len, struct digest *out);

/* SHA-256 in pieces: digest_begin, digest_add any number of times, digest_end,
 * which also frees. digest_begin returns NULL when there is no memory. */
struct digest_state;
struct digest_state *digest_begin(void);
void digest_add(struct digest_state *state, const void *bytes, size_t len);
void digest_end(struct digest_state *state, struct digest *out);

bool digest_equal(const struct digest *a, const struct digest *b);
int digest_compare(const struct digest *a, const struct digest *b);

/* 64 lower-case hexadecimal digits. Returns `out`. */
char *digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE]);

/* Bytes as hexadecimal; `out` has room for 2 * len + 1. Returns `out`. */
char *hex_encode(const void *bytes, size_t len, bool upper, char *out);

/* Hexadecimal of either case to bytes; colons and blanks between pairs are skipped.
 * ERR_MALFORMED for other characters or an odd number of digits, ERR_LIMIT over `out_size`. */
int hex_decode(const char *text, uint8_t *out, size_t out_size, size_t *len);

/* What a person types to name a certificate: a SHA-256 or its first 8 to 64 digits. */
struct digest_prefix {
	uint8_t byte[DIGEST_SIZE];
	unsigned digits; /* 8 to 64 */
};
int digest_prefix_parse(const char *text, struct digest_prefix *prefix, struct err *err);
bool digest_prefix_fits(const struct digest_prefix *prefix, const struct digest *digest);

#endif
