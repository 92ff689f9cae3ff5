/* Who owns the files, who may read, and what is said to those who may not. Needs root, to be somebody else. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/store_priv.h"

enum { EXIT_SKIP = 77, OWNER = 54321, GROUP = 54322, STRANGER = 54323 };

static char path[96]; /* a store's directory that belongs to OWNER and GROUP */

static void setup(void)
{
	fixture_setup();
	chmod(fixture_path, 0755);
	snprintf(path, sizeof path, "%s/theirs", fixture_path);
	ck_assert_int_eq(mkdir(path, 0750), 0);
	ck_assert_int_eq(chmod(path, 0750), 0);
	ck_assert_int_eq(chown(path, OWNER, GROUP), 0);
}

static const char *file(const char *name)
{
	static char full[160];
	snprintf(full, sizeof full, "%s/%s", path, name);
	return full;
}

static void belongs_to_owner(const char *name)
{
	struct stat st;
	ck_assert_msg(!stat(file(name), &st), "%s", name);
	ck_assert_uint_eq(st.st_uid, OWNER);
	ck_assert_uint_eq(st.st_gid, GROUP);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
}

static void all_belong_to_owner(void)
{
	belongs_to_owner("data.mdb");
	belongs_to_owner("lock.mdb");
	belongs_to_owner("write.lock");
}

