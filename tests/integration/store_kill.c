/* A writer is killed at random moments, 500 times, while a reader looks on: what it reported is there, what it was
 * doing is there wholly or not at all, and the store agrees with itself. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/record_priv.h"

enum { ROUNDS = 500, CERTS = 40, STORES = 3, BITS = CERTS * (STORES + 1), BATCH_MAX = 12 };
static const char *const stores[STORES] = { "CallManager-trust", "tomcat-trust", "srst-trust" };
static struct cert *certs[CERTS];

/* What the store should hold: memberships and blocks, and how many transactions made it so. */
struct model {
	uint64_t done;
	uint8_t bit[BITS];
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* The n-th transaction turns these bits; always the same ones. */
static unsigned batch_of(uint64_t n, unsigned bits[BATCH_MAX])
{
	unsigned count = 1 + (unsigned)(mix(n) % BATCH_MAX);
	for (unsigned i = 0; i < count; i++)
		bits[i] = (unsigned)(mix(n * 131 + i) % BITS);
	return count;
}

static void model_next(struct model *model)
{
	unsigned bits[BATCH_MAX], count = batch_of(model->done, bits);
	for (unsigned i = 0; i < count; i++)
		model->bit[bits[i]] ^= 1;
	model->done++;
}

static int turn(struct txn *txn, unsigned bit, bool on, struct err *err)
{
	const struct cert *cert = certs[bit % CERTS];
	unsigned store = bit / CERTS;
	struct trust_add how = { .again = true, .until = bit % 3 ? 0 : NOW + 1000 + bit };
	if (store == STORES)
		return on ? trust_block(txn, cert_sha256(cert), "torture", err)
		          : trust_unblock(txn, cert_sha256(cert), err);
	how.store = stores[store];
	return on ? trust_add(txn, cert, &how, NULL, err)
	          : trust_remove(txn, stores[store], cert_sha256(cert), "torture", bit % 2, err);
}

static int put_done(struct txn *txn, uint64_t done)
{
	uint8_t value[8];
	put_be(value, done, 8);
	return txn_put(txn, STORE_MARK, "done", 4, value, 8);
}

static int do_batch(struct txn *txn, void *arg, struct err *err)
{
	struct model model = *(const struct model *)arg; /* a copy: the work may run again */
	unsigned bits[BATCH_MAX], count = batch_of(model.done, bits);
	for (unsigned i = 0; i < count; i++) {
		model.bit[bits[i]] ^= 1;
		int code = turn(txn, bits[i], model.bit[bits[i]], err);
		if (code)
			return code;
	}
	return put_done(txn, model.done + 1);
}

/* Writes without end, and says each transaction that is done. */
static void writer(struct model model, int report)
{
	struct store *store;
	if (store_open(fixture_path, STORE_WRITE, &store, &fixture_err))
		_exit(1);
	for (;;) {
		if (store_write(store, do_batch, &model, &fixture_err)) {
			fprintf(stderr, "%s\n", fixture_err.text);
			_exit(2);
		}
		model_next(&model);
		if (write(report, &model.done, sizeof model.done) != sizeof model.done)
			_exit(3);
	}
}

static int see_member(const struct store_record *store, const struct digest *cert,
                      const struct member_record *member, void *arg, struct err *err)
{
	struct model *model = arg;
	(void)member, (void)err;
	for (unsigned s = 0; s < STORES; s++)
		for (unsigned c = 0; c < CERTS; c++)
			if (store->name.len == strlen(stores[s]) && !memcmp(store->name.bytes, stores[s], store->name.len) &&
			    digest_equal(cert, cert_sha256(certs[c])))
				model->bit[s * CERTS + c] = 1;
	return 0;
}

/* The state that the store holds. */
static int look(struct txn *txn, void *arg, struct err *err)
{
	struct model *model = arg;
	struct span value;
	memset(model, 0, sizeof *model);
	if (!txn_get(txn, STORE_MARK, "done", 4, &value))
		model->done = get_be(value.bytes, 8);
	for (unsigned s = 0; s < STORES; s++) {
		int code = trust_member_each_of_store(txn, stores[s], see_member, model, err);
		if (code)
			return code;
	}
	for (unsigned c = 0; c < CERTS; c++)
		if (!txn_get(txn, STORE_BLOCK, cert_sha256(certs[c])->byte, DIGEST_SIZE, &value))
			model->bit[STORES * CERTS + c] = 1;
	return 0;
}

static void wait_us(unsigned us)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
}

