#include "truststore/tlspeer.h"

#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* All versions, and suites that NORMAL leaves out though old phones' servers still use them. */
static const char PRIORITY[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:+RSA:+SHA1:+SHA256:"
                               "+CAMELLIA-256-CBC:+CAMELLIA-128-CBC:+SIGN-RSA-SHA1:%VERIFY_ALLOW_SIGN_WITH_SHA1";

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
                     struct cert **out, struct err *err)
{
	int code = shake_hands(tls, fd, deadline_us);
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls, &count);
	if (chain && count) { /* it came before the handshake failed, if it did: a server may want one of ours */
		code = cert_parse(chain[0].data, chain[0].size, out, err);
		return code ? err_prefix(err, "the certificate of %s", target->text) : ERR_OK;
	}
	if (code == GNUTLS_E_TIMEDOUT)
		return err_set(err, ERR_TIMEOUT, "%s: no TLS handshake in time", target->text);
	if (code < 0)
		return err_set(err, ERR_TLS, "%s: TLS handshake: %s", target->text, gnutls_strerror(code));
	return err_set(err, ERR_TLS, "%s presents no certificate", target->text);
}

int tlspeer_certificate(const struct target *target, int64_t deadline_us, struct cert **out, struct err *err)
{
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_session_t tls = NULL;
	int fd, code = target_connect(target, deadline_us, &fd, err);
	*out = NULL;
	if (code)
		return err_prefix(err, "%s", target->text);
	if (gnutls_certificate_allocate_credentials(&credentials) || gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) ||
	    gnutls_priority_set_direct(tls, PRIORITY, NULL) || gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials)) {
		code = err_set(err, ERR_MEMORY, "no memory for a TLS session");
		goto end;
	}
	if (!target->numeric)
		gnutls_server_name_set(tls, GNUTLS_NAME_DNS, target->host, strlen(target->host));
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
