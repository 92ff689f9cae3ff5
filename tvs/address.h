/* Internet addresses: where to listen, who is calling, and which networks may call. */
#ifndef TVS_ADDRESS_H
#define TVS_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "truststore/base/err.h"

struct address { /* an IPv4 or IPv6 address with its port */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} socket;
	socklen_t len;
};

/* Reads "192.0.2.1:2445" or "[2001:db8::1]:2445"; without a port it is `port`. Names are not looked up.
 * ERR_CONFIG. */
int address_parse(const char *text, uint16_t port, struct address *out, struct err *err);

enum { ADDRESS_TEXT_SIZE = 72 };

/* Writes it as address_parse reads it; an IPv4 address in IPv6 form as IPv4. Returns `out`. */
char *address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

bool address_equal(const struct address *a, const struct address *b);

struct host { /* an address without its port; IPv4 in its IPv6 form, ::ffff:a.b.c.d */
	uint8_t byte[16];
};

void host_of(const struct address *address, struct host *out);

struct network {
	struct host host;
	unsigned bits; /* how many of the 128 count */
};

/* Reads "10.0.0.0/8", "2001:db8::/32" or a single address. Bits behind the prefix must be zero. ERR_CONFIG. */
int network_parse(const char *text, struct network *out, struct err *err);

bool network_has(const struct network *network, const struct host *host);

#endif
