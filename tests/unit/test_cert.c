#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/cert.h"
#include "truststore/base/clock.h"
#include "truststore/base/der.h"

/* Certificates are made from a good one by replacing parts; nobody looks at the signature. */
struct bytes {
	uint8_t b[70000];
	size_t n;
};

/* The parts of a TBSCertificate (RFC 5280, 4.1). */
enum part { VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS, PARTS };

static struct bytes base, scratch, made;
static struct der_item part[PARTS], base_extension;
static struct der after_tbs;

static void append(struct bytes *to, const void *from, size_t n)
{
	ck_assert_uint_le(to->n + n, sizeof to->b);
	memcpy(to->b + to->n, from, n);
	to->n += n;
}

static void append_tlv(struct bytes *to, uint8_t tag, const void *value, size_t n)
{
	uint8_t head[4] = { tag };
	size_t len = 2;
	if (n < 0x80) {
		head[1] = (uint8_t)n;
	} else if (n < 0x100) {
		head[1] = 0x81;
		head[2] = (uint8_t)n;
		len = 3;
	} else {
		head[1] = 0x82;
		head[2] = (uint8_t)(n >> 8);
		head[3] = (uint8_t)n;
		len = 4;
	}
	append(to, head, len);
	append(to, value, n);
}

static const char *data_path(const char *name)
{
	static char path[512];
	const char *root = getenv("top_srcdir");
	snprintf(path, sizeof path, "%s/tests/data/certs/%s", root ? root : ".", name);
	return path;
}

static void load(struct bytes *to, const char *name)
{
	FILE *stream = fopen(data_path(name), "rb");
	ck_assert_ptr_nonnull(stream);
	to->n = fread(to->b, 1, sizeof to->b, stream);
	fclose(stream);
}

static void setup(void)
{
	struct der_item whole, tbs, outer, list;
	load(&base, "ccm.der");
	struct der bytes = { base.b, base.n };
	ck_assert(der_next(&bytes, &whole));
	ck_assert(der_next(&whole.value, &tbs));
	after_tbs = whole.value;
	for (int i = 0; i < PARTS; i++)
		ck_assert(der_next(&tbs.value, &part[i]));
	outer = part[EXTENSIONS];
	ck_assert(der_next(&outer.value, &list));
	ck_assert(der_next(&list.value, &base_extension));
}

/* The good certificate with one or two parts replaced, in `made`. */
static void make2(enum part which, const void *with, size_t n, enum part other, const void *other_with,
                  size_t other_n)
{
	scratch.n = 0;
	for (enum part i = 0; i < PARTS; i++) {
		if (i == which)
			append(&scratch, with, n);
		else if (i == other)
			append(&scratch, other_with, other_n);
		else
			append(&scratch, part[i].whole, part[i].whole_len);
	}
	static struct bytes body;
	body.n = 0;
	append_tlv(&body, DER_SEQUENCE, scratch.b, scratch.n);
	append(&body, after_tbs.at, after_tbs.left);
	made.n = 0;
	append_tlv(&made, DER_SEQUENCE, body.b, body.n);
}

static void make(enum part which, const void *with, size_t n)
{
	make2(which, with, n, PARTS, NULL, 0);
}

static struct cert *parse(void)
{
	struct cert *cert;
	struct err err = { 0 };
	ck_assert_msg(cert_parse(made.b, made.n, &cert, &err) == ERR_OK, "%s", err.text);
	return cert;
}

