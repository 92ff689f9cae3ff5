#include "config.h"

#include "tvs/client.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/base/digest.h"
#include "truststore/base/keysize.h"
#include "tvs/tls.h"

/* NORMAL leaves out what only old phones' servers still use: Camellia, and SHA-256 as the MAC of CBC suites. */
#define SUITES "NORMAL:-VERS-ALL:+CAMELLIA-256-CBC:+CAMELLIA-128-CBC:+SHA256:+SIGN-RSA-SHA1:%s"

enum trust { TRUST_NOBODY, TRUST_LISTED, TRUST_PIN, TRUST_ANYBODY };

struct client_setup {
	gnutls_priority_t priority;
	gnutls_certificate_credentials_t credentials;
	enum trust trust;
	struct digest *known; /* the certificates that need no name: of --ca files, or pinned */
	size_t known_count;
};

struct client {
	const struct client_setup *setup;
	const struct target *target;
	gnutls_session_t session;
	int fd;
	struct cert *cert;      /* the server's, from the moment that it was shown */
	struct err identity;    /* why it was not accepted */
	char description[64];   /* "" until the handshake is done */
};

/* --- setup */

static int set_versions(struct client_setup *setup, const char *versions, struct err *err)
{
	char text[256];
	gnutls_priority_t priority;
	snprintf(text, sizeof text, SUITES, versions);
	int rc = gnutls_priority_init2(&priority, text, NULL, 0);
	if (rc)
		return err_set(err, ERR_TLS, "this GnuTLS does not offer that: %s", gnutls_strerror(rc));
	if (setup->priority)
		gnutls_priority_deinit(setup->priority);
	setup->priority = priority;
	return 0;
}

int client_setup_new(struct client_setup **out, struct err *err)
{
	struct client_setup *setup = calloc(1, sizeof *setup);
	int rc = setup ? 0 : err_set(err, ERR_MEMORY, "out of memory");
	if (!rc && gnutls_certificate_allocate_credentials(&setup->credentials))
		rc = err_set(err, ERR_MEMORY, "out of memory");
	if (!rc)
		rc = set_versions(setup, "+VERS-TLS1.3:+VERS-TLS1.2", err);
	if (rc) {
		client_setup_free(setup);
		setup = NULL;
	}
	*out = setup;
	return rc;
}

void client_setup_free(struct client_setup *setup)
{
	if (!setup)
		return;
	if (setup->priority)
		gnutls_priority_deinit(setup->priority);
	if (setup->credentials)
		gnutls_certificate_free_credentials(setup->credentials);
	free(setup->known);
	free(setup);
}

static const char *const tls_versions[] = { "1.0", "1.1", "1.2", "1.3" };

const char *client_tls_version(size_t i)
{
	return i < sizeof tls_versions / sizeof *tls_versions ? tls_versions[i] : NULL;
}

int client_setup_tls(struct client_setup *setup, const char *version, struct err *err)
{
	char text[32];
	for (size_t i = 0; client_tls_version(i); i++) {
		if (strcmp(version, tls_versions[i]) != 0)
			continue;
		snprintf(text, sizeof text, "+VERS-TLS%s", version);
		return set_versions(setup, text, err);
	}
	return err_set(err, ERR_USAGE, "'%s' is not a TLS version (1.0, 1.1, 1.2, 1.3)", version);
}

static int add_known(struct client_setup *setup, const struct digest *digest, struct err *err)
{
	size_t count = setup->known_count + 1;
	struct digest *known = realloc(setup->known, count * sizeof *known);
	if (!known)
		return err_set(err, ERR_MEMORY, "out of memory");
	known[setup->known_count] = *digest;
	setup->known = known;
	setup->known_count = count;
	return 0;
}

static int add_ca(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct client_setup *setup = arg;
	gnutls_x509_crt_t crt = cert_gnutls(cert);
	int rc = add_known(setup, cert_sha256(cert), err);
	if (!rc && gnutls_certificate_set_x509_trust(setup->credentials, &crt, 1) < 0)
		rc = err_set(err, ERR_MALFORMED, "%s: certificate %u cannot be used", place->file,
		             place->number);
	cert_free(cert);
	return rc;
}

int client_setup_ca(struct client_setup *setup, const char *file, struct err *err)
{
	setup->trust = TRUST_LISTED;
	return cert_read_file(file, add_ca, setup, err);
}

int client_setup_pin(struct client_setup *setup, const char *sha256, struct err *err)
{
	struct digest pin;
	size_t len;
	if (hex_decode(sha256, pin.byte, sizeof pin.byte, &len) || len != sizeof pin.byte)
		return err_set(err, ERR_USAGE, "'%s' is not a SHA-256 (64 hexadecimal digits)", sha256);
	setup->trust = TRUST_PIN;
	return add_known(setup, &pin, err);
}

