/* Whole runs of certmon with the clock set by the test: what is announced, when, to whom. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certmon/notice.h"
#include "certmon/run.h"
#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"

enum { HOUR = 3600, MAILS_MAX = 200 };

static struct settings settings;
static struct conf *conf;

/* The mails that were made, in order: when, to whom, about how many. */
struct mail {
	int64_t made;
	char to[64], subject[256];
	enum outbox_state state;
};
static struct mail mails[MAILS_MAX];
static size_t mail_count;

static void configure(const char *more)
{
	char path[128];
	snprintf(path, sizeof path, "%s/certmon.conf", fixture_path);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "[certmon]\n%sfrom = certmon@example.test\n%s%s", strstr(more, "to =") ? "" : "to = admin@example.test\n",
	        strstr(more, "email =") ? "" : "email = yes\n", more);
	fclose(file);
	conf_free(conf);
	conf = NULL;
	ck_assert_msg(!conf_load(path, &conf, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_msg(!settings_read(conf, &settings, &fixture_err), "%s", err_text(&fixture_err));
}

static void setup(void)
{
	fixture_setup();
	signal(SIGPIPE, SIG_IGN);
	mail_count = 0;
	configure("sendmail = true\n");
}

static void teardown(void)
{
	conf_free(conf);
	conf = NULL;
	fixture_teardown();
}

/* One run at `now`; 0, or how many messages wait. */
static size_t run_at(int64_t now)
{
	struct run run = { .settings = &settings, .store = fixture_store, .now = now };
	ck_assert_msg(!run_all(&run, &fixture_err), "%s", err_text(&fixture_err));
	size_t waiting = run.waiting;
	run_deinit(&run);
	return waiting;
}

static int take_mail(uint64_t number, const struct outbox *message, void *arg, struct err *err)
{
	(void)number, (void)arg, (void)err;
	struct mail *mail = &mails[mail_count++];
	mail->made = message->made;
	mail->state = message->state;
	snprintf(mail->to, sizeof mail->to, "%.*s", (int)message->to.len, message->to.bytes);
	snprintf(mail->subject, sizeof mail->subject, "%.*s", (int)message->subject.len, message->subject.bytes);
	return 0;
}

static int read_mails(struct txn *txn, void *arg, struct err *err)
{
	return outbox_each(txn, take_mail, arg, err);
}

static void collect(void)
{
	mail_count = 0;
	ck_assert_int_eq(store_read(fixture_store, read_mails, NULL, &fixture_err), 0);
}

static struct cert *add_ending(const char *subject, int64_t end, const char *owner)
{
	struct made how = { .subject = subject, .issuer = "CN=ca", .from = NOW - 400 * (int64_t)DAY, .to = end };
	struct cert *cert = fixture_cert(&how);
	struct trust_add add = { .store = "tomcat-trust", .until = CLOCK_NEVER, .owner = owner };
	ck_assert_msg(!fixture_add(cert, &add), "%s", err_text(&fixture_err));
	return cert;
}

#define END (NOW + 90 * (int64_t)DAY)
static const int64_t days[] = { -30, -23, -16, -9, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
enum { DAYS = sizeof days / sizeof *days };

/* Exactly one mail at each of the documented moments, at the first run that follows it. */
static void documented_mails(int64_t step)
{
	collect();
	ck_assert_uint_eq(mail_count, DAYS);
	for (size_t i = 0; i < DAYS; i++) {
		ck_assert_int_ge(mails[i].made, END + days[i] * DAY);
		ck_assert_int_lt(mails[i].made, END + days[i] * DAY + step);
		ck_assert_str_eq(mails[i].to, "admin@example.test");
	}
}

START_TEST(hour_by_hour_from_90_days_before_to_10_days_after)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	for (int64_t now = NOW; now <= END + 10 * DAY; now += HOUR)
		ck_assert_uint_eq(run_at(now), 0);
	documented_mails(HOUR);
}
END_TEST

START_TEST(two_runs_at_each_time_and_a_clock_that_steps_back)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	for (int64_t now = END - 31 * (int64_t)DAY; now <= END + 10 * DAY; now += 6 * HOUR) {
		run_at(now);
		run_at(now);
		run_at(now - 2 * DAY);
	}
	documented_mails(6 * HOUR);
}
END_TEST

