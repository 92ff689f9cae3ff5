/* HTTP for requests and lists: the only user of libcurl here. Everything runs on a libev loop; nothing blocks.
 *
 * Connections are kept and used again for the next transfer to the same server. Head and body are taken
 * up to a limit and no further; a redirect is followed three times at most, and only to http and https.
 */
#ifndef TVS_OCSP_FETCH_H
#define TVS_OCSP_FETCH_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "ocsp/fault.h"
#include "truststore/base/err.h"

enum {
	FETCH_MAX_REDIRECTS = 3,
	FETCH_MAX_HEAD = 65536, /* bytes of header lines, of all answers of one transfer */
	FETCH_SLOWEST = 1000 /* bytes a second: a large body that comes slower for the time of `timeout` is given up */
};

struct fetch;

/* `proxy` is a URL, NULL for none; `timeout` seconds for one answer. The caller runs the loop, and calls
 * curl_global_init before. NULL when there is no memory. */
struct fetch *fetch_new(struct ev_loop *loop, const char *proxy, int64_t timeout);

/* Ends what is under way without calling anybody back. */
void fetch_free(struct fetch *fetch);

struct fetch_result {
	enum fault fault;     /* FAULT_NONE: status 200, the body is whole */
	long status;          /* of HTTP; 0: there was none */
	const char *detail;   /* libcurl's words where there are some, else "" */
	const uint8_t *bytes; /* the body; borrowed for the call */
	size_t len;
};
typedef void fetch_done_fn(const struct fetch_result *result, void *arg);

struct fetch_request {
	const char *url;
	const void *body;     /* copied; NULL: GET, else POST */
	size_t body_len;
	const char *type;     /* the body's Content-Type; a constant */
	const char *accept;   /* a constant, NULL: anything */
	size_t max_bytes;     /* of the answer */
	unsigned patience;    /* times `timeout` that the whole transfer may take; over 1 it must keep moving */
	fetch_done_fn *done;  /* called once, never from within fetch_start */
	void *arg;
};

/* Starts a transfer. ERR_MEMORY: `done` will not be called. */
int fetch_start(struct fetch *fetch, const struct fetch_request *request);

/* How many transfers are under way. */
size_t fetch_active(const struct fetch *fetch);

#endif
