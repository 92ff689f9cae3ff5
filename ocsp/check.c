#include "ocsp/check.h"

#include <stdlib.h>
#include <string.h>

#include "ocsp/delegates.h"
#include "ocsp/request.h"
#include "truststore/base/clock.h"

struct checker {
	struct store *store;
	const struct ocsp_settings *settings;
	struct fetch *fetch;
	struct responders *responders;
	struct lists *lists;
	struct check *first;
	struct delegates delegates;
};

enum check_state {
	CHECK_READY,    /* the next server is to be chosen */
	CHECK_ASKED,    /* a request is under way */
	CHECK_DELEGATE, /* a response waits for the status of its signer */
	CHECK_LIST,     /* a list is under way */
	CHECK_DONE
};

struct check {
	struct checker *checker;
	struct check *next, *previous;
	struct check_how how;
	unsigned depth;            /* 1: this is the check of a delegate */
	enum check_state state;
	struct source source;
	size_t ocsp, crl;          /* the next ones of `source` */
	struct responder *responder;
	struct request request;
	bool second_hash;          /* the other CertID is being tried */
	struct response response;  /* waits for its signer */
	struct outcome unknown;    /* a verified `unknown`, while the other CertID is being tried */
	uint8_t *last;             /* the last response that came */
	struct check_result result;
};

/* --- the checker */

struct checker *checker_new(struct ev_loop *loop, struct store *store, const struct ocsp_settings *settings,
                            bool force)
{
	struct checker *checker = calloc(1, sizeof *checker);
	if (!checker)
		return NULL;
	checker->store = store;
	checker->settings = settings;
	checker->fetch = fetch_new(loop, settings->proxy, settings->timeout);
	checker->responders = responders_new(store, force);
	if (checker->fetch && checker->responders)
		checker->lists = lists_new(store, checker->fetch, checker->responders, settings, force);
	if (!checker->lists) {
		checker_free(checker);
		return NULL;
	}
	return checker;
}

struct responders *checker_responders(struct checker *checker)
{
	return checker->responders;
}

static void free_check(struct check *check)
{
	struct checker *checker = check->checker;
	if (check->previous)
		check->previous->next = check->next;
	else
		checker->first = check->next;
	if (check->next)
		check->next->previous = check->previous;
	request_free(&check->request);
	response_free(&check->response);
	source_free(&check->source);
	free(check->last);
	free(check);
}

void checker_free(struct checker *checker)
{
	if (!checker)
		return;
	fetch_free(checker->fetch);
	lists_free(checker->lists);
	while (checker->first)
		free_check(checker->first);
	responders_free(checker->responders);
	free(checker);
}

/* --- one check: the servers in turn */

static void advance(struct check *check);
static int start(struct checker *checker, const struct check_how *how, unsigned depth);

static void note_attempt(struct check *check, const char *url, bool list, enum fault fault, long http_status)
{
	struct check_result *result = &check->result;
	if (result->attempt_count == CHECK_MAX_ATTEMPTS)
		return;
	result->attempts[result->attempt_count++] = (struct check_attempt){
		.url = url, .list = list, .hash = check->request.id.hash, .fault = fault, .http_status = http_status
	};
}

static void set_source(struct outcome *outcome, const char *url)
{
	size_t len = strnlen(url, sizeof outcome->source - 1);
	memcpy(outcome->source, url, len);
	outcome->source[len] = '\0';
}

/* The first fault is the one that is reported: the later ones are of what was tried instead. */
static void set_fault(struct check *check, enum fault fault, const char *url)
{
	struct outcome *outcome = &check->result.outcome;
	if (outcome->fault)
		return;
	outcome->fault = fault;
	set_source(outcome, url);
}

static void finish(struct check *check)
{
	check->state = CHECK_DONE;
	check->how.done(&check->result, check->how.arg);
	free_check(check);
}

static void fail_all(struct check *check, enum revocation_status status, enum fault fault)
{
	check->result.outcome.status = status;
	if (fault)
		check->result.outcome.fault = fault;
	finish(check);
}

static const char *current_url(const struct check *check)
{
	return check->source.ocsp[check->ocsp];
}

static void next_responder(struct check *check)
{
	check->ocsp++;
	check->second_hash = false;
	check->state = CHECK_READY;
	advance(check);
}

/* --- what came back */

