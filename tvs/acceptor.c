#include "config.h"

#include "tvs/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 8 }; /* connections taken at a wake-up: what is left goes to the other workers, too */

struct door { /* one listening socket */
	ev_io io;
	struct acceptor *acceptor;
	const struct settings_listener *listener;
	const struct tls_setup *setup;
};

struct acceptor {
	struct acceptor_config config;
	struct door *door;
	size_t doors;
	uint32_t share; /* of max-connections, for this worker */
	unsigned extra; /* how many it may take beyond its share, before the next tick */
	bool paused;
	int reserve;    /* given up for a moment to refuse a connection when descriptors have run out */
	struct ration refused[METRICS_LIMIT_COUNT];
};

static void pause_all(struct acceptor *self)
{
	for (size_t i = 0; i < self->doors; i++)
		ev_io_stop(self->config.env->loop, &self->door[i].io);
	self->paused = true;
}

static void resume_all(struct acceptor *self)
{
	for (size_t i = 0; i < self->doors; i++)
		ev_io_start(self->config.env->loop, &self->door[i].io);
	self->paused = false;
}

/* True while this worker's share is used up, the daemon's sum is not. At the daemon's limit
 * somebody must take them, in order to close them. */
static bool leaves_to_others(const struct acceptor *self)
{
	const struct acceptor_config *config = &self->config;
	return limits_slot(config->limits, config->slot)->connections >= self->share &&
		limits_connections(config->limits) < config->settings->max_connections;
}

void acceptor_resume(struct acceptor *self)
{
	if (self->paused && !leaves_to_others(self))
		resume_all(self);
}

void acceptor_tick(struct acceptor *self)
{
	for (int i = 0; i < METRICS_LIMIT_COUNT; i++)
		ration_report(&self->refused[i], self->config.env->log);
	/* If the others are stuck, their share must not be lost: a few are taken nevertheless. */
	self->extra = BATCH;
	if (self->paused)
		resume_all(self);
}

static void refuse(struct acceptor *self, int fd, const struct address *peer, enum metrics_limit limit)
{
	struct conn_env *env = self->config.env;
	char text[ADDRESS_TEXT_SIZE];
	if (fd >= 0)
		close(fd);
	metrics_add(&env->metrics->refusals[limit], 1);
	if (ration_take(&self->refused[limit]))
		log_line(env->log, LOG_LEVEL_NOTICE, "connection refused address=%s reason=%s",
		         peer ? address_format(peer, text) : "-", metrics_limit_name(limit));
}

static bool allowed(const struct settings_listener *listener, const struct host *host)
{
	for (size_t i = 0; i < listener->networks; i++)
		if (network_has(&listener->network[i], host))
			return true;
	return listener->networks == 0;
}

static void take(struct door *door, int fd, const struct address *peer)
{
	struct acceptor *self = door->acceptor;
	const struct acceptor_config *config = &self->config;
	struct limits_ticket ticket;
	struct host host;
	host_of(peer, &host);
	if (!allowed(door->listener, &host)) {
		refuse(self, fd, peer, METRICS_LIMIT_NETWORK);
		return;
	}
	switch (limits_enter(config->limits, config->slot, &host, config->settings->max_connections,
	                     config->settings->max_per_address, &ticket)) {
	case LIMITS_CONNECTIONS:
		refuse(self, fd, peer, METRICS_LIMIT_CONNECTIONS);
		break;
	case LIMITS_ADDRESS:
		refuse(self, fd, peer, METRICS_LIMIT_ADDRESS);
		break;
	case LIMITS_OK:
		metrics_add(&config->env->metrics->accepted, 1);
		conn_new(config->env, fd, door->setup, peer, &ticket);
		break;
	}
}

/* No descriptor is left: one connection is taken with the reserve and closed; the others wait for the next turn. */
static void out_of_descriptors(struct door *door)
{
	struct acceptor *self = door->acceptor;
	if (self->reserve >= 0)
		close(self->reserve);
	int fd = accept4(door->io.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		pause_all(self); /* until the next tick: without it, this would go round and round */
	refuse(self, fd, NULL, METRICS_LIMIT_DESCRIPTORS);
	self->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Takes one connection. False if there is none. */
static bool take_one(struct door *door)
{
	struct address peer = { .len = sizeof peer.socket };
	int fd = accept4(door->io.fd, &peer.socket.any, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		take(door, fd, &peer);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		out_of_descriptors(door);
		return false;
	default: /* that connection ended before it was taken: accept(2) */
		return true;
	}
}

static void on_door(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct door *door = watcher->data;
	struct acceptor *self = door->acceptor;
	(void)loop;
	(void)events;
	for (int i = 0; i < BATCH; i++) {
		if (leaves_to_others(self)) {
			if (self->extra == 0) {
				pause_all(self);
				return;
			}
			self->extra--;
		}
		if (!take_one(door))
			return;
	}
}

int acceptor_new(const struct acceptor_config *config, struct acceptor **out, struct err *err)
{
	static const char *const what[METRICS_LIMIT_COUNT] = {
		[METRICS_LIMIT_CONNECTIONS] = "connections refused reason=connections",
		[METRICS_LIMIT_ADDRESS] = "connections refused reason=address",
		[METRICS_LIMIT_NETWORK] = "connections refused reason=network",
		[METRICS_LIMIT_DESCRIPTORS] = "connections refused reason=descriptors",
	};
	const struct settings *settings = config->settings;
	struct acceptor *self = calloc(1, sizeof *self);
	if (!self)
		return err_set(err, ERR_MEMORY, "out of memory");
	self->config = *config;
	self->doors = config->listeners->count;
	self->share = (settings->max_connections + settings->workers - 1) / settings->workers;
	self->door = calloc(self->doors, sizeof *self->door);
	self->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!self->door || self->reserve < 0) {
		int code = err_errno(err, "cannot open /dev/null");
		self->doors = 0;
		acceptor_free(self);
		return code;
	}
	for (int i = 0; i < METRICS_LIMIT_COUNT; i++)
		self->refused[i].what = what[i];
	for (size_t i = 0; i < self->doors; i++) {
		struct door *door = &self->door[i];
		const struct listener *listener = &config->listeners->one[i];
		door->acceptor = self;
		door->listener = &settings->listener[listener->index];
		door->setup = credentials_setup(config->credentials, listener->index);
		ev_io_init(&door->io, on_door, listener->fd, EV_READ);
		door->io.data = door;
	}
	resume_all(self);
	*out = self;
	return ERR_OK;
}

void acceptor_free(struct acceptor *self)
{
	if (!self)
		return;
	if (self->doors)
		pause_all(self);
	for (int i = 0; i < METRICS_LIMIT_COUNT; i++)
		ration_report(&self->refused[i], self->config.env->log);
	if (self->reserve >= 0)
		close(self->reserve);
	free(self->door);
	free(self);
}
