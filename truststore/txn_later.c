/* Puts that wait until they can be done in the order of the keys.
 *
 * Keys are digests: written as they come, each lands on another page of the tree, and a hundred thousand
 * of them dirty it all over. Sorted, they fill page after page: a third of the time, and two
 * thirds of the space. Whoever reads or changes records in the usual way has them written first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

enum {
	CHUNK = 1 << 16, /* bytes that are allocated at a time */
	FIRST_SLOTS = 1 << 10,
	AHEAD = 8        /* entries that are fetched from memory before their turn */
};

struct entry {
	uint64_t prefix; /* the key's first bytes: most comparisons end here */
	uint8_t *bytes;  /* key and value */
	uint32_t key_len, len, number;
};

struct queue {
	struct entry *entries;
	size_t count, room;
};

struct chunk {
	struct chunk *next;
	size_t used, size;
	uint8_t bytes[];
};

struct later {
	struct queue queue[STORE_DB_COUNT];
	struct chunk *chunks;
	size_t bytes;
	uint64_t *slots; /* hashes of the keys that wait; 0: free */
	size_t slot_count, used;
};

static uint64_t prefix_of(const uint8_t *key, size_t len)
{
	uint8_t first[8] = { 0 };
	memcpy(first, key, len < 8 ? len : 8);
	return get_be(first, 8);
}

/* The databases whose waiting keys txn_absent can tell apart; all have digests as keys. */
static bool is_noted(enum store_db db)
{
	return db == STORE_CERT || db == STORE_SUBJECT;
}

/* Never 0. Two keys with one hash only mean a look too many. */
static uint64_t hash(enum store_db db, const uint8_t *key, size_t len)
{
	uint64_t h = prefix_of(key, len) + db;
	return h ? h : 1;
}

static size_t slot_of(const struct later *later, uint64_t h)
{
	size_t i = h & (later->slot_count - 1);
	while (later->slots[i] && later->slots[i] != h)
		i = (i + 1) & (later->slot_count - 1);
	return i;
}

static int enlarge_slots(struct later *later)
{
	struct later old = *later;
	later->slot_count = old.slot_count ? 2 * old.slot_count : FIRST_SLOTS;
	later->slots = calloc(later->slot_count, sizeof *later->slots);
	if (!later->slots) {
		*later = old;
		return ENOMEM;
	}
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i])
			later->slots[slot_of(later, old.slots[i])] = old.slots[i];
	free(old.slots);
	return 0;
}

static int note_key(struct later *later, uint64_t h)
{
	if (2 * later->used >= later->slot_count && enlarge_slots(later))
		return ENOMEM;
	size_t i = slot_of(later, h);
	if (!later->slots[i])
		later->used++;
	later->slots[i] = h;
	return 0;
}

static uint8_t *space(struct later *later, size_t len)
{
	struct chunk *chunk = later->chunks;
	if (!chunk || chunk->size - chunk->used < len) {
		size_t size = len > CHUNK ? len : CHUNK;
		chunk = malloc(sizeof *chunk + size);
		if (!chunk)
			return NULL;
		*chunk = (struct chunk){ .next = later->chunks, .size = size };
		later->chunks = chunk;
	}
	uint8_t *at = chunk->bytes + chunk->used;
	chunk->used += len;
	later->bytes += len + sizeof(struct entry);
	return at;
}

static struct entry *new_entry(struct queue *queue)
{
	if (queue->count == queue->room) {
		size_t room = queue->room ? 2 * queue->room : 64;
		struct entry *entries = realloc(queue->entries, room * sizeof *entries);
		if (!entries)
			return NULL;
		queue->entries = entries;
		queue->room = room;
	}
	return &queue->entries[queue->count];
}

static int enqueue(struct later *later, enum store_db db, const void *key, size_t key_len,
                   const void *value, size_t len)
{
	struct queue *queue = &later->queue[db];
	struct entry *entry = new_entry(queue);
	uint8_t *bytes = entry ? space(later, key_len + len) : NULL;
	if (!bytes || (is_noted(db) && note_key(later, hash(db, key, key_len))))
		return ENOMEM;
	memcpy(bytes, key, key_len);
	if (len)
		memcpy(bytes + key_len, value, len);
	*entry = (struct entry){ prefix_of(key, key_len), bytes, (uint32_t)key_len, (uint32_t)len,
	                         (uint32_t)queue->count };
	queue->count++;
	return 0;
}

