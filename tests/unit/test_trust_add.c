#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"

static void refused_with(int code, const char *words)
{
	ck_assert_int_eq(code, ERR_REFUSED);
	ck_assert_msg(strstr(fixture_err.text, words), "\"%s\" is not in: %s", words, fixture_err.text);
	fixture_verify();
}

static void trusted(const struct cert *cert, uint32_t roles, uint32_t ttl)
{
	struct verdict v = fixture_judge(cert, NOW);
	ck_assert_str_eq(reason_name(v.reason), "trusted");
	ck_assert_uint_eq(v.roles, roles);
	ck_assert_uint_eq(v.ttl, ttl);
}

static enum reason reason_at(const struct cert *cert, int64_t when)
{
	return fixture_judge(cert, when).reason;
}

START_TEST(an_added_certificate_is_trusted)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("callmanager-TRUST", cert), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	trusted(cert, ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_TFTP), 86400);
	ck_assert_uint_eq(fixture_revision(), 1);
	ck_assert_int_eq(reason_at(cert, NOW + 366 * (int64_t)DAY), REASON_EXPIRED);
	ck_assert_int_eq(fixture_add_to("Phone-SAST-trust", cert), 0);
	trusted(cert, ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_TFTP) | ROLE_BIT(ROLE_SAST), 86400);
	ck_assert_int_eq(fixture_add_to("srst-trust", cert), 0); /* gives nothing, takes nothing */
	trusted(cert, ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_TFTP) | ROLE_BIT(ROLE_SAST), 86400);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(a_store_without_roles_gives_no_trust)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("IPSec-trust", cert), 0);
	ck_assert_int_eq(reason_at(cert, NOW), REASON_NO_ROLE);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(an_unknown_store_lists_the_names)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("tomcat", cert), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "tomcat-trust"));
	ck_assert_int_eq(fixture_add_to("", cert), ERR_NOT_FOUND);
	cert_free(cert);
}
END_TEST

START_TEST(roles_ttl_and_end_of_one_membership)
{
	struct cert *cert = fixture_named("CN=a");
	struct trust_add how = { .store = "CallManager-trust", .roles = ROLE_BIT(ROLE_TFTP), .ttl = 600,
	                         .until = NOW + 1000, .origin = "cluster B" };
	struct member_record member;
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	trusted(cert, ROLE_BIT(ROLE_TFTP), 600);
	ck_assert_uint_eq(fixture_judge(cert, NOW + 900).ttl, 100);
	ck_assert_int_eq(reason_at(cert, NOW + 1000), REASON_UNKNOWN);
	ck_assert(fixture_member("CallManager-trust", cert, &member));
	ck_assert_int_eq(member.since, NOW);
	ck_assert_mem_eq(member.origin.bytes, "cluster B", member.origin.len);
	how.roles = ROLE_BIT(ROLE_TFTP) | ROLE_BIT(ROLE_CAPF);
	refused_with(fixture_add(cert, &how), "does not give the role CAPF");
	how.roles = 0;
	how.until = NOW;
	refused_with(fixture_add(cert, &how), "cannot end in the past");
	how.until = 0;
	how.origin = "";
	refused_with(fixture_add(cert, &how), "an origin");
	cert_free(cert);
}
END_TEST

