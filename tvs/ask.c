#include "config.h"

#include "tvs/ask.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/name.h"
#include "tvs/proto.h"

enum { FIRST_SESSION = 1001 }; /* phones count up from there */

struct ask {
	const struct target *target;
	const char *device;
	int64_t timeout_us, deadline_us;
	struct client *client;
	uint32_t session;
	size_t answers;
	uint8_t request[PROTO_MAX_FRAME], response[PROTO_MAX_FRAME];
};

int ask_open(const struct client_setup *setup, const struct target *target, const char *device,
             int64_t timeout_us, struct ask **out, struct err *err)
{
	*out = NULL;
	struct ask *ask = calloc(1, sizeof *ask);
	if (!ask)
		return err_set(err, ERR_MEMORY, "out of memory");
	ask->target = target;
	ask->device = device;
	ask->timeout_us = timeout_us;
	ask->deadline_us = clock_monotonic_us() + timeout_us;
	ask->session = FIRST_SESSION;
	int rc = client_open(setup, target, ask->deadline_us, &ask->client, err);
	if (rc) {
		ask_free(ask);
		return rc;
	}
	*out = ask;
	return 0;
}

void ask_free(struct ask *ask)
{
	if (!ask)
		return;
	client_free(ask->client);
	free(ask);
}

const struct client *ask_client(const struct ask *ask)
{
	return ask->client;
}

size_t ask_answers(const struct ask *ask)
{
	return ask->answers;
}

static int garbage(const struct ask *ask, struct err *err, const char *what)
{
	return err_set(err, ERR_MALFORMED, "%s: not the answer of a TVS: %s", ask->target->text, what);
}

static int malformed(const struct ask *ask, struct err *err, enum proto_error bad)
{
	static const char *const what[PROTO_ERROR_COUNT] = {
		[PROTO_SHORT] = "it is too short",
		[PROTO_BAD_DISCRIMINATOR] = "it does not begin with the protocol's first byte",
		[PROTO_BAD_VERSION] = "it is of an unknown version",
		[PROTO_BAD_TYPE] = "it is of an unknown type",
		[PROTO_TRAILING] = "it is longer than it says",
		[PROTO_OVERRUN] = "an element runs past its end",
		[PROTO_REPEATED] = "an element stands in it twice",
		[PROTO_BAD_LENGTH] = "an element has the wrong length",
	};
	return garbage(ask, err, what[bad]);
}

/* Reads one response frame of the wanted type for the current session. */
static int receive(struct ask *ask, enum proto_type type, struct proto_message *out, struct err *err)
{
	struct proto_header header;
	uint8_t *frame = ask->response;
	int rc = client_receive(ask->client, frame, PROTO_HEADER_SIZE, ask->deadline_us, err);
	if (rc)
		return rc;
	enum proto_error bad = proto_header_read(frame, PROTO_HEADER_SIZE, PROTO_TO_PHONE, &header);
	if (bad)
		return malformed(ask, err, bad);
	if (header.type != type)
		return garbage(ask, err, "it belongs to another kind of request");
	if (header.session != ask->session)
		return garbage(ask, err, "another session id than the request's");
	rc = client_receive(ask->client, frame + PROTO_HEADER_SIZE,
	                    header.frame_len - PROTO_HEADER_SIZE, ask->deadline_us, err);
	if (rc)
		return rc;
	bad = proto_read(frame, header.frame_len, PROTO_TO_PHONE, out);
	return bad ? malformed(ask, err, bad) : 0;
}

static int take_roles(const struct ask *ask, struct span roles, struct ask_answer *out,
                      struct err *err)
{
	for (size_t i = 0; i < roles.len; i++) {
		if (memchr(out->role, roles.bytes[i], out->role_count))
			continue;
		if (out->role_count == ASK_MAX_ROLES)
			return garbage(ask, err, "too many roles");
		out->role[out->role_count++] = roles.bytes[i];
	}
	return out->role_count ? 0 : garbage(ask, err, "trusted, but without a role");
}

