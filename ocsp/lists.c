#include "config.h"

#include "ocsp/lists.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "ocsp/recheck.h"
#include "truststore/base/clock.h"

/* Somebody who waits for a list. */
struct waiter {
	struct waiter *next;
	lists_ready_fn *ready;
	void *arg;
};

/* A list of one issuer at one URL. */
struct list {
	struct list *next;
	struct lists *lists;
	struct digest key;
	struct responder *server;
	char *url;
	struct cert *issuer;      /* own copies, for the time of the transfer */
	struct source source;
	struct waiter *waiting;   /* not NULL: a transfer is under way */
	uint8_t *form;            /* the short form, where it is not in the store */
	size_t form_len;
	int64_t fresh_until;      /* a new one is fetched after that */
	int64_t retry_at;         /* and not before that */
	enum fault fault;         /* of the last transfer */
	long http_status;
};

struct lists {
	struct store *store; /* NULL: none */
	struct fetch *fetch;
	struct responders *responders;
	const struct ocsp_settings *settings;
	int64_t fetched_since; /* what was fetched earlier is not fresh */
	struct list *first;
};

struct lists *lists_new(struct store *store, struct fetch *fetch, struct responders *responders,
                        const struct ocsp_settings *settings, bool force)
{
	struct lists *lists = calloc(1, sizeof *lists);
	if (!lists)
		return NULL;
	lists->store = store;
	lists->fetch = fetch;
	lists->responders = responders;
	lists->settings = settings;
	lists->fetched_since = force ? clock_now() : 0;
	return lists;
}

static void drop_copies(struct list *list)
{
	cert_free(list->issuer);
	list->issuer = NULL;
	source_free(&list->source);
}

void lists_free(struct lists *lists)
{
	while (lists && lists->first) {
		struct list *list = lists->first;
		lists->first = list->next;
		while (list->waiting) {
			struct waiter *waiter = list->waiting;
			list->waiting = waiter->next;
			free(waiter);
		}
		drop_copies(list);
		free(list->url);
		free(list->form);
		free(list);
	}
	free(lists);
}

/* The key of the database `crl`: SHA-256 over the issuer's certificate's SHA-256 and the URL. */
static void list_key(const struct cert *issuer, const char *url, struct digest *out)
{
	uint8_t bytes[DIGEST_SIZE + SOURCE_MAX_URL];
	size_t len = strnlen(url, SOURCE_MAX_URL);
	memcpy(bytes, cert_sha256(issuer)->byte, DIGEST_SIZE);
	memcpy(bytes + DIGEST_SIZE, url, len);
	digest_of(bytes, DIGEST_SIZE + len, out);
}

static struct list *find_list(struct lists *lists, const struct cert *issuer, const char *url)
{
	struct digest key;
	list_key(issuer, url, &key);
	for (struct list *known = lists->first; known; known = known->next)
		if (digest_equal(&known->key, &key))
			return known;
	struct list *list = calloc(1, sizeof *list);
	if (!list || !(list->url = strdup(url)) || !(list->server = responders_get(lists->responders, url))) {
		if (list)
			free(list->url);
		free(list);
		return NULL;
	}
	list->lists = lists;
	list->key = key;
	list->fresh_until = -1;
	list->next = lists->first;
	return lists->first = list;
}

/* --- looking */

struct looking {
	const struct list *list;
	const struct cert *cert; /* NULL: only the head is wanted */
	struct rules rules;
	struct crl head;         /* its pointers are void after the transaction */
	struct lists_answer *out;
	bool found;
};

static void look_in(struct looking *l, struct span form)
{
	if (crl_decode(form, &l->head))
		return;
	l->found = true;
	if (!l->cert)
		return;
	l->out->this_update = l->head.this_update;
	l->out->next_update = l->head.next_update;
	l->out->fault = crl_look_up(&l->head, l->cert, &l->rules, &l->out->entry, &l->out->until);
}

static int look_in_store(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	struct looking *l = arg;
	struct span form;
	if (txn_get(txn, STORE_CRL, l->list->key.byte, DIGEST_SIZE, &form) == ERR_OK)
		look_in(l, form);
	return ERR_OK;
}

/* Finds the list in memory or in the store; `found` says whether there is one. */
static void look(const struct list *list, struct looking *l)
{
	l->list = list;
	l->rules = ocsp_settings_rules(list->lists->settings);
	if (list->form)
		look_in(l, (struct span){ list->form, list->form_len });
	else if (list->lists->store)
		(void)store_read(list->lists->store, look_in_store, l, NULL);
}

/* A check must see what its certificate's issuer says now, and many checks come together: they share a list for as long
 * as checks come early, or up to halfway to its nextUpdate where that is sooner. */
static int64_t fresh_until(const struct crl *head, int64_t interval)
{
	int64_t shared = interval / RECHECK_MARGIN;
	int64_t half = head->next_update ? (head->next_update - head->fetched) / 2 : shared;
	return head->fetched + (half < shared ? half : shared);
}

/* --- keeping */

struct keeping {
	const struct list *list;
	struct span form;
	size_t total;
	bool full;
	int64_t now;
	struct txn *txn;
};

static int weigh(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct keeping *k = arg;
	struct crl head;
	if (crl_decode(value, &head) ||
	    (head.next_update ? head.next_update : head.fetched) + LISTS_KEEP < k->now)
		return txn_delete(k->txn, STORE_CRL, key.bytes, key.len);
	if (key.len != DIGEST_SIZE || memcmp(key.bytes, k->list->key.byte, DIGEST_SIZE) != 0)
		k->total += value.len;
	return ERR_OK;
}

