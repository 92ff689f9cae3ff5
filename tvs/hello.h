/* What a ClientHello offers, as far as the choice of version and suite needs it.
 *
 * RFC 5246 7.4.1.2, RFC 8446 4.1.2. Pure: every length is checked against the bytes that are there, nothing is
 * allocated, what the spans point to belongs to the message.
 */
#ifndef TVS_HELLO_H
#define TVS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"
#include "truststore/store.h" /* struct span */

struct hello {
	uint16_t version;       /* client_version, which RSA key exchange repeats: 0x0303 */
	struct span suites;     /* two bytes each, as are the others but the last */
	struct span versions;   /* extension 43; `bytes` NULL: absent, as in the following */
	struct span groups;     /* extension 10 */
	struct span signatures; /* extension 13 */
	struct span shares;     /* extension 51: of these groups it sends keys (RFC 8446, 4.2.8); not of fixed size */
};

/* Reads the message from client_version on, which it must fill exactly. ERR_MALFORMED; also when one of the
 * extensions above stands twice. */
int hello_read(const uint8_t *bytes, size_t len, struct hello *out);

/* The highest version up to `max` that the client can do, as its number (0x0303); 0 if that is below `min`. The
 * extension counts where it is there (RFC 8446 4.2.1), client_version where not. */
uint16_t hello_version(const struct hello *hello, uint16_t min, uint16_t max);

/* True if `suites`, `groups` or `signatures` holds this number. */
bool hello_offers(struct span list, uint16_t number);

/* True if `shares` has a key of this group. */
bool hello_shares(const struct hello *hello, uint16_t group);

#endif
