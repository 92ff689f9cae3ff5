/* How certificates leave: removed by hand, displaced, at the end of their time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

static int is_held(const struct store_record *store, const struct digest *cert,
                   const struct member_record *member, void *arg, struct err *err)
{
	(void)store, (void)cert, (void)member, (void)arg, (void)err;
	return ERR_STOPPED;
}

static int delete_cert(struct txn *txn, const struct digest *cert)
{
	struct cert_record record;
	int code = trust_cert_get(txn, cert, &record);
	if (code)
		return code;
	uint8_t expiry[EXPIRY_KEY_SIZE];
	expiry_key(record.not_after, cert, expiry);
	struct digest subject = record.subject_key, issuer_serial = record.issuer_serial_key;
	static const enum store_db by_digest[] = { STORE_CERT, STORE_REVOCATION, STORE_ANSWER };
	for (size_t i = 0; i < sizeof by_digest / sizeof by_digest[0] && (!code || code == ERR_NOT_FOUND); i++)
		code = txn_delete(txn, by_digest[i], cert->byte, DIGEST_SIZE);
	if (!code || code == ERR_NOT_FOUND)
		code = trust_index_revoked(txn, cert, false);
	if (!code || code == ERR_NOT_FOUND)
		code = txn_delete(txn, STORE_EXPIRY, expiry, sizeof expiry);
	if (!code || code == ERR_NOT_FOUND)
		code = txn_delete_pair(txn, STORE_SUBJECT, subject.byte, DIGEST_SIZE, cert->byte, DIGEST_SIZE);
	if (!code || code == ERR_NOT_FOUND)
		code = txn_delete_pair(txn, STORE_ISSUER_SERIAL, issuer_serial.byte, DIGEST_SIZE, cert->byte,
		                       DIGEST_SIZE);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

void trust_left_free(struct trust_left *left)
{
	record_free(&left->cert);
	record_free(&left->revocation);
}

static int copy_left(struct txn *txn, const struct digest *cert, struct trust_left *left)
{
	int code = trust_copy(txn, STORE_CERT, cert->byte, DIGEST_SIZE, &left->cert);
	if (code)
		return code;
	code = trust_copy(txn, STORE_REVOCATION, cert->byte, DIGEST_SIZE, &left->revocation);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

int trust_cert_restore(struct txn *txn, const struct change_record *change, struct err *err)
{
	struct cert_record record;
	struct digest id = change->cert;
	size_t len = change->left_revocation.len;
	if (cert_record_decode(change->left, &record))
		return trust_broken(txn, STORE_CHANGE, err);
	uint8_t *revocation = malloc(len + 1); /* the first put may move what the change borrows */
	if (!revocation)
		return err_set(err, ERR_MEMORY, "no memory for a record");
	memcpy(revocation, len ? change->left_revocation.bytes : (const uint8_t *)"", len);
	int code = trust_cert_put_new(txn, &id, &record);
	if (!code && len)
		code = txn_put(txn, STORE_REVOCATION, id.byte, DIGEST_SIZE, revocation, len);
	free(revocation);
	return code;
}

int trust_collect(struct txn *txn, const struct digest *cert, struct trust_left *left, struct err *err)
{
	struct span value;
	int stored = txn_get(txn, STORE_CERT, cert->byte, DIGEST_SIZE, &value);
	int blocked = txn_get(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE, &value);
	if (stored || !blocked)
		return trust_refresh(txn, cert, err);
	int held = trust_member_each_of_cert(txn, cert, is_held, NULL, err);
	if (held == ERR_STOPPED)
		return trust_refresh(txn, cert, err);
	if (held)
		return held;
	int code = left ? copy_left(txn, cert, left) : ERR_OK;
	if (!code)
		code = delete_cert(txn, cert);
	return code == ERR_STORE ? trust_broken(txn, STORE_CERT, err) : code;
}

/* A membership that is to change: its bytes for the change log, which the caller frees, and what they say. */
static int take_member(struct txn *txn, const char *store, const struct digest *cert, struct record *before,
                       struct member_record *member, struct err *err)
{
	uint8_t key[MEMBER_KEY_MAX];
	int code = trust_copy(txn, STORE_MEMBER, key, member_key(store, cert, key), before);
	if (code || !member_record_decode((struct span){ before->bytes, before->len }, member))
		return code;
	record_free(before);
	return trust_broken(txn, STORE_MEMBER, err);
}

int trust_end(struct txn *txn, const char *store, const struct digest *cert, enum change_action action,
              const char *detail, struct err *err)
{
	struct record before;
	struct trust_left left = { { NULL, 0 }, { NULL, 0 } };
	struct member_record member;
	int code = take_member(txn, store, cert, &before, &member, err);
	if (code)
		return code;
	code = trust_member_delete(txn, store, cert, member.until);
	if (!code)
		code = trust_collect(txn, cert, &left, err);
	struct change_record change = {
		.action = action,
		.has_cert = true,
		.cert = *cert,
		.store = text_of(store),
		.detail = text_of(detail),
		.before = { before.bytes, before.len },
		.left = { left.cert.bytes, left.cert.len },
		.left_revocation = { left.revocation.bytes, left.revocation.len },
	};
	if (!code)
		code = change_put(txn, &change);
	record_free(&before);
	trust_left_free(&left);
	return code;
}