/* It must be refused with this code, and `why` must stand in the sentence. */
static void refuse_with(int code, const char *why)
{
	struct cert *cert;
	struct err err = { 0 };
	ck_assert_int_eq(cert_parse(made.b, made.n, &cert, &err), code);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

static void refuse(const char *why)
{
	refuse_with(ERR_MALFORMED, why);
}

static void make_name(enum part which, uint8_t tag, const void *value, size_t n)
{
	static struct bytes a, b;
	a.n = b.n = 0;
	append(&a, "\x06\x03\x55\x04\x03", 5);
	append_tlv(&a, tag, value, n);
	append_tlv(&b, DER_SEQUENCE, a.b, a.n);
	a.n = 0;
	append_tlv(&a, DER_SET, b.b, b.n);
	b.n = 0;
	append_tlv(&b, DER_SEQUENCE, a.b, a.n);
	make(which, b.b, b.n);
}

START_TEST(a_good_one)
{
	make(PARTS, NULL, 0);
	ck_assert_uint_eq(made.n, base.n);
	struct cert *cert = parse();
	char hex[DIGEST_HEX_SIZE], sha1_hex[41];
	uint8_t sha1[20];
	size_t len;
	cert_sha1(cert, sha1);
	ck_assert_str_eq(digest_hex(cert_sha256(cert), hex),
	                 "3478b78aac40cf79f3552201e9251a1136488fa5018b78ea5ff2beddf9ea194c");
	ck_assert_str_eq(hex_encode(sha1, 20, true, sha1_hex), "F89CB5B4C7BB504FECD5D259369370D3A0D8A0FB");
	ck_assert_str_eq(cert_subject(cert), "CN=pub1.example.test,OU=Voice,O=Example Telephony,"
	                                     "L=Wellington,ST=Wellington Region,C=NZ");
	ck_assert_str_eq(cert_issuer(cert), cert_subject(cert));
	ck_assert_str_eq(cert_common_name(cert), "pub1.example.test");
	ck_assert_str_eq(cert_serial_hex(cert), "5A11223344556677");
	ck_assert_mem_eq(cert_serial(cert, &len), "\x5a\x11\x22\x33\x44\x55\x66\x77", 8);
	ck_assert_uint_eq(len, 8);
	ck_assert_int_eq(cert_not_before(cert), 1704067200);
	ck_assert_int_eq(cert_not_after(cert), 2335219200);
	ck_assert_str_eq(cert_key_type(cert), "RSA");
	ck_assert_uint_eq(cert_key_bits(cert), 2048);
	ck_assert_str_eq(cert_signature(cert), "RSA-SHA256");
	ck_assert_uint_eq(cert_version(cert), 3);
	ck_assert(cert_is_ca(cert));
	ck_assert(cert_self_signed(cert));
	ck_assert(cert_issued_by(cert, cert));
	ck_assert_mem_eq(cert_der(cert, &len), base.b, base.n);
	ck_assert_uint_eq(len, base.n);
	ck_assert_ptr_nonnull(cert_gnutls(cert));
	struct digest key;
	name_issuer_serial(cert_issuer_key(cert), (const uint8_t *)"\0\x5a\x11\x22\x33\x44\x55\x66\x77", 9, &key);
	ck_assert(digest_equal(&key, cert_issuer_serial_key(cert)));
	const uint8_t *name = cert_issuer_der(cert, &len);
	ck_assert_int_eq(name_digest_der(name, len, &key), ERR_OK);
	ck_assert(digest_equal(&key, cert_subject_key(cert)));
	cert_free(cert);
}
END_TEST

START_TEST(not_exactly_one_certificate)
{
	made = base;
	append(&made, "", 1);
	refuse("bytes follow its end");
	made.n = base.n - 1;
	refuse("not one whole DER SEQUENCE");
	made.n = 0;
	refuse("not one whole DER SEQUENCE");
	memcpy(made.b, "\x30\x80", 2); /* indefinite length */
	made.n = 2;
	refuse("not one whole DER SEQUENCE");
	memcpy(made.b, "\x30\x82\x00\x00", 4);
	made.n = 4;
	refuse("not one whole DER SEQUENCE");
	made.n = 0; /* the same length in more bytes than it needs */
	append(&made, "\x30\x83\x00", 3);
	append(&made, base.b + 2, base.n - 2);
	refuse("not one whole DER SEQUENCE");
	made.n = 0;
	append_tlv(&made, DER_SEQUENCE, "\x04\x00", 2);
	refuse("no TBSCertificate");
}
END_TEST

START_TEST(every_cut_and_every_flipped_byte)
{
	struct cert *cert;
	struct err err = { 0 };
	for (size_t n = 0; n < base.n; n++)
		ck_assert_int_eq(cert_parse(base.b, n, &cert, &err), ERR_MALFORMED);
	for (size_t i = 0; i < base.n; i++) {
		made = base;
		made.b[i] ^= 0xff;
		if (cert_parse(made.b, made.n, &cert, &err) == ERR_OK) {
			ck_assert(!cert_self_signed(cert));
			cert_free(cert);
		}
	}
}
END_TEST

START_TEST(too_large)
{
	static uint8_t filler[CERT_MAX_DER];
	make_name(SUBJECT, DER_UTF8_STRING, memset(filler, 'a', sizeof filler), 50000);
	struct cert *cert = parse();
	ck_assert_uint_eq(strlen(cert_common_name(cert)), 50000);
	cert_free(cert);
	make_name(SUBJECT, DER_UTF8_STRING, filler, 59900);
	refuse_with(ERR_LIMIT, "60000");
	make_name(SUBJECT, DER_TELETEX_STRING, memset(filler, 0xe9, sizeof filler), 40000);
	refuse_with(ERR_LIMIT, "subject");
}
END_TEST

START_TEST(versions)
{
	struct cert *cert;
	make2(VERSION, "", 0, EXTENSIONS, "", 0);
	cert = parse();
	ck_assert_uint_eq(cert_version(cert), 1);
	ck_assert(!cert_is_ca(cert));
	ck_assert(!cert_self_signed(cert));
	cert_free(cert);
	make2(VERSION, "\xa0\x03\x02\x01\x01", 5, EXTENSIONS, "", 0);
	cert = parse();
	ck_assert_uint_eq(cert_version(cert), 2);
	cert_free(cert);
	make(VERSION, "", 0);
	refuse("not of version 3");
	make(VERSION, "\xa0\x03\x02\x01\x03", 5);
	refuse("version is not 1, 2 or 3");
	make(VERSION, "\xa0\x03\x02\x01\xff", 5);
	refuse("version is not 1, 2 or 3");
	make(VERSION, "\xa0\x04\x02\x02\x00\x02", 6);
	refuse("version is not 1, 2 or 3");
	make(VERSION, "\xa0\x00", 2);
	refuse("version is not 1, 2 or 3");
}
END_TEST

static void assert_serial(const char *der, size_t n, const char *hex)
{
	make(SERIAL, der, n);
	struct cert *cert = parse();
	size_t len;
	ck_assert_str_eq(cert_serial_hex(cert), hex);
	ck_assert_mem_eq(cert_serial(cert, &len), der + 2, n - 2);
	ck_assert_uint_eq(len, n - 2);
	cert_free(cert);
}

START_TEST(serial_numbers)
{
	assert_serial("\x02\x01\x00", 3, "00");
	assert_serial("\x02\x01\x05", 3, "05");
	assert_serial("\x02\x02\x00\x80", 4, "80");
	assert_serial("\x02\x02\x01\x00", 4, "0100");
	assert_serial("\x02\x01\xff", 3, "FF"); /* -1: as it stands there */
	char big[2 + CERT_MAX_SERIAL + 1] = { 0x02, CERT_MAX_SERIAL, 0x11 };
	make(SERIAL, big, 2 + CERT_MAX_SERIAL);
	cert_free(parse());
	big[1] = CERT_MAX_SERIAL + 1;
	make(SERIAL, big, 2 + CERT_MAX_SERIAL + 1);
	refuse("more than 64 bytes");
	make(SERIAL, "\x02\x00", 2);
	refuse("serial number");
	make(SERIAL, "\x02\x02\x00\x7f", 4);
	refuse("serial number");
	make(SERIAL, "\x02\x02\xff\x80", 4);
	refuse("serial number");
	make(SERIAL, "\x04\x01\x05", 3);
	refuse("serial number");
	make(SERIAL, "", 0);
	refuse("serial number");
}
END_TEST

static void make_times(uint8_t from_tag, const char *from, uint8_t to_tag, const char *to)
{
	static struct bytes both, validity;
	both.n = validity.n = 0;
	append_tlv(&both, from_tag, from, strlen(from));
	append_tlv(&both, to_tag, to, strlen(to));
	append_tlv(&validity, DER_SEQUENCE, both.b, both.n);
	make(VALIDITY, validity.b, validity.n);
}

START_TEST(times_that_are_allowed)
{
	static const struct {
		uint8_t tag;
		const char *text;
		int64_t when; /* as "date -u -d ... +%s" says */
	} good[] = {
		{ DER_UTC_TIME, "700101000000Z", 0 },
		{ DER_UTC_TIME, "500101000000Z", -631152000 },
		{ DER_UTC_TIME, "491231235959Z", 2524607999 },
		{ DER_UTC_TIME, "000229120000Z", 951825600 },
		{ DER_UTC_TIME, "991231235959Z", 946684799 },
		{ DER_GENERALIZED_TIME, "20500101000000Z", 2524608000 },
		{ DER_GENERALIZED_TIME, "20240229235959Z", 1709251199 },
		{ DER_GENERALIZED_TIME, "21000301000000Z", 4107542400 },
		{ DER_GENERALIZED_TIME, "99991231235958Z", 253402300798 },
		{ DER_GENERALIZED_TIME, "00010101000000Z", -62135596800 },
		{ DER_GENERALIZED_TIME, "99991231235959Z", CLOCK_NEVER - 1 },
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		make_times(DER_UTC_TIME, "491231235959Z", good[i].tag, good[i].text);
		struct cert *cert = parse();
		ck_assert_int_eq(cert_not_before(cert), 2524607999);
		ck_assert_int_eq(cert_not_after(cert), good[i].when);
		cert_free(cert);
	}
}
END_TEST

START_TEST(times_that_are_not)
{
	static const struct {
		uint8_t tag;
		const char *text;
	} bad[] = {
		{ DER_UTC_TIME, "2401010000Z" },
		{ DER_UTC_TIME, "240101000000" },
		{ DER_UTC_TIME, "240101000000+0000" },
		{ DER_UTC_TIME, "240101000000z" },
		{ DER_UTC_TIME, "2401010000 0Z" },
		{ DER_UTC_TIME, "240001000000Z" },
		{ DER_UTC_TIME, "241301000000Z" },
		{ DER_UTC_TIME, "240100000000Z" },
		{ DER_UTC_TIME, "230229000000Z" },
		{ DER_UTC_TIME, "240431000000Z" },
		{ DER_UTC_TIME, "240101240000Z" },
		{ DER_UTC_TIME, "240101006000Z" },
		{ DER_UTC_TIME, "240101000060Z" },
		{ DER_UTC_TIME, "" },
		{ DER_UTC_TIME, "20500101000000Z" },
		{ DER_GENERALIZED_TIME, "240101000000Z" },
		{ DER_GENERALIZED_TIME, "20500101000000.5Z" },
		{ DER_GENERALIZED_TIME, "20500101000000" },
		{ DER_GENERALIZED_TIME, "20500101000000-0100" },
		{ DER_GENERALIZED_TIME, "205001010000Z" },
		{ DER_GENERALIZED_TIME, "21000229000000Z" },
		{ DER_GENERALIZED_TIME, "00000101000000Z" },
		{ DER_PRINTABLE_STRING, "240101000000Z" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		make_times(bad[i].tag, bad[i].text, DER_UTC_TIME, "491231235959Z");
		refuse("RFC 5280, 4.1.2.5");
		make_times(DER_UTC_TIME, "240101000000Z", bad[i].tag, bad[i].text);
		refuse("RFC 5280, 4.1.2.5");
	}
	make(VALIDITY, "\x30\x00", 2);
	refuse("two times");
}
END_TEST

static void assert_names(uint8_t tag, const void *value, size_t n, const char *subject, const char *common)
{
	make_name(SUBJECT, tag, value, n);
	struct cert *cert = parse();
	ck_assert_str_eq(cert_subject(cert), subject);
	ck_assert_str_eq(cert_common_name(cert), common);
	cert_free(cert);
}

START_TEST(names)
{
	assert_names(DER_UTF8_STRING, "good\0evil", 9, "CN=good\\00evil", "good\\x00evil");
	assert_names(DER_UTF8_STRING, "a\x1b[2J", 5, "CN=a\\1B[2J", "a\\x1b[2J");
	assert_names(DER_UTF8_STRING, "a,b", 3, "CN=a\\,b", "a,b");
	assert_names(DER_UTF8_STRING, "\xff", 1, "CN=\\FF", "\\xff");
	assert_names(DER_UTF8_STRING, "", 0, "CN=", "");
	assert_names(DER_BMP_STRING, "\0h\0i", 4, "CN=hi", "hi");
	assert_names(DER_TELETEX_STRING, "\xe9", 1, "CN=\xc3\xa9", "\xc3\xa9");
	assert_names(DER_INTEGER, "\x05", 1, "CN=#020105", "");
	make(SUBJECT, "\x30\x00", 2);
	struct cert *cert = parse();
	ck_assert_str_eq(cert_subject(cert), "");
	ck_assert_str_eq(cert_common_name(cert), "");
	cert_free(cert);
	make(SUBJECT, "\x30\x02\x31\x00", 4);
	refuse("subject is no name");
	make(ISSUER, "\x30\x02\x31\x00", 4);
	refuse("issuer is no name");
	make(SUBJECT, "", 0);
	refuse("");
}
END_TEST

START_TEST(too_many_parts_of_a_name)
{
	static struct bytes list, name;
	for (int count = NAME_MAX_PAIRS; count <= NAME_MAX_PAIRS + 1; count++) {
		list.n = name.n = 0;
		for (int i = 0; i < count; i++) {
			append(&list, "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03", 11);
			char text[4];
			snprintf(text, sizeof text, "%03d", i % 1000);
			append(&list, text, 3);
		}
		append_tlv(&name, DER_SEQUENCE, list.b, list.n);
		make(SUBJECT, name.b, name.n);
		if (count == NAME_MAX_PAIRS)
			cert_free(parse());
		else
			refuse_with(ERR_LIMIT, "more than 64 parts");
	}
}
END_TEST

static void make_extensions(int copies)
{
	static struct bytes a, b;
	a.n = b.n = 0;
	for (int i = 0; i < copies; i++)
		append(&a, base_extension.whole, base_extension.whole_len);
	append_tlv(&b, DER_SEQUENCE, a.b, a.n);
	a.n = 0;
	append_tlv(&a, DER_CONTEXT_3, b.b, b.n);
	make(EXTENSIONS, a.b, a.n);
}

START_TEST(extensions)
{
	make(EXTENSIONS, "", 0);
	cert_free(parse());
	make_extensions(1);
	cert_free(parse());
	make_extensions(2);
	refuse("Duplicate extension");
}
END_TEST

START_TEST(algorithms_and_keys)
{
	make(ALGORITHM, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00", 15);
	refuse("signature algorithms differ");
	/* RSA, and no RSA key in it */
	make(KEY, "\x30\x15\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x04\x00" "abc", 23);
	refuse("public key cannot be read");
	/* a kind that nobody knows */
	make(KEY, "\x30\x0b\x30\x05\x06\x03\x2a\x03\x04\x03\x02\x00" "a", 13);
	struct cert *cert = parse();
	ck_assert_str_eq(cert_key_type(cert), "other");
	ck_assert_uint_eq(cert_key_bits(cert), 0);
	ck_assert(!cert_self_signed(cert));
	cert_free(cert);
}
END_TEST

static struct cert *load_cert(const char *name)
{
	struct cert *cert = NULL;
	struct err err = { 0 };
	ck_assert_msg(cert_read_one(data_path(name), &cert, &err) == ERR_OK, "%s", err.text);
	return cert;
}

START_TEST(who_issued_it)
{
	struct cert *leaf = load_cert("ccm-issued.der"), *ca = load_cert("issuing-ca.der"),
	            *twin = load_cert("ccm.der"), *ec = load_cert("ccm-ec.der");
	ck_assert(cert_issued_by(leaf, ca));
	ck_assert(cert_issued_by(ca, ca));
	ck_assert(!cert_issued_by(leaf, leaf));
	ck_assert(!cert_issued_by(ca, leaf));
	ck_assert(!cert_issued_by(leaf, twin));
	ck_assert(!cert_self_signed(leaf));
	ck_assert(cert_self_signed(ca));
	ck_assert(cert_self_signed(ec));
	ck_assert_str_eq(cert_key_type(ec), "EC");
	ck_assert_uint_eq(cert_key_bits(ec), 384);
	/* The name of the CA, but not its key: the right names are not enough. */
	size_t len;
	const uint8_t *name = cert_issuer_der(leaf, &len);
	make2(SUBJECT, name, len, ISSUER, name, len);
	struct cert *impostor = parse();
	ck_assert(digest_equal(cert_issuer_key(leaf), cert_subject_key(impostor)));
	ck_assert(!cert_issued_by(leaf, impostor));
	ck_assert(!cert_self_signed(impostor));
	cert_free(impostor);
	cert_free(leaf);
	cert_free(ca);
	cert_free(twin);
	cert_free(ec);
}
END_TEST

START_TEST(pem)
{
	char *text;
	size_t len;
	ck_assert_int_eq(cert_pem(base.b, base.n, &text, &len), ERR_OK);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_ptr_nonnull(strstr(text, "-----BEGIN CERTIFICATE-----\n"));
	ck_assert_str_eq(text + len - 26, "-----END CERTIFICATE-----\n");
	free(text);
	cert_free(NULL);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("cert", &tests);
	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, a_good_one);
	tcase_add_test(tests, not_exactly_one_certificate);
	tcase_add_test(tests, every_cut_and_every_flipped_byte);
	tcase_add_test(tests, too_large);
	tcase_add_test(tests, versions);
	tcase_add_test(tests, serial_numbers);
	tcase_add_test(tests, times_that_are_allowed);
	tcase_add_test(tests, times_that_are_not);
	tcase_add_test(tests, names);
	tcase_add_test(tests, too_many_parts_of_a_name);
	tcase_add_test(tests, extensions);
	tcase_add_test(tests, algorithms_and_keys);
	tcase_add_test(tests, who_issued_it);
	tcase_add_test(tests, pem);
	return fixture_run(suite);
}
