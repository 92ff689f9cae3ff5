/* The TVS wire protocol: frames to structs and back, for both directions.
 *
 * Pure: reads and writes nothing but its arguments, allocates nothing. A frame is a header of ten bytes and a
 * body of elements (tag, length, value); all integers are big-endian.
 */
#ifndef TVS_PROTO_H
#define TVS_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/store.h" /* struct span */

enum {
	PROTO_PORT = 2445,
	PROTO_HEADER_SIZE = 10,
	PROTO_MAX_BODY = 65535,
	PROTO_MAX_FRAME = PROTO_HEADER_SIZE + PROTO_MAX_BODY
};

enum proto_type { /* the numbers of the wire */
	PROTO_VERIFY_REQ = 1,
	PROTO_VERIFY_RES = 2,
	PROTO_QUERY_REQ = 3,
	PROTO_QUERY_RES = 4
};
const char *proto_type_name(enum proto_type type); /* "verify" for 1 and 2, "query" for 3 and 4 */

enum proto_direction { PROTO_TO_SERVER, PROTO_TO_PHONE };

enum proto_status { PROTO_TRUSTED = 0, PROTO_NOT_TRUSTED = 1 };

enum proto_error { /* each has one word for logs and metrics */
	PROTO_OK,
	PROTO_SHORT,             /* "short": fewer bytes than a header needs, or than it announces */
	PROTO_BAD_DISCRIMINATOR, /* "discriminator": the first byte is not 0x57 */
	PROTO_BAD_VERSION,       /* "version": more than 1 */
	PROTO_BAD_TYPE,          /* "type": unknown, or of the other direction */
	PROTO_TRAILING,          /* "trailing": more bytes than the header announces */
	PROTO_OVERRUN,           /* "overrun": an element runs past the body */
	PROTO_REPEATED,          /* "repeated": a known element stands twice */
	PROTO_BAD_LENGTH,        /* "length": a status that is not 1, or a TTL that is not 4 bytes long */
	PROTO_ERROR_COUNT
};
const char *proto_error_name(enum proto_error error);

struct proto_header {
	enum proto_type type;
	uint8_t version;   /* 0 or 1 */
	uint32_t session;  /* chosen by the phone, echoed in the response */
	size_t frame_len;  /* bytes of the whole frame, this header included */
};

/* Reads the header at the start of `bytes`, which needs PROTO_HEADER_SIZE of them (else PROTO_SHORT); more may
 * follow. As soon as the first bytes alone are wrong it says so, without waiting for the tenth. `out` is filled
 * with PROTO_OK only. The reserved byte is ignored. */
enum proto_error proto_header_read(const uint8_t *bytes, size_t len, enum proto_direction direction,
                                   struct proto_header *out);

/* A message. The spans borrow from the frame that was read, or from whatever the writer points them to. A span whose
 * `bytes` is NULL is absent; one of length 0 with `bytes` is there, and empty. */
struct proto_message {
	enum proto_type type;
	uint32_t session;
	struct span device;      /* without the 0x01 in front */
	struct span certificate; /* DER, unparsed */
	struct span subject;     /* text without its final NUL */
	struct span issuer;      /* text without its final NUL */
	struct span serial;      /* big-endian, with or without a sign byte */
	struct span roles;       /* one byte a role, as on the wire (role.h) */
	bool has_status, has_ttl;
	uint8_t status;          /* enum proto_status in responses; other values come as they are */
	uint32_t ttl;            /* seconds */
};

/* Reads one whole frame: exactly the header's `frame_len` bytes. Unknown elements are skipped, missing ones are
 * not an error here. A missing final NUL of a name and a missing 0x01 before a device name are forgiven. Issuer
 * and serial are exchanged if tag 4 holds no '=' while tag 5 does and ends in NUL. In a request, elements of
 * responses are skipped. */
enum proto_error proto_read(const uint8_t *frame, size_t len, enum proto_direction direction,
                            struct proto_message *out);

/* Writes the elements that are there, in the order of the protocol (requests: device, certificate, subject,
 * issuer, serial; responses: status, certificate, roles, TTL). Returns the frame's length, or 0 if it does not
 * fit `size` or the protocol. */
size_t proto_write(const struct proto_message *message, uint8_t *out, size_t size);

#endif
