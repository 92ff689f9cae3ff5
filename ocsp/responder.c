#include "ocsp/responder.h"

#include <stdlib.h>
#include <string.h>

#include "ocsp/recheck.h"
#include "truststore/record_priv.h"

enum { VERSION = 1 };

struct responders {
	struct store *store; /* NULL: none */
	struct responder *first;
	bool forgive;
};

struct responders *responders_new(struct store *store, bool forgive)
{
	struct responders *responders = calloc(1, sizeof *responders);
	if (!responders)
		return NULL;
	responders->store = store;
	responders->forgive = forgive;
	return responders;
}

void responders_free(struct responders *responders)
{
	while (responders && responders->first) {
		struct responder *responder = responders->first;
		responders->first = responder->next;
		free(responder->url);
		free(responder);
	}
	free(responders);
}

/* --- the record: FORMAT.md, database `responder` */

static int encode(const struct responder *responder, struct record *out)
{
	struct writer w;
	writer_begin(&w, 64 + strlen(responder->url));
	writer_number(&w, VERSION, 1);
	writer_number(&w, responder->hash, 1);
	writer_number(&w, responder->failures < UINT16_MAX ? responder->failures : UINT16_MAX, 2);
	writer_time(&w, responder->retry_at);
	writer_text(&w, text_of(fault_word(responder->fault)));
	writer_text(&w, text_of(responder->url));
	return writer_end(&w, out);
}

static int decode(struct span bytes, struct responder *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	unsigned hash = (unsigned)reader_number(&r, 1);
	unsigned failures = (unsigned)reader_number(&r, 2);
	int64_t retry_at = reader_time(&r);
	struct text word = reader_text(&r), url = reader_text(&r);
	enum fault fault = fault_of_word(word.bytes, word.len);
	if (reader_end(&r) || (hash != CERTID_SHA1 && hash != CERTID_SHA256) ||
	    url.len != strlen(out->url) || memcmp(url.bytes, out->url, url.len) != 0 ||
	    (fault == FAULT_NONE && (failures || retry_at)))
		return ERR_STORE;
	out->hash = hash;
	out->failures = failures;
	out->retry_at = retry_at;
	out->fault = fault;
	return ERR_OK;
}

static int read_entry(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	struct responder *responder = arg;
	struct digest key;
	struct span value;
	digest_of(responder->url, strlen(responder->url), &key);
	if (txn_get(txn, STORE_RESPONDER, key.byte, DIGEST_SIZE, &value) == ERR_OK)
		(void)decode(value, responder); /* what cannot be read is learned anew */
	return ERR_OK;
}

struct responder *responders_get(struct responders *responders, const char *url)
{
	for (struct responder *known = responders->first; known; known = known->next)
		if (!strcmp(known->url, url))
			return known;
	struct responder *responder = calloc(1, sizeof *responder);
	if (!responder || !(responder->url = strdup(url))) {
		free(responder);
		return NULL;
	}
	responder->hash = CERTID_SHA1;
	if (responders->store)
		(void)store_read(responders->store, read_entry, responder, NULL);
	if (responders->forgive) {
		responder->failures = 0;
		responder->retry_at = 0;
	}
	responder->next = responders->first;
	responders->first = responder;
	return responder;
}

int responders_save(struct responders *responders, struct txn *txn)
{
	int code = ERR_OK;
	for (const struct responder *one = responders->first; one && !code; one = one->next) {
		struct record record;
		struct digest key;
		if (!one->changed)
			continue;
		code = encode(one, &record);
		if (code)
			break;
		digest_of(one->url, strlen(one->url), &key);
		code = txn_put(txn, STORE_RESPONDER, key.byte, DIGEST_SIZE, record.bytes, record.len);
		record_free(&record);
	}
	return code;
}

void responders_saved(struct responders *responders)
{
	for (struct responder *one = responders->first; one; one = one->next)
		one->changed = false;
}

/* --- what happens to one */

static int64_t pause_of(const struct responder *responder, int64_t interval)
{
	return recheck_back_off(responder->failures - RESPONDER_GIVE_UP + 1, interval);
}

bool responder_may_be_asked(const struct responder *responder, int64_t now, int64_t interval)
{
	return responder->failures < RESPONDER_GIVE_UP || responder->retry_at <= now ||
	       responder->retry_at - now > pause_of(responder, interval);
}

void responder_answered(struct responder *responder, enum certid_hash hash, bool learned)
{
	if (learned && responder->hash != hash) {
		responder->hash = hash;
		responder->changed = true;
	}
	if (responder->failures || responder->retry_at)
		responder->changed = true;
	responder->failures = 0;
	responder->retry_at = 0;
	responder->fault = FAULT_NONE;
	responder->answers = true;
}

void responder_failed(struct responder *responder, enum fault fault, int64_t now, int64_t interval)
{
	responder->answers = false;
	responder->fault = fault;
	if (!responder_may_be_asked(responder, now, interval))
		return; /* asked before the pause began: many fail at once */
	responder->changed = true;
	if (++responder->failures >= RESPONDER_GIVE_UP)
		responder->retry_at = now + pause_of(responder, interval);
}

bool responder_at_fault(enum fault fault)
{
	return (fault >= FAULT_RESOLVE && fault <= FAULT_NETWORK) || fault == FAULT_INTERNAL_ERROR ||
	       fault == FAULT_TRY_LATER;
}
