#include "config.h"

#include "truststore/trustlist.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/keysize.h"

enum header_tag {
	HEADER_VERSION = 1, HEADER_LENGTH = 2, HEADER_SIGNER_ID = 3, HEADER_SIGNER = 4, HEADER_SERIAL = 5, HEADER_ISSUER = 6,
	HEADER_SIGNATURE_INFO = 7, HEADER_DIGEST = 8, HEADER_ALGORITHM_INFO = 9, HEADER_ALGORITHM = 10, HEADER_MODULUS = 11,
	HEADER_SIGNATURE = 12, HEADER_PADDING = 13, HEADER_FILE = 14, HEADER_TIME = 15, HEADER_TAGS = 32
};

enum record_tag {
	RECORD_LENGTH = 1,
	RECORD_SUBJECT = 3,
	RECORD_ROLE = 4,
	RECORD_ISSUER = 5,
	RECORD_SERIAL = 6,
	RECORD_CERTIFICATE = 9,
	RECORD_TAGS = 32
};

struct parse {
	const char *name;
	const uint8_t *start;
	const uint8_t *at, *end; /* of the header or record */
	struct trustlist *out;
	struct err *err;
	uint32_t seen; /* a bit for each tag below 32 */
};

static int bad(const struct parse *p, const char *what)
{
	return err_set(p->err, ERR_MALFORMED, "%s: byte %zu: %s", p->name, (size_t)(p->at - p->start), what);
}

static unsigned u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The next element: tag, length, value. */
static int next(struct parse *p, unsigned *tag, struct span *value)
{
	if (p->end - p->at < 3)
		return bad(p, "an element is cut off");
	*tag = p->at[0];
	*value = (struct span){ p->at + 3, u16(p->at + 1) };
	if (value->len > (size_t)(p->end - p->at) - 3)
		return bad(p, "an element is longer than what is left");
	if (*tag < 32 && p->seen & 1u << *tag)
		return bad(p, "an element stands there twice");
	if (*tag < 32)
		p->seen |= 1u << *tag;
	return ERR_OK;
}

static int take_text(const struct parse *p, struct span value, const char **out)
{
	if (!value.len || value.bytes[value.len - 1] || memchr(value.bytes, 0, value.len) != value.bytes + value.len - 1)
		return bad(p, "a text does not end where its element ends");
	*out = (const char *)value.bytes;
	return ERR_OK;
}

/* --- header */

static int take_header(struct parse *p, unsigned tag, struct span value)
{
	switch (tag) {
	case HEADER_SIGNER: return take_text(p, value, &p->out->signer);
	case HEADER_ISSUER: return take_text(p, value, &p->out->issuer);
	case HEADER_SERIAL:
		p->out->serial = value;
		return ERR_OK;
	case HEADER_DIGEST:
		if (value.len != 1 || (value.bytes[0] != 1 && value.bytes[0] != 3))
			return bad(p, "a digest other than SHA-1 and SHA-512");
		p->out->digest = value.bytes[0];
		return ERR_OK;
	case HEADER_ALGORITHM: return value.len == 1 && !value.bytes[0] ? ERR_OK : bad(p, "a signature other than RSA");
	case HEADER_SIGNATURE:
		p->out->signature = value;
		p->out->signature_at = (size_t)(p->at - p->start);
		return ERR_OK;
	default: return ERR_OK;
	}
}

static int parse_padding(struct parse *p)
{
	for (; p->at < p->end; p->at++)
		if (*p->at != HEADER_PADDING)
			return bad(p, "something behind the padding");
	return ERR_OK;
}

static int parse_elements(struct parse *p)
{
	const uint8_t *inside[2] = { NULL, NULL }; /* ends of the open containers */
	int depth = 0;
	while (p->at < p->end && (*p->at != HEADER_PADDING || depth)) {
		unsigned tag;
		struct span value;
		int code = next(p, &tag, &value);
		if (code)
			return code;
		const uint8_t *end = value.bytes + value.len;
		if (depth && end > inside[depth - 1])
			return bad(p, "an element runs past the one that holds it");
		bool container = tag == HEADER_SIGNER_ID || tag == HEADER_SIGNATURE_INFO || tag == HEADER_ALGORITHM_INFO;
		code = container ? ERR_OK : take_header(p, tag, value);
		if (code)
			return code;
		if (container && depth == 2)
			return bad(p, "nested too deeply");
		p->at = container ? value.bytes : end;
		if (container && value.len)
			inside[depth++] = end;
		while (depth && p->at == inside[depth - 1])
			depth--;
	}
	return depth ? bad(p, "the header ends within an element") : parse_padding(p);
}

