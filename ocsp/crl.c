#include "ocsp/crl.h"

#include <stdlib.h>
#include <string.h>

#include "ocsp/signature.h"
#include "truststore/base/certtime.h"
#include "truststore/base/der.h"
#include "truststore/base/digest.h"
#include "truststore/record_priv.h"

/* RFC 5280, 5.2 and 5.3: all are below id-ce, 2.5.29 */
enum {
	CE_CRL_NUMBER = 20,
	CE_REASON = 21,
	CE_INVALIDITY_DATE = 24,
	CE_DELTA = 27,
	CE_SCOPE = 28, /* IssuingDistributionPoint */
	CE_CERTIFICATE_ISSUER = 29,
	CE_AUTHORITY_KEY = 35,
	CE_OTHER = 0
};

enum { TAG_OCTET_STRING = 0x04, TAG_ENUMERATED = 0x0a, TAG_EXTENSIONS = DER_CONTEXT_0 };
enum { REASON_REMOVE_FROM_CRL = 8, REASON_MAX = 10 }; /* CRLReason, RFC 5280, 5.3.1 */

/* The short form: a head of CRL_HEAD_SIZE bytes, the URL, the entries in ascending order. */
enum {
	HEAD_VERSION = 0, HEAD_FLAGS = 1, HEAD_URL_LEN = 2, HEAD_COUNT = 4, HEAD_THIS = 8, HEAD_NEXT = 16,
	HEAD_FETCHED = 24,
	FORM_VERSION = 1, FLAG_ONLY_USER = 1, FLAG_ONLY_CA = 2,
	ENTRY_ID = 23, ENTRY_TIME = 23, ENTRY_REASON = 31
};

/* A list while it is read. */
struct reading {
	const struct source *source;
	struct crl head;
	uint8_t *entries;
	size_t count, room;
};

/* --- pieces */

/* Takes a Time off `at`, if there is one. */
static bool next_time(struct der *at, int64_t *out)
{
	struct der_item item;
	struct der before = *at;
	if (der_next(at, &item) && certtime_parse(&item, out) == ERR_OK)
		return true;
	*at = before;
	return false;
}

struct extension {
	int id; /* CE_... */
	bool critical;
	struct der value;
};

/* Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING } */
static bool next_extension(struct der *list, struct extension *out)
{
	struct der_item item, oid, part;
	if (!der_expect(list, DER_SEQUENCE, &item) || !der_expect(&item.value, DER_OID, &oid))
		return false;
	out->critical = der_expect(&item.value, DER_BOOLEAN, &part) &&
	                part.value.left == 1 && part.value.at[0];
	if (!der_expect(&item.value, TAG_OCTET_STRING, &part) || item.value.left)
		return false;
	out->value = part.value;
	bool ce = oid.value.left == 3 && oid.value.at[0] == 0x55 && oid.value.at[1] == 0x1d;
	out->id = ce ? oid.value.at[2] : CE_OTHER;
	return true;
}

/* The name of an entry in the short form: the beginning of the SHA-256 of its serial number, a magnitude. */
static void entry_id(const uint8_t *serial, size_t len, uint8_t out[ENTRY_ID])
{
	struct digest digest;
	while (len && !*serial) {
		serial++;
		len--;
	}
	digest_of(serial, len, &digest);
	memcpy(out, digest.byte, ENTRY_ID);
}

/* --- extensions of the list */

/* GeneralNames of the scope: one must be a distribution point of the certificate. */
static bool covers_point(const struct source *source, struct der names)
{
	struct der_item name;
	while (der_next(&names, &name))
		if (source_names_point(source, name.whole, name.whole_len))
			return true;
	return false;
}