static void take_response(struct check *check)
{
	const struct response *response = &check->response;
	struct outcome *outcome = &check->result.outcome;
	*outcome = (struct outcome){
		.status = response->status, .this_update = response->this_update,
		.next_update = response->next_update, .until = response->until,
		.revoked_at = response->revoked_at, .reason = response->reason
	};
	set_source(outcome, current_url(check));
	check->result.signer = response->signer.kind;
	check->result.nonce = response->nonce;
}

static bool has_unknown(const struct check *check)
{
	return check->unknown.status == REVOCATION_UNKNOWN;
}

static void finish_unknown(struct check *check)
{
	check->result.outcome = check->unknown;
	finish(check);
}

/* The responder does not know this CertID: perhaps it knows the other one (RFC 6960, 4.3). */
static bool try_other_hash(struct check *check)
{
	if (check->second_hash)
		return false;
	check->second_hash = true;
	check->state = CHECK_READY;
	advance(check);
	return true;
}

static void refuse_response(struct check *check, enum fault fault, long http_status)
{
	const char *url = current_url(check);
	note_attempt(check, url, false, fault, http_status);
	if (responder_at_fault(fault))
		responder_failed(check->responder, fault, clock_now(), check->checker->settings->interval);
	else
		responder_answered(check->responder, check->request.id.hash, false);
	set_fault(check, fault, url);
	if (has_unknown(check))
		finish_unknown(check);
	else if ((fault != FAULT_UNAUTHORIZED && fault != FAULT_NO_MATCH) || !try_other_hash(check))
		next_responder(check);
}

static void accept_response(struct check *check)
{
	bool unknown = check->response.status == REVOCATION_UNKNOWN;
	note_attempt(check, current_url(check), false, FAULT_NONE, 200);
	responder_answered(check->responder, check->request.id.hash, !unknown);
	take_response(check);
	response_free(&check->response);
	if (!unknown) {
		finish(check);
		return;
	}
	if (!has_unknown(check))
		check->unknown = check->result.outcome;
	if (!try_other_hash(check))
		finish_unknown(check);
}

static void delegate_checked(const struct check_result *result, void *arg)
{
	struct check *check = arg;
	enum fault fault = delegates_fault(result->outcome.status);
	if (fault)
		refuse_response(check, fault, 200);
	else
		accept_response(check);
}

static void remember_and_tell(const struct check_result *result, void *arg)
{
	struct check *check = arg;
	struct checker *checker = check->checker;
	delegates_remember(&checker->delegates, check->response.signer.delegate, check->how.issuer,
	                   &result->outcome, clock_now(), checker->settings->interval);
	delegate_checked(result, check);
}

/* The signer has no id-pkix-ocsp-nocheck: is he revoked himself? (RFC 6960, 4.2.2.2.1) */
static void check_delegate(struct check *check)
{
	const struct cert *cert = check->response.signer.delegate;
	struct check_result known = { .outcome.status = delegates_status(
		&check->checker->delegates, cert, check->how.issuer, clock_now()) };
	const struct check_how how = { .cert = cert, .issuer = check->how.issuer,
	                               .nonce = check->how.nonce, .done = remember_and_tell, .arg = check };
	check->state = CHECK_DELEGATE;
	if (known.outcome.status == REVOCATION_UNCHECKED && check->depth == 0 &&
	    start(check->checker, &how, 1) == ERR_OK)
		return;
	delegate_checked(&known, check);
}

static void keep_last(struct check *check, const struct fetch_result *result)
{
	uint8_t *copy = malloc(result->len ? result->len : 1);
	if (!copy)
		return;
	if (result->len)
		memcpy(copy, result->bytes, result->len);
	free(check->last);
	check->last = copy;
	check->result.response = copy;
	check->result.response_len = result->len;
}

static void answered(const struct fetch_result *result, void *arg)
{
	struct check *check = arg;
	const struct rules rules = ocsp_settings_rules(check->checker->settings);
	const struct response_asked asked = { check->request.nonce, check->request.nonce_len,
	                                      check->how.nonce == CHECK_NONCE_REQUIRED };
	if (result->fault) {
		refuse_response(check, result->fault, result->status);
		return;
	}
	keep_last(check, result);
	response_check(result->bytes, result->len, check->how.cert, check->how.issuer, &rules, &asked,
	               &check->response);
	if (check->response.fault)
		refuse_response(check, check->response.fault, result->status);
	else if (check->response.signer.must_be_checked)
		check_delegate(check);
	else
		accept_response(check);
}

/* --- asking */

static bool wants_nonce(const struct check *check)
{
	return check->how.nonce == CHECK_NONCE_REQUIRED ||
	       (check->how.nonce == CHECK_NONCE_AS_SET && check->checker->settings->nonce);
}