/* Everything at once: the mail cannot be sent for a day, two runs at each time, the clock steps back and forth. */
START_TEST(the_same_set_whatever_happens_in_the_middle)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	configure("sendmail = true\n");
	for (int64_t now = NOW; now <= END + 10 * DAY; now += HOUR) {
		bool fails = now >= END - 16 * (int64_t)DAY && now < END - 15 * DAY;
		configure(fails ? "sendmail = false\n" : "sendmail = true\n");
		size_t waiting = run_at(now);
		ck_assert_uint_eq(run_at(now), waiting);
		if (now % (5 * HOUR) == 0)
			run_at(now - 40 * HOUR);
		ck_assert_uint_le(waiting, fails ? 1 : 0);
	}
	documented_mails(HOUR);
	for (size_t i = 0; i < mail_count; i++)
		ck_assert_int_eq(mails[i].state, OUTBOX_DELIVERED);
}
END_TEST

/* Each time that runs come again: one mail, if a moment of the schedule has passed meanwhile. */
START_TEST(missed_weeks_are_caught_up_with_one_mail_each)
{
	static const struct gap { int from, to; } gaps[] = { { -31, -24 }, { -17, -8 }, { -4, 3 } };
	static const int64_t seen[] = { -24, -23, -8, 3, 4, 5, 6, 7, 8, 9, 10 };
	cert_free(add_ending("CN=www.example.test", END, NULL));
	for (int64_t now = NOW; now <= END + 10 * DAY; now += HOUR) {
		bool missed = false;
		for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
			missed |= now > END + gaps[i].from * DAY && now < END + gaps[i].to * DAY;
		if (!missed)
			run_at(now);
	}
	collect();
	ck_assert_uint_eq(mail_count, sizeof seen / sizeof *seen);
	for (size_t i = 0; i < mail_count; i++)
		ck_assert_int_eq((mails[i].made - END) / DAY, seen[i]);
}
END_TEST

START_TEST(a_clock_that_was_years_ahead_does_not_silence)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	run_at(END + 3000 * (int64_t)DAY);
	for (int64_t now = NOW; now <= END + 10 * DAY; now += HOUR)
		run_at(now);
	collect();
	ck_assert_uint_eq(mail_count, DAYS + 1);
	ck_assert_int_ge(mails[1].made, END - 30 * (int64_t)DAY);
	ck_assert_int_lt(mails[1].made, END - 30 * (int64_t)DAY + HOUR);
}
END_TEST

START_TEST(a_missed_week_gives_one_mail)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	run_at(END - 30 * (int64_t)DAY);
	run_at(END - 15 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	run_at(END + 7 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 3);
}
END_TEST

START_TEST(what_cannot_be_delivered_waits_and_goes_once)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	configure("sendmail = false\n");
	ck_assert_uint_eq(run_at(END - 30 * (int64_t)DAY), 1);
	ck_assert_uint_eq(run_at(END - 30 * (int64_t)DAY + HOUR), 1);
	configure("sendmail = true\n");
	ck_assert_uint_eq(run_at(END - 30 * (int64_t)DAY + 2 * HOUR), 0);
	run_at(END - 30 * (int64_t)DAY + 3 * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 1);
	configure("sendmail = false\n"); /* nothing is left to send, so nothing can fail */
	ck_assert_uint_eq(run_at(END - 29 * (int64_t)DAY), 0);
}
END_TEST

