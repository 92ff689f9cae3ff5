/* Records inside a transaction. */
#include <string.h>

#include "truststore/base/digest.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

enum { KEY_MAX = 511 }; /* LMDB's limit, of duplicates too */

struct store *txn_store(const struct txn *txn)
{
	return txn->store;
}

static void settle(struct txn *txn)
{
	if (txn->later)
		txn_settle(txn);
}

int txn_remember(struct txn *txn, int rc)
{
	if (rc && rc != MDB_NOTFOUND && !txn->failed)
		txn->failed = rc;
	return store_code(rc);
}

int txn_get(struct txn *txn, enum store_db db, const void *key, size_t key_len, struct span *value)
{
	MDB_val k = { key_len, (void *)key }, v;
	*value = (struct span){ NULL, 0 };
	settle(txn);
	if (!txn->store->dbi[db])
		return ERR_NOT_FOUND;
	int rc = mdb_get(txn->mdb, txn->store->dbi[db], &k, &v);
	if (rc)
		return txn_remember(txn, rc);
	*value = (struct span){ v.mv_data, v.mv_size };
	return ERR_OK;
}

bool txn_has_pair(struct txn *txn, enum store_db db, const uint8_t *key, const uint8_t *value)
{
	MDB_val k = { DIGEST_SIZE, (void *)key }, v = { DIGEST_SIZE, (void *)value };
	MDB_cursor *cursor;
	settle(txn);
	if (!txn->store->dbi[db] || mdb_cursor_open(txn->mdb, txn->store->dbi[db], &cursor))
		return false;
	int rc = mdb_cursor_get(cursor, &k, &v, MDB_GET_BOTH);
	mdb_cursor_close(cursor);
	return !rc;
}

void txn_count_change(struct txn *txn, enum store_db db)
{
	txn->changes[db]++;
	txn->changed = true;
}

static int put(struct txn *txn, enum store_db db, const void *key, size_t key_len,
               const void *value, size_t len, unsigned flags)
{
	MDB_val k = { key_len, (void *)key }, v = { len, (void *)value };
	txn_count_change(txn, db);
	return txn_remember(txn, mdb_put(txn->mdb, txn->store->dbi[db], &k, &v, flags));
}

int txn_put(struct txn *txn, enum store_db db, const void *key, size_t key_len, const void *value, size_t len)
{
	settle(txn);
	return put(txn, db, key, key_len, value, len, 0);
}

int txn_append(struct txn *txn, enum store_db db, const void *key, size_t key_len,
               const void *value, size_t len)
{
	return put(txn, db, key, key_len, value, len, MDB_APPEND);
}

int txn_delete(struct txn *txn, enum store_db db, const void *key, size_t key_len)
{
	MDB_val k = { key_len, (void *)key };
	settle(txn);
	txn_count_change(txn, db);
	return txn_remember(txn, mdb_del(txn->mdb, txn->store->dbi[db], &k, NULL));
}

int txn_delete_pair(struct txn *txn, enum store_db db, const void *key, size_t key_len, const void *value, size_t len)
{
	MDB_val k = { key_len, (void *)key }, v = { len, (void *)value };
	settle(txn);
	txn_count_change(txn, db);
	return txn_remember(txn, mdb_del(txn->mdb, txn->store->dbi[db], &k, &v));
}

size_t txn_count(struct txn *txn, enum store_db db)
{
	MDB_stat stat;
	settle(txn);
	if (!txn->store->dbi[db] || txn_remember(txn, mdb_stat(txn->mdb, txn->store->dbi[db], &stat)))
		return 0;
	return stat.ms_entries;
}

uint64_t txn_stored_revision(struct txn *txn)
{
	struct span value;
	if (txn_get(txn, STORE_META, "revision", 8, &value) || value.len != 8)
		return 0;
	return get_be(value.bytes, 8);
}

uint64_t txn_revision(struct txn *txn)
{
	return txn->writes ? txn->revision : txn_stored_revision(txn);
}

uint64_t txn_next_revision(struct txn *txn)
{
	return ++txn->revision;
}

/* A walk keeps a copy of where it stands: a change made meanwhile moves records about. */
struct walk {
	MDB_cursor *cursor;
	bool dup;
	MDB_val key, value;
	uint8_t at_key[KEY_MAX], at_value[KEY_MAX];
	size_t key_len, value_len;
};

