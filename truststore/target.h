/* HOST[:PORT] as people write it, and a TCP connection to it within a deadline. */
#ifndef TVS_TARGET_H
#define TVS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/err.h"

enum { TARGET_HOST_MAX = 253 }; /* RFC 1035, 2.3.4, as text */

struct target {
	char host[TARGET_HOST_MAX + 1]; /* without brackets */
	char port[6];
	char text[TARGET_HOST_MAX + 9]; /* "host:2445", "[::1]:2445": for messages */
	bool numeric;                   /* the host is an address, not a name */
};

/* Reads "host", "host:port", "192.0.2.1:port", "[2001:db8::1]" or "[2001:db8::1]:port". ERR_USAGE with the reason. */
int target_parse(const char *text, uint16_t default_port, struct target *out, struct err *err);

/* Connects; `*fd` is non-blocking and the caller's. Everything is bounded by `deadline_us` (of clock_monotonic_us),
 * the resolution of a name too; several addresses of a name are tried in turn, each with its share of the time left.
 * ERR_NETWORK or ERR_TIMEOUT; the text does not name the target. */
int target_connect(const struct target *target, int64_t deadline_us, int *fd, struct err *err);

/* Waits until `fd` is ready for `events` (of poll). ERR_TIMEOUT, without text, past the deadline. */
int target_wait(int fd, short events, int64_t deadline_us);

#endif
