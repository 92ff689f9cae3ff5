#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"

static char all[8192];

static int see(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	(void)arg, (void)err;
	char cert[DIGEST_HEX_SIZE] = "-";
	if (change->has_cert)
		digest_hex(&change->cert, cert)[4] = '\0';
	snprintf(all + strlen(all), sizeof all - strlen(all), "%d/%d %s %s%.*s\n", (int)revision, (int)change->batch,
	         change_action_name(change->action), change->store.len ? "in " : "", (int)change->store.len,
	         change->store.bytes);
	ck_assert_int_eq(change->when, NOW);
	ck_assert_uint_gt(change->who.len, 0);
	return 0;
}

static int walk(struct txn *txn, void *arg, struct err *err)
{
	all[0] = '\0';
	return change_each(txn, *(uint64_t *)arg, see, NULL, err);
}

static const char *log_from(uint64_t revision)
{
	ck_assert_int_eq(store_read(fixture_store, walk, &revision, &fixture_err), 0);
	return all;
}

static int two(struct txn *txn, void *arg, struct err *err)
{
	struct cert **certs = arg;
	struct trust_add how = { .store = "tomcat-trust" };
	int code = trust_add(txn, certs[0], &how, NULL, err);
	if (!code)
		code = trust_add(txn, certs[1], &how, NULL, err);
	ck_assert_uint_eq(txn_revision(txn), 2);
	return code;
}

START_TEST(every_change_has_a_line)
{
	struct cert *certs[2] = {
		fixture_cert(&(struct made){ .subject = "CN=a", .from = NOW - 100 }), fixture_named("CN=b"),
	};
	struct cert *newer = fixture_cert(&(struct made){ .subject = "CN=a", .from = NOW - 50 });
	ck_assert_str_eq(log_from(1), "");
	ck_assert_int_eq(store_write(fixture_store, two, certs, &fixture_err), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", newer), 0);
	struct trust_add how = { .store = "tomcat-trust", .label = "x", .ttl = 5 };
	ck_assert_int_eq(fixture_add(newer, &how), 0);
	ck_assert_int_eq(fixture_block(cert_sha256(newer)), 0);
	ck_assert_int_eq(fixture_unblock(cert_sha256(newer)), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", newer), 0);
	ck_assert_str_eq(log_from(1),
	                 "1/1 add in tomcat-trust\n2/1 add in tomcat-trust\n"
	                 "3/3 replace in tomcat-trust\n4/3 add in tomcat-trust\n"
	                 "5/5 label \n6/5 update in tomcat-trust\n7/7 block \n8/8 unblock \n9/9 remove in tomcat-trust\n");
	ck_assert_str_eq(log_from(9), "9/9 remove in tomcat-trust\n");
	ck_assert_uint_eq(fixture_revision(), 9);
	cert_free(certs[0]);
	cert_free(certs[1]);
	cert_free(newer);
}
END_TEST

static int before(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	struct member_record member;
	(void)err, (void)arg;
	if (revision != 2)
		return 0;
	ck_assert_int_eq(member_record_decode(change->before, &member), 0);
	ck_assert_uint_eq(member.ttl, 77);
	return 0;
}

static int look_before(struct txn *txn, void *arg, struct err *err)
{
	return change_each(txn, 1, before, arg, err);
}

START_TEST(what_was_before_is_kept)
{
	struct cert *cert = fixture_named("CN=a");
	struct trust_add how = { .store = "tomcat-trust", .ttl = 77 };
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	ck_assert_int_eq(store_read(fixture_store, look_before, NULL, &fixture_err), 0);
	cert_free(cert);
}
END_TEST

static int who(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	(void)err, (void)revision;
	snprintf(arg, 64, "%.*s", (int)change->who.len, change->who.bytes);
	return 0;
}

static int last_who(struct txn *txn, void *arg, struct err *err)
{
	return change_each(txn, txn_revision(txn), who, arg, err);
}

START_TEST(sudo_names_the_person)
{
	char name[64];
	struct cert *cert = fixture_named("CN=a");
	setenv("SUDO_USER", "alice", 1);
	fixture_reopen(STORE_WRITE);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(store_read(fixture_store, last_who, name, &fixture_err), 0);
	if (getuid() == 0)
		ck_assert_str_eq(name, "alice");
	else
		ck_assert_str_ne(name, "alice"); /* anybody can set a variable */
	cert_free(cert);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("change", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, every_change_has_a_line);
	tcase_add_test(tests, what_was_before_is_kept);
	tcase_add_test(tests, sudo_names_the_person);
	return fixture_run(suite);
}
