/* Looking certificates up, and words for messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

bool text_is(struct text text, const char *word)
{
	return text.len == strlen(word) && !memcmp(text.bytes, word, text.len);
}

char *trust_name(const struct digest *cert, struct text subject, char out[TRUST_NAME_SIZE])
{
	enum { DIGITS = 16, SUBJECT_MAX = 200 };
	char hex[DIGEST_HEX_SIZE];
	size_t len = subject.len < SUBJECT_MAX ? subject.len : SUBJECT_MAX;
	while (len < subject.len && len && ((unsigned char)subject.bytes[len] & 0xc0) == 0x80)
		len--; /* not in the middle of a character */
	snprintf(out, TRUST_NAME_SIZE, "certificate %.*s (%.*s%s)", DIGITS, digest_hex(cert, hex),
	         (int)len, subject.bytes, len < subject.len ? "..." : "");
	return out;
}

int trust_broken(struct txn *txn, enum store_db db, struct err *err)
{
	return err_set(err, ERR_STORE, "%s: a record of \"%s\" is not readable; see \"truststore verify\"",
	               store_path(txn_store(txn)), store_db_name(db));
}

int trust_copy(struct txn *txn, enum store_db db, const void *key, size_t key_len, struct record *out)
{
	*out = (struct record){ 0 };
	struct span value;
	int code = txn_get(txn, db, key, key_len, &value);
	if (code)
		return code;
	out->bytes = malloc(value.len ? value.len : 1);
	if (!out->bytes)
		return ERR_MEMORY;
	memcpy(out->bytes, value.bytes, value.len);
	out->len = value.len;
	return ERR_OK;
}

int trust_cert_get(struct txn *txn, const struct digest *cert, struct cert_record *out)
{
	struct span value;
	int code = txn_get(txn, STORE_CERT, cert->byte, DIGEST_SIZE, &value);
	return code ? code : cert_record_decode(value, out);
}

static int digest_from(struct span bytes, struct digest *out)
{
	if (bytes.len != DIGEST_SIZE)
		return ERR_STORE;
	memcpy(out->byte, bytes.bytes, DIGEST_SIZE);
	return ERR_OK;
}

struct each_cert {
	struct txn *txn;
	trust_cert_fn *each;
	void *arg;
};

static int visit_cert(struct span key, struct span value, void *arg, struct err *err)
{
	const struct each_cert *e = arg;
	struct digest id;
	struct cert_record cert;
	if (digest_from(key, &id) || cert_record_decode(value, &cert))
		return trust_broken(e->txn, STORE_CERT, err);
	return e->each(&id, &cert, e->arg, err);
}

int trust_cert_each(struct txn *txn, trust_cert_fn *each, void *arg, struct err *err)
{
	struct each_cert e = { txn, each, arg };
	return txn_each(txn, STORE_CERT, NULL, 0, NULL, 0, visit_cert, &e, err);
}

struct each_id {
	struct txn *txn;
	enum store_db db;
	trust_id_fn *each;
	void *arg;
};

static int visit_id(struct span key, struct span value, void *arg, struct err *err)
{
	(void)key;
	const struct each_id *e = arg;
	struct digest id;
	if (digest_from(value, &id))
		return trust_broken(e->txn, e->db, err);
	return e->each(&id, e->arg, err);
}

static int each_of_index(struct txn *txn, enum store_db db, const struct digest *key,
                         trust_id_fn *each, void *arg, struct err *err)
{
	struct each_id e = { txn, db, each, arg };
	return txn_each(txn, db, key->byte, DIGEST_SIZE, NULL, 0, visit_id, &e, err);
}

int trust_each_by_subject(struct txn *txn, const struct digest *subject_key, trust_id_fn *each, void *arg, struct err *err)
{
	return each_of_index(txn, STORE_SUBJECT, subject_key, each, arg, err);
}

int trust_each_by_issuer_serial(struct txn *txn, const struct digest *key, trust_id_fn *each, void *arg, struct err *err)
{
	return each_of_index(txn, STORE_ISSUER_SERIAL, key, each, arg, err);
}

struct each_expiry {
	struct txn *txn;
	int64_t before;
	bool over;
	trust_expiry_fn *each;
	void *arg;
};

static int visit_expiry(struct span key, struct span value, void *arg, struct err *err)
{
	(void)value;
	struct each_expiry *e = arg;
	struct digest id;
	if (key.len != EXPIRY_KEY_SIZE)
		return trust_broken(e->txn, STORE_EXPIRY, err);
	int64_t not_after = expiry_key_time(key);
	if (not_after >= e->before) {
		e->over = true;
		return ERR_STOPPED;
	}
	memcpy(id.byte, key.bytes + 8, DIGEST_SIZE);
	return e->each(not_after, &id, e->arg, err);
}

int trust_each_expiring(struct txn *txn, int64_t before, trust_expiry_fn *each, void *arg, struct err *err)
{
	struct each_expiry e = { .txn = txn, .before = before, .each = each, .arg = arg };
	int code = txn_each(txn, STORE_EXPIRY, NULL, 0, NULL, 0, visit_expiry, &e, err);
	return e.over ? ERR_OK : code;
}

struct each_revoked {
	struct txn *txn;
	trust_id_fn *each;
	void *arg;
};

static int visit_revoked(struct span key, struct span value, void *arg, struct err *err)
{
	(void)value;
	struct each_revoked *e = arg;
	struct digest id;
	if (key.len != REVOKED_KEY_SIZE)
		return trust_broken(e->txn, STORE_MARK, err);
	memcpy(id.byte, key.bytes + REVOKED_PREFIX_SIZE, DIGEST_SIZE);
	return e->each(&id, e->arg, err);
}

int trust_each_revoked(struct txn *txn, trust_id_fn *each, void *arg, struct err *err)
{
	struct each_revoked e = { .txn = txn, .each = each, .arg = arg };
	return txn_each(txn, STORE_MARK, "revoked", REVOKED_PREFIX_SIZE, NULL, 0, visit_revoked, &e, err);
}

struct resolve {
	const struct digest_prefix *prefix;
	struct digest found;
	bool any;
};

static int fits(struct span key, struct span value, void *arg, struct err *err)
{
	(void)value;
	struct resolve *r = arg;
	struct digest id;
	if (digest_from(key, &id) || !digest_prefix_fits(r->prefix, &id))
		return ERR_STOPPED;
	if (r->any && !digest_equal(&r->found, &id)) {
		char a[DIGEST_HEX_SIZE], b[DIGEST_HEX_SIZE];
		return err_set(err, ERR_AMBIGUOUS, "two certificates begin with these digits: %s and %s",
		               digest_hex(&r->found, a), digest_hex(&id, b));
	}
	r->found = id;
	r->any = true;
	return ERR_OK;
}

int trust_resolve(struct txn *txn, const struct digest_prefix *prefix, struct digest *out, struct err *err)
{
	struct resolve r = { .prefix = prefix };
	static const enum store_db where[] = { STORE_CERT, STORE_BLOCK };
	for (size_t i = 0; i < sizeof where / sizeof where[0]; i++) {
		int code = txn_each(txn, where[i], NULL, 0, prefix->byte, DIGEST_SIZE, fits, &r, err);
		if (code && code != ERR_STOPPED)
			return code;
	}
	if (!r.any) {
		char hex[DIGEST_HEX_SIZE];
		hex_encode(prefix->byte, DIGEST_SIZE, false, hex);
		return err_set(err, ERR_NOT_FOUND, "no certificate %.*s in the store",
		               (int)prefix->digits, hex);
	}
	*out = r.found;
	return ERR_OK;
}
