#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/advice.h"

enum { STEPS_MAX = 8 };

struct steps {
	const char *text[STEPS_MAX];
	size_t count;
};

static void keep(const char *step, void *arg)
{
	struct steps *steps = arg;
	ck_assert_uint_lt(steps->count, STEPS_MAX);
	steps->text[steps->count++] = step;
}

static void must_be(enum purpose purpose, enum advice_when when, const char *const *words)
{
	struct steps steps = { .count = 0 };
	size_t i = 0;
	advice_each(purpose, when, keep, &steps);
	for (; words[i]; i++) {
		ck_assert_uint_lt(i, steps.count);
		ck_assert_msg(strstr(steps.text[i], words[i]), "%s: step %zu lacks \"%s\": %s", purpose_rule(purpose)->name, i + 1, words[i],
		              steps.text[i]);
	}
	ck_assert_uint_eq(i, steps.count);
}
#define MUST_BE(purpose, when, ...) must_be(purpose, when, (const char *const[]){ __VA_ARGS__, NULL })

/* Requirements K19, K20 and P6, and in the order in which it is to be done. */
START_TEST(what_a_renewal_calls_for)
{
	MUST_BE(PURPOSE_TVS, ADVICE_RENEWED, "nothing to restart", "trust list (ITL) rebuilt", "reset the phones", "TVS first", "backup");
	MUST_BE(PURPOSE_CALLMANAGER, ADVICE_RENEWED, "update the CTL file", "restart CallManager, CTIManager and TFTP", "reset the phones",
	        "bulk export", "CallManager (TFTP) last", "backup");
	MUST_BE(PURPOSE_CALLMANAGER_ECDSA, ADVICE_RENEWED, "restart CallManager", "reset the phones", "bulk export", "backup");
	MUST_BE(PURPOSE_TOMCAT, ADVICE_RENEWED, "identity export tomcat --with-key", "restart Tomcat", "restart TFTP", "bulk export", "backup");
	MUST_BE(PURPOSE_TOMCAT_ECDSA, ADVICE_RENEWED, "identity export tomcat-ECDSA --with-key", "restart Tomcat",
	        "restart TFTP", "bulk export", "backup");
	MUST_BE(PURPOSE_CAPF, ADVICE_RENEWED, "CAPF restarts by itself", "update the CTL file", "LSC", "backup");
	MUST_BE(PURPOSE_ITLRECOVERY, ADVICE_RENEWED, "update the CTL file", "restart TFTP", "reset the phones", "itlrecovery", "backup");
	MUST_BE(PURPOSE_IPSEC, ADVICE_RENEWED, "IPsec", "backup");
}
END_TEST

/* Rule 11: the CTL file is updated after CA-signed uploads, of whatever purpose; once. */
START_TEST(what_an_installation_calls_for)
{
	MUST_BE(PURPOSE_TOMCAT, ADVICE_INSTALLED, "update the CTL file", "identity export tomcat --with-key", "restart Tomcat",
	        "restart TFTP", "bulk export", "backup");
	MUST_BE(PURPOSE_IPSEC, ADVICE_INSTALLED, "update the CTL file", "IPsec", "backup");
	MUST_BE(PURPOSE_CAPF, ADVICE_INSTALLED, "CAPF restarts by itself", "update the CTL file", "LSC", "backup");
	MUST_BE(PURPOSE_CALLMANAGER, ADVICE_INSTALLED, "update the CTL file", "restart CallManager, CTIManager and TFTP", "reset the phones",
	        "bulk export", "CallManager (TFTP) last", "backup");
}
END_TEST

START_TEST(what_else_there_is_to_say)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		if (i == PURPOSE_TOMCAT || i == PURPOSE_TOMCAT_ECDSA)
			MUST_BE((enum purpose)i, ADVICE_FIRST, "identity export", "backup");
		else
			MUST_BE((enum purpose)i, ADVICE_FIRST, "backup");
		MUST_BE((enum purpose)i, ADVICE_REQUESTED, "dataEncipherment", "root certificate", "identity install");
		ck_assert(!advice_before((enum purpose)i) == (i != PURPOSE_ITLRECOVERY)); /* requirement K24 */
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("advice", &tests);
	tcase_add_test(tests, what_a_renewal_calls_for);
	tcase_add_test(tests, what_an_installation_calls_for);
	tcase_add_test(tests, what_else_there_is_to_say);
	return fixture_run(suite);
}
