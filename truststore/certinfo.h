/* What a certificate's extensions say, in words. */
#ifndef TVS_CERTINFO_H
#define TVS_CERTINFO_H

#include <stddef.h>

#include "truststore/base/cert.h"

/* Called with each word; bytes of a stranger's certificate, not escaped. */
typedef void certinfo_fn(const char *text, size_t len, void *arg);

/* "digitalSignature", "keyEncipherment" ... (RFC 5280, 4.2.1.3). */
void certinfo_key_usages(const struct cert *cert, certinfo_fn *each, void *arg);

/* "serverAuth", "clientAuth", or the OID (4.2.1.12). */
void certinfo_extended(const struct cert *cert, certinfo_fn *each, void *arg);

/* "DNS:host", "IP:192.0.2.1", "email:a@b", "URI:..." (4.2.1.6). */
void certinfo_names(const struct cert *cert, certinfo_fn *each, void *arg);

/* The same of the DER of such an extension, as a request has it. */
void certinfo_names_der(const gnutls_datum_t *der, certinfo_fn *each, void *arg);

/* All of them: "keyUsage critical", or the OID. */
void certinfo_extensions(const struct cert *cert, certinfo_fn *each, void *arg);

/* The words for bits of a key usage. */
void certinfo_key_usage_words(unsigned bits, certinfo_fn *each, void *arg);

/* The bits of the key usage, GNUTLS_KEY_...; 0 where the certificate has none. */
unsigned certinfo_key_usage_bits(const struct cert *cert);

#endif
