#include "truststore/tlspeer.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/keysize.h"

/* Suites that NORMAL leaves out though old phones' servers still use them. */
#define OLD "+RSA:+SHA1:+SHA256:+SHA384:+AES-256-CCM-8:+AES-128-CCM-8:+CAMELLIA-256-CBC:+CAMELLIA-128-CBC:+SIGN-RSA-SHA1:%VERIFY_ALLOW_SIGN_WITH_SHA1"
#define APPROVED "-CHACHA20-POLY1305:-SIGN-ALL:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:" \
	"+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:" \
	"+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA512:" \
	"-GROUP-ALL:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:+GROUP-FFDHE2048:+GROUP-FFDHE3072:+GROUP-FFDHE4096"

enum { PRIORITY_MAX = 768 };

static int set_priority(gnutls_session_t tls, const struct tlspeer_offer *offer)
{
	static const struct {
		gnutls_protocol_t version;
		const char *word;
	} versions[] = {
		{ GNUTLS_TLS1_3, ":+VERS-TLS1.3" }, { GNUTLS_TLS1_2, ":+VERS-TLS1.2" },
		{ GNUTLS_TLS1_1, ":+VERS-TLS1.1" }, { GNUTLS_TLS1_0, ":+VERS-TLS1.0" },
	};
	char text[PRIORITY_MAX] = "NORMAL:-VERS-ALL";
	size_t len = strlen(text);
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
		if (versions[i].version >= offer->min && versions[i].version <= offer->max)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s", versions[i].word);
	snprintf(text + len, sizeof text - len, ":%s", offer->approved ? APPROVED : OLD);
	return gnutls_priority_set_direct(tls, text, NULL);
}

static int shake_hands(gnutls_session_t tls, int fd, int64_t deadline_us)
{
	for (;;) {
		int code = gnutls_handshake(tls);
		if (code == GNUTLS_E_SUCCESS || (code < 0 && gnutls_error_is_fatal(code)))
			return code;
		if (code == GNUTLS_E_AGAIN && target_wait(fd, gnutls_record_get_direction(tls) ? POLLOUT : POLLIN, deadline_us))
			return GNUTLS_E_TIMEDOUT;
	}
}

static int presented(const struct target *target, gnutls_session_t tls, int fd, int64_t deadline_us,
                     struct tlspeer *out, struct err *err)
{
	int code = shake_hands(tls, fd, deadline_us);
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls, &count);
	out->finished = code == GNUTLS_E_SUCCESS;
	if (out->finished) {
		out->kx = gnutls_kx_get(tls);
		out->cipher = gnutls_cipher_get(tls);
		out->mac = gnutls_mac_get(tls);
	}
	if (chain && count) { /* it came before the handshake failed, if it did: a server may want one of ours */
		code = cert_parse(chain[0].data, chain[0].size, &out->cert, err);
		return code ? err_prefix(err, "the certificate of %s", target->text) : ERR_OK;
	}
	if (code == GNUTLS_E_TIMEDOUT)
		return err_set(err, ERR_TIMEOUT, "%s: no TLS handshake in time", target->text);
	if (code < 0)
		return err_set(err, ERR_TLS, "%s: TLS handshake: %s", target->text,
		               code == GNUTLS_E_CERTIFICATE_ERROR ? KEYSIZE_REFUSED : gnutls_strerror(code));
	return err_set(err, ERR_TLS, "%s presents no certificate", target->text);
}

int tlspeer_ask(const struct target *target, const struct tlspeer_offer *offer, int64_t deadline_us,
                struct tlspeer *out, struct err *err)
{
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_session_t tls = NULL;
	int fd, code = target_connect(target, deadline_us, &fd, err);
	*out = (struct tlspeer){ .cert = NULL };
	if (code)
		return err_prefix(err, "%s", target->text);
	if (gnutls_certificate_allocate_credentials(&credentials) || gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) ||
	    set_priority(tls, offer) || gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials)) {
		code = err_set(err, ERR_MEMORY, "no memory for a TLS session");
		goto end;
	}
	if (!target->numeric)
		gnutls_server_name_set(tls, GNUTLS_NAME_DNS, target->host, strlen(target->host));
	gnutls_handshake_set_hook_function(tls, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE, keysize_hook);
	gnutls_transport_set_int(tls, fd);
	code = presented(target, tls, fd, deadline_us, out, err);
	if (!code)
		gnutls_bye(tls, GNUTLS_SHUT_WR);
end:
	if (tls)
		gnutls_deinit(tls);
	if (credentials)
		gnutls_certificate_free_credentials(credentials);
	close(fd);
	return code;
}

int tlspeer_certificate(const struct target *target, int64_t deadline_us, struct cert **out, struct err *err)
{
	static const struct tlspeer_offer everything = { GNUTLS_TLS1_0, GNUTLS_TLS1_3, false };
	struct tlspeer peer;
	int code = tlspeer_ask(target, &everything, deadline_us, &peer, err);
	*out = peer.cert;
	return code;
}
