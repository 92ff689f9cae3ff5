/* The little of DER (X.690) that names and the frame of a certificate need: a walk over
 * elements with one-byte tags and definite, shortest lengths. Nothing is allocated. */
#ifndef TVS_BASE_DER_H
#define TVS_BASE_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_NUMERIC_STRING = 0x12,
	DER_PRINTABLE_STRING = 0x13,
	DER_TELETEX_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE_STRING = 0x1a,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_2 = 0xa2,
	DER_CONTEXT_3 = 0xa3
};

/* Bytes that are still to be read; both fields belong to the caller. */
struct der {
	const uint8_t *at;
	size_t left;
};

struct der_item {
	uint8_t tag;
	struct der value;      /* the contents */
	const uint8_t *whole;  /* tag, length and contents */
	size_t whole_len;
};

/* Takes the next element off `der`. False, and `der` unchanged, when what is there is no
 * whole element in DER. */
bool der_next(struct der *der, struct der_item *item);

/* The same, and its tag must be `tag`. */
bool der_expect(struct der *der, uint8_t tag, struct der_item *item);

#endif
