/* The codec of the wire protocol: what it reads it must write again so that it reads the same. */
#include <stdlib.h>
#include <string.h>

#include "tvs/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* A span lies in the frame it was read from. */
static void inside(struct span span, const uint8_t *frame, size_t len)
{
	check(!span.bytes || (span.bytes >= frame && span.len <= len &&
	                      (size_t)(span.bytes - frame) <= len - span.len));
}

static void same(struct span a, struct span b)
{
	check(!a.bytes == !b.bytes && a.len == b.len && (!a.len || !memcmp(a.bytes, b.bytes, a.len)));
}

static void round_trip(const struct proto_message *message, size_t len, enum proto_direction direction)
{
	static uint8_t out[PROTO_MAX_FRAME];
	struct proto_message again;
	size_t written = proto_write(message, out, sizeof out);
	if (!written) { /* a device's mark and two NULs that were missing have no room */
		check(len > PROTO_MAX_FRAME - 3);
		return;
	}
	check(proto_read(out, written, direction, &again) == PROTO_OK);
	check(again.type == message->type && again.session == message->session);
	check(again.has_status == message->has_status && again.status == message->status);
	check(again.has_ttl == message->has_ttl && again.ttl == message->ttl);
	same(again.device, message->device);
	same(again.certificate, message->certificate);
	same(again.subject, message->subject);
	same(again.issuer, message->issuer);
	same(again.serial, message->serial);
	same(again.roles, message->roles);
}

static void decode(const uint8_t *data, size_t size, enum proto_direction direction)
{
	struct proto_header header;
	struct proto_message message;
	enum proto_error error = proto_header_read(data, size, direction, &header);
	enum proto_error whole = proto_read(data, size, direction, &message);
	check(error == PROTO_OK || whole == error);
	inside(message.device, data, size);
	inside(message.certificate, data, size);
	inside(message.subject, data, size);
	inside(message.issuer, data, size);
	inside(message.serial, data, size);
	inside(message.roles, data, size);
	if (whole == PROTO_OK) {
		check(header.frame_len == size);
		round_trip(&message, size, direction);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode(data, size, PROTO_TO_SERVER);
	decode(data, size, PROTO_TO_PHONE);
	return 0;
}