void client_setup_insecure(struct client_setup *setup)
{
	setup->trust = TRUST_ANYBODY;
}

int client_setup_own(struct client_setup *setup, const char *cert, const char *key, struct err *err)
{
	int rc = gnutls_certificate_set_x509_key_file2(setup->credentials, cert, key,
	                                               GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return err_set(err, ERR_REFUSED, "the key %s does not fit the certificate %s", key, cert);
	if (rc < 0)
		return err_set(err, ERR_MALFORMED, "client certificate %s with key %s: %s", cert, key,
		               gnutls_strerror(rc));
	return 0;
}

/* --- who is it? */

static bool is_known(const struct client *client)
{
	for (size_t i = 0; i < client->setup->known_count; i++)
		if (digest_equal(&client->setup->known[i], cert_sha256(client->cert)))
			return true;
	return false;
}

/* GnuTLS's sentences end in ". ", several in a row. */
static int refuse_status(struct client *client, unsigned status)
{
	char hex[DIGEST_HEX_SIZE];
	gnutls_datum_t text = { NULL, 0 };
	(void)gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
	size_t len = text.data ? strlen((char *)text.data) : 0;
	while (len > 0 && strchr(". ", text.data[len - 1]))
		text.data[--len] = '\0';
	err_set(&client->identity, ERR_REFUSED, "its certificate (%s, SHA-256 %s) is none of those that are known, nor issued by one: %s",
	        cert_subject(client->cert), digest_hex(cert_sha256(client->cert), hex), len ? (char *)text.data : "not verified");
	gnutls_free(text.data);
	return -1;
}

/* It does not stand in the list itself: then it chains to one that does, and has the name. */
static int verify_chain(struct client *client)
{
	gnutls_typed_vdata_st wanted[] = {
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)(uintptr_t)client->target->host },
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER },
	};
	unsigned status = 0;
	int rc = gnutls_certificate_verify_peers(client->session, wanted, 2, &status);
	if (rc == 0 && status == 0)
		return 0;
	if (rc == 0)
		return refuse_status(client, status);
	err_set(&client->identity, ERR_REFUSED, "its certificate cannot be verified: %s",
	        gnutls_strerror(rc));
	return -1;
}

static int judge(struct client *client)
{
	char hex[DIGEST_HEX_SIZE];
	switch (client->setup->trust) {
	case TRUST_ANYBODY:
		return 0;
	case TRUST_LISTED:
		return is_known(client) ? 0 : verify_chain(client);
	case TRUST_PIN:
		if (is_known(client))
			return 0;
		err_set(&client->identity, ERR_REFUSED, "its certificate has another SHA-256: %s",
		        digest_hex(cert_sha256(client->cert), hex));
		return -1;
	case TRUST_NOBODY:
		break;
	}
	err_set(&client->identity, ERR_REFUSED, "it is not said how the server shows who it is");
	return -1;
}

/* Called by the handshake as soon as the server has shown its certificate. */
static int on_certificate(gnutls_session_t session)
{
	struct client *client = gnutls_session_get_ptr(session);
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);
	if (!list || count == 0 || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509) {
		err_set(&client->identity, ERR_REFUSED, "it shows no certificate");
		return -1;
	}
	cert_free(client->cert);
	client->cert = NULL;
	if (cert_parse(list[0].data, list[0].size, &client->cert, &client->identity)) {
		err_prefix(&client->identity, "its certificate is malformed");
		return -1;
	}
	return judge(client);
}

/* --- the connection */

static int out_of_time(const struct client *client, struct err *err)
{
	return err_set(err, ERR_TIMEOUT, "%s: no answer in time", client->target->text);
}

/* What a failed call of GnuTLS means. */
static int failed(struct client *client, int rc, const char *what, struct err *err)
{
	const char *name = client->target->text;
	if (client->identity.code)
		return err_set(err, client->identity.code, "%s: %s", name, client->identity.text);
	if (rc == GNUTLS_E_CERTIFICATE_ERROR)
		return err_set(err, ERR_TLS, "%s: %s: %s", name, what, KEYSIZE_REFUSED);
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return err_set(err, ERR_TLS, "%s: %s refused with the alert '%s'", name, what,
		               gnutls_alert_get_name(gnutls_alert_get(client->session)));
	if (rc == 0 || rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_PULL_ERROR ||
	    rc == GNUTLS_E_PUSH_ERROR)
		return err_set(err, ERR_NETWORK, "%s: %s: the connection was closed", name, what);
	return err_set(err, ERR_TLS, "%s: %s: %s", name, what, gnutls_strerror(rc));
}

