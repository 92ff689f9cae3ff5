/* Memberships: reading and writing one, walking through many. */
#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

int trust_member_get(struct txn *txn, const char *store, const struct digest *cert,
                     struct member_record *out, struct err *err)
{
	uint8_t key[MEMBER_KEY_MAX];
	struct span value;
	int code = txn_get(txn, STORE_MEMBER, key, member_key(store, cert, key), &value);
	if (code)
		return code;
	return member_record_decode(value, out) ? trust_broken(txn, STORE_MEMBER, err) : ERR_OK;
}

static int delete_ending(struct txn *txn, const uint8_t *key, size_t len, int64_t until)
{
	uint8_t ending[ENDING_KEY_MAX];
	if (until == CLOCK_NEVER)
		return ERR_OK;
	return txn_delete(txn, STORE_ENDING, ending, ending_key(until, key, len, ending));
}

int trust_member_put(struct txn *txn, const char *store, const struct digest *cert,
                     int64_t until, const struct member_record *member)
{
	uint8_t key[MEMBER_KEY_MAX], ending[ENDING_KEY_MAX];
	size_t len = member_key(store, cert, key);
	struct record record;
	int64_t new_until = member->until;
	int code = member_record_encode(member, &record);
	if (code)
		return code;
	code = txn_put_later(txn, STORE_MEMBER, key, len, record.bytes, record.len);
	record_free(&record);
	if (!code && until != new_until)
		code = delete_ending(txn, key, len, until);
	if (!code && new_until != CLOCK_NEVER)
		code = txn_put_later(txn, STORE_ENDING, ending, ending_key(new_until, key, len, ending), "", 0);
	return code;
}

int trust_member_delete(struct txn *txn, const char *store, const struct digest *cert, int64_t until)
{
	uint8_t key[MEMBER_KEY_MAX];
	size_t len = member_key(store, cert, key);
	int code = txn_delete(txn, STORE_MEMBER, key, len);
	return code ? code : delete_ending(txn, key, len, until);
}

struct of_cert {
	struct txn *txn;
	const struct digest *cert;
	trust_member_fn *each;
	void *arg;
};

static int look_into(const struct store_record *store, void *arg, struct err *err)
{
	const struct of_cert *of = arg;
	char name[RECORD_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	struct member_record member;
	int code = trust_member_get(of->txn, name, of->cert, &member, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	return of->each(store, of->cert, &member, of->arg, err);
}

int trust_member_each_of_cert(struct txn *txn, const struct digest *cert, trust_member_fn *each, void *arg, struct err *err)
{
	struct of_cert of = { txn, cert, each, arg };
	return trust_store_each(txn, look_into, &of, err);
}

struct of_store {
	struct txn *txn;
	struct store_record store;
	trust_member_fn *each;
	void *arg;
};

static int visit(struct span key, struct span value, void *arg, struct err *err)
{
	const struct of_store *of = arg;
	struct text name;
	struct digest cert;
	struct member_record member;
	if (member_key_split(key, &name, &cert) || member_record_decode(value, &member))
		return trust_broken(of->txn, STORE_MEMBER, err);
	return of->each(&of->store, &cert, &member, of->arg, err);
}

int trust_member_each_of_store(struct txn *txn, const char *store, trust_member_fn *each, void *arg, struct err *err)
{
	struct of_store of = { .txn = txn, .each = each, .arg = arg };
	int code = trust_store_get(txn, store, &of.store, err);
	if (code)
		return code;
	/* a copy: `each` may change the store, and what was read of it would move */
	char name[RECORD_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)of.store.name.len, of.store.name.bytes);
	of.store.name = text_of(name);
	uint8_t prefix[RECORD_NAME_MAX + 1];
	size_t len = store_key(name, of.store.name.len, prefix);
	prefix[len++] = 0;
	return txn_each(txn, STORE_MEMBER, prefix, len, NULL, 0, visit, &of, err);
}
