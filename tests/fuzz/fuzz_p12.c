/* The structure of PKCS#12 archives. Passwords cost nothing here: a MAC is right unless its digest begins with 0, and what is encrypted is
 * taken as it is, so that the fuzzer reaches what lies inside. One library context serves all runs. An input that begins as DER does is an
 * archive; any other is a script from which one is built, whole in its lengths and odd in its structure. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "truststore/p12.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

OSSL_LIB_CTX *__real_OSSL_LIB_CTX_new(void);
OSSL_LIB_CTX *__wrap_OSSL_LIB_CTX_new(void);
void __wrap_OSSL_LIB_CTX_free(OSSL_LIB_CTX *context);
OSSL_PROVIDER *__real_OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name);
OSSL_PROVIDER *__wrap_OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name);
int __wrap_OSSL_PROVIDER_unload(OSSL_PROVIDER *provider);
int __wrap_PKCS12_verify_mac(PKCS12 *p12, const char *password, int len);
STACK_OF(PKCS12_SAFEBAG) *__wrap_PKCS12_unpack_p7encdata(PKCS7 *part, const char *password, int len);

OSSL_LIB_CTX *__wrap_OSSL_LIB_CTX_new(void)
{
	static OSSL_LIB_CTX *only;
	if (!only)
		only = __real_OSSL_LIB_CTX_new();
	return only;
}

void __wrap_OSSL_LIB_CTX_free(OSSL_LIB_CTX *context)
{
	(void)context;
}

OSSL_PROVIDER *__wrap_OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name)
{
	static OSSL_PROVIDER *modern, *legacy;
	OSSL_PROVIDER **at = strcmp(name, "legacy") ? &modern : &legacy;
	if (!*at)
		*at = __real_OSSL_PROVIDER_load(context, name);
	return *at;
}

int __wrap_OSSL_PROVIDER_unload(OSSL_PROVIDER *provider)
{
	(void)provider;
	return 1;
}

/* 0: wrong; 0 0: right without a password only. */
int __wrap_PKCS12_verify_mac(PKCS12 *p12, const char *password, int len)
{
	const ASN1_OCTET_STRING *digest;
	(void)len;
	PKCS12_get0_mac(&digest, NULL, NULL, NULL, p12);
	const unsigned char *bytes = ASN1_STRING_get0_data(digest);
	int size = ASN1_STRING_length(digest);
	if (!size || bytes[0])
		return 1;
	return !password && size > 1 && !bytes[1];
}

STACK_OF(PKCS12_SAFEBAG) *__wrap_PKCS12_unpack_p7encdata(PKCS7 *part, const char *password, int len)
{
	const ASN1_OCTET_STRING *inside = part->d.encrypted->enc_data->enc_data;
	(void)password;
	(void)len;
	return inside ? ASN1_item_unpack(inside, ASN1_ITEM_rptr(PKCS12_SAFEBAGS)) : NULL;
}

/* --- archives from scripts */

enum { BUILT_MAX = 1 << 16, NESTED_MAX = 6, SEQUENCE = 0x30, SET = 0x31, INTEGER = 0x02, OCTETS = 0x04, OID = 0x06, ROOM = 64 };

struct script {
	const uint8_t *at;
	size_t left;
};

struct built {
	uint8_t bytes[BUILT_MAX];
	size_t len;
	unsigned certs; /* in it */
	bool raw;       /* there is something in it of which nobody knows what it is */
};

static unsigned next(struct script *s)
{
	if (!s->left)
		return 0;
	s->left--;
	return *s->at++;
}