static void walk_remember(struct walk *walk)
{
	walk->key_len = walk->key.mv_size < KEY_MAX ? walk->key.mv_size : KEY_MAX;
	memcpy(walk->at_key, walk->key.mv_data, walk->key_len);
	if (!walk->dup)
		return;
	walk->value_len = walk->value.mv_size < KEY_MAX ? walk->value.mv_size : KEY_MAX;
	memcpy(walk->at_value, walk->value.mv_data, walk->value_len);
}

static int step(struct walk *walk, MDB_cursor_op op)
{
	return mdb_cursor_get(walk->cursor, &walk->key, &walk->value, op);
}

static bool same(const MDB_val *a, const uint8_t *bytes, size_t len)
{
	return a->mv_size == len && !memcmp(a->mv_data, bytes, len);
}

/* From the remembered place to the first record behind it. */
static int walk_again(struct walk *walk)
{
	walk->key = (MDB_val){ walk->key_len, walk->at_key };
	if (walk->dup) {
		walk->value = (MDB_val){ walk->value_len, walk->at_value };
		int rc = step(walk, MDB_GET_BOTH_RANGE);
		if (!rc)
			return same(&walk->value, walk->at_value, walk->value_len) ? step(walk, MDB_NEXT) : 0;
		if (rc != MDB_NOTFOUND)
			return rc;
		walk->key = (MDB_val){ walk->key_len, walk->at_key };
	}
	int rc = step(walk, MDB_SET_RANGE);
	if (rc || !same(&walk->key, walk->at_key, walk->key_len))
		return rc;
	return step(walk, walk->dup ? MDB_NEXT_NODUP : MDB_NEXT);
}

/* From the remembered place to the last record before it; for databases without duplicates. */
static int walk_back_again(struct walk *walk)
{
	walk->key = (MDB_val){ walk->key_len, walk->at_key };
	int rc = step(walk, MDB_SET_RANGE);
	return step(walk, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

static int walk_open(struct walk *walk, struct txn *txn, enum store_db db)
{
	settle(txn);
	walk->dup = store_db_dup(db);
	return mdb_cursor_open(txn->mdb, txn->store->dbi[db], &walk->cursor);
}

static int walk_end(struct walk *walk, struct txn *txn, int rc, int code, struct err *err)
{
	if (walk->cursor)
		mdb_cursor_close(walk->cursor);
	if (rc && rc != MDB_NOTFOUND) {
		txn_remember(txn, rc);
		return store_fail(txn->store, rc, "walking through it", err);
	}
	return code;
}

/* Calls `each` from where the walk stands (`rc` says whether it stands anywhere), in its direction. */
static int walk_on(struct walk *walk, struct txn *txn, enum store_db db, int rc, const void *prefix, size_t prefix_len,
                   bool back, txn_each_fn *each, void *arg, struct err *err)
{
	int code = ERR_OK;
	while (!rc && walk->key.mv_size >= prefix_len &&
	       (!prefix_len || !memcmp(walk->key.mv_data, prefix, prefix_len))) {
		uint64_t before = txn->changes[db];
		if (txn->writes)
			walk_remember(walk);
		code = each((struct span){ walk->key.mv_data, walk->key.mv_size },
		            (struct span){ walk->value.mv_data, walk->value.mv_size }, arg, err);
		if (code)
			break;
		settle(txn);
		if (txn->changes[db] == before)
			rc = step(walk, back ? MDB_PREV : MDB_NEXT);
		else
			rc = back ? walk_back_again(walk) : walk_again(walk);
	}
	return walk_end(walk, txn, rc, code, err);
}

int txn_each(struct txn *txn, enum store_db db, const void *prefix, size_t prefix_len,
             const void *from, size_t from_len, txn_each_fn *each, void *arg, struct err *err)
{
	if (!txn->store->dbi[db])
		return ERR_OK;
	struct walk walk = { .cursor = NULL };
	int rc = walk_open(&walk, txn, db);
	if (!rc) {
		walk.key = from_len ? (MDB_val){ from_len, (void *)from }
		                    : (MDB_val){ prefix_len, (void *)prefix };
		rc = step(&walk, walk.key.mv_size ? MDB_SET_RANGE : MDB_FIRST);
	}
	return walk_on(&walk, txn, db, rc, prefix, prefix_len, false, each, arg, err);
}

int txn_each_backwards(struct txn *txn, enum store_db db, txn_each_fn *each, void *arg, struct err *err)
{
	if (!txn->store->dbi[db])
		return ERR_OK;
	struct walk walk = { .cursor = NULL };
	int rc = walk_open(&walk, txn, db);
	if (!rc)
		rc = step(&walk, MDB_LAST);
	return walk_on(&walk, txn, db, rc, NULL, 0, true, each, arg, err);
}
