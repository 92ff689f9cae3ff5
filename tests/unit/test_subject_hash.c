#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/cert.h"
#include "truststore/subject_hash.h"

/* What `openssl x509 -subject_hash` prints. */
static const struct {
	const char *file;
	uint32_t hash;
} known[] = {
	{ "capf", 0xd5079522 },
	{ "ccm-ec", 0x15908435 },
	{ "ccm-issued", 0xb20a6c78 },
	{ "ccm", 0x7fb34066 },
	{ "issuing-ca", 0xe79ef1a7 },
	{ "odd-names", 0xb4139c58 },
	{ "phone-lsc-ec", 0xce9b6acf },
	{ "phone-lsc", 0x71396679 },
	{ "sast", 0xddef4732 },
	{ "sast2", 0x6df0c229 },
	{ "tomcat-hash", 0xe186ed44 },
	{ "tomcat", 0x1521cd32 },
	{ "tvs", 0x0d5a0f5a },
};

START_TEST(openssl_gives_the_same)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		char path[256];
		struct cert *cert;
		struct err err;
		uint32_t hash;
		size_t len;
		const char *top = getenv("top_srcdir");
		snprintf(path, sizeof path, "%s/tests/data/certs/%s.der", top ? top : ".", known[i].file);
		ck_assert_msg(cert_read_one(path, &cert, &err) == 0, "%s", err.text);
		const uint8_t *name = cert_subject_der(cert, &len);
		ck_assert_int_eq(subject_hash(name, len, &hash), 0);
		ck_assert_msg(hash == known[i].hash, "%s: %08x", known[i].file, hash);
		for (size_t cut = 0; cut < len; cut++)
			ck_assert_int_eq(subject_hash(name, cut, &hash), ERR_MALFORMED);
		cert_free(cert);
	}
}
END_TEST

START_TEST(blanks_and_case_do_not_count)
{
	static const uint8_t a[] = { 0x30, 0x12, 0x31, 0x10, 0x30, 0x0e, 6, 3, 0x55, 4, 3, 0x13, 7, ' ', 'A', ' ', '\t', 'b', 'C', ' ' };
	static const uint8_t b[] = { 0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 6, 3, 0x55, 4, 3, 0x0c, 4, 'a', ' ', 'b', 'c' };
	static const uint8_t empty[] = { 0x30, 0 };
	uint32_t x, y;
	ck_assert_int_eq(subject_hash(a, sizeof a, &x), 0);
	ck_assert_int_eq(subject_hash(b, sizeof b, &y), 0);
	ck_assert_uint_eq(x, y);
	ck_assert_int_eq(subject_hash(empty, sizeof empty, &x), 0);
	ck_assert_uint_eq(x, 0xeea339da); /* SHA-1 of nothing */
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("subject_hash", &tests);
	tcase_add_test(tests, openssl_gives_the_same);
	tcase_add_test(tests, blanks_and_case_do_not_count);
	return fixture_run(suite);
}
