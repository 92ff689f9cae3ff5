#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/base/cert.h"

static char *one, *two; /* PEM */
static uint8_t der[4096];
static size_t der_len;

static char *load_pem(const char *name)
{
	char path[512], *text;
	size_t len;
	const char *root = getenv("top_srcdir");
	snprintf(path, sizeof path, "%s/tests/data/certs/%s", root ? root : ".", name);
	FILE *stream = fopen(path, "rb");
	ck_assert_ptr_nonnull(stream);
	der_len = fread(der, 1, sizeof der, stream);
	fclose(stream);
	ck_assert_int_eq(cert_pem(der, der_len, &text, &len), ERR_OK);
	return text;
}

static void setup(void)
{
	one = load_pem("ccm.der");
	two = load_pem("phone-lsc-ec.der");
}

static void teardown(void)
{
	free(one);
	free(two);
}

/* What was read: names of the certificates and their lines. */
static struct {
	int count;
	char log[512];
} seen;

static int note(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)err;
	size_t n = strlen(seen.log);
	snprintf(seen.log + n, sizeof seen.log - n, "%s%u@%u:%s", n ? " " : "", place->number, place->line,
	         cert_common_name(cert));
	ck_assert_str_eq(place->file, "list.pem");
	cert_free(cert);
	seen.count++;
	return arg ? *(int *)arg : ERR_OK;
}

static int read_bytes(const void *bytes, size_t len, void *arg, struct err *err)
{
	memset(&seen, 0, sizeof seen);
	err_clear(err);
	FILE *stream = tmpfile();
	ck_assert_ptr_nonnull(stream);
	ck_assert_uint_eq(fwrite(bytes, 1, len, stream), len);
	rewind(stream);
	int rc = cert_read_stream(stream, "list.pem", note, arg, err);
	fclose(stream);
	return rc;
}

