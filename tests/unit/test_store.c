#include "config.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

static char *in_store(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", fixture_path, name);
	return path;
}

static unsigned mode_of(const char *path)
{
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(create_sets_the_modes_whatever_the_umask)
{
	fixture_teardown();
	umask(0077);
	fixture_setup();
	char sub[128];
	snprintf(sub, sizeof sub, "%s", in_store("new"));
	ck_assert_int_eq(store_create(sub, &fixture_err), 0);
	ck_assert_uint_eq(mode_of(sub), 0750);
	static const char *const files[] = { "data.mdb", "lock.mdb", "write.lock" };
	for (int i = 0; i < 3; i++) {
		char file[192];
		snprintf(file, sizeof file, "%s/%s", sub, files[i]);
		ck_assert_uint_eq(mode_of(file), 0660);
	}
	ck_assert_uint_eq(umask(022), 0077);
}
END_TEST

static int each_store(const struct store_record *store, void *arg, struct err *err)
{
	char roles[ROLES_TEXT_SIZE], line[128], *all = arg;
	(void)err;
	snprintf(line, sizeof line, "%.*s %s %u\n", (int)store->name.len, store->name.bytes,
	         roles_format(store->roles, roles), store->ttl);
	strcat(all, line);
	return 0;
}

static int list_stores(struct txn *txn, void *arg, struct err *err)
{
	return trust_store_each(txn, each_store, arg, err);
}

START_TEST(create_makes_the_default_stores)
{
	char all[2048] = "";
	ck_assert_int_eq(store_read(fixture_store, list_stores, all, &fixture_err), 0);
	ck_assert_str_eq(all, "CallManager-trust CCM,TFTP 86400\nCAPF-trust CAPF 86400\nIPSec-trust none 86400\n"
	                      "Phone-CTL-trust none 86400\nPhone-SAST-trust SAST 86400\nPhone-VPN-trust none 86400\n"
	                      "srst-trust none 86400\ntomcat-trust APP-SERVER 86400\nTVS-trust TVS 86400\n"
	                      "Userlicensing-trust none 86400\n");
	ck_assert_uint_eq(fixture_revision(), 0);
	fixture_verify();
}
END_TEST

START_TEST(create_leaves_what_is_there_alone)
{
	struct cert *cert = fixture_named("CN=a");
	ck_assert_int_eq(fixture_add_to("tomcat-trust", cert), 0);
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_int_eq(store_create(fixture_path, &fixture_err), ERR_EXISTS);
	fixture_reopen(STORE_READ);
	ck_assert(fixture_stored(cert));
	ck_assert_uint_eq(fixture_revision(), 1);
	cert_free(cert);
}
END_TEST

START_TEST(create_refuses_what_is_no_place)
{
	FILE *file = fopen(in_store("file"), "w");
	fclose(file);
	ck_assert_int_ne(store_create(in_store("file"), &fixture_err), 0);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "file"));
	ck_assert_int_eq(store_create(in_store("no/such/place"), &fixture_err), ERR_NOT_FOUND);
	/* another program's LMDB environment */
	char *other = strdup(in_store("other"));
	ck_assert_int_eq(mkdir(other, 0700), 0);
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	mdb_env_create(&env);
	mdb_env_set_maxdbs(env, 2);
	ck_assert_int_eq(mdb_env_open(env, other, 0, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "theirs", MDB_CREATE, &dbi), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	ck_assert_int_eq(store_create(other, &fixture_err), ERR_REFUSED);
	struct store *store;
	ck_assert_int_eq(store_open(other, STORE_READ, &store, &fixture_err), ERR_NOT_FOUND);
	free(other);
}
END_TEST