int trust_leave(struct txn *txn, const char *store, const struct digest *cert, int64_t until,
                enum change_action action, const char *detail, struct err *err)
{
	if (until <= txn->now)
		return trust_end(txn, store, cert, action, detail, err);
	struct record before;
	struct member_record member;
	int code = take_member(txn, store, cert, &before, &member, err);
	if (code)
		return code;
	int64_t old = member.until;
	if (until < old)
		member.until = until;
	if (text_is(member.origin, TRUST_ORIGIN_OWN))
		member.origin = text_of(TRUST_ORIGIN_WAS_OWN);
	code = trust_member_put(txn, store, cert, old, &member);
	char when[CLOCK_TEXT_SIZE], words[256];
	snprintf(words, sizeof words, "%s, stays until %s", detail, clock_format(member.until, when));
	if (!code)
		code = change_add(txn, action, cert, store, words, (struct span){ before.bytes, before.len });
	record_free(&before);
	return code ? code : trust_refresh(txn, cert, err);
}

static int put_tombstone(struct txn *txn, const char *store, const struct digest *cert, const char *why)
{
	struct mark_record mark = { .when = txn->now, .why = text_of(why),
	                            .origin = text_of(TRUST_ORIGIN_HAND) };
	uint8_t key[MEMBER_KEY_MAX];
	struct record record;
	int code = mark_record_encode(&mark, &record);
	if (code)
		return code;
	code = txn_put(txn, STORE_TOMBSTONE, key, member_key(store, cert, key), record.bytes, record.len);
	record_free(&record);
	return code;
}

/* The membership, and the store's name as it is printed. */
static int find_member(struct txn *txn, const char *store, const struct digest *cert,
                       char name[RECORD_NAME_MAX + 1], bool *own, struct err *err)
{
	struct store_record record;
	struct member_record member;
	char hex[DIGEST_HEX_SIZE];
	int code = trust_store_get(txn, store, &record, err);
	if (code)
		return code;
	snprintf(name, RECORD_NAME_MAX + 1, "%.*s", (int)record.name.len, record.name.bytes);
	code = trust_member_get(txn, name, cert, &member, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "certificate %s is not in %s", digest_hex(cert, hex), name);
	*own = !code && text_is(member.origin, TRUST_ORIGIN_OWN);
	return code;
}

int trust_remove(struct txn *txn, const char *store, const struct digest *cert, const char *why,
                 bool forget, struct err *err)
{
	char name[RECORD_NAME_MAX + 1], hex[DIGEST_HEX_SIZE];
	bool own;
	int code = find_member(txn, store, cert, name, &own, err);
	if (code)
		return code;
	if (own)
		return err_set(err, ERR_REFUSED,
		               "certificate %s is an own certificate: it stays in %s until another takes its place",
		               digest_hex(cert, hex), name);
	if (!forget)
		code = put_tombstone(txn, name, cert, why);
	return code ? code : trust_end(txn, name, cert, CHANGE_REMOVE, why, err);
}

int trust_retire(struct txn *txn, const char *store, const struct digest *cert, int64_t keep, struct err *err)
{
	char name[RECORD_NAME_MAX + 1];
	bool own;
	int code = find_member(txn, store, cert, name, &own, err);
	if (code)
		return code;
	return trust_leave(txn, name, cert, txn->now + keep, CHANGE_REPLACE, "own no more", err);
}

struct sweep {
	struct txn *txn;
	int64_t now;
	bool over;
};

static int sweep_one(struct span key, struct span value, void *arg, struct err *err)
{
	(void)value;
	struct sweep *s = arg;
	struct text lower;
	struct digest cert;
	struct store_record store;
	char name[RECORD_NAME_MAX + 1];
	if (expiry_key_time(key) > s->now) {
		s->over = true;
		return ERR_STOPPED;
	}
	if (key.len < 8 || member_key_split((struct span){ key.bytes + 8, key.len - 8 }, &lower, &cert) ||
	    lower.len > RECORD_NAME_MAX)
		return trust_broken(s->txn, STORE_ENDING, err);
	snprintf(name, sizeof name, "%.*s", (int)lower.len, lower.bytes);
	int code = trust_store_get(s->txn, name, &store, err);
	if (code)
		return code;
	snprintf(name, sizeof name, "%.*s", (int)store.name.len, store.name.bytes);
	code = trust_end(s->txn, name, &cert, CHANGE_END, "its time was over", err);
	return code == ERR_NOT_FOUND ? trust_broken(s->txn, STORE_ENDING, err) : code;
}

int trust_sweep(struct txn *txn, int64_t now, struct err *err)
{
	struct sweep s = { .txn = txn, .now = now };
	int code = txn_each(txn, STORE_ENDING, NULL, 0, NULL, 0, sweep_one, &s, err);
	return s.over ? ERR_OK : code;
}