START_TEST(one_that_is_there_changes_only_what_is_asked_for)
{
	struct cert *cert = fixture_named("CN=a");
	struct trust_add how = { .store = "tomcat-trust", .origin = "cluster B", .until = NOW + 5000 };
	struct member_record member;
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UNCHANGED);
	ck_assert_uint_eq(fixture_revision(), 1);
	how.ttl = 60;
	how.label = "portal";
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UPDATED);
	ck_assert_uint_eq(fixture_revision(), 3);
	trusted(cert, ROLE_BIT(ROLE_APP_SERVER), 60);
	how = (struct trust_add){ .store = "tomcat-trust", .label = "portal" }; /* by hand: held by hand, and without an end */
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UPDATED);
	ck_assert(fixture_member("tomcat-trust", cert, &member));
	ck_assert_int_eq(member.until, CLOCK_NEVER);
	ck_assert_uint_eq(member.ttl, 60);
	ck_assert_mem_eq(member.origin.bytes, "hand", 4);
	how.origin = "cluster B"; /* an import does not take it back */
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UNCHANGED);
	how.owner = "x@example.org";
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UPDATED);
	ck_assert_uint_eq(fixture_revision(), 5);
	how.roles = ROLE_BIT(ROLE_APP_SERVER);
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UPDATED);
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UNCHANGED);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(an_expired_one_is_refused_or_skipped)
{
	struct cert *cert = fixture_cert(&(struct made){ .subject = "CN=old", .to = NOW - 1 });
	struct cert *last = fixture_cert(&(struct made){ .subject = "CN=last", .to = NOW });
	struct trust_add how = { .store = "tomcat-trust" };
	refused_with(fixture_add(cert, &how), "CN=old");
	refused_with(fixture_add(cert, &how), "expired on 2027-01-15T07:59:59Z");
	ck_assert_str_eq(fixture_added.why, "expired on 2027-01-15T07:59:59Z");
	how.skip = TRUST_SKIP_MANY;
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_SKIPPED);
	ck_assert_str_eq(fixture_added.why, "expired on 2027-01-15T07:59:59Z");
	ck_assert(!fixture_stored(cert));
	ck_assert_uint_eq(fixture_revision(), 0);
	how.skip = TRUST_SKIP_NONE;
	how.allow_expired = true;
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0); /* it is there already */
	ck_assert_int_eq(fixture_added.outcome, TRUST_UNCHANGED);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", last), 0);
	fixture_verify();
	cert_free(cert);
	cert_free(last);
}
END_TEST

START_TEST(a_key_of_more_than_4096_bits_is_refused)
{
	struct cert *ok = fixture_file("rsa4096.pem"), *big = fixture_file("rsa8192.pem");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", ok), 0);
	refused_with(fixture_add_to("tomcat-trust", big), "8192 bits");
	struct trust_add how = { .store = "tomcat-trust", .skip = TRUST_SKIP_MANY };
	refused_with(fixture_add(big, &how), "8192 bits"); /* forbidden, not old */
	how.skip = TRUST_SKIP_ALL;
	ck_assert_int_eq(fixture_add(big, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_SKIPPED);
	ck_assert(!fixture_stored(big));
	cert_free(ok);
	cert_free(big);
}
END_TEST

START_TEST(a_removed_one_comes_back_only_when_asked_to)
{
	struct cert *cert = fixture_named("CN=a");
	struct trust_add how = { .store = "tomcat-trust" };
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	refused_with(fixture_add(cert, &how), "--again");
	ck_assert_int_eq(fixture_add_to("CAPF-trust", cert), 0); /* it is about that store only */
	how.skip = TRUST_SKIP_MANY;
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_SKIPPED);
	how.skip = TRUST_SKIP_NONE;
	how.again = true;
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_uint_eq(fixture_count(STORE_TOMBSTONE), 0);
	fixture_verify();
	cert_free(cert);
}
END_TEST

static struct cert *begins(const char *subject, int days_ago)
{
	return fixture_cert(&(struct made){ .subject = subject, .from = NOW - days_ago * (int64_t)DAY });
}

START_TEST(of_one_subject_the_later_start_stays)
{
	struct cert *old = begins("CN=a,O=x", 20), *new = begins("CN=a,O=x", 10), *same = begins("CN=a,O=x", 10),
		*other = begins("CN=a,O=y", 30);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", old), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", other), 0); /* only the common name is the same */
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", new), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_REPLACED);
	ck_assert(fixture_added.has_other && digest_equal(&fixture_added.other, cert_sha256(old)));
	ck_assert(!fixture_stored(old));
	ck_assert_int_eq(reason_at(old, NOW), REASON_UNKNOWN);
	ck_assert_int_eq(reason_at(new, NOW), REASON_TRUSTED);
	ck_assert_uint_eq(fixture_count(STORE_TOMBSTONE), 0); /* nobody removed it */
	char hex[DIGEST_HEX_SIZE];
	digest_hex(cert_sha256(new), hex);
	hex[16] = '\0';
	refused_with(fixture_add_to("tomcat-trust", old), hex);
	refused_with(fixture_add_to("tomcat-trust", same), hex);
	digest_hex(cert_sha256(same), hex);
	hex[16] = '\0';
	ck_assert_ptr_nonnull(strstr(fixture_err.text, hex));
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "O=x"));
	struct trust_add how = { .store = "tomcat-trust", .skip = TRUST_SKIP_MANY };
	ck_assert_int_eq(fixture_add(old, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_SKIPPED);
	ck_assert(fixture_added.has_other && digest_equal(&fixture_added.other, cert_sha256(new)));
	ck_assert_int_eq(fixture_add_to("CAPF-trust", old), 0); /* another store */
	fixture_verify();
	cert_free(old);
	cert_free(new);
	cert_free(same);
	cert_free(other);
}
END_TEST