static int judge(const struct ask *ask, const struct proto_message *message, struct ask_answer *out,
                 struct err *err)
{
	if (!message->has_status)
		return garbage(ask, err, "it has no status");
	if (message->status == PROTO_NOT_TRUSTED)
		return 0;
	if (message->status != PROTO_TRUSTED)
		return garbage(ask, err, "its status is neither 0 nor 1");
	if (!message->has_ttl || message->ttl == 0)
		return garbage(ask, err, "trusted, but without a TTL");
	int rc = take_roles(ask, message->roles, out, err);
	if (rc)
		return rc;
	out->ttl = message->ttl;
	out->trusted = true;
	return 0;
}

/* Sends `request` and takes its response. */
static int exchange(struct ask *ask, struct proto_message *request, enum proto_type answer_type,
                    struct proto_message *response, struct ask_answer *out, struct err *err)
{
	*out = (struct ask_answer){ 0 };
	if (ask->answers > 0) {
		ask->deadline_us = clock_monotonic_us() + ask->timeout_us;
		ask->session++;
	}
	request->session = ask->session;
	request->device = (struct span){ (const uint8_t *)ask->device, strlen(ask->device) };
	size_t len = proto_write(request, ask->request, sizeof ask->request);
	if (len == 0)
		return err_set(err, ERR_LIMIT, "the request does not fit the protocol");
	int64_t start = clock_monotonic_us();
	int rc = client_send(ask->client, ask->request, len, ask->deadline_us, err);
	if (!rc)
		rc = receive(ask, answer_type, response, err);
	if (rc)
		return rc;
	out->round_trip_us = clock_monotonic_us() - start;
	ask->answers++;
	return judge(ask, response, out, err);
}

int ask_verify(struct ask *ask, const uint8_t *der, size_t len, struct ask_answer *out,
               struct err *err)
{
	struct proto_message request = { .type = PROTO_VERIFY_REQ, .certificate = { der, len } };
	struct proto_message response;
	return exchange(ask, &request, PROTO_VERIFY_RES, &response, out, err);
}

/* The server's certificate must be the one that the query names. */
static int take_certificate(const struct ask *ask, const struct ask_name *name, struct span der,
                            struct cert **out, struct err *err)
{
	struct digest issuer, wanted;
	struct cert *cert;
	*out = NULL;
	if (!der.bytes)
		return garbage(ask, err, "trusted, but without the certificate");
	if (cert_parse(der.bytes, der.len, &cert, err))
		return err_prefix(err, "%s: it sent a malformed certificate", ask->target->text);
	if (name_digest_text(name->issuer, strlen(name->issuer), &issuer) == 0) {
		name_issuer_serial(&issuer, name->serial, name->serial_len, &wanted);
		if (digest_equal(&wanted, cert_issuer_serial_key(cert))) {
			*out = cert;
			return 0;
		}
	}
	err_set(err, ERR_MALFORMED, "%s: it sent another certificate than was asked for: %s, issued by %s",
	        ask->target->text, cert_subject(cert), cert_issuer(cert));
	cert_free(cert);
	return err->code;
}

int ask_query(struct ask *ask, const struct ask_name *name, struct ask_answer *out,
              struct cert **cert, struct err *err)
{
	struct proto_message response, request = { .type = PROTO_QUERY_REQ };
	request.issuer = (struct span){ (const uint8_t *)name->issuer, strlen(name->issuer) };
	request.serial = (struct span){ name->serial, name->serial_len };
	if (name->subject)
		request.subject = (struct span){ (const uint8_t *)name->subject, strlen(name->subject) };
	*cert = NULL;
	int rc = exchange(ask, &request, PROTO_QUERY_RES, &response, out, err);
	if (!rc && out->trusted)
		rc = take_certificate(ask, name, response.certificate, cert, err);
	return rc;
}
