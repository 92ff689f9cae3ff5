#include <check.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/mail.h"

START_TEST(addresses)
{
	static const char *const good[] = { "a@b", "first.last+tag@mail.example.test", "o'neil@example.test" };
	static const char *const bad[] = { "", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\n", "<a@b>", "a@b,c@d", "a@b;c", "a:b@c",
	                                   "-X/tmp/log@b", "\"a\"@b", "(a)@b", "a\\@b", "a@[127.0.0.1]", "z\xc3\xbc@b" };
	char longest[300];
	memset(longest, 'a', sizeof longest);
	memcpy(longest + 100, "@", 1);
	longest[255] = '\0';
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(mail_address_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!mail_address_valid(bad[i]), "%s", bad[i]);
	ck_assert(!mail_address_valid(longest));
	longest[254] = '\0';
	ck_assert(mail_address_valid(longest));
}
END_TEST

START_TEST(lists_of_addresses)
{
	static const char *const good[] = { "a@b", "a@b, c@d", "a@b;c@d", " a@b ,", "a@b c@d" };
	static const char *const bad[] = { "", " ", ",", "a", "a@b, c", "a@b,-c@d", "Max <max@example.test>", "\"a\" a@b" };
	char longest[600];
	memset(longest, 'a', sizeof longest);
	longest[1] = '@';
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(mail_addresses_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!mail_addresses_valid(bad[i]), "%s", bad[i]);
	ck_assert(!mail_addresses_valid(longest));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("mail", &tests);
	tcase_add_test(tests, addresses);
	tcase_add_test(tests, lists_of_addresses);
	return fixture_run(suite);
}