/* Opens the store as somebody else, in a child; what went wrong is in fixture_err. */
static int open_as(uid_t uid, gid_t gid, gid_t further, enum store_mode mode)
{
	int result[2], status;
	ck_assert_int_eq(pipe(result), 0);
	pid_t pid = fork();
	if (!pid) {
		struct store *store = NULL;
		if (setgroups(further ? 1 : 0, &further) || setgid(gid) || setuid(uid))
			_exit(1);
		err_clear(&fixture_err);
		if (!store_open(path, mode, &store, &fixture_err))
			err_clear(&fixture_err);
		store_close(store);
		_exit(write(result[1], &fixture_err, sizeof fixture_err) != sizeof fixture_err);
	}
	close(result[1]);
	ck_assert_int_eq(read(result[0], &fixture_err, sizeof fixture_err), sizeof fixture_err);
	close(result[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return fixture_err.code;
}

static void says(const char *words)
{
	ck_assert_msg(strstr(fixture_err.text, words), "\"%s\" is not in: %s", words, fixture_err.text);
}

static void groups_of_root(void)
{
	gid_t groups[2] = { 0, 0 };
	ck_assert_int_eq(geteuid(), 0);
	ck_assert_int_eq(getegid(), 0);
	ck_assert_int_eq(getgroups(2, groups), 2);
	ck_assert(groups[0] == 7 || groups[1] == 7);
}

/* A refusal says who may. */
static void says_owner(void)
{
	char expected[128];
	const struct passwd *owner = getpwuid(OWNER);
	if (owner)
		snprintf(expected, sizeof expected, "; run it as root or as the user who owns it (%s)", owner->pw_name);
	else
		snprintf(expected, sizeof expected, "; run it as root or as the user who owns it (uid %d)", (int)OWNER);
	says(expected);
}

START_TEST(root_makes_it_for_the_owner)
{
	ck_assert_int_eq(setgroups(2, (gid_t[]){ 7, 8 }), 0);
	ck_assert_msg(!store_create(path, &fixture_err), "%s", fixture_err.text);
	groups_of_root();
	all_belong_to_owner();
	ck_assert_int_eq(open_as(OWNER, GROUP, 0, STORE_WRITE), 0);
	ck_assert_int_eq(open_as(STRANGER, STRANGER, GROUP, STORE_READ), 0);
	ck_assert_int_eq(open_as(STRANGER, STRANGER, GROUP, STORE_WRITE), 0);
	ck_assert_int_eq(open_as(STRANGER, STRANGER, 0, STORE_READ), ERR_SYSTEM);
	says(path);
	says("Permission denied");
	says_owner();
}
END_TEST

static int put(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	return txn_put(txn, STORE_MARK, "k", 1, "v", 1);
}

START_TEST(root_writes_and_the_owner_keeps_his_access)
{
	struct store *store;
	ck_assert_int_eq(setgroups(2, (gid_t[]){ 7, 8 }), 0);
	ck_assert_int_eq(store_create(path, &fixture_err), 0);
	for (int i = 0; i < 3; i++) { /* files that are missing are made as his, too */
		static const char *const gone[] = { "lock.mdb", "write.lock", "nothing" };
		unlink(file(gone[i]));
		umask(i ? 077 : 0);
		ck_assert_msg(!store_open(path, STORE_WRITE, &store, &fixture_err), "%s", fixture_err.text);
		groups_of_root();
		ck_assert_int_eq(store_write(store, put, NULL, &fixture_err), 0);
		store_close(store);
		all_belong_to_owner();
	}
	ck_assert_int_eq(open_as(OWNER, GROUP, 0, STORE_WRITE), 0);
}
END_TEST

START_TEST(each_file_that_refuses_is_named)
{
	static const struct { const char *name; mode_t mode; enum store_mode open; const char *says; } rows[] = {
		{ "lock.mdb", 0640, STORE_READ, "lock.mdb: Permission denied; who reads" },
		{ "data.mdb", 0600, STORE_READ, "data.mdb: Permission denied" },
		{ "data.mdb", 0640, STORE_WRITE, "data.mdb: Permission denied" },
		{ "write.lock", 0640, STORE_WRITE, "write.lock: Permission denied" },
		{ ".", 0700, STORE_READ, "theirs: Permission denied" },
	};
	ck_assert_int_eq(store_create(path, &fixture_err), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct stat st;
		ck_assert_int_eq(stat(file(rows[i].name), &st), 0);
		ck_assert_int_eq(chmod(file(rows[i].name), rows[i].mode), 0);
		ck_assert_int_eq(open_as(STRANGER, STRANGER, GROUP, rows[i].open), ERR_SYSTEM);
		says(rows[i].says);
		says_owner();
		ck_assert_int_eq(chmod(file(rows[i].name), st.st_mode & 07777), 0);
		ck_assert_int_eq(open_as(STRANGER, STRANGER, GROUP, rows[i].open), 0);
	}
	ck_assert_int_eq(chmod(file("data.mdb"), 0640), 0); /* reading needs no more */
	ck_assert_int_eq(open_as(STRANGER, STRANGER, GROUP, STORE_READ), 0);
}
END_TEST

START_TEST(a_link_in_a_foreign_directory_leads_root_nowhere)
{
	char secret[128];
	struct store *store;
	struct stat before, after;
	static const char *const links[] = { "data.mdb", "lock.mdb", "write.lock" };
	snprintf(secret, sizeof secret, "%s/secret", fixture_path);
	int fd = open(secret, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(write(fd, "of root", 7), 7);
	close(fd);
	stat(secret, &before);
	ck_assert_int_eq(store_create(path, &fixture_err), 0);
	for (int i = 0; i < 3; i++) {
		char kept[192];
		snprintf(kept, sizeof kept, "%s.kept", file(links[i]));
		ck_assert_int_eq(rename(file(links[i]), kept), 0);
		ck_assert_int_eq(symlink(secret, file(links[i])), 0);
		ck_assert_int_ne(store_open(path, STORE_WRITE, &store, &fixture_err), 0);
		ck_assert_int_eq(rename(kept, file(links[i])), 0);
	}
	stat(secret, &after);
	ck_assert_int_eq(after.st_size, 7);
	ck_assert_int_eq(after.st_mtime, before.st_mtime);
	ck_assert_int_eq(store_open(path, STORE_WRITE, &store, &fixture_err), 0);
	store_close(store);
}
END_TEST

static void drop_and_read(struct store *store)
{
	struct txn *txn;
	struct span value;
	if (setgroups(0, NULL) || setgid(STRANGER) || setuid(STRANGER))
		_exit(1);
	if (store_reader_new(store, &txn, &fixture_err) || store_reader_begin(txn, &fixture_err) ||
	    txn_get(txn, STORE_META, "format", 6, &value))
		_exit(2);
	store_reader_end(txn);
	store_reader_free(txn);
	store_close(store);
	_exit(0);
}

START_TEST(rights_can_be_dropped_after_opening)
{
	int status;
	ck_assert_int_eq(store_create(path, &fixture_err), 0);
	store_close(fixture_store);
	fixture_store = NULL;
	pid_t pid = fork();
	if (!pid) {
		struct store *store;
		if (store_open(path, STORE_READ, &store, &fixture_err))
			_exit(3);
		drop_and_read(store);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	if (geteuid() != 0) {
		puts("only root can be somebody else");
		return EXIT_SKIP;
	}
	Suite *suite = fixture_suite("store_owner", &tests);
	tcase_add_checked_fixture(tests, setup, fixture_teardown);
	tcase_add_test(tests, root_makes_it_for_the_owner);
	tcase_add_test(tests, root_writes_and_the_owner_keeps_his_access);
	tcase_add_test(tests, each_file_that_refuses_is_named);
	tcase_add_test(tests, a_link_in_a_foreign_directory_leads_root_nowhere);
	tcase_add_test(tests, rights_can_be_dropped_after_opening);
	return fixture_run(suite);
}