START_TEST(create_finishes_what_was_interrupted)
{
	char *half = strdup(in_store("half"));
	struct store *store;
	ck_assert_int_eq(mkdir(half, 0750), 0);
	ck_assert_int_eq(store_open_env(half, STORE_WRITE, STORE_MAP_SIZE, 100, &store, &fixture_err), 0);
	ck_assert_int_eq(store_add_databases(store, &fixture_err), 0);
	store_close(store);
	ck_assert_int_eq(store_open(half, STORE_READ, &store, &fixture_err), ERR_NOT_FOUND);
	ck_assert_int_eq(store_create(half, &fixture_err), 0);
	ck_assert_int_eq(store_open(half, STORE_READ, &store, &fixture_err), 0);
	store_close(store);
	free(half);
}
END_TEST

START_TEST(open_says_what_is_missing)
{
	struct store *store;
	ck_assert_int_eq(store_open(in_store("nothing"), STORE_READ, &store, &fixture_err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "truststore init"));
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "nothing"));
	store_close(fixture_store);
	fixture_store = NULL;
	FILE *file = fopen(in_store("data.mdb"), "w");
	for (int i = 0; i < 10000; i++)
		fputs("garbage", file);
	fclose(file);
	ck_assert_int_eq(store_open(fixture_path, STORE_READ, &store, &fixture_err), ERR_STORE);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "data.mdb"));
}
END_TEST

static int put_format(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	uint8_t format[4];
	put_be(format, *(int *)arg, 4);
	return txn_put(txn, STORE_META, "format", 6, format, 4);
}

START_TEST(open_refuses_another_version)
{
	int version = STORE_FORMAT + 1;
	struct store *store;
	ck_assert_int_eq(store_write(fixture_store, put_format, &version, &fixture_err), 0);
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_int_eq(store_open(fixture_path, STORE_READ, &store, &fixture_err), ERR_VERSION);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "version 2"));
	ck_assert_int_eq(store_create(fixture_path, &fixture_err), ERR_VERSION);
}
END_TEST

START_TEST(open_adds_databases_that_came_later)
{
	MDB_txn *txn;
	ck_assert_int_eq(mdb_txn_begin(fixture_store->env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_drop(txn, fixture_store->dbi[STORE_PEER], 1), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	fixture_reopen(STORE_READ);
	ck_assert_uint_eq(fixture_store->dbi[STORE_PEER], 0);
	ck_assert_uint_eq(fixture_count(STORE_PEER), 0);
	fixture_verify();
	fixture_reopen(STORE_WRITE);
	ck_assert_uint_ne(fixture_store->dbi[STORE_PEER], 0);
}
END_TEST

static int fail_after_put(struct txn *txn, void *arg, struct err *err)
{
	ck_assert_int_eq(txn_put(txn, STORE_MARK, "k", 1, "v", 1), 0);
	int code = *(int *)arg;
	return code && code != ERR_STOPPED ? err_set(err, code, "as told") : code;
}

START_TEST(write_is_all_or_nothing)
{
	static const struct { int result, code; size_t count; } rows[] = {
		{ ERR_REFUSED, ERR_REFUSED, 0 }, { ERR_STOPPED, 0, 0 }, { 0, 0, 1 },
	};
	for (int i = 0; i < 3; i++) {
		int result = rows[i].result;
		ck_assert_int_eq(store_write(fixture_store, fail_after_put, &result, &fixture_err), rows[i].code);
		ck_assert_int_eq(fixture_err.code, rows[i].code);
		ck_assert_uint_eq(fixture_count(STORE_MARK), rows[i].count);
	}
	ck_assert_uint_eq(fixture_revision(), 0); /* nothing that the log knows of */
	fixture_reopen(STORE_READ);
	int result = 0;
	ck_assert_int_eq(store_write(fixture_store, fail_after_put, &result, &fixture_err), ERR_STORE);
}
END_TEST

static int bad_put(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	char key[600] = { 0 };
	*(int *)arg = txn_put(txn, STORE_MARK, key, sizeof key, "v", 1);
	return 0;
}

START_TEST(a_failed_put_fails_the_commit)
{
	int code = 0;
	ck_assert_int_eq(store_write(fixture_store, bad_put, &code, &fixture_err), ERR_STORE);
	ck_assert_int_eq(code, ERR_STORE);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 0);
}
END_TEST

struct fill {
	size_t count, runs;
};

static int fill(struct txn *txn, void *arg, struct err *err)
{
	struct fill *f = arg;
	static uint8_t value[1000];
	(void)err;
	f->runs++;
	for (size_t i = 0; i < f->count; i++) {
		uint8_t key[8];
		revision_key(i, key);
		int code = txn_put(txn, STORE_MARK, key, sizeof key, value, sizeof value);
		if (code)
			return code;
	}
	return 0;
}

static size_t map_size(struct store *store)
{
	MDB_envinfo info;
	mdb_env_info(store->env, &info);
	return info.me_mapsize;
}

START_TEST(a_full_map_grows_and_the_work_runs_again)
{
	struct store *small;
	struct fill f = { .count = 3000 };
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_int_eq(store_open_sized(fixture_path, STORE_WRITE, 1 << 18, 100, &small, &fixture_err), 0);
	ck_assert_uint_eq(map_size(small), 1 << 18);
	struct txn *kept; /* a snapshot in the map that goes */
	struct span value;
	uint8_t key[8];
	revision_key(2999, key);
	ck_assert_int_eq(store_reader_new(small, &kept, &fixture_err), 0);
	ck_assert_int_eq(store_write(small, fill, &f, &fixture_err), 0);
	ck_assert_uint_gt(f.runs, 2);
	ck_assert_uint_ge(map_size(small), 3000000);
	ck_assert_int_eq(store_reader_begin(kept, &fixture_err), 0);
	ck_assert_int_eq(txn_get(kept, STORE_MARK, key, sizeof key, &value), 0);
	store_reader_end(kept);
	store_reader_free(kept);
	store_close(small);
	fixture_reopen(STORE_READ);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 3000);
}
END_TEST