START_TEST(what_can_no_longer_be_sent_is_given_up)
{
	cert_free(add_ending("CN=www.example.test", END, NULL));
	configure("sendmail = false\ncommand = false\n");
	ck_assert_uint_eq(run_at(END - 30 * (int64_t)DAY), 2);
	configure("sendmail = false\n");
	ck_assert_uint_eq(run_at(END - 30 * (int64_t)DAY + HOUR), 1);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_str_eq(mails[0].to, "admin@example.test");
	ck_assert_int_eq(mails[0].state, OUTBOX_WAITING);
	ck_assert_str_eq(mails[1].to, "command");
	ck_assert_int_eq(mails[1].state, OUTBOX_GIVEN_UP);
	configure("email = no\n");
	ck_assert_uint_eq(run_at(END - 30 * (int64_t)DAY + 2 * HOUR), 0);
	collect();
	ck_assert_int_eq(mails[0].state, OUTBOX_GIVEN_UP);
}
END_TEST

START_TEST(an_owner_gets_his_own_and_the_administrators_all)
{
	cert_free(add_ending("CN=a.example.test", END, "owner@example.test"));
	cert_free(add_ending("CN=b.example.test", END, NULL));
	run_at(END - 30 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_str_eq(mails[0].to, "admin@example.test");
	ck_assert_ptr_nonnull(strstr(mails[0].subject, "2 to look after"));
	ck_assert_str_eq(mails[1].to, "owner@example.test");
	ck_assert_str_eq(mails[1].subject, "Certificates: a.example.test expires in 30 days");
}
END_TEST

START_TEST(who_comes_later_is_told_once_and_nobody_else_again)
{
	int64_t now = END - 25 * (int64_t)DAY;
	cert_free(add_ending("CN=a.example.test", END, NULL));
	configure("email = no\n"); /* only syslog, as after the installation */
	run_at(now);
	collect();
	ck_assert_uint_eq(mail_count, 0);
	configure("sendmail = true\n");
	for (int i = 1; i <= 3; i++)
		run_at(now + i * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 1);
	ck_assert_str_eq(mails[0].to, "admin@example.test");
	ck_assert_int_eq(mails[0].made, now + HOUR);

	configure("sendmail = true\nto = ADMIN@example.test, second@example.test\ncommand = true\n");
	for (int i = 4; i <= 6; i++)
		run_at(now + i * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 3);
	ck_assert_str_eq(mails[1].to, "second@example.test");
	ck_assert_str_eq(mails[1].subject, "Certificates: a.example.test expires in 24 days");
	ck_assert_str_eq(mails[2].to, "command");

	run_at(END - 23 * (int64_t)DAY); /* the next moment is everybody's */
	collect();
	ck_assert_uint_eq(mail_count, 6);
}
END_TEST

START_TEST(an_owner_who_is_set_later_gets_his)
{
	int64_t now = END - 25 * (int64_t)DAY;
	struct cert *cert = add_ending("CN=a.example.test", END, NULL);
	cert_free(add_ending("CN=b.example.test", END, NULL));
	run_at(now);
	struct trust_add add = { .store = "CallManager-trust", .until = CLOCK_NEVER, .owner = "owner@example.test" };
	ck_assert_int_eq(fixture_add(cert, &add), 0);
	for (int i = 1; i <= 3; i++)
		run_at(now + i * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_str_eq(mails[1].to, "owner@example.test");
	ck_assert_str_eq(mails[1].subject, "Certificates: a.example.test expires in 24 days");
	cert_free(cert);
}
END_TEST

START_TEST(a_way_that_was_gone_is_told_when_it_is_back)
{
	int64_t now = END - 25 * (int64_t)DAY;
	cert_free(add_ending("CN=a.example.test", END, NULL));
	configure("sendmail = false\n");
	ck_assert_uint_eq(run_at(now), 1);
	configure("email = no\n"); /* the message that waits is given up */
	run_at(now + HOUR);
	configure("sendmail = true\n");
	run_at(now + 2 * HOUR);
	run_at(now + 3 * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_int_eq(mails[0].state, OUTBOX_GIVEN_UP);
	ck_assert_int_eq(mails[1].state, OUTBOX_DELIVERED);
}
END_TEST

/* The next certificate of the same subject, in this store. */
static struct cert *add_newer(const char *subject, const char *store)
{
	struct made how = { .subject = subject, .issuer = "CN=ca", .from = NOW - DAY, .to = END + 300 * (int64_t)DAY, .serial = 2 };
	struct cert *newer = fixture_cert(&how);
	struct trust_add add = { .store = store, .until = CLOCK_NEVER, .keep_old = 200 * (int64_t)DAY };
	ck_assert_msg(!fixture_add(newer, &add), "%s", err_text(&fixture_err));
	return newer;
}

START_TEST(one_who_comes_later_is_not_told_of_what_is_silent)
{
	struct cert *covered = add_ending("CN=a.example.test", END, NULL);
	cert_free(add_newer("CN=a.example.test", "tomcat-trust"));
	cert_free(add_ending("CN=b.example.test", END, NULL));
	run_at(END - 25 * (int64_t)DAY);
	configure("sendmail = true\nto = admin@example.test, second@example.test\n");
	run_at(END - 24 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_str_eq(mails[1].to, "second@example.test");
	ck_assert_str_eq(mails[1].subject, "Certificates: b.example.test expires in 24 days");
	cert_free(covered);
}
END_TEST

START_TEST(a_successor_covers_while_phones_accept_it)
{
	struct cert *old = add_ending("CN=a.example.test", END, NULL), *newer = add_newer("CN=a.example.test", "tomcat-trust");
	run_at(END - 30 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 0);
	ck_assert_int_eq(fixture_block(cert_sha256(newer)), 0);
	run_at(END - 30 * (int64_t)DAY + HOUR);
	run_at(END - 30 * (int64_t)DAY + 2 * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 1);
	ck_assert_str_eq(mails[0].subject, "Certificates: a.example.test expires in 29 days");
	cert_free(old);
	cert_free(newer);
}
END_TEST

START_TEST(one_in_another_store_or_of_fewer_roles_does_not_cover)
{
	cert_free(add_ending("CN=a.example.test", END, NULL));
	cert_free(add_newer("CN=a.example.test", "CallManager-trust"));
	run_at(END - 30 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 1);
}
END_TEST

START_TEST(blocked_and_removed_ones_are_silent)
{
	struct cert *blocked = add_ending("CN=a.example.test", END, NULL), *removed = add_ending("CN=b.example.test", END, NULL);
	ck_assert_int_eq(fixture_block(cert_sha256(blocked)), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", removed), 0);
	run_at(END - 30 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 0);
	cert_free(blocked);
	cert_free(removed);
}
END_TEST

#define FAR (NOW + 3000 * (int64_t)DAY)

static void set_status(const struct cert *cert, enum revocation_status status, int64_t when)
{
	struct revocation_record found = { .status = status, .until = CLOCK_NEVER, .next_check = when + 50, .this_update = when,
	                                   .revoked_at = status == REVOCATION_REVOKED ? when - 3 * DAY : 0, .reason = 1 };
	ck_assert_int_eq(fixture_revoke(cert_sha256(cert), &found), 0);
}

START_TEST(a_revoked_one_is_announced_and_again_until_it_is_gone)
{
	struct cert *cert = add_ending("CN=a.example.test", FAR, NULL);
	cert_free(add_ending("CN=b.example.test", FAR, NULL));
	run_at(NOW);
	set_status(cert, REVOCATION_REVOKED, NOW + HOUR);
	for (int64_t now = NOW + HOUR; now < NOW + HOUR + 8 * DAY; now += 6 * HOUR)
		run_at(now);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_str_eq(mails[0].subject, "Certificates: a.example.test was revoked 3 days ago");
	ck_assert_int_eq(mails[1].made, NOW + HOUR + 7 * (int64_t)DAY);
	set_status(cert, REVOCATION_GOOD, NOW + 9 * DAY);
	run_at(NOW + 30 * (int64_t)DAY);
	set_status(cert, REVOCATION_REVOKED, NOW + 31 * (int64_t)DAY);
	run_at(NOW + 31 * (int64_t)DAY); /* anew */
	ck_assert_int_eq(fixture_remove("tomcat-trust", cert), 0);
	run_at(NOW + 60 * (int64_t)DAY);
	collect();
	ck_assert_uint_eq(mail_count, 3);
	cert_free(cert);
}
END_TEST

START_TEST(revoked_is_told_of_one_whose_end_was_announced_already)
{
	struct cert *cert = add_ending("CN=a.example.test", END, NULL);
	run_at(END - DAY);
	set_status(cert, REVOCATION_REVOKED, END - DAY);
	run_at(END - DAY + HOUR);
	run_at(END - DAY + 2 * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	ck_assert_str_eq(mails[1].subject, "Certificates: a.example.test was revoked 3 days ago");
	set_status(cert, REVOCATION_GOOD, END - DAY + 3 * HOUR); /* its end is a matter again */
	run_at(END - DAY + 3 * HOUR);
	run_at(END - DAY + 4 * HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 3);
	ck_assert_str_eq(mails[2].subject, "Certificates: a.example.test expires in 21 hours");
	cert_free(cert);
}
END_TEST

START_TEST(a_blocked_one_is_not_told_as_revoked)
{
	struct cert *cert = add_ending("CN=a.example.test", FAR, NULL);
	set_status(cert, REVOCATION_REVOKED, NOW);
	ck_assert_int_eq(fixture_block(cert_sha256(cert)), 0);
	run_at(NOW);
	collect();
	ck_assert_uint_eq(mail_count, 0);
	cert_free(cert);
}
END_TEST

static int put_own(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	struct identity_record identity = { .purpose = text_of("tomcat"), .has_cert = true, .cert = *cert_sha256(arg) };
	struct record record;
	ck_assert_int_eq(identity_record_encode(&identity, &record), 0);
	int code = txn_put(txn, STORE_IDENTITY, "tomcat", 6, record.bytes, record.len);
	record_free(&record);
	return code;
}

START_TEST(how_urgent_a_revoked_one_is)
{
	struct cert *own = add_ending("CN=own.example.test", FAR, NULL), *other = add_ending("CN=b.example.test", FAR, NULL);
	ck_assert_int_eq(store_write(fixture_store, put_own, own, &fixture_err), 0);
	set_status(own, REVOCATION_REVOKED, NOW);
	set_status(other, REVOCATION_REVOKED, NOW);
	struct run run = { .settings = &settings, .store = fixture_store, .now = NOW };
	ck_assert_int_eq(run_look(&run, 30 * (int64_t)DAY, &fixture_err), 0);
	ck_assert_uint_eq(run.findings.count, 2);
	const struct finding *first = &run.findings.list[0], *second = &run.findings.list[1];
	ck_assert(digest_equal(&first->id, cert_sha256(own)) && digest_equal(&second->id, cert_sha256(other)));
	ck_assert_int_eq(first->level, FINDING_CRITICAL);
	ck_assert_int_eq(second->level, FINDING_WARNING);
	ck_assert_str_eq(first->revoked_why, "keyCompromise");
	ck_assert_ptr_nonnull(strstr(first->advice, "truststore identity csr tomcat"));
	ck_assert_ptr_nonnull(strstr(second->advice, "truststore add tomcat-trust FILE"));
	run_deinit(&run);
	cert_free(own);
	cert_free(other);
}
END_TEST

START_TEST(an_unreadable_source_is_a_finding_and_new_after_it_was_repaired)
{
	char more[256], path[128];
	snprintf(path, sizeof path, "%s/missing.pem", fixture_path);
	snprintf(more, sizeof more, "sendmail = true\nfiles = %s\n", path);
	configure(more);
	run_at(NOW);
	run_at(NOW + HOUR);
	run_at(NOW + 6 * DAY);
	collect();
	ck_assert_uint_eq(mail_count, 1);
	ck_assert_ptr_nonnull(strstr(mails[0].subject, "cannot be read"));
	run_at(NOW + 7 * DAY);
	collect();
	ck_assert_uint_eq(mail_count, 2);
	struct made how = { .subject = "CN=far", .to = NOW + 3000 * (int64_t)DAY };
	struct cert *cert = fixture_cert(&how);
	size_t len, der_len;
	char *pem;
	const uint8_t *der = cert_der(cert, &der_len);
	ck_assert_int_eq(cert_pem(der, der_len, &pem, &len), 0);
	FILE *file = fopen(path, "w");
	fputs(pem, file);
	fclose(file);
	run_at(NOW + 8 * DAY);
	char away[sizeof path + 8];
	snprintf(away, sizeof away, "%s.away", path);
	rename(path, away);
	run_at(NOW + 8 * DAY + HOUR);
	collect();
	ck_assert_uint_eq(mail_count, 3);
	for (int64_t hour = 2; hour < 24; hour++) { /* comes and goes */
		rename(hour % 2 ? path : away, hour % 2 ? away : path);
		run_at(NOW + 8 * DAY + hour * HOUR);
	}
	collect();
	ck_assert_uint_eq(mail_count, 3);
	free(pem);
	cert_free(cert);
}
END_TEST

static int count_one(const char *to, const char *subject, const char *bytes, size_t len, void *arg, struct err *err)
{
	(void)subject, (void)err;
	ck_assert_str_eq(to, "admin@example.test");
	ck_assert_uint_eq(strlen(bytes), len);
	++*(size_t *)arg;
	return 0;
}

START_TEST(a_dry_run_remembers_nothing)
{
	cert_free(add_ending("CN=a.example.test", END, NULL));
	uint64_t revision = fixture_revision();
	struct run run = { .settings = &settings, .store = fixture_store, .now = END - 20 * (int64_t)DAY };
	size_t shown = 0;
	ck_assert_int_eq(run_dry(&run, count_one, &shown, &fixture_err), 0);
	ck_assert_uint_eq(shown, 1);
	run_deinit(&run);
	ck_assert_uint_eq(fixture_revision(), revision);
	ck_assert_uint_eq(fixture_count(STORE_NOTICE) + fixture_count(STORE_OUTBOX), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("certmon runs", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, hour_by_hour_from_90_days_before_to_10_days_after);
	tcase_add_test(tests, two_runs_at_each_time_and_a_clock_that_steps_back);
	tcase_add_test(tests, the_same_set_whatever_happens_in_the_middle);
	tcase_add_test(tests, missed_weeks_are_caught_up_with_one_mail_each);
	tcase_add_test(tests, a_clock_that_was_years_ahead_does_not_silence);
	tcase_add_test(tests, a_missed_week_gives_one_mail);
	tcase_add_test(tests, what_cannot_be_delivered_waits_and_goes_once);
	tcase_add_test(tests, what_can_no_longer_be_sent_is_given_up);
	tcase_add_test(tests, an_owner_gets_his_own_and_the_administrators_all);
	tcase_add_test(tests, who_comes_later_is_told_once_and_nobody_else_again);
	tcase_add_test(tests, an_owner_who_is_set_later_gets_his);
	tcase_add_test(tests, a_way_that_was_gone_is_told_when_it_is_back);
	tcase_add_test(tests, one_who_comes_later_is_not_told_of_what_is_silent);
	tcase_add_test(tests, a_successor_covers_while_phones_accept_it);
	tcase_add_test(tests, one_in_another_store_or_of_fewer_roles_does_not_cover);
	tcase_add_test(tests, blocked_and_removed_ones_are_silent);
	tcase_add_test(tests, a_revoked_one_is_announced_and_again_until_it_is_gone);
	tcase_add_test(tests, revoked_is_told_of_one_whose_end_was_announced_already);
	tcase_add_test(tests, a_blocked_one_is_not_told_as_revoked);
	tcase_add_test(tests, how_urgent_a_revoked_one_is);
	tcase_add_test(tests, an_unreadable_source_is_a_finding_and_new_after_it_was_repaired);
	tcase_add_test(tests, a_dry_run_remembers_nothing);
	return fixture_run(suite);
}