static int parse_header(struct parse *p, size_t len)
{
	static const uint32_t wanted = 1u << HEADER_SIGNER | 1u << HEADER_SERIAL | 1u << HEADER_ISSUER |
	                               1u << HEADER_DIGEST | 1u << HEADER_SIGNATURE;
	const uint8_t *b = p->start;
	if (len < 10 || b[0] != HEADER_VERSION || u16(b + 1) != 2 || b[5] != HEADER_LENGTH || u16(b + 6) != 2)
		return bad(p, "not a trust list");
	if (b[3] != 1)
		return bad(p, "a trust list of another version");
	size_t header = u16(b + 8);
	if (header < 10 || header > len)
		return bad(p, "the header is longer than the file");
	p->at = b + 10;
	p->end = b + header;
	p->seen = 1u << HEADER_VERSION | 1u << HEADER_LENGTH;
	int code = parse_elements(p);
	if (!code && (p->seen & wanted) != wanted)
		code = bad(p, "the header does not say who signed");
	return code;
}

/* --- records */

static int take_record(struct parse *p, unsigned tag, struct span value, struct trustlist_record *record)
{
	switch (tag) {
	case RECORD_ROLE:
		if (value.len != 2)
			return bad(p, "a role has two bytes");
		record->role = u16(value.bytes);
		return ERR_OK;
	case RECORD_ISSUER: return take_text(p, value, &record->issuer);
	case RECORD_SERIAL: record->serial = value; return ERR_OK;
	case RECORD_CERTIFICATE: record->der = value; return ERR_OK;
	default: return ERR_OK;
	}
}

static int parse_record(struct parse *p, size_t left)
{
	struct trustlist_record *record = &p->out->records[p->out->count];
	if (p->out->count == TRUSTLIST_MAX_RECORDS)
		return err_set(p->err, ERR_LIMIT, "%s: more than %d records", p->name, TRUSTLIST_MAX_RECORDS);
	if (left < 5 || p->at[0] != RECORD_LENGTH || u16(p->at + 1) != 2)
		return bad(p, "not a record");
	size_t len = u16(p->at + 3);
	if (len < 5 || len > left)
		return bad(p, "a record is longer than the file");
	*record = (struct trustlist_record){ .role = 0 };
	p->end = p->at + len;
	p->at += 5;
	p->seen = 1u << RECORD_LENGTH;
	while (p->at < p->end) {
		unsigned tag;
		struct span value;
		int code = next(p, &tag, &value);
		if (!code)
			code = take_record(p, tag, value, record);
		if (code)
			return code;
		p->at = value.bytes + value.len;
	}
	if (!(p->seen & 1u << RECORD_ROLE))
		return bad(p, "a record without a role");
	p->out->count++;
	return ERR_OK;
}

int trustlist_parse(const char *name, const uint8_t *bytes, size_t len, struct trustlist *out, struct err *err)
{
	struct parse p = { .name = name, .start = bytes, .at = bytes, .end = bytes + len, .out = out, .err = err };
	out->signer = out->issuer = NULL;
	out->count = 0;
	if (len > TRUSTLIST_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "%s: larger than %d bytes", name, TRUSTLIST_MAX_BYTES);
	int code = parse_header(&p, len);
	while (!code && p.at < bytes + len)
		code = parse_record(&p, (size_t)(bytes + len - p.at));
	return code;
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && !memcmp(a.bytes, b.bytes, a.len);
}

const struct trustlist_record *trustlist_signer(const struct trustlist *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct trustlist_record *record = &list->records[i];
		if (!record->role && record->issuer && record->serial.bytes && same(record->serial, list->serial) &&
		    !strcmp(record->issuer, list->issuer))
			return record;
	}
	return NULL;
}

/* The signature is over the file without the element that holds it. */
int trustlist_verify(const char *name, const uint8_t *bytes, size_t len, const struct trustlist *list, struct err *err)
{
	const struct trustlist_record *signer = trustlist_signer(list);
	size_t behind = list->signature_at + 3 + list->signature.len;
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	if (!signer || !signer->der.len)
		return err_set(err, ERR_REFUSED, "%s: it does not hold the certificate that signed it", name);
	uint8_t *text = malloc(len);
	if (!text)
		return err_set(err, ERR_MEMORY, "%s: no memory for it", name);
	memcpy(text, bytes, list->signature_at);
	memcpy(text + list->signature_at, bytes + behind, len - behind);
	gnutls_datum_t data = { text, (unsigned)(len - (behind - list->signature_at)) },
		       der = { (void *)signer->der.bytes, (unsigned)signer->der.len },
		       signature = { (void *)list->signature.bytes, (unsigned)list->signature.len };
	int rc = gnutls_x509_crt_init(&crt);
	if (!rc)
		rc = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	if (!rc && !keysize_fits(crt, KEYSIZE_RSA_MAX))
		rc = GNUTLS_E_CERTIFICATE_ERROR;
	if (!rc)
		rc = gnutls_pubkey_init(&key);
	if (!rc)
		rc = gnutls_pubkey_import_x509(key, crt, 0);
	if (!rc)
		rc = gnutls_pubkey_verify_data2(key, list->digest == 1 ? GNUTLS_SIGN_RSA_SHA1 : GNUTLS_SIGN_RSA_SHA512,
		                                GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1 | GNUTLS_VERIFY_ALLOW_BROKEN, &data, &signature);
	if (key)
		gnutls_pubkey_deinit(key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	free(text);
	return rc < 0 ? err_set(err, ERR_REFUSED, "%s: its signature does not fit (%s)", name, gnutls_strerror(rc)) : ERR_OK;
}