/* A child with the store open in another size of the map than the parent has. */
static pid_t spawn(void (*work)(int to_parent, int from_parent), int *from_child, int *to_child)
{
	int up[2], down[2];
	ck_assert(!pipe(up) && !pipe(down));
	pid_t pid = fork();
	if (!pid) {
		work(up[1], down[0]);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	*from_child = up[0];
	*to_child = down[1];
	return pid;
}

static void say(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

static void hear(int fd)
{
	char c;
	ck_assert_int_eq(read(fd, &c, 1), 1);
}

static int look_at_last(struct txn *txn, void *arg, struct err *err)
{
	struct span value;
	uint8_t key[8];
	(void)arg;
	(void)err;
	revision_key(2999, key);
	return txn_get(txn, STORE_MARK, key, sizeof key, &value);
}

static void small_reader(int up, int down)
{
	struct store *store;
	struct txn *txn;
	struct span value;
	uint8_t key[8];
	if (store_open_sized(fixture_path, STORE_READ, 1 << 18, 100, &store, &fixture_err) ||
	    store_reader_new(store, &txn, &fixture_err))
		_exit(1);
	say(up);
	hear(down);
	if (store_read(store, look_at_last, NULL, &fixture_err)) /* the reader's snapshot is in the way of the larger map */
		_exit(6);
	if (store_reader_begin(txn, &fixture_err))
		_exit(2);
	revision_key(2999, key);
	if (txn_get(txn, STORE_MARK, key, sizeof key, &value) || value.len != 1000)
		_exit(3);
	store_reader_end(txn);
	store_reader_free(txn);
	store_close(store);
	if (store_open_sized(fixture_path, STORE_WRITE, 1 << 18, 100, &store, &fixture_err))
		_exit(4); /* raised by LMDB to what is needed */
	struct fill f = { .count = 10 };
	if (store_write(store, fill, &f, &fixture_err))
		_exit(5);
	store_close(store);
}

START_TEST(readers_take_up_a_larger_map)
{
	int from, to, status;
	struct fill f = { .count = 3000 };
	store_close(fixture_store);
	fixture_store = NULL;
	pid_t pid = spawn(small_reader, &from, &to);
	hear(from);
	fixture_reopen(STORE_WRITE);
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), 0);
	say(to);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void small_writer(int up, int down)
{
	struct store *store;
	struct fill f = { .count = 3100 };
	if (store_open_sized(fixture_path, STORE_WRITE, 1 << 18, 5000, &store, &fixture_err))
		_exit(1);
	say(up);
	hear(down);
	if (store_write(store, fill, &f, &fixture_err))
		_exit(2);
	store_close(store);
}

START_TEST(writers_take_up_a_larger_map)
{
	int from, to, status;
	struct fill f = { .count = 3000 };
	store_close(fixture_store);
	fixture_store = NULL;
	pid_t pid = spawn(small_writer, &from, &to);
	hear(from);
	fixture_reopen(STORE_WRITE);
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), 0);
	say(to);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 3100);
}
END_TEST

