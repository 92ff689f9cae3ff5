#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "truststore/base/keysize.h"
#include "truststore/base/log.h"
#include "tvs/tls_priv.h"

enum {
	SCRATCH_SIZE = TLS_MAX_RECORD + 2048, /* one whole record, RFC 5246 6.2.3, with its header */
	HANDSHAKE_MESSAGE_MAX = 32768,        /* bytes: a client's certificates */
	CLIENT_RSA_MAX = 4096,                /* bits of a key in them: the longest that a store takes */
	IDLE_RECORDS_MAX = 16                 /* that bring nothing, in one call */
};

struct tls_scratch {
	size_t at, len;
	uint8_t bytes[SCRATCH_SIZE];
};

struct tls_scratch *tls_scratch_new(void)
{
	struct tls_scratch *self = malloc(sizeof *self);
	if (self)
		self->at = self->len = 0;
	return self;
}

void tls_scratch_free(struct tls_scratch *scratch)
{
	free(scratch);
}

static void bytes_free(struct tls_bytes *bytes)
{
	free(bytes->bytes);
	*bytes = (struct tls_bytes){ NULL, 0, 0 };
}

static int bytes_copy(struct tls_bytes *to, const uint8_t *from, size_t len)
{
	to->bytes = malloc(len);
	if (!to->bytes)
		return ERR_MEMORY;
	memcpy(to->bytes, from, len);
	to->at = 0;
	to->len = len;
	return ERR_OK;
}

/* Every operation that may read stands between enter and leave: outside, the scratch buffer holds nothing. */
static void enter(struct tls_session *self)
{
	self->wants_write = false;
	struct tls_scratch *scratch = self->scratch;
	scratch->at = scratch->len = 0;
	if (!self->rest.bytes)
		return;
	scratch->len = self->rest.len;
	memcpy(scratch->bytes, self->rest.bytes, self->rest.len);
	bytes_free(&self->rest);
}

/* What was received but not read stays with its session; at most SCRATCH_SIZE bytes. */
static int leave(struct tls_session *self)
{
	struct tls_scratch *scratch = self->scratch;
	size_t left = scratch->len - scratch->at;
	return left ? bytes_copy(&self->rest, scratch->bytes + scratch->at, left) : ERR_OK;
}

/* gnutls_pull_func: hands out of the scratch buffer, which one recv fills. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct tls_session *self = ptr;
	struct tls_scratch *scratch = self->scratch;
	if (scratch->at == scratch->len) {
		ssize_t got = recv(self->fd, scratch->bytes, sizeof scratch->bytes, 0);
		if (got == 0)
			self->ended = true;
		if (got <= 0)
			return got;
		scratch->at = 0;
		scratch->len = (size_t)got;
	}
	size_t left = scratch->len - scratch->at;
	size_t n = left < size ? left : size;
	memcpy(data, scratch->bytes + scratch->at, n);
	scratch->at += n;
	return (ssize_t)n;
}

static int fail(struct tls_session *self, enum tls_failure failure, int gnutls_code)
{
	self->failure = failure;
	return gnutls_code;
}

/* Before anything is verified with the key of a client's certificate. */
static int judge_size(struct tls_session *self, const gnutls_datum_t *message)
{
	bool tls13 = gnutls_protocol_get_version(self->gnutls) == GNUTLS_TLS1_3;
	if (keysize_message_fits(message->data, message->size, tls13, CLIENT_RSA_MAX))
		return 0;
	self->oversized = true;
	return fail(self, TLS_FAILURE_CLIENT_CERTIFICATE, GNUTLS_E_CERTIFICATE_ERROR);
}

/* gnutls_handshake_hook_func on every message: one on ClientHello alone would not see an SSLv2 hello. */
static int on_message(gnutls_session_t gnutls, unsigned type, unsigned when, unsigned incoming,
                      const gnutls_datum_t *message)
{
	(void)when;
	struct tls_session *self = gnutls_session_get_ptr(gnutls);
	if (incoming && type == GNUTLS_HANDSHAKE_CLIENT_HELLO_V2)
		return fail(self, TLS_FAILURE_SSLV2, GNUTLS_E_UNSUPPORTED_VERSION_PACKET);
	if (incoming && type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT)
		return judge_size(self, message);
	if (!incoming || type != GNUTLS_HANDSHAKE_CLIENT_HELLO)
		return 0;
	struct hello hello;
	if (hello_read(message->data, message->size, &hello))
		return fail(self, TLS_FAILURE_PROTOCOL, GNUTLS_E_UNEXPECTED_PACKET_LENGTH);
	struct tls_choice choice;
	enum tls_failure failure = tls_choose(self->setup, &hello, &choice);
	if (failure)
		return fail(self, failure, failure == TLS_FAILURE_VERSION ?
		            GNUTLS_E_UNSUPPORTED_VERSION_PACKET : GNUTLS_E_NO_CIPHER_SUITES);
	self->suite = choice.suite;
	self->client_version = hello.version;
	key_set_client_version(self->setup->key, hello.version);
	return gnutls_priority_set(gnutls, choice.priority);
}

