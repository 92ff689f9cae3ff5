/* Every database against the others. */
#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/record_priv.h"
#include "truststore/trust_verify_priv.h"

int verify_report(struct verifying *v, const char *format, ...)
{
	struct err sentence; /* which escapes what a damaged record may hold */
	va_list args;
	va_start(args, format);
	err_setv(&sentence, ERR_STORE, format, args);
	va_end(args);
	v->each(sentence.text, v->arg);
	return ERR_OK;
}

bool verify_has(struct verifying *v, enum store_db db, const void *key, size_t len)
{
	struct span value;
	return !txn_get(v->txn, db, key, len, &value);
}

static int wrong_key(struct verifying *v, enum store_db db)
{
	return verify_report(v, "%s: a key has the wrong form", store_db_name(db));
}

static bool digest_from(struct span bytes, struct digest *out, char hex[DIGEST_HEX_SIZE])
{
	if (bytes.len != DIGEST_SIZE)
		return false;
	memcpy(out->byte, bytes.bytes, DIGEST_SIZE);
	digest_hex(out, hex);
	return true;
}

static int check_meta(struct verifying *v)
{
	struct span value;
	if (txn_get(v->txn, STORE_META, "format", 6, &value) || value.len != 4 ||
	    get_be(value.bytes, 4) != STORE_FORMAT)
		verify_report(v, "meta: the format version is missing or another");
	if (txn_get(v->txn, STORE_META, "revision", 8, &value) || value.len != 8)
		verify_report(v, "meta: the revision is missing");
	return ERR_OK;
}

static int check_store(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct verifying *v = arg;
	struct store_record store;
	uint8_t should[RECORD_NAME_MAX];
	int len = (int)key.len;
	const char *name = (const char *)key.bytes;
	if (store_record_decode(value, &store))
		return verify_report(v, "store %.*s: its record is not readable", len, name);
	if (store.name.len != key.len || store_key(store.name.bytes, store.name.len, should) != key.len ||
	    memcmp(should, key.bytes, key.len))
		verify_report(v, "store %.*s: its record has another name", len, name);
	if (!store.ttl)
		verify_report(v, "store %.*s: its TTL is 0", len, name);
	return ERR_OK;
}

static bool is_own(const struct verifying *v, const struct digest *cert)
{
	for (size_t i = 0; i < v->own_count; i++)
		if (digest_equal(&v->own[i], cert))
			return true;
	return false;
}

static int check_member(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct verifying *v = arg;
	struct text store;
	struct digest cert;
	struct member_record member;
	uint8_t ending[ENDING_KEY_MAX];
	char hex[DIGEST_HEX_SIZE];
	if (member_key_split(key, &store, &cert) || key.len > MEMBER_KEY_MAX)
		return wrong_key(v, STORE_MEMBER);
	int len = (int)store.len;
	digest_hex(&cert, hex);
	if (member_record_decode(value, &member))
		return verify_report(v, "member %.*s %s: its record is not readable", len, store.bytes, hex);
	if (!verify_has(v, STORE_STORE, store.bytes, store.len))
		verify_report(v, "member %.*s %s: there is no such store", len, store.bytes, hex);
	if (!verify_has(v, STORE_CERT, cert.byte, DIGEST_SIZE))
		verify_report(v, "member %.*s %s: there is no such certificate", len, store.bytes, hex);
	if (verify_has(v, STORE_TOMBSTONE, key.bytes, key.len))
		verify_report(v, "tombstone %.*s %s: the certificate is in the store", len, store.bytes, hex);
	if (member.until != CLOCK_NEVER &&
	    !verify_has(v, STORE_ENDING, ending, ending_key(member.until, key.bytes, key.len, ending)))
		verify_report(v, "ending: the membership %.*s %s is missing", len, store.bytes, hex);
	if (text_is(member.origin, TRUST_ORIGIN_OWN) && !is_own(v, &cert))
		verify_report(v, "member %.*s %s: is an own certificate without an identity", len, store.bytes, hex);
	return ERR_OK;
}

static int check_ending(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err, (void)value;
	struct verifying *v = arg;
	struct text store;
	struct digest cert;
	struct span member;
	struct member_record record;
	char hex[DIGEST_HEX_SIZE];
	if (key.len < 8 || member_key_split((struct span){ key.bytes + 8, key.len - 8 }, &store, &cert))
		return wrong_key(v, STORE_ENDING);
	if (txn_get(v->txn, STORE_MEMBER, key.bytes + 8, key.len - 8, &member) ||
	    member_record_decode(member, &record) || record.until != expiry_key_time(key))
		verify_report(v, "ending %.*s %s: there is no membership that ends then", (int)store.len,
		              store.bytes, digest_hex(&cert, hex));
	return ERR_OK;
}

