#include <check.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/digest.h"

/* FIPS 180-4 example values, as sha256sum prints them. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

START_TEST(sha256_of_known_texts)
{
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];
	digest_of("abc", 3, &digest);
	ck_assert_str_eq(digest_hex(&digest, hex), ABC);
	digest_of(NULL, 0, &digest);
	ck_assert_str_eq(digest_hex(&digest, hex), EMPTY);
}
END_TEST

START_TEST(pieces_give_the_same)
{
	struct digest whole, pieces;
	struct digest_state *state = digest_begin();
	ck_assert_ptr_nonnull(state);
	digest_add(state, "a", 1);
	digest_add(state, NULL, 0);
	digest_add(state, "bc", 2);
	digest_end(state, &pieces);
	digest_of("abc", 3, &whole);
	ck_assert(digest_equal(&whole, &pieces));
	pieces.byte[31] ^= 1;
	ck_assert(!digest_equal(&whole, &pieces));
	ck_assert_int_ne(digest_compare(&whole, &pieces), 0);
	ck_assert_int_eq(digest_compare(&whole, &whole), 0);
}
END_TEST

START_TEST(hex_both_ways)
{
	uint8_t bytes[4];
	size_t len;
	char text[9];
	ck_assert_int_eq(hex_decode("00:fF 7e", bytes, sizeof bytes, &len), ERR_OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_str_eq(hex_encode(bytes, 3, true, text), "00FF7E");
	ck_assert_str_eq(hex_encode(bytes, 3, false, text), "00ff7e");
	ck_assert_int_eq(hex_decode("", bytes, sizeof bytes, &len), ERR_OK);
	ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(bad_hex_is_refused)
{
	static const char *const bad[] = { "0", "000", "0g", "g0", "0 0", "0:0", "00-11", "0x00", "é" };
	uint8_t bytes[4];
	size_t len;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(hex_decode(bad[i], bytes, sizeof bytes, &len) == ERR_MALFORMED, "%s", bad[i]);
	ck_assert_int_eq(hex_decode("0011223344", bytes, sizeof bytes, &len), ERR_LIMIT);
}
END_TEST

START_TEST(prefixes_fit)
{
	struct digest_prefix prefix;
	struct digest digest;
	struct err err;
	digest_of("abc", 3, &digest);
	static const char *const fit[] = { "ba7816bf", "BA7816BF8", "ba:78:16:bf:8f", ABC };
	static const char *const other[] = { "ba7816be", "ba7816bf9", "aa7816bf" };
	for (size_t i = 0; i < sizeof fit / sizeof *fit; i++) {
		ck_assert_int_eq(digest_prefix_parse(fit[i], &prefix, &err), ERR_OK);
		ck_assert_msg(digest_prefix_fits(&prefix, &digest), "%s", fit[i]);
	}
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		ck_assert_int_eq(digest_prefix_parse(other[i], &prefix, &err), ERR_OK);
		ck_assert_msg(!digest_prefix_fits(&prefix, &digest), "%s", other[i]);
	}
}
END_TEST

START_TEST(bad_prefixes_are_refused)
{
	static const char *const bad[] = { "", "ba7816b", "ba7816bg", ABC "0", "ba7816bf\n", ":::::::::" };
	struct digest_prefix prefix;
	struct err err;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		err_clear(&err);
		ck_assert_int_eq(digest_prefix_parse(bad[i], &prefix, &err), ERR_MALFORMED);
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("digest", &tests);
	tcase_add_test(tests, sha256_of_known_texts);
	tcase_add_test(tests, pieces_give_the_same);
	tcase_add_test(tests, hex_both_ways);
	tcase_add_test(tests, bad_hex_is_refused);
	tcase_add_test(tests, prefixes_fit);
	tcase_add_test(tests, bad_prefixes_are_refused);
	return fixture_run(suite);
}
