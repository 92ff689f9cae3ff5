#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/cipher.h"

static const char *const invalid = "You have entered an invalid Cipher String.";

/* The suites of a string, joined with ':'. */
static const char *expand(const char *string)
{
	static char text[4096];
	struct cipher_list list;
	struct err err = { 0 };
	ck_assert_msg(cipher_parse(string, &list, &err) == ERR_OK, "%s: %s", string, err.text);
	text[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		strcat(text, i ? ":" : "");
		strcat(text, list.suite[i]->name);
	}
	return text;
}

static void refuse(const char *string)
{
	struct cipher_list list;
	struct err err = { 0 };
	ck_assert_msg(cipher_parse(string, &list, &err) == ERR_CONFIG, "%s", string);
	ck_assert_str_eq(err.text, invalid);
}

static const struct cipher_suite *by_name(const char *name)
{
	for (const struct cipher_suite *suite = cipher_table(); suite->name; suite++)
		if (strcmp(suite->name, name) == 0)
			return suite;
	return NULL;
}

/* What `openssl ciphers` makes of a string, without the suites that are not in our table; false if it refuses. */
static bool openssl_expand(const char *string, char *out)
{
	char command[512], line[8192];
	snprintf(command, sizeof command, "openssl ciphers -s -tls1_2 '@SECLEVEL=0:%s' 2>/dev/null", string);
	if (strncmp(string, "DEFAULT", 7) == 0) /* it must be the first word */
		snprintf(command, sizeof command, "openssl ciphers -s -tls1_2 '%s:@SECLEVEL=0' 2>/dev/null", string);
	FILE *pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	char *got = fgets(line, sizeof line, pipe);
	pclose(pipe);
	out[0] = '\0';
	if (!got)
		return false;
	for (char *name = strtok(line, ":\n"); name; name = strtok(NULL, ":\n"))
		if (by_name(name)) {
			strcat(out, out[0] ? ":" : "");
			strcat(out, name);
		}
	return out[0] != '\0';
}

static const char *const strings[] = {
	"ALL", "HIGH", "DEFAULT", "ALL:!MD5", "ALL:BAD:!MD5", "HIGH:!aNULL:!MD5:!RC4:!3DES", "AES256-SHA",
	"AES256-GCM-SHA384:AES256-SHA256", "AES256-SHA256:AES128-SHA", "AES128-SHA:AES256-SHA", "kRSA", "RSA", "aRSA",
	"ECDHE", "kECDHE", "EECDH", "ECDSA", "aECDSA", "DHE", "EDH", "kDHE", "AES", "AES128", "AES256", "AESGCM", "AESCCM", "AESCCM8",
	"CHACHA20", "CAMELLIA", "CAMELLIA128", "CAMELLIA256", "SHA", "SHA1", "SHA256", "SHA384", "TLSv1.2", "TLSv1.0", "TLSv1",
	"SSLv3", "FIPS", "CBC", "COMPLEMENTOFDEFAULT", "ECDHE+AESGCM", "ECDHE+AESGCM:ECDHE+CHACHA20:kRSA+AES", "ECDHE+aRSA+AES256+SHA384",
	"kRSA+AESGCM:kRSA+SHA256:kRSA+SHA", "EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:AES256+EDH", "ALL:!ECDHE", "ALL:-ECDHE", "ALL:-kRSA:kRSA",
	"ALL:-AES256:AES256", "ALL:+ECDHE", "ALL:+AES:+SHA", "ALL:@STRENGTH", "kRSA:@STRENGTH", "AES128-SHA:AES256-SHA:@STRENGTH",
	"AES128-SHA:@STRENGTH:AES256-SHA", "HIGH:!kRSA:!ECDSA", "DEFAULT:!DHE", "DEFAULT:CAMELLIA", "DEFAULT:+kRSA", "DEFAULT:-SHA",
	"ALL:!CAMELLIA:!AESCCM", "ALL,!ECDHE,!DHE", "ALL !ECDHE !DHE", "ALL;!ECDHE", "AES256-SHA:!AES256-SHA:AES128-SHA",
	"!AES256-SHA:ALL", "-AES256-SHA:kRSA", "+AES256-SHA:kRSA", "AES256-SHA+kRSA:AES128-SHA", "AES256-SHA+ECDHE:AES128-SHA", "HIGH+kRSA", "ALL+SHA",
	"RSA+AES256+SHA:CAMELLIA256-SHA", "kRSA:kRSA", "BAD_WORD:AES128-SHA", "AES128-SHA:DEFAULT", "NULL:AES128-SHA", "PSK:AES128-SHA",
	"RC4-SHA:AES128-SHA", "DES-CBC3-SHA:AES256-SHA", "ADH:AECDH:AES256-SHA", "ECDHE-RSA-AES256-GCM-SHA384:kRSA:!SHA", ":::AES128-SHA:::",
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES256-SHA:AES256-GCM-SHA384:AES256-SHA256:AES256-SHA",
	"AES128+GCM:AES128-SHA", "TLSv1.2+kRSA", "SSLv3+kRSA", "aRSA+kECDHE", "AES256:-SHA:SHA256", "ALL:-SHA:-SHA256:SHA256:SHA",
	CIPHER_DEFAULT,
	/* neither takes these */
	"", ":", "BAD", "aes128-sha", "AES128_SHA", "ALL:AES128_SHA", "ALL:+", "ALL:!", "ALL:-:SHA", "ALL:AES256+", "ALL:@", "ALL:@STRONG",
	"ALL:@SECLEVEL=9", "ALL:@SECLEVEL=", "AES256-SHA+ECDHE", "ALL:!ALL", "ALL:(AES)", "ALL:\"AES\"", "ALL:%AES", "TLSv1.1", "ALL:AES256*", "eNULL",
	"aNULL", "RC4", "3DES", "PSK", "EXPORT", "LOW", "MD5", "IDEA", "NULL-SHA", "ADH-AES256-SHA",
};