START_TEST(a_store_can_keep_all_of_one_subject)
{
	struct cert *old = begins("CN=a", 20), *new = begins("CN=a", 10), *newest = begins("CN=a", 5);
	struct store_record keep = { .name = text_of("tomcat-trust"), .roles = ROLE_BIT(ROLE_APP_SERVER), .ttl = 86400,
	                             .same_subject = SAME_SUBJECT_KEEP };
	ck_assert_int_eq(fixture_put_store(&keep), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", new), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", old), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_int_eq(reason_at(new, NOW), REASON_TRUSTED);
	keep.same_subject = SAME_SUBJECT_REPLACE; /* from now on: the newest displaces both */
	ck_assert_int_eq(fixture_put_store(&keep), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", newest), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_REPLACED);
	ck_assert_uint_eq(fixture_count(STORE_CERT), 1);
	fixture_verify();
	cert_free(old);
	cert_free(new);
	cert_free(newest);
}
END_TEST

START_TEST(a_displaced_one_can_stay_for_a_time)
{
	struct cert *old = begins("CN=a", 20), *new = begins("CN=a", 10);
	struct trust_add how = { .store = "tomcat-trust", .keep_old = 1000 };
	ck_assert_int_eq(fixture_add_to("tomcat-trust", old), 0);
	ck_assert_int_eq(fixture_add(new, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_REPLACED);
	trusted(old, ROLE_BIT(ROLE_APP_SERVER), 1000);
	ck_assert_int_eq(reason_at(old, NOW + 999), REASON_TRUSTED);
	ck_assert_int_eq(reason_at(old, NOW + 1000), REASON_UNKNOWN);
	fixture_verify();
	refused_with(fixture_add_to("tomcat-trust", old), "begins on"); /* not by the back door */
	how.until = NOW + 500; /* but earlier it may leave */
	ck_assert_int_eq(fixture_add(old, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_UPDATED);
	ck_assert_int_eq(reason_at(old, NOW + 500), REASON_UNKNOWN);
	fixture_clock(NOW + 500);
	ck_assert_int_eq(fixture_sweep(NOW + 499), 0);
	ck_assert(fixture_stored(old));
	ck_assert_int_eq(fixture_sweep(NOW + 500), 0);
	ck_assert(!fixture_stored(old));
	fixture_verify();
	cert_free(old);
	cert_free(new);
}
END_TEST

START_TEST(the_old_one_stays_until_the_new_one_is_valid)
{
	struct cert *old = begins("CN=a", 20), *new = begins("CN=a", -3);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", old), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", new), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_REPLACED);
	ck_assert_int_eq(reason_at(new, NOW + 3 * DAY - 1), REASON_NOT_YET_VALID);
	ck_assert_int_eq(reason_at(old, NOW + 3 * DAY - 1), REASON_TRUSTED);
	ck_assert_int_eq(reason_at(new, NOW + 3 * DAY), REASON_TRUSTED);
	ck_assert_int_eq(reason_at(old, NOW + 3 * DAY), REASON_UNKNOWN);
	fixture_verify();
	cert_free(old);
	cert_free(new);
}
END_TEST

START_TEST(an_empty_subject_displaces_nobody)
{
	struct cert *a = fixture_file("no-subject-1.pem"), *b = fixture_file("no-subject-2.pem");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", b), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", a), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_int_eq(reason_at(a, NOW), REASON_TRUSTED);
	ck_assert_int_eq(reason_at(b, NOW), REASON_TRUSTED);
	fixture_verify();
	cert_free(a);
	cert_free(b);
}
END_TEST

