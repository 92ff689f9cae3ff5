/* UTF-8 (RFC 3629), one character at a time. */
#ifndef TVS_BASE_UTF8_H
#define TVS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character at `bytes` and its code point; 0 when what stands there is no
 * character: a stray or missing continuation, too long a form, a surrogate, above 10FFFF. */
size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *point);

/* Writes a code point and returns its length, 1 to 4; 0 for what is none. */
size_t utf8_encode(uint32_t point, uint8_t out[4]);

bool utf8_valid(const uint8_t *bytes, size_t len);

#endif