START_TEST(as_openssl_expands)
{
	char theirs[8192];
	if (system("openssl ciphers >/dev/null 2>&1") != 0)
		return;
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		if (openssl_expand(strings[i], theirs))
			ck_assert_msg(strcmp(expand(strings[i]), theirs) == 0, "%s:\n%s\n%s", strings[i],
			              expand(strings[i]), theirs);
		else
			refuse(strings[i]);
	}
}
END_TEST

/* IANA's numbers, minimum versions: as OpenSSL and as GnuTLS give them. */
START_TEST(table_is_right)
{
	size_t count = 0;
	for (const struct cipher_suite *suite = cipher_table(); suite->name; suite++, count++) {
		unsigned char id[2];
		gnutls_kx_algorithm_t kx;
		gnutls_cipher_algorithm_t cipher;
		gnutls_mac_algorithm_t mac;
		gnutls_protocol_t version;
		bool found = false;
		for (size_t i = 0; !found && gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, &version); i++)
			found = (id[0] << 8 | id[1]) == suite->id;
		ck_assert_msg(found, "%s", suite->name);
		ck_assert_msg(kx == suite->kx && cipher == suite->cipher && mac == suite->mac &&
		              version == suite->min_version, "%s", suite->name);
		ck_assert_uint_eq(suite->strength, 8 * gnutls_cipher_get_key_size(cipher));
		ck_assert_ptr_eq(cipher_by_id(suite->id), suite);
		ck_assert_ptr_eq(by_name(suite->name), suite);
	}
	ck_assert_uint_le(count, CIPHER_LIST_MAX);
	ck_assert_ptr_null(cipher_by_id(0x0000));
	ck_assert_ptr_null(cipher_by_id(0x000a)); /* 3DES */
	ck_assert_ptr_null(cipher_by_id(0x1301));
}
END_TEST

START_TEST(names_and_numbers_of_openssl)
{
	char line[512], name[64];
	unsigned high, low, known = 0;
	FILE *pipe = popen("openssl ciphers -V -s -tls1_2 'ALL:@SECLEVEL=0' 2>/dev/null", "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof line, pipe))
		if (sscanf(line, " 0x%x,0x%x - %63s", &high, &low, name) == 3 && by_name(name)) {
			ck_assert_uint_eq(by_name(name)->id, high << 8 | low);
			known++;
		}
	pclose(pipe);
	unsigned count = 0;
	while (cipher_table()[count].name)
		count++;
	ck_assert(known == 0 || known == count);
}
END_TEST

/* A priority of GnuTLS made of a row alone must hold that suite and no other. */
START_TEST(gnutls_can_do_each)
{
	for (const struct cipher_suite *suite = cipher_table(); suite->name; suite++) {
		char text[256];
		gnutls_priority_t priority;
		snprintf(text, sizeof text, "NONE:+VERS-TLS1.2:+%s:+%s:+%s:+GROUP-ALL:+SIGN-ALL",
		         gnutls_kx_get_name(suite->kx), gnutls_cipher_get_name(suite->cipher),
		         gnutls_mac_get_name(suite->mac));
		ck_assert_int_ge(gnutls_priority_init(&priority, text, NULL), 0);
		unsigned index, found = 0;
		for (unsigned i = 0;; i++) {
			int ret = gnutls_priority_get_cipher_suite_index(priority, i, &index);
			if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
				break;
			unsigned char id[2];
			gnutls_protocol_t version;
			if (ret < 0 || !gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, &version) ||
			    version == GNUTLS_TLS1_3)
				continue;
			ck_assert_msg((id[0] << 8 | id[1]) == suite->id, "%s", suite->name);
			found++;
		}
		ck_assert_msg(found == 1, "%s", suite->name);
		gnutls_priority_deinit(priority);
	}
}
END_TEST