/* IssuingDistributionPoint (RFC 5280, 5.2.5); the tags are [0] to [5]. */
static enum fault read_scope(struct reading *r, struct der value)
{
	struct der_item scope, part, full;
	if (!der_expect(&value, DER_SEQUENCE, &scope) || value.left)
		return FAULT_CRL_MALFORMED;
	while (der_next(&scope.value, &part)) {
		bool set = part.value.left == 1 && part.value.at[0];
		switch (part.tag) {
		case 0xa0:
			if (!der_expect(&part.value, 0xa0, &full) || !covers_point(r->source, full.value))
				return FAULT_CRL_SCOPE;
			break;
		case 0x81: r->head.only_user = set; break;
		case 0x82: r->head.only_ca = set; break;
		case 0x83: return FAULT_CRL_SCOPE; /* onlySomeReasons */
		case 0x84:
			if (set)
				return FAULT_CRL_INDIRECT;
			break;
		case 0x85:
			if (set)
				return FAULT_CRL_SCOPE; /* onlyContainsAttributeCerts */
			break;
		default: return FAULT_CRL_MALFORMED;
		}
	}
	return scope.value.left ? FAULT_CRL_MALFORMED : FAULT_NONE;
}

static enum fault read_extensions(struct reading *r, struct der at)
{
	struct der_item list;
	struct extension extension;
	if (!der_expect(&at, DER_SEQUENCE, &list) || at.left)
		return FAULT_CRL_MALFORMED;
	while (list.value.left) {
		if (!next_extension(&list.value, &extension))
			return FAULT_CRL_MALFORMED;
		enum fault fault = FAULT_NONE;
		switch (extension.id) {
		case CE_DELTA: return FAULT_CRL_DELTA;
		case CE_SCOPE: fault = read_scope(r, extension.value); break;
		case CE_CRL_NUMBER:
		case CE_AUTHORITY_KEY: break;
		default: fault = extension.critical ? FAULT_CRL_CRITICAL_EXTENSION : FAULT_NONE;
		}
		if (fault)
			return fault;
	}
	return FAULT_NONE;
}

/* --- entries */

static enum fault read_entry_extensions(struct der at, uint8_t *reason)
{
	struct der_item list, value;
	struct extension extension;
	if (!der_expect(&at, DER_SEQUENCE, &list) || at.left)
		return FAULT_CRL_MALFORMED;
	while (list.value.left) {
		if (!next_extension(&list.value, &extension))
			return FAULT_CRL_MALFORMED;
		switch (extension.id) {
		case CE_REASON:
			if (!der_expect(&extension.value, TAG_ENUMERATED, &value) ||
			    value.value.left != 1 || value.value.at[0] > REASON_MAX)
				return FAULT_CRL_MALFORMED;
			*reason = value.value.at[0];
			break;
		case CE_CERTIFICATE_ISSUER: return FAULT_CRL_INDIRECT;
		case CE_INVALIDITY_DATE: break;
		default:
			if (extension.critical)
				return FAULT_CRL_CRITICAL_EXTENSION;
		}
	}
	return FAULT_NONE;
}

static uint8_t *new_entry(struct reading *r)
{
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		uint8_t *entries = realloc(r->entries, room * CRL_ENTRY_SIZE);
		if (!entries)
			return NULL;
		r->entries = entries;
		r->room = room;
	}
	return r->entries + CRL_ENTRY_SIZE * r->count++;
}

/* SEQUENCE { serial INTEGER, revocationDate Time, Extensions OPTIONAL } */
static enum fault read_entry(struct reading *r, struct der at)
{
	struct der_item serial;
	int64_t when;
	uint8_t reason = 0;
	if (!der_expect(&at, DER_INTEGER, &serial) || !serial.value.left ||
	    serial.value.left > CRL_MAX_SERIAL || !next_time(&at, &when))
		return FAULT_CRL_MALFORMED;
	enum fault fault = at.left ? read_entry_extensions(at, &reason) : FAULT_NONE;
	if (fault || reason == REASON_REMOVE_FROM_CRL) /* says that it is revoked no more */
		return fault;
	if (r->count == CRL_MAX_ENTRIES)
		return FAULT_CRL_TOO_LARGE;
	uint8_t *entry = new_entry(r);
	if (!entry)
		return FAULT_LOCAL;
	entry_id(serial.value.at, serial.value.left, entry);
	put_be(entry + ENTRY_TIME, (uint64_t)when, 8);
	entry[ENTRY_REASON] = reason;
	return FAULT_NONE;
}

