/* Whatever happens, in whatever order: the databases stay in step. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

START_TEST(memberships_add_up)
{
	struct answer answer = { .revocation_until = CLOCK_NEVER };
	struct store_record tomcat = { .roles = ROLE_BIT(ROLE_APP_SERVER), .ttl = 500 },
		mine = { .roles = ROLE_BIT(ROLE_APP_SERVER) | ROLE_BIT(ROLE_TVS), .ttl = 900 };
	struct member_record ends = { .until = NOW + 10 }, stays = { .until = CLOCK_NEVER },
		fewer = { .until = NOW + 20, .own_roles = true, .roles = ROLE_BIT(ROLE_TVS) | ROLE_BIT(ROLE_CAPF), .ttl = 7 };
	trust_derive_member(&answer, &tomcat, &ends);
	ck_assert_int_eq(answer.stored_until, NOW + 10);
	ck_assert_int_eq(answer.role[ROLE_APP_SERVER].until, NOW + 10);
	ck_assert_uint_eq(answer.role[ROLE_APP_SERVER].ttl, 500);
	trust_derive_member(&answer, &mine, &fewer);
	ck_assert_int_eq(answer.stored_until, NOW + 20);
	ck_assert_int_eq(answer.role[ROLE_TVS].until, NOW + 20);
	ck_assert_uint_eq(answer.role[ROLE_TVS].ttl, 7);
	ck_assert_int_eq(answer.role[ROLE_CAPF].until, 0); /* the store does not give it */
	trust_derive_member(&answer, &mine, &stays);
	ck_assert_int_eq(answer.stored_until, CLOCK_NEVER);
	ck_assert_int_eq(answer.role[ROLE_APP_SERVER].until, CLOCK_NEVER);
	ck_assert_uint_eq(answer.role[ROLE_APP_SERVER].ttl, 500);
	ck_assert_uint_eq(answer.role[ROLE_TVS].ttl, 7);
}
END_TEST

static uint64_t state = 7;

static unsigned any(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

enum { CERTS = 12, STORES = 4, STEPS = 600 };
static struct cert *certs[CERTS];
static const char *const stores[STORES] = { "CallManager-trust", "tomcat-trust", "CAPF-trust", "srst-trust" };
static int64_t now = NOW;

static void random_add(const struct cert *cert, const char *store)
{
	struct trust_add how = {
		.store = store, .ttl = any(3) ? 0 : 1 + any(1000), .until = any(2) ? 0 : now + 1 + any(300),
		.label = any(4) ? NULL : "label", .origin = any(3) ? NULL : "cluster B", .again = any(2),
		.keep_old = any(2) ? 0 : any(200), .skip = (enum trust_skip)any(3), .allow_expired = any(4) == 0,
		.roles = any(3) || store == stores[3] || store == stores[0] ? 0 :
		         store == stores[1] ? ROLE_BIT(ROLE_APP_SERVER) : ROLE_BIT(ROLE_CAPF),
	};
	int code = fixture_add(cert, &how);
	ck_assert_msg(!code || code == ERR_REFUSED, "%s", fixture_err.text);
}

static void random_store(const char *name)
{
	struct store_record store = { .name = text_of(name), .roles = any(ROLE_ALL + 1), .ttl = 1 + any(2000),
	                              .same_subject = any(2) ? SAME_SUBJECT_KEEP : SAME_SUBJECT_REPLACE };
	ck_assert_int_eq(fixture_put_store(&store), 0);
}

static void random_step(void)
{
	const struct cert *cert = certs[any(CERTS)];
	const char *store = stores[any(STORES)];
	struct revocation_record found = { .status = (enum revocation_status)any(REVOCATION_STATUS_COUNT),
	                                   .until = now + any(500), .this_update = now + any(3),
	                                   .next_check = now + any(500) };
	switch (any(12)) {
	case 0:
	case 1:
		fixture_remove(store, cert);
		break;
	case 2:
		fixture_block(cert_sha256(cert));
		break;
	case 3:
		fixture_unblock(cert_sha256(cert));
		break;
	case 4:
		fixture_revoke(cert_sha256(cert), &found);
		break;
	case 5:
		fixture_clock(now += any(100));
		ck_assert_int_eq(fixture_sweep(now), 0);
		break;
	case 6:
		random_store(store);
		break;
	default:
		random_add(cert, store);
	}
}

START_TEST(random_changes_keep_everything_in_step)
{
	static const char *const subjects[] = { "CN=a", "CN=b", "CN=c", "CN=d" };
	for (int i = 0; i < CERTS; i++)
		certs[i] = fixture_cert(&(struct made){ .subject = subjects[i % 4], .issuer = i % 2 ? "CN=ca" : NULL,
		                                        .serial = 1 + (unsigned)i / 2, .from = NOW - 1000 + (i / 4) * 100,
		                                        .to = i < 2 ? NOW + 500 : 0 });
	state += (unsigned)_i;
	for (int i = 0; i < STEPS; i++) {
		random_step();
		if (i % 10 == 0)
			fixture_verify();
	}
	fixture_verify();
	ck_assert_uint_gt(fixture_revision(), STEPS / 4);
	for (int i = 0; i < CERTS; i++)
		cert_free(certs[i]);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_derive", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, memberships_add_up);
	tcase_add_loop_test(tests, random_changes_keep_everything_in_step, 0, 4);
	return fixture_run(suite);
}
