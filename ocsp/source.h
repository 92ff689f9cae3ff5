/* Where the status of a certificate is to be had: responders and lists, over http and https only. */
#ifndef TVS_OCSP_SOURCE_H
#define TVS_OCSP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"

enum {
	SOURCE_MAX = 4,        /* URLs of a kind that are used of one certificate; the others are ignored */
	SOURCE_MAX_URL = 2000  /* bytes; longer ones are ignored */
};

struct source {
	char *ocsp[SOURCE_MAX]; /* Authority Information Access, RFC 5280, 4.2.2.1 */
	char *crl[SOURCE_MAX];  /* CRL Distribution Points, RFC 5280, 4.2.1.13 */
	size_t ocsp_count, crl_count;
	uint8_t *points;        /* the extension with the distribution points, for source_names_point */
	size_t points_len;
};

/* Reads the certificate's extensions. With `responder` (a URL) that one is asked, and none that the certificate names.
 * ERR_MEMORY. Freed with source_free, which takes one that is all zero. */
int source_of(const struct cert *cert, const char *responder, struct source *out);
int source_of_der(const uint8_t *der, size_t len, const char *responder, struct source *out);
void source_free(struct source *source);

/* True if one of the certificate's distribution points has this GeneralName (DER, whole). Points for some
 * reasons only, or with lists of another issuer, do not count. */
bool source_names_point(const struct source *source, const uint8_t *name, size_t len);

/* True for printable ASCII that begins with http:// or https:// and goes on. */
bool source_url_ok(const char *url, size_t len);

#endif
