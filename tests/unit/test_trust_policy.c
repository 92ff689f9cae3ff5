#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/conf.h"

static struct answer_policy policy_of(const char *text)
{
	char file[128];
	struct conf *conf;
	struct answer_policy policy;
	snprintf(file, sizeof file, "%s/tvs.conf", fixture_path);
	FILE *stream = fopen(file, "w");
	ck_assert_ptr_nonnull(stream);
	fputs(text, stream);
	fclose(stream);
	ck_assert_msg(!conf_load(file, &conf, &fixture_err), "%s", err_text(&fixture_err));
	trust_policy(conf, &policy);
	conf_free(conf);
	return policy;
}

START_TEST(the_default_allows_doubt_but_nothing_expired)
{
	struct answer_policy p = policy_of("[tvsd]\nmax-requests = 10\n");
	ck_assert(!p.allow_expired && !p.deny_unknown && !p.deny_unreachable && !p.deny_no_source && !p.checking);
}
END_TEST

START_TEST(each_key_counts)
{
	struct answer_policy p = policy_of("[security]\nexpired = allow\n[ocsp]\non-unknown = deny\n");
	ck_assert(p.allow_expired && p.deny_unknown && !p.deny_unreachable && !p.deny_no_source);
	p = policy_of("[ocsp]\non-unreachable = deny\n");
	ck_assert(!p.allow_expired && !p.deny_unknown && p.deny_unreachable && !p.deny_no_source);
	p = policy_of("[ocsp]\non-no-source = deny\n");
	ck_assert(!p.deny_unknown && !p.deny_unreachable && p.deny_no_source);
	p = policy_of("[ocsp]\nenable = yes\n");
	ck_assert(!p.deny_unknown && !p.deny_unreachable && !p.deny_no_source && p.checking);
}
END_TEST

START_TEST(common_criteria_denies_all)
{
	struct answer_policy p = policy_of("[security]\ncommon-criteria = yes\nexpired = allow\n[ocsp]\non-unknown = allow\n");
	ck_assert(!p.allow_expired && p.deny_unknown && p.deny_unreachable && p.deny_no_source);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_policy", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, the_default_allows_doubt_but_nothing_expired);
	tcase_add_test(tests, each_key_counts);
	tcase_add_test(tests, common_criteria_denies_all);
	return fixture_run(suite);
}
