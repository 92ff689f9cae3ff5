/* The hash of a subject under which OpenSSL looks for a certificate in a directory. */
#ifndef TVS_SUBJECT_HASH_H
#define TVS_SUBJECT_HASH_H

#include <stddef.h>
#include <stdint.h>

/* What `openssl x509 -subject_hash` prints, as a number: the first four bytes, little-endian, of SHA-1 over
 * the name's RDNs with every string as UTF-8, in lower case and with single blanks. `der` is a Name
 * (RFC 5280, 4.1.2.4). ERR_MALFORMED for other bytes. */
int subject_hash(const uint8_t *der, size_t len, uint32_t *out);

#endif
