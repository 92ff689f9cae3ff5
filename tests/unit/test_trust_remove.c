#include <check.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

START_TEST(a_removed_one_is_unknown_at_once)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_add_to("CAPF-trust", cert), 0);
	ck_assert_int_eq(fixture_remove("TOMCAT-trust", cert), 0);
	ck_assert_uint_eq(fixture_judge(cert, NOW).roles, ROLE_BIT(ROLE_CAPF));
	ck_assert_int_eq(fixture_remove("CAPF-trust", cert), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_UNKNOWN);
	ck_assert(!fixture_stored(cert));
	static const enum store_db empty[] = {
		STORE_CERT, STORE_ANSWER, STORE_MEMBER, STORE_EXPIRY, STORE_SUBJECT, STORE_ISSUER_SERIAL,
	};
	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
		ck_assert_uint_eq(fixture_count(empty[i]), 0);
	ck_assert_uint_eq(fixture_count(STORE_TOMBSTONE), 2);
	ck_assert_uint_eq(fixture_revision(), 4);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(what_is_no_member_cannot_be_removed)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "tomcat-trust"));
	ck_assert_int_eq(fixture_add_to("CAPF-trust", cert), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), ERR_NOT_FOUND);
	ck_assert_int_eq(fixture_remove("no-trust", cert), ERR_NOT_FOUND);
	ck_assert_uint_eq(fixture_count(STORE_TOMBSTONE), 0);
	fixture_verify();
	cert_free(cert);
}
END_TEST

static int forget(struct txn *txn, void *arg, struct err *err)
{
	return trust_remove(txn, "tomcat-trust", arg, "retired", true, err);
}

START_TEST(a_forgotten_one_leaves_no_tombstone)
{
	struct cert *cert = fixture_named("CN=a");
	struct digest id = *cert_sha256(cert);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(store_write(fixture_store, forget, &id, &fixture_err), 0);
	ck_assert_uint_eq(fixture_count(STORE_TOMBSTONE), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(a_block_outlives_the_last_membership)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_block(cert_sha256(cert)), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	ck_assert(fixture_stored(cert));
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_BLOCKED);
	fixture_verify();
	ck_assert_int_eq(fixture_unblock(cert_sha256(cert)), 0);
	ck_assert(!fixture_stored(cert));
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_UNKNOWN);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(the_sweep_ends_what_is_over_and_no_more)
{
	struct cert *cert[5];
	static const char *const subjects[] = { "CN=a", "CN=b", "CN=c", "CN=d", "CN=e" };
	for (int i = 0; i < 5; i++) {
		struct trust_add how = { .store = "tomcat-trust", .until = i < 4 ? NOW + 10 * (i + 1) : CLOCK_NEVER };
		cert[i] = fixture_named(subjects[i]);
		ck_assert_int_eq(fixture_add(cert[i], &how), 0);
	}
	ck_assert_int_eq(fixture_add_to("CAPF-trust", cert[1]), 0);
	ck_assert_uint_eq(fixture_count(STORE_ENDING), 4);
	fixture_verify();
	ck_assert_int_eq(fixture_sweep(NOW + 9), 0);
	ck_assert_uint_eq(fixture_count(STORE_MEMBER), 6);
	ck_assert_int_eq(fixture_sweep(NOW + 30), 0);
	ck_assert_uint_eq(fixture_count(STORE_MEMBER), 3);
	ck_assert_uint_eq(fixture_count(STORE_ENDING), 1);
	ck_assert_uint_eq(fixture_count(STORE_TOMBSTONE), 0);
	ck_assert(!fixture_stored(cert[0]) && fixture_stored(cert[1]) && !fixture_stored(cert[2]) && fixture_stored(cert[3]));
	ck_assert_uint_eq(fixture_judge(cert[1], NOW).roles, ROLE_BIT(ROLE_CAPF));
	uint64_t revision = fixture_revision();
	ck_assert_int_eq(fixture_sweep(NOW + 30), 0);
	ck_assert_uint_eq(fixture_revision(), revision);
	fixture_verify();
	for (int i = 0; i < 5; i++)
		cert_free(cert[i]);
}
END_TEST

static int retire(struct txn *txn, void *arg, struct err *err)
{
	return trust_retire(txn, "tomcat-trust", arg, 100, err);
}

START_TEST(an_own_one_can_be_retired)
{
	struct cert *cert = fixture_named("CN=a");
	struct digest id = *cert_sha256(cert);
	struct trust_add how = { .store = "tomcat-trust", .origin = "own" };
	struct member_record member;
	ck_assert_int_eq(store_write(fixture_store, retire, &id, &fixture_err), ERR_NOT_FOUND);
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), ERR_REFUSED);
	ck_assert_int_eq(store_write(fixture_store, retire, &id, &fixture_err), 0);
	ck_assert(fixture_member("tomcat-trust", cert, &member));
	ck_assert_int_eq(member.until, NOW + 100);
	fixture_verify();
	ck_assert_int_eq(fixture_sweep(NOW + 100), 0);
	ck_assert(!fixture_stored(cert));
	fixture_verify();
	cert_free(cert);
}
END_TEST

static int keep_last(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	(void)revision, (void)err;
	*(struct change_record *)arg = *change;
	return ERR_OK;
}

/* As it was before its last membership ended, from what the log has of it. */
static int restore(struct txn *txn, void *arg, struct err *err)
{
	const struct digest *id = arg;
	struct change_record change;
	struct member_record member = { .until = CLOCK_NEVER, .origin = text_of("hand") };
	uint8_t key[MEMBER_KEY_MAX];
	ck_assert_int_eq(change_each(txn, 1, keep_last, &change, err), 0);
	ck_assert(digest_equal(&change.cert, id));
	ck_assert_uint_gt(change.left.len, 0);
	ck_assert_int_eq(trust_cert_restore(txn, &change, err), 0);
	ck_assert_int_eq(txn_delete(txn, STORE_TOMBSTONE, key, member_key("tomcat-trust", id, key)), 0);
	ck_assert_int_eq(trust_member_put(txn, "tomcat-trust", id, CLOCK_NEVER, &member), 0);
	return trust_refresh(txn, id, err);
}

START_TEST(the_log_has_all_of_one_that_left)
{
	struct cert *cert = fixture_cert(&(struct made){ .subject = "CN=leaf", .issuer = "CN=ca" });
	struct digest id = *cert_sha256(cert);
	struct revocation_record found = { .status = REVOCATION_REVOKED, .until = CLOCK_NEVER, .this_update = NOW, .checked = NOW, .revoked_at = NOW,
	                                   .source = text_of("http://crl"), .error = text_of("") };
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	ck_assert_int_eq(fixture_revoke(&id, &found), 0);
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_REVOKED);
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	ck_assert(!fixture_stored(cert));
	ck_assert_uint_eq(fixture_count(STORE_REVOCATION), 0);
	ck_assert_msg(!store_write(fixture_store, restore, &id, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_int_eq(fixture_judge(cert, NOW).reason, REASON_REVOKED); /* not trusted again by the detour */
	fixture_verify();
	cert_free(cert);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_remove", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, a_removed_one_is_unknown_at_once);
	tcase_add_test(tests, what_is_no_member_cannot_be_removed);
	tcase_add_test(tests, a_forgotten_one_leaves_no_tombstone);
	tcase_add_test(tests, a_block_outlives_the_last_membership);
	tcase_add_test(tests, the_sweep_ends_what_is_over_and_no_more);
	tcase_add_test(tests, an_own_one_can_be_retired);
	tcase_add_test(tests, the_log_has_all_of_one_that_left);
	return fixture_run(suite);
}