int tls_verify_client(gnutls_session_t gnutls)
{
	struct tls_session *self = gnutls_session_get_ptr(gnutls);
	bool required = self->setup->client == TLS_CLIENT_REQUIRE;
	unsigned count = 0;
	if (!gnutls_certificate_get_peers(gnutls, &count)) /* called without a certificate, too */
		return required ? fail(self, TLS_FAILURE_CLIENT_CERTIFICATE, GNUTLS_E_CERTIFICATE_REQUIRED) : 0;
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned status = 0;
	int ret = gnutls_certificate_verify_peers(gnutls, &purpose, 1, &status);
	bool verified = ret >= 0 && !status;
	self->client = verified ? TLS_CLIENT_VERIFIED : TLS_CLIENT_UNVERIFIED;
	self->client_status = status;
	if (!verified && required)
		return fail(self, TLS_FAILURE_CLIENT_CERTIFICATE, GNUTLS_E_CERTIFICATE_ERROR);
	return 0;
}

/* Until a hello was read, a priority of one suite and one version is in force: what passes the hook by can get
 * no other. */
static gnutls_priority_t first_priority(const struct tls_setup *setup)
{
	if (setup->tls13[0])
		return setup->tls13[0];
	return setup->suites[0].version[TLS_1_2];
}

static int prepare(struct tls_session *self)
{
	const struct tls_setup *setup = self->setup;
	gnutls_session_t gnutls = self->gnutls;
	int ret = gnutls_priority_set(gnutls, first_priority(setup));
	if (ret >= 0)
		ret = gnutls_credentials_set(gnutls, GNUTLS_CRD_CERTIFICATE, setup->cred);
	if (ret < 0)
		return ret;
	if (setup->client != TLS_CLIENT_NONE)
		gnutls_certificate_server_set_request(gnutls, setup->client == TLS_CLIENT_REQUIRE ?
		                                      GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gnutls_session_set_ptr(gnutls, self);
	gnutls_handshake_set_max_packet_length(gnutls, HANDSHAKE_MESSAGE_MAX);
	gnutls_handshake_set_hook_function(gnutls, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, on_message);
	gnutls_transport_set_ptr2(gnutls, self, (gnutls_transport_ptr_t)(intptr_t)self->fd);
	gnutls_transport_set_pull_function(gnutls, pull);
	return 0;
}

int tls_session_new(const struct tls_setup *setup, struct tls_scratch *scratch, int fd,
                    struct tls_session **out)
{
	*out = NULL;
	struct tls_session *self = calloc(1, sizeof *self);
	if (!self)
		return ERR_MEMORY;
	self->setup = setup;
	self->scratch = scratch;
	self->fd = fd;
	int ret = gnutls_init(&self->gnutls, GNUTLS_SERVER | GNUTLS_NO_TICKETS | GNUTLS_NONBLOCK |
	                      GNUTLS_NO_SIGNAL);
	if (ret >= 0)
		ret = prepare(self);
	if (ret < 0) {
		tls_session_free(self);
		return ret == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : ERR_TLS;
	}
	*out = self;
	return ERR_OK;
}

void tls_session_free(struct tls_session *self)
{
	if (!self)
		return;
	if (self->gnutls)
		gnutls_deinit(self->gnutls);
	bytes_free(&self->rest);
	bytes_free(&self->unsent);
	free(self);
}

bool tls_wants_write(const struct tls_session *self)
{
	return self->wants_write;
}

bool tls_pending(const struct tls_session *self)
{
	return self->rest.bytes || gnutls_record_check_pending(self->gnutls) > 0;
}

/* GnuTLS's direction tells of its last operation, also of one that succeeded. */
static int wait_for(struct tls_session *self)
{
	self->wants_write = gnutls_record_get_direction(self->gnutls) == 1;
	return ERR_AGAIN;
}

/* Translates a code of GnuTLS that ended something; the text begins with `what`. */
static int translate(struct tls_session *self, int ret, const char *what, struct err *err)
{
	if (ret == GNUTLS_E_AGAIN || ret == GNUTLS_E_INTERRUPTED)
		return wait_for(self);
	if (self->ended)
		return err_set(err, ERR_NETWORK, "%sthe peer closed the connection", what);
	switch (ret) {
	case GNUTLS_E_MEMORY_ERROR: return err_set(err, ERR_MEMORY, "%sout of memory", what);
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR: return err_set(err, ERR_NETWORK, "%sthe connection broke", what);
	case GNUTLS_E_FATAL_ALERT_RECEIVED: {
		const char *name = gnutls_alert_get_name(gnutls_alert_get(self->gnutls));
		return err_set(err, ERR_TLS, "%sthe peer sent the alert \"%s\"", what,
		               name ? name : "unknown");
	}
	default: return err_set(err, ERR_TLS, "%s%s", what, gnutls_strerror(ret));
	}
}

static enum tls_failure failure_of(int ret)
{
	switch (ret) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED: return TLS_FAILURE_ALERT;
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR: return TLS_FAILURE_CLOSED;
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_INAPPROPRIATE_FALLBACK: return TLS_FAILURE_VERSION;
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_NO_COMMON_KEY_SHARE:
	case GNUTLS_E_UNWANTED_ALGORITHM: return TLS_FAILURE_NO_CIPHER;
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_CERTIFICATE_REQUIRED:
	case GNUTLS_E_CERTIFICATE_ERROR:
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR: return TLS_FAILURE_CLIENT_CERTIFICATE;
	default: return TLS_FAILURE_PROTOCOL;
	}
}