/* True if the call is to be repeated; else `*rc` is final. Waits for the socket. */
static bool again(struct client *client, int64_t deadline_us, ssize_t *rc)
{
	if (*rc == GNUTLS_E_AGAIN) {
		short events = gnutls_record_get_direction(client->session) ? POLLOUT : POLLIN;
		if (target_wait(client->fd, events, deadline_us)) {
			*rc = GNUTLS_E_TIMEDOUT;
			return false;
		}
		return true;
	}
	/* a peer that keeps us busy with what is not an answer has the same time */
	if (*rc < 0 && !gnutls_error_is_fatal((int)*rc)) {
		if (clock_monotonic_us() < deadline_us)
			return true;
		*rc = GNUTLS_E_TIMEDOUT;
	}
	return false;
}

static int shake_hands(struct client *client, int64_t deadline_us, struct err *err)
{
	ssize_t rc;
	do
		rc = gnutls_handshake(client->session);
	while (again(client, deadline_us, &rc));
	if (rc == 0)
		return 0;
	if (rc == GNUTLS_E_TIMEDOUT)
		return out_of_time(client, err);
	(void)gnutls_alert_send_appropriate(client->session, (int)rc);
	return failed(client, (int)rc, "TLS handshake", err);
}

static int prepare(struct client *client, struct err *err)
{
	const struct client_setup *setup = client->setup;
	const struct target *target = client->target;
	/* GNUTLS_FORCE_CLIENT_CERT: a phone shows its only certificate, whichever issuers the server names */
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS |
	                 GNUTLS_FORCE_CLIENT_CERT;
	int rc = gnutls_init(&client->session, flags);
	if (rc == 0)
		rc = gnutls_priority_set(client->session, setup->priority);
	if (rc == 0)
		rc = gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, setup->credentials);
	if (rc == 0 && !target->numeric)
		rc = gnutls_server_name_set(client->session, GNUTLS_NAME_DNS, target->host,
		                            strlen(target->host));
	if (rc)
		return err_set(err, ERR_TLS, "%s: %s", target->text, gnutls_strerror(rc));
	gnutls_session_set_ptr(client->session, client);
	gnutls_session_set_verify_function(client->session, on_certificate);
	gnutls_handshake_set_hook_function(client->session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE,
	                                   keysize_hook);
	gnutls_transport_set_int(client->session, client->fd);
	return 0;
}

/* Fills in a new client; what it got hold of is there to be freed even where this fails. */
static int open_all(struct client *client, int64_t deadline_us, struct err *err)
{
	int rc = target_connect(client->target, deadline_us, &client->fd, err);
	if (rc) {
		err_prefix(err, "%s", client->target->text);
		return rc;
	}
	rc = prepare(client, err);
	if (!rc)
		rc = shake_hands(client, deadline_us, err);
	if (!rc)
		snprintf(client->description, sizeof client->description, "%s %s",
		         tls_version_name(tls_version_of(client->session)), tls_cipher_of(client->session));
	return rc;
}

int client_open(const struct client_setup *setup, const struct target *target, int64_t deadline_us,
                struct client **out, struct err *err)
{
	struct client *client = *out = calloc(1, sizeof *client);
	if (!client)
		return err_set(err, ERR_MEMORY, "out of memory");
	client->setup = setup;
	client->target = target;
	client->fd = -1;
	int rc = open_all(client, deadline_us, err);
	if (rc) {
		client_free(client);
		*out = NULL;
	}
	return rc;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->session) {
		if (client->description[0])
			(void)gnutls_bye(client->session, GNUTLS_SHUT_WR);
		gnutls_deinit(client->session);
	}
	if (client->fd >= 0)
		close(client->fd);
	cert_free(client->cert);
	free(client);
}

int client_send(struct client *client, const void *bytes, size_t len, int64_t deadline_us,
                struct err *err)
{
	const uint8_t *at = bytes;
	while (len > 0) {
		ssize_t n;
		do
			n = gnutls_record_send(client->session, at, len);
		while (again(client, deadline_us, &n));
		if (n == GNUTLS_E_TIMEDOUT)
			return out_of_time(client, err);
		if (n <= 0)
			return failed(client, (int)n, "request", err);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int client_receive(struct client *client, void *out, size_t len, int64_t deadline_us, struct err *err)
{
	uint8_t *at = out;
	while (len > 0) {
		ssize_t n;
		do
			n = gnutls_record_recv(client->session, at, len);
		while (again(client, deadline_us, &n));
		if (n == GNUTLS_E_TIMEDOUT)
			return out_of_time(client, err);
		if (n <= 0)
			return failed(client, (int)n, "answer", err);
		at += n;
		len -= (size_t)n;
		if (len > 0 && clock_monotonic_us() >= deadline_us)
			return out_of_time(client, err);
	}
	return 0;
}

const char *client_describe(const struct client *client)
{
	return client->description;
}

const struct cert *client_certificate(const struct client *client)
{
	return client->cert;
}
