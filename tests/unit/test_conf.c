#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/conf.h"

static char folder[32], path[64];

static void setup(void)
{
	strcpy(folder, "/tmp/test_conf-XXXXXX"); /* also where tests do not fork (valgrind) */
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/t.conf", folder);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
}

static void write_bytes(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static struct conf *good(const char *text)
{
	struct conf *conf = NULL;
	struct err err = { 0, "" };
	write_bytes(text, strlen(text));
	ck_assert_msg(!conf_load(path, &conf, &err), "%s", err.text);
	return conf;
}

/* All mistakes of a text, each on a line, without the name of the file. */
static char found[8192];

static void collect(const char *text, void *arg)
{
	size_t used = strlen(found), skip = strlen(path);
	(void)arg;
	ck_assert_msg(!strncmp(text, path, skip), "%s", text);
	snprintf(found + used, sizeof found - used, "%s\n", text + skip + 1);
}

static void bad_bytes(const char *text, size_t len, const char *expected)
{
	struct conf *conf = NULL;
	struct err err;
	found[0] = '\0';
	write_bytes(text, len);
	ck_assert_int_eq(conf_check(path, collect, NULL), ERR_CONFIG);
	ck_assert_str_eq(found, expected);
	ck_assert_int_eq(conf_load(path, &conf, &err), ERR_CONFIG);
	ck_assert_ptr_null(conf);
	found[strcspn(found, "\n")] = '\0';
	ck_assert_str_eq(err.text + strlen(path) + 1, found);
}

static void bad(const char *text, const char *expected)
{
	bad_bytes(text, strlen(text), expected);
}

START_TEST(defaults)
{
	struct conf *conf = good("");
	ck_assert_str_eq(conf_text(conf, "store", "path"), "/var/lib/tvs");
	ck_assert(!conf_flag(conf, "security", "fips"));
	ck_assert(conf_flag(conf, "certmon", "syslog"));
	ck_assert_int_eq(conf_number(conf, "tvsd", "handshake-timeout"), 10);
	ck_assert_int_eq(conf_number(conf, "tvsd", "workers"), 0);
	ck_assert_ptr_null(conf_text(conf, "tvsd", "ciphers"));
	ck_assert_str_eq(conf_list(conf, "tvsd", "listen")[1], "[::]:2445");
	ck_assert_ptr_null(conf_list(conf, "tvsd", "listen")[2]);
	ck_assert_ptr_null(conf_list(conf, "certmon", "to")[0]);
	ck_assert(!conf_is_set(conf, "store", "path"));
	ck_assert_uint_eq(conf_line(conf, "store", "path"), 0);
	ck_assert_ptr_null(conf_instance(conf, "tvsd", 0));
	conf_free(conf);
}
END_TEST

START_TEST(values_of_every_type)
{
	struct conf *conf = good("# comment\n; other\n\n[store]\n  \t\npath =  /a b = c # not a comment  \n"
	                         "[security]\nfips=yes\nexpired = allow\n[tvsd]\nworkers = 7\n"
	                         "idle-timeout = 2m\nlisten = 1.2.3.4:5 ,[::1]:6,  x:7 \n[certmon]\n"
	                         "to = a@b.example; c@d.example , e@f.example\nemail = no\n"
	                         "from = Z\xc3\xbcrich\n[ ocsp ]\nskew = 0\nmax-age=90s");
	ck_assert_str_eq(conf_text(conf, "store", "path"), "/a b = c # not a comment");
	ck_assert(conf_flag(conf, "security", "fips"));
	ck_assert(!conf_flag(conf, "security", "common-criteria"));
	ck_assert_str_eq(conf_text(conf, "security", "expired"), "allow");
	ck_assert_int_eq(conf_number(conf, "tvsd", "workers"), 7);
	ck_assert_int_eq(conf_number(conf, "tvsd", "idle-timeout"), 120);
	const char *const *list = conf_list(conf, "tvsd", "listen");
	ck_assert_str_eq(list[0], "1.2.3.4:5");
	ck_assert_str_eq(list[1], "[::1]:6");
	ck_assert_str_eq(list[2], "x:7");
	ck_assert_ptr_null(list[3]);
	list = conf_list(conf, "certmon", "to");
	ck_assert_str_eq(list[2], "e@f.example");
	ck_assert_ptr_null(list[3]);
	ck_assert_str_eq(conf_text(conf, "certmon", "from"), "Z\xc3\xbcrich");
	ck_assert_int_eq(conf_number(conf, "ocsp", "skew"), 0);
	ck_assert_int_eq(conf_number(conf, "ocsp", "max-age"), 90);
	ck_assert(conf_is_set(conf, "tvsd", "workers"));
	ck_assert(conf_is_set(conf, "certmon", "email"));
	ck_assert_uint_eq(conf_line(conf, "store", "path"), 6);
	ck_assert_uint_eq(conf_line(conf, "ocsp", "max-age"), 20);
	ck_assert_str_eq(conf_file(conf), path);
	conf_free(conf);
	conf_free(NULL);
}
END_TEST

START_TEST(lines_end_as_on_windows)
{
	struct conf *conf = good("\xef\xbb\xbf[store]\r\npath = /x\r\n\r\n# c\r\n[tvsd]\r\nlisten = a:1, b:2\r\n");
	ck_assert_str_eq(conf_text(conf, "store", "path"), "/x");
	ck_assert_str_eq(conf_list(conf, "tvsd", "listen")[1], "b:2");
	conf_free(conf);
}
END_TEST

START_TEST(listeners_inherit)
{
	struct conf *conf = good("[tvsd]\nmin-tls = 1.3\nmax-requests = 5\nallow-from = 10.0.0.0/8\n"
	                         "[tvsd legacy]\nlisten = [::]:3445\nmin-tls = 1.0\n"
	                         "[tvsd B_2.x-]\nlisten = b:1\n[bulk peer west]\nroles = SAST\n[bulk peer east]\n");
	ck_assert_str_eq(conf_instance(conf, "tvsd", 0), "legacy");
	ck_assert_str_eq(conf_instance(conf, "tvsd", 1), "B_2.x-");
	ck_assert_ptr_null(conf_instance(conf, "tvsd", 2));
	ck_assert_str_eq(conf_instance(conf, "bulk peer", 1), "east");
	ck_assert_ptr_null(conf_instance(conf, "bulk", 0));
	ck_assert_str_eq(conf_list(conf, "tvsd legacy", "listen")[0], "[::]:3445");
	ck_assert_str_eq(conf_list(conf, "tvsd", "listen")[0], "0.0.0.0:2445");
	ck_assert_str_eq(conf_text(conf, "tvsd legacy", "min-tls"), "1.0");
	ck_assert_str_eq(conf_text(conf, "tvsd B_2.x-", "min-tls"), "1.3");
	ck_assert_str_eq(conf_list(conf, "tvsd legacy", "allow-from")[0], "10.0.0.0/8");
	ck_assert_str_eq(conf_text(conf, "tvsd legacy", "client-certificate"), "none");
	ck_assert_int_eq(conf_number(conf, "tvsd legacy", "max-requests"), 5);
	ck_assert_uint_eq(conf_line(conf, "tvsd legacy", "allow-from"), 4);
	ck_assert_str_eq(conf_list(conf, "bulk peer west", "roles")[0], "SAST");
	ck_assert_ptr_null(conf_list(conf, "bulk peer east", "roles")[0]);
	conf_free(conf);
}
END_TEST

START_TEST(sections_that_are_refused)
{
	bad("[nope]\na = 1\n", "1: [nope]: there is no such section\n");
	bad("[Store]\n", "1: [Store]: there is no such section\n");
	bad("[store x]\n", "1: [store x]: there is no such section\n");
	bad("[default]\n", "1: [default]: there is no such section\n");
	bad("path = /x\n[store]\n", "1: stands before the first [section]\n");
	bad("[store]\n[tvsd]\n[store]\npath = /x\n", "3: [store]: repeated, it began in line 1\n");
	bad("[store]\n[store]\n", "2: [store]: repeated, it began in line 1\n");
	bad("[tvsd a]\nlisten = x:1\n[tvsd a]\nlisten = y:1\n", "3: [tvsd a]: repeated, it began in line 1\n"
	    "4: [tvsd a] listen: repeated, it stands in line 2\n");
	bad("[store\npath = /x\n", "1: a section is written [name], with nothing behind it\n");
	bad("[store] # x\npath = /x\n", "1: a section is written [name], with nothing behind it\n");
	bad("[]\n", "1: a section without a name\n");
	bad("[ ]\n", "1: a section without a name\n");
	bad("[store]]\n", "1: [store]]: there is no such section\n");
	bad("[tvsd  a]\nlisten = x:1\n", "1: [tvsd  a]: a name is 1 to 64 letters, digits, '_', '.' or '-'\n");
	bad("[tvsd a/b]\nlisten = x:1\n", "1: [tvsd a/b]: a name is 1 to 64 letters, digits, '_', '.' or '-'\n");
	bad("[bulk peer]\n", "1: [bulk peer]: needs a name, as in [bulk peer west]\n");
	bad("[tvsd legacy]\nmin-tls = 1.0\n",
	    "1: [tvsd legacy] listen: missing, a further listener needs its own address\n");
	bad("[tvsd legacy]\nlisten = a:1\nworkers = 3\n",
	    "3: [tvsd legacy] workers: stands in [tvsd] only, for all listeners\n");
}
END_TEST

START_TEST(lines_that_are_refused)
{
	bad("[store]\npath = /x\n more\n", "3: begins with a blank: neither continued lines nor indented ones are taken\n");
	bad("[store]\npath = /x\n\tfips = y\n", "3: begins with a blank: neither continued lines nor indented ones are taken\n");
	bad("[store]\n # c\n", "2: begins with a blank: neither continued lines nor indented ones are taken\n");
	bad("[store]\n path = /x\n", "2: begins with a blank: neither continued lines nor indented ones are taken\n");
	bad("[store]\npath\n", "2: not a line of the form key = value\n");
	bad("[store]\n/* path */\n", "2: not a line of the form key = value\n");
	bad("[store]\n= x\n", "2: no key before the '='\n");
	bad("[store]\npath =\n", "2: [store] path: has no value\n");
	bad("[store]\npath = /x\npath = /x\n", "3: [store] path: repeated, it stands in line 2\n");
	bad("[store]\npath = /x\n#\npath = /y\npath = /z\n", "4: [store] path: repeated, it stands in line 2\n"
	    "5: [store] path: repeated, it stands in line 2\n");
	bad("[store]\nPath = /x\n", "2: 'Path' is not a key: keys are of small letters, digits and '-'\n");
	bad("[store]\npa th = /x\n", "2: 'pa th' is not a key: keys are of small letters, digits and '-'\n");
	bad("[store]\npfad = /x\n", "2: [store] pfad: there is no such key\n");
	bad("[store]\nworkers = 1\n", "2: [store] workers: there is no such key here, but in [tvsd]\n");
}
END_TEST

START_TEST(bytes_that_are_refused)
{
#define BAD_BYTES(text, expected) bad_bytes(text, sizeof text - 1, expected)
	BAD_BYTES("[store]\npath = /x\0y\n", "2: byte 0x00 at column 10 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\n# c\0\npath = /x\n", "2: byte 0x00 at column 4 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\npath = /M\xfcnchen\n", "2: byte 0xfc at column 10 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\npath = /x\x1b[0m\n", "2: byte 0x1b at column 10 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\npath = /x\x0b\n", "2: byte 0x0b at column 10 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\npath = /x\r\r\n", "2: byte 0x0d at column 10 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\rpath = /x\r", "1: byte 0x0d at column 8 is not printable UTF-8 text\n");
	BAD_BYTES("\xff\xfe[\0s\0]\0\n", "1: byte 0xff at column 1 is not printable UTF-8 text\n");
	BAD_BYTES("[store]\npath = /\xe2\x80\xaex\n", "2: byte 0xe2 at column 9 is not printable UTF-8 text\n");
}
END_TEST

START_TEST(values_that_are_refused)
{
	bad("[tvsd]\nworkers = 0\n", "2: [tvsd] workers: '0' is not within 1 and 256\n");
	bad("[tvsd]\nworkers = 257\n", "2: [tvsd] workers: '257' is not within 1 and 256\n");
	bad("[tvsd]\nworkers = -1\n", "2: [tvsd] workers: '-1' is not a number\n");
	bad("[tvsd]\nworkers = 2x\n", "2: [tvsd] workers: '2x' is not a number\n");
	bad("[tvsd]\nworkers = 0x2\n", "2: [tvsd] workers: '0x2' is not a number\n");
	bad("[tvsd]\nworkers = 99999999999999999999\n",
	    "2: [tvsd] workers: '99999999999999999999' is not a number\n");
	bad("[tvsd]\nidle-timeout = 0\n", "2: [tvsd] idle-timeout: '0' is not within 1s and 1d\n");
	bad("[tvsd]\nidle-timeout = 25h\n", "2: [tvsd] idle-timeout: '25h' is not within 1s and 1d\n");
	bad("[certmon]\nstart = 30\n", "2: [certmon] start: '30' is not a duration: write 30d, 12h, 15m or 90s\n");
	bad("[tvsd]\nidle-timeout = 5 m\n", "2: [tvsd] idle-timeout: '5 m' is not a duration: write 30d, 12h, 15m or 90s\n");
	bad("[tvsd]\nidle-timeout = 9999999999d\n", "2: [tvsd] idle-timeout: '9999999999d' is more than 1000 years\n");
	bad("[security]\nfips = true\n", "2: [security] fips: 'true' is none of: yes no\n");
	bad("[security]\nfips = YES\n", "2: [security] fips: 'YES' is none of: yes no\n");
	bad("[security]\nfips = yes no\n", "2: [security] fips: 'yes no' is none of: yes no\n");
	bad("[security]\nfips = ye\n", "2: [security] fips: 'ye' is none of: yes no\n");
	bad("[tvsd]\nmin-tls = 1\n", "2: [tvsd] min-tls: '1' is none of: 1.0 1.1 1.2 1.3\n");
	bad("[tvsd]\nlisten = a:1,,b:2\n", "2: [tvsd] listen: an entry of the list is empty\n");
	bad("[tvsd]\nlisten = a:1,\n", "2: [tvsd] listen: an entry of the list is empty\n");
	bad("[tvsd]\nlisten = ,\n", "2: [tvsd] listen: an entry of the list is empty\n");
	bad("[certmon]\nto = nobody\n", "2: [certmon] to: 'nobody' is not an e-mail address\n");
	bad("[certmon]\nto = a@b; A <c@d>\n", "2: [certmon] to: 'A <c@d>' is not an e-mail address\n");
	bad("[certmon]\nto = a@b@c\n", "2: [certmon] to: 'a@b@c' is not an e-mail address\n");
	bad("[certmon]\nto = @b\n", "2: [certmon] to: '@b' is not an e-mail address\n");
}
END_TEST

/* One mistake hides no other, and all come in the order of the file. */
START_TEST(all_mistakes_are_found)
{
	bad("x = 1\n[store]\n more\npath = /x\npath = /y\nbro ken = 1\nnope = 2\n[tvsd a]\nbad\xff = 1\nworkers = 1\n"
	    "[nowhere]\n[tvsd]\nworkers = x\nnothing\n[store]\n",
	    "1: stands before the first [section]\n"
	    "3: begins with a blank: neither continued lines nor indented ones are taken\n"
	    "5: [store] path: repeated, it stands in line 4\n"
	    "6: 'bro ken' is not a key: keys are of small letters, digits and '-'\n"
	    "7: [store] nope: there is no such key\n"
	    "8: [tvsd a] listen: missing, a further listener needs its own address\n"
	    "9: byte 0xff at column 4 is not printable UTF-8 text\n"
	    "10: [tvsd a] workers: stands in [tvsd] only, for all listeners\n"
	    "11: [nowhere]: there is no such section\n"
	    "13: [tvsd] workers: 'x' is not a number\n"
	    "14: not a line of the form key = value\n"
	    "15: [store]: repeated, it began in line 2\n");
}
END_TEST

START_TEST(long_lines_are_kept_whole)
{
	static char text[110000];
	strcpy(text, "[store]\npath = ");
	memset(text + 15, 'x', 100000);
	strcpy(text + 100015, "\n[security]\nfips = yes\n");
	struct conf *conf = good(text);
	ck_assert_uint_eq(strlen(conf_text(conf, "store", "path")), 100000);
	ck_assert(conf_flag(conf, "security", "fips"));
	conf_free(conf);
	memset(text + 8, 'k', 5000);
	strcpy(text + 5008, " = 1\n");
	bad(text, "2: the key is too long\n");
}
END_TEST

/* The largest file of the shortest lines: it is refused in a time that nobody notices. */
START_TEST(large_files_do_not_take_long)
{
	size_t size = 256 * 1024, len = 8;
	char *text = malloc(size + 2);
	struct conf *conf;
	struct err err;
	strcpy(text, "[store]\n");
	for (int i = 0; len + 16 < size; i++)
		len += (size_t)sprintf(text + len, "k%d=1\n", i);
	write_bytes(text, len);
	ck_assert_int_eq(conf_load(path, &conf, &err), ERR_CONFIG);
	found[0] = '\0';
	ck_assert_int_eq(conf_check(path, collect, NULL), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(found, "2: [store] k0: there is no such key\n"));
	ck_assert_ptr_nonnull(strstr(found, "101: [store] k99: there is no such key\n more mistakes, which are not listed\n"));
	memset(text, '\n', size + 1);
	write_bytes(text, size + 1);
	ck_assert_int_eq(conf_load(path, &conf, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "larger than 262144 bytes"));
	free(text);
}
END_TEST

START_TEST(files_that_are_not_there)
{
	struct conf *conf;
	struct err err;
	ck_assert_int_eq(conf_load("/nonexistent/tvs.conf", &conf, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/tvs.conf"));
	ck_assert_ptr_null(conf);
	ck_assert_int_eq(conf_load(folder, &conf, &err), ERR_CONFIG);
	if (access(CONF_DEFAULT_FILE, F_OK) < 0) {
		ck_assert_int_eq(conf_load(NULL, &conf, &err), 0);
		ck_assert_str_eq(conf_text(conf, "store", "path"), "/var/lib/tvs");
		conf_free(conf);
	}
}
END_TEST

START_TEST(options_override)
{
	struct conf *conf = good("[store]\npath = /x\n[tvsd a]\nlisten = b:1\n");
	struct err err;
	ck_assert_int_eq(conf_override(conf, "store", "path", "/y", &err), 0);
	ck_assert_str_eq(conf_text(conf, "store", "path"), "/y");
	ck_assert_uint_eq(conf_line(conf, "store", "path"), 0);
	ck_assert(conf_is_set(conf, "store", "path"));
	ck_assert_int_eq(conf_override(conf, "tvsd", "workers", "3", &err), 0);
	ck_assert_int_eq(conf_number(conf, "tvsd", "workers"), 3);
	ck_assert_int_eq(conf_override(conf, "tvsd a", "listen", "c:1, d:2", &err), 0);
	ck_assert_str_eq(conf_list(conf, "tvsd a", "listen")[1], "d:2");
	ck_assert_int_eq(conf_override(conf, "tvsd", "workers", "none", &err), ERR_CONFIG);
	ck_assert_str_eq(err.text, "[tvsd] workers: 'none' is not a number");
	ck_assert_int_eq(conf_number(conf, "tvsd", "workers"), 3);
	ck_assert_int_eq(conf_override(conf, "store", "path", "", &err), ERR_CONFIG);
	ck_assert_int_eq(conf_override(conf, "tvsd a", "workers", "3", &err), ERR_CONFIG);
	ck_assert_int_eq(conf_override(conf, "nope", "path", "x", &err), ERR_CONFIG);
	conf_free(conf);
}
END_TEST

START_TEST(programs_refuse_with_the_place)
{
	struct conf *conf = good("[tvsd]\nallow-from = 10.0.0.0/40\n[tvsd a]\nlisten = b\n");
	struct err err;
	char expected[200];
	ck_assert_int_eq(conf_refuse(conf, "tvsd a", "listen", &err, "'%s' has no port", "b"), ERR_CONFIG);
	snprintf(expected, sizeof expected, "%s:4: [tvsd a] listen: 'b' has no port", path);
	ck_assert_str_eq(err.text, expected);
	conf_refuse(conf, "tvsd a", "allow-from", &err, "no network"); /* inherited: the place where it stands */
	snprintf(expected, sizeof expected, "%s:2: [tvsd] allow-from: no network", path);
	ck_assert_str_eq(err.text, expected);
	conf_refuse(conf, "store", "path", &err, "not there");
	ck_assert_str_eq(err.text, "[store] path: not there");
	conf_free(conf);
}
END_TEST

START_TEST(unknown_key_is_a_programming_error)
{
	struct conf *conf = good("");
	close(STDERR_FILENO);
	conf_text(conf, "store", "nope");
}
END_TEST

START_TEST(other_type_is_a_programming_error)
{
	struct conf *conf = good("");
	close(STDERR_FILENO);
	conf_number(conf, "store", "path");
}
END_TEST

/* A conf whose [bulk] password-file is `name`. */
static struct conf *with_secret(const char *name)
{
	char text[200];
	snprintf(text, sizeof text, "[bulk]\npassword-file = %s\n", name);
	return good(text);
}

static int secret(const char *name, char **out, struct err *err)
{
	struct conf *conf = with_secret(name);
	int rc = conf_secret(conf, "bulk", "password-file", out, err);
	conf_free(conf);
	return rc;
}

static void put_secret(const char *name, const char *text, size_t len, mode_t mode)
{
	FILE *file = fopen(name, "w");
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	fclose(file);
	ck_assert_int_eq(chmod(name, mode), 0);
}

START_TEST(secrets)
{
	struct err err;
	char *out, name[80], expected[300], big[6000];
	snprintf(name, sizeof name, "%s/secret", folder);
	put_secret(name, " pass word\xc3\xbc \r\nsecond line\n", 26, 0600);
	ck_assert_int_eq(secret(name, &out, &err), 0);
	ck_assert_str_eq(out, " pass word\xc3\xbc ");
	conf_secret_free(out);
	conf_secret_free(NULL);
	put_secret(name, "x", 1, 0640);
	ck_assert_int_eq(secret(name, &out, &err), 0);
	ck_assert_str_eq(out, "x");
	conf_secret_free(out);

	put_secret(name, "x\n", 2, 0604);
	ck_assert_int_eq(secret(name, &out, &err), ERR_REFUSED);
	ck_assert_ptr_null(out);
	snprintf(expected, sizeof expected, "%s:2: [bulk] password-file: %s: is open to every user (mode 0604); "
	         "chmod o= would close it", path, name);
	ck_assert_str_eq(err.text, expected);
	put_secret(name, "\nx\n", 3, 0600);
	ck_assert_int_eq(secret(name, &out, &err), ERR_MALFORMED);
	put_secret(name, "", 0, 0600);
	ck_assert_int_eq(secret(name, &out, &err), ERR_MALFORMED);
	put_secret(name, "a\0b\n", 4, 0600);
	ck_assert_int_eq(secret(name, &out, &err), ERR_MALFORMED);
	memset(big, 'x', sizeof big);
	put_secret(name, big, sizeof big, 0600);
	ck_assert_int_eq(secret(name, &out, &err), ERR_LIMIT);
	big[4000] = '\n';
	put_secret(name, big, sizeof big, 0600);
	ck_assert_int_eq(secret(name, &out, &err), 0);
	ck_assert_uint_eq(strlen(out), 4000);
	conf_secret_free(out);
	unlink(name);
	ck_assert_int_eq(secret(name, &out, &err), ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
	ck_assert_int_eq(secret("/dev/null", &out, &err), ERR_REFUSED);
	struct conf *conf = good("");
	ck_assert_int_eq(conf_secret(conf, "bulk", "password-file", &out, &err), ERR_NOT_FOUND);
	conf_free(conf);
}
END_TEST

START_TEST(credentials_directory_comes_first)
{
	struct err err;
	char *out, name[80];
	snprintf(name, sizeof name, "%s/cred", folder);
	put_secret(name, "from the directory\n", 19, 0400);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	ck_assert_int_eq(secret("cred", &out, &err), 0);
	ck_assert_str_eq(out, "from the directory");
	conf_secret_free(out);
	ck_assert_int_eq(secret("./cred", &out, &err), ERR_SYSTEM); /* a slash: not from there */
	ck_assert_int_eq(secret("..", &out, &err), ERR_REFUSED);
	unlink(name);
	ck_assert_int_eq(chdir(folder), 0);
	setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
	put_secret("cred", "from here\n", 10, 0400);
	ck_assert_int_eq(secret("cred", &out, &err), 0);
	ck_assert_str_eq(out, "from here");
	conf_secret_free(out);
	unlink(name);
}
END_TEST

START_TEST(schema_is_sound)
{
	size_t count = 0;
	for (const struct conf_key *row = conf_schema(); row->section; row++, count++) {
		ck_assert_msg(row->help && *row->help, "%s %s", row->section, row->key);
		ck_assert_msg((row->type == CONF_CHOICE) == (row->choices != NULL), "%s", row->key);
		ck_assert_msg(row->type != CONF_FLAG || row->fallback, "%s", row->key);
		for (const struct conf_key *other = conf_schema(); other < row; other++)
			ck_assert_msg(strcmp(row->section, other->section) || strcmp(row->key, other->key),
			              "%s twice", row->key);
	}
	ck_assert_uint_gt(count, 60);
}
END_TEST

static const TTest *const *const all[] = { &defaults, &values_of_every_type, &lines_end_as_on_windows,
	&listeners_inherit, &sections_that_are_refused, &lines_that_are_refused, &bytes_that_are_refused,
	&values_that_are_refused, &all_mistakes_are_found, &long_lines_are_kept_whole,
	&large_files_do_not_take_long, &files_that_are_not_there, &options_override,
	&programs_refuse_with_the_place, &secrets, &credentials_directory_comes_first, &schema_is_sound };

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("conf", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, *all[i]);
	const char *fork_mode = getenv("CK_FORK");
	if (!fork_mode || strcmp(fork_mode, "no")) {
		tcase_add_test_raise_signal(tests, unknown_key_is_a_programming_error, SIGABRT);
		tcase_add_test_raise_signal(tests, other_type_is_a_programming_error, SIGABRT);
	}
	return fixture_run(suite);
}