/* An index entry: its certificate is there and has this key. */
static int check_index(struct verifying *v, enum store_db db, struct span key, struct span value)
{
	struct digest cert, at;
	struct cert_record record;
	char hex[DIGEST_HEX_SIZE], at_hex[DIGEST_HEX_SIZE];
	if (!digest_from(key, &at, at_hex) || !digest_from(value, &cert, hex))
		return wrong_key(v, db);
	int code = trust_cert_get(v->txn, &cert, &record);
	if (code == ERR_NOT_FOUND)
		return verify_report(v, "%s %s: there is no certificate %s", store_db_name(db), at_hex, hex);
	if (!code && !digest_equal(&at, db == STORE_SUBJECT ? &record.subject_key : &record.issuer_serial_key))
		verify_report(v, "%s %s: certificate %s has another key", store_db_name(db), at_hex, hex);
	return ERR_OK;
}

static int check_subject(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	return check_index(arg, STORE_SUBJECT, key, value);
}

static int check_issuer_serial(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	return check_index(arg, STORE_ISSUER_SERIAL, key, value);
}

static int check_expiry(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err, (void)value;
	struct verifying *v = arg;
	struct digest cert;
	struct cert_record record;
	char hex[DIGEST_HEX_SIZE];
	if (key.len != EXPIRY_KEY_SIZE)
		return wrong_key(v, STORE_EXPIRY);
	digest_from((struct span){ key.bytes + 8, DIGEST_SIZE }, &cert, hex);
	int code = trust_cert_get(v->txn, &cert, &record);
	if (code == ERR_NOT_FOUND)
		return verify_report(v, "expiry: there is no certificate %s", hex);
	if (!code && record.not_after != expiry_key_time(key))
		verify_report(v, "expiry: certificate %s expires at another time", hex);
	return ERR_OK;
}

static int check_block(struct span key, struct span value, void *arg, struct err *err)
{
	struct verifying *v = arg;
	struct mark_record mark;
	struct digest cert;
	char hex[DIGEST_HEX_SIZE];
	if (!digest_from(key, &cert, hex))
		return wrong_key(v, STORE_BLOCK);
	if (mark_record_decode(value, &mark))
		return verify_report(v, "block %s: its record is not readable", hex);
	return verify_has(v, STORE_CERT, cert.byte, DIGEST_SIZE) ? ERR_OK : verify_answer_of(v, &cert, err);
}

static int check_tombstone(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct verifying *v = arg;
	struct text store;
	struct digest cert;
	struct mark_record mark;
	char hex[DIGEST_HEX_SIZE];
	if (member_key_split(key, &store, &cert))
		return wrong_key(v, STORE_TOMBSTONE);
	digest_hex(&cert, hex);
	if (mark_record_decode(value, &mark))
		verify_report(v, "tombstone %.*s %s: its record is not readable", (int)store.len, store.bytes, hex);
	if (!verify_has(v, STORE_STORE, store.bytes, store.len))
		verify_report(v, "tombstone %.*s %s: there is no such store", (int)store.len, store.bytes, hex);
	return ERR_OK;
}

static int check_answer(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err, (void)value;
	struct verifying *v = arg;
	struct digest cert;
	char hex[DIGEST_HEX_SIZE];
	if (!digest_from(key, &cert, hex))
		return wrong_key(v, STORE_ANSWER);
	if (!verify_has(v, STORE_CERT, cert.byte, DIGEST_SIZE) && !verify_has(v, STORE_BLOCK, cert.byte, DIGEST_SIZE))
		verify_report(v, "answer %s: nothing else is known of this certificate", hex);
	return ERR_OK;
}

static int check_revocation(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct verifying *v = arg;
	struct revocation_record revocation;
	struct digest cert;
	char hex[DIGEST_HEX_SIZE];
	if (!digest_from(key, &cert, hex))
		return wrong_key(v, STORE_REVOCATION);
	if (revocation_record_decode(value, &revocation))
		verify_report(v, "revocation %s: its record is not readable", hex);
	if (!verify_has(v, STORE_CERT, cert.byte, DIGEST_SIZE))
		verify_report(v, "revocation %s: there is no such certificate", hex);
	return ERR_OK;
}

