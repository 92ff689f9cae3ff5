#include "config.h"

#include "truststore/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truststore/base/clock.h"

enum { MAX_ADDRESSES = 16 };

/* What the resolving child writes: one of these for each address, or one with an error. */
struct resolved {
	int error; /* of getaddrinfo; 0: there is an address */
	socklen_t len;
	struct sockaddr_storage address;
};

static int parse_port(const char *text, char out[6], struct err *err)
{
	size_t len = strspn(text, "0123456789");
	long port = len >= 1 && len <= 5 && text[len] == '\0' ? strtol(text, NULL, 10) : 0;
	if (port < 1 || port > 65535)
		return err_set(err, ERR_USAGE, "'%s' is not a port (1 to 65535)", text);
	snprintf(out, 6, "%ld", port);
	return 0;
}

static bool is_address(const char *host)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *found;
	if (getaddrinfo(host, NULL, &hints, &found))
		return false;
	freeaddrinfo(found);
	return true;
}

int target_parse(const char *text, uint16_t default_port, struct target *out, struct err *err)
{
	bool bracket = text[0] == '[';
	const char *host = text + bracket, *end = strchr(host, bracket ? ']' : ':');
	size_t len = end ? (size_t)(end - host) : strlen(host);
	const char *rest = host + len + (bracket && end);
	*out = (struct target){ 0 };
	if (bracket && !end)
		return err_set(err, ERR_USAGE, "'%s' has no closing bracket", text);
	if (!bracket && end && strchr(end + 1, ':'))
		return err_set(err, ERR_USAGE, "an IPv6 address stands in brackets: [%s]", text);
	if (len == 0 || len > TARGET_HOST_MAX)
		return err_set(err, ERR_USAGE, "'%s' does not name a host", text);
	if (*rest && *rest != ':')
		return err_set(err, ERR_USAGE, "'%s' is not HOST[:PORT]", text);
	memcpy(out->host, host, len);
	out->numeric = is_address(out->host);
	if (bracket && !(out->numeric && strchr(out->host, ':')))
		return err_set(err, ERR_USAGE, "'%s' is not an IPv6 address", out->host);
	snprintf(out->port, sizeof out->port, "%u", default_port);
	int rc = *rest ? parse_port(rest + 1, out->port, err) : 0;
	if (rc)
		return rc;
	snprintf(out->text, sizeof out->text, bracket ? "[%s]:%s" : "%s:%s", out->host, out->port);
	return 0;
}

int target_wait(int fd, short events, int64_t deadline_us)
{
	for (;;) {
		int64_t left = deadline_us - clock_monotonic_us();
		if (left <= 0)
			return ERR_TIMEOUT;
		struct pollfd poller = { .fd = fd, .events = events };
		int rc = poll(&poller, 1, (int)(left / 1000 < 60000 ? left / 1000 + 1 : 60000));
		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return ERR_SYSTEM;
	}
}

/* The child: asks the resolver, which cannot be told how long it may take. */
static void resolve_and_exit(const struct target *target, int out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list = NULL;
	struct resolved one;
	memset(&one, 0, sizeof one); /* padding too: all of it is written */
	one.error = getaddrinfo(target->host, target->port, &hints, &list);
	ssize_t written = 0;
	if (one.error)
		written = write(out, &one, sizeof one);
	for (struct addrinfo *at = list; at && written >= 0; at = at->ai_next) {
		if (at->ai_addrlen > sizeof one.address)
			continue;
		one.len = at->ai_addrlen;
		memcpy(&one.address, at->ai_addr, at->ai_addrlen);
		written = write(out, &one, sizeof one);
	}
	_exit(0);
}

/* Reads what the child has to say, whole records only, until it ends or the time is up. */
static int read_addresses(int fd, int64_t deadline_us, struct resolved *list, size_t *count,
                          struct err *err)
{
	size_t got = 0;
	for (;;) {
		if (got == MAX_ADDRESSES * sizeof *list)
			break;
		if (target_wait(fd, POLLIN, deadline_us))
			return err_set(err, ERR_TIMEOUT, "the name was not resolved in time");
		ssize_t n = read(fd, (char *)list + got, MAX_ADDRESSES * sizeof *list - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "cannot resolve the name");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*count = got / sizeof *list;
	if (*count == 0)
		return err_set(err, ERR_NETWORK, "the name was not resolved");
	if (list[0].error)
		return err_set(err, ERR_NETWORK, "%s", gai_strerror(list[0].error));
	return 0;
}

static int resolve(const struct target *target, int64_t deadline_us, struct resolved *list,
                   size_t *count, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return err_errno(err, "cannot resolve the name");
	pid_t child = fork();
	if (child == 0)
		resolve_and_exit(target, ends[1]);
	close(ends[1]);
	int rc = child < 0 ? err_errno(err, "cannot resolve the name")
	                   : read_addresses(ends[0], deadline_us, list, count, err);
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return rc;
}

static int connect_one(const struct resolved *to, int64_t deadline_us, int *fd, struct err *err)
{
	int one = 1, failure = 0;
	socklen_t len = sizeof failure;
	*fd = socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_errno(err, "no socket");
	(void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	int rc = 0;
	if (connect(*fd, (const struct sockaddr *)&to->address, to->len) == 0)
		return 0;
	if (errno != EINPROGRESS) {
		failure = errno;
	} else if (target_wait(*fd, POLLOUT, deadline_us)) {
		rc = err_set(err, ERR_TIMEOUT, "no connection in time");
	} else if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &failure, &len)) {
		failure = errno;
	}
	if (!rc && failure)
		rc = err_set(err, ERR_NETWORK, "%s", strerror(failure));
	if (rc) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}

int target_connect(const struct target *target, int64_t deadline_us, int *fd, struct err *err)
{
	struct resolved list[MAX_ADDRESSES];
	size_t count = 0;
	*fd = -1;
	int rc = resolve(target, deadline_us, list, &count, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		int64_t now = clock_monotonic_us();
		int64_t share = (deadline_us - now) / (int64_t)(count - i);
		rc = connect_one(&list[i], now + share, fd, err);
		if (!rc)
			return 0;
	}
	return rc;
}
