#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/exportdir.h"

static char base[32], path[64];
static struct err err;

static void setup(void)
{
	strcpy(base, "/tmp/exportdirXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(path, sizeof path, "%s/out", base);
}

static void teardown(void)
{
	char command[64];
	snprintf(command, sizeof command, "rm -rf '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

static bool ours(const char *name)
{
	return name[0] == 'o';
}

/* How many entries a directory has; -1 where it is none. */
static int entries(const char *name)
{
	DIR *dir = opendir(name);
	int n = -2;
	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int export_files(bool overwrite, const char *const *names)
{
	struct exportdir *dir;
	int code = exportdir_open(path, overwrite, ours, &dir, &err);
	if (code)
		return code;
	for (; *names; names++)
		ck_assert_int_eq(exportdir_write(dir, *names, "text", 4, &err), 0);
	return exportdir_commit(dir, &err);
}

START_TEST(it_appears_whole_and_is_exchanged_whole)
{
	ck_assert_int_eq(export_files(false, (const char *const[]){ "o1", "o2", NULL }), 0);
	ck_assert_int_eq(entries(path), 2);
	ck_assert_int_eq(export_files(false, (const char *const[]){ "o3", NULL }), ERR_EXISTS);
	ck_assert_int_eq(export_files(true, (const char *const[]){ "o3", NULL }), 0);
	ck_assert_int_eq(entries(path), 1);
	ck_assert_int_eq(entries(base), 1); /* nothing temporary stays */
}
END_TEST

START_TEST(what_is_not_ours_stays)
{
	char other[80];
	ck_assert_int_eq(export_files(false, (const char *const[]){ "o1", NULL }), 0);
	snprintf(other, sizeof other, "%s/precious", path);
	fclose(fopen(other, "w"));
	ck_assert_int_eq(export_files(true, (const char *const[]){ "o3", NULL }), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "precious"));
	unlink(other);
	snprintf(other, sizeof other, "%s/o-directory", path);
	ck_assert_int_eq(mkdir(other, 0755), 0); /* named like ours, but no file */
	ck_assert_int_eq(export_files(true, (const char *const[]){ "o3", NULL }), ERR_REFUSED);
	rmdir(other);
	snprintf(other, sizeof other, "%s/o-link", path);
	ck_assert_int_eq(symlink("/etc/passwd", other), 0);
	ck_assert_int_eq(export_files(true, (const char *const[]){ "o3", NULL }), ERR_REFUSED);
	ck_assert_int_eq(entries(path), 2);
	ck_assert_int_eq(entries(base), 1);
}
END_TEST

START_TEST(an_empty_directory_may_be_filled)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(export_files(false, (const char *const[]){ "o1", NULL }), 0);
	ck_assert_int_eq(entries(path), 1);
}
END_TEST

START_TEST(what_comes_meanwhile_is_not_lost)
{
	struct exportdir *dir;
	char other[80];
	ck_assert_int_eq(exportdir_open(path, true, ours, &dir, &err), 0);
	ck_assert_int_eq(exportdir_write(dir, "o1", "a", 1, &err), 0);
	ck_assert_int_eq(exportdir_write(dir, "o1", "b", 1, &err), ERR_EXISTS);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(other, sizeof other, "%s/precious", path);
	fclose(fopen(other, "w"));
	ck_assert_int_eq(exportdir_commit(dir, &err), ERR_REFUSED);
	ck_assert_int_eq(access(other, F_OK), 0);
	ck_assert_int_eq(entries(base), 1);
}
END_TEST

START_TEST(an_abort_leaves_nothing)
{
	struct exportdir *dir;
	ck_assert_int_eq(exportdir_open(path, false, ours, &dir, &err), 0);
	ck_assert_int_eq(exportdir_write(dir, "o1", "a", 1, &err), 0);
	exportdir_abort(dir);
	exportdir_abort(NULL);
	ck_assert_int_eq(entries(base), 0);
	fclose(fopen(path, "w"));
	ck_assert_int_eq(exportdir_open(path, true, ours, &dir, &err), ERR_EXISTS);
	ck_assert_int_eq(exportdir_open("/nowhere/out", true, ours, &dir, &err), ERR_NOT_FOUND);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("exportdir", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, it_appears_whole_and_is_exchanged_whole);
	tcase_add_test(tests, what_is_not_ours_stays);
	tcase_add_test(tests, an_empty_directory_may_be_filled);
	tcase_add_test(tests, what_comes_meanwhile_is_not_lost);
	tcase_add_test(tests, an_abort_leaves_nothing);
	return fixture_run(suite);
}
