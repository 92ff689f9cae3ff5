/* A walk over the type-and-value pairs of a DER-encoded Name (RFC 5280, 4.1.2.4), with
 * multi-valued RDNs flattened. Nothing is allocated. */
#ifndef TVS_BASE_RDN_H
#define TVS_BASE_RDN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/der.h"
#include "truststore/base/err.h"

struct rdn_walk {
	struct der names; /* RDNs still to come */
	struct der pairs; /* of the RDN at hand */
};

struct rdn_pair {
	struct der oid;        /* a valid one, see attribute.h */
	struct der_item value;
};

/* False if the bytes are not exactly one SEQUENCE. */
bool rdn_walk_init(struct rdn_walk *walk, const uint8_t *der, size_t len);

/* ERR_OK with the next pair, ERR_NOT_FOUND at the end, ERR_MALFORMED. */
int rdn_walk_next(struct rdn_walk *walk, struct rdn_pair *pair);

/* The value as UTF-8: the bytes of a string type as they are, TeletexString from Latin-1 unless
 * it is UTF-8 already, BMPString and UniversalString converted. What is converted takes at most twice the bytes.
 * ERR_NOT_FOUND if the value is no string (or no text in its encoding), ERR_LIMIT if `out` is too small. */
int rdn_value_text(const struct der_item *value, uint8_t *out, size_t size, size_t *len);

#endif
