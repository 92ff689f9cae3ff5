#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tests/unit/tls_peer.h"
#include "tvs/tls_priv.h"

#define K5 "AES256-GCM-SHA384:AES256-SHA256:AES256-SHA:CAMELLIA256-SHA:" \
	"AES128-GCM-SHA256:AES128-SHA256:AES128-SHA:CAMELLIA128-SHA"
#define ECDHE "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
#define OLD " -cipher ALL:@SECLEVEL=0"

static struct own rsa;
static struct meeting met;

static void load(void)
{
	own_load(&rsa, "tvs.pem");
}

static void unload(void)
{
	own_deinit(&rsa);
}

static int try_setup(const struct own *own, enum tls_version min, const char *ciphers,
                     enum tls_client_mode client, struct tls_setup **out, struct err *err)
{
	struct cipher_list list;
	list_of(ciphers, &list);
	struct span ca[2];
	gnutls_datum_t der;
	char path[512];
	snprintf(path, sizeof path, "%s/tests/data/vectors/keys/capf-of-lsc.der", getenv("top_srcdir"));
	ck_assert_int_eq(gnutls_load_file(path, &der), 0);
	ca[0] = (struct span){ der.data, der.size };
	struct tls_config config = {
		.name = "tvsd test", .min_version = min, .ciphers = &list, .key = own->key,
		.chain = own->chain, .chain_count = 1, .client = client,
		.client_ca = ca, .client_ca_count = 1,
	};
	int code = tls_setup_new(&config, out, err);
	gnutls_free(der.data);
	return code;
}

static struct tls_setup *setup_of(const struct own *own, enum tls_version min, const char *ciphers)
{
	struct err err;
	struct tls_setup *setup;
	ck_assert_msg(!try_setup(own, min, ciphers, TLS_CLIENT_NONE, &setup, &err), "%s", err_text(&err));
	return setup;
}

static void accepted(const struct tls_setup *setup, const char *args, enum tls_version version,
                     const char *cipher)
{
	meet(setup, args, &met);
	ck_assert_msg(!met.code, "%s: %s\n%s", args, err_text(&met.err), met.output);
	ck_assert_int_eq(met.version, version);
	ck_assert_str_eq(met.cipher, cipher);
	ck_assert_msg(met.echoed, "%s: %s", args, met.output);
	ck_assert_ptr_nonnull(strstr(met.output, "hello"));
	char line[128];
	if (version == TLS_1_3 || !strncmp(cipher, "ECDHE", 5))
		return;
	snprintf(line, sizeof line, "Cipher is %s", cipher);
	ck_assert_msg(strstr(met.output, line), "%s", met.output);
}

static void refused(const struct tls_setup *setup, const char *args, enum tls_failure failure,
                    const char *alert)
{
	meet(setup, args, &met);
	ck_assert_msg(met.code == ERR_TLS, "%s was accepted with %s", args, met.cipher);
	ck_assert_msg(met.failure == failure, "%s: %s (%s)", args, tls_failure_name(met.failure),
	              err_text(&met.err));
	ck_assert_msg(strstr(met.output, alert), "%s: %s", args, met.output);
}

