#include "config.h"

#include "tvs/tell.h"

#include <string.h>

#include "truststore/base/clock.h"
#include "tvs/answerline.h"

enum {
	DEVICE_TEXT = 128, /* of what a phone calls itself */
	HEAD_BYTES = 16    /* of a malformed frame */
};

void tell_answer(struct conn_env *env, const struct address *peer, const struct tls_session *tls,
                 const struct respond_result *result)
{
	bool query = result->request.type == PROTO_QUERY_REQ;
	int64_t us = clock_monotonic_us() - env->now_us;
	metrics_add(&env->metrics->answers[query][result->verdict.reason], 1);
	metrics_latency(env->metrics, us);
	if (log_shows(env->log, LOG_LEVEL_INFO))
		answerline(env->log, peer, tls, result, us);
}

void tell_malformed(struct conn_env *env, const struct address *peer, enum proto_error error,
                    const uint8_t *bytes, size_t len)
{
	char address[ADDRESS_TEXT_SIZE], head[2 * HEAD_BYTES + 1];
	metrics_add(&env->metrics->failures[METRICS_FAILURE_MALFORMED], 1);
	metrics_add(&env->metrics->malformed[error], 1);
	log_line(env->log, LOG_LEVEL_NOTICE, "malformed frame address=%s reason=malformed error=%s head=%s",
	         address_format(peer, address), proto_error_name(error),
	         hex_encode(bytes, len < HEAD_BYTES ? len : HEAD_BYTES, false, head));
}

void tell_client(struct conn_env *env, const struct address *peer, const struct tls_session *tls)
{
	char address[ADDRESS_TEXT_SIZE], name[DEVICE_TEXT], text[DEVICE_TEXT];
	if (tls_session_client(tls) != TLS_CLIENT_UNVERIFIED)
		return;
	tls_session_client_name(tls, name, sizeof name);
	log_line(env->log, LOG_LEVEL_NOTICE, "client certificate not verified address=%s cn=%s reason=%s",
	         address_format(peer, address), log_escape(text, sizeof text, name, strlen(name)),
	         tls_session_client_why(tls));
}

void tell_handshake_failure(struct conn_env *env, const struct address *peer,
                            const struct tls_session *tls, const struct err *why)
{
	char address[ADDRESS_TEXT_SIZE];
	enum tls_failure kind = tls_session_failure(tls);
	metrics_add(&env->metrics->failures[METRICS_FAILURE_HANDSHAKE], 1);
	metrics_add(&env->metrics->handshake_failures[kind], 1);
	log_line(env->log, LOG_LEVEL_NOTICE, "handshake failed: %s address=%s reason=%s", err_text(why),
	         address_format(peer, address), tls_failure_name(kind));
}

void tell_late_handshake(struct conn_env *env, const struct address *peer)
{
	char address[ADDRESS_TEXT_SIZE];
	metrics_add(&env->metrics->failures[METRICS_FAILURE_HANDSHAKE_TIMEOUT], 1);
	if (ration_take(&env->late))
		log_line(env->log, LOG_LEVEL_NOTICE, "%s address=%s", env->late.what,
		         address_format(peer, address));
}

void tell_failure(struct conn_env *env, const struct address *peer, enum metrics_failure failure,
                  const char *why)
{
	char address[ADDRESS_TEXT_SIZE];
	metrics_add(&env->metrics->failures[failure], 1);
	log_line(env->log, failure >= METRICS_FAILURE_STORE ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE,
	         "connection failed: %s address=%s reason=%s", why, address_format(peer, address),
	         metrics_failure_name(failure));
}