int txn_put_later(struct txn *txn, enum store_db db, const void *key, size_t key_len, const void *value, size_t len)
{
	if (txn->later && txn->later->bytes + key_len + len > txn->store->waiting_max)
		txn_settle(txn);
	if (!txn->later)
		txn->later = calloc(1, sizeof *txn->later);
	txn_count_change(txn, db);
	return txn_remember(txn, txn->later ? enqueue(txn->later, db, key, key_len, value, len) : ENOMEM);
}

static bool may_wait(const struct later *later, enum store_db db, const void *key, size_t key_len)
{
	if (!later || !later->queue[db].count)
		return false;
	return !is_noted(db) || later->slots[slot_of(later, hash(db, key, key_len))];
}

bool txn_absent(struct txn *txn, enum store_db db, const void *key, size_t key_len)
{
	MDB_val k = { key_len, (void *)key }, v;
	if (may_wait(txn->later, db, key, key_len))
		return false;
	return txn->store->dbi[db] && mdb_get(txn->mdb, txn->store->dbi[db], &k, &v) == MDB_NOTFOUND;
}

static int by_key(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int order = memcmp(a->bytes, b->bytes, a->key_len < b->key_len ? a->key_len : b->key_len);
	if (!order && a->key_len != b->key_len)
		order = a->key_len < b->key_len ? -1 : 1;
	if (!order) /* one key twice: as they came */
		order = a->number < b->number ? -1 : 1;
	return order;
}

static struct entry entry_of(const MDB_val *key)
{
	return (struct entry){ .prefix = prefix_of(key->mv_data, key->mv_size), .bytes = key->mv_data,
	                       .key_len = (uint32_t)key->mv_size, .number = UINT32_MAX };
}

static int put_entry(MDB_cursor *cursor, const struct entry *entry, unsigned flags)
{
	MDB_val key = { entry->key_len, entry->bytes };
	MDB_val value = { entry->len, entry->bytes + entry->key_len };
	return mdb_cursor_put(cursor, &key, &value, flags);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return a->prefix == b->prefix && a->key_len == b->key_len && !memcmp(a->bytes, b->bytes, a->key_len);
}

/* What lies behind all that is there is appended, which leaves no page half empty. */
static int put_sorted(MDB_cursor *cursor, const struct queue *queue)
{
	MDB_val key, value;
	struct entry last = { .prefix = 0 };
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	bool empty = rc == MDB_NOTFOUND;
	uint8_t copy[511]; /* the page it stands on will change */
	if (!rc) {
		memcpy(copy, key.mv_data, key.mv_size);
		key.mv_data = copy;
		last = entry_of(&key);
	}
	if (rc && !empty)
		return rc;
	rc = 0;
	for (size_t i = 0; i < queue->count && !rc; i++) {
		const struct entry *entry = &queue->entries[i];
		if (i + AHEAD < queue->count)
			__builtin_prefetch(queue->entries[i + AHEAD].bytes);
		bool behind = empty || (by_key(entry, &last) > 0 && !same_key(entry, &last));
		rc = put_entry(cursor, entry, behind ? MDB_APPEND : 0);
		if (behind)
			last = *entry;
		empty = false;
	}
	return rc;
}

static int write_queue(struct txn *txn, enum store_db db, struct queue *queue)
{
	MDB_cursor *cursor;
	qsort(queue->entries, queue->count, sizeof queue->entries[0], by_key);
	int rc = mdb_cursor_open(txn->mdb, txn->store->dbi[db], &cursor);
	if (rc)
		return rc;
	rc = put_sorted(cursor, queue);
	mdb_cursor_close(cursor);
	return rc;
}

void txn_settle(struct txn *txn)
{
	struct later *later = txn->later;
	txn->later = NULL;
	for (int i = 0; later && i < STORE_DB_COUNT; i++) {
		int rc = later->queue[i].count ? write_queue(txn, (enum store_db)i, &later->queue[i]) : 0;
		if (rc) {
			txn_remember(txn, rc);
			break;
		}
	}
	txn_drop_later(later);
}

void txn_drop_later(struct later *later)
{
	if (!later)
		return;
	for (struct chunk *chunk = later->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	for (int i = 0; i < STORE_DB_COUNT; i++)
		free(later->queue[i].entries);
	free(later->slots);
	free(later);
}
