#include "tvs/proto.h"

#include <string.h>

enum { DISCRIMINATOR = 0x57, VERSION = 1 };

enum tag {
	TAG_DEVICE = 1,
	TAG_CERTIFICATE = 2,
	TAG_SUBJECT = 3,
	TAG_ISSUER = 4,
	TAG_SERIAL = 5,
	TAG_STATUS = 7,
	TAG_ROLES = 8,
	TAG_TTL = 9,
	TAG_END
};

static const char *const error_name[PROTO_ERROR_COUNT] = {
	[PROTO_OK] = "ok",
	[PROTO_SHORT] = "short",
	[PROTO_BAD_DISCRIMINATOR] = "discriminator",
	[PROTO_BAD_VERSION] = "version",
	[PROTO_BAD_TYPE] = "type",
	[PROTO_TRAILING] = "trailing",
	[PROTO_OVERRUN] = "overrun",
	[PROTO_REPEATED] = "repeated",
	[PROTO_BAD_LENGTH] = "length",
};

const char *proto_error_name(enum proto_error error)
{
	return (unsigned)error < PROTO_ERROR_COUNT ? error_name[error] : "unknown";
}

static bool is_response(enum proto_type type)
{
	return type == PROTO_VERIFY_RES || type == PROTO_QUERY_RES;
}

