/* Disks that are full or read-only: a clear error, and the store as it was. Needs the right to mount. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/store_priv.h"

enum { EXIT_SKIP = 77 };

static char mounted[64];

/* A tmpfs of 3 MiB, which nobody else sees and which goes with this process. */
static bool mount_small(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	return !mount("tmpfs", mounted, "tmpfs", 0, "size=3m,mode=0700");
}

static void setup(void)
{
	ck_assert(mount_small());
	setenv("TMPDIR", mounted, 1);
	fixture_setup();
}

static void teardown(void)
{
	store_close(fixture_store);
	fixture_store = NULL;
	umount(mounted);
}

static struct digest number(unsigned i)
{
	struct digest digest;
	digest_of(&i, sizeof i, &digest);
	return digest;
}

struct blocks {
	unsigned from, count;
};

static int block_some(struct txn *txn, void *arg, struct err *err)
{
	const struct blocks *b = arg;
	for (unsigned i = b->from; i < b->from + b->count; i++) {
		struct digest id = number(i);
		int code = trust_block(txn, &id, "a reason that takes some room in the database", err);
		if (code)
			return code;
	}
	return 0;
}

static int block(unsigned from, unsigned count)
{
	return store_write(fixture_store, block_some, &(struct blocks){ .from = from, .count = count }, &fixture_err);
}

static void is_full(int code)
{
	ck_assert_msg(code == ERR_FULL, "%d %s", code, fixture_err.text);
	ck_assert_ptr_nonnull(strcasestr(fixture_err.text, "no space left"));
	ck_assert_ptr_nonnull(strstr(fixture_err.text, mounted));
}

START_TEST(a_full_disk_leaves_the_store_as_it_was)
{
	unsigned done = 0;
	int code;
	is_full(block(0, 40000)); /* far too much at once */
	ck_assert_uint_eq(fixture_count(STORE_BLOCK), 0);
	ck_assert_uint_eq(fixture_revision(), 0);
	fixture_verify();
	while (!(code = block(done, 50))) /* and little by little */
		done += 50;
	is_full(code);
	ck_assert_uint_gt(done, 500);
	for (int again = 0; again < 5; again++)
		is_full(block(done, 5000));
	ck_assert_uint_eq(fixture_count(STORE_BLOCK), done);
	ck_assert_uint_eq(fixture_revision(), done);
	fixture_verify();
	fixture_reopen(STORE_WRITE); /* another process would find the same */
	ck_assert_uint_eq(fixture_count(STORE_BLOCK), done);
	fixture_verify();
	struct digest first = number(0);
	fixture_unblock(&first); /* whether this still fits or not: */
	fixture_verify();
}
END_TEST

START_TEST(work_goes_on_when_there_is_room_again)
{
	char ballast[128];
	unsigned done = 0;
	snprintf(ballast, sizeof ballast, "%s/ballast", mounted);
	int fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	static char zeros[4096];
	while (write(fd, zeros, sizeof zeros) > 0)
		continue;
	close(fd);
	while (done < 20000 && !block(done, 100))
		done += 100;
	is_full(fixture_err.code);
	ck_assert_int_eq(unlink(ballast), 0);
	ck_assert_msg(!block(done, 100), "%s", fixture_err.text); /* the same environment */
	ck_assert_uint_eq(fixture_count(STORE_BLOCK), done + 100);
	fixture_verify();
}
END_TEST

START_TEST(a_store_is_not_made_where_there_is_no_room)
{
	char ballast[128], path[128];
	snprintf(ballast, sizeof ballast, "%s/ballast", mounted);
	snprintf(path, sizeof path, "%s/new", mounted);
	int fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	static char zeros[4096];
	while (write(fd, zeros, sizeof zeros) > 0)
		continue;
	close(fd);
	is_full(store_create(path, &fixture_err));
	struct store *store;
	ck_assert_int_ne(store_open(path, STORE_READ, &store, &fixture_err), 0);
	ck_assert_int_eq(unlink(ballast), 0);
	ck_assert_msg(!store_create(path, &fixture_err), "%s", fixture_err.text);
	ck_assert_int_eq(store_open(path, STORE_WRITE, &store, &fixture_err), 0);
	store_close(store);
}
END_TEST

START_TEST(a_read_only_disk_can_be_read)
{
	struct store *store;
	char path[128];
	ck_assert_int_eq(block(0, 10), 0);
	store_close(fixture_store);
	fixture_store = NULL;
	for (int with_lock = 1; with_lock >= 0; with_lock--) {
		ck_assert_int_eq(mount(NULL, mounted, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
		fixture_reopen(STORE_READ);
		ck_assert_uint_eq(fixture_count(STORE_BLOCK), 10);
		fixture_verify();
		store_close(fixture_store);
		fixture_store = NULL;
		ck_assert_int_eq(store_open(fixture_path, STORE_WRITE, &store, &fixture_err), ERR_SYSTEM);
		ck_assert_ptr_nonnull(strstr(fixture_err.text, "read-only"));
		ck_assert_int_eq(store_create(fixture_path, &fixture_err), ERR_EXISTS);
		ck_assert_int_eq(mount(NULL, mounted, NULL, MS_REMOUNT, NULL), 0);
		snprintf(path, sizeof path, "%s/lock.mdb", fixture_path);
		unlink(path);
	}
}
END_TEST

/* What cannot be mounted in a child cannot be tested. */
static bool can_mount(void)
{
	int status = system("unshare -m true 2>/dev/null");
	return !geteuid() && !status;
}

int main(void)
{
	TCase *tests;
	const char *base = getenv("TMPDIR");
	if (!can_mount()) {
		puts("no right to mount a file system");
		return EXIT_SKIP;
	}
	snprintf(mounted, sizeof mounted, "%.40s/diskXXXXXX", base ? base : "/tmp");
	if (!mkdtemp(mounted))
		return 99;
	Suite *suite = fixture_suite("store_disk", &tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_full_disk_leaves_the_store_as_it_was);
	tcase_add_test(tests, work_goes_on_when_there_is_room_again);
	tcase_add_test(tests, a_store_is_not_made_where_there_is_no_room);
	tcase_add_test(tests, a_read_only_disk_can_be_read);
	int code = fixture_run(suite);
	rmdir(mounted);
	return code;
}
