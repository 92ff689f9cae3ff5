/* Trust stores: names, roles, settings. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

struct each_store {
	struct txn *txn;
	trust_store_fn *each;
	void *arg;
};

static int visit(struct span key, struct span value, void *arg, struct err *err)
{
	(void)key;
	const struct each_store *e = arg;
	struct store_record store;
	if (store_record_decode(value, &store))
		return trust_broken(e->txn, STORE_STORE, err);
	return e->each(&store, e->arg, err);
}

int trust_store_each(struct txn *txn, trust_store_fn *each, void *arg, struct err *err)
{
	struct each_store e = { txn, each, arg };
	return txn_each(txn, STORE_STORE, NULL, 0, NULL, 0, visit, &e, err);
}

struct names {
	char text[512];
	size_t len;
};

static int add_name(const struct store_record *store, void *arg, struct err *err)
{
	(void)err;
	struct names *names = arg;
	int n = snprintf(names->text + names->len, sizeof names->text - names->len, "%s%.*s",
	                 names->len ? ", " : "", (int)store->name.len, store->name.bytes);
	if ((size_t)n >= sizeof names->text - names->len)
		return ERR_STOPPED;
	names->len += (size_t)n;
	return ERR_OK;
}

static int no_store(struct txn *txn, const char *name, struct err *err)
{
	struct names names = { .len = 0 };
	int code = trust_store_each(txn, add_name, &names, err);
	if (code && code != ERR_STOPPED)
		return code;
	return err_set(err, ERR_NOT_FOUND, "no trust store \"%.100s\": there are %s", name, names.text);
}

int trust_store_get(struct txn *txn, const char *name, struct store_record *out, struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	size_t len = strlen(name);
	struct span value;
	if (!len || len > RECORD_NAME_MAX)
		return no_store(txn, name, err);
	int code = txn_get(txn, STORE_STORE, key, store_key(name, len, key), &value);
	if (code == ERR_NOT_FOUND)
		return no_store(txn, name, err);
	if (code)
		return code;
	return store_record_decode(value, out) ? trust_broken(txn, STORE_STORE, err) : ERR_OK;
}

int trust_store_known(struct txn *txn, const char *name, struct store_record *out, struct err *err)
{
	struct known_store *known = &txn->known;
	if (!known->known || known->at != txn->changes[STORE_STORE] || strcasecmp(known->name, name)) {
		known->known = false;
		int code = trust_store_get(txn, name, &known->record, err);
		if (code)
			return code;
		snprintf(known->name, sizeof known->name, "%.*s", (int)known->record.name.len,
		         known->record.name.bytes);
		known->record.name.bytes = known->name;
		known->at = txn->changes[STORE_STORE];
		known->known = true;
	}
	*out = known->record;
	return ERR_OK;
}

static bool name_is_good(struct text name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	if (!name.len || name.len > RECORD_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!name.bytes[i] || !strchr(letters, name.bytes[i]))
			return false;
	return true;
}

static int check(const struct store_record *store, struct err *err)
{
	if (!name_is_good(store->name))
		return err_set(err, ERR_REFUSED,
		               "\"%.*s\" is no name for a trust store: 1 to %d letters, digits, \"_\" and \"-\"",
		               (int)(store->name.len < 100 ? store->name.len : 100), store->name.bytes,
		               RECORD_NAME_MAX);
	if (!store->ttl)
		return err_set(err, ERR_REFUSED, "trust store %.*s: a TTL is at least 1 second",
		               (int)store->name.len, store->name.bytes);
	if (store->roles & ~ROLE_ALL)
		return err_set(err, ERR_REFUSED, "trust store %.*s: unknown roles",
		               (int)store->name.len, store->name.bytes);
	return ERR_OK;
}

static bool same(const struct store_record *a, const struct store_record *b)
{
	return a->roles == b->roles && a->ttl == b->ttl && a->same_subject == b->same_subject;
}

static int refresh_member(const struct store_record *store, const struct digest *cert,
                          const struct member_record *member, void *arg, struct err *err)
{
	(void)store, (void)member;
	return trust_refresh(arg, cert, err);
}

static int log_change(struct txn *txn, const struct store_record *store, const char *name,
                      struct span before)
{
	char roles[ROLES_TEXT_SIZE], detail[ROLES_TEXT_SIZE + 64];
	snprintf(detail, sizeof detail, "roles %s, ttl %u, same-subject %s",
	         roles_format(store->roles, roles), (unsigned)store->ttl,
	         store->same_subject == SAME_SUBJECT_KEEP ? "keep" : "replace");
	return change_add(txn, CHANGE_STORE, NULL, name, detail, before);
}

int trust_store_name(struct txn *txn, const char *name, char out[RECORD_NAME_MAX + 1], struct err *err)
{
	struct store_record store;
	int code = trust_store_get(txn, name, &store, err);
	if (!code)
		snprintf(out, RECORD_NAME_MAX + 1, "%.*s", (int)store.name.len, store.name.bytes);
	return code;
}

int trust_store_put(struct txn *txn, const struct store_record *store, struct err *err)
{
	int code = check(store, err);
	if (code)
		return code;
	uint8_t key[RECORD_NAME_MAX];
	size_t key_len = store_key(store->name.bytes, store->name.len, key);
	char name[RECORD_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	struct store_record new = *store, old;
	struct record before, record;
	code = trust_copy(txn, STORE_STORE, key, key_len, &before);
	if (!code) {
		if (store_record_decode((struct span){ before.bytes, before.len }, &old)) {
			record_free(&before);
			return trust_broken(txn, STORE_STORE, err);
		}
		if (same(&old, store)) {
			record_free(&before);
			return ERR_OK;
		}
		new.name = old.name; /* a name keeps the spelling that it began with */
		snprintf(name, sizeof name, "%.*s", (int)old.name.len, old.name.bytes);
	} else if (code != ERR_NOT_FOUND) {
		return code;
	}
	code = store_record_encode(&new, &record);
	if (!code)
		code = txn_put(txn, STORE_STORE, key, key_len, record.bytes, record.len);
	if (!code)
		code = log_change(txn, &new, name, (struct span){ before.bytes, before.len });
	if (!code)
		code = trust_member_each_of_store(txn, name, refresh_member, txn, err);
	record_free(&record);
	record_free(&before);
	return code;
}

static int count_one(struct span key, struct span value, void *arg, struct err *err)
{
	(void)key, (void)value, (void)err;
	++*(size_t *)arg;
	return ERR_OK;
}

size_t trust_store_count(struct txn *txn, const char *name)
{
	size_t count = 0, len = strlen(name);
	uint8_t prefix[RECORD_NAME_MAX + 1];
	if (len > RECORD_NAME_MAX)
		return 0;
	store_key(name, len, prefix);
	prefix[len] = 0;
	txn_each(txn, STORE_MEMBER, prefix, len + 1, NULL, 0, count_one, &count, NULL);
	return count;
}
