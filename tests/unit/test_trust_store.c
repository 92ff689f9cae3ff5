#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/store_fixture.h"

static struct store_record named(const char *name)
{
	return (struct store_record){ .name = text_of(name), .roles = ROLE_BIT(ROLE_APP_SERVER), .ttl = 100 };
}

struct spelling {
	const char *name;
	char spelt[RECORD_NAME_MAX + 1];
};

static int look(struct txn *txn, void *arg, struct err *err)
{
	struct spelling *s = arg;
	struct store_record store;
	int code = trust_store_get(txn, s->name, &store, err);
	if (!code)
		snprintf(s->spelt, sizeof s->spelt, "%.*s", (int)store.name.len, store.name.bytes);
	return code;
}

static void is_spelt(const char *name, const char *spelt)
{
	struct spelling s = { .name = name };
	ck_assert_int_eq(store_read(fixture_store, look, &s, &fixture_err), 0);
	ck_assert_str_eq(s.spelt, spelt);
}

START_TEST(a_store_of_ones_own)
{
	struct store_record store = named("My_Store-1");
	struct cert *cert = fixture_named("CN=a");
	store.roles = ROLE_BIT(ROLE_CCM_TFTP);
	ck_assert_int_eq(fixture_put_store(&store), 0);
	ck_assert_uint_eq(fixture_count(STORE_STORE), 11);
	is_spelt("MY_store-1", "My_Store-1");
	ck_assert_int_eq(fixture_add_to("my_store-1", cert), 0);
	ck_assert_uint_eq(fixture_judge(cert, NOW).roles, ROLE_BIT(ROLE_CCM_TFTP));
	ck_assert_uint_eq(fixture_judge(cert, NOW).ttl, 100);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(answers_follow_a_changed_store)
{
	struct store_record store = named("tomcat-trust");
	struct cert *cert[3];
	static const char *const subjects[] = { "CN=a", "CN=b", "CN=c" };
	for (int i = 0; i < 3; i++) {
		struct trust_add how = { .store = "tomcat-trust", .roles = i == 1 ? ROLE_BIT(ROLE_APP_SERVER) : 0,
		                         .ttl = i == 2 ? 7 : 0 };
		cert[i] = fixture_named(subjects[i]);
		ck_assert_int_eq(fixture_add(cert[i], &how), 0);
	}
	uint64_t revision = fixture_revision();
	store.name = text_of("TOMCAT-TRUST");
	store.roles |= ROLE_BIT(ROLE_TVS);
	ck_assert_int_eq(fixture_put_store(&store), 0);
	ck_assert_uint_eq(fixture_revision(), revision + 1);
	ck_assert_uint_eq(fixture_judge(cert[0], NOW).roles, ROLE_BIT(ROLE_APP_SERVER) | ROLE_BIT(ROLE_TVS));
	ck_assert_uint_eq(fixture_judge(cert[0], NOW).ttl, 100);
	ck_assert_uint_eq(fixture_judge(cert[1], NOW).roles, ROLE_BIT(ROLE_APP_SERVER)); /* its own */
	ck_assert_uint_eq(fixture_judge(cert[2], NOW).ttl, 7);
	is_spelt("tomcat-trust", "tomcat-trust"); /* as it was */
	fixture_verify();
	ck_assert_int_eq(fixture_put_store(&store), 0); /* the same again */
	ck_assert_uint_eq(fixture_revision(), revision + 1);
	store.roles = ROLE_BIT(ROLE_TVS); /* takes a membership's own role, too */
	ck_assert_int_eq(fixture_put_store(&store), 0);
	ck_assert_int_eq(fixture_judge(cert[1], NOW).reason, REASON_NO_ROLE);
	fixture_verify();
	for (int i = 0; i < 3; i++)
		cert_free(cert[i]);
}
END_TEST

START_TEST(bad_stores_are_refused)
{
	static const char *const names[] = {
		"", "a b", "a/b", "a\n", "\xc3\xa4", "a.b", "a,b",
		"12345678901234567890123456789012345678901234567890123456789012345",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct store_record store = named(names[i]);
		ck_assert_int_eq(fixture_put_store(&store), ERR_REFUSED);
		ck_assert_ptr_null(strchr(fixture_err.text, '\n'));
	}
	struct store_record store = named("ok");
	store.name.len = 3; /* with the NUL */
	ck_assert_int_eq(fixture_put_store(&store), ERR_REFUSED);
	store = named("ok");
	store.ttl = 0;
	ck_assert_int_eq(fixture_put_store(&store), ERR_REFUSED);
	store = named("ok");
	store.roles = ROLE_ALL + 1;
	ck_assert_int_eq(fixture_put_store(&store), ERR_REFUSED);
	store = named("1234567890123456789012345678901234567890123456789012345678901234");
	ck_assert_int_eq(fixture_put_store(&store), 0);
	ck_assert_uint_eq(fixture_count(STORE_STORE), 11);
	fixture_verify();
}
END_TEST

static int count(struct txn *txn, void *arg, struct err *err)
{
	(void)err, (void)arg;
	ck_assert_uint_eq(trust_store_count(txn, "CAPF-TRUST"), 2);
	ck_assert_uint_eq(trust_store_count(txn, "tomcat-trust"), 0);
	ck_assert_uint_eq(trust_store_count(txn, "tomcat"), 0);
	ck_assert_uint_eq(trust_store_count(txn, "capf"), 0);
	return 0;
}

START_TEST(members_are_counted)
{
	struct cert *a = fixture_named("CN=a"), *b = fixture_named("CN=b");
	ck_assert_int_eq(fixture_add_to("CAPF-trust", a), 0);
	ck_assert_int_eq(fixture_add_to("CAPF-trust", b), 0);
	ck_assert_int_eq(store_read(fixture_store, count, NULL, &fixture_err), 0);
	cert_free(a);
	cert_free(b);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_store", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, a_store_of_ones_own);
	tcase_add_test(tests, answers_follow_a_changed_store);
	tcase_add_test(tests, bad_stores_are_refused);
	tcase_add_test(tests, members_are_counted);
	return fixture_run(suite);
}
