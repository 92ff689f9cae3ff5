/* The sockets that the daemon listens on: one for each address, bound by the supervisor, shared by all workers. */
#ifndef TVS_LISTENER_H
#define TVS_LISTENER_H

#include <stddef.h>

#include "tvs/address.h"
#include "tvs/settings.h"

struct listener {
	struct address wanted; /* as configured: port 0 takes any */
	struct address bound;
	int fd;
	size_t index;          /* of the settings' listener */
};

struct listeners {
	struct listener *one;
	size_t count;
};

/* Opens a socket for each address of the settings; what `old` (may be NULL) has open already is taken over: the
 * descriptor is shared then. On failure nothing is left open that was not before. ERR_NETWORK or ERR_SYSTEM,
 * naming the address. */
int listeners_open(const struct settings *settings, const struct listeners *old,
                   struct listeners *out, struct err *err);

/* Ends listening in every process that shares the sockets, also in one that hangs; what waits in the queues is refused. */
void listeners_shut(const struct listeners *listeners);

/* Closes those that `other` (may be NULL) does not share. */
void listeners_close(struct listeners *listeners, const struct listeners *other);

#endif
