#define _GNU_SOURCE /* pipe2 */
#include "certmon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "truststore/base/clock.h"

extern char **environ;

enum { WORDS_MAX = 32, POLL_MS = 50 };

static size_t split(char *text, const char *last, char *words[WORDS_MAX + 2])
{
	size_t count = 0;
	char *rest = NULL;
	for (char *word = strtok_r(text, " \t", &rest); word && count < WORDS_MAX; word = strtok_r(NULL, " \t", &rest))
		words[count++] = word;
	if (count && last)
		words[count++] = (char *)last;
	words[count] = NULL;
	return count;
}

/* Writes what the pipe takes until all is written, the reader is gone or the time is over. */
static void feed(int fd, const char *input, size_t len, int64_t deadline_us)
{
	while (len && clock_monotonic_us() < deadline_us) {
		struct pollfd one = { .fd = fd, .events = POLLOUT };
		if (poll(&one, 1, POLL_MS) <= 0)
			continue;
		ssize_t n = write(fd, input, len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (n > 0) {
			input += n;
			len -= (size_t)n;
		}
	}
}

static int wait_for(pid_t pid, int64_t deadline_us, int *status)
{
	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return ERR_OK;
		if (clock_monotonic_us() >= deadline_us) {
			kill(-pid, SIGKILL); /* with its children, which might go on for ever */
			waitpid(pid, status, 0);
			return ERR_TIMEOUT;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

static int start(char *const words[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults, none;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, out);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	int code = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return code;
}

int spawn_feed(const char *command, const char *last, const char *input, size_t len, unsigned timeout_s, struct err *err)
{
	char *words[WORDS_MAX + 2], *copy = strdup(command);
	int ends[2], status = 0, code;
	int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_s * 1000000;
	pid_t pid;
	if (!copy)
		return err_set(err, ERR_MEMORY, "no memory");
	if (!split(copy, last, words) || pipe2(ends, O_CLOEXEC)) {
		free(copy);
		return err_set(err, ERR_CONFIG, "\"%s\" is no command", command);
	}
	code = start(words, ends[0], ends[1], &pid);
	close(ends[0]);
	free(copy);
	if (code) {
		close(ends[1]);
		return err_set(err, ERR_SYSTEM, "%s: %s", command, strerror(code));
	}
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	feed(ends[1], input, len, deadline_us);
	close(ends[1]);
	if (wait_for(pid, deadline_us, &status))
		return err_set(err, ERR_TIMEOUT, "%s: not done within %u second%s", command, timeout_s, timeout_s == 1 ? "" : "s");
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, "%s: ended by signal %d", command, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(err, ERR_SYSTEM, "%s: ended with status %d", command, WEXITSTATUS(status));
	return ERR_OK;
}
