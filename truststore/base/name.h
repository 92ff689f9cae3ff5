/* Canonical names: a distinguished name as a set of type=value pairs.
 *
 * Phones pass on names as text that other tools wrote: separated by ';' or ',', in
 * either order, types spelt in many ways. Two names are the same when the sets of
 * their pairs are (the wire protocol, "Query"): types by OID, values byte for byte
 * after unescaping. Its digest is the key under which the store finds a certificate.
 *
 * The digest of a pair is SHA-256 over one byte (0 for text, 1 for a value that is no string), one byte
 * with the length of the type's object identifier, its contents as in DER, and the value: UTF-8, or the whole DER of
 * what is no string. The digest of a name is SHA-256 over the digests of its pairs, sorted, each once.
 */
#ifndef TVS_BASE_NAME_H
#define TVS_BASE_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/digest.h"
#include "truststore/base/err.h"

enum {
	NAME_MAX_PAIRS = 64,     /* more in one name: ERR_LIMIT */
	NAME_MAX_TEXT = 65535    /* bytes of a name as text */
};

/* The digest of the canonical form of a name written as text (RFC 4514 escapes; `;`, `,` or `+` between the
 * parts, wherever a known `type=` follows; types as keyword in any case or dotted OID). Blanks around a type
 * and around a value do not count unless they are escaped or within quotes that enclose the whole value (RFC
 * 2253); a backslash that begins no escape, a quote that encloses nothing, and "#" before what is no DER in
 * hexadecimal stand for themselves. No memory is allocated, the work is linear but for sorting NAME_MAX_PAIRS.
 * ERR_MALFORMED when it holds no pair, or text before the first; ERR_LIMIT over the bounds above. */
int name_digest_text(const char *text, size_t len, struct digest *out);

/* The same for a DER-encoded Name (RFC 5280, 4.1.2.4), as in a certificate.
 * Values are taken as UTF-8, BMPString and UniversalString and TeletexString converted; what is no
 * string is taken as its DER, which text gives as "#" and hexadecimal (RFC 4514, 2.4). */
int name_digest_der(const uint8_t *der, size_t len, struct digest *out);

/* How a name is written. */
enum name_form {
	NAME_COMMA,     /* most specific part last in the certificate stays where it is: the order
	                   of the certificate, joined with ',' (usecallmanagernz tools) */
	NAME_SEMICOLON  /* CN;OU;O;L;ST;C, then all others in order, joined with ';' (the large vendor) */
};

/* Writes a DER-encoded Name as text with RFC 4514 escapes and attribute names as phones'
 * files have them. `*out` is allocated, the caller frees it. An empty name gives "". */
int name_text_der(const uint8_t *der, size_t len, enum name_form form, char **out);

/* The first common name (2.5.4.3) of a DER-encoded Name, printable UTF-8 with \xHH for what is not, without
 * further escapes; "" where there is none. `*out` is allocated, the caller frees it. */
int name_common_der(const uint8_t *der, size_t len, char **out);

/* The key of `issuer_serial`: SHA-256 over the issuer's digest and the SHA-256 of the serial number as a
 * magnitude (leading zero bytes do not count). */
void name_issuer_serial(const struct digest *issuer, const uint8_t *serial, size_t len,
                        struct digest *out);

#endif
