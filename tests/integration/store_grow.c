/* The map grows from small to large under readers, who see every state whole; dead readers hold up neither. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

enum { SMALL = 256 << 10, READERS = 3, STEPS = 40, BLOCKS = 500, LAST_STEPS = 8 };

/* Step n blocks certificates that nobody has, and says so. Each is one record in three databases. */
static struct digest number(uint64_t i)
{
	struct digest digest;
	digest_of(&i, sizeof i, &digest);
	return digest;
}

static int put_count(struct txn *txn, uint64_t count)
{
	uint8_t value[8];
	put_be(value, count, 8);
	return txn_put(txn, STORE_MARK, "count", 5, value, 8);
}

static uint64_t get_count(struct txn *txn)
{
	struct span value;
	return txn_get(txn, STORE_MARK, "count", 5, &value) ? 0 : get_be(value.bytes, 8);
}

struct step {
	unsigned blocks;
	unsigned runs;
};

static int block_more(struct txn *txn, void *arg, struct err *err)
{
	struct step *step = arg;
	uint64_t count = get_count(txn);
	char why[400];
	memset(why, 'w', sizeof why - 1);
	why[sizeof why - 1] = '\0';
	step->runs++;
	for (unsigned i = 0; i < step->blocks; i++) {
		struct digest id = number(count + i);
		int code = trust_block(txn, &id, why, err);
		if (code)
			return code;
	}
	return put_count(txn, count + step->blocks);
}

static bool is_blocked(struct txn *txn, uint64_t i)
{
	struct digest id = number(i);
	struct answer answer;
	struct verdict verdict;
	struct answer_policy policy = { 0 };
	if (trust_answer(txn, &id, &answer))
		return false;
	answer_judge(&answer, NOW, &policy, &verdict);
	return verdict.reason == REASON_BLOCKED;
}

/* All that the count says is there, and no more. */
static void reader(int stop, unsigned seed)
{
	struct store *store;
	struct txn *txn;
	uint64_t last = 0;
	unsigned long looks = 0;
	char c;
	if (store_open_sized(fixture_path, STORE_READ, SMALL, 100, &store, &fixture_err) ||
	    store_reader_new(store, &txn, &fixture_err))
		_exit(1);
	while (read(stop, &c, 1) < 0) {
		if (store_reader_begin(txn, &fixture_err))
			_exit(2);
		uint64_t count = get_count(txn);
		if (count < last || txn_revision(txn) != count || txn_count(txn, STORE_BLOCK) != count)
			_exit(3);
		for (int i = 0; i < 20 && count; i++)
			if (!is_blocked(txn, (seed = seed * 1103515245 + 12345) % count))
				_exit(4);
		if (is_blocked(txn, count))
			_exit(5);
		last = count;
		store_reader_end(txn);
		if (++looks % 64 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	}
	store_reader_free(txn);
	store_close(store);
	_exit(looks > 50 ? 0 : 6);
}

static size_t map_size(struct store *store)
{
	MDB_envinfo info;
	mdb_env_info(store->env, &info);
	return info.me_mapsize;
}

START_TEST(the_map_grows_under_readers)
{
	int stop[2], status;
	pid_t pids[READERS];
	unsigned growths = 0;
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_int_eq(pipe2(stop, O_NONBLOCK), 0);
	for (unsigned i = 0; i < READERS; i++)
		if (!(pids[i] = fork())) {
			close(stop[1]);
			reader(stop[0], i + 1);
		}
	ck_assert_int_eq(store_open_sized(fixture_path, STORE_WRITE, SMALL, 5000, &fixture_store, &fixture_err), 0);
	for (unsigned i = 0; i < STEPS; i++) {
		size_t before = map_size(fixture_store);
		/* small steps, and at the end some that are larger than the map */
		struct step step = { .blocks = i < STEPS - LAST_STEPS ? 20 + i : BLOCKS * (i - (STEPS - LAST_STEPS) + 1) };
		ck_assert_msg(!store_write(fixture_store, block_more, &step, &fixture_err), "%s", fixture_err.text);
		growths += map_size(fixture_store) != before;
		ck_assert_int_eq(step.runs > 1, map_size(fixture_store) != before);
	}
	close(stop[1]);
	for (unsigned i = 0; i < READERS; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "a reader ended with %d", WEXITSTATUS(status));
	}
	ck_assert_uint_ge(growths, 4);
	fixture_verify();
	printf("the map grew %u times, from %d KiB to %zu KiB\n", growths, SMALL >> 10, map_size(fixture_store) >> 10);
}
END_TEST

