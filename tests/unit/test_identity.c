#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/identity.h"

static char keys[96];
static struct identity_wish wish;
static struct identity_result result;
static struct err err;

static void setup(void)
{
	fixture_setup();
	snprintf(keys, sizeof keys, "%s/keys", fixture_path);
}

static void teardown(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", keys);
	ck_assert_int_eq(system(command), 0);
	fixture_teardown();
}

/* EC keys only: the RSA purposes would take long. Which purposes are anchors is asked of the interlock itself. */
static int renew(enum purpose purpose, const char *cn, int64_t now)
{
	fixture_clock(now);
	wish = (struct identity_wish){ .purpose = purpose, .common_name = cn, .keys = keys, .now = now,
	                               .anchor_wait = 7 * DAY, .bits = purpose_rule(purpose)->algorithm == GNUTLS_PK_RSA ? 1024 : 256 };
	return identity_new(fixture_store, &wish, &result, &err);
}

struct get {
	enum purpose purpose;
	struct identity identity;
};

static int get_work(struct txn *txn, void *arg, struct err *e)
{
	struct get *get = arg;
	return identity_get(txn, get->purpose, &get->identity, e);
}

START_TEST(a_certificate_comes_with_its_key)
{
	struct get get = { .purpose = PURPOSE_TOMCAT_ECDSA };
	gnutls_privkey_t key;
	ck_assert_int_eq(store_read(fixture_store, get_work, &get, &err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "truststore identity new tomcat-ECDSA"));
	identity_deinit(&get.identity);
	ck_assert_int_eq(renew(PURPOSE_TOMCAT_ECDSA, "web", NOW), 0);
	ck_assert(!result.replaced);
	ck_assert_int_eq(store_read(fixture_store, get_work, &get, &err), 0);
	ck_assert(digest_equal(&get.identity.cert, &result.cert));
	ck_assert_uint_eq(get.identity.chain_count, 1);
	ck_assert_int_eq(identity_key_load(&get.identity, keys, &key, &err), 0);
	gnutls_privkey_deinit(key);
	identity_deinit(&get.identity);
	fixture_verify();
}
END_TEST

START_TEST(the_old_one_goes_at_once_unless_it_is_an_anchor)
{
	ck_assert_int_eq(renew(PURPOSE_TOMCAT_ECDSA, "web", NOW), 0);
	struct digest first = result.cert;
	ck_assert_int_eq(renew(PURPOSE_TOMCAT_ECDSA, "web", NOW + 10), 0);
	ck_assert(result.replaced);
	ck_assert(digest_equal(&result.old, &first));
	ck_assert_uint_eq(fixture_count(STORE_CERT), 1);
	ck_assert_int_eq(renew(PURPOSE_TOMCAT_ECDSA, "another name", NOW + 20), 0);
	ck_assert_uint_eq(fixture_count(STORE_CERT), 1);
	ck_assert_int_eq(renew(PURPOSE_TVS, "tvs", NOW + 30), 0);
	ck_assert_int_eq(renew(PURPOSE_TVS, "tvs", NOW + 40), 0);
	ck_assert_uint_eq(fixture_count(STORE_CERT), 3);
	ck_assert_int_eq(fixture_sweep(NOW + 40 + 7 * DAY), 0);
	ck_assert_uint_eq(fixture_count(STORE_CERT), 2);
	fixture_verify();
}
END_TEST

START_TEST(two_anchors_are_not_renewed_at_a_time)
{
	static const enum purpose anchors[] = { PURPOSE_TVS, PURPOSE_CALLMANAGER, PURPOSE_ITLRECOVERY };
	for (int i = 0; i < 3; i++) /* first certificates are no renewals */
		ck_assert_int_eq(renew(anchors[i], purpose_rule(anchors[i])->name, NOW + i), 0);
	ck_assert_int_eq(renew(PURPOSE_TVS, "TVS", NOW + DAY), 0);
	ck_assert_int_eq(renew(PURPOSE_TVS, "TVS", NOW + DAY + 1), 0); /* the same again */
	for (int i = 1; i < 3; i++) {
		ck_assert_int_eq(renew(anchors[i], "x", NOW + DAY + 2), ERR_REFUSED);
		ck_assert_ptr_nonnull(strstr(err.text, "TVS was renewed at 2027-01-16T08:00:01Z"));
		ck_assert_ptr_nonnull(strstr(err.text, "safe from 2027-01-23T08:00:01Z"));
	}
	ck_assert_int_eq(renew(PURPOSE_TOMCAT_ECDSA, "web", NOW + DAY + 3), 0);
	ck_assert_int_eq(renew(PURPOSE_CALLMANAGER, "cm", NOW + 8 * DAY), ERR_REFUSED);
	ck_assert_int_eq(renew(PURPOSE_CALLMANAGER, "cm", NOW + 8 * DAY + 1), 0);
	ck_assert_int_eq(renew(PURPOSE_ITLRECOVERY, "itl", NOW + 9 * DAY), ERR_REFUSED);
	wish.force = true;
	ck_assert_int_eq(identity_new(fixture_store, &wish, &result, &err), 0);
	fixture_verify();
}
END_TEST

