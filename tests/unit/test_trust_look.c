#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"

static struct cert *a, *b, *c;

static void setup(void)
{
	fixture_setup();
	a = fixture_cert(&(struct made){ .subject = "CN=a", .issuer = "CN=ca", .serial = 1, .to = NOW + 10 });
	b = fixture_cert(&(struct made){ .subject = "CN=b", .issuer = "CN=ca", .serial = 2, .to = NOW + 20 });
	c = fixture_cert(&(struct made){ .subject = "CN=a", .issuer = "CN=ca", .serial = 1, .to = NOW + 30 });
	struct trust_add how = { .store = "tomcat-trust", .label = "the portal", .owner = "x@example.org" };
	ck_assert_int_eq(fixture_add(a, &how), 0);
	ck_assert_int_eq(fixture_add_to("CAPF-trust", a), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", b), 0);
	ck_assert_int_eq(fixture_add_to("TVS-trust", c), 0);
}

static void teardown(void)
{
	cert_free(a);
	cert_free(b);
	cert_free(c);
	fixture_teardown();
}

static void in_read(store_work_fn *work)
{
	ck_assert_msg(!store_read(fixture_store, work, NULL, &fixture_err), "%s", err_text(&fixture_err));
}

static bool is(struct text text, const char *word)
{
	return text.len == strlen(word) && !memcmp(text.bytes, word, text.len);
}

static int get(struct txn *txn, void *arg, struct err *err)
{
	struct cert_record record;
	struct answer answer;
	size_t len;
	const uint8_t *der = cert_der(a, &len);
	(void)arg, (void)err;
	ck_assert_int_eq(trust_cert_get(txn, cert_sha256(a), &record), 0);
	ck_assert(is(record.subject, cert_subject(a)) && is(record.issuer, cert_issuer(a)));
	ck_assert(is(record.label, "the portal") && is(record.owner, "x@example.org"));
	ck_assert(is(record.key_type, "EC") && is(record.serial, cert_serial_hex(a)) && is(record.common_name, "a"));
	ck_assert_uint_eq(record.key_bits, 256);
	ck_assert_int_eq(record.added, NOW);
	ck_assert(!record.self_signed && !record.is_ca);
	ck_assert_uint_eq(record.der.len, len);
	ck_assert_mem_eq(record.der.bytes, der, len);
	ck_assert_int_eq(trust_answer(txn, cert_sha256(a), &answer), 0);
	ck_assert_int_eq(answer.not_after, NOW + 10);
	ck_assert_int_eq(trust_answer(txn, cert_subject_key(a), &answer), ERR_NOT_FOUND);
	ck_assert_int_eq(trust_derive(txn, cert_subject_key(a), &answer, err), ERR_NOT_FOUND);
	ck_assert_int_eq(trust_cert_get(txn, cert_subject_key(a), &record), ERR_NOT_FOUND);
	return 0;
}

START_TEST(a_record_holds_the_summary)
{
	in_read(get);
}
END_TEST

/* What was visited, in letters. */
static char seen[16];

static int letter(const struct digest *cert)
{
	size_t len = strlen(seen);
	seen[len] = digest_equal(cert, cert_sha256(a)) ? 'a' : digest_equal(cert, cert_sha256(b)) ? 'b' : 'c';
	seen[len + 1] = '\0';
	return 0;
}

static int see_id(const struct digest *cert, void *arg, struct err *err)
{
	(void)arg, (void)err;
	return letter(cert);
}

static int see_cert(const struct digest *cert, const struct cert_record *record, void *arg, struct err *err)
{
	(void)record;
	return see_id(cert, arg, err);
}

static int see_member(const struct store_record *store, const struct digest *cert,
                      const struct member_record *member, void *arg, struct err *err)
{
	(void)member;
	if (arg)
		snprintf((char *)arg + strlen(arg), 64, "%.*s ", (int)store->name.len, store->name.bytes);
	return see_id(cert, arg, err);
}

static int see_expiry(int64_t not_after, const struct digest *cert, void *arg, struct err *err)
{
	ck_assert_int_gt(not_after, NOW);
	return see_id(cert, arg, err);
}

static bool saw(const char *letters)
{
	size_t n = 0;
	for (const char *p = letters; *p; p++)
		n += strchr(seen, *p) != NULL;
	bool yes = n == strlen(letters) && strlen(seen) == n;
	seen[0] = '\0';
	return yes;
}

static int stop(int64_t not_after, const struct digest *cert, void *arg, struct err *err)
{
	see_expiry(not_after, cert, arg, err);
	return ERR_STOPPED;
}

static int walks(struct txn *txn, void *arg, struct err *err)
{
	char names[256] = "";
	(void)arg;
	ck_assert_int_eq(trust_cert_each(txn, see_cert, NULL, err), 0);
	ck_assert(saw("abc"));
	ck_assert_int_eq(trust_each_by_subject(txn, cert_subject_key(a), see_id, NULL, err), 0);
	ck_assert(saw("ac"));
	ck_assert_int_eq(trust_each_by_issuer_serial(txn, cert_issuer_serial_key(c), see_id, NULL, err), 0);
	ck_assert(saw("ac"));
	ck_assert_int_eq(trust_each_by_issuer_serial(txn, cert_subject_key(a), see_id, NULL, err), 0);
	ck_assert(saw(""));
	ck_assert_int_eq(trust_member_each_of_store(txn, "TOMCAT-trust", see_member, NULL, err), 0);
	ck_assert(saw("ab"));
	ck_assert_int_eq(trust_member_each_of_store(txn, "nothing", see_member, NULL, err), ERR_NOT_FOUND);
	ck_assert_int_eq(trust_member_each_of_cert(txn, cert_sha256(a), see_member, names, err), 0);
	ck_assert_str_eq(names, "CAPF-trust tomcat-trust ");
	seen[0] = '\0';
	ck_assert_int_eq(trust_each_expiring(txn, NOW + 30, see_expiry, NULL, err), 0);
	ck_assert_str_eq(seen, "ab"); /* from the earliest on, without the one at that moment */
	seen[0] = '\0';
	ck_assert_int_eq(trust_each_expiring(txn, CLOCK_NEVER, see_expiry, NULL, err), 0);
	ck_assert_str_eq(seen, "abc");
	seen[0] = '\0';
	ck_assert_int_eq(trust_each_expiring(txn, CLOCK_NEVER, stop, NULL, err), ERR_STOPPED);
	ck_assert_str_eq(seen, "a");
	return 0;
}

START_TEST(walks_find_all_and_no_more)
{
	in_read(walks);
}
END_TEST

static int block_neighbour(struct txn *txn, void *arg, struct err *err)
{
	struct digest near = *cert_sha256(a);
	(void)arg;
	near.byte[20] ^= 1; /* the same first 40 digits */
	return trust_block(txn, &near, "test", err);
}

static int resolve(struct txn *txn, void *arg, struct err *err)
{
	struct digest_prefix prefix;
	struct digest found;
	char hex[DIGEST_HEX_SIZE];
	(void)arg;
	for (size_t digits = 42; digits <= 64; digits++) {
		digest_hex(cert_sha256(a), hex);
		hex[digits] = '\0';
		ck_assert_int_eq(digest_prefix_parse(hex, &prefix, err), 0);
		ck_assert_int_eq(trust_resolve(txn, &prefix, &found, err), 0);
		ck_assert(digest_equal(&found, cert_sha256(a)));
	}
	for (size_t digits = 8; digits <= 41; digits++) {
		digest_hex(cert_sha256(a), hex);
		hex[digits] = '\0';
		ck_assert_int_eq(digest_prefix_parse(hex, &prefix, err), 0);
		ck_assert_int_eq(trust_resolve(txn, &prefix, &found, err), ERR_AMBIGUOUS);
	}
	digest_hex(cert_sha256(a), hex);
	ck_assert_ptr_nonnull(strstr(err->text, hex));
	hex[7] = hex[7] == '0' ? '1' : '0';
	hex[9] = '\0';
	ck_assert_int_eq(digest_prefix_parse(hex, &prefix, err), 0);
	ck_assert_int_eq(trust_resolve(txn, &prefix, &found, err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err->text, hex));
	digest_hex(cert_sha256(b), hex);
	hex[9] = '\0';
	ck_assert_int_eq(digest_prefix_parse(hex, &prefix, err), 0);
	ck_assert_int_eq(trust_resolve(txn, &prefix, &found, err), 0);
	err_clear(err);
	return 0;
}

START_TEST(a_prefix_names_one_or_none)
{
	ck_assert_int_eq(store_write(fixture_store, block_neighbour, NULL, &fixture_err), 0);
	in_read(resolve);
}
END_TEST

static int broken(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	return txn_put(txn, STORE_CERT, cert_sha256(b)->byte, DIGEST_SIZE, "x", 1);
}

static int meet_broken(struct txn *txn, void *arg, struct err *err)
{
	(void)arg;
	ck_assert_int_eq(trust_cert_each(txn, see_cert, NULL, err), ERR_STORE);
	ck_assert_ptr_nonnull(strstr(err->text, "truststore verify"));
	err_clear(err);
	return 0;
}

START_TEST(a_broken_record_is_named)
{
	ck_assert_int_eq(store_write(fixture_store, broken, NULL, &fixture_err), 0);
	in_read(meet_broken);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_look", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_record_holds_the_summary);
	tcase_add_test(tests, walks_find_all_and_no_more);
	tcase_add_test(tests, a_prefix_names_one_or_none);
	tcase_add_test(tests, a_broken_record_is_named);
	return fixture_run(suite);
}
