#include "config.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/outfile.h"

static char folder[32], path[64];
static struct err err;

static void setup(void)
{
	strcpy(folder, "/tmp/test_outfile-XXXXXX"); /* also where tests do not fork (valgrind) */
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	umask(077);
}

/* What stands in the folder, as it was left: only `expected`. */
static void expect_only(const char *expected)
{
	DIR *dir = opendir(folder);
	ck_assert_ptr_nonnull(dir);
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' || !strncmp(entry->d_name, ".tvs", 4)) {
			ck_assert_str_eq(entry->d_name, expected);
			count++;
		}
	closedir(dir);
	ck_assert_uint_eq(count, *expected ? 1 : 0);
}

static void teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void expect_content(const char *expected)
{
	char *text;
	size_t len;
	ck_assert_int_eq(infile_read(path, 1000, &text, &len, &err), 0);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(len, strlen(expected));
	free(text);
}

START_TEST(writes_with_its_mode)
{
	struct stat st;
	ck_assert_int_eq(outfile_write(path, 0646, false, "abc", 3, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0646);
	expect_content("abc");
	expect_only("file");
}
END_TEST

START_TEST(what_is_public_goes_by_the_umask)
{
	struct stat st;
	ck_assert_int_eq(outfile_write(path, OUTFILE_BY_UMASK, false, "abc", 3, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	umask(002);
	ck_assert_int_eq(outfile_write(path, OUTFILE_BY_UMASK, true, "abc", 3, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0664);
	ck_assert_int_eq(umask(077), 002);
}
END_TEST

START_TEST(nothing_is_there_before_commit)
{
	struct outfile *file;
	ck_assert_int_eq(outfile_open(path, 0600, false, &file, &err), 0);
	fputs("half", outfile_stream(file));
	ck_assert_int_ne(access(path, F_OK), 0);
	outfile_abort(file);
	expect_only("");
	outfile_abort(NULL);
}
END_TEST

START_TEST(a_new_one_leaves_nothing_when_killed)
{
	int probe = open(folder, O_TMPFILE | O_WRONLY, 0600);
	if (probe < 0)
		return; /* not on this file system */
	close(probe);
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct outfile *file;
		if (outfile_open(path, 0600, false, &file, &err) || fputs("abc", outfile_stream(file)) < 0 ||
		    fflush(outfile_stream(file)))
			_exit(1);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_only("");
}
END_TEST

START_TEST(overwrites_only_when_told)
{
	ck_assert_int_eq(outfile_write(path, 0600, false, "old", 3, &err), 0);
	ck_assert_int_eq(outfile_write(path, 0600, false, "new", 3, &err), ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	expect_content("old");
	ck_assert_int_eq(outfile_write(path, 0600, true, "new", 3, &err), 0);
	expect_content("new");
	expect_only("file");
}
END_TEST

/* Somebody else is faster between open and commit. */
START_TEST(never_over_one_that_came_meanwhile)
{
	struct outfile *file;
	ck_assert_int_eq(outfile_open(path, 0600, false, &file, &err), 0);
	FILE *other = fopen(path, "w");
	fputs("other", other);
	fclose(other);
	ck_assert_int_eq(outfile_commit(file, &err), ERR_EXISTS);
	expect_content("other");
	expect_only("file");
}
END_TEST

START_TEST(only_regular_files_are_replaced)
{
	char target[64];
	snprintf(target, sizeof target, "%s/target", folder);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(outfile_write(path, 0600, true, "x", 1, &err), ERR_REFUSED);
	ck_assert_int_eq(outfile_write(path, 0600, false, "x", 1, &err), ERR_EXISTS);
	unlink(path);
	ck_assert_int_eq(outfile_write("/dev/null", 0600, true, "x", 1, &err), ERR_REFUSED);
	ck_assert_int_eq(outfile_write(folder, 0600, true, "x", 1, &err), ERR_REFUSED);
	ck_assert_int_eq(outfile_write("/tmp/", 0600, true, "x", 1, &err), ERR_USAGE);
	ck_assert_int_eq(outfile_write("", 0600, true, "x", 1, &err), ERR_USAGE);
	ck_assert_int_eq(outfile_write("/nonexistent/x", 0600, true, "x", 1, &err), ERR_NOT_FOUND);
	expect_only("");
}
END_TEST

START_TEST(what_cannot_be_written_leaves_nothing)
{
	struct rlimit before, limit;
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ 20000, before.rlim_max };
	char *big = calloc(1, 50000);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(outfile_write(path, 0600, false, "old", 3, &err), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(outfile_write(path, 0600, true, big, 50000, &err), ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err.text, "File too large"));
	expect_content("old");
	expect_only("file");

	/* the last failing write was long ago */
	struct outfile *file;
	ck_assert_int_eq(outfile_open(path, 0600, true, &file, &err), 0);
	fwrite(big, 1, 50000, outfile_stream(file));
	fflush(outfile_stream(file));
	ck_assert_int_eq(outfile_commit(file, &err), ERR_SYSTEM);
	expect_content("old");
	expect_only("file");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	free(big);
}
END_TEST

START_TEST(standard_output_is_a_dash)
{
	int saved = dup(STDOUT_FILENO), pipes[2];
	char text[16] = "";
	ck_assert_int_eq(pipe(pipes), 0);
	fflush(stdout);
	dup2(pipes[1], STDOUT_FILENO);
	int rc = outfile_write("-", 0600, false, "abc", 3, &err);
	dup2(saved, STDOUT_FILENO);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(read(pipes[0], text, sizeof text - 1), 3);
	ck_assert_str_eq(text, "abc");
	int full = open("/dev/full", O_WRONLY);
	dup2(full, STDOUT_FILENO);
	rc = outfile_write("-", 0600, false, "abc", 3, &err);
	clearerr(stdout);
	dup2(saved, STDOUT_FILENO);
	ck_assert_int_eq(rc, ERR_FULL);
}
END_TEST

START_TEST(relative_names)
{
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(outfile_write("file", 0600, false, "abc", 3, &err), 0);
	expect_content("abc");
	expect_only("file");
}
END_TEST

START_TEST(reads_up_to_a_limit)
{
	char *big = malloc(100000), *text;
	size_t len;
	memset(big, 'x', 100000);
	ck_assert_int_eq(outfile_write(path, 0600, false, big, 100000, &err), 0);
	ck_assert_int_eq(infile_read(path, 100000, &text, &len, &err), 0);
	ck_assert_uint_eq(len, 100000);
	ck_assert(!memcmp(text, big, len) && text[len] == '\0');
	free(text);
	ck_assert_int_eq(infile_read(path, 99999, &text, &len, &err), ERR_LIMIT);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(infile_read(path, 0, &text, &len, &err), ERR_LIMIT);
	ck_assert_int_eq(outfile_write(path, 0600, true, "", 0, &err), 0);
	ck_assert_int_eq(infile_read(path, 0, &text, &len, &err), 0);
	ck_assert_str_eq(text, "");
	free(text);
	free(big);
	ck_assert_int_eq(infile_read("/nonexistent", 10, &text, &len, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(infile_read(folder, 10, &text, &len, &err), ERR_SYSTEM);
	ck_assert_int_eq(infile_read("/dev/zero", 1000, &text, &len, &err), ERR_LIMIT);
	ck_assert_int_eq(infile_read_regular("/dev/zero", 1000, &text, &len, &err), ERR_REFUSED);
	ck_assert_int_eq(infile_read_regular(folder, 1000, &text, &len, &err), ERR_REFUSED);
	ck_assert_int_eq(infile_read_regular("/nonexistent", 1000, &text, &len, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(infile_read_regular(path, 0, &text, &len, &err), 0);
	free(text);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(infile_read_regular(path, 1000, &text, &len, &err), ERR_REFUSED);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(reads_standard_input_in_pieces)
{
	int pipes[2];
	char *text;
	size_t len;
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(write(pipes[1], "a\0b", 3), 3);
	close(pipes[1]);
	int saved = dup(STDIN_FILENO);
	dup2(pipes[0], STDIN_FILENO);
	close(pipes[0]);
	ck_assert_int_eq(infile_read("-", 10, &text, &len, &err), 0);
	ck_assert_uint_eq(len, 3);
	ck_assert(!memcmp(text, "a\0b", 4));
	dup2(saved, STDIN_FILENO);
	close(saved);
	free(text);
}
END_TEST

static const TTest *const *const all[] = { &writes_with_its_mode, &what_is_public_goes_by_the_umask,
	&nothing_is_there_before_commit, &a_new_one_leaves_nothing_when_killed, &overwrites_only_when_told, &never_over_one_that_came_meanwhile, &only_regular_files_are_replaced,
	&what_cannot_be_written_leaves_nothing, &standard_output_is_a_dash, &relative_names,
	&reads_up_to_a_limit, &reads_standard_input_in_pieces };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("outfile", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	return fixture_run(suite);
}