START_TEST(two_purposes_do_not_displace_each_other)
{
	ck_assert_int_eq(renew(PURPOSE_CALLMANAGER, "same", NOW), 0);
	ck_assert_int_eq(renew(PURPOSE_CALLMANAGER_ECDSA, "same", NOW), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "own certificate for CallManager has the same subject"));
	ck_assert_int_eq(renew(PURPOSE_TVS, "same", NOW), 0); /* in another store */
	ck_assert_uint_eq(fixture_count(STORE_IDENTITY), 2);
	fixture_verify();
}
END_TEST

START_TEST(keys_and_hashes_are_checked)
{
	static const struct {
		enum purpose purpose;
		unsigned bits;
		gnutls_digest_algorithm_t hash;
		int code;
	} all[] = {
		{ PURPOSE_TVS, 2048, GNUTLS_DIG_UNKNOWN, 0 },       { PURPOSE_TVS, 0, GNUTLS_DIG_SHA512, 0 },
		{ PURPOSE_TVS, 4096, GNUTLS_DIG_SHA1, 0 },          { PURPOSE_TVS, 512, GNUTLS_DIG_UNKNOWN, ERR_USAGE },
		{ PURPOSE_TVS, 8192, GNUTLS_DIG_UNKNOWN, ERR_USAGE }, { PURPOSE_TVS, 256, GNUTLS_DIG_UNKNOWN, ERR_USAGE },
		{ PURPOSE_TOMCAT_ECDSA, 256, GNUTLS_DIG_SHA256, 0 }, { PURPOSE_TOMCAT_ECDSA, 256, GNUTLS_DIG_SHA512, 0 },
		{ PURPOSE_TOMCAT_ECDSA, 384, GNUTLS_DIG_SHA256, ERR_REFUSED },
		{ PURPOSE_TOMCAT_ECDSA, 0, GNUTLS_DIG_SHA256, ERR_REFUSED },
		{ PURPOSE_TOMCAT_ECDSA, 521, GNUTLS_DIG_SHA384, ERR_REFUSED },
		{ PURPOSE_TOMCAT_ECDSA, 521, GNUTLS_DIG_UNKNOWN, 0 },
		{ PURPOSE_TOMCAT_ECDSA, 256, GNUTLS_DIG_SHA1, ERR_REFUSED },
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct identity_wish one = { .purpose = all[i].purpose, .bits = all[i].bits, .hash = all[i].hash };
		ck_assert_int_eq(identity_wish_check(&one, &err), all[i].code);
	}
	struct security fips = { .fips = true };
	struct identity_wish one = { .purpose = PURPOSE_TVS, .bits = 1024, .security = &fips };
	ck_assert_int_eq(identity_wish_check(&one, &err), ERR_REFUSED);
	one.bits = 2048;
	one.hash = GNUTLS_DIG_SHA1;
	ck_assert_int_eq(identity_wish_check(&one, &err), ERR_REFUSED);
	one.hash = GNUTLS_DIG_SHA256;
	ck_assert_int_eq(identity_wish_check(&one, &err), 0);
	one.multi_server = true;
	ck_assert_int_eq(identity_wish_check(&one, &err), ERR_REFUSED);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("identity", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_certificate_comes_with_its_key);
	tcase_add_test(tests, the_old_one_goes_at_once_unless_it_is_an_anchor);
	tcase_add_test(tests, two_anchors_are_not_renewed_at_a_time);
	tcase_add_test(tests, two_purposes_do_not_displace_each_other);
	tcase_add_test(tests, keys_and_hashes_are_checked);
	return fixture_run(suite);
}
