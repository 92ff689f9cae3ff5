#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"
#include "truststore/base/log_priv.h"

static void set_clock(const char *text)
{
	setenv("TVS_CLOCK", text, 1);
	ck_assert_int_eq(clock_init(NULL), 0);
}

/* All that can be read now and, once the writers have closed, to the end. */
static char *drain(int fd)
{
	static char text[2000000];
	size_t n = 0;
	ssize_t got;
	while (n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return text;
}

static void make_pipe(int pipes[2])
{
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
}

START_TEST(journal_priorities)
{
	int pipes[2];
	make_pipe(pipes);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	log_line(log, LOG_LEVEL_INFO, "hello x=%d", 1);
	log_line(log, LOG_LEVEL_DEBUG, "not shown");
	log_line(log, LOG_LEVEL_ERROR, "a\nb\x1b[0m \xc3\xbc \xff");
	ck_assert_str_eq(drain(pipes[0]), "<6>hello x=1\n<3>a\\x0ab\\x1b[0m \xc3\xbc \\xff\n");
	ck_assert(log_shows(log, LOG_LEVEL_INFO));
	ck_assert(!log_shows(log, LOG_LEVEL_DEBUG));
	log_free(log);
}
END_TEST

START_TEST(a_person_reads_time_and_level)
{
	int pipes[2];
	make_pipe(pipes);
	set_clock("2026-11-20T19:23:31Z");
	struct log *log = log_new_fd("tvsd", pipes[1], false, LOG_LEVEL_DEBUG);
	log_line(log, LOG_LEVEL_WARNING, "one");
	set_clock("2026-11-20T19:23:32Z");
	log_line(log, LOG_LEVEL_DEBUG, "two");
	ck_assert_str_eq(drain(pipes[0]), "2026-11-20T19:23:31Z tvsd warning: one\n"
	                                  "2026-11-20T19:23:32Z tvsd debug: two\n");
	log_free(log);
}
END_TEST

START_TEST(no_log_drops_all)
{
	log_line(NULL, LOG_LEVEL_ERROR, "nobody");
	log_hold(NULL, true);
	log_flush(NULL);
	log_free(NULL);
	ck_assert(!log_shows(NULL, LOG_LEVEL_ERROR));
	ck_assert_uint_eq(log_lost(NULL), 0);
}
END_TEST

/* Standard error is the journal only if JOURNAL_STREAM names exactly it. */
START_TEST(journal_is_recognised)
{
	int pipes[2];
	struct stat st;
	char stream[64];
	make_pipe(pipes);
	int saved = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	set_clock("@0");
	for (int i = 0; i < 3; i++) {
		const char *const names[] = { stream, "1:2", "nonsense" };
		setenv("JOURNAL_STREAM", names[i], 1);
		struct log *log = log_new("t", LOG_TO_STDERR, LOG_LEVEL_INFO);
		log_line(log, LOG_LEVEL_NOTICE, "x");
		log_free(log);
	}
	dup2(saved, STDERR_FILENO);
	ck_assert_str_eq(drain(pipes[0]), "<5>x\n1970-01-01T00:00:00Z t notice: x\n"
	                                  "1970-01-01T00:00:00Z t notice: x\n");
}
END_TEST

/* Writes `count` numbered lines where nobody reads; it must come back. */
static void overfill(struct log *log, int count)
{
	alarm(10); /* a blocked write ends the test */
	for (int i = 0; i < count; i++)
		log_line(log, LOG_LEVEL_INFO, "n=%d %060d", i, 0);
	alarm(0);
}

/* Counts the lines "<6>n=I 000..." in their order, whole, and the losses told in between. */
static int count_lines(const char *text, unsigned long *told)
{
	int count = 0, last = -1, n, end;
	unsigned long lost;
	while (*text) {
		if (sscanf(text, "<6>n=%d %*60[0]%n", &n, &end) == 1 && text[end] == '\n') {
			ck_assert_int_gt(n, last);
			last = n;
			count++;
		} else if (sscanf(text, "<4>log lines lost because nobody took them lost=%lu%n", &lost,
		                  &end) == 1 && text[end] == '\n') {
			*told += lost;
		} else {
			ck_abort_msg("not a line: %.80s", text);
		}
		text += end + 1;
	}
	return count;
}

/* What was lost is counted exactly, and told when lines get through again. */
static void fill_and_drain(struct log *log, int reader)
{
	enum { COUNT = 20000 };
	unsigned long told = 0;
	overfill(log, COUNT);
	uint64_t lost = log_lost(log);
	ck_assert_uint_gt(lost, COUNT / 2);
	int got = count_lines(drain(reader), &told);
	ck_assert_uint_eq(told, 0);
	while (log_flush(log), *drain(reader))
		; /* the log's own buffer: counted below by what is missing */
	log_line(log, LOG_LEVEL_INFO, "n=%d %060d", COUNT, 0);
	ck_assert_int_eq(count_lines(drain(reader), &told), 1);
	ck_assert_uint_eq(told, lost);
	ck_assert_uint_eq(log_lost(log), lost);
	ck_assert_int_lt(got, COUNT);
}

START_TEST(full_pipe_never_blocks)
{
	int pipes[2];
	make_pipe(pipes);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	fill_and_drain(log, pipes[0]);
	ck_assert_int_eq(fcntl(pipes[1], F_GETFL) & O_NONBLOCK, 0); /* others' flags are theirs */
	log_free(log);
	ck_assert_int_eq(fcntl(pipes[1], F_GETFD) & ~FD_CLOEXEC, 0); /* not closed */
}
END_TEST

START_TEST(every_line_arrives_or_is_counted)
{
	int pipes[2], got = 0;
	unsigned long told = 0;
	make_pipe(pipes);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	for (int i = 0; i < 10000; i++) {
		log_line(log, LOG_LEVEL_INFO, "n=%d %060d", i, 0);
		if (i == 5000)
			got += count_lines(drain(pipes[0]), &told);
	}
	uint64_t lost = log_lost(log);
	int last;
	do {
		last = count_lines(drain(pipes[0]), &told);
		got += last;
		log_flush(log);
	} while (last);
	ck_assert_uint_eq((uint64_t)got + lost, 10000);
	log_free(log);
}
END_TEST

/* Without /proc, or without the right to open it anew: written only while it polls writable. */
START_TEST(full_pipe_that_cannot_be_opened_anew)
{
	int pipes[2];
	struct rlimit before, limit;
	make_pipe(pipes);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit){ (rlim_t)pipes[1] + 1, before.rlim_max };
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return; /* valgrind does not let us */
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	fill_and_drain(log, pipes[0]);
	log_free(log);
}
END_TEST

