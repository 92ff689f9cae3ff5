#include "config.h"

#include "ocsp/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ocsp/signature.h"
#include "truststore/base/der.h"

static const uint8_t oid_aia[] = { 0x2b, 6, 1, 5, 5, 7, 1, 1 };        /* id-pe-authorityInfoAccess */
static const uint8_t oid_crl_points[] = { 0x55, 0x1d, 31 };            /* id-ce-cRLDistributionPoints */
static const uint8_t oid_ad_ocsp[] = { 0x2b, 6, 1, 5, 5, 7, 0x30, 1 };

/* RFC 5280, 4.2.1.6 and 4.2.1.13 */
enum { TAG_OCTET_STRING = 0x04, TAG_URI = 0x86, TAG_POINT_NAME = 0xa0, TAG_FULL_NAME = 0xa0 };

bool source_url_ok(const char *url, size_t len)
{
	size_t scheme = len > 7 && !strncasecmp(url, "http://", 7)    ? 7
	                : len > 8 && !strncasecmp(url, "https://", 8) ? 8
	                                                              : 0;
	if (!scheme || len > SOURCE_MAX_URL || url[scheme] == '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (url[i] <= 0x20 || url[i] >= 0x7f)
			return false;
	return true;
}

static int add_url(char *urls[SOURCE_MAX], size_t *count, const struct der *uri)
{
	const char *text = (const char *)uri->at;
	if (*count == SOURCE_MAX || !source_url_ok(text, uri->left))
		return ERR_OK;
	urls[*count] = strndup(text, uri->left);
	return urls[(*count)++] ? ERR_OK : ERR_MEMORY;
}

/* AuthorityInfoAccessSyntax ::= SEQUENCE OF SEQUENCE { accessMethod OID, accessLocation GeneralName } */
static int read_responders(struct der at, struct source *out)
{
	struct der_item list, access, method, location;
	int code = ERR_OK;
	if (!der_expect(&at, DER_SEQUENCE, &list))
		return ERR_OK;
	while (!code && der_expect(&list.value, DER_SEQUENCE, &access))
		if (der_next(&access.value, &method) && oid_is(&method, oid_ad_ocsp, sizeof oid_ad_ocsp) &&
		    der_expect(&access.value, TAG_URI, &location))
			code = add_url(out->ocsp, &out->ocsp_count, &location.value);
	return code;
}

/* The next distribution point that has lists of the issuer, with all reasons; its names into `names`.
 * DistributionPoint ::= SEQUENCE { [0] { [0] GeneralNames }, [1] reasons, [2] cRLIssuer } */
static bool next_point(struct der *points, struct der *names)
{
	struct der_item point, name, full;
	while (der_expect(points, DER_SEQUENCE, &point)) {
		if (der_expect(&point.value, TAG_POINT_NAME, &name) && !point.value.left &&
		    der_expect(&name.value, TAG_FULL_NAME, &full)) {
			*names = full.value;
			return true;
		}
	}
	return false;
}

static struct der points_of(const struct source *source)
{
	struct der at = { source->points, source->points_len };
	struct der_item list;
	return der_expect(&at, DER_SEQUENCE, &list) ? list.value : (struct der){ NULL, 0 };
}

static int read_points(struct source *out)
{
	struct der points = points_of(out), names;
	struct der_item name;
	int code = ERR_OK;
	while (!code && next_point(&points, &names))
		while (!code && der_next(&names, &name))
			if (name.tag == TAG_URI)
				code = add_url(out->crl, &out->crl_count, &name.value);
	return code;
}

bool source_names_point(const struct source *source, const uint8_t *name, size_t len)
{
	struct der points = points_of(source), names;
	struct der_item own;
	while (next_point(&points, &names))
		while (der_next(&names, &own))
			if (own.whole_len == len && !memcmp(own.whole, name, len))
				return true;
	return false;
}

/* The value of an extension (RFC 5280, 4.1), straight from the certificate: it is the last field of the signed part. */
static bool extension(struct der at, const uint8_t *oid, size_t oid_len, struct der *value)
{
	struct der_item cert, signed_part, field = { .tag = 0 }, list, one, id, part;
	if (!der_expect(&at, DER_SEQUENCE, &cert) || !der_expect(&cert.value, DER_SEQUENCE, &signed_part))
		return false;
	while (der_next(&signed_part.value, &field) && field.tag != DER_CONTEXT_3)
		;
	if (field.tag != DER_CONTEXT_3 || !der_expect(&field.value, DER_SEQUENCE, &list))
		return false;
	while (der_expect(&list.value, DER_SEQUENCE, &one)) {
		if (!der_next(&one.value, &id) || !oid_is(&id, oid, oid_len))
			continue;
		(void)der_expect(&one.value, DER_BOOLEAN, &part); /* critical */
		if (!der_expect(&one.value, TAG_OCTET_STRING, &part))
			return false;
		*value = part.value;
		return true;
	}
	return false;
}

static int read_crl_points(struct der der, struct source *out)
{
	struct der value;
	if (!extension(der, oid_crl_points, sizeof oid_crl_points, &value))
		return ERR_OK;
	out->points = malloc(value.left ? value.left : 1);
	if (!out->points)
		return ERR_MEMORY;
	memcpy(out->points, value.at, value.left);
	out->points_len = value.left;
	return read_points(out);
}

int source_of_der(const uint8_t *der, size_t len, const char *responder, struct source *out)
{
	const struct der cert = { der, len };
	struct der value;
	int code = ERR_OK;
	memset(out, 0, sizeof *out);
	if (responder)
		code = add_url(out->ocsp, &out->ocsp_count,
		               &(struct der){ (const uint8_t *)responder, strlen(responder) });
	else if (extension(cert, oid_aia, sizeof oid_aia, &value))
		code = read_responders(value, out);
	if (!code)
		code = read_crl_points(cert, out);
	if (code)
		source_free(out);
	return code;
}

int source_of(const struct cert *cert, const char *responder, struct source *out)
{
	size_t len;
	const uint8_t *der = cert_der(cert, &len);
	return source_of_der(der, len, responder, out);
}

void source_free(struct source *source)
{
	for (size_t i = 0; i < SOURCE_MAX; i++) {
		free(source->ocsp[i]);
		free(source->crl[i]);
	}
	free(source->points);
	memset(source, 0, sizeof *source);
}
