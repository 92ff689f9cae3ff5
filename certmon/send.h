/* Delivery of one message or one notice to one channel. The only place here that uses libcurl. */
#ifndef TVS_CERTMON_SEND_H
#define TVS_CERTMON_SEND_H

#include <stddef.h>

#include "truststore/base/conf.h"
#include "truststore/base/err.h"

enum {
	SEND_REPLY_SIZE = 512,
	SEND_TIMEOUT_S = 120, /* for one message */
	SEND_CONNECT_TIMEOUT_S = 30 /* until the server has greeted and taken the password; many let strangers wait */
};

struct sender;

/* All deliveries: the caller has seen that the channel is configured. */

/* Opens what all messages of a run share (a connection is used again). Each gets `timeout_s` seconds. ERR_CONFIG, ERR_SYSTEM. */
int sender_new(const struct conf *conf, unsigned timeout_s, struct sender **out, struct err *err);
void sender_free(struct sender *sender);

/* A mail, over [certmon] smtp or through [certmon] sendmail, with line ends CR LF. `reply` gets the server's last line, or how the
 * command ended. 0 when it was accepted for delivery. ERR_TIMEOUT where the time was over. After
 * that, or when the mail server could not be reached, this sender does not try again: the next one would take as long. */
int sender_mail(struct sender *sender, const char *to, const char *message, size_t len,
                char reply[SEND_REPLY_SIZE], struct err *err);

/* JSON to the standard input of [certmon] command, started without a shell; it must exit with 0 in time. */
int sender_command(struct sender *sender, const char *json, size_t len, char reply[SEND_REPLY_SIZE], struct err *err);

/* JSON by POST to [certmon] webhook (http, https); any 2xx counts. */
int sender_webhook(struct sender *sender, const char *json, size_t len, char reply[SEND_REPLY_SIZE], struct err *err);

#endif