/* A process that holds a snapshot until it is killed. */
static pid_t hold_snapshot(void)
{
	int ready[2];
	char c;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (!pid) {
		struct store *store;
		struct txn *txn;
		close(ready[0]);
		if (store_open(fixture_path, STORE_READ, &store, &fixture_err) ||
		    store_reader_new(store, &txn, &fixture_err) || store_reader_begin(txn, &fixture_err))
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(2);
		pause();
		_exit(3);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_process(pid_t pid)
{
	int status;
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

static int rewrite(struct txn *txn, void *arg, struct err *err)
{
	uint8_t value[8000];
	(void)err;
	memset(value, *(int *)arg, sizeof value);
	return txn_put(txn, STORE_MARK, "again", 5, value, sizeof value);
}

static off_t file_size(void)
{
	char path[128];
	struct stat st;
	snprintf(path, sizeof path, "%s/data.mdb", fixture_path);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

static off_t grown_by_rewriting(void)
{
	off_t before = file_size();
	for (int i = 0; i < 500; i++)
		ck_assert_int_eq(store_write(fixture_store, rewrite, &i, &fixture_err), 0);
	return file_size() - before;
}

START_TEST(a_dead_reader_holds_no_pages)
{
	store_close(fixture_store);
	fixture_store = NULL;
	pid_t alive = hold_snapshot();
	fixture_reopen(STORE_WRITE);
	ck_assert_int_gt(grown_by_rewriting(), 2000000); /* its snapshot stays whole */
	end_process(alive);
	ck_assert_int_lt(grown_by_rewriting(), 100000);
	store_close(fixture_store);
	fixture_store = NULL;
	pid_t dead = hold_snapshot();
	end_process(dead);
	fixture_reopen(STORE_WRITE);
	ck_assert_int_lt(grown_by_rewriting(), 100000);
}
END_TEST

/* Takes every slot with one process, which then dies. */
static void take_all_slots(int ready)
{
	struct store *store;
	struct txn *txn;
	int count = 0;
	if (store_open(fixture_path, STORE_READ, &store, &fixture_err))
		_exit(1);
	while (!store_reader_new(store, &txn, &fixture_err))
		count++;
	if (fixture_err.code != ERR_BUSY || write(ready, &count, sizeof count) != sizeof count)
		_exit(2);
	pause();
}

START_TEST(dead_readers_leave_their_slots)
{
	int ready[2], count = 0;
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (!pid)
		take_all_slots(ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &count, sizeof count), sizeof count);
	ck_assert_int_ge(count, 1000);
	struct store *store;
	ck_assert_int_eq(store_open(fixture_path, STORE_READ, &store, &fixture_err), ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(fixture_err.text, "reader slots"));
	end_process(pid);
	fixture_reopen(STORE_READ);
	fixture_verify();
}
END_TEST

static void setup(void)
{
	if (!access("/dev/shm", W_OK))
		setenv("TMPDIR", "/dev/shm", 1);
	fixture_setup();
}

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("store_grow", &tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, fixture_teardown);
	tcase_add_test(tests, the_map_grows_under_readers);
	tcase_add_test(tests, a_dead_reader_holds_no_pages);
	tcase_add_test(tests, dead_readers_leave_their_slots);
	return fixture_run(suite);
}