static int client_failed(const struct tls_session *self, struct err *err)
{
	char name[128], text[128];
	if (self->oversized)
		return err_set(err, ERR_TLS, "handshake: a certificate of the client is malformed, or its key is not RSA of "
		               "at most %d bits, EC or EdDSA", CLIENT_RSA_MAX);
	if (self->client == TLS_CLIENT_ABSENT)
		return err_set(err, ERR_TLS, "the client shows no certificate");
	tls_session_client_name(self, name, sizeof name);
	return err_set(err, ERR_TLS, "the certificate of client %s is not verified: %s",
	               log_escape(text, sizeof text, name, strlen(name)), tls_session_client_why(self));
}

static int handshake_failed(struct tls_session *self, int ret, struct err *err)
{
	if (!self->failure)
		self->failure = self->ended ? TLS_FAILURE_CLOSED : failure_of(ret);
	if (self->failure != TLS_FAILURE_CLOSED && self->failure != TLS_FAILURE_ALERT)
		(void)gnutls_alert_send_appropriate(self->gnutls, ret);
	switch ((enum tls_failure)self->failure) {
	case TLS_FAILURE_SSLV2:
		return err_set(err, ERR_TLS, "a hello in the format of SSLv2");
	case TLS_FAILURE_VERSION:
		return err_set(err, ERR_TLS, "no common TLS version");
	case TLS_FAILURE_NO_CIPHER:
		return err_set(err, ERR_TLS, "no common cipher suite");
	case TLS_FAILURE_CLIENT_CERTIFICATE: return client_failed(self, err);
	default: return translate(self, ret, "", err);
	}
}

int tls_handshake(struct tls_session *self, struct err *err)
{
	enter(self);
	int ret, tries = 0;
	do {
		key_set_client_version(self->setup->key, self->client_version);
		ret = gnutls_handshake(self->gnutls);
	} while (ret == GNUTLS_E_WARNING_ALERT_RECEIVED && ++tries < IDLE_RECORDS_MAX);
	int code = leave(self);
	if (code)
		return err_set(err, code, "out of memory");
	if (ret == GNUTLS_E_SUCCESS)
		return ERR_OK;
	if (ret == GNUTLS_E_AGAIN || ret == GNUTLS_E_INTERRUPTED)
		return wait_for(self);
	return handshake_failed(self, ret, err);
}

int tls_read(struct tls_session *self, void *out, size_t size, size_t *len, struct err *err)
{
	*len = 0;
	enter(self);
	ssize_t ret;
	int tries = 0;
	do
		ret = gnutls_record_recv(self->gnutls, out, size);
	while (ret == GNUTLS_E_WARNING_ALERT_RECEIVED && ++tries < IDLE_RECORDS_MAX);
	int code = leave(self);
	if (code)
		return err_set(err, code, "read: out of memory");
	if (ret < 0) {
		if (ret == GNUTLS_E_REHANDSHAKE)
			(void)gnutls_alert_send(self->gnutls, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE);
		return translate(self, (int)ret, "read: ", err);
	}
	*len = (size_t)ret;
	return ERR_OK;
}

/* Goes on with a record that GnuTLS holds, then with what it has not seen. */
static int send_unsent(struct tls_session *self)
{
	struct tls_bytes *unsent = &self->unsent;
	for (;;) {
		ssize_t ret;
		if (self->holds)
			ret = gnutls_record_send(self->gnutls, NULL, 0);
		else if (unsent->at < unsent->len)
			ret = gnutls_record_send(self->gnutls, unsent->bytes + unsent->at,
			                         unsent->len - unsent->at);
		else
			return 0;
		self->holds = ret == GNUTLS_E_AGAIN || ret == GNUTLS_E_INTERRUPTED;
		if (ret < 0)
			return (int)ret;
		unsent->at += (size_t)ret;
	}
}

int tls_write(struct tls_session *self, const void *bytes, size_t len, struct err *err)
{
	struct tls_bytes given = { (uint8_t *)bytes, 0, len };
	bool kept = self->unsent.bytes;
	self->wants_write = false;
	if (!kept)
		self->unsent = given; /* borrowed, unless the socket does not take it all */
	int ret = send_unsent(self);
	if (!kept) {
		given = self->unsent;
		self->unsent = (struct tls_bytes){ NULL, 0, 0 };
		if (self->holds &&
		    bytes_copy(&self->unsent, given.bytes + given.at, given.len - given.at))
			return err_set(err, ERR_MEMORY, "write: out of memory");
	}
	if (ret >= 0) {
		bytes_free(&self->unsent);
		return ERR_OK;
	}
	return translate(self, ret, "write: ", err);
}

void tls_bye(struct tls_session *self)
{
	(void)gnutls_bye(self->gnutls, GNUTLS_SHUT_WR);
}
