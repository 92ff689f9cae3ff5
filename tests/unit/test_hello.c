#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tvs/hello.h"

/* client_version, random, no session id, two suites, no compression */
#define RANDOM "0123456789abcdef0123456789abcdef"
#define START(version, suites) version RANDOM "\0" suites "\1\0"
#define SUITES "\0\4\0\x35\0\x2f"

static struct hello hello;
static int read_text(const char *bytes, size_t len)
{
	return hello_read((const uint8_t *)bytes, len, &hello);
}
#define READ(text) read_text(text, sizeof text - 1)

START_TEST(without_extensions)
{
	ck_assert_int_eq(READ(START("\3\1", SUITES)), ERR_OK);
	ck_assert_uint_eq(hello.version, 0x0301);
	ck_assert_uint_eq(hello.suites.len, 4);
	ck_assert(hello_offers(hello.suites, 0x0035) && hello_offers(hello.suites, 0x002f));
	ck_assert(!hello_offers(hello.suites, 0x3500) && !hello_offers(hello.suites, 0x3600));
	ck_assert(!hello.groups.bytes && !hello.versions.bytes && !hello.signatures.bytes);
	ck_assert(!hello_offers(hello.groups, 23));
	ck_assert_int_eq(READ(START("\3\1", SUITES) "\0\0"), ERR_OK);
}
END_TEST

START_TEST(extensions)
{
	static const char text[] = START("\3\3", SUITES) "\0\x21"
		"\0\x0a\0\6\0\4\0\x1d\0\x17" "\0\x0d\0\4\0\2\4\1" "\x7f\x7f\0\2xx" "\0\x2b\0\5\4\3\4\3\3";
	ck_assert_int_eq(READ(text), ERR_OK);
	ck_assert(hello_offers(hello.groups, 0x1d) && hello_offers(hello.groups, 0x17));
	ck_assert(hello_offers(hello.signatures, 0x0401));
	ck_assert_uint_eq(hello.versions.len, 4);
	/* cut anywhere, but for the one place where a hello without extensions may end */
	size_t bare = sizeof START("\3\3", SUITES) - 1;
	for (size_t len = 0; len < sizeof text - 1; len++)
		ck_assert_int_eq(read_text(text, len), len == bare ? ERR_OK : ERR_MALFORMED);
}
END_TEST

START_TEST(malformed)
{
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\0x"), ERR_MALFORMED);             /* more behind */
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\1x"), ERR_MALFORMED);             /* half an extension */
	ck_assert_int_eq(READ(START("\3\3", "\0\3\0\x35\0")), ERR_MALFORMED);             /* half a suite */
	ck_assert_int_eq(READ(START("\3\3", "\0\0")), ERR_MALFORMED);                     /* no suite */
	ck_assert_int_eq(READ("\3\3" RANDOM "\0" SUITES "\0"), ERR_MALFORMED);            /* no compression */
	ck_assert_int_eq(READ("\3\3" RANDOM "\x21" RANDOM "!" SUITES "\1\0"), ERR_MALFORMED); /* session id of 33 */
	ck_assert_int_eq(READ("\3\3" RANDOM "\x20" RANDOM SUITES "\1\0"), ERR_OK);
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x06\0\x0a\0\2\0\0"), ERR_MALFORMED);  /* empty list */
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x07\0\x0a\0\3\0\1x"), ERR_MALFORMED); /* odd list */
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x09\0\x0a\0\5\0\2\0\x17x"), ERR_MALFORMED); /* more in it */
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x04\0\x0a\0\0"), ERR_MALFORMED);  /* nothing in it */
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x10\0\x0a\0\4\0\2\0\x17\0\x0a\0\4\0\2\0\x17"),
	                 ERR_MALFORMED); /* twice */
}
END_TEST

START_TEST(versions)
{
	READ(START("\3\1", SUITES));
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0x0301);
	ck_assert_uint_eq(hello_version(&hello, 0x0303, 0x0304), 0);
	READ(START("\3\0", SUITES));
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0);
	READ(START("\3\3", SUITES));
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0x0303);
	ck_assert_uint_eq(hello_version(&hello, 0x0304, 0x0304), 0);
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0302), 0x0302);
	READ(START("\3\4", SUITES)); /* without the extension no more than TLS 1.2 (RFC 8446, 4.1.2) */
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0x0303);
	READ(START("\7\7", SUITES));
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0x0303);
	/* the extension wins over client_version, in any order, with numbers that mean nothing (RFC 8701) */
	READ(START("\3\3", SUITES) "\0\x0d\0\x2b\0\x09\x08\x7a\x7a\3\2\3\4\3\3");
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0x0304);
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0303), 0x0303);
	READ(START("\3\3", SUITES) "\0\x07\0\x2b\0\3\2\3\1");
	ck_assert_uint_eq(hello_version(&hello, 0x0301, 0x0304), 0x0301);
	ck_assert_uint_eq(hello_version(&hello, 0x0302, 0x0304), 0);
}
END_TEST

START_TEST(shares)
{
	static const char text[] = START("\3\3", SUITES) "\0\x10\0\x33\0\x0c\0\x0a\0\x17\0\1k\0\x1d\0\1k";
	ck_assert_int_eq(READ(text), ERR_OK);
	ck_assert(hello_shares(&hello, 0x17) && hello_shares(&hello, 0x1d));
	ck_assert(!hello_shares(&hello, 0x18) && !hello_shares(&hello, 0x6b));
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\6\0\x33\0\2\0\0"), ERR_OK); /* none yet */
	ck_assert(!hello_shares(&hello, 0x17));
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x0a\0\x33\0\6\0\4\0\x17\0\0"), ERR_MALFORMED); /* an empty key */
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x0b\0\x33\0\7\0\5\0\x17\0\2k"), ERR_MALFORMED);
	ck_assert_int_eq(READ(START("\3\3", SUITES) "\0\x09\0\x33\0\5\0\3\0\x17\0"), ERR_MALFORMED);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("hello", &tests);
	tcase_add_test(tests, without_extensions);
	tcase_add_test(tests, extensions);
	tcase_add_test(tests, malformed);
	tcase_add_test(tests, versions);
	tcase_add_test(tests, shares);
	return fixture_run(suite);
}
