/* The store: one LMDB environment in a directory, and transactions on it.
 *
 * What the bytes mean stands in FORMAT.md and record.h; what the records mean to each
 * other in trust.h. Here: files, locks, growth, revision.
 */
#ifndef TVS_STORE_H
#define TVS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/digest.h"
#include "truststore/base/err.h"

enum store_db { /* the named databases of FORMAT.md */
	STORE_META,
	STORE_ANSWER,
	STORE_CERT,
	STORE_STORE,
	STORE_MEMBER,
	STORE_ENDING,        /* memberships that end by themselves, by time */
	STORE_ISSUER_SERIAL, /* duplicates */
	STORE_SUBJECT,       /* duplicates */
	STORE_EXPIRY,
	STORE_BLOCK,
	STORE_TOMBSTONE,
	STORE_IDENTITY,
	STORE_REVOCATION,
	STORE_RESPONDER,
	STORE_CRL,
	STORE_NOTICE,
	STORE_OUTBOX,
	STORE_PEER,
	STORE_SUCCESSOR,
	STORE_MARK,
	STORE_CHANGE,
	STORE_DB_COUNT
};

struct store;
struct txn;

struct span { /* bytes that belong to somebody else */
	const uint8_t *bytes;
	size_t len;
};

enum store_mode { STORE_READ, STORE_WRITE };

/* Creates directory (0750) and files (0660) with the default trust stores. ERR_EXISTS if there is a store already;
 * nothing is changed then. */
int store_create(const char *path, struct err *err);
const char *store_default_name(size_t i); /* of the i-th of these, NULL past the last */

/* Opens a store. Run as root, the files are opened as the directory's owner. A store of another format version
 * is ERR_VERSION; a missing one ERR_NOT_FOUND with a sentence that names `truststore init`. One environment per
 * process, opened after any fork. */
int store_open(const char *path, enum store_mode mode, struct store **out, struct err *err);
void store_close(struct store *store);
const char *store_path(const struct store *store);

/* True if another file stands where the open database was opened, or none: somebody moved, deleted or copied
 * the store. What is read is the old one, and stays that. */
bool store_replaced(const struct store *store);

/* Clears reader slots of dead processes; returns how many. */
int store_clear_readers(struct store *store);

typedef int store_work_fn(struct txn *txn, void *arg, struct err *err);

/* Runs `work` in a read transaction (snapshot). Returns what `work` returns. */
int store_read(struct store *store, store_work_fn *work, void *arg, struct err *err);

/* Runs `work` in the write transaction: all or nothing. Takes the writers' lock first, and gives up with
 * ERR_BUSY, naming the holder, after STORE_LOCK_SECONDS. When the map is full, enlarges it and runs `work`
 * AGAIN from the start: so `work` must leave nothing behind but its transaction. Any result but 0 aborts;
 * ERR_STOPPED aborts and gives 0 (a dry run). A transaction that changed nothing leaves the revision alone. */
int store_write(struct store *store, store_work_fn *work, void *arg, struct err *err);
enum { STORE_LOCK_SECONDS = 10 };

/* A read transaction for the answer path: each use sees the newest state. The handle is made once a process; between
 * two events of a loop it must be ended. Its snapshot is kept from one use to the next as long as nothing is written:
 * to renew it costs as much as a look-up. Meanwhile writers cannot use again the pages that it sees, so who keeps a
 * reader begins it now and then (once a second, say). Never blocks. */
int store_reader_new(struct store *store, struct txn **out, struct err *err);
int store_reader_begin(struct txn *txn, struct err *err); /* copes with a map that another process enlarged */
void store_reader_end(struct txn *txn);
void store_reader_free(struct txn *txn);

/* Inside a transaction. What is returned lives until the transaction ends or, in a write
 * transaction, until the next change. A failed put or delete is remembered, and the commit then fails. */
int txn_get(struct txn *txn, enum store_db db, const void *key, size_t key_len, struct span *value); /* ERR_NOT_FOUND */
int txn_put(struct txn *txn, enum store_db db, const void *key, size_t key_len, const void *value, size_t len);
int txn_delete(struct txn *txn, enum store_db db, const void *key, size_t key_len); /* ERR_NOT_FOUND */
int txn_delete_pair(struct txn *txn, enum store_db db, const void *key, size_t key_len, const void *value, size_t len);
size_t txn_count(struct txn *txn, enum store_db db);
struct store *txn_store(const struct txn *txn);

/* Walks the records whose key begins with `prefix`, from `from` on (NULL: from the start), in the order of the
 * keys (big-endian numbers: ascending). Any result of `each` but 0 ends the walk with it. The record being
 * visited may be deleted. */
typedef int txn_each_fn(struct span key, struct span value, void *arg, struct err *err);
int txn_each(struct txn *txn, enum store_db db, const void *prefix, size_t prefix_len,
             const void *from, size_t from_len, txn_each_fn *each, void *arg, struct err *err);
int txn_each_backwards(struct txn *txn, enum store_db db, txn_each_fn *each, void *arg, struct err *err);

/* The revision: how many changes were ever made. */
uint64_t txn_revision(struct txn *txn);

#endif
