#include "certmon/notice.h"

#include <string.h>

#include "truststore/record_priv.h"

enum { VERSION = 1, NUMBER_SIZE = 8 };

static int notice_encode(const struct notice *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 64 + in->ack_reason.len + in->told.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->kind, 1);
	writer_time(&w, in->first);
	writer_time(&w, in->slot);
	writer_time(&w, in->sent);
	writer_number(&w, in->count, 4);
	writer_time(&w, in->ack_until);
	writer_text(&w, in->ack_reason);
	writer_text(&w, in->told);
	return writer_end(&w, out);
}

int notice_decode(struct span bytes, struct notice *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	out->kind = (uint8_t)reader_number(&r, 1);
	out->first = reader_time(&r);
	out->slot = reader_time(&r);
	out->sent = reader_time(&r);
	out->count = (uint32_t)reader_number(&r, 4);
	out->ack_until = reader_time(&r);
	out->ack_reason = reader_text(&r);
	out->told = reader_text(&r);
	return reader_end(&r);
}

static int outbox_encode(const struct outbox *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 64 + in->to.len + in->subject.len + in->reply.len + in->message.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->state, 1);
	writer_time(&w, in->made);
	writer_time(&w, in->tried);
	writer_number(&w, in->attempts, 4);
	writer_text(&w, in->to);
	writer_text(&w, in->subject);
	writer_text(&w, in->reply);
	writer_bytes(&w, (struct span){ (const uint8_t *)in->message.bytes, in->message.len });
	return writer_end(&w, out);
}

int outbox_decode(struct span bytes, struct outbox *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	uint64_t state = reader_number(&r, 1);
	if (state > OUTBOX_GIVEN_UP)
		r.bad = true;
	out->state = (enum outbox_state)state;
	out->made = reader_time(&r);
	out->tried = reader_time(&r);
	out->attempts = (uint32_t)reader_number(&r, 4);
	out->to = reader_text(&r);
	out->subject = reader_text(&r);
	out->reply = reader_text(&r);
	struct span message = reader_bytes(&r);
	out->message = (struct text){ (const char *)message.bytes, message.len };
	return reader_end(&r);
}

int notice_get(struct txn *txn, const struct digest *id, struct notice *out)
{
	struct span value;
	int code = txn_get(txn, STORE_NOTICE, id->byte, DIGEST_SIZE, &value);
	return code ? code : notice_decode(value, out);
}

static int put_record(struct txn *txn, enum store_db db, const uint8_t *key, size_t key_len, int code,
                      struct record *record)
{
	if (!code)
		code = txn_put(txn, db, key, key_len, record->bytes, record->len);
	record_free(record);
	return code;
}

int notice_put(struct txn *txn, const struct digest *id, const struct notice *notice)
{
	struct record record = { 0 };
	int code = notice_encode(notice, &record);
	return put_record(txn, STORE_NOTICE, id->byte, DIGEST_SIZE, code, &record);
}

int notice_delete(struct txn *txn, const struct digest *id)
{
	return txn_delete(txn, STORE_NOTICE, id->byte, DIGEST_SIZE);
}

struct each {
	notice_fn *notice;
	outbox_fn *outbox;
	void *arg;
};

static int each_notice(struct span key, struct span value, void *arg, struct err *err)
{
	const struct each *each = arg;
	struct notice notice;
	struct digest id;
	if (key.len != DIGEST_SIZE || notice_decode(value, &notice))
		return err_set(err, ERR_STORE, "a record of the notice database cannot be read");
	memcpy(id.byte, key.bytes, DIGEST_SIZE);
	return each->notice(&id, &notice, each->arg, err);
}

int notice_each(struct txn *txn, notice_fn *fn, void *arg, struct err *err)
{
	struct each each = { .notice = fn, .arg = arg };
	return txn_each(txn, STORE_NOTICE, NULL, 0, NULL, 0, each_notice, &each, err);
}

int outbox_get(struct txn *txn, uint64_t number, struct outbox *out)
{
	uint8_t key[NUMBER_SIZE];
	struct span value;
	put_be(key, number, NUMBER_SIZE);
	int code = txn_get(txn, STORE_OUTBOX, key, sizeof key, &value);
	return code ? code : outbox_decode(value, out);
}

int outbox_put(struct txn *txn, uint64_t number, const struct outbox *message)
{
	uint8_t key[NUMBER_SIZE];
	struct record record = { 0 };
	put_be(key, number, NUMBER_SIZE);
	int code = outbox_encode(message, &record);
	return put_record(txn, STORE_OUTBOX, key, sizeof key, code, &record);
}

static int first_key(struct span key, struct span value, void *arg, struct err *err)
{
	(void)value;
	(void)err;
	if (key.len == NUMBER_SIZE)
		*(uint64_t *)arg = get_be(key.bytes, NUMBER_SIZE);
	return ERR_STOPPED;
}

int outbox_add(struct txn *txn, const struct outbox *message, uint64_t *number)
{
	uint64_t last = 0;
	int code = txn_each_backwards(txn, STORE_OUTBOX, first_key, &last, NULL);
	if (code && code != ERR_STOPPED)
		return code;
	*number = last + 1;
	return outbox_put(txn, *number, message);
}

static int each_outbox(struct span key, struct span value, void *arg, struct err *err)
{
	const struct each *each = arg;
	struct outbox message;
	if (key.len != NUMBER_SIZE || outbox_decode(value, &message))
		return err_set(err, ERR_STORE, "a record of the outbox database cannot be read");
	return each->outbox(get_be(key.bytes, NUMBER_SIZE), &message, each->arg, err);
}

int outbox_each(struct txn *txn, outbox_fn *fn, void *arg, struct err *err)
{
	struct each each = { .outbox = fn, .arg = arg };
	return txn_each(txn, STORE_OUTBOX, NULL, 0, NULL, 0, each_outbox, &each, err);
}

struct trim {
	struct txn *txn;
	size_t surplus; /* messages done with that are too many */
};

static int count_done(uint64_t number, const struct outbox *message, void *arg, struct err *err)
{
	(void)number;
	(void)err;
	struct trim *trim = arg;
	trim->surplus += message->state != OUTBOX_WAITING;
	return ERR_OK;
}

static int trim_one(uint64_t number, const struct outbox *message, void *arg, struct err *err)
{
	(void)err;
	struct trim *trim = arg;
	if (!trim->surplus)
		return ERR_STOPPED;
	if (message->state == OUTBOX_WAITING)
		return ERR_OK;
	trim->surplus--;
	uint8_t key[NUMBER_SIZE];
	put_be(key, number, NUMBER_SIZE);
	return txn_delete(trim->txn, STORE_OUTBOX, key, sizeof key);
}

int outbox_trim(struct txn *txn, struct err *err)
{
	struct trim trim = { .txn = txn };
	int code = outbox_each(txn, count_done, &trim, err);
	if (code || trim.surplus <= OUTBOX_KEEP)
		return code;
	trim.surplus -= OUTBOX_KEEP;
	code = outbox_each(txn, trim_one, &trim, err);
	return code == ERR_STOPPED ? ERR_OK : code;
}
