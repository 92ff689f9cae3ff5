/* Running work in transactions: snapshots, everything or nothing, growth. */
#include <errno.h>
#include <stdlib.h>

#include "truststore/base/clock.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

/* What a reader kept between two uses. */
static void drop_kept(struct store *store)
{
	if (store->kept)
		mdb_txn_reset(store->kept->mdb);
	store->kept = NULL;
}

static int take_up_map(struct store *store)
{
	if (store->active)
		return EBUSY;
	drop_kept(store); /* it looks into the map that goes */
	return mdb_env_set_mapsize(store->env, 0);
}

static int begin(struct store *store, bool writes, MDB_txn **out)
{
	unsigned flags = writes ? 0 : MDB_RDONLY;
	int rc = mdb_txn_begin(store->env, NULL, flags, out);
	if (rc == MDB_READERS_FULL) {
		store_clear_readers(store);
		rc = mdb_txn_begin(store->env, NULL, flags, out);
	}
	while (rc == MDB_MAP_RESIZED && !(rc = take_up_map(store)))
		rc = mdb_txn_begin(store->env, NULL, flags, out);
	return rc;
}

int txn_begin(struct txn *txn, struct store *store, bool writes)
{
	*txn = (struct txn){ .store = store, .writes = writes };
	int rc = begin(store, writes, &txn->mdb);
	if (rc)
		return rc;
	txn->active = true;
	store->active++;
	if (writes) {
		txn->now = clock_now();
		txn->start = txn->revision = txn_stored_revision(txn);
	}
	return 0;
}

static void set_inactive(struct txn *txn)
{
	if (txn->active)
		txn->store->active--;
	txn->active = false;
}

void txn_abort(struct txn *txn)
{
	if (txn->mdb)
		mdb_txn_abort(txn->mdb);
	txn->mdb = NULL;
	txn_drop_later(txn->later);
	txn->later = NULL;
	set_inactive(txn);
}

int store_read(struct store *store, store_work_fn *work, void *arg, struct err *err)
{
	struct txn txn;
	int rc = txn_begin(&txn, store, false);
	if (rc)
		return store_fail(store, rc, "reading it", err);
	int code = work(&txn, arg, err);
	txn_abort(&txn);
	return code;
}

/* Returns LMDB's code. */
static int commit(struct txn *txn)
{
	txn_settle(txn);
	if (txn->revision != txn->start) {
		uint8_t revision[8];
		put_be(revision, txn->revision, sizeof revision);
		txn_put(txn, STORE_META, "revision", 8, revision, sizeof revision);
	}
	if (!txn->failed && txn->changed) {
		txn->failed = mdb_txn_commit(txn->mdb);
		txn->mdb = NULL;
	}
	txn_abort(txn);
	return txn->failed;
}

/* One try. `*rc` is LMDB's code if it was the database that failed. */
static int try_write(struct store *store, store_work_fn *work, void *arg, int *rc, struct err *err)
{
	struct txn txn;
	mdb_reader_check(store->env, NULL); /* a dead reader keeps pages from being used again */
	*rc = txn_begin(&txn, store, true);
	if (*rc)
		return ERR_STORE;
	int code = work(&txn, arg, err);
	*rc = txn.failed;
	if (code || *rc)
		txn_abort(&txn);
	else
		*rc = commit(&txn);
	return code;
}

static int grow(struct store *store)
{
	MDB_envinfo info;
	int rc = mdb_env_info(store->env, &info);
	if (rc)
		return rc;
	if (info.me_mapsize > SIZE_MAX / 2)
		return MDB_MAP_FULL;
	return mdb_env_set_mapsize(store->env, 2 * info.me_mapsize);
}

int store_write(struct store *store, store_work_fn *work, void *arg, struct err *err)
{
	if (store->mode != STORE_WRITE || store->active)
		return err_set(err, ERR_STORE, "%s: not opened for writing, or in use by a transaction",
		               store->path);
	int code = store_lock(store, err);
	if (code)
		return code;
	drop_kept(store);
	int rc;
	for (;;) {
		err_clear(err);
		code = try_write(store, work, arg, &rc, err);
		if (rc != MDB_MAP_FULL)
			break;
		rc = grow(store);
		if (rc)
			break;
	}
	store_unlock(store);
	if (rc)
		return store_fail(store, rc, "writing to it", err);
	return code == ERR_STOPPED ? ERR_OK : code;
}

int store_reader_new(struct store *store, struct txn **out, struct err *err)
{
	struct txn *txn = malloc(sizeof *txn);
	if (!txn)
		return err_set(err, ERR_MEMORY, "no memory");
	int rc = txn_begin(txn, store, false);
	if (rc) {
		free(txn);
		return store_fail(store, rc, "reading it", err);
	}
	store_reader_end(txn);
	*out = txn;
	return ERR_OK;
}

/* Nothing was written since. By the data file itself: what LMDB's lock file says may be late (a writer that was killed). */
static bool is_newest(const struct txn *txn)
{
	MDB_envinfo info;
	return !mdb_env_info(txn->store->env, &info) && info.me_last_txnid == mdb_txn_id(txn->mdb);
}

static int renew(struct txn *txn)
{
	int rc = mdb_txn_renew(txn->mdb);
	while (rc == MDB_MAP_RESIZED && !(rc = take_up_map(txn->store)))
		rc = mdb_txn_renew(txn->mdb);
	return rc;
}

int store_reader_begin(struct txn *txn, struct err *err)
{
	struct store *store = txn->store;
	if (store->kept == txn && is_newest(txn)) {
		store->kept = NULL;
	} else {
		drop_kept(store);
		int rc = renew(txn);
		if (rc)
			return store_fail(store, rc, "reading it", err);
	}
	txn->active = true;
	store->active++;
	return ERR_OK;
}

void store_reader_end(struct txn *txn)
{
	if (!txn->active)
		return;
	set_inactive(txn);
	drop_kept(txn->store);
	txn->store->kept = txn;
}

void store_reader_free(struct txn *txn)
{
	if (!txn)
		return;
	if (txn->store->kept == txn)
		txn->store->kept = NULL;
	txn_abort(txn);
	free(txn);
}