static int begin_reader(struct txn *txn, void *arg, struct err *err)
{
	(void)txn;
	return store_reader_begin(arg, err);
}

START_TEST(a_reader_sees_the_newest_state_each_time)
{
	struct txn *txn;
	struct span value;
	struct fill f = { .count = 1 };
	uint8_t key[8];
	revision_key(0, key);
	ck_assert_int_eq(store_reader_new(fixture_store, &txn, &fixture_err), 0);
	ck_assert_int_eq(store_reader_begin(txn, &fixture_err), 0);
	ck_assert_int_eq(txn_get(txn, STORE_MARK, key, 8, &value), ERR_NOT_FOUND);
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), ERR_STORE); /* one is open */
	store_reader_end(txn);
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), 0);
	ck_assert_int_eq(store_reader_begin(txn, &fixture_err), 0);
	ck_assert_int_eq(txn_get(txn, STORE_MARK, key, 8, &value), 0);
	store_reader_end(txn);
	ck_assert_int_eq(store_read(fixture_store, begin_reader, txn, &fixture_err), 0);
	store_reader_end(txn);
	store_reader_free(txn);
	store_reader_free(NULL);
}
END_TEST

START_TEST(a_snapshot_serves_again_until_something_is_written)
{
	struct txn *one, *other;
	struct fill f = { .count = 1 };
	ck_assert_int_eq(store_reader_new(fixture_store, &one, &fixture_err), 0);
	ck_assert_ptr_eq(fixture_store->kept, one);
	ck_assert_int_eq(store_reader_begin(one, &fixture_err), 0);
	ck_assert_ptr_null(fixture_store->kept);
	size_t id = mdb_txn_id(one->mdb);
	store_reader_end(one);
	ck_assert_ptr_eq(fixture_store->kept, one);
	ck_assert_int_eq(store_reader_new(fixture_store, &other, &fixture_err), 0);
	ck_assert_ptr_eq(fixture_store->kept, other);
	ck_assert_int_eq(store_reader_begin(one, &fixture_err), 0);
	ck_assert_int_eq(store_reader_begin(other, &fixture_err), 0);
	ck_assert_uint_eq(mdb_txn_id(one->mdb), id);
	ck_assert_uint_eq(mdb_txn_id(other->mdb), id);
	store_reader_end(other);
	store_reader_end(one);
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), 0);
	ck_assert_ptr_null(fixture_store->kept);
	ck_assert_int_eq(store_reader_begin(one, &fixture_err), 0);
	ck_assert_uint_eq(mdb_txn_id(one->mdb), id + 1);
	store_reader_end(one);
	store_reader_free(other);
	store_reader_free(one);
	ck_assert_ptr_null(fixture_store->kept);
}
END_TEST

static void hold_lock(int up, int down)
{
	struct store *store;
	if (store_open(fixture_path, STORE_WRITE, &store, &fixture_err) || store_lock(store, &fixture_err))
		_exit(1);
	say(up);
	hear(down);
	store_unlock(store);
	store_close(store);
}