START_TEST(the_same_issuer_and_serial_are_two_certificates)
{
	struct cert *a = fixture_cert(&(struct made){ .subject = "CN=a", .issuer = "CN=ca", .serial = 7 }),
		*b = fixture_cert(&(struct made){ .subject = "CN=b", .issuer = "CN=ca", .serial = 7 });
	ck_assert_int_eq(fixture_add_to("tomcat-trust", a), 0);
	ck_assert_int_eq(reason_at(b, NOW), REASON_UNKNOWN);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", b), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_int_eq(reason_at(a, NOW), REASON_TRUSTED);
	fixture_verify();
	ck_assert_int_eq(fixture_remove("tomcat-trust", a), 0);
	ck_assert_int_eq(reason_at(b, NOW), REASON_TRUSTED);
	fixture_verify();
	cert_free(a);
	cert_free(b);
}
END_TEST

static int put_identity(struct txn *txn, void *arg, struct err *err)
{
	const struct { const char *purpose; const struct cert *cert; } *what = arg;
	struct identity_record identity = { .purpose = text_of(what->purpose), .has_cert = true,
	                                    .cert = *cert_sha256(what->cert), .key = text_of("k") };
	struct record record;
	uint8_t key[RECORD_NAME_MAX];
	(void)err;
	ck_assert_int_eq(identity_record_encode(&identity, &record), 0);
	int code = txn_put(txn, STORE_IDENTITY, key, store_key(what->purpose, strlen(what->purpose), key), record.bytes,
	                   record.len);
	record_free(&record);
	return code;
}

static void identity(const char *purpose, const struct cert *cert)
{
	struct { const char *purpose; const struct cert *cert; } what = { purpose, cert };
	ck_assert_int_eq(store_write(fixture_store, put_identity, &what, &fixture_err), 0);
}

START_TEST(an_own_certificate_is_displaced_by_its_successor_only)
{
	struct cert *own = begins("CN=a", 5), *later = begins("CN=a", 1), *earlier = begins("CN=a", 9);
	struct trust_add how = { .store = "tomcat-trust", .origin = "own", .replace_own = true };
	struct member_record member;
	ck_assert_int_eq(fixture_add(own, &how), 0);
	identity("tomcat", own);
	fixture_verify();
	refused_with(fixture_add_to("tomcat-trust", later), "own certificate");
	refused_with(fixture_remove("tomcat-trust", own), "own certificate");
	how = (struct trust_add){ .store = "tomcat-trust", .origin = "cluster B" };
	ck_assert_int_eq(fixture_add(own, &how), 0); /* and stays one when somebody else brings it */
	ck_assert_int_eq(fixture_added.outcome, TRUST_UNCHANGED);
	/* signed by a CA that dates back: an own one takes the place whatever the dates say */
	how = (struct trust_add){ .store = "tomcat-trust", .origin = "own", .replace_own = true, .keep_old = 500 };
	ck_assert_int_eq(fixture_add(earlier, &how), 0);
	ck_assert_int_eq(fixture_added.outcome, TRUST_REPLACED);
	identity("tomcat", earlier);
	fixture_verify();
	ck_assert(fixture_member("tomcat-trust", own, &member));
	ck_assert_int_eq(member.until, NOW + 500);
	ck_assert_mem_eq(member.origin.bytes, "was own", member.origin.len);
	ck_assert_int_eq(fixture_remove("tomcat-trust", own), 0); /* no own one any more */
	fixture_verify();
	cert_free(own);
	cert_free(later);
	cert_free(earlier);
}
END_TEST

