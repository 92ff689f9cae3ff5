#include "config.h"

#include "tvs/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static int set(int fd, int level, int option, int on)
{
	return setsockopt(fd, level, option, &on, sizeof on);
}

static void let_share(const struct listeners *listeners, int on)
{
	for (size_t i = 0; listeners && i < listeners->count; i++)
		set(listeners->one[i].fd, SOL_SOCKET, SO_REUSEPORT, on);
}

static int bind_alone(int fd, const struct address *address)
{
	return bind(fd, &address->socket.any, address->len) < 0 ? -1 : listen(fd, BACKLOG);
}

/* Listens beside our own old sockets, too, where one address holds the other (0.0.0.0 and 192.0.2.1). Other
 * programs are kept out all the time. */
static int bind_beside(int fd, const struct address *address, const struct listeners *old)
{
	if (bind_alone(fd, address) == 0)
		return 0;
	if (errno != EADDRINUSE || !old)
		return -1;
	let_share(old, 1);
	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	int result = bind_alone(fd, address), number = errno;
	set(fd, SOL_SOCKET, SO_REUSEPORT, 0);
	let_share(old, 0);
	errno = number;
	return result;
}

static int open_one(struct listener *listener, const struct listeners *old, struct err *err)
{
	char text[ADDRESS_TEXT_SIZE];
	address_format(&listener->wanted, text);
	int family = listener->wanted.socket.any.sa_family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "cannot make a socket for %s", text);
	listener->bound.len = sizeof listener->bound.socket;
	/* Accepted sockets inherit TCP_NODELAY. */
	if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 || set(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
	    (family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) ||
	    bind_beside(fd, &listener->wanted, old) < 0 ||
	    getsockname(fd, &listener->bound.socket.any, &listener->bound.len) < 0) {
		int code = err_errno(err, "cannot listen on %s", text), number = errno;
		close(fd);
		errno = number;
		return code;
	}
	listener->fd = fd;
	return ERR_OK;
}

/* The open socket for the next listener of `out`: of the same configured address, as many in as there are
 * the like in `out` (port 0 may stand there twice). NULL if there is none. */
static const struct listener *find(const struct listeners *old, const struct listeners *out,
                                   const struct address *wanted)
{
	size_t skip = 0;
	for (size_t i = 0; i < out->count; i++)
		skip += address_equal(&out->one[i].wanted, wanted);
	for (size_t i = 0; old && i < old->count; i++)
		if (address_equal(&old->one[i].wanted, wanted) && skip-- == 0)
			return &old->one[i];
	return NULL;
}

/* Adds one socket to `out`. A system without IPv6 can do without the default's IPv6 address. */
static int add(struct listeners *out, const struct listeners *old, size_t index,
               const struct address *wanted, bool by_default, struct err *err)
{
	struct listener *listener = &out->one[out->count];
	const struct listener *open = find(old, out, wanted);
	*listener = (struct listener){ .wanted = *wanted, .index = index };
	if (open) {
		listener->bound = open->bound;
		listener->fd = open->fd;
	} else {
		int code = open_one(listener, old, err);
		if (code != ERR_OK && by_default && errno == EAFNOSUPPORT && out->count > 0)
			return ERR_OK;
		if (code != ERR_OK)
			return code;
	}
	out->count++;
	return ERR_OK;
}

int listeners_open(const struct settings *settings, const struct listeners *old,
                   struct listeners *out, struct err *err)
{
	size_t total = 0;
	for (size_t i = 0; i < settings->listeners; i++)
		total += settings->listener[i].addresses;
	*out = (struct listeners){ .one = calloc(total + 1, sizeof *out->one) };
	if (!out->one)
		return err_set(err, ERR_MEMORY, "out of memory");
	int code = ERR_OK;
	for (size_t i = 0; i < settings->listeners; i++) {
		const struct settings_listener *listener = &settings->listener[i];
		for (size_t j = 0; code == ERR_OK && j < listener->addresses; j++)
			code = add(out, old, i, &listener->address[j], listener->by_default, err);
	}
	if (code != ERR_OK)
		listeners_close(out, old);
	return code;
}

static bool has_fd(const struct listeners *listeners, int fd)
{
	for (size_t i = 0; listeners && i < listeners->count; i++)
		if (listeners->one[i].fd == fd)
			return true;
	return false;
}

void listeners_shut(const struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		shutdown(listeners->one[i].fd, SHUT_RD);
}

void listeners_close(struct listeners *listeners, const struct listeners *other)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (!has_fd(other, listeners->one[i].fd))
			close(listeners->one[i].fd);
	free(listeners->one);
	*listeners = (struct listeners){ 0 };
}