static void put(struct built *out, const void *bytes, size_t len)
{
	if (len > sizeof out->bytes - out->len)
		len = sizeof out->bytes - out->len;
	memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

/* Puts tag and length before what was built since `start`. */
static void wrap(struct built *out, size_t start, uint8_t tag)
{
	size_t len = out->len - start;
	uint8_t head[4] = { tag, (uint8_t)len };
	size_t head_len = 2;
	if (len > 0x7f) {
		head[1] = 0x82;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		head_len = 4;
	}
	if (out->len + head_len > sizeof out->bytes)
		return;
	memmove(out->bytes + start + head_len, out->bytes + start, len);
	memcpy(out->bytes + start, head, head_len);
	out->len += head_len;
}

static void put_element(struct built *out, uint8_t tag, const void *bytes, size_t len)
{
	size_t start = out->len;
	put(out, bytes, len);
	wrap(out, start, tag);
}

static void put_oid(struct built *out, int nid)
{
	const ASN1_OBJECT *object = OBJ_nid2obj(nid);
	put_element(out, OID, OBJ_get0_data(object), OBJ_length(object));
}

/* Up to 63 bytes of the script. */
static void put_raw(struct built *out, struct script *s, uint8_t tag)
{
	size_t len = next(s) % 64;
	if (len > s->left)
		len = s->left;
	put_element(out, tag, s->at, len);
	s->at += len;
	s->left -= len;
}

static void put_bags(struct built *out, struct script *s, int depth);

static void put_cert(struct built *out, struct script *s)
{
	size_t bag = out->len;
	unsigned kind = next(s) % 4;
	put_oid(out, kind ? NID_x509Certificate : NID_sdsiCertificate);
	size_t value = out->len;
	put_raw(out, s, kind == 3 ? SEQUENCE : OCTETS);
	bool empty = out->bytes[value + 1] == 0;
	wrap(out, value, 0xa0);
	wrap(out, bag, SEQUENCE);
	if (kind == 3 || (kind && empty))
		out->raw = true; /* to be refused */
	else if (kind)
		out->certs++;
}

static void put_bag(struct built *out, struct script *s, int depth)
{
	static const int kinds[] = { NID_certBag, NID_certBag, NID_safeContentsBag, NID_keyBag, NID_pkcs8ShroudedKeyBag, NID_crlBag, NID_secretBag, NID_sha256 };
	size_t start = out->len;
	int kind = kinds[next(s) % (sizeof kinds / sizeof kinds[0])];
	put_oid(out, kind);
	size_t value = out->len;
	if (kind == NID_certBag) {
		put_cert(out, s);
	} else if (kind == NID_safeContentsBag && depth < NESTED_MAX) {
		put_bags(out, s, depth + 1);
	} else {
		put_raw(out, s, SEQUENCE);
		out->raw = true;
	}
	wrap(out, value, 0xa0);
	if (next(s) % 4 == 1) {
		put_raw(out, s, SET); /* attributes */
		out->raw = true;
	}
	wrap(out, start, SEQUENCE);
}

static void put_bags(struct built *out, struct script *s, int depth)
{
	size_t start = out->len;
	for (unsigned left = next(s) % 40; left && s->left; left--)
		put_bag(out, s, depth);
	wrap(out, start, SEQUENCE);
}

static void put_derivation(struct built *out, struct script *s)
{
	size_t start = out->len;
	put_element(out, OCTETS, "saltsalt", 8);
	put_raw(out, s, INTEGER);
	wrap(out, start, SEQUENCE);
}

/* How a part is encrypted: PKCS#12's own way, PBES2, or something else. */
static void put_algorithm(struct built *out, struct script *s)
{
	size_t start = out->len, parameter, inner;
	unsigned kind = next(s) % 4;
	put_oid(out, kind < 2 ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_pbes2);
	parameter = out->len;
	if (!kind) {
		put_raw(out, s, (uint8_t)next(s));
	} else if (kind == 1) {
		put_derivation(out, s);
	} else {
		inner = out->len;
		put_oid(out, kind == 2 ? NID_id_pbkdf2 : NID_id_scrypt);
		put_derivation(out, s);
		wrap(out, inner, SEQUENCE);
		inner = out->len;
		put_oid(out, NID_aes_256_cbc);
		put_element(out, OCTETS, "0123456789abcdef", 16);
		wrap(out, inner, SEQUENCE);
		wrap(out, parameter, SEQUENCE);
	}
	wrap(out, start, SEQUENCE);
}

static void put_part(struct built *out, struct script *s)
{
	size_t start = out->len, content, inner;
	unsigned kind = next(s) % 6;
	put_oid(out, kind < 2 ? NID_pkcs7_data : kind < 5 ? NID_pkcs7_encrypted : NID_pkcs7_enveloped);
	content = out->len;
	if (kind < 2) {
		put_bags(out, s, 0);
		wrap(out, content, OCTETS);
	} else if (kind < 5) {
		put_element(out, INTEGER, "", 1);
		inner = out->len;
		put_oid(out, NID_pkcs7_data);
		put_algorithm(out, s);
		size_t bags = out->len;
		put_bags(out, s, 0);
		wrap(out, bags, 0x80);
		wrap(out, inner, SEQUENCE);
		wrap(out, content, SEQUENCE);
	} else {
		put_raw(out, s, SEQUENCE);
		out->raw = true;
	}
	wrap(out, content, 0xa0);
	wrap(out, start, SEQUENCE);
}

static void put_mac(struct built *out, struct script *s)
{
	size_t start = out->len, inner = out->len, algorithm;
	algorithm = out->len;
	put_oid(out, NID_sha256);
	wrap(out, algorithm, SEQUENCE);
	put_raw(out, s, OCTETS);
	wrap(out, inner, SEQUENCE);
	put_element(out, OCTETS, "saltsalt", 8);
	if (next(s) % 2)
		put_raw(out, s, INTEGER);
	wrap(out, start, SEQUENCE);
}

static void build(struct built *out, struct script *s)
{
	unsigned flags = next(s);
	put_element(out, INTEGER, "\3", 1);
	size_t safe = out->len, content, parts;
	put_oid(out, NID_pkcs7_data);
	content = parts = out->len;
	for (unsigned left = flags % 8; left; left--)
		put_part(out, s);
	wrap(out, parts, SEQUENCE);
	wrap(out, parts, OCTETS);
	wrap(out, content, 0xa0);
	wrap(out, safe, SEQUENCE);
	if (flags & 8)
		put_mac(out, s);
	wrap(out, 0, SEQUENCE);
}

/* --- */

static int take(const uint8_t *der, size_t len, unsigned number, void *arg, struct err *err)
{
	unsigned *count = arg;
	(void)err;
	if (number != ++*count || !len || !der)
		abort();
	return 0;
}

static int read_archive(const uint8_t *bytes, size_t len, unsigned *count)
{
	struct err err;
	*count = 0;
	int code = p12_each_der("a.p12", bytes, len, "", take, count, &err);
	if (code && (!err.text[0] || strncmp(err.text, "a.p12: ", 7) != 0))
		abort();
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct built built;
	struct script script = { data, size };
	unsigned count;
	if (!size || data[0] == SEQUENCE) {
		read_archive(data, size, &count);
		return 0;
	}
	built.len = built.certs = 0;
	built.raw = false;
	build(&built, &script);
	uint8_t *copy = malloc(built.len); /* of its own, so that reading past it is seen */
	if (!copy)
		return 0;
	memcpy(copy, built.bytes, built.len);
	if (!read_archive(copy, built.len, &count) && !built.raw && count != built.certs && built.len + ROOM < BUILT_MAX)
		abort(); /* one was dropped in silence */
	free(copy);
	return 0;
}