START_TEST(nothing_forbidden)
{
	static const char *const never[] = { "NULL", "RC4", "RC2", "DES", "EXP", "MD5", "ADH", "AECDH", "SEED", "IDEA",
	                                     "PSK", "KRB5", "SRP" };
	for (const struct cipher_suite *suite = cipher_table(); suite->name; suite++)
		for (size_t i = 0; i < sizeof never / sizeof *never; i++)
			ck_assert_msg(!strstr(suite->name, never[i]), "%s", suite->name);
}
END_TEST

START_TEST(the_default)
{
	ck_assert_str_eq(expand(CIPHER_DEFAULT), CIPHER_DEFAULT);
}
END_TEST

static void assert_tls13(const char *string, size_t count, gnutls_cipher_algorithm_t first)
{
	struct cipher_list list;
	struct err err = { 0 };
	ck_assert_msg(cipher_parse(string, &list, &err) == ERR_OK, "%s", string);
	ck_assert_msg(list.tls13_count == count, "%s: %zu", string, list.tls13_count);
	if (count)
		ck_assert_int_eq(list.tls13[0], first);
}

START_TEST(tls13_stands_apart)
{
	assert_tls13("AES128-SHA", 3, GNUTLS_CIPHER_AES_256_GCM);
	assert_tls13("AES128-SHA:!AESGCM", 3, GNUTLS_CIPHER_AES_256_GCM);
	assert_tls13("AES128-SHA:TLS_AES_128_GCM_SHA256", 1, GNUTLS_CIPHER_AES_128_GCM);
	assert_tls13("TLS_AES_128_GCM_SHA256:AES128-SHA:TLS_AES_256_GCM_SHA384", 2, GNUTLS_CIPHER_AES_128_GCM);
	assert_tls13("TLS_AES_128_GCM_SHA256:TLS_AES_128_GCM_SHA256:AES128-SHA", 1, GNUTLS_CIPHER_AES_128_GCM);
	assert_tls13("AES128-SHA:!TLS_AES_256_GCM_SHA384", 2, GNUTLS_CIPHER_CHACHA20_POLY1305);
	assert_tls13("AES128-SHA:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256:-TLS_AES_128_GCM_SHA256", 0, 0);
	assert_tls13("AES128-SHA:TLS_AES_128_CCM_SHA256", 3, GNUTLS_CIPHER_AES_256_GCM); /* unknown here */
	assert_tls13("TLS_CHACHA20_POLY1305_SHA256", 1, GNUTLS_CIPHER_CHACHA20_POLY1305);
	ck_assert_str_eq(expand("TLS_CHACHA20_POLY1305_SHA256"), "");
	ck_assert_str_eq(expand("TLS_AES_256_GCM_SHA384:AES128-SHA"), "AES128-SHA");
	refuse("TLS_AES_128_CCM_SHA256");
	refuse("!TLS_AES_256_GCM_SHA384");
	refuse("TLS_AES_256_GCM_SHA384:!TLS_AES_256_GCM_SHA384");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("cipher", &tests);
	tcase_add_test(tests, as_openssl_expands);
	tcase_add_test(tests, table_is_right);
	tcase_add_test(tests, names_and_numbers_of_openssl);
	tcase_add_test(tests, gnutls_can_do_each);
	tcase_add_test(tests, nothing_forbidden);
	tcase_add_test(tests, the_default);
	tcase_add_test(tests, tls13_stands_apart);
	return fixture_run(suite);
}
