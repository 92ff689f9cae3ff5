#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/store_priv.h"

static struct txn *now; /* of the transaction that runs */
static char seen[4096];

static void in_write(store_work_fn *work)
{
	ck_assert_msg(!store_write(fixture_store, work, NULL, &fixture_err), "%s", fixture_err.text);
}

static void in_read(store_work_fn *work)
{
	ck_assert_msg(!store_read(fixture_store, work, NULL, &fixture_err), "%s", fixture_err.text);
}

static void put(enum store_db db, const char *key, const char *value)
{
	ck_assert_int_eq(txn_put(now, db, key, strlen(key), value, strlen(value)), 0);
}

static int see(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err, (void)arg;
	snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.*s=%.*s ", (int)key.len, key.bytes,
	         (int)value.len, value.bytes);
	return 0;
}

static const char *walk(enum store_db db, const char *prefix, const char *from)
{
	seen[0] = '\0';
	ck_assert_int_eq(txn_each(now, db, prefix, prefix ? strlen(prefix) : 0, from, from ? strlen(from) : 0, see,
	                          NULL, &fixture_err), 0);
	return seen;
}

static int walks(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	now = txn;
	struct span value;
	ck_assert_str_eq(walk(STORE_MARK, NULL, NULL), "");
	ck_assert_int_eq(txn_get(txn, STORE_MARK, "a", 1, &value), ERR_NOT_FOUND);
	ck_assert_ptr_null(value.bytes);
	ck_assert_int_eq(txn_delete(txn, STORE_MARK, "a", 1), ERR_NOT_FOUND);
	put(STORE_MARK, "b2", "4");
	put(STORE_MARK, "a", "1");
	put(STORE_MARK, "b1", "3");
	put(STORE_MARK, "b", "2");
	put(STORE_MARK, "c", "5");
	ck_assert_str_eq(walk(STORE_MARK, NULL, NULL), "a=1 b=2 b1=3 b2=4 c=5 ");
	ck_assert_str_eq(walk(STORE_MARK, "b", NULL), "b=2 b1=3 b2=4 ");
	ck_assert_str_eq(walk(STORE_MARK, "b", "b1"), "b1=3 b2=4 ");
	ck_assert_str_eq(walk(STORE_MARK, NULL, "b11"), "b2=4 c=5 ");
	ck_assert_str_eq(walk(STORE_MARK, "d", NULL), "");
	ck_assert_str_eq(walk(STORE_MARK, "aa", NULL), "");
	ck_assert_uint_eq(txn_count(txn, STORE_MARK), 5);
	seen[0] = '\0';
	ck_assert_int_eq(txn_each_backwards(txn, STORE_MARK, see, NULL, &fixture_err), 0);
	ck_assert_str_eq(seen, "c=5 b2=4 b1=3 b=2 a=1 ");
	ck_assert_ptr_eq(txn_store(txn), fixture_store);
	return 0;
}

START_TEST(walks_in_order_and_within_a_prefix)
{
	in_write(walks);
}
END_TEST

static int duplicates(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	now = txn;
	put(STORE_SUBJECT, "k", "2");
	put(STORE_SUBJECT, "k", "1");
	put(STORE_SUBJECT, "k", "1");
	put(STORE_SUBJECT, "l", "3");
	ck_assert_str_eq(walk(STORE_SUBJECT, NULL, NULL), "k=1 k=2 l=3 ");
	ck_assert_str_eq(walk(STORE_SUBJECT, "k", NULL), "k=1 k=2 ");
	ck_assert_int_eq(txn_delete_pair(txn, STORE_SUBJECT, "k", 1, "1", 1), 0);
	ck_assert_int_eq(txn_delete_pair(txn, STORE_SUBJECT, "k", 1, "1", 1), ERR_NOT_FOUND);
	ck_assert_str_eq(walk(STORE_SUBJECT, NULL, NULL), "k=2 l=3 ");
	return 0;
}

START_TEST(duplicates_are_kept_apart)
{
	in_write(duplicates);
}
END_TEST

/* Deletes what it sees, and more where told; puts grow the tree meanwhile. */
struct eat {
	enum store_db db;
	int every, count;
};

static int eat(struct span key, struct span value, void *arg, struct err *err)
{
	struct eat *e = arg;
	uint8_t k[64], v[64];
	size_t key_len = key.len, len = value.len;
	(void)err;
	memcpy(k, key.bytes, key_len);
	memcpy(v, value.bytes, len);
	if (e->count++ % e->every)
		return 0;
	return store_db_dup(e->db) ? txn_delete_pair(now, e->db, k, key_len, v, len)
	                           : txn_delete(now, e->db, k, key_len);
}

