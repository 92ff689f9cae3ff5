#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/outfile.h"
#include "truststore/keyfile.h"

static char folder[96];

static void setup(void)
{
	fixture_setup();
	snprintf(folder, sizeof folder, "%s/keys", fixture_path);
}

static void teardown(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
	fixture_teardown();
}

START_TEST(a_key_is_written_and_found_again)
{
	char *reference, *location;
	gnutls_privkey_t key, again;
	struct err err;
	struct stat st;
	ck_assert_msg(keyfile_create(folder, GNUTLS_PK_ECDSA, 384, &reference, &key, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(strlen(reference), 64 + 4);
	ck_assert_int_eq(keyfile_locate(folder, reference, &location, &err), 0);
	ck_assert_int_eq(stat(location, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(keyfile_load(location, &again, &err), 0);
	unsigned bits;
	ck_assert_int_eq(gnutls_privkey_get_pk_algorithm(again, &bits), GNUTLS_PK_ECDSA);
	ck_assert_uint_eq(bits, 384);
	ck_assert_int_eq(keyfile_delete(folder, reference, &err), 0);
	ck_assert_int_ne(access(location, F_OK), 0);
	ck_assert_int_eq(keyfile_delete(folder, reference, &err), 0);
	gnutls_privkey_deinit(key);
	gnutls_privkey_deinit(again);
	free(reference);
	free(location);
}
END_TEST

START_TEST(names_stay_in_their_directory)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden" };
	char *location;
	struct err err;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(keyfile_locate(folder, bad[i], &location, &err), ERR_MALFORMED);
	ck_assert_int_eq(keyfile_locate(folder, "pkcs11:token=a;id=%01", &location, &err), 0);
	ck_assert_str_eq(location, "pkcs11:token=a;id=%01");
	ck_assert(keyfile_is_uri(location));
	ck_assert_int_eq(keyfile_delete(folder, location, &err), 0);
	free(location);
}
END_TEST

static void refused(const char *name, const void *bytes, size_t len, int code)
{
	char path[128];
	gnutls_privkey_t key;
	struct err err;
	mkdir(folder, 0700);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	ck_assert_int_eq(outfile_write(path, 0600, true, bytes, len, &err), 0);
	ck_assert_int_eq(keyfile_load(path, &key, &err), code);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}

START_TEST(what_is_no_key_is_refused)
{
	gnutls_x509_privkey_t raw;
	gnutls_datum_t pem;
	gnutls_privkey_t key;
	struct err err;
	gnutls_x509_privkey_init(&raw);
	gnutls_x509_privkey_generate(raw, GNUTLS_PK_ECDSA, keyfile_size(GNUTLS_PK_ECDSA, 256), 0);
	gnutls_x509_privkey_export2_pkcs8(raw, GNUTLS_X509_FMT_PEM, "secret", GNUTLS_PKCS_PBES2_AES_256, &pem);
	refused("encrypted", pem.data, pem.size, ERR_REFUSED);
	gnutls_free(pem.data);
	gnutls_x509_privkey_deinit(raw);
	refused("empty", "", 0, ERR_MALFORMED);
	refused("text", "no key\n", 7, ERR_MALFORMED);
	refused("cut", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", 60, ERR_MALFORMED);
	ck_assert_int_eq(keyfile_load("/nowhere/key", &key, &err), ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_key_must_fit_its_certificate)
{
	char *reference;
	gnutls_privkey_t key;
	struct err err;
	struct cert *cert = fixture_named("CN=other");
	ck_assert_int_eq(keyfile_create(folder, GNUTLS_PK_ECDSA, 256, &reference, &key, &err), 0);
	ck_assert_int_eq(keyfile_fits(key, cert_gnutls(cert), "the certificate", &err), ERR_REFUSED);
	ck_assert_str_eq(err.text, "the certificate does not fit its private key");
	gnutls_privkey_deinit(key);
	cert_free(cert);
	free(reference);
}
END_TEST

START_TEST(a_token_is_what_the_uri_of_an_object_is_in)
{
	static const struct {
		const char *uri, *token;
	} all[] = {
		{ "pkcs11:token=a;id=%01;type=private", "pkcs11:token=a" },
		{ "pkcs11:id=%01;token=a;object=x;serial=5?pin-source=/p", "pkcs11:token=a;serial=5?pin-source=/p" },
		{ "pkcs11:object=x", "pkcs11:" },
		{ "pkcs11:", "pkcs11:" },
		{ "pkcs11:token=id=5;type=cert?x=id=5", "pkcs11:token=id=5?x=id=5" },
	};
	struct err err;
	char *out;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		ck_assert_int_eq(keyfile_token_of(all[i].uri, &out, &err), 0);
		ck_assert_str_eq(out, all[i].token);
		free(out);
	}
	gnutls_privkey_t key;
	ck_assert_int_eq(keyfile_create_in_token("pkcs11:token=a?pin-value=1", "x", GNUTLS_PK_RSA, 2048, &out, &key, &err), ERR_REFUSED);
	ck_assert_ptr_null(out);
	ck_assert_int_eq(keyfile_create_in_token("/file", "x", GNUTLS_PK_RSA, 2048, &out, &key, &err), ERR_USAGE);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("keyfile", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_key_is_written_and_found_again);
	tcase_add_test(tests, names_stay_in_their_directory);
	tcase_add_test(tests, what_is_no_key_is_refused);
	tcase_add_test(tests, a_key_must_fit_its_certificate);
	tcase_add_test(tests, a_token_is_what_the_uri_of_an_object_is_in);
	return fixture_run(suite);
}
