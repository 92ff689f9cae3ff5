#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"
#include "truststore/target.h"

static void parses(const char *text, const char *host, const char *port, const char *shown, bool numeric)
{
	struct target target;
	struct err err;
	ck_assert_msg(target_parse(text, 2445, &target, &err) == 0, "%s: %s", text, err.text);
	ck_assert_str_eq(target.host, host);
	ck_assert_str_eq(target.port, port);
	ck_assert_str_eq(target.text, shown);
	ck_assert_int_eq(target.numeric, numeric);
}

START_TEST(hosts_and_ports)
{
	parses("tvs.example.test", "tvs.example.test", "2445", "tvs.example.test:2445", false);
	parses("tvs.example.test:1", "tvs.example.test", "1", "tvs.example.test:1", false);
	parses("192.0.2.1:65535", "192.0.2.1", "65535", "192.0.2.1:65535", true);
	parses("192.0.2.1:00443", "192.0.2.1", "443", "192.0.2.1:443", true);
	parses("[2001:db8::1]", "2001:db8::1", "2445", "[2001:db8::1]:2445", true);
	parses("[::1]:443", "::1", "443", "[::1]:443", true);
}
END_TEST

START_TEST(what_is_none)
{
	static const char *const wrong[] = { "", ":", ":1", "host:", "host:0", "host:65536", "host:-1", "host:1x",
		"host:123456", "::1", "2001:db8::1:443", "[::1", "[::1]443", "[::1]:", "[]", "[]:1", "[host]:1",
		"[192.0.2.1]:1", "[::1]:1:2", "a:b:c" };
	char host[300];
	struct target target;
	struct err err;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(target_parse(wrong[i], 2445, &target, &err) == ERR_USAGE, "%s", wrong[i]);
	memset(host, 'a', sizeof host);
	host[TARGET_HOST_MAX + 1] = '\0';
	ck_assert_int_eq(target_parse(host, 2445, &target, &err), ERR_USAGE);
	host[TARGET_HOST_MAX] = '\0';
	ck_assert_int_eq(target_parse(host, 2445, &target, &err), 0);
}
END_TEST

/* A listening socket of 127.0.0.1 on a free port. */
static int listener(int backlog, struct target *target)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	struct err err;
	char text[32];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	if (backlog >= 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
	ck_assert_int_eq(target_parse(text, 1, target, &err), 0);
	return fd;
}

START_TEST(connects)
{
	struct target target;
	struct err err;
	int fd, server = listener(5, &target);
	int64_t deadline = clock_monotonic_us() + 5000000;
	ck_assert_msg(target_connect(&target, deadline, &fd, &err) == 0, "%s", err.text);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(target_wait(fd, POLLOUT, deadline), 0);
	ck_assert_int_eq(target_wait(fd, POLLIN, clock_monotonic_us() + 1000), ERR_TIMEOUT);
	close(fd);
	close(server);
	ck_assert_int_eq(target_connect(&target, deadline, &fd, &err), ERR_NETWORK);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(names_are_resolved)
{
	struct target target, named;
	struct err err;
	char text[32];
	int fd, server = listener(5, &target);
	int64_t deadline = clock_monotonic_us() + 5000000;
	snprintf(text, sizeof text, "localhost:%s", target.port); /* ::1 may come first, and refuses */
	ck_assert_int_eq(target_parse(text, 1, &named, &err), 0);
	ck_assert_msg(target_connect(&named, deadline, &fd, &err) == 0, "%s", err.text);
	close(fd);
	close(server);
	ck_assert_int_eq(target_parse("no such host", 1, &named, &err), 0);
	ck_assert_int_eq(target_connect(&named, deadline, &fd, &err), ERR_NETWORK);
	ck_assert_int_eq(target_connect(&named, clock_monotonic_us() - 1, &fd, &err), ERR_TIMEOUT);
}
END_TEST

/* A queue that is full lets the next connection wait in the kernel. */
START_TEST(a_connection_is_not_waited_for_longer)
{
	struct target target;
	struct err err;
	int fd[8], server = listener(0, &target), rc = 0, count = 0;
	int64_t start = clock_monotonic_us();
	while (rc == 0 && count < 8)
		rc = target_connect(&target, clock_monotonic_us() + 200000, &fd[count++], &err);
	ck_assert_int_eq(rc, ERR_TIMEOUT);
	ck_assert_int_lt(clock_monotonic_us() - start, 2000000);
	while (--count > 0)
		close(fd[count - 1]);
	close(server);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("target", &tests);
	tcase_add_test(tests, hosts_and_ports);
	tcase_add_test(tests, what_is_none);
	tcase_add_test(tests, connects);
	tcase_add_test(tests, names_are_resolved);
	tcase_add_test(tests, a_connection_is_not_waited_for_longer);
	return fixture_run(suite);
}
