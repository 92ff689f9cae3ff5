#include "certmon/send.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "certmon/spawn.h"

struct sender {
	const struct conf *conf;
	unsigned timeout_s;
	CURL *curl;
	char *password;
	char reply[SEND_REPLY_SIZE]; /* the last line that the server said */
	char words[CURL_ERROR_SIZE]; /* what libcurl said of the last failure */
	bool unreachable;            /* it came before anything could be sent */
	char down[ERR_TEXT_MAX];     /* why mail is not tried again; "": it is */
};

struct source {
	const char *bytes;
	size_t left;
};

static size_t give(char *room, size_t size, size_t count, void *arg)
{
	struct source *source = arg;
	size_t take = size * count < source->left ? size * count : source->left;
	memcpy(room, source->bytes, take);
	source->bytes += take;
	source->left -= take;
	return take;
}

/* Replies of the server come here line by line. */
static size_t take_reply(char *bytes, size_t size, size_t count, void *arg)
{
	struct sender *sender = arg;
	size_t len = size * count;
	while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	bool farewell = len >= 3 && !memcmp(bytes, "221", 3); /* the answer to QUIT says nothing (RFC 5321, 4.2.3) */
	if (len && !farewell) {
		char line[SEND_REPLY_SIZE];
		snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), bytes);
		for (char *c = line; *c; c++)
			if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
				*c = '?';
		memcpy(sender->reply, line, sizeof line);
	}
	return size * count;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * count;
}

int sender_new(const struct conf *conf, unsigned timeout_s, struct sender **out, struct err *err)
{
	struct sender *sender = calloc(1, sizeof *sender);
	*out = NULL;
	if (!sender)
		return err_set(err, ERR_MEMORY, "no memory");
	sender->conf = conf;
	sender->timeout_s = timeout_s;
	sender->curl = curl_easy_init();
	int code = sender->curl ? ERR_OK : err_set(err, ERR_MEMORY, "libcurl cannot be used");
	if (!code && conf_text(conf, "certmon", "password-file"))
		code = conf_secret(conf, "certmon", "password-file", &sender->password, err);
	if (code) {
		sender_free(sender);
		return code;
	}
	*out = sender;
	return ERR_OK;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	if (sender->curl)
		curl_easy_cleanup(sender->curl);
	conf_secret_free(sender->password);
	free(sender);
}

static const char *text(const struct sender *sender, const char *key)
{
	return conf_text(sender->conf, "certmon", key);
}

/* What every request has: nothing but the named protocols, time limits, no signals. */
static void prepare(struct sender *sender, const char *url, const char *protocols)
{
	CURL *curl = sender->curl;
	curl_easy_reset(curl);
	sender->reply[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)SEND_CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)sender->timeout_s);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, sender);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	if (text(sender, "ca-file"))
		curl_easy_setopt(curl, CURLOPT_CAINFO, text(sender, "ca-file"));
}

static bool was_unreachable(const struct sender *sender, CURLcode code)
{
	curl_off_t ready_us = 0;
	curl_easy_getinfo(sender->curl, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
	       (code == CURLE_OPERATION_TIMEDOUT && !ready_us);
}

/* libcurl would say QUIT to a server that hangs, and wait two more minutes for the answer. */
static void hang_up(struct sender *sender)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	if (!curl_easy_getinfo(sender->curl, CURLINFO_ACTIVESOCKET, &fd) && fd != CURL_SOCKET_BAD)
		shutdown(fd, SHUT_RDWR);
}

static int perform(struct sender *sender, const char *whom, char reply[SEND_REPLY_SIZE], struct err *err)
{
	sender->words[0] = '\0';
	curl_easy_setopt(sender->curl, CURLOPT_ERRORBUFFER, sender->words);
	CURLcode code = curl_easy_perform(sender->curl);
	snprintf(reply, SEND_REPLY_SIZE, "%s", sender->reply);
	if (code == CURLE_OK)
		return ERR_OK;
	sender->unreachable = was_unreachable(sender, code);
	if (code == CURLE_OPERATION_TIMEDOUT)
		hang_up(sender);
	if (!sender->words[0])
		snprintf(sender->words, sizeof sender->words, "%s", curl_easy_strerror(code));
	int kind = code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT
	           : code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED ? ERR_TLS : ERR_NETWORK;
	return err_set(err, kind, "%s: %s%s%s", whom, sender->words, sender->reply[0] ? "; the server said: " : "", sender->reply);
}