static int check_revoked(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err, (void)value;
	struct verifying *v = arg;
	struct digest cert;
	char hex[DIGEST_HEX_SIZE];
	if (key.len < REVOKED_PREFIX_SIZE || memcmp(key.bytes, "revoked", REVOKED_PREFIX_SIZE) != 0)
		return ERR_OK; /* of another kind */
	if (!digest_from((struct span){ key.bytes + REVOKED_PREFIX_SIZE, key.len - REVOKED_PREFIX_SIZE }, &cert, hex))
		return wrong_key(v, STORE_MARK);
	if (!verify_has(v, STORE_CERT, cert.byte, DIGEST_SIZE))
		verify_report(v, "mark revoked %s: there is no such certificate", hex);
	return ERR_OK; /* what is wrong with those that are there was said with them */
}

static int find_own(const struct store_record *store, const struct digest *cert,
                    const struct member_record *member, void *arg, struct err *err)
{
	(void)store, (void)cert, (void)err;
	if (text_is(member->origin, TRUST_ORIGIN_OWN))
		*(bool *)arg = true;
	return ERR_OK;
}

static int check_identity(struct span key, struct span value, void *arg, struct err *err)
{
	struct verifying *v = arg;
	struct identity_record identity;
	uint8_t should[RECORD_NAME_MAX];
	bool own = false;
	int len = (int)key.len;
	const char *name = (const char *)key.bytes;
	if (identity_record_decode(value, &identity))
		return verify_report(v, "identity %.*s: its record is not readable", len, name);
	if (identity.purpose.len != key.len || key.len > RECORD_NAME_MAX ||
	    store_key(identity.purpose.bytes, key.len, should) != key.len || memcmp(should, name, key.len))
		verify_report(v, "identity %.*s: its record has another purpose", len, name);
	if (!identity.has_cert)
		return ERR_OK;
	if (v->own_count < OWN_MAX)
		v->own[v->own_count++] = identity.cert;
	int code = trust_member_each_of_cert(v->txn, &identity.cert, find_own, &own, err);
	if (!code && !own)
		verify_report(v, "identity %.*s: its certificate is in no store as an own one", len, name);
	return ERR_OK; /* what is wrong with a membership is said there */
}

static int check_change(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct verifying *v = arg;
	struct change_record change;
	if (key.len != 8)
		return wrong_key(v, STORE_CHANGE);
	unsigned long long revision = get_be(key.bytes, 8);
	if (revision != v->expected)
		verify_report(v, "change %llu: stands where %llu was expected", revision,
		              (unsigned long long)v->expected);
	v->expected = revision + 1;
	if (change_record_decode(value, &change))
		return verify_report(v, "change %llu: its record is not readable", revision);
	if (!change.batch || change.batch > revision)
		verify_report(v, "change %llu: belongs to a later one", revision);
	return ERR_OK;
}

static int check_revision(struct verifying *v)
{
	unsigned long long last = v->expected - 1, revision = txn_revision(v->txn);
	if (last != revision)
		verify_report(v, "meta: the revision is %llu, the last change is %llu", revision, last);
	return ERR_OK;
}

int trust_verify(struct txn *txn, void (*each)(const char *difference, void *arg), void *arg, struct err *err)
{
	static const struct {
		enum store_db db;
		txn_each_fn *check;
	} checks[] = { /* identities first: memberships are compared with them */
		{ STORE_IDENTITY, check_identity },
		{ STORE_STORE, check_store },
		{ STORE_CERT, verify_cert },
		{ STORE_MEMBER, check_member },
		{ STORE_ENDING, check_ending },
		{ STORE_SUBJECT, check_subject },
		{ STORE_ISSUER_SERIAL, check_issuer_serial },
		{ STORE_EXPIRY, check_expiry },
		{ STORE_BLOCK, check_block },
		{ STORE_TOMBSTONE, check_tombstone },
		{ STORE_ANSWER, check_answer },
		{ STORE_REVOCATION, check_revocation },
		{ STORE_MARK, check_revoked },
		{ STORE_PEER, verify_peer },
		{ STORE_SUCCESSOR, verify_successor },
		{ STORE_CHANGE, check_change },
	};
	struct verifying v = { .txn = txn, .each = each, .arg = arg, .expected = 1 };
	check_meta(&v);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		int code = txn_each(txn, checks[i].db, NULL, 0, NULL, 0, checks[i].check, &v, err);
		if (code)
			return code;
	}
	return check_revision(&v);
}