START_TEST(full_socket_never_blocks)
{
	int pair[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	struct log *log = log_new_fd("t", pair[1], true, LOG_LEVEL_INFO);
	fill_and_drain(log, pair[0]);
	log_free(log);
}
END_TEST

START_TEST(full_terminal_never_blocks)
{
	int master, slave;
	if (openpty(&master, &slave, NULL, NULL, NULL) < 0)
		return; /* no pseudo-terminals here */
	struct log *log = log_new_fd("t", slave, true, LOG_LEVEL_INFO);
	overfill(log, 20000);
	ck_assert_uint_gt(log_lost(log), 0);
	alarm(10);
	log_free(log);
	alarm(0);
}
END_TEST

START_TEST(gone_reader_is_survived)
{
	int pipes[2], pair[2];
	signal(SIGPIPE, SIG_IGN);
	make_pipe(pipes);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	struct log *other = log_new_fd("t", pair[1], true, LOG_LEVEL_INFO);
	close(pipes[0]);
	close(pair[0]);
	for (int i = 0; i < 3; i++) {
		log_line(log, LOG_LEVEL_INFO, "x");
		log_line(other, LOG_LEVEL_INFO, "x");
	}
	ck_assert_uint_ge(log_lost(log), 3);
	ck_assert_uint_ge(log_lost(other), 3);
	log_free(log);
	log_free(other);
}
END_TEST

START_TEST(held_lines_come_together)
{
	int pipes[2];
	make_pipe(pipes);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	log_hold(log, true);
	log_line(log, LOG_LEVEL_INFO, "one");
	log_line(log, LOG_LEVEL_INFO, "two");
	ck_assert_str_eq(drain(pipes[0]), "");
	log_flush(log);
	ck_assert_str_eq(drain(pipes[0]), "<6>one\n<6>two\n");
	log_line(log, LOG_LEVEL_INFO, "three");
	log_hold(log, false);
	ck_assert_str_eq(drain(pipes[0]), "<6>three\n");
	log_hold(log, true);
	overfill(log, 1000); /* more than the buffer holds: flushed by itself */
	ck_assert_uint_gt(strlen(drain(pipes[0])), 30000);
	log_free(log);
}
END_TEST

START_TEST(long_line_is_cut)
{
	int pipes[2];
	char big[10000];
	make_pipe(pipes);
	struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
	memset(big, 'a', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	log_line(log, LOG_LEVEL_INFO, "%s", big);
	char *text = drain(pipes[0]);
	ck_assert_uint_lt(strlen(text), 2100);
	ck_assert_str_eq(text + strlen(text) - 5, "a...\n");
	memset(big, '\n', sizeof big - 1);
	log_line(log, LOG_LEVEL_INFO, "%s", big);
	text = drain(pipes[0]);
	ck_assert_uint_lt(strlen(text), 2100);
	ck_assert_str_eq(text + strlen(text) - 8, "\\x0a...\n");
	log_free(log);
}
END_TEST

/* Three processes on one pipe, one slow reader: no line is torn by another. */
START_TEST(lines_of_several_processes_never_mix)
{
	int pipes[2];
	make_pipe(pipes);
	fcntl(pipes[0], F_SETFL, 0);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			struct log *log = log_new_fd("t", pipes[1], true, LOG_LEVEL_INFO);
			char filler[300];
			memset(filler, 'a' + i, sizeof filler);
			for (int n = 0; n < 3000; n++)
				log_line(log, LOG_LEVEL_INFO, "%.*s", 100 + n % 200, filler);
			log_free(log);
			_exit(0);
		}
	close(pipes[1]);
	FILE *reader = fdopen(pipes[0], "r");
	char line[4096];
	size_t count = 0;
	while (fgets(line, sizeof line, reader)) {
		size_t len = strlen(line);
		ck_assert_int_eq(line[len - 1], '\n');
		if (!strncmp(line, "<4>log lines lost", 17))
			continue;
		ck_assert_uint_ge(len, 104);
		ck_assert_uint_eq(strspn(line + 3, (char[]){ line[3], '\0' }), len - 4);
		count++;
	}
	fclose(reader);
	ck_assert_uint_gt(count, 300);
	while (wait(NULL) > 0)
		;
}
END_TEST

START_TEST(regular_file_gets_all)
{
	char path[] = "/tmp/test_log-XXXXXX";
	int fd = mkstemp(path);
	unlink(path);
	ck_assert_int_eq(write(fd, "before\n", 7), 7);
	struct log *log = log_new_fd("t", fd, true, LOG_LEVEL_INFO);
	overfill(log, 5000);
	log_free(log);
	ck_assert_int_eq(lseek(fd, 7, SEEK_SET), 7);
	unsigned long told = 0;
	ck_assert_int_eq(count_lines(drain(fd), &told), 5000);
}
END_TEST

static int listen_syslog(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

START_TEST(syslog_gets_datagrams)
{
	char folder[] = "/tmp/test_log-XXXXXX", path[64], text[256], expected[256];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/log", folder);
	setenv("TZ", "UTC-2", 1); /* two hours ahead: the stamp is local time */
	set_clock("2026-11-09T19:23:31Z");
	int server = listen_syslog(path);
	struct log *log = log_new_syslog("certmon", path, LOG_LEVEL_INFO);
	log_hold(log, true);
	log_line(log, LOG_LEVEL_ERROR, "one");
	log_line(log, LOG_LEVEL_INFO, "two");
	log_hold(log, false);
	ssize_t n = recv(server, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	snprintf(expected, sizeof expected, "<27>Nov  9 21:23:31 certmon[%d]: one", (int)getpid());
	ck_assert_str_eq(text, expected);
	n = recv(server, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	ck_assert(!strncmp(text, "<30>", 4) && !strcmp(text + n - 3, "two"));

	close(server); /* syslogd goes, and comes back */
	unlink(path);
	log_line(log, LOG_LEVEL_INFO, "three");
	ck_assert_uint_eq(log_lost(log), 1);
	server = listen_syslog(path);
	log_line(log, LOG_LEVEL_INFO, "four");
	n = recv(server, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "lost=1"));
	n = recv(server, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(text + n - 4, "four");
	overfill(log, 3000);
	ck_assert_uint_gt(log_lost(log), 100);
	close(server);
	log_free(log);
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(syslog_that_is_not_there)
{
	struct log *log = log_new_syslog("t", "/nonexistent/log", LOG_LEVEL_INFO);
	log_line(log, LOG_LEVEL_INFO, "x");
	ck_assert_uint_eq(log_lost(log), 1);
	log_free(log);
}
END_TEST

START_TEST(escape_keeps_pairs_whole)
{
	char out[32];
	ck_assert_str_eq(log_escape(out, sizeof out, "CP-1 \"x=y\\\n", 11), "CP-1\\x20\\x22x\\x3dy\\x5c\\x0a");
	ck_assert_str_eq(log_escape(out, sizeof out, "", 0), "");
	ck_assert_str_eq(log_escape(out, 8, "abcdefghij", 10), "abcd...");
	ck_assert_str_eq(log_escape(out, sizeof out, "Z\xc3\xbcrich\0", 8), "Z\xc3\xbcrich\\x00");
}
END_TEST

static const TTest *const *const all[] = { &journal_priorities, &a_person_reads_time_and_level,
	&no_log_drops_all, &journal_is_recognised, &full_pipe_never_blocks, &every_line_arrives_or_is_counted,
	&full_pipe_that_cannot_be_opened_anew, &full_socket_never_blocks, &full_terminal_never_blocks,
	&gone_reader_is_survived, &held_lines_come_together, &long_line_is_cut,
	&lines_of_several_processes_never_mix, &regular_file_gets_all, &syslog_gets_datagrams,
	&syslog_that_is_not_there, &escape_keeps_pairs_whole };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("log", &tests);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	return fixture_run(suite);
}