START_TEST(every_suite_of_the_documents_in_every_version)
{
	static const char *const suites[] = {
		"AES256-GCM-SHA384", "AES256-SHA256", "AES256-SHA", "CAMELLIA256-SHA",
		"AES128-GCM-SHA256", "AES128-SHA256", "AES128-SHA", "CAMELLIA128-SHA",
	};
	static const char *const options[] = { "-tls1", "-tls1_1", "-tls1_2" };
	struct tls_setup *setup = setup_of(&rsa, TLS_1_0, K5);
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
		for (int version = TLS_1_0; version <= TLS_1_2; version++) {
			bool fits = version == TLS_1_2 || (i & 3) > 1;
			char args[128];
			snprintf(args, sizeof args, "%s -cipher %s:@SECLEVEL=0", options[version], suites[i]);
			if (fits)
				accepted(setup, args, (enum tls_version)version, suites[i]);
		}
	}
	accepted(setup, "-tls1_3", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	accepted(setup, "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", TLS_1_3, "TLS_AES_128_GCM_SHA256");
	accepted(setup, "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", TLS_1_3,
	         "TLS_CHACHA20_POLY1305_SHA256");
	accepted(setup, "", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	accepted(setup, "-no_tls1_3" OLD, TLS_1_2, "AES256-GCM-SHA384");
	tls_setup_free(setup);
}
END_TEST

/* One handshake for each row of the table that the certificate can serve, and a name that openssl agrees with. */
static void every_row(const struct own *own, gnutls_pk_algorithm_t pk)
{
	unsigned tried = 0;
	for (const struct cipher_suite *suite = cipher_table(); suite->name; suite++) {
		bool ecdsa = suite->kx == GNUTLS_KX_ECDHE_ECDSA;
		if (ecdsa != (pk == GNUTLS_PK_ECDSA))
			continue;
		struct tls_setup *setup = setup_of(own, TLS_1_0, suite->name);
		enum tls_version version = suite->min_version == GNUTLS_TLS1_2 ? TLS_1_2 : TLS_1_0;
		char args[128];
		snprintf(args, sizeof args, "%s -cipher %s:@SECLEVEL=0", version == TLS_1_0 ? "-tls1" : "-tls1_2", suite->name);
		accepted(setup, args, version, suite->name);
		tls_setup_free(setup);
		tried++;
	}
	ck_assert_uint_gt(tried, 3);
}

START_TEST(every_row_of_the_table)
{
	struct own ec;
	own_make_p256(&ec);
	every_row(&rsa, GNUTLS_PK_RSA);
	every_row(&ec, GNUTLS_PK_ECDSA);
	own_deinit(&ec);
}
END_TEST

START_TEST(no_product_of_the_list)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_0, "AES256-SHA256:AES128-SHA");
	accepted(setup, "-tls1_2 -cipher AES256-SHA256", TLS_1_2, "AES256-SHA256");
	accepted(setup, "-tls1_2 -cipher AES128-SHA", TLS_1_2, "AES128-SHA");
	accepted(setup, "-tls1_2 -cipher AES256-SHA:AES128-SHA256:AES128-SHA:AES256-SHA256", TLS_1_2, "AES256-SHA256");
	refused(setup, "-tls1_2 -cipher AES256-SHA", TLS_FAILURE_NO_CIPHER, "handshake failure");
	refused(setup, "-tls1_2 -cipher AES128-SHA256", TLS_FAILURE_NO_CIPHER, "handshake failure");
	refused(setup, "-tls1_2 -cipher ALL:COMPLEMENTOFALL:!AES256-SHA256:!AES128-SHA:@SECLEVEL=0", TLS_FAILURE_NO_CIPHER,
	        "handshake failure");
	refused(setup, "-tls1 -cipher AES256-SHA:@SECLEVEL=0", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
}
END_TEST

START_TEST(default_listener)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_2, ECDHE ":" K5);
	refused(setup, "-tls1" OLD, TLS_FAILURE_VERSION, "protocol version");
	refused(setup, "-tls1_1" OLD, TLS_FAILURE_VERSION, "protocol version");
	accepted(setup, "-tls1_2", TLS_1_2, "ECDHE-RSA-AES256-GCM-SHA384");
	accepted(setup, "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", TLS_1_2,
	         "ECDHE-RSA-AES256-GCM-SHA384");
	refused(setup, "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384", TLS_FAILURE_NO_CIPHER, "handshake failure");
	refused(setup, "-tls1_2 -cipher NULL:@SECLEVEL=0", TLS_FAILURE_NO_CIPHER, "handshake failure");
	refused(setup, "-tls1_2 -cipher ADH:AECDH:@SECLEVEL=0", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
}
END_TEST