static void fill(enum store_db db, int count, int dups)
{
	char key[32], value[32];
	for (int i = 0; i < count; i++)
		for (int d = 0; d < dups; d++) {
			snprintf(key, sizeof key, "key %08d", i);
			snprintf(value, sizeof value, "value %08d", d);
			put(db, key, value);
		}
}

static int deletes(struct txn *txn, void *arg, struct err *err)
{
	static const struct { enum store_db db; int count, dups; } rows[] = {
		{ STORE_MARK, 5000, 1 }, { STORE_SUBJECT, 5, 1000 }, { STORE_SUBJECT, 2000, 3 }, { STORE_MARK, 1, 1 },
	};
	(void)arg;
	now = txn;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int total = rows[i].count * rows[i].dups;
		for (int every = 1; every <= 3; every++) {
			struct eat e = { rows[i].db, every, 0 };
			fill(rows[i].db, rows[i].count, rows[i].dups);
			ck_assert_int_eq(txn_each(txn, rows[i].db, NULL, 0, NULL, 0, eat, &e, err), 0);
			ck_assert_int_eq(e.count, total); /* each one seen, once */
			ck_assert_uint_eq(txn_count(txn, rows[i].db), total - (total + every - 1) / every);
			e = (struct eat){ rows[i].db, 1, 0 };
			ck_assert_int_eq(txn_each(txn, rows[i].db, NULL, 0, NULL, 0, eat, &e, err), 0);
			ck_assert_uint_eq(txn_count(txn, rows[i].db), 0);
		}
	}
	struct eat e = { STORE_MARK, 1, 0 };
	fill(STORE_MARK, 5000, 1);
	ck_assert_int_eq(txn_each_backwards(txn, STORE_MARK, eat, &e, err), 0);
	ck_assert_int_eq(e.count, 5000);
	ck_assert_uint_eq(txn_count(txn, STORE_MARK), 0);
	return 0;
}

START_TEST(what_is_visited_may_be_deleted)
{
	in_write(deletes);
}
END_TEST

static int stop_at_third(struct span key, struct span value, void *arg, struct err *err)
{
	(void)key, (void)value;
	if (++*(int *)arg < 3)
		return 0;
	return err_set(err, ERR_REFUSED, "enough");
}

static int stops(struct txn *txn, void *arg, struct err *err)
{
	int count = 0;
	(void)arg;
	now = txn;
	ck_assert_int_eq(txn_each(txn, STORE_STORE, NULL, 0, NULL, 0, stop_at_third, &count, err), ERR_REFUSED);
	ck_assert_int_eq(count, 3);
	ck_assert_str_eq(err->text, "enough");
	count = 0;
	ck_assert_int_eq(txn_each_backwards(txn, STORE_STORE, stop_at_third, &count, err), ERR_REFUSED);
	ck_assert_int_eq(count, 3);
	return 0;
}

START_TEST(a_walk_ends_with_what_its_callback_says)
{
	in_read(stops);
}
END_TEST

static uint64_t state = 3;