/* STARTTLS as configured; never less than TLS where a password is sent. */
static void set_tls(struct sender *sender)
{
	const char *starttls = text(sender, "starttls");
	bool must = !strcmp(starttls, "required") || sender->password;
	curl_easy_setopt(sender->curl, CURLOPT_USE_SSL,
	                 (long)(must ? CURLUSESSL_ALL : !strcmp(starttls, "try") ? CURLUSESSL_TRY : CURLUSESSL_NONE));
	if (must || strncmp(text(sender, "smtp"), "smtp:", 5))
		return;
	curl_easy_setopt(sender->curl, CURLOPT_SSL_VERIFYPEER, 0L); /* opportunistic: better than none (RFC 7435) */
	curl_easy_setopt(sender->curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static int send_smtp(struct sender *sender, const char *to, const char *message, size_t len,
                     char reply[SEND_REPLY_SIZE], struct err *err)
{
	struct source source = { message, len };
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	if (!recipients)
		return err_set(err, ERR_MEMORY, "no memory");
	prepare(sender, text(sender, "smtp"), "smtp,smtps");
	set_tls(sender);
	if (sender->password && text(sender, "user")) {
		curl_easy_setopt(sender->curl, CURLOPT_USERNAME, text(sender, "user"));
		curl_easy_setopt(sender->curl, CURLOPT_PASSWORD, sender->password);
	}
	curl_easy_setopt(sender->curl, CURLOPT_MAIL_FROM, text(sender, "from"));
	curl_easy_setopt(sender->curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(sender->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(sender->curl, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(sender->curl, CURLOPT_READDATA, &source);
	int code = perform(sender, to, reply, err);
	if (code == ERR_TIMEOUT || (code && sender->unreachable))
		snprintf(sender->down, sizeof sender->down, "%s", sender->words);
	curl_slist_free_all(recipients);
	return code;
}

/* Commands read lines as the system writes them. */
static int send_command(struct sender *sender, const char *to, const char *message, size_t len, struct err *err)
{
	char *lines = malloc(len + 1);
	size_t n = 0;
	if (!lines)
		return err_set(err, ERR_MEMORY, "no memory");
	for (size_t i = 0; i < len; i++)
		if (message[i] != '\r')
			lines[n++] = message[i];
	int code = spawn_feed(text(sender, "sendmail"), to, lines, n, sender->timeout_s, err);
	if (code == ERR_TIMEOUT)
		snprintf(sender->down, sizeof sender->down, "%s", err_text(err));
	free(lines);
	return code;
}

int sender_mail(struct sender *sender, const char *to, const char *message, size_t len,
                char reply[SEND_REPLY_SIZE], struct err *err)
{
	if (sender->down[0])
		return err_set(err, ERR_NETWORK, "%s: not tried any more: %s", to, sender->down);
	if (text(sender, "smtp"))
		return send_smtp(sender, to, message, len, reply, err);
	int code = send_command(sender, to, message, len, err);
	snprintf(reply, SEND_REPLY_SIZE, "%s", code ? err_text(err) : "the command took it");
	return code;
}

int sender_command(struct sender *sender, const char *json, size_t len, char reply[SEND_REPLY_SIZE], struct err *err)
{
	int code = spawn_feed(text(sender, "command"), NULL, json, len, sender->timeout_s, err);
	snprintf(reply, SEND_REPLY_SIZE, "%s", code ? err_text(err) : "ended with status 0");
	return code;
}

int sender_webhook(struct sender *sender, const char *json, size_t len, char reply[SEND_REPLY_SIZE], struct err *err)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	long status = 0;
	if (!headers)
		return err_set(err, ERR_MEMORY, "no memory");
	prepare(sender, text(sender, "webhook"), "http,https");
	curl_easy_setopt(sender->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(sender->curl, CURLOPT_POSTFIELDS, json);
	curl_easy_setopt(sender->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	int code = perform(sender, "webhook", reply, err);
	curl_easy_getinfo(sender->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	if (code)
		return code;
	snprintf(reply, SEND_REPLY_SIZE, "HTTP %ld", status);
	return status / 100 == 2 ? ERR_OK : err_set(err, ERR_NETWORK, "webhook: the server answered with HTTP status %ld", status);
}