static enum fault send_request(struct check *check)
{
	const struct checker *checker = check->checker;
	enum certid_hash hash = check->responder->hash;
	if (check->second_hash)
		hash = certid_other(check->request.id.hash);
	request_free(&check->request);
	if (request_new(check->how.cert, check->how.issuer, hash, wants_nonce(check), &check->request))
		return FAULT_LOCAL;
	char *get = checker->settings->get ? request_get_url(&check->request, current_url(check)) : NULL;
	struct fetch_request request = {
		.url = get ? get : current_url(check), .accept = "application/ocsp-response",
		.max_bytes = RESPONSE_MAX_BYTES, .patience = 1, .done = answered, .arg = check
	};
	if (!get) {
		request.body = check->request.der;
		request.body_len = check->request.der_len;
		request.type = "application/ocsp-request";
	}
	check->state = CHECK_ASKED;
	int code = fetch_start(checker->fetch, &request);
	free(get);
	return code ? FAULT_LOCAL : FAULT_NONE;
}

/* Asks the current responder. False: it cannot be asked, and that was noted. */
static bool ask_responder(struct check *check)
{
	const char *url = current_url(check);
	enum fault fault = FAULT_LOCAL;
	check->responder = responders_get(check->checker->responders, url);
	if (check->responder && !responder_may_be_asked(check->responder, clock_now(), check->checker->settings->interval))
		fault = check->responder->fault;
	else if (check->responder)
		fault = send_request(check);
	if (!fault)
		return true;
	note_attempt(check, url, false, fault, 0);
	set_fault(check, fault, url);
	return false;
}

static void list_ready(void *arg)
{
	struct check *check = arg;
	check->state = CHECK_READY;
	advance(check);
}

/* Looks into the current list. True: the check has ended or waits. */
static bool ask_list(struct check *check)
{
	const char *url = check->source.crl[check->crl];
	struct lists_answer answer;
	check->state = CHECK_LIST;
	enum lists_state state = lists_ask(check->checker->lists, check->how.cert, check->how.issuer, url,
	                                   &answer, list_ready, check);
	if (state == LISTS_PENDING)
		return true;
	note_attempt(check, url, true, state == LISTS_READY ? answer.refresh : answer.fault, answer.http_status);
	if (state == LISTS_FAILED) {
		set_fault(check, answer.fault, url);
		return false;
	}
	check->result.outcome = (struct outcome){
		.status = answer.entry.status, .this_update = answer.this_update,
		.next_update = answer.next_update, .until = answer.until,
		.revoked_at = answer.entry.revoked_at, .reason = answer.entry.reason, .fault = answer.refresh
	};
	set_source(&check->result.outcome, url);
	finish(check);
	return true;
}

/* Goes on until something is under way or the check has ended. */
static void advance(struct check *check)
{
	for (; check->ocsp < check->source.ocsp_count; check->ocsp++, check->second_hash = false)
		if (ask_responder(check))
			return;
	if (has_unknown(check)) {
		finish_unknown(check);
		return;
	}
	for (; check->crl < check->source.crl_count; check->crl++)
		if (ask_list(check))
			return;
	fail_all(check, REVOCATION_UNREACHABLE, FAULT_NONE);
}

static int start(struct checker *checker, const struct check_how *how, unsigned depth)
{
	struct check *check = calloc(1, sizeof *check);
	if (!check)
		return ERR_MEMORY;
	check->checker = checker;
	check->how = *how;
	check->depth = depth;
	const char *url = how->url ? how->url : checker->settings->url;
	if (source_of(how->cert, url, &check->source)) {
		free(check);
		return ERR_MEMORY;
	}
	if (how->url)
		check->crl = check->source.crl_count; /* this one, and nothing instead */
	check->next = checker->first;
	if (checker->first)
		checker->first->previous = check;
	checker->first = check;
	if (check->source.ocsp_count + check->source.crl_count == 0)
		fail_all(check, REVOCATION_NO_SOURCE, FAULT_NO_SOURCE);
	else if (!how->issuer)
		fail_all(check, REVOCATION_UNREACHABLE, FAULT_NO_ISSUER);
	else
		advance(check);
	return ERR_OK;
}

int check_start(struct checker *checker, const struct check_how *how)
{
	if (cert_self_signed(how->cert)) {
		const struct check_result result = { .outcome.status = REVOCATION_NOT_APPLICABLE };
		how->done(&result, how->arg);
		return ERR_OK;
	}
	return start(checker, how, 0);
}