static int compare_entries(const void *a, const void *b)
{
	return memcmp(a, b, ENTRY_ID);
}

static enum fault read_entries(struct reading *r, struct der list)
{
	struct der_item entry;
	while (list.left) {
		if (!der_expect(&list, DER_SEQUENCE, &entry))
			return FAULT_CRL_MALFORMED;
		enum fault fault = read_entry(r, entry.value);
		if (fault)
			return fault;
	}
	if (r->count)
		qsort(r->entries, r->count, CRL_ENTRY_SIZE, compare_entries);
	return FAULT_NONE;
}

/* --- the whole */

/* TBSCertList up to the issuer's name (RFC 5280, 5.1); `at` stands behind it then. */
static enum fault read_front(struct der *at, const struct signature *signature,
                             const struct cert *issuer)
{
	struct der_item item, algorithm, name;
	struct digest names;
	(void)der_expect(at, DER_INTEGER, &item); /* version */
	if (!der_expect(at, DER_SEQUENCE, &algorithm) || !der_expect(at, DER_SEQUENCE, &name) ||
	    algorithm.whole_len != signature->algorithm.whole_len ||
	    memcmp(algorithm.whole, signature->algorithm.whole, algorithm.whole_len) != 0)
		return FAULT_CRL_MALFORMED;
	if (name_digest_der(name.whole, name.whole_len, &names) ||
	    !digest_equal(&names, cert_subject_key(issuer)))
		return FAULT_CRL_ISSUER;
	return FAULT_NONE;
}

/* RFC 5280, 6.3.3 (f): where there is a key usage, it must have cRLSign. */
static bool may_sign(const struct cert *issuer)
{
	unsigned usage, critical;
	int code = gnutls_x509_crt_get_key_usage(cert_gnutls(issuer), &usage, &critical);
	return code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	       (code >= 0 && (usage & GNUTLS_KEY_CRL_SIGN));
}

static enum fault read_body(struct reading *r, struct der at)
{
	struct der_item item;
	if (!next_time(&at, &r->head.this_update))
		return FAULT_CRL_MALFORMED;
	if (!next_time(&at, &r->head.next_update))
		r->head.next_update = 0;
	enum fault fault = FAULT_NONE;
	if (der_expect(&at, DER_SEQUENCE, &item))
		fault = read_entries(r, item.value);
	if (!fault && der_expect(&at, TAG_EXTENSIONS, &item))
		fault = read_extensions(r, item.value);
	return !fault && at.left ? FAULT_CRL_MALFORMED : fault;
}

static enum fault crl_times(const struct crl *crl, const struct rules *rules, int64_t *until)
{
	switch (rules_times(rules, crl->this_update, crl->next_update, until)) {
	case FAULT_NONE: return FAULT_NONE;
	case FAULT_FUTURE: return FAULT_CRL_FUTURE;
	default: return FAULT_CRL_STALE;
	}
}

static enum fault encode(const struct reading *r, uint8_t **out, size_t *out_len)
{
	size_t len = CRL_HEAD_SIZE + r->head.url.len + CRL_ENTRY_SIZE * r->count;
	uint8_t *form = calloc(1, len);
	if (!form)
		return FAULT_LOCAL;
	form[HEAD_VERSION] = FORM_VERSION;
	form[HEAD_FLAGS] = (r->head.only_user ? FLAG_ONLY_USER : 0) | (r->head.only_ca ? FLAG_ONLY_CA : 0);
	put_be(form + HEAD_URL_LEN, r->head.url.len, 2);
	put_be(form + HEAD_COUNT, r->count, 4);
	put_be(form + HEAD_THIS, (uint64_t)r->head.this_update, 8);
	put_be(form + HEAD_NEXT, (uint64_t)r->head.next_update, 8);
	put_be(form + HEAD_FETCHED, (uint64_t)r->head.fetched, 8);
	memcpy(form + CRL_HEAD_SIZE, r->head.url.bytes, r->head.url.len);
	if (r->count)
		memcpy(form + CRL_HEAD_SIZE + r->head.url.len, r->entries, CRL_ENTRY_SIZE * r->count);
	*out = form;
	*out_len = len;
	return FAULT_NONE;
}

