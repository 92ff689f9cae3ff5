#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ocsp/responder.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"
#include "truststore/base/err.h"

static const char url[] = "http://ocsp.example.test/";

START_TEST(pause_begins_after_some_failures_and_grows)
{
	struct responders *table = responders_new(NULL, false);
	struct responder *one = responders_get(table, url);
	ck_assert_ptr_eq(one, responders_get(table, url));
	for (int i = 0; i < RESPONDER_GIVE_UP; i++) {
		ck_assert(responder_may_be_asked(one, NOW, DAY));
		responder_failed(one, FAULT_TIMEOUT, NOW, DAY);
	}
	ck_assert(!responder_may_be_asked(one, NOW + 59, DAY));
	for (int i = 0; i < 30; i++) /* those that were under way when it began */
		responder_failed(one, FAULT_TIMEOUT, NOW + 1, DAY);
	ck_assert(responder_may_be_asked(one, NOW + 60, DAY));
	responder_failed(one, FAULT_CONNECT, NOW + 60, DAY);
	ck_assert(!responder_may_be_asked(one, NOW + 60 + 119, DAY));
	ck_assert(responder_may_be_asked(one, NOW + 60 + 120, DAY));
	ck_assert(responder_may_be_asked(one, NOW + 59, DAY)); /* the clock was set back */
	ck_assert(!responder_may_be_asked(one, NOW + 60, DAY));
	ck_assert(responder_may_be_asked(one, NOW - 3650 * (int64_t)DAY, DAY));
	ck_assert_int_eq(one->fault, FAULT_CONNECT);
	responder_answered(one, CERTID_SHA256, true);
	ck_assert(responder_may_be_asked(one, NOW + 61, DAY));
	ck_assert_int_eq(one->hash, CERTID_SHA256);
	ck_assert_uint_eq(one->failures, 0);
	ck_assert(one->answers);
	responder_answered(one, CERTID_SHA1, false); /* an answer that shows nothing of the kind */
	ck_assert_int_eq(one->hash, CERTID_SHA256);
	responders_free(table);
}
END_TEST

START_TEST(faults_of_a_certificate_are_none_of_the_server)
{
	ck_assert(responder_at_fault(FAULT_TIMEOUT));
	ck_assert(responder_at_fault(FAULT_HTTP_STATUS));
	ck_assert(responder_at_fault(FAULT_TRY_LATER));
	ck_assert(!responder_at_fault(FAULT_UNAUTHORIZED));
	ck_assert(!responder_at_fault(FAULT_NO_MATCH));
	ck_assert(!responder_at_fault(FAULT_BAD_SIGNATURE));
	ck_assert(!responder_at_fault(FAULT_CRL_STALE));
	ck_assert(!responder_at_fault(FAULT_NONE));
	ck_assert_int_eq(fault_of_word("timeout", 7), FAULT_TIMEOUT);
	ck_assert_int_eq(fault_of_word("timeout!", 8), FAULT_NONE);
}
END_TEST

/* The manual has every error word, once. */
START_TEST(words_stand_in_the_manual)
{
	char path[512], line[256], wanted[64];
	const char *top = getenv("top_srcdir");
	snprintf(path, sizeof path, "%s/ocsp/ocspcheck.1", top ? top : ".");
	for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
		int found = 0;
		FILE *manual = fopen(path, "r");
		ck_assert_msg(manual != NULL, "%s cannot be read", path);
		snprintf(wanted, sizeof wanted, ".It Li %s\n", fault_word((enum fault)fault));
		bool words = false;
		while (fgets(line, sizeof line, manual)) {
			words = words || !strcmp(line, ".Ss Error words\n");
			found += words && !strcmp(line, wanted);
		}
		fclose(manual);
		ck_assert_msg(found == 1, "%s has %s %d times", path, fault_word((enum fault)fault), found);
		ck_assert_int_eq(fault_of_word(fault_word((enum fault)fault), strlen(fault_word((enum fault)fault))), fault);
	}
}
END_TEST

static int save(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	return responders_save(arg, txn);
}

START_TEST(what_was_learned_is_read_back)
{
	char directory[] = "/tmp/test_ocsp_responder.XXXXXX", path[64];
	struct store *store;
	struct err err;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/store", directory);
	ck_assert_int_eq(store_create(path, &err), 0);
	ck_assert_int_eq(store_open(path, STORE_WRITE, &store, &err), 0);
	struct responders *table = responders_new(store, false);
	struct responder *one = responders_get(table, url);
	responder_answered(one, CERTID_SHA256, true);
	for (int i = 0; i < RESPONDER_GIVE_UP; i++)
		responder_failed(one, FAULT_TLS, NOW, DAY);
	ck_assert_int_eq(store_write(store, save, table, &err), 0);
	responders_saved(table);
	ck_assert(!one->changed);
	responders_free(table);

	table = responders_new(store, false);
	one = responders_get(table, url);
	ck_assert_int_eq(one->hash, CERTID_SHA256);
	ck_assert_uint_eq(one->failures, RESPONDER_GIVE_UP);
	ck_assert_int_eq(one->retry_at, NOW + 60);
	ck_assert_int_eq(one->fault, FAULT_TLS);
	ck_assert(!one->answers);
	ck_assert_int_eq(responders_get(table, "http://another.example.test/")->hash, CERTID_SHA1);
	responders_free(table);

	table = responders_new(store, true); /* what happened before does not count */
	ck_assert(responder_may_be_asked(responders_get(table, url), NOW, DAY));
	responders_free(table);
	store_close(store);
	snprintf(path, sizeof path, "rm -r %s", directory);
	ck_assert_int_eq(system(path), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_responder", &tests);
	tcase_add_test(tests, pause_begins_after_some_failures_and_grows);
	tcase_add_test(tests, faults_of_a_certificate_are_none_of_the_server);
	tcase_add_test(tests, words_stand_in_the_manual);
	tcase_add_test(tests, what_was_learned_is_read_back);
	return fixture_run(suite);
}
