/* Several TVS servers, as a phone has a list of them: one connection each, opened when first needed. */
#ifndef TVS_PANEL_H
#define TVS_PANEL_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/err.h"
#include "tvs/ask.h"
#include "tvs/client.h"

enum { PANEL_MAX = 32 };

/* A verification of `cert`, or a query for `name`; the other is NULL. */
struct question {
	const struct cert *cert;
	const struct ask_name *name;
};

struct reply {
	struct ask_answer answer;
	struct cert *found; /* by a query; whoever has the reply frees it */
};

struct panel;

/* `setup` and `device` must outlive it. The caller frees it with panel_free, which closes the connections. */
int panel_new(const struct client_setup *setup, const char *device, int64_t timeout_us,
              struct panel **out, struct err *err);
void panel_free(struct panel *panel);

/* Adds HOST[:PORT]. ERR_USAGE, ERR_LIMIT over PANEL_MAX. */
int panel_add(struct panel *panel, const char *server, struct err *err);
size_t panel_count(const struct panel *panel);
const char *panel_name(const struct panel *panel, size_t i);

/* The connection to server `i`, NULL if there is none (any more). */
const struct client *panel_client(const struct panel *panel, size_t i);

/* Asks server `i`. A connection that the server closed after answers (it may limit the requests on one) is
 * opened anew, once. After an error its connection is closed; the next question opens another. */
int panel_ask(struct panel *panel, size_t i, const struct question *question, struct reply *reply,
              struct err *err);

#endif
