#include "config.h"

#include "ocsp/fetch.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct transfer {
	struct fetch *fetch;
	struct transfer *next, *previous;
	CURL *easy;
	struct curl_slist *headers;
	char detail[CURL_ERROR_SIZE];
	uint8_t *bytes;
	size_t len, room, max_bytes, head_len;
	bool too_large, no_memory;
	fetch_done_fn *done;
	void *arg;
};

struct fetch {
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer timer;
	char *proxy;
	long timeout_ms;
	struct transfer *first;
	size_t active;
};

/* --- libcurl's sockets and timer on the loop */

struct watch {
	ev_io io;
	struct fetch *fetch;
};

static void finish_transfers(struct fetch *fetch);

static void act(struct fetch *fetch, curl_socket_t socket, int events)
{
	int running;
	curl_multi_socket_action(fetch->multi, socket, events, &running);
	finish_transfers(fetch);
}

static void on_socket(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	struct watch *watch = io->data;
	act(watch->fetch, io->fd, (events & EV_READ ? CURL_CSELECT_IN : 0) |
	                          (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
	(void)easy;
	struct fetch *fetch = arg;
	struct watch *watch = socket_arg;
	if (watch)
		ev_io_stop(fetch->loop, &watch->io);
	if (what == CURL_POLL_REMOVE) {
		free(watch);
		return 0;
	}
	if (!watch) {
		watch = calloc(1, sizeof *watch);
		if (!watch)
			return -1;
		watch->fetch = fetch;
		curl_multi_assign(fetch->multi, socket, watch);
	}
	ev_io_init(&watch->io, on_socket, socket,
	           (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	watch->io.data = watch;
	ev_io_start(fetch->loop, &watch->io);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	struct fetch *fetch = arg;
	ev_timer_stop(fetch->loop, &fetch->timer);
	if (timeout_ms >= 0) {
		ev_timer_set(&fetch->timer, (double)timeout_ms / 1000, 0);
		ev_timer_start(fetch->loop, &fetch->timer);
	}
	return 0;
}

struct fetch *fetch_new(struct ev_loop *loop, const char *proxy, int64_t timeout)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (!fetch)
		return NULL;
	fetch->loop = loop;
	fetch->timeout_ms = (long)timeout * 1000;
	fetch->multi = curl_multi_init();
	fetch->proxy = strdup(proxy ? proxy : "");
	if (!fetch->multi || !fetch->proxy) {
		fetch_free(fetch);
		return NULL;
	}
	ev_timer_init(&fetch->timer, on_timer, 0, 0);
	fetch->timer.data = fetch;
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
	return fetch;
}

/* --- transfers */

static void free_transfer(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	free(transfer->bytes);
	free(transfer);
}

static void unlink_transfer(struct transfer *transfer)
{
	struct fetch *fetch = transfer->fetch;
	curl_multi_remove_handle(fetch->multi, transfer->easy);
	if (transfer->previous)
		transfer->previous->next = transfer->next;
	else
		fetch->first = transfer->next;
	if (transfer->next)
		transfer->next->previous = transfer->previous;
	fetch->active--;
}

void fetch_free(struct fetch *fetch)
{
	if (!fetch)
		return;
	while (fetch->first) {
		struct transfer *transfer = fetch->first;
		unlink_transfer(transfer);
		free_transfer(transfer);
	}
	curl_multi_cleanup(fetch->multi);
	ev_timer_stop(fetch->loop, &fetch->timer);
	free(fetch->proxy);
	free(fetch);
}

size_t fetch_active(const struct fetch *fetch)
{
	return fetch->active;
}

/* Memory grows with what has come, not with what was announced. */
static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * count;
	if (len > transfer->max_bytes - transfer->len) {
		transfer->too_large = true;
		return 0;
	}
	if (len > transfer->room - transfer->len) {
		size_t room = 2 * transfer->room + len;
		uint8_t *larger = realloc(transfer->bytes, room);
		if (!larger) {
			transfer->no_memory = true;
			return 0;
		}
		transfer->bytes = larger;
		transfer->room = room;
	}
	memcpy(transfer->bytes + transfer->len, bytes, len);
	transfer->len += len;
	return len;
}

/* libcurl keeps the header lines: called for each, before that. */
static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * count;
	(void)bytes;
	if (len > FETCH_MAX_HEAD - transfer->head_len) {
		transfer->too_large = true;
		return 0;
	}
	transfer->head_len += len;
	return len;
}

/* libcurl has no other word for a header line without an end, which it takes up to a limit of its own. */
static enum fault no_memory(const struct transfer *transfer)
{
	curl_off_t first_byte_us = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
	return first_byte_us ? FAULT_TOO_LARGE : FAULT_LOCAL;
}

static enum fault fault_of(const struct transfer *transfer, CURLcode code, long status)
{
	long redirects = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
	if (transfer->too_large)
		return FAULT_TOO_LARGE;
	if (transfer->no_memory)
		return FAULT_LOCAL;
	switch (code) {
	case CURLE_OK: return status == 200 ? FAULT_NONE : FAULT_HTTP_STATUS;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY: return FAULT_RESOLVE;
	case CURLE_COULDNT_CONNECT: return FAULT_CONNECT;
	case CURLE_OPERATION_TIMEDOUT: return FAULT_TIMEOUT;
	case CURLE_TOO_MANY_REDIRECTS: return FAULT_REDIRECT;
	case CURLE_UNSUPPORTED_PROTOCOL: return redirects ? FAULT_REDIRECT : FAULT_NETWORK; /* HTTP/0.9, say */
	case CURLE_URL_MALFORMAT: return redirects ? FAULT_REDIRECT : FAULT_URL;
	case CURLE_PARTIAL_FILE: return FAULT_TRUNCATED;
	case CURLE_FILESIZE_EXCEEDED: return FAULT_TOO_LARGE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return FAULT_TLS;
	case CURLE_OUT_OF_MEMORY: return no_memory(transfer);
	case CURLE_FAILED_INIT: return FAULT_LOCAL;
	default: return FAULT_NETWORK;
	}
}

static void finish(struct transfer *transfer, CURLcode code)
{
	struct fetch_result result = { .detail = transfer->detail };
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &result.status);
	result.fault = fault_of(transfer, code, result.status);
	if (!result.fault) {
		result.bytes = transfer->bytes;
		result.len = transfer->len;
	}
	unlink_transfer(transfer);
	transfer->done(&result, transfer->arg);
	free_transfer(transfer);
}