START_TEST(what_rules_out_elliptic_curves)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_0, "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA:" K5);
	accepted(setup, "-tls1_2 -groups P-521", TLS_1_2, "ECDHE-RSA-AES256-GCM-SHA384");
	accepted(setup, "-tls1_2 -groups X448", TLS_1_2, "AES256-GCM-SHA384");
	accepted(setup, "-tls1_2 -sigalgs RSA+SHA1 -cipher ALL:@SECLEVEL=0", TLS_1_2, "AES256-GCM-SHA384");
	accepted(setup, "-tls1_2 -sigalgs RSA-PSS+SHA384", TLS_1_2, "ECDHE-RSA-AES256-GCM-SHA384");
	accepted(setup, "-tls1" OLD, TLS_1_0, "ECDHE-RSA-AES256-SHA");
	accepted(setup, "-tls1_1" OLD, TLS_1_1, "ECDHE-RSA-AES256-SHA");
	refused(setup, "-tls1_2 -cipher ECDHE -groups X448", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
}
END_TEST

START_TEST(groups_of_tls_1_3)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_2, ECDHE);
	accepted(setup, "-tls1_3 -groups X25519", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	ck_assert_ptr_nonnull(strstr(met.output, "X25519"));
	accepted(setup, "-tls1_3 -groups P-384", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	/* the group of the share, rather than a further round for a better one */
	accepted(setup, "-tls1_3 -groups P-384:X25519 -msg", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	ck_assert_ptr_nonnull(strstr(met.output, "secp384r1"));
	char *hello = strstr(met.output, "ClientHello");
	ck_assert(hello && !strstr(hello + 1, "ClientHello"));
	/* a share that the server does not know: HelloRetryRequest */
	accepted(setup, "-tls1_3 -groups X448:P-256", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	ck_assert_ptr_nonnull(strstr(met.output, "prime256v1"));
	refused(setup, "-tls1_3 -groups X448", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
}
END_TEST

START_TEST(ecdsa_certificates)
{
	struct own p256, p384;
	own_make_p256(&p256);
	own_load(&p384, "ccm-ec.pem");
	struct tls_setup *setup = setup_of(&p256, TLS_1_0, ECDHE ":ECDHE-ECDSA-AES256-SHA:" K5);
	accepted(setup, "-tls1_3", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	accepted(setup, "-tls1_2", TLS_1_2, "ECDHE-ECDSA-AES256-GCM-SHA384");
	accepted(setup, "-tls1" OLD, TLS_1_0, "ECDHE-ECDSA-AES256-SHA");
	refused(setup, "-tls1_2 -cipher RSA", TLS_FAILURE_NO_CIPHER, "handshake failure");
	refused(setup, "-tls1_2 -groups X25519", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
	setup = setup_of(&p384, TLS_1_2, ECDHE);
	accepted(setup, "-tls1_3", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	accepted(setup, "-tls1_2", TLS_1_2, "ECDHE-ECDSA-AES256-GCM-SHA384");
	tls_setup_free(setup);
	struct err err;
	ck_assert_int_eq(try_setup(&p256, TLS_1_2, K5, TLS_CLIENT_NONE, &setup, &err), ERR_CONFIG);
	ck_assert_ptr_null(setup);
	setup = setup_of(&p256, TLS_1_3, K5);
	refused(setup, "-tls1_2", TLS_FAILURE_VERSION, "protocol version");
	tls_setup_free(setup);
	own_deinit(&p256);
	own_deinit(&p384);
}
END_TEST

START_TEST(some_suites_of_tls_1_3)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_2, K5 ":TLS_AES_128_GCM_SHA256");
	accepted(setup, "", TLS_1_3, "TLS_AES_128_GCM_SHA256");
	refused(setup, "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
	setup = setup_of(&rsa, TLS_1_2, K5 ":!TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256");
	accepted(setup, "", TLS_1_2, "AES256-GCM-SHA384");
	refused(setup, "-tls1_3", TLS_FAILURE_VERSION, "protocol version");
	tls_setup_free(setup);
	setup = setup_of(&rsa, TLS_1_3, "TLS_CHACHA20_POLY1305_SHA256");
	accepted(setup, "", TLS_1_3, "TLS_CHACHA20_POLY1305_SHA256");
	refused(setup, "-tls1_2", TLS_FAILURE_VERSION, "protocol version");
	tls_setup_free(setup);
}
END_TEST

START_TEST(dhe)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_0, "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-SHA");
	accepted(setup, "-tls1_2", TLS_1_2, "DHE-RSA-AES256-GCM-SHA384");
	accepted(setup, "-tls1" OLD, TLS_1_0, "DHE-RSA-AES256-SHA");
	tls_setup_free(setup);
}
END_TEST

START_TEST(key_usage_rules)
{
	struct own signs, deciphers;
	own_make_rsa(&signs, GNUTLS_KEY_DIGITAL_SIGNATURE);
	own_make_rsa(&deciphers, GNUTLS_KEY_KEY_ENCIPHERMENT);
	struct tls_setup *setup = setup_of(&signs, TLS_1_2, ECDHE ":" K5);
	accepted(setup, "-tls1_2", TLS_1_2, "ECDHE-RSA-AES256-GCM-SHA384");
	refused(setup, "-tls1_2 -cipher RSA", TLS_FAILURE_NO_CIPHER, "handshake failure");
	tls_setup_free(setup);
	setup = setup_of(&deciphers, TLS_1_2, ECDHE ":" K5);
	accepted(setup, "", TLS_1_2, "AES256-GCM-SHA384");
	refused(setup, "-tls1_3", TLS_FAILURE_VERSION, "protocol version");
	tls_setup_free(setup);
	struct err err;
	ck_assert_int_eq(try_setup(&deciphers, TLS_1_2, ECDHE, TLS_CLIENT_NONE, &setup, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "[tvsd test]"));
	own_deinit(&signs);
	own_deinit(&deciphers);
}
END_TEST

START_TEST(no_tickets_no_resumption_no_renegotiation)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_2, K5);
	accepted(setup, "-tls1_2", TLS_1_2, "AES256-GCM-SHA384");
	ck_assert_ptr_null(strstr(met.output, "session ticket"));
	accepted(setup, "-tls1_3", TLS_1_3, "TLS_AES_256_GCM_SHA384");
	ck_assert_ptr_null(strstr(met.output, "New Session Ticket"));
	meet_command(setup, "(echo R; echo hello) | timeout 10 openssl s_client -tls1_2 -connect 127.0.0.1:$PORT",
	             &met);
	ck_assert_int_eq(met.code, 0);
	ck_assert_msg(!met.echoed, "%s", met.output);
	tls_setup_free(setup);
}
END_TEST

START_TEST(sslv2_hello_is_refused)
{
	/* SSL 2.0 format (RFC 5246, appendix E.2): TLS 1.2, one suite AES256-SHA, 32 bytes of challenge */
	struct tls_setup *setup = setup_of(&rsa, TLS_1_0, K5);
	meet_command(setup, "python3 -c \"import os, socket; "
	             "s = socket.create_connection(('127.0.0.1', int(os.environ['PORT']))); "
	             "s.sendall(bytes.fromhex('802c0103030003000000200000''35') + bytes(32)); "
	             "print('got', s.recv(100).hex())\"", &met);
	ck_assert_int_eq(met.code, ERR_TLS);
	ck_assert_msg(met.failure == TLS_FAILURE_SSLV2, "%s: %s %s", tls_failure_name(met.failure), err_text(&met.err), met.output);
	ck_assert_msg(!strncmp(met.output, "got 15", 6), "%s", met.output);
	tls_setup_free(setup);
}
END_TEST

START_TEST(what_is_no_tls)
{
	struct tls_setup *setup = setup_of(&rsa, TLS_1_0, K5);
	meet_command(setup, "python3 -c \"import os, socket; "
	             "s = socket.create_connection(('127.0.0.1', int(os.environ['PORT']))); "
	             "s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\"", &met);
	ck_assert_int_eq(met.code, ERR_TLS);
	ck_assert_msg(met.failure == TLS_FAILURE_PROTOCOL || met.failure == TLS_FAILURE_VERSION, "%s", tls_failure_name(met.failure));
	meet_command(setup, "python3 -c \"import os, socket; "
	             "s = socket.create_connection(('127.0.0.1', int(os.environ['PORT']))); "
	             "s.sendall(bytes.fromhex('1603010100010000fc0303'))\"", &met);
	ck_assert_msg(met.code == ERR_NETWORK, "%s", err_text(&met.err));
	ck_assert_int_eq(met.failure, TLS_FAILURE_CLOSED);
	tls_setup_free(setup);
}
END_TEST

START_TEST(client_certificates)
{
	struct err err;
	struct tls_setup *request, *require, *none = setup_of(&rsa, TLS_1_2, K5);
	ck_assert_int_eq(try_setup(&rsa, TLS_1_0, K5, TLS_CLIENT_REQUEST, &request, &err), 0);
	ck_assert_int_eq(try_setup(&rsa, TLS_1_0, K5, TLS_CLIENT_REQUIRE, &require, &err), 0);
	char good[512], bad[512];
	const char *top = getenv("top_srcdir");
	snprintf(good, sizeof good, "-cert %s/tests/data/vectors/keys/lsc-by-capf.pem "
	         "-key %s/tests/data/vectors/keys/lsc-by-capf.pem", top, top);
	snprintf(bad, sizeof bad, "-cert %s/tests/data/vectors/keys/phone-lsc.pem "
	         "-key %s/tests/data/vectors/keys/phone-lsc.pem", top, top);
	static const char *const versions[] = { "-tls1_3", "-tls1_2", ("-tls1" OLD) };
	for (int i = 0; i < 3; i++) {
		char args[1200];
		snprintf(args, sizeof args, "%s %s", versions[i], good);
		meet(request, args, &met);
		ck_assert_int_eq(met.client, TLS_CLIENT_VERIFIED);
		ck_assert_str_eq(met.name, "SEP001122AABBCC");
		ck_assert_str_eq(met.why, "");
		ck_assert(met.echoed);
		meet(require, args, &met);
		ck_assert(met.echoed && met.client == TLS_CLIENT_VERIFIED);
		snprintf(args, sizeof args, "%s %s", versions[i], bad);
		meet(request, args, &met);
		ck_assert_int_eq(met.client, TLS_CLIENT_UNVERIFIED);
		ck_assert_str_eq(met.why, "unknown-issuer");
		ck_assert_str_eq(met.name, "SEP001122AABBCC");
		ck_assert(met.echoed);
		meet(require, args, &met);
		ck_assert_int_eq(met.code, ERR_TLS);
		ck_assert_int_eq(met.failure, TLS_FAILURE_CLIENT_CERTIFICATE);
		ck_assert_ptr_nonnull(strstr(met.output, "alert"));
		meet(request, versions[i], &met);
		ck_assert_msg(met.echoed && met.client == TLS_CLIENT_ABSENT && !met.name[0],
		              "%s: %s", versions[i], err_text(&met.err));
		meet(require, versions[i], &met);
		ck_assert_int_eq(met.code, ERR_TLS);
		ck_assert_int_eq(met.failure, TLS_FAILURE_CLIENT_CERTIFICATE);
	}
	meet(none, good, &met);
	ck_assert(met.echoed && met.client == TLS_CLIENT_ABSENT);
	ck_assert_ptr_nonnull(strstr(met.output, "No client certificate CA names sent"));
	tls_setup_free(none);
	tls_setup_free(request);
	tls_setup_free(require);
}
END_TEST

/* Whatever the client's own signature takes to verify is the client's choice: nothing is verified with such keys. */
START_TEST(huge_and_odd_keys_of_clients_are_refused)
{
	static const char *const files[] = { "rsa-4224", "exponent-66" };
	static const char *const versions[] = { "-tls1_3", "-tls1_2" };
	for (int mode = TLS_CLIENT_REQUEST; mode <= TLS_CLIENT_REQUIRE; mode++) {
		struct tls_setup *setup;
		struct err err;
		ck_assert(!try_setup(&rsa, TLS_1_2, ECDHE, (enum tls_client_mode)mode, &setup, &err));
		for (int i = 0; i < 4; i++) {
			char args[1200], file[512];
			snprintf(file, sizeof file, "%s/tests/data/keysize/%s.pem", getenv("top_srcdir"), files[i / 2]);
			snprintf(args, sizeof args, "%s -cert %s -key %s", versions[i % 2], file, file);
			meet(setup, args, &met);
			ck_assert_msg(met.code == ERR_TLS, "%s: it was accepted", args);
			ck_assert_msg(met.failure == TLS_FAILURE_CLIENT_CERTIFICATE, "%s: %s", args, err_text(&met.err));
			ck_assert_msg(strstr(err_text(&met.err), "at most 4096 bits"), "%s", err_text(&met.err));
			ck_assert_ptr_nonnull(strstr(met.output, "alert"));
		}
		tls_setup_free(setup);
	}
}
END_TEST

START_TEST(a_foreign_key_is_refused)
{
	struct own other;
	own_make_p256(&other);
	struct own mixed = rsa;
	mixed.key = other.key;
	struct tls_setup *setup;
	struct err err;
	ck_assert_int_eq(try_setup(&mixed, TLS_1_2, ECDHE, TLS_CLIENT_NONE, &setup, &err), ERR_REFUSED);
	ck_assert_msg(strstr(err.text, "does not fit"), "%s", err.text);
	own_deinit(&other);
	own_make_rsa(&other, 0);
	mixed.key = other.key;
	ck_assert_int_eq(try_setup(&mixed, TLS_1_2, ECDHE, TLS_CLIENT_NONE, &setup, &err), ERR_REFUSED);
	own_deinit(&other);
}
END_TEST

START_TEST(words)
{
	enum tls_version version;
	ck_assert_int_eq(tls_version_parse("1.2", &version), 0);
	ck_assert_int_eq(version, TLS_1_2);
	ck_assert_int_eq(tls_version_parse("1.4", &version), ERR_CONFIG);
	ck_assert_str_eq(tls_version_name(TLS_1_0), "TLS1.0");
	ck_assert_str_eq(tls_version_name(TLS_VERSION_COUNT), "-");
	for (int i = 0; i < TLS_FAILURE_COUNT; i++)
		ck_assert_str_ne(tls_failure_name(i), "unknown");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("tls", &tests);
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, load, unload);
	tcase_add_test(tests, words);
	tcase_add_test(tests, every_suite_of_the_documents_in_every_version);
	tcase_add_test(tests, every_row_of_the_table);
	tcase_add_test(tests, no_product_of_the_list);
	tcase_add_test(tests, default_listener);
	tcase_add_test(tests, what_rules_out_elliptic_curves);
	tcase_add_test(tests, groups_of_tls_1_3);
	tcase_add_test(tests, ecdsa_certificates);
	tcase_add_test(tests, some_suites_of_tls_1_3);
	tcase_add_test(tests, dhe);
	tcase_add_test(tests, key_usage_rules);
	tcase_add_test(tests, no_tickets_no_resumption_no_renegotiation);
	tcase_add_test(tests, sslv2_hello_is_refused);
	tcase_add_test(tests, what_is_no_tls);
	tcase_add_test(tests, client_certificates);
	tcase_add_test(tests, huge_and_odd_keys_of_clients_are_refused);
	tcase_add_test(tests, a_foreign_key_is_refused);
	return fixture_run(suite);
}