enum fault crl_read(const void *der, size_t len, const char *url, const struct cert *issuer,
                    const struct source *source, const struct rules *rules, uint8_t **out,
                    size_t *out_len)
{
	struct signature signature;
	struct reading r = { .source = source, .head = {
		.fetched = rules->now, .url = { (const uint8_t *)url, strlen(url) } } };
	int64_t until;
	if (len > CRL_MAX_BYTES || r.head.url.len > SOURCE_MAX_URL)
		return FAULT_CRL_TOO_LARGE;
	if (!signature_read(der, len, &signature) || signature.rest.left)
		return FAULT_CRL_MALFORMED;
	struct der at = signature.signed_part.value;
	enum fault fault = read_front(&at, &signature, issuer);
	if (!fault && !signature_strong(&signature))
		fault = FAULT_CRL_WEAK_SIGNATURE;
	if (!fault && !may_sign(issuer))
		fault = FAULT_CRL_SIGNER;
	if (!fault && !signature_verify(&signature, cert_gnutls(issuer)))
		fault = FAULT_CRL_BAD_SIGNATURE;
	if (!fault)
		fault = read_body(&r, at);
	if (!fault)
		fault = crl_times(&r.head, rules, &until);
	if (!fault)
		fault = encode(&r, out, out_len);
	free(r.entries);
	return fault;
}

int crl_decode(struct span bytes, struct crl *out)
{
	const uint8_t *form = bytes.bytes;
	if (bytes.len < CRL_HEAD_SIZE || form[HEAD_VERSION] != FORM_VERSION)
		return ERR_STORE;
	size_t url_len = get_be(form + HEAD_URL_LEN, 2), count = get_be(form + HEAD_COUNT, 4);
	if (count > CRL_MAX_ENTRIES || bytes.len != CRL_HEAD_SIZE + url_len + CRL_ENTRY_SIZE * count)
		return ERR_STORE;
	*out = (struct crl){
		.only_user = form[HEAD_FLAGS] & FLAG_ONLY_USER,
		.only_ca = form[HEAD_FLAGS] & FLAG_ONLY_CA,
		.this_update = (int64_t)get_be(form + HEAD_THIS, 8),
		.next_update = (int64_t)get_be(form + HEAD_NEXT, 8),
		.fetched = (int64_t)get_be(form + HEAD_FETCHED, 8),
		.url = { form + CRL_HEAD_SIZE, url_len },
		.count = count,
		.entries = form + CRL_HEAD_SIZE + url_len,
	};
	return ERR_OK;
}

enum fault crl_look_up(const struct crl *crl, const struct cert *cert, const struct rules *rules,
                       struct crl_entry *out, int64_t *until)
{
	if ((crl->only_user && cert_is_ca(cert)) || (crl->only_ca && !cert_is_ca(cert)))
		return FAULT_CRL_SCOPE;
	enum fault fault = crl_times(crl, rules, until);
	if (fault)
		return fault;
	uint8_t id[CRL_ENTRY_SIZE];
	size_t len;
	const uint8_t *serial = cert_serial(cert, &len);
	entry_id(serial, len, id);
	const uint8_t *entry = crl->count ? bsearch(id, crl->entries, crl->count, CRL_ENTRY_SIZE, compare_entries) : NULL;
	*out = (struct crl_entry){ .status = REVOCATION_GOOD };
	if (entry) {
		out->status = REVOCATION_REVOKED;
		out->revoked_at = (int64_t)get_be(entry + ENTRY_TIME, 8);
		out->reason = entry[ENTRY_REASON];
	}
	return FAULT_NONE;
}
