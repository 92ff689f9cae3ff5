#include "config.h"

#include "tvs/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* A decimal number of at most five digits and nothing else. */
static bool read_number(const char *text, unsigned max, unsigned *out)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 5 || text[len] != '\0')
		return false;
	*out = (unsigned)strtoul(text, NULL, 10);
	return *out <= max;
}

/* Cuts `text` into host and port; `host` has room for ADDRESS_TEXT_SIZE. */
static bool split(const char *text, char *host, const char **port)
{
	const char *start = text, *end = strchr(text, ':');
	if (*text == '[') {
		start++;
		end = strchr(start, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		*port = end[1] ? end + 2 : NULL;
	} else {
		*port = end ? end + 1 : NULL;
		if (!end)
			end = text + strlen(text);
	}
	size_t len = (size_t)(end - start);
	if (len == 0 || len >= ADDRESS_TEXT_SIZE)
		return false;
	memcpy(host, start, len);
	host[len] = '\0';
	return true;
}

int address_parse(const char *text, uint16_t port, struct address *out, struct err *err)
{
	char host[ADDRESS_TEXT_SIZE];
	const char *port_text;
	unsigned number = port;
	if (!split(text, host, &port_text) || (port_text && !read_number(port_text, 65535, &number)))
		return err_set(err, ERR_CONFIG, "\"%s\" is no address with a port like "
		               "192.0.2.1:2445 or [2001:db8::1]:2445", text);

	struct addrinfo hints = { .ai_family = *text == '[' ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_PASSIVE };
	struct addrinfo *found;
	int code = getaddrinfo(host, NULL, &hints, &found);
	if (code == EAI_MEMORY)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (code != 0)
		return err_set(err, ERR_CONFIG, "\"%s\" is no numeric address", host);
	memset(out, 0, sizeof *out);
	memcpy(&out->socket, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	if (out->socket.any.sa_family == AF_INET)
		out->socket.v4.sin_port = htons((uint16_t)number);
	else
		out->socket.v6.sin6_port = htons((uint16_t)number);
	return ERR_OK;
}

/* A number up to 65535 in decimal; returns the end. */
static char *put_number(char *to, unsigned number)
{
	char digits[8];
	size_t n = sizeof digits;
	do
		digits[--n] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	memcpy(to, digits + n, sizeof digits - n);
	return to + sizeof digits - n;
}

/* Without inet_ntop and printf: every answer's line has one. */
static void format_v4(const uint8_t byte[4], uint16_t port, char *to)
{
	for (int i = 0; i < 4; i++) {
		to = put_number(to, byte[i]);
		*to++ = i < 3 ? '.' : ':';
	}
	*put_number(to, port) = '\0';
}

char *address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN] = "?";
	if (address->socket.any.sa_family == AF_INET) {
		format_v4((const uint8_t *)&address->socket.v4.sin_addr, ntohs(address->socket.v4.sin_port), out);
		return out;
	}
	const struct sockaddr_in6 *v6 = &address->socket.v6;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		format_v4(v6->sin6_addr.s6_addr + 12, ntohs(v6->sin6_port), out);
		return out;
	}
	inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
	if (v6->sin6_scope_id)
		snprintf(out, ADDRESS_TEXT_SIZE, "[%s%%%u]:%u", host, v6->sin6_scope_id, ntohs(v6->sin6_port));
	else
		snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(v6->sin6_port));
	return out;
}

bool address_equal(const struct address *a, const struct address *b)
{
	if (a->socket.any.sa_family != b->socket.any.sa_family)
		return false;
	if (a->socket.any.sa_family == AF_INET)
		return a->socket.v4.sin_port == b->socket.v4.sin_port &&
			a->socket.v4.sin_addr.s_addr == b->socket.v4.sin_addr.s_addr;
	return a->socket.v6.sin6_port == b->socket.v6.sin6_port &&
		a->socket.v6.sin6_scope_id == b->socket.v6.sin6_scope_id &&
		memcmp(&a->socket.v6.sin6_addr, &b->socket.v6.sin6_addr, 16) == 0;
}

void host_of(const struct address *address, struct host *out)
{
	if (address->socket.any.sa_family == AF_INET) {
		memcpy(out->byte, mapped, sizeof mapped);
		memcpy(out->byte + 12, &address->socket.v4.sin_addr, 4);
	} else {
		memcpy(out->byte, &address->socket.v6.sin6_addr, 16);
	}
}

static bool host_bit(const struct host *host, unsigned i)
{
	return host->byte[i / 8] >> (7 - i % 8) & 1;
}

int network_parse(const char *text, struct network *out, struct err *err)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	bool v4 = !memchr(text, ':', len);
	unsigned most = v4 ? 32 : 128, bits = most;
	memset(out, 0, sizeof *out);
	bool good = len > 0 && len < sizeof host;
	if (good) {
		memcpy(host, text, len);
		host[len] = '\0';
		if (v4)
			memcpy(out->host.byte, mapped, sizeof mapped);
		good = inet_pton(v4 ? AF_INET : AF_INET6, host, out->host.byte + (v4 ? 12 : 0)) == 1;
	}
	if (!good || (text[len] == '/' && !read_number(text + len + 1, most, &bits)))
		return err_set(err, ERR_CONFIG, "\"%s\" is no network like 10.0.0.0/8 or 2001:db8::/32", text);
	out->bits = bits + 128 - most;
	for (unsigned i = out->bits; i < 128; i++)
		if (host_bit(&out->host, i))
			return err_set(err, ERR_CONFIG,
			               "\"%s\" has bits behind its prefix: an address, or a network?", text);
	return ERR_OK;
}

bool network_has(const struct network *network, const struct host *host)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	if (memcmp(network->host.byte, host->byte, whole) != 0)
		return false;
	return rest == 0 || (network->host.byte[whole] ^ host->byte[whole]) >> (8 - rest) == 0;
}
