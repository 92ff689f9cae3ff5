/* The inside of a store and of its transactions: for store*.c, txn.c, change.c and their tests. */
#ifndef TVS_STORE_PRIV_H
#define TVS_STORE_PRIV_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "truststore/record.h"
#include "truststore/store.h"

#define STORE_DATA_FILE "data.mdb"
#define STORE_LMDB_LOCK_FILE "lock.mdb"
#define STORE_WRITE_LOCK_FILE "write.lock"
#define STORE_MAP_SIZE ((size_t)16 << 30)

enum {
	STORE_FORMAT = 1,
	STORE_WHO_MAX = 64,
	STORE_WAITING_MAX = 256 << 20,
	STORE_LOCK_DEFAULT_MS = STORE_LOCK_SECONDS * 1000
};

struct store {
	char *path;
	enum store_mode mode;
	MDB_env *env;
	MDB_dbi dbi[STORE_DB_COUNT]; /* 0: a database that this store does not have */
	int lock_fd;                 /* of the writers' lock; -1 when open for reading */
	unsigned lock_ms;            /* how long a writer waits for it */
	size_t waiting_max;          /* bytes of puts that wait to be sorted */
	unsigned active;             /* open transactions, which hold the map where it is */
	struct txn *kept;            /* the reader that ended last: its snapshot serves again while it is the newest */
	char who[STORE_WHO_MAX];     /* whom the change log names */
};

struct later; /* txn_later.c */

struct known_store { /* a trust store that was read, as long as `store` has not changed */
	bool known;
	uint64_t at; /* the count of changes then */
	char name[RECORD_NAME_MAX + 1];
	struct store_record record;
};

struct txn {
	struct store *store;
	MDB_txn *mdb;
	bool writes, active;
	int failed;        /* LMDB's code of the first failure */
	uint64_t changes[STORE_DB_COUNT]; /* puts and deletes so far */
	bool changed;
	uint64_t start;    /* the revision at the beginning */
	uint64_t revision; /* and now */
	struct later *later; /* puts that wait; NULL: none */
	struct known_store known;
	int64_t now;       /* one moment for all that the transaction writes */
};

const char *store_db_name(enum store_db db);
bool store_db_dup(enum store_db db); /* one key, several values */

/* store_open with a size of the map to begin with, and a limit on the wait for other writers. */
int store_open_sized(const char *path, enum store_mode mode, size_t map_size, unsigned lock_ms,
                     struct store **out, struct err *err);

/* store_open that looks at nothing: the environment alone, made where there is none. */
int store_open_env(const char *path, enum store_mode mode, size_t map_size, unsigned lock_ms,
                   struct store **out, struct err *err);

/* Opens the named databases, in a transaction of their own; store_add_databases makes those that are missing. */
int store_open_databases(struct store *store, struct err *err);
int store_add_databases(struct store *store, struct err *err);

/* The writers' lock. ERR_BUSY names its holder. */
int store_lock(struct store *store, struct err *err);
void store_unlock(struct store *store);

/* An LMDB code as one of ours; and with the sentence that says what was being done. */
int store_code(int rc);
int store_fail(const struct store *store, int rc, const char *what, struct err *err);

/* Begins and ends a transaction; the map is taken up anew where another process enlarged it. Returns LMDB's code. */
int txn_begin(struct txn *txn, struct store *store, bool writes);
void txn_abort(struct txn *txn);

/* The revision as the transaction's snapshot has it. */
uint64_t txn_stored_revision(struct txn *txn);

/* The revision of a change that is written now: one more than the last. */
uint64_t txn_next_revision(struct txn *txn);

/* A put at the end of a database: the key must be greater than all that are there. */
int txn_append(struct txn *txn, enum store_db db, const void *key, size_t key_len,
               const void *value, size_t len);

/* A put that may wait, for many records whose keys come in no order. Every function of store.h writes first what
 * waits; txn_absent does not: true if neither the database nor what waits has the key for certain. */
int txn_put_later(struct txn *txn, enum store_db db, const void *key, size_t key_len, const void *value, size_t len);
bool txn_absent(struct txn *txn, enum store_db db, const void *key, size_t key_len);
void txn_settle(struct txn *txn);
void txn_drop_later(struct later *later);

/* Keeps the first failure; returns the code for it. And counts a change. */
int txn_remember(struct txn *txn, int rc);
void txn_count_change(struct txn *txn, enum store_db db);

/* True if a database with duplicates holds this pair; both parts are digests. */
bool txn_has_pair(struct txn *txn, enum store_db db, const uint8_t *key, const uint8_t *value);

#endif
