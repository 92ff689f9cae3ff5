/* L1: the look-up of a verification in a store, as the daemon does it, against a plain LMDB get of the same key and value
 * size from a named database in a transaction that is renewed for it; in the same process, in turn, over the same keys
 * in the same random order.
 * Usage: lookup STORE SCRATCH-DIRECTORY LOOKUPS ROUNDS; prints "store NS" and "plain NS" a round. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "truststore/answer.h"
#include "truststore/base/clock.h"
#include "truststore/store.h"

struct keys {
	struct digest *list;
	size_t count, room;
	size_t value_len; /* of each record */
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "lookup: %s: %s\n", what, why);
	exit(2);
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int key_take(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct keys *keys = arg;
	if (keys->count && value.len != keys->value_len)
		die("store", "its records differ in length");
	keys->value_len = value.len;
	if (keys->count == keys->room) {
		keys->room = keys->room ? 2 * keys->room : 1024;
		keys->list = realloc(keys->list, keys->room * sizeof *keys->list);
		if (!keys->list)
			die("memory", "none");
	}
	memcpy(keys->list[keys->count++].byte, key.bytes, DIGEST_SIZE);
	return 0;
}

static int keys_read(struct txn *txn, void *arg, struct err *err)
{
	return txn_each(txn, STORE_ANSWER, NULL, 0, NULL, 0, key_take, arg, err);
}

static MDB_env *plain_open(const char *path, const struct keys *keys, MDB_dbi *dbi)
{
	MDB_env *env;
	MDB_txn *txn;
	uint8_t bytes[ANSWER_MAX] = { 0 };
	if (mdb_env_create(&env) || mdb_env_set_mapsize(env, (size_t)4 << 30) ||
	    mdb_env_set_maxdbs(env, 2) || mdb_env_open(env, path, MDB_NOTLS, 0600) || mdb_txn_begin(env, NULL, 0, &txn) ||
	    mdb_dbi_open(txn, "answer", MDB_CREATE, dbi))
		die(path, "no plain environment");
	for (size_t i = 0; i < keys->count; i++) {
		MDB_val key = { DIGEST_SIZE, keys->list[i].byte }, value = { keys->value_len, bytes };
		if (mdb_put(txn, *dbi, &key, &value, 0))
			die(path, "put");
	}
	if (mdb_txn_commit(txn))
		die(path, "commit");
	return env;
}

static void shuffle(struct keys *keys)
{
	srandom(1);
	for (size_t i = keys->count - 1; i > 0; i--) {
		size_t j = (size_t)random() % (i + 1);
		struct digest swap = keys->list[i];
		keys->list[i] = keys->list[j];
		keys->list[j] = swap;
	}
}

static double store_round(struct txn *reader, const struct keys *keys, size_t lookups)
{
	const struct answer_policy policy = { 0 };
	int64_t now = clock_now();
	size_t trusted = 0;
	double begin = now_ns();
	for (size_t i = 0; i < lookups; i++) {
		const struct digest *id = &keys->list[i % keys->count];
		struct span value;
		struct answer answer;
		struct verdict verdict;
		if (store_reader_begin(reader, NULL) ||
		    txn_get(reader, STORE_ANSWER, id->byte, DIGEST_SIZE, &value) ||
		    answer_decode(value.bytes, value.len, &answer))
			die("store", "look-up failed");
		answer_judge(&answer, now, &policy, &verdict);
		trusted += verdict.trusted;
		store_reader_end(reader);
	}
	double ns = (now_ns() - begin) / (double)lookups;
	if (trusted != lookups)
		die("store", "a certificate is not trusted");
	return ns;
}

static double plain_round(MDB_txn *txn, MDB_dbi dbi, const struct keys *keys, size_t lookups)
{
	unsigned sum = 0;
	double begin = now_ns();
	for (size_t i = 0; i < lookups; i++) {
		MDB_val key = { DIGEST_SIZE, keys->list[i % keys->count].byte }, value;
		uint8_t copy[ANSWER_MAX];
		if (mdb_txn_renew(txn) || mdb_get(txn, dbi, &key, &value))
			die("plain", "look-up failed");
		memcpy(copy, value.mv_data, keys->value_len);
		sum += copy[0];
		mdb_txn_reset(txn);
	}
	double ns = (now_ns() - begin) / (double)lookups;
	if (sum)
		die("plain", "wrong value");
	return ns;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		die("usage", "STORE SCRATCH-DIRECTORY LOOKUPS ROUNDS");
	size_t lookups = strtoul(argv[3], NULL, 10);
	int rounds = atoi(argv[4]);
	struct err err;
	struct store *store;
	struct txn *reader;
	struct keys keys = { 0 };
	if (store_open(argv[1], STORE_READ, &store, &err) || store_read(store, keys_read, &keys, &err) ||
	    store_reader_new(store, &reader, &err))
		die(argv[1], err_text(&err));
	if (!keys.count)
		die(argv[1], "is empty");
	MDB_dbi dbi;
	MDB_env *env = plain_open(argv[2], &keys, &dbi);
	MDB_txn *plain;
	if (mdb_txn_begin(env, NULL, MDB_RDONLY, &plain))
		die("plain", "begin");
	mdb_txn_reset(plain);
	shuffle(&keys);
	printf("count %zu\n", keys.count);
	for (int i = 0; i < rounds; i++) {
		printf("store %.1f\n", store_round(reader, &keys, lookups));
		printf("plain %.1f\n", plain_round(plain, dbi, &keys, lookups));
	}
	mdb_txn_abort(plain);
	mdb_env_close(env);
	store_reader_free(reader);
	store_close(store);
	free(keys.list);
	return 0;
}