START_TEST(a_ca_above_the_own_capf_has_no_capf_name)
{
	struct cert *own = fixture_cert(&(struct made){ .subject = "CN=CAPF-1234", .issuer = "CN=mid" }),
		*mid = fixture_cert(&(struct made){ .subject = "CN=mid", .issuer = "CN=the CAPF-root", .ca = true }),
		*root = fixture_cert(&(struct made){ .subject = "CN=the CAPF-root", .ca = true }),
		*foreign = fixture_cert(&(struct made){ .subject = "CN=CAPF-9999", .ca = true });
	struct trust_add how = { .store = "CAPF-trust", .origin = "own", .replace_own = true };
	ck_assert_int_eq(fixture_add(own, &how), 0);
	identity("CAPF", own);
	ck_assert_int_eq(fixture_add_to("CAPF-trust", foreign), 0); /* another cluster's */
	ck_assert_int_eq(fixture_add_to("CAPF-trust", mid), 0);
	refused_with(fixture_add_to("CAPF-trust", root), "CAPF-");
	refused_with(fixture_add_to("tomcat-trust", root), "CAPF-");
	cert_free(own);
	cert_free(mid);
	cert_free(root);
	cert_free(foreign);
}
END_TEST

START_TEST(names_from_certificates_do_not_break_messages)
{
	struct cert *cert = fixture_cert(&(struct made){ .common_name = "evil\nname\33[31m", .to = NOW - 1 });
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), ERR_REFUSED);
	ck_assert_ptr_null(strchr(fixture_err.text, '\n'));
	ck_assert_ptr_null(strchr(fixture_err.text, 27));
	cert_free(cert);
}
END_TEST

START_TEST(words_have_a_limit)
{
	char words[TRUST_WORDS_MAX + 2];
	struct cert *cert = fixture_named("CN=a");
	memset(words, 'w', sizeof words - 1);
	words[sizeof words - 1] = '\0';
	struct trust_add how = { .store = "tomcat-trust", .label = words };
	ck_assert_int_eq(fixture_add(cert, &how), ERR_LIMIT);
	words[TRUST_WORDS_MAX] = '\0';
	ck_assert_int_eq(fixture_add(cert, &how), 0);
	fixture_verify();
	cert_free(cert);
}
END_TEST

START_TEST(a_membership_that_is_over_counts_as_none)
{
	struct cert *a = begins("CN=a", 3), *b = begins("CN=a", 9);
	struct trust_add how = { .store = "tomcat-trust", .until = NOW + 10 };
	ck_assert_int_eq(fixture_add(a, &how), 0);
	fixture_clock(NOW + 10);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", b), 0); /* it stands in nobody's way, */
	ck_assert_int_eq(fixture_added.outcome, TRUST_ADDED);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", a), 0); /* and is added anew */
	ck_assert_int_eq(fixture_added.outcome, TRUST_REPLACED);
	fixture_verify();
	cert_free(a);
	cert_free(b);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_add", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, an_added_certificate_is_trusted);
	tcase_add_test(tests, a_store_without_roles_gives_no_trust);
	tcase_add_test(tests, an_unknown_store_lists_the_names);
	tcase_add_test(tests, roles_ttl_and_end_of_one_membership);
	tcase_add_test(tests, one_that_is_there_changes_only_what_is_asked_for);
	tcase_add_test(tests, an_expired_one_is_refused_or_skipped);
	tcase_add_test(tests, a_key_of_more_than_4096_bits_is_refused);
	tcase_add_test(tests, a_removed_one_comes_back_only_when_asked_to);
	tcase_add_test(tests, of_one_subject_the_later_start_stays);
	tcase_add_test(tests, a_store_can_keep_all_of_one_subject);
	tcase_add_test(tests, a_displaced_one_can_stay_for_a_time);
	tcase_add_test(tests, the_old_one_stays_until_the_new_one_is_valid);
	tcase_add_test(tests, an_empty_subject_displaces_nobody);
	tcase_add_test(tests, the_same_issuer_and_serial_are_two_certificates);
	tcase_add_test(tests, an_own_certificate_is_displaced_by_its_successor_only);
	tcase_add_test(tests, a_ca_above_the_own_capf_has_no_capf_name);
	tcase_add_test(tests, names_from_certificates_do_not_break_messages);
	tcase_add_test(tests, words_have_a_limit);
	tcase_add_test(tests, a_membership_that_is_over_counts_as_none);
	return fixture_run(suite);
}
