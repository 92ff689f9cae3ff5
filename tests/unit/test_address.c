#include <arpa/inet.h>
#include <check.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tvs/address.h"

static void same(const char *text, const char *want)
{
	struct address address;
	struct err err = { 0 };
	char out[ADDRESS_TEXT_SIZE];
	ck_assert_msg(address_parse(text, 2445, &address, &err) == ERR_OK, "%s: %s", text, err.text);
	ck_assert_str_eq(address_format(&address, out), want);
}

START_TEST(addresses_are_read_and_written)
{
	same("192.0.2.1:1", "192.0.2.1:1");
	same("0.0.0.0:2445", "0.0.0.0:2445");
	same("127.0.0.1", "127.0.0.1:2445");
	same("[::]:2445", "[::]:2445");
	same("[2001:DB8:0::1]:65535", "[2001:db8::1]:65535");
	same("[::1]", "[::1]:2445");
	same("127.0.0.1:0", "127.0.0.1:0");
	same("[::ffff:192.0.2.1]:5", "192.0.2.1:5");
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = { "", ":2445", "localhost:2445", "192.0.2.1:", "192.0.2.1:65536",
		"192.0.2.1:-1", "192.0.2.1: 5", "192.0.2.1:5x", "192.0.2.300:5", "[::1", "[::1]5", "[::1]:",
		"[192.0.2.1]:5", "::1", "[]:5", "[gggg::]:5", "192.0.2.1:000005", "*:2445", NULL };
	for (size_t i = 0; bad[i]; i++) {
		struct address address;
		struct err err = { 0 };
		ck_assert_msg(address_parse(bad[i], 2445, &address, &err) == ERR_CONFIG, "\"%s\" was taken", bad[i]);
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

static bool equal(const char *a, const char *b)
{
	struct address one, two;
	ck_assert_int_eq(address_parse(a, 1, &one, NULL), ERR_OK);
	ck_assert_int_eq(address_parse(b, 1, &two, NULL), ERR_OK);
	return address_equal(&one, &two);
}

START_TEST(addresses_are_compared)
{
	ck_assert(equal("192.0.2.1:5", "192.0.2.1:5"));
	ck_assert(!equal("192.0.2.1:5", "192.0.2.1:6"));
	ck_assert(!equal("192.0.2.1:5", "192.0.2.2:5"));
	ck_assert(equal("[::1]:5", "[0:0::1]:5"));
	ck_assert(!equal("[::]:5", "0.0.0.0:5"));
}
END_TEST

static bool has(const char *network, const char *host)
{
	struct network read;
	struct address address;
	struct host key;
	struct err err = { 0 };
	ck_assert_msg(network_parse(network, &read, &err) == ERR_OK, "%s: %s", network, err.text);
	ck_assert_int_eq(address_parse(host, 1, &address, NULL), ERR_OK);
	host_of(&address, &key);
	return network_has(&read, &key);
}

START_TEST(networks_hold_their_hosts)
{
	ck_assert(has("10.0.0.0/8", "10.255.0.1"));
	ck_assert(!has("10.0.0.0/8", "11.0.0.1"));
	ck_assert(has("192.0.2.128/25", "192.0.2.200"));
	ck_assert(!has("192.0.2.128/25", "192.0.2.127"));
	ck_assert(has("192.0.2.1", "192.0.2.1"));
	ck_assert(!has("192.0.2.1", "192.0.2.2"));
	ck_assert(has("0.0.0.0/0", "203.0.113.9"));
	ck_assert(!has("0.0.0.0/0", "[2001:db8::1]"));
	ck_assert(has("2001:db8::/33", "[2001:db8:7fff::1]"));
	ck_assert(!has("2001:db8::/33", "[2001:db8:8000::1]"));
	ck_assert(has("::/0", "[2001:db8::1]"));
	ck_assert(has("::1", "[::1]"));
}
END_TEST

START_TEST(ipv4_in_ipv6_form_is_ipv4)
{
	ck_assert(has("10.0.0.0/8", "[::ffff:10.1.2.3]"));
	ck_assert(!has("10.0.0.0/8", "[::ffff:11.1.2.3]"));
	ck_assert(has("::ffff:10.0.0.0/104", "10.1.2.3"));
}
END_TEST

START_TEST(what_is_no_network_is_refused)
{
	static const char *const bad[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8",
		"2001:db8::/129", "2001:db8::1/32", "everywhere", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/ 8",
		NULL };
	for (size_t i = 0; bad[i]; i++) {
		struct network network;
		ck_assert_msg(network_parse(bad[i], &network, NULL) == ERR_CONFIG, "\"%s\" was taken", bad[i]);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("address", &tests);
	tcase_add_test(tests, addresses_are_read_and_written);
	tcase_add_test(tests, what_is_no_address_is_refused);
	tcase_add_test(tests, addresses_are_compared);
	tcase_add_test(tests, networks_hold_their_hosts);
	tcase_add_test(tests, ipv4_in_ipv6_form_is_ipv4);
	tcase_add_test(tests, what_is_no_network_is_refused);
	return fixture_run(suite);
}
