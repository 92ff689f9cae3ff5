#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "truststore/keyfile.h"
#include "tvs/key.h"
#include "tvs/key_crypto.h"
#include "tvs/key_priv.h"

enum { RSA_SIZE = 256, SAMPLES = 60 };

static char directory[64];
static struct err err;

static void setup(void)
{
	strcpy(directory, "/tmp/test_key.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void teardown(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

__attribute__((format(printf, 1, 2)))
static void run(const char *format, ...)
{
	char command[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	ck_assert_msg(!system(command), "%s", command);
}

static void put(const char *file, const void *bytes, size_t len)
{
	FILE *stream = fopen(file, "w");
	ck_assert_ptr_nonnull(stream);
	ck_assert_uint_eq(fwrite(bytes, 1, len, stream), len);
	fclose(stream);
}

static size_t get(const char *file, void *bytes, size_t size)
{
	FILE *stream = fopen(file, "r");
	ck_assert_ptr_nonnull(stream);
	size_t len = fread(bytes, 1, size, stream);
	fclose(stream);
	return len;
}

static struct key *load_vector(const char *name)
{
	struct key *key;
	run("umask 077; cat %s/tests/data/vectors/keys/%s >%s", getenv("top_srcdir"), name, name);
	ck_assert_msg(!key_load(name, &key, &err), "%s", err_text(&err));
	return key;
}

START_TEST(forms_of_files)
{
	struct key *key;
	run("umask 077; openssl genrsa -traditional -out pkcs1 2048 2>&1 && openssl pkcs8 -topk8 -nocrypt -in pkcs1 -out pkcs8"
	    " && openssl ecparam -name prime256v1 -genkey -noout -out sec1"
	    " && openssl genpkey -algorithm ED25519 -out ed25519");
	ck_assert_msg(!key_load("pkcs1", &key, &err), "%s", err_text(&err));
	ck_assert_int_eq(key_algorithm(key), GNUTLS_PK_RSA);
	key_free(key);
	ck_assert_msg(!key_load("pkcs8", &key, &err), "%s", err_text(&err));
	key_free(key);
	ck_assert_msg(!key_load("sec1", &key, &err), "%s", err_text(&err));
	ck_assert_int_eq(key_algorithm(key), GNUTLS_PK_ECDSA);
	key_free(key);
	ck_assert_int_eq(key_load("ed25519", &key, &err), ERR_REFUSED);
	ck_assert_msg(strstr(err.text, "ed25519"), "%s", err.text);
	ck_assert_ptr_null(key);
	key_free(NULL);
}
END_TEST

START_TEST(refused_files)
{
	struct key *key;
	ck_assert_int_eq(key_load("missing", &key, &err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "missing"));
	run("umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:x -out pkcs8"
	    " && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out open"
	    " && openssl ec -in open -aes256 -passout pass:x -out sec1 2>/dev/null && echo text >text && : >empty");
	ck_assert_int_eq(key_load("pkcs8", &key, &err), ERR_REFUSED);
	ck_assert_msg(strstr(err.text, "encrypted"), "%s", err.text);
	ck_assert_int_eq(key_load("sec1", &key, &err), ERR_REFUSED);
	ck_assert_int_eq(key_load("text", &key, &err), ERR_MALFORMED);
	ck_assert_int_eq(key_load("empty", &key, &err), ERR_MALFORMED);
	static const mode_t bad[] = { 0640, 0604, 0660, 0610 };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(chmod("open", bad[i]), 0);
		ck_assert_int_eq(key_load("open", &key, &err), ERR_REFUSED);
		ck_assert_msg(strstr(err.text, "open"), "%s", err.text);
	}
	ck_assert_int_eq(chmod("open", 0400), 0);
	ck_assert_msg(!key_load("open", &key, &err), "%s", err_text(&err));
	key_free(key);
}
END_TEST

/* --- RSA key exchange */

enum block_kind { GOOD, BAD_START, ZERO_IN_PADDING, SHORT_SECRET, OTHER_VERSION, NO_ZERO, BLOCK_KINDS };
static const char *const kind_name[] = {
	"good", "not 00 02", "zero in the padding", "47 bytes", "other version", "no zero",
};

/* PKCS#1 type 2 around 48 bytes that begin with 03 03 (RFC 8017 7.2.1, RFC 5246 7.4.7.1), and five that are not. */
static void make_block(enum block_kind kind, uint8_t block[RSA_SIZE])
{
	memset(block, 0x5a, RSA_SIZE);
	block[0] = 0;
	block[1] = kind == BAD_START ? 1 : 2;
	block[RSA_SIZE - KEY_PREMASTER_SIZE - 1] = kind == NO_ZERO ? 0x5a : 0;
	block[RSA_SIZE - KEY_PREMASTER_SIZE] = 3;
	block[RSA_SIZE - KEY_PREMASTER_SIZE + 1] = kind == OTHER_VERSION ? 2 : 3;
	if (kind == SHORT_SECRET) {
		block[RSA_SIZE - KEY_PREMASTER_SIZE - 1] = 0x5a;
		block[RSA_SIZE - KEY_PREMASTER_SIZE] = 0;
	}
	if (kind == ZERO_IN_PADDING)
		block[5] = 0;
}

/* The block under the public key, by a foreign hand. */
static void encrypt(const char *key_file, const uint8_t *block, uint8_t out[RSA_SIZE])
{
	put("block", block, RSA_SIZE);
	run("openssl pkeyutl -encrypt -inkey %s -in block -out cipher -pkeyopt rsa_padding_mode:none", key_file);
	ck_assert_uint_eq(get("cipher", out, RSA_SIZE), RSA_SIZE);
}

static void decrypted(struct key *key, const uint8_t *cipher, size_t len, uint8_t out[KEY_PREMASTER_SIZE])
{
	gnutls_datum_t in = { (unsigned char *)cipher, (unsigned)len }, plain = { NULL, 99 };
	ck_assert_int_eq(key_decrypt(NULL, key, &in, &plain), 0);
	ck_assert_uint_eq(plain.size, KEY_PREMASTER_SIZE);
	memcpy(out, plain.data, plain.size);
	gnutls_free(plain.data);
}

/* Whatever comes, the same result; only the good one gives the secret, all others give what nobody knows. */
static void is_random(struct key *key, const uint8_t *cipher, size_t len, const uint8_t *block)
{
	uint8_t first[KEY_PREMASTER_SIZE], second[KEY_PREMASTER_SIZE];
	decrypted(key, cipher, len, first);
	decrypted(key, cipher, len, second);
	ck_assert_mem_ne(first, second, KEY_PREMASTER_SIZE);
	if (block)
		ck_assert_mem_ne(first, block + RSA_SIZE - KEY_PREMASTER_SIZE, KEY_PREMASTER_SIZE);
}

START_TEST(bad_paddings_look_like_good_ones)
{
	struct key *key = load_vector("tvs.pem");
	uint8_t block[RSA_SIZE], cipher[RSA_SIZE + 1], secret[KEY_PREMASTER_SIZE];
	key_set_client_version(key, 0x0303);
	for (enum block_kind kind = GOOD; kind < BLOCK_KINDS; kind++) {
		make_block(kind, block);
		encrypt("tvs.pem", block, cipher);
#ifndef HAVE_LIBCRYPTO
		if (kind == OTHER_VERSION) /* GnuTLS writes the version over whatever stands there */
			continue;
#endif
		if (kind != GOOD) {
			is_random(key, cipher, RSA_SIZE, block);
			continue;
		}
		decrypted(key, cipher, RSA_SIZE, secret);
		ck_assert_mem_eq(secret, block + RSA_SIZE - KEY_PREMASTER_SIZE, KEY_PREMASTER_SIZE);
	}
	is_random(key, cipher, RSA_SIZE - 1, NULL);
	is_random(key, cipher, RSA_SIZE + 1, NULL);
	is_random(key, cipher, 0, NULL);
	memset(cipher, 0xff, sizeof cipher); /* not below the modulus */
	is_random(key, cipher, RSA_SIZE, NULL);
	/* and then still the good one, for the version of its client alone */
	make_block(GOOD, block);
	encrypt("tvs.pem", block, cipher);
	decrypted(key, cipher, RSA_SIZE, secret);
	ck_assert_mem_eq(secret, block + RSA_SIZE - KEY_PREMASTER_SIZE, KEY_PREMASTER_SIZE);
#ifdef HAVE_LIBCRYPTO
	key_set_client_version(key, 0x0301);
	is_random(key, cipher, RSA_SIZE, block);
	key_set_client_version(key, 0);
	is_random(key, cipher, RSA_SIZE, block);
#endif
	key_free(key);
	key = load_vector("ccm-ec.pem"); /* no RSA at all */
	is_random(key, cipher, RSA_SIZE, NULL);
	key_free(key);
}
END_TEST

static int64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Processor time, the kinds taken in turn, the tenth part of the samples being less (what disturbs only makes it
 * longer); returns by how much the furthest kind is off the good one. */
static double spread(struct key *key, uint8_t cipher[BLOCK_KINDS][RSA_SIZE], double typical[BLOCK_KINDS])
{
	static int64_t taken[BLOCK_KINDS][SAMPLES];
	uint8_t secret[KEY_PREMASTER_SIZE];
	for (int i = 0; i < SAMPLES; i++)
		for (int kind = 0; kind < BLOCK_KINDS; kind++) {
			int64_t before = cpu_ns();
			decrypted(key, cipher[kind], RSA_SIZE, secret);
			taken[kind][i] = cpu_ns() - before;
		}
	double worst = 0;
	for (int kind = 0; kind < BLOCK_KINDS; kind++) {
		qsort(taken[kind], SAMPLES, sizeof **taken, compare);
		typical[kind] = (double)taken[kind][SAMPLES / 10];
		double off = typical[kind] / typical[GOOD] - 1;
		if (off < 0)
			off = -off;
		if (off > worst)
			worst = off;
	}
	return worst;
}

START_TEST(bad_paddings_take_as_long_as_good_ones)
{
	struct key *key = load_vector("tvs.pem");
	uint8_t block[RSA_SIZE], cipher[BLOCK_KINDS][RSA_SIZE];
	double typical[BLOCK_KINDS], off = 1;
	key_set_client_version(key, 0x0303);
	for (enum block_kind kind = GOOD; kind < BLOCK_KINDS; kind++) {
		make_block(kind, block);
		encrypt("tvs.pem", block, cipher[kind]);
	}
	for (int round = 0; round < 12 && off > 0.02; round++) { /* a busy machine disturbs a round, an oracle shows in each */
		double now = spread(key, cipher, typical);
		off = now < off ? now : off;
	}
	for (enum block_kind kind = GOOD; kind < BLOCK_KINDS; kind++)
		printf("%s: %.1f us\n", kind_name[kind], typical[kind] / 1000);
	ck_assert_msg(off < 0.05, "the times differ by %.1f %%", 100 * off);
	key_free(key);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("key", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, forms_of_files);
	tcase_add_test(tests, refused_files);
	tcase_add_test(tests, bad_paddings_look_like_good_ones);
	if (!getenv("TEST_VALGRIND")) /* times there mean nothing */
		tcase_add_test(tests, bad_paddings_take_as_long_as_good_ones);
	return fixture_run(suite);
}
