/* Takes new connections, a few at a time, within the limits of the whole daemon. */
#ifndef TVS_ACCEPTOR_H
#define TVS_ACCEPTOR_H

#include "tvs/conn.h"
#include "tvs/credentials.h"
#include "tvs/limits.h"
#include "tvs/listener.h"

struct acceptor;

struct acceptor_config { /* borrowed for the acceptor's life */
	const struct settings *settings;
	const struct listeners *listeners;
	const struct credentials *credentials;
	struct limits *limits;
	int slot;
	struct conn_env *env;
};

/* Begins to accept. ERR_MEMORY or ERR_SYSTEM. */
int acceptor_new(const struct acceptor_config *config, struct acceptor **out, struct err *err);
void acceptor_free(struct acceptor *acceptor); /* takes NULL; the sockets are closed by their owner */

/* A connection is gone: there may be room again. */
void acceptor_resume(struct acceptor *acceptor);

/* Once a second. */
void acceptor_tick(struct acceptor *acceptor);

#endif
