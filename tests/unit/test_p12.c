/* Archives that this writes, read back; what others write and read is the shell test's. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/p12.h"

struct seen {
	unsigned count;
	const struct cert *same; /* all must be this one */
};

static int take(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)err;
	struct seen *seen = arg;
	ck_assert_uint_eq(place->number, ++seen->count);
	ck_assert(digest_equal(cert_sha256(cert), cert_sha256(seen->same)));
	cert_free(cert);
	return 0;
}

static void write_archive(const struct cert *cert, unsigned count, const char *password, enum p12_profile profile,
                          uint8_t **bytes, size_t *len)
{
	struct p12_writer *writer;
	size_t der_len;
	const uint8_t *der = cert_der(cert, &der_len);
	ck_assert_int_eq(p12_writer_new(password, profile, &writer, &fixture_err), 0);
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(p12_writer_add(writer, der, der_len, i % 2 ? "Zürich" : NULL, &fixture_err), 0);
	ck_assert_msg(!p12_writer_end(writer, bytes, len, &fixture_err), "%s", err_text(&fixture_err));
}

START_TEST(every_certificate_comes_back)
{
	static const unsigned counts[] = { 1, 31, 32, 33, 200 };
	static const char *const passwords[] = { "", "secret", "pässwörd" };
	struct cert *cert = fixture_named("CN=a");
	for (int profile = P12_MODERN; profile <= P12_LEGACY; profile++) {
		for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
			const char *password = passwords[i % 3];
			struct seen seen = { .same = cert };
			uint8_t *bytes;
			size_t len;
			write_archive(cert, counts[i], password, (enum p12_profile)profile, &bytes, &len);
			ck_assert_msg(!p12_read("a.p12", bytes, len, password, take, &seen, &fixture_err), "%s", err_text(&fixture_err));
			ck_assert_uint_eq(seen.count, counts[i]);
			free(bytes);
		}
	}
	cert_free(cert);
}
END_TEST

START_TEST(a_wrong_password_is_refused_before_anything_is_taken)
{
	struct cert *cert = fixture_named("CN=a");
	struct seen seen = { .same = cert };
	uint8_t *bytes;
	size_t len;
	write_archive(cert, 3, "right", P12_MODERN, &bytes, &len);
	ck_assert_int_eq(p12_read("a.p12", bytes, len, "wrong", take, &seen, &fixture_err), ERR_REFUSED);
	ck_assert_str_eq(fixture_err.text, "a.p12: the password is wrong");
	ck_assert_int_eq(p12_read("a.p12", bytes, len, NULL, take, &seen, &fixture_err), ERR_REFUSED);
	ck_assert_uint_eq(seen.count, 0);
	free(bytes);
	cert_free(cert);
}
END_TEST

START_TEST(broken_archives_are_malformed)
{
	struct cert *cert = fixture_named("CN=a");
	struct seen seen = { .same = cert };
	uint8_t *bytes;
	size_t len;
	write_archive(cert, 1, "", P12_MODERN, &bytes, &len);
	for (size_t cut = 0; cut < len; cut += 7)
		ck_assert_int_ne(p12_read("a.p12", bytes, cut, "", take, &seen, &fixture_err), 0);
	ck_assert_int_eq(p12_read("a.p12", "no archive", 10, "", take, &seen, &fixture_err), ERR_MALFORMED);
	ck_assert_uint_eq(seen.count, 0);
	free(bytes);
	cert_free(cert);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("p12", &tests);
	tcase_add_test(tests, every_certificate_comes_back);
	tcase_add_test(tests, a_wrong_password_is_refused_before_anything_is_taken);
	tcase_add_test(tests, broken_archives_are_malformed);
	return fixture_run(suite);
}
