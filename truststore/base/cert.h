/* X.509 certificates: what the programs need to know of one, over GnuTLS. */
#ifndef TVS_BASE_CERT_H
#define TVS_BASE_CERT_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "truststore/base/digest.h"
#include "truststore/base/err.h"
#include "truststore/base/name.h"

enum {
	CERT_MAX_DER = 60000,    /* what fits a message of the phones' protocol with its answer */
	CERT_MAX_SERIAL = 64,    /* bytes; RFC 5280 allows 20, real ones are longer at times */
	CERT_MAX_FILE = 1 << 30  /* bytes of a file of certificates */
};

struct cert;

/* Parses one DER certificate; it must fill the `len` bytes exactly. The bytes are copied. On success the caller
 * frees it with cert_free (which takes NULL). ERR_MALFORMED with the reason; ERR_LIMIT over CERT_MAX_DER,
 * NAME_MAX_PAIRS or NAME_MAX_TEXT. What is merely unwise (expired, weak, version 1, a serial number that is
 * negative or 0, an empty subject) is parsed: rules are for the store. Times that RFC 5280 4.1.2.5 forbids (no
 * seconds, fractions, not GMT) are malformed, as are extensions that come twice or not with version 3,
 * signature algorithms that differ, and an RSA key that is none. */
int cert_parse(const uint8_t *der, size_t len, struct cert **out, struct err *err);
void cert_free(struct cert *cert);

/* All of these borrow from the certificate and live as long as it does. */
const uint8_t *cert_der(const struct cert *cert, size_t *len);
const struct digest *cert_sha256(const struct cert *cert);
void cert_sha1(const struct cert *cert, uint8_t out[20]);
const char *cert_subject(const struct cert *cert);    /* NAME_COMMA form, UTF-8, control characters escaped */
const char *cert_issuer(const struct cert *cert);
const uint8_t *cert_serial(const struct cert *cert, size_t *len); /* as in the DER, sign byte included */
const char *cert_serial_hex(const struct cert *cert); /* upper case, without the sign byte: "83E9" */
int64_t cert_not_before(const struct cert *cert);     /* seconds since 1970 */
int64_t cert_not_after(const struct cert *cert);      /* 9999-12-31T23:59:59Z comes as CLOCK_NEVER - 1 */
const char *cert_key_type(const struct cert *cert);   /* "RSA", "EC", "Ed25519", "Ed448", "DSA", "other" */
unsigned cert_key_bits(const struct cert *cert);      /* 0 for a key or curve that GnuTLS does not know */
const char *cert_signature(const struct cert *cert);  /* "RSA-SHA256", GnuTLS's name; "other" */
unsigned cert_version(const struct cert *cert);       /* 1, 2 or 3 */
bool cert_is_ca(const struct cert *cert);             /* basicConstraints cA */

/* True if subject and issuer are the same and its own key verifies its signature. */
bool cert_self_signed(const struct cert *cert);

/* True if the names fit (and key identifiers, where both have them) and `issuer`'s key
 * verifies the signature of `cert`. Dates are not looked at. */
bool cert_issued_by(const struct cert *cert, const struct cert *issuer);

/* The digests of the canonical names, and the key of `issuer_serial`. */
const struct digest *cert_subject_key(const struct cert *cert);
const struct digest *cert_issuer_key(const struct cert *cert);
const struct digest *cert_issuer_serial_key(const struct cert *cert);

/* The whole subject and issuer as DER (RFC 5280, 4.1.2.6), for comparing byte by byte. */
const uint8_t *cert_subject_der(const struct cert *cert, size_t *len);
const uint8_t *cert_issuer_der(const struct cert *cert, size_t *len);

/* The first common name as printable UTF-8 (\xHH for what is not), or "". */
const char *cert_common_name(const struct cert *cert);

/* GnuTLS's own object for what is not here; borrowed, not to be changed. */
gnutls_x509_crt_t cert_gnutls(const struct cert *cert);

/* Where a file's certificate stands, for messages. */
struct cert_place {
	const char *file; /* "-" is standard input */
	unsigned number;  /* 1 for the first certificate */
	unsigned line;    /* of its BEGIN line; 0 in a DER file */
};

/* Called for each certificate of a file; takes ownership of `cert`. Any value but 0 ends
 * the reading with that value. */
typedef int cert_each_fn(struct cert *cert, const struct cert_place *place, void *arg,
                         struct err *err);

/* Reads FILE ("-" is standard input): PEM (RFC 7468), one or many certificates with any text
 * and other PEM blocks between them, or one DER certificate. One certificate is in memory at a time. ERR_MALFORMED
 * names file, number and line and why; a file without any certificate is malformed too (a private key alone
 * says so), as is OpenSSL's TRUSTED CERTIFICATE. ERR_LIMIT over CERT_MAX_FILE or CERT_MAX_DER. */
int cert_read_file(const char *file, cert_each_fn *each, void *arg, struct err *err);

/* The same from a stream, which `file` names in places and messages: for input that must be read more
 * than once. Reads from where the stream stands to its end, and leaves it open. */
int cert_read_stream(FILE *stream, const char *file, cert_each_fn *each, void *arg,
                     struct err *err);

/* For a file that must hold exactly one certificate. */
int cert_read_one(const char *file, struct cert **out, struct err *err);

/* PEM (RFC 7468), `*out` allocated and ending in NUL; the caller frees it. */
int cert_pem(const uint8_t *der, size_t len, char **out, size_t *out_len);

#endif
