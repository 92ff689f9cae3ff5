/* Records of the trust: certificates, trust stores, memberships, marks; and keys. */
#include "truststore/record.h"

#include "truststore/record_priv.h"

enum { VERSION = 1 };

struct text text_of(const char *string)
{
	return string ? (struct text){ string, strlen(string) } : (struct text){ "", 0 };
}

void record_free(struct record *record)
{
	free(record->bytes);
	*record = (struct record){ 0 };
}

enum { CERT_SELF_SIGNED = 1, CERT_CA = 2 };

int cert_record_encode(const struct cert_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 160 + in->key_type.len + in->signature.len + in->subject.len +
	                 in->issuer.len + in->common_name.len + in->serial.len + in->label.len +
	                 in->owner.len + in->der.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, (in->self_signed ? CERT_SELF_SIGNED : 0) | (in->is_ca ? CERT_CA : 0), 1);
	writer_number(&w, in->key_bits, 2);
	writer_time(&w, in->added);
	writer_time(&w, in->not_before);
	writer_time(&w, in->not_after);
	writer_text(&w, in->key_type);
	writer_text(&w, in->signature);
	writer_text(&w, in->subject);
	writer_text(&w, in->issuer);
	writer_text(&w, in->common_name);
	writer_text(&w, in->serial);
	writer_text(&w, in->label);
	writer_text(&w, in->owner);
	writer_digest(&w, &in->subject_key);
	writer_digest(&w, &in->issuer_key);
	writer_digest(&w, &in->issuer_serial_key);
	writer_bytes(&w, in->der);
	return writer_end(&w, out);
}

int cert_record_decode(struct span bytes, struct cert_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	uint8_t flags = reader_flags(&r, CERT_SELF_SIGNED | CERT_CA);
	out->self_signed = flags & CERT_SELF_SIGNED;
	out->is_ca = flags & CERT_CA;
	out->key_bits = (uint16_t)reader_number(&r, 2);
	out->added = reader_time(&r);
	out->not_before = reader_time(&r);
	out->not_after = reader_time(&r);
	out->key_type = reader_text(&r);
	out->signature = reader_text(&r);
	out->subject = reader_text(&r);
	out->issuer = reader_text(&r);
	out->common_name = reader_text(&r);
	out->serial = reader_text(&r);
	out->label = reader_text(&r);
	out->owner = reader_text(&r);
	reader_digest(&r, &out->subject_key);
	reader_digest(&r, &out->issuer_key);
	reader_digest(&r, &out->issuer_serial_key);
	out->der = reader_bytes(&r);
	return reader_end(&r);
}

static uint32_t reader_roles(struct reader *reader)
{
	uint32_t roles = (uint32_t)reader_number(reader, 4);
	if (roles & ~ROLE_ALL)
		reader->bad = true;
	return roles;
}

int store_record_encode(const struct store_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 16 + in->name.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->same_subject, 1);
	writer_number(&w, in->roles, 4);
	writer_number(&w, in->ttl, 4);
	writer_text(&w, in->name);
	return writer_end(&w, out);
}

int store_record_decode(struct span bytes, struct store_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	out->same_subject = reader_flags(&r, SAME_SUBJECT_KEEP);
	out->roles = reader_roles(&r);
	out->ttl = (uint32_t)reader_number(&r, 4);
	out->name = reader_text(&r);
	return reader_end(&r);
}

enum { MEMBER_OWN_ROLES = 1 };

int member_record_encode(const struct member_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 32 + in->origin.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->own_roles ? MEMBER_OWN_ROLES : 0, 1);
	writer_number(&w, in->own_roles ? in->roles : 0, 4);
	writer_number(&w, in->ttl, 4);
	writer_time(&w, in->until);
	writer_time(&w, in->since);
	writer_text(&w, in->origin);
	return writer_end(&w, out);
}

int member_record_decode(struct span bytes, struct member_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	out->own_roles = reader_flags(&r, MEMBER_OWN_ROLES);
	out->roles = reader_roles(&r);
	if (!out->own_roles && out->roles)
		r.bad = true;
	out->ttl = (uint32_t)reader_number(&r, 4);
	out->until = reader_time(&r);
	out->since = reader_time(&r);
	out->origin = reader_text(&r);
	return reader_end(&r);
}

int mark_record_encode(const struct mark_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 16 + in->why.len + in->origin.len);
	writer_number(&w, VERSION, 1);
	writer_time(&w, in->when);
	writer_text(&w, in->why);
	writer_text(&w, in->origin);
	return writer_end(&w, out);
}

int mark_record_decode(struct span bytes, struct mark_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	out->when = reader_time(&r);
	out->why = reader_text(&r);
	out->origin = reader_text(&r);
	return reader_end(&r);
}

size_t store_key(const char *name, size_t len, uint8_t out[RECORD_NAME_MAX])
{
	if (len > RECORD_NAME_MAX)
		len = RECORD_NAME_MAX;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		out[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return len;
}

size_t member_key(const char *store_name, const struct digest *cert, uint8_t out[MEMBER_KEY_MAX])
{
	size_t len = store_key(store_name, strlen(store_name), out);
	out[len++] = 0;
	memcpy(out + len, cert->byte, DIGEST_SIZE);
	return len + DIGEST_SIZE;
}

int member_key_split(struct span key, struct text *store_name, struct digest *cert)
{
	const uint8_t *end = key.len ? memchr(key.bytes, 0, key.len) : NULL;
	if (!end || end == key.bytes || key.len - (size_t)(end - key.bytes) != 1 + DIGEST_SIZE)
		return ERR_STORE;
	*store_name = (struct text){ (const char *)key.bytes, (size_t)(end - key.bytes) };
	memcpy(cert->byte, end + 1, DIGEST_SIZE);
	return ERR_OK;
}

/* The sign bit is turned so that moments before 1970 sort before later ones. */
static uint64_t sortable(int64_t when)
{
	return (uint64_t)when ^ UINT64_C(1) << 63;
}

size_t expiry_key(int64_t not_after, const struct digest *cert, uint8_t out[EXPIRY_KEY_SIZE])
{
	put_be(out, sortable(not_after), 8);
	memcpy(out + 8, cert->byte, DIGEST_SIZE);
	return EXPIRY_KEY_SIZE;
}

size_t ending_key(int64_t until, const void *member, size_t member_len, uint8_t out[ENDING_KEY_MAX])
{
	put_be(out, sortable(until), 8);
	memcpy(out + 8, member, member_len);
	return 8 + member_len;
}

int64_t expiry_key_time(struct span key)
{
	return key.len < 8 ? 0 : (int64_t)sortable((int64_t)get_be(key.bytes, 8));
}

size_t revoked_key(const struct digest *cert, uint8_t out[REVOKED_KEY_SIZE])
{
	memcpy(out, "revoked", REVOKED_PREFIX_SIZE);
	memcpy(out + REVOKED_PREFIX_SIZE, cert->byte, DIGEST_SIZE);
	return REVOKED_KEY_SIZE;
}

void revision_key(uint64_t revision, uint8_t out[8])
{
	put_be(out, revision, 8);
}
