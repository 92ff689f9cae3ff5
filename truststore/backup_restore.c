/* A backup's records in the place of a store's. */
#include "config.h"

#include <string.h>

#include "truststore/backup_priv.h"
#include "truststore/base/clock.h"
#include "truststore/identity.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"
#include "truststore/trust.h"

/* Both logs have the same line at the last revision that they have in common; where there is none, nothing differs. */
static bool same_history(struct txn *txn, const struct backup *backup)
{
	uint8_t key[8];
	struct span there;
	if (!backup->common)
		return true;
	revision_key(backup->common, key);
	return !txn_get(txn, STORE_CHANGE, key, sizeof key, &there) &&
	       there.len == backup->common_change.len &&
	       !memcmp(there.bytes, backup->common_change.bytes, there.len);
}

struct comparing {
	const struct backup *backup;
	struct backup_relation *relation;
};

static int compare_work(struct txn *txn, void *arg, struct err *err)
{
	const struct comparing *c = arg;
	struct backup_relation *relation = c->relation;
	*relation = (struct backup_relation){ .revision = txn_revision(txn) };
	relation->older = relation->revision > c->backup->revision;
	relation->other_history = !same_history(txn, c->backup);
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		struct identity_record identity;
		int code = identity_record_get(txn, (enum purpose)i, &identity, err);
		if (code && code != ERR_NOT_FOUND)
			return code;
		relation->own[i] = !code && identity.has_cert;
		if (relation->own[i])
			relation->own_cert[i] = identity.cert;
	}
	return ERR_OK;
}

int backup_compare(struct store *store, const struct backup *backup, struct backup_relation *out, struct err *err)
{
	struct comparing comparing = { backup, out };
	return store_read(store, compare_work, &comparing, err);
}

struct restoring {
	FILE *stream;
	const char *name;
	const struct backup *backup;
	bool force;
	struct txn *txn;
	bool keep_log; /* it continues the backup's */
	size_t differences;
	struct err first; /* of them */
};

static int refuse(const struct restoring *r, const struct backup_relation *relation, struct err *err)
{
	const char *path = store_path(r->txn->store);
	if (relation->other_history)
		return err_set(err, ERR_REFUSED, "%s: is a backup of another store than %s, whose contents it would replace",
		               r->name, path);
	return err_set(err, ERR_REFUSED,
	               "%s: is of revision %llu, the store %s is at revision %llu: its newer changes would be lost",
	               r->name, (unsigned long long)r->backup->revision, path, (unsigned long long)relation->revision);
}

static int empty(struct txn *txn, enum store_db db, struct err *err)
{
	int rc = mdb_drop(txn->mdb, txn->store->dbi[db], 0);
	txn_remember(txn, rc);
	txn_count_change(txn, db);
	return rc ? store_fail(txn->store, rc, "emptying it", err) : ERR_OK;
}

static int put_record(enum store_db db, struct span key, struct span value, void *arg, struct err *err)
{
	struct restoring *r = arg;
	if (db == STORE_CHANGE && r->keep_log)
		return ERR_OK;
	int code = store_db_dup(db) ? txn_put(r->txn, db, key.bytes, key.len, value.bytes, value.len)
	                            : txn_append(r->txn, db, key.bytes, key.len, value.bytes, value.len);
	return code ? err_set(err, code, "%s: cannot be written to the store", r->name) : ERR_OK;
}

static void count_difference(const char *difference, void *arg)
{
	struct restoring *r = arg;
	if (!r->differences++)
		err_set(&r->first, ERR_STORE, "%s", difference);
}

/* The revision goes on from the log that stays. */
static int write_line(struct restoring *r, struct err *err)
{
	struct txn *txn = r->txn;
	char detail[96], made[CLOCK_TEXT_SIZE];
	if (!r->keep_log)
		txn->start = txn->revision = r->backup->revision;
	snprintf(detail, sizeof detail, "backup of revision %llu, made %s", (unsigned long long)r->backup->revision,
	         clock_format(r->backup->made, made));
	int code = change_add(txn, CHANGE_RESTORE, NULL, NULL, detail, (struct span){ NULL, 0 });
	return code ? err_set(err, code, "the change log cannot be written") : ERR_OK;
}

static int restore_work(struct txn *txn, void *arg, struct err *err)
{
	struct restoring *r = arg;
	struct backup_relation relation;
	struct backup again = { .key_count = 0 };
	struct comparing comparing = { r->backup, &relation };
	r->txn = txn;
	r->differences = 0;
	int code = compare_work(txn, &comparing, err);
	if (!code && (relation.older || relation.other_history) && !r->force)
		code = refuse(r, &relation, err);
	r->keep_log = !relation.other_history && relation.revision >= r->backup->revision;
	for (int db = 0; !code && db < STORE_DB_COUNT; db++)
		if (db != STORE_CHANGE || !r->keep_log)
			code = empty(txn, (enum store_db)db, err);
	if (!code)
		code = backup_scan(r->stream, r->name, &again, put_record, r, err);
	backup_deinit(&again);
	if (!code && backup_keys_included(r->backup))
		code = backup_last_put(txn, &(struct backup_last){ r->backup->made, r->backup->revision }, err);
	if (!code)
		code = write_line(r, err);
	if (!code)
		code = trust_verify(txn, count_difference, r, err);
	if (!code && r->differences && !r->force)
		code = err_set(err, ERR_REFUSED, "%s: what it holds is not whole (%zu differences, the first: %s)", r->name,
		               r->differences, r->first.text);
	return code;
}

int backup_restore(struct store *store, FILE *stream, const char *name, const struct backup *backup, bool force,
                   struct err *err)
{
	struct restoring r = { .stream = stream, .name = name, .backup = backup, .force = force };
	return store_write(store, restore_work, &r, err);
}