static void finish_transfers(struct fetch *fetch)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(fetch->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct transfer *transfer = NULL;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		finish(transfer, code);
	}
}

static bool add_header(struct transfer *transfer, const char *name, const char *value)
{
	char line[128];
	if (!value)
		return true;
	snprintf(line, sizeof line, "%s: %s", name, value);
	struct curl_slist *headers = curl_slist_append(transfer->headers, line);
	if (headers)
		transfer->headers = headers;
	return headers != NULL;
}

static void limit_transfer(struct transfer *transfer, const struct fetch_request *request)
{
	CURL *easy = transfer->easy;
	long timeout_ms = transfer->fetch->timeout_ms;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms * (long)request->patience);
	if (request->patience > 1) {
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)FETCH_SLOWEST);
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, timeout_ms / 1000);
	}
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)FETCH_MAX_REDIRECTS);
	curl_easy_setopt(easy, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, transfer->fetch->proxy); /* "" also switches the environment's off */
}

static bool set_up(struct transfer *transfer, const struct fetch_request *request)
{
	CURL *easy = transfer->easy;
	limit_transfer(transfer, request);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "ocspcheck");
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK ||
	    !add_header(transfer, "Accept", request->accept))
		return false;
	if (request->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body_len);
		if (curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body) != CURLE_OK ||
		    !add_header(transfer, "Content-Type", request->type))
			return false;
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	return true;
}

int fetch_start(struct fetch *fetch, const struct fetch_request *request)
{
	struct transfer *transfer = calloc(1, sizeof *transfer);
	if (!transfer)
		return ERR_MEMORY;
	transfer->fetch = fetch;
	transfer->max_bytes = request->max_bytes;
	transfer->done = request->done;
	transfer->arg = request->arg;
	transfer->easy = curl_easy_init();
	if (!transfer->easy || !set_up(transfer, request) ||
	    curl_multi_add_handle(fetch->multi, transfer->easy) != CURLM_OK) {
		free_transfer(transfer);
		return ERR_MEMORY;
	}
	transfer->next = fetch->first;
	if (fetch->first)
		fetch->first->previous = transfer;
	fetch->first = transfer;
	fetch->active++;
	return ERR_OK;
}