START_TEST(a_busy_store_names_the_writer)
{
	int from, to, status;
	struct fill f = { .count = 1 };
	char pid_text[32];
	store_close(fixture_store);
	fixture_store = NULL;
	pid_t pid = spawn(hold_lock, &from, &to);
	hear(from);
	ck_assert_int_eq(store_open_sized(fixture_path, STORE_WRITE, STORE_MAP_SIZE, 50, &fixture_store, &fixture_err), 0);
	int64_t begin = clock_monotonic_us();
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), ERR_BUSY);
	ck_assert_int_ge(clock_monotonic_us() - begin, 50000);
	snprintf(pid_text, sizeof pid_text, "process %ld", (long)pid);
	ck_assert_msg(strstr(fixture_err.text, pid_text), "%s", fixture_err.text);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "test_store"));
	say(to);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(store_write(fixture_store, fill, &f, &fixture_err), 0);
	ck_assert_uint_eq(mode_of(in_store("write.lock")), 0660);
}
END_TEST

static void die_in_read(int up, int down)
{
	struct store *store;
	struct txn *txn;
	(void)down;
	if (store_open(fixture_path, STORE_READ, &store, &fixture_err) ||
	    store_reader_new(store, &txn, &fixture_err) || store_reader_begin(txn, &fixture_err))
		_exit(1);
	say(up);
	pause();
}

START_TEST(dead_readers_are_cleared)
{
	enum { COUNT = 20 };
	pid_t pids[COUNT];
	int from, to, status;
	store_close(fixture_store);
	fixture_store = NULL;
	for (int i = 0; i < COUNT; i++) {
		pids[i] = spawn(die_in_read, &from, &to);
		hear(from);
		close(from);
		close(to);
	}
	fixture_reopen(STORE_READ);
	ck_assert_int_eq(store_clear_readers(fixture_store), 0); /* they live */
	for (int i = 0; i < COUNT; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
	}
	ck_assert_int_eq(store_clear_readers(fixture_store), COUNT);
	ck_assert_int_eq(store_clear_readers(fixture_store), 0);
}
END_TEST

START_TEST(no_descriptor_is_lost)
{
	int before = open("/dev/null", O_RDONLY);
	close(before);
	struct store *store;
	store_close(fixture_store);
	fixture_store = NULL;
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(store_open(fixture_path, i % 2 ? STORE_READ : STORE_WRITE, &store, &fixture_err), 0);
		store_close(store);
		ck_assert_int_ne(store_open(in_store("none"), STORE_WRITE, &store, &fixture_err), 0);
	}
	fixture_reopen(STORE_READ);
	store_close(fixture_store);
	fixture_store = NULL;
	int after = open("/dev/null", O_RDONLY);
	close(after);
	ck_assert_int_le(after, before);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("store", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, create_sets_the_modes_whatever_the_umask);
	tcase_add_test(tests, create_makes_the_default_stores);
	tcase_add_test(tests, create_leaves_what_is_there_alone);
	tcase_add_test(tests, create_refuses_what_is_no_place);
	tcase_add_test(tests, create_finishes_what_was_interrupted);
	tcase_add_test(tests, open_says_what_is_missing);
	tcase_add_test(tests, open_refuses_another_version);
	tcase_add_test(tests, open_adds_databases_that_came_later);
	tcase_add_test(tests, write_is_all_or_nothing);
	tcase_add_test(tests, a_failed_put_fails_the_commit);
	tcase_add_test(tests, a_full_map_grows_and_the_work_runs_again);
	tcase_add_test(tests, readers_take_up_a_larger_map);
	tcase_add_test(tests, writers_take_up_a_larger_map);
	tcase_add_test(tests, a_reader_sees_the_newest_state_each_time);
	tcase_add_test(tests, a_snapshot_serves_again_until_something_is_written);
	tcase_add_test(tests, a_busy_store_names_the_writer);
	tcase_add_test(tests, dead_readers_are_cleared);
	tcase_add_test(tests, no_descriptor_is_lost);
	return fixture_run(suite);
}
