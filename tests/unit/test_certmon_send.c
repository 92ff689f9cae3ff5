/* Deliveries to a mail server and a command that take a message and never answer. The others meet real servers in certmon_mail.sh. */
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certmon/send.h"
#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"

static struct conf *conf;
static struct sender *sender;
static pid_t server;

static void setup(void)
{
	fixture_setup();
	signal(SIGPIPE, SIG_IGN);
}

static void teardown(void)
{
	sender_free(sender);
	conf_free(conf);
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	fixture_teardown();
}

static void configure(const char *way)
{
	char path[128];
	snprintf(path, sizeof path, "%s/send.conf", fixture_path);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "[certmon]\nemail = yes\nto = a@example.test\nfrom = b@example.test\nstarttls = off\n%s\n", way);
	fclose(file);
	ck_assert_msg(!conf_load(path, &conf, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_int_eq(sender_new(conf, 1, &sender, &fixture_err), 0);
}

/* Says yes to each command and nothing once the message has come. */
static void converse(int fd)
{
	FILE *in = fdopen(fd, "r");
	char line[1024];
	bool data = false;
	dprintf(fd, "220 mail.example.test\r\n");
	while (in && fgets(line, sizeof line, in)) {
		bool begins = !data && !strncmp(line, "DATA", 4);
		if (!data)
			dprintf(fd, begins ? "354 go on\r\n" : "250 OK\r\n");
		data |= begins;
	}
}

static in_port_t start_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server)
		close(fd);
	for (int one; !server && (one = accept(fd, NULL, NULL)) >= 0;)
		converse(one);
	if (!server)
		_exit(0);
	return ntohs(at.sin_port);
}

/* The first delivery takes its time, the second none, and both say why. */
static void times_out_once(const char *words)
{
	static const char message[] = "Subject: x\r\n\r\nwords\r\n";
	char reply[SEND_REPLY_SIZE];
	int64_t begin = clock_monotonic_us();
	ck_assert_int_eq(sender_mail(sender, "a@example.test", message, sizeof message - 1, reply, &fixture_err), ERR_TIMEOUT);
	int64_t middle = clock_monotonic_us();
	ck_assert_int_ge(middle - begin, 900000);
	ck_assert_int_lt(middle - begin, 30000000);
	ck_assert_msg(strstr(err_text(&fixture_err), words) != NULL, "%s", err_text(&fixture_err));
	ck_assert_int_eq(sender_mail(sender, "c@example.test", message, sizeof message - 1, reply, &fixture_err), ERR_NETWORK);
	ck_assert_int_lt(clock_monotonic_us() - middle, 900000);
	ck_assert_ptr_nonnull(strstr(err_text(&fixture_err), "c@example.test: not tried any more: "));
	ck_assert_ptr_nonnull(strstr(err_text(&fixture_err), words));
}

START_TEST(a_server_that_hangs_after_the_message)
{
	char way[64];
	snprintf(way, sizeof way, "smtp = smtp://127.0.0.1:%u", (unsigned)start_server());
	configure(way);
	times_out_once("server response timeout");
}
END_TEST

START_TEST(a_command_that_never_ends)
{
	char path[128], way[160];
	snprintf(path, sizeof path, "%s/sendmail", fixture_path);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("#!/bin/sh\ntrap '' TERM\ncat >/dev/null\nwhile :; do sleep 1; done\n", file);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0700), 0);
	snprintf(way, sizeof way, "sendmail = %s", path);
	configure(way);
	times_out_once("not done within 1 second");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("certmon deliveries", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_server_that_hangs_after_the_message);
	tcase_add_test(tests, a_command_that_never_ends);
	return fixture_run(suite);
}