/* Pieces up to NULL, put together. */
#define TEXT(...) joined((const char *const[]){ __VA_ARGS__, NULL })
static const char *joined(const char *const *pieces)
{
	static char text[700000];
	size_t n = 0;
	for (; *pieces; pieces++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s", *pieces);
	return text;
}

static void accept(const char *text, const char *log)
{
	struct err err;
	ck_assert_msg(read_bytes(text, strlen(text), NULL, &err) == ERR_OK, "%s", err.text);
	ck_assert_str_eq(seen.log, log);
}

static void refuse(const char *text, int count, const char *why)
{
	struct err err;
	int rc = read_bytes(text, strlen(text), NULL, &err);
	ck_assert_msg(rc == ERR_MALFORMED || rc == ERR_LIMIT, "%d", rc);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	ck_assert_msg(strncmp(err.text, "list.pem", 8) == 0, "%s", err.text);
	ck_assert_int_eq(seen.count, count);
}

#define ONE "pub1.example.test"
#define TWO "SEP001122AABBCD"
#define KEY "-----BEGIN PRIVATE KEY-----\nTHIS IS NOT LOOKED AT\n-----END PRIVATE KEY-----\n"

START_TEST(pem_and_text)
{
	accept(one, "1@1:" ONE);
	accept(TEXT(one, two), "1@1:" ONE " 2@25:" TWO);
	accept(TEXT("Bag Attributes\n  friendlyName: x\n", one, "\n\n# end\n", two, "trailer"),
	       "1@3:" ONE " 2@30:" TWO);
	accept(TEXT(KEY, one), "1@4:" ONE);
	accept(TEXT("\xef\xbb\xbf", one), "1@1:" ONE);
	accept(TEXT("0 s:CN = x\n", one), "1@2:" ONE);
	accept(TEXT("---\n----- BEGIN\n-----BEGIN -----\n", one), "1@4:" ONE);
}
END_TEST

/* The body of a PEM block, without its lines' ends. */
static const char *body_of(const char *pem)
{
	static char body[8192];
	size_t n = 0;
	const char *p = strchr(pem, '\n') + 1, *end = strstr(pem, "-----END");
	for (; p < end; p++)
		if (*p != '\n')
			body[n++] = *p;
	body[n] = '\0';
	return body;
}

START_TEST(line_ends_and_lengths)
{
	static char crlf[8192], indented[8192];
	size_t n = 0, m = 0;
	m += (size_t)sprintf(indented, "\t  ");
	for (const char *p = one; *p; p++) {
		if (*p == '\n')
			crlf[n++] = '\r';
		crlf[n++] = *p;
		indented[m++] = *p;
		if (*p == '\n')
			m += (size_t)sprintf(indented + m, "\t  ");
	}
	crlf[n] = '\0';
	accept(crlf, "1@1:" ONE);
	accept(indented, "1@1:" ONE);
	accept(TEXT("-----BEGIN CERTIFICATE-----\n", body_of(one), "\n-----END CERTIFICATE-----"), "1@1:" ONE);
	accept(TEXT("-----BEGIN X509 CERTIFICATE-----  \n", body_of(one), "\n\n-----END X509 CERTIFICATE-----\t\n"),
	       "1@1:" ONE);
	static char text[400000];
	memset(text, 'x', sizeof text - 1);
	accept(TEXT(text, "\n", one), "1@2:" ONE);
}
END_TEST

START_TEST(broken_pem)
{
	const char *begin = "-----BEGIN CERTIFICATE-----\n", *end = "-----END CERTIFICATE-----\n";
	refuse(TEXT(one, begin, "AAAA\n"), 1, "line 25: certificate 2: it has no END line");
	refuse(TEXT(begin, body_of(one), "\n", two), 0, "line 1: certificate 1: it has no END line");
	refuse(TEXT(begin, body_of(one), "\n", KEY), 0, "it has no END line");
	refuse(TEXT(begin, body_of(one), "\n-----END PRIVATE KEY-----\n"), 0, "does not fit");
	refuse(TEXT(begin, end), 0, "empty");
	refuse(TEXT(begin, "AAA*\n", end), 0, "broken base64");
	refuse(TEXT(begin, "AAAAA\n", end), 0, "broken base64");
	refuse(TEXT(begin, "Proc-Type: 4,ENCRYPTED\n\n", body_of(one), "\n", end), 0, "broken base64");
	refuse(TEXT(begin, body_of(one), "AAAA\n", end), 0, "line 1: certificate 1: ");
	refuse(TEXT(one, begin, "MAA=\n", end), 1, "list.pem: line 25: certificate 2: no usable X.509");
	refuse(TEXT("-----BEGIN TRUSTED CERTIFICATE-----\n", body_of(one), "\n-----END TRUSTED CERTIFICATE-----\n"), 0,
	       "openssl x509");
	static char text[400000];
	memset(text, 'A', sizeof text - 1);
	refuse(TEXT(begin, text, "\n", end), 0, "60000");
	text[79000] = '\0';
	refuse(TEXT(begin, text, "\n", text, "\n", end), 0, "60000");
}
END_TEST

START_TEST(no_certificate)
{
	refuse("", 0, "holds no certificate");
	refuse("hello\n", 0, "holds no certificate");
	refuse("0", 0, "holds no certificate");
	refuse(KEY, 0, "only a PRIVATE KEY");
	refuse("-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", 0, "only a PKCS7");
	refuse("-----BEGIN \x1b[2J-----\nAAAA\n", 0, "\\x1b");
}
END_TEST

START_TEST(nul_bytes_hide_nothing)
{
	struct err err;
	char text[8192];
	size_t len = strlen(one);
	memcpy(text, one, len);
	text[100] = '\0';
	ck_assert_int_eq(read_bytes(text, len, NULL, &err), ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(err.text, "broken base64"));
}
END_TEST

START_TEST(der_files)
{
	struct err err;
	uint8_t more[70000] = { 0 };
	ck_assert_int_eq(read_bytes(der, der_len, NULL, &err), ERR_OK);
	ck_assert_str_eq(seen.log, "1@0:" TWO);
	memcpy(more, der, der_len);
	ck_assert_int_eq(read_bytes(more, der_len + 1, NULL, &err), ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(err.text, "list.pem: no usable X.509 certificate: bytes follow its end"));
	ck_assert_int_eq(read_bytes(more, der_len - 1, NULL, &err), ERR_MALFORMED);
	ck_assert_int_eq(read_bytes(more, 3, NULL, &err), ERR_MALFORMED);
	ck_assert_int_eq(read_bytes(more, sizeof more, NULL, &err), ERR_LIMIT);
}
END_TEST

START_TEST(the_callback_can_stop)
{
	struct err err;
	int stop = 7;
	const char *text = TEXT(one, two);
	ck_assert_int_eq(read_bytes(text, strlen(text), &stop, &err), 7);
	ck_assert_int_eq(seen.count, 1);
	ck_assert_str_eq(err.text, "");
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");
	ck_assert_ptr_nonnull(stream);
	fputs(text, stream);
	ck_assert_int_eq(fclose(stream), 0);
}

START_TEST(files)
{
	char dir[] = "/tmp/tvs-certfile-XXXXXX", path[64];
	struct cert *cert = NULL;
	struct err err = { 0 };
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/x.pem", dir);
	ck_assert_int_eq(cert_read_one(path, &cert, &err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(cert_read_one(dir, &cert, &err), ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err.text, "directory"));
	write_file(path, one);
	ck_assert_int_eq(cert_read_one(path, &cert, &err), ERR_OK);
	ck_assert_str_eq(cert_common_name(cert), ONE);
	cert_free(cert);
	write_file(path, TEXT(one, two));
	ck_assert_int_eq(cert_read_one(path, &cert, &err), ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(err.text, "line 25: a second certificate"));
	ck_assert_ptr_nonnull(freopen(path, "r", stdin));
	memset(&seen, 0, sizeof seen);
	ck_assert_int_eq(cert_read_one("-", &cert, &err), ERR_MALFORMED);
	ck_assert_msg(strncmp(err.text, "standard input: line 25", 23) == 0, "%s", err.text);
	unlink(path);
	rmdir(dir);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("certfile", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, pem_and_text);
	tcase_add_test(tests, line_ends_and_lengths);
	tcase_add_test(tests, broken_pem);
	tcase_add_test(tests, no_certificate);
	tcase_add_test(tests, nul_bytes_hide_nothing);
	tcase_add_test(tests, der_files);
	tcase_add_test(tests, the_callback_can_stop);
	tcase_add_test(tests, files);
	return fixture_run(suite);
}