static unsigned any(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

static void random_key(char out[DIGEST_SIZE], unsigned variety)
{
	memset(out, 'k', DIGEST_SIZE);
	memcpy(out, (uint32_t[]){ any(variety) * 2654435761u }, 4);
	if (any(2))
		memset(out, 'p', 8); /* so that the first bytes do not tell */
}

/* The same operations at once and later give the same database, and every look in between the same answer. */
static int both_ways(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	txn->store->waiting_max = 20000;
	for (int i = 0; i < 20000; i++) {
		char key[DIGEST_SIZE], value[40];
		struct span a, b;
		random_key(key, 3000);
		size_t len = any(sizeof value);
		memset(value, 'a' + (int)any(26), sizeof value);
		switch (any(40)) {
		case 0:
			ck_assert_int_eq(txn_get(txn, STORE_CERT, key, sizeof key, &a), txn_get(txn, STORE_MARK, key, sizeof key, &b));
			ck_assert_uint_eq(a.len, b.len);
			if (a.len)
				ck_assert_mem_eq(a.bytes, b.bytes, a.len);
			break;
		case 1:
			ck_assert_int_eq(txn_delete(txn, STORE_CERT, key, sizeof key), txn_delete(txn, STORE_MARK, key, sizeof key));
			break;
		case 2:
			ck_assert_uint_eq(txn_count(txn, STORE_SUBJECT), txn_count(txn, STORE_ISSUER_SERIAL));
			break;
		default:
			if (txn_absent(txn, STORE_CERT, key, sizeof key))
				ck_assert(txn_absent(txn, STORE_MARK, key, sizeof key));
			ck_assert_int_eq(txn_put_later(txn, STORE_CERT, key, sizeof key, value, len), 0);
			ck_assert(!txn_absent(txn, STORE_CERT, key, sizeof key));
			ck_assert_int_eq(txn_put_later(txn, STORE_SUBJECT, key, sizeof key, value, 32), 0);
			/* the other two at once, without the functions that write what waits */
			MDB_val k = { sizeof key, key }, v = { len, value };
			ck_assert_int_eq(mdb_put(txn->mdb, txn->store->dbi[STORE_MARK], &k, &v, 0), 0);
			k = (MDB_val){ sizeof key, key };
			v = (MDB_val){ 32, value };
			ck_assert_int_eq(mdb_put(txn->mdb, txn->store->dbi[STORE_ISSUER_SERIAL], &k, &v, 0), 0);
		}
	}
	return 0;
}

static int append_to(struct span key, struct span value, void *arg, struct err *err)
{
	(void)err;
	struct record *all = arg;
	all->bytes = realloc(all->bytes, all->len + key.len + value.len);
	memcpy(all->bytes + all->len, key.bytes, key.len);
	memcpy(all->bytes + all->len + key.len, value.bytes, value.len);
	all->len += key.len + value.len;
	return 0;
}

static int are_the_same(struct txn *txn, void *arg, struct err *err)
{
	static const enum store_db pairs[][2] = { { STORE_CERT, STORE_MARK }, { STORE_SUBJECT, STORE_ISSUER_SERIAL } };
	(void)arg;
	for (int i = 0; i < 2; i++) {
		struct record all[2] = { { 0 }, { 0 } };
		for (int j = 0; j < 2; j++)
			ck_assert_int_eq(txn_each(txn, pairs[i][j], NULL, 0, NULL, 0, append_to, &all[j], err), 0);
		ck_assert_uint_gt(all[0].len, 100000);
		ck_assert_uint_eq(all[0].len, all[1].len);
		ck_assert_mem_eq(all[0].bytes, all[1].bytes, all[0].len);
		record_free(&all[0]);
		record_free(&all[1]);
	}
	return 0;
}

START_TEST(later_is_the_same_as_at_once)
{
	in_write(both_ways);
	in_read(are_the_same);
}
END_TEST

static int leave_waiting(struct txn *txn, void *arg, struct err *err)
{
	(void)arg;
	ck_assert_int_eq(txn_put_later(txn, STORE_MARK, "k", 1, "v", 1), 0);
	return err_set(err, ERR_REFUSED, "no");
}

static int later_in_a_walk(struct span key, struct span value, void *arg, struct err *err)
{
	(void)value, (void)err;
	if (key.len > 3 || ++*(int *)arg > 100)
		return 0;
	char longer[8] = "zzzzzzz";
	memcpy(longer, key.bytes, key.len);
	return txn_put_later(now, STORE_MARK, longer, sizeof longer, "", 0);
}

static int walk_and_put(struct txn *txn, void *arg, struct err *err)
{
	int count = 0;
	(void)arg;
	now = txn;
	put(STORE_MARK, "a", "1");
	put(STORE_MARK, "b", "2");
	ck_assert_int_eq(txn_each(txn, STORE_MARK, NULL, 0, NULL, 0, later_in_a_walk, &count, err), 0);
	ck_assert_int_eq(count, 2);
	ck_assert_uint_eq(txn_count(txn, STORE_MARK), 4);
	return 0;
}

START_TEST(what_waits_goes_with_its_transaction)
{
	ck_assert_int_eq(store_write(fixture_store, leave_waiting, NULL, &fixture_err), ERR_REFUSED);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 0);
	in_write(walk_and_put);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 4);
}
END_TEST

static int bad_key(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	char key[600] = { 0 };
	ck_assert_int_eq(txn_put_later(txn, STORE_MARK, "good", 4, "", 0), 0);
	return txn_put_later(txn, STORE_MARK, key, sizeof key, "", 0);
}

START_TEST(a_failure_later_fails_the_commit)
{
	ck_assert_int_eq(store_write(fixture_store, bad_key, NULL, &fixture_err), ERR_STORE);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("txn", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, walks_in_order_and_within_a_prefix);
	tcase_add_test(tests, duplicates_are_kept_apart);
	tcase_add_test(tests, what_is_visited_may_be_deleted);
	tcase_add_test(tests, a_walk_ends_with_what_its_callback_says);
	tcase_add_test(tests, later_is_the_same_as_at_once);
	tcase_add_test(tests, what_waits_goes_with_its_transaction);
	tcase_add_test(tests, a_failure_later_fails_the_commit);
	return fixture_run(suite);
}
