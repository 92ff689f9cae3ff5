#include "tvs/answerline.h"

#include <string.h>

#include "truststore/role.h"

enum {
	LINE_SIZE = 2048,
	DEVICE_TEXT = 128,
	NAME_TEXT = 256,
	SERIAL_BYTES = 64
};

/* A line that grows. Every part is bounded, and all of them together are shorter than LINE_SIZE: printf's share of a
 * verification was a fifth, so it is not used here. */
struct line {
	size_t len;
	char text[LINE_SIZE];
};

static void put(struct line *line, const char *text)
{
	size_t len = strlen(text);
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void put_number(struct line *line, uint64_t number)
{
	char digits[24];
	size_t n = sizeof digits - 1;
	digits[n] = '\0';
	do
		digits[--n] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	put(line, digits + n);
}

/* What a peer says; "-" for nothing. */
static void put_escaped(struct line *line, struct span bytes, size_t size)
{
	if (!bytes.len) {
		put(line, "-");
		return;
	}
	log_escape(line->text + line->len, size, bytes.bytes, bytes.len);
	line->len += strlen(line->text + line->len);
}

static void put_roles(struct line *line, uint32_t roles)
{
	const char *between = "";
	if (!roles)
		put(line, "none");
	for (int role = 0; role < ROLE_COUNT; role++) {
		if (!(roles & ROLE_BIT(role)))
			continue;
		put(line, between);
		put(line, role_name((enum role)role));
		between = ",";
	}
}

static void put_cert(struct line *line, const struct respond_result *result)
{
	char hex[DIGEST_HEX_SIZE];
	put(line, " sha256=");
	put(line, result->has_cert ? digest_hex(&result->cert, hex) : "-");
}

static void put_verdict(struct line *line, const struct verdict *verdict)
{
	put(line, verdict->trusted ? " verdict=trusted reason=" : " verdict=not-trusted reason=");
	put(line, reason_name(verdict->reason));
	put(line, " roles=");
	put_roles(line, verdict->roles);
	put(line, " ttl=");
	put_number(line, verdict->ttl);
}

/* What a query asked for. */
static void put_query(struct line *line, const struct proto_message *request)
{
	char hex[2 * SERIAL_BYTES + 1];
	size_t len = request->serial.len < SERIAL_BYTES ? request->serial.len : SERIAL_BYTES;
	put(line, " serial=");
	put(line, len ? hex_encode(request->serial.bytes, len, true, hex) : "-");
	put(line, " issuer=");
	put_escaped(line, request->issuer, NAME_TEXT);
}

void answerline(struct log *log, const struct address *peer, const struct tls_session *tls,
                const struct respond_result *result, int64_t us)
{
	struct line line;
	char address[ADDRESS_TEXT_SIZE];
	line.len = 0;
	put(&line, "answer type=");
	put(&line, proto_type_name(result->request.type));
	put(&line, " device=");
	put_escaped(&line, result->request.device, DEVICE_TEXT);
	put(&line, " address=");
	put(&line, address_format(peer, address));
	put_cert(&line, result);
	put_verdict(&line, &result->verdict);
	put(&line, " tls=");
	put(&line, tls_version_name(tls_session_version(tls)));
	put(&line, " cipher=");
	put(&line, tls_session_cipher(tls));
	put(&line, " us=");
	put_number(&line, us > 0 ? (uint64_t)us : 0);
	if (result->request.type == PROTO_QUERY_REQ)
		put_query(&line, &result->request);
	log_text(log, LOG_LEVEL_INFO, line.text, line.len);
}