/* Takes snapshot after snapshot: each one is a state between two transactions. */
static void reader(int stop)
{
	struct store *store;
	struct txn *txn;
	struct model should = { 0 }, there;
	unsigned long snapshots = 0;
	char c;
	if (store_open(fixture_path, STORE_READ, &store, &fixture_err) ||
	    store_reader_new(store, &txn, &fixture_err))
		_exit(1);
	while (read(stop, &c, 1) < 0 && errno == EAGAIN) {
		if (store_reader_begin(txn, &fixture_err) || look(txn, &there, &fixture_err))
			_exit(2);
		store_reader_end(txn);
		if (there.done < should.done)
			_exit(3); /* time does not go back */
		while (should.done < there.done)
			model_next(&should);
		if (memcmp(&should, &there, sizeof should))
			_exit(4);
		snapshots++;
		wait_us(500);
	}
	store_reader_free(txn);
	store_close(store);
	_exit(snapshots > 100 ? 0 : 5);
}

/* Lets a writer work for a moment and kills it; returns what it reported last. */
static uint64_t kill_writer(const struct model *model, unsigned round)
{
	int report[2], status;
	uint64_t done = model->done, said;
	ck_assert_int_eq(pipe(report), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(report[0]);
		writer(*model, report[1]);
	}
	close(report[1]);
	if (round % 4) /* every fourth one is killed on the way to its first transaction */
		ck_assert_int_eq(read(report[0], &done, sizeof done), sizeof done);
	wait_us((unsigned)(mix(round) % (round % 4 ? 1500 : 4000)));
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "the writer ended with %d", WEXITSTATUS(status));
	while (read(report[0], &said, sizeof said) == sizeof said)
		done = said;
	close(report[0]);
	return done;
}

static int nothing(struct txn *txn, void *arg, struct err *err)
{
	(void)txn, (void)arg, (void)err;
	return ERR_STOPPED;
}

/* A writer that was killed right behind the last write of its commit leaves it to the next writer, who finds the lock's
 * owner dead, to make that commit known to readers: so one writer more, before the store is judged. */
static void take_over(void)
{
	fixture_reopen(STORE_WRITE);
	ck_assert_msg(!store_write(fixture_store, nothing, NULL, &fixture_err), "%s", err_text(&fixture_err));
}

START_TEST(killed_writers_leave_a_whole_store)
{
	struct model model = { 0 }, there;
	int stop[2], status, unreported = 0;
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_int_eq(pipe2(stop, O_NONBLOCK), 0);
	pid_t reading = fork();
	if (!reading) {
		close(stop[1]);
		reader(stop[0]);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t reported = kill_writer(&model, round);
		take_over();
		fixture_verify();
		ck_assert_int_eq(store_read(fixture_store, look, &there, &fixture_err), 0);
		store_close(fixture_store);
		fixture_store = NULL;
		while (model.done < reported)
			model_next(&model);
		ck_assert_msg(there.done == reported || there.done == reported + 1,
		              "reported %llu, there %llu", (unsigned long long)reported, (unsigned long long)there.done);
		if (there.done > reported) { /* killed between the commit and the report */
			model_next(&model);
			unreported++;
		}
		ck_assert_mem_eq(&model, &there, sizeof model);
	}
	close(stop[1]);
	ck_assert_int_eq(waitpid(reading, &status, 0), reading);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "the reader ended with %d", WEXITSTATUS(status));
	printf("%d rounds, %llu transactions, %d of them done and not reported\n", ROUNDS,
	       (unsigned long long)model.done, unreported);
}
END_TEST

static void setup(void)
{
	if (!access("/dev/shm", W_OK))
		setenv("TMPDIR", "/dev/shm", 1); /* what a killed process leaves does not depend on the disk */
	fixture_setup();
	for (unsigned i = 0; i < CERTS; i++) {
		char subject[32];
		snprintf(subject, sizeof subject, "CN=host %u", i);
		certs[i] = fixture_cert(&(struct made){ .subject = subject, .issuer = i % 2 ? "CN=ca" : NULL,
		                                        .serial = 1 + i / 2 });
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < CERTS; i++)
		cert_free(certs[i]);
	fixture_teardown();
}

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("store_kill", &tests);
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, killed_writers_leave_a_whole_store);
	return fixture_run(suite);
}