const char *proto_type_name(enum proto_type type)
{
	switch (type) {
	case PROTO_VERIFY_REQ:
	case PROTO_VERIFY_RES: return "verify";
	case PROTO_QUERY_REQ:
	case PROTO_QUERY_RES: return "query";
	}
	return "unknown";
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

enum proto_error proto_header_read(const uint8_t *bytes, size_t len, enum proto_direction direction,
                                   struct proto_header *out)
{
	if (len > 0 && bytes[0] != DISCRIMINATOR)
		return PROTO_BAD_DISCRIMINATOR;
	if (len > 1 && bytes[1] > VERSION)
		return PROTO_BAD_VERSION;
	if (len > 2 && (bytes[2] < PROTO_VERIFY_REQ || bytes[2] > PROTO_QUERY_RES ||
	                is_response(bytes[2]) != (direction == PROTO_TO_PHONE)))
		return PROTO_BAD_TYPE;
	if (len < PROTO_HEADER_SIZE)
		return PROTO_SHORT;
	out->type = bytes[2];
	out->version = bytes[1];
	out->session = get32(bytes + 4);
	out->frame_len = PROTO_HEADER_SIZE + (size_t)get16(bytes + 8);
	return PROTO_OK;
}

/* Cuts the body into its elements; `value` is indexed by tag. */
static enum proto_error walk(const uint8_t *at, const uint8_t *end, struct span value[TAG_END])
{
	while (at < end) {
		if (end - at < 3)
			return PROTO_OVERRUN;
		uint8_t tag = at[0];
		size_t len = get16(at + 1);
		at += 3;
		if (len > (size_t)(end - at))
			return PROTO_OVERRUN;
		if (tag < TAG_END && tag != 0 && tag != 6) {
			if (value[tag].bytes)
				return PROTO_REPEATED;
			value[tag] = (struct span){ at, len };
		}
		at += len;
	}
	return PROTO_OK;
}

static struct span without_nul(struct span text)
{
	if (text.len && text.bytes[text.len - 1] == '\0')
		text.len--;
	return text;
}

static struct span without_mark(struct span device)
{
	if (device.len && device.bytes[0] == 0x01) {
		device.bytes++;
		device.len--;
	}
	return device;
}

static bool has_equals(struct span value)
{
	return value.len && memchr(value.bytes, '=', value.len);
}

/* Issuer and serial stand the other way round: 4 holds no '=' while 5 does and ends in NUL. */
static bool exchanged(struct span four, struct span five)
{
	return four.bytes && !has_equals(four) && has_equals(five) &&
	       five.bytes[five.len - 1] == '\0';
}

static void take_request(const struct span value[TAG_END], struct proto_message *out)
{
	bool swap = exchanged(value[TAG_ISSUER], value[TAG_SERIAL]);
	out->device = without_mark(value[TAG_DEVICE]);
	out->certificate = value[TAG_CERTIFICATE];
	out->subject = without_nul(value[TAG_SUBJECT]);
	out->issuer = without_nul(value[swap ? TAG_SERIAL : TAG_ISSUER]);
	out->serial = value[swap ? TAG_ISSUER : TAG_SERIAL];
}

static enum proto_error take_response(const struct span value[TAG_END], struct proto_message *out)
{
	struct span status = value[TAG_STATUS], ttl = value[TAG_TTL];
	if ((status.bytes && status.len != 1) || (ttl.bytes && ttl.len != 4))
		return PROTO_BAD_LENGTH;
	out->certificate = value[TAG_CERTIFICATE];
	out->roles = value[TAG_ROLES];
	out->has_status = status.bytes;
	out->has_ttl = ttl.bytes;
	if (out->has_status)
		out->status = status.bytes[0];
	if (out->has_ttl)
		out->ttl = get32(ttl.bytes);
	return PROTO_OK;
}

enum proto_error proto_read(const uint8_t *frame, size_t len, enum proto_direction direction,
                            struct proto_message *out)
{
	memset(out, 0, sizeof *out);
	struct proto_header header;
	enum proto_error error = proto_header_read(frame, len, direction, &header);
	if (error)
		return error;
	if (len != header.frame_len)
		return len < header.frame_len ? PROTO_SHORT : PROTO_TRAILING;
	struct span value[TAG_END] = { { NULL, 0 } };
	error = walk(frame + PROTO_HEADER_SIZE, frame + len, value);
	if (error)
		return error;
	struct proto_message message = { .type = header.type, .session = header.session };
	if (direction == PROTO_TO_SERVER)
		take_request(value, &message);
	else
		error = take_response(value, &message);
	if (!error)
		*out = message;
	return error;
}

struct writer {
	uint8_t *out;
	size_t size, len;
	bool failed;
};

static uint8_t *room(struct writer *w, size_t len)
{
	if (w->failed || len > w->size - w->len) {
		w->failed = true;
		return NULL;
	}
	uint8_t *at = w->out + w->len;
	w->len += len;
	return at;
}

/* One element: `before` (0 for none: a mark in front), the value, and a NUL behind it if `nul`. */
static void put_element(struct writer *w, enum tag tag, uint8_t before, struct span value, bool nul)
{
	if (!value.bytes)
		return;
	size_t len = (before ? 1 : 0) + value.len + (nul ? 1 : 0);
	uint8_t *at = len > UINT16_MAX ? NULL : room(w, 3 + len);
	if (!at) {
		w->failed = true;
		return;
	}
	*at++ = (uint8_t)tag;
	put16(at, len);
	at += 2;
	if (before)
		*at++ = before;
	memcpy(at, value.bytes, value.len);
	if (nul)
		at[value.len] = '\0';
}

static void put_request(struct writer *w, const struct proto_message *message)
{
	put_element(w, TAG_DEVICE, 0x01, message->device, false);
	put_element(w, TAG_CERTIFICATE, 0, message->certificate, false);
	put_element(w, TAG_SUBJECT, 0, message->subject, true);
	put_element(w, TAG_ISSUER, 0, message->issuer, true);
	put_element(w, TAG_SERIAL, 0, message->serial, false);
}

static void put_response(struct writer *w, const struct proto_message *message)
{
	uint8_t ttl[4];
	put32(ttl, message->ttl);
	if (message->has_status)
		put_element(w, TAG_STATUS, 0, (struct span){ &message->status, 1 }, false);
	put_element(w, TAG_CERTIFICATE, 0, message->certificate, false);
	put_element(w, TAG_ROLES, 0, message->roles, false);
	if (message->has_ttl)
		put_element(w, TAG_TTL, 0, (struct span){ ttl, sizeof ttl }, false);
}

size_t proto_write(const struct proto_message *message, uint8_t *out, size_t size)
{
	struct writer w = { .out = out, .size = size < PROTO_MAX_FRAME ? size : PROTO_MAX_FRAME };
	uint8_t *header = room(&w, PROTO_HEADER_SIZE);
	if (!header)
		return 0;
	if (is_response(message->type))
		put_response(&w, message);
	else
		put_request(&w, message);
	if (w.failed)
		return 0;
	header[0] = DISCRIMINATOR;
	header[1] = VERSION;
	header[2] = (uint8_t)message->type;
	header[3] = 0;
	put32(header + 4, message->session);
	put16(header + 8, w.len - PROTO_HEADER_SIZE);
	return w.len;
}
