/* Attribute types of distinguished names: object identifiers and their many spellings. */
#ifndef TVS_BASE_ATTRIBUTE_H
#define TVS_BASE_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ATTRIBUTE_MAX_OID = 64,   /* bytes of an object identifier's contents */
	ATTRIBUTE_MAX_NAME = 48,  /* longest keyword */
	/* A dotted identifier: three digits and a dot for a byte at most, and the first arc. */
	ATTRIBUTE_MAX_DOTTED = 4 * ATTRIBUTE_MAX_OID + 3
};

/* An object identifier as the contents of its DER (X.690, 8.19). */
struct attribute_oid {
	uint8_t len;
	uint8_t byte[ATTRIBUTE_MAX_OID];
};

/* Reads a keyword in any case ("CN", "emailAddress", "E") or a dotted identifier ("2.5.4.3",
 * "OID.2.5.4.3"). False for what is neither. */
bool attribute_parse(const char *text, size_t len, struct attribute_oid *oid);

/* True for contents that are an object identifier whose arcs have at most 128 bits. */
bool attribute_oid_valid(const uint8_t *oid, size_t len);

/* The name that phones' files use: CN L ST O OU C STREET DC UID, else dotted. `out` has
 * ATTRIBUTE_MAX_DOTTED + 1 bytes; the identifier is a valid one. Returns the length. */
size_t attribute_text(const uint8_t *oid, size_t len, char *out);

/* The place of a type in the large vendor's order: 0 CN, 1 OU, 2 O, 3 L, 4 ST, 5 C, 6 others. */
unsigned attribute_rank(const uint8_t *oid, size_t len);
enum { ATTRIBUTE_RANKS = 7 };

#endif