static int keep(struct txn *txn, void *arg, struct err *err)
{
	struct keeping *k = arg;
	k->txn = txn;
	k->total = k->form.len;
	int code = txn_each(txn, STORE_CRL, NULL, 0, NULL, 0, weigh, k, err);
	k->full = k->total > LISTS_STORE_BYTES;
	if (code || k->full)
		return code;
	return txn_put(txn, STORE_CRL, k->list->key.byte, DIGEST_SIZE, k->form.bytes, k->form.len);
}

/* Takes ownership of `form`: into the store, else into memory. */
static void keep_form(struct list *list, uint8_t *form, size_t len)
{
	struct keeping k = { .list = list, .form = { form, len }, .now = clock_now() };
	free(list->form);
	list->form = NULL;
	if (list->lists->store && store_write(list->lists->store, keep, &k, NULL) == ERR_OK && !k.full) {
		free(form);
		return;
	}
	list->form = form;
	list->form_len = len;
}

/* --- fetching */

static void tell_waiters(struct list *list)
{
	struct waiter *waiter = list->waiting;
	list->waiting = NULL;
	while (waiter) {
		struct waiter *next = waiter->next;
		waiter->ready(waiter->arg);
		free(waiter);
		waiter = next;
	}
}

static enum fault take_list(struct list *list, const struct fetch_result *result)
{
	struct rules rules = ocsp_settings_rules(list->lists->settings);
	struct looking old = { .cert = NULL }, new = { .cert = NULL };
	uint8_t *form;
	size_t len;
	enum fault fault = crl_read(result->bytes, result->len, list->url, list->issuer, &list->source,
	                            &rules, &form, &len);
	if (fault)
		return fault;
	look(list, &old);
	look_in(&new, (struct span){ form, len });
	if (old.found && old.head.this_update > new.head.this_update)
		free(form); /* an older one, sent again */
	else
		keep_form(list, form, len);
	list->fresh_until = fresh_until(&new.head, list->lists->settings->interval);
	return FAULT_NONE;
}

static void fetched(const struct fetch_result *result, void *arg)
{
	struct list *list = arg;
	const struct ocsp_settings *settings = list->lists->settings;
	list->http_status = result->status;
	list->fault = result->fault ? result->fault : take_list(list, result);
	if (!responder_at_fault(list->fault))
		responder_answered(list->server, CERTID_SHA1, false);
	else
		responder_failed(list->server, list->fault, clock_now(), settings->interval);
	list->retry_at = clock_now() + LISTS_RETRY;
	drop_copies(list);
	if (result->len > 1024 * 1024)
		malloc_trim(0);
	tell_waiters(list);
}

static int copy_cert(const struct cert *cert, struct cert **out)
{
	size_t len;
	const uint8_t *der = cert_der(cert, &len);
	return cert_parse(der, len, out, NULL);
}

/* Starts the transfer; FAULT_NONE where it is under way. */
static enum fault start(struct list *list, const struct cert *cert, const struct cert *issuer)
{
	if (!responder_may_be_asked(list->server, clock_now(), list->lists->settings->interval))
		return list->server->fault;
	if (copy_cert(issuer, &list->issuer) || source_of(cert, NULL, &list->source))
		return FAULT_LOCAL;
	const struct fetch_request request = {
		.url = list->url, .accept = "application/pkix-crl, */*", .max_bytes = CRL_MAX_BYTES,
		.patience = LISTS_PATIENCE, .done = fetched, .arg = list
	};
	return fetch_start(list->lists->fetch, &request) ? FAULT_LOCAL : FAULT_NONE;
}

static bool add_waiter(struct list *list, lists_ready_fn *ready, void *arg)
{
	struct waiter *waiter = malloc(sizeof *waiter);
	if (!waiter)
		return false;
	*waiter = (struct waiter){ list->waiting, ready, arg };
	list->waiting = waiter;
	return true;
}

/* A time that lies further ahead than it was set was set before the clock went back: it does not count. */
static bool ahead(int64_t time, int64_t now, int64_t longest)
{
	return now < time && time - now <= longest;
}

/* True if there is nothing newer to be had now: it is fresh, or could not be fetched a moment ago. */
static bool settled(struct list *list)
{
	int64_t now = clock_now(), interval = list->lists->settings->interval;
	if (list->fresh_until < 0) { /* not looked at yet in this process */
		struct looking l = { .cert = NULL };
		look(list, &l);
		list->fresh_until = l.found && l.head.fetched >= list->lists->fetched_since
		                    ? fresh_until(&l.head, interval) : 0;
	}
	return ahead(list->fresh_until, now, interval / RECHECK_MARGIN) || ahead(list->retry_at, now, LISTS_RETRY);
}

enum lists_state lists_ask(struct lists *lists, const struct cert *cert, const struct cert *issuer,
                           const char *url, struct lists_answer *out, lists_ready_fn *ready, void *arg)
{
	*out = (struct lists_answer){ .fault = FAULT_LOCAL };
	struct list *list = find_list(lists, issuer, url);
	if (!list)
		return LISTS_FAILED;
	if (list->waiting)
		return add_waiter(list, ready, arg) ? LISTS_PENDING : LISTS_FAILED;
	if (!settled(list)) {
		if (!add_waiter(list, ready, arg))
			return LISTS_FAILED;
		list->fault = start(list, cert, issuer);
		if (!list->fault)
			return LISTS_PENDING;
		free(list->waiting);
		list->waiting = NULL;
		drop_copies(list);
		list->retry_at = clock_now() + LISTS_RETRY;
	}
	struct looking l = { .cert = cert, .out = out };
	look(list, &l);
	out->refresh = list->fault;
	if (l.found && !out->fault)
		return LISTS_READY;
	out->http_status = list->http_status;
	if (list->fault)
		out->fault = list->fault;
	else if (!l.found)
		out->fault = FAULT_CRL_MALFORMED;
	return LISTS_FAILED;
}
