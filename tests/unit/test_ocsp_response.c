#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocsp/certid.h"
#include "ocsp/response.h"
#include "ocsp/signature.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"
#include "truststore/base/clock.h"

/* Each response of tests/data/ocsp and what must come of it. All but the marked ones are about leaf.pem of ca.pem. */
struct row {
	const char *file;
	enum fault fault;
	enum revocation_status status;
	uint8_t reason;
	enum signer_kind signer;
	const char *leaf, *issuer, *configured;
};

static const struct row rows[] = {
	{ "good", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-by-key", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-with-issuer", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-sha256", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-no-next", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-nonce", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-nonce-critical", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "good-among-others", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-among-good", 0, REVOCATION_REVOKED, 4, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "uncritical", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked", 0, REVOCATION_REVOKED, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-0", 0, REVOCATION_REVOKED, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-1", 0, REVOCATION_REVOKED, 1, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-2", 0, REVOCATION_REVOKED, 2, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-3", 0, REVOCATION_REVOKED, 3, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-4", 0, REVOCATION_REVOKED, 4, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-5", 0, REVOCATION_REVOKED, 5, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-6", 0, REVOCATION_REVOKED, 6, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-9", 0, REVOCATION_REVOKED, 9, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "revoked-10", 0, REVOCATION_REVOKED, 10, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "unknown", 0, REVOCATION_UNKNOWN, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "other-serial", FAULT_NO_MATCH, 0, 0, 0, NULL, NULL, NULL },
	{ "other-serial", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, "neighbour.pem", NULL, NULL },
	{ "twin-key", FAULT_NO_MATCH, 0, 0, 0, NULL, NULL, NULL },
	{ "other-issuer-name", FAULT_NO_MATCH, 0, 0, 0, NULL, NULL, NULL },
	{ "hash-cut", FAULT_NO_MATCH, 0, 0, 0, NULL, NULL, NULL },
	{ "old", FAULT_STALE, 0, 0, 0, NULL, NULL, NULL },
	{ "just-old", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "no-next-old", FAULT_STALE, 0, 0, 0, NULL, NULL, NULL },
	{ "too-old", FAULT_TOO_OLD, 0, 0, 0, NULL, NULL, NULL },
	{ "future", FAULT_FUTURE, 0, 0, 0, NULL, NULL, NULL },
	{ "just-future", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, NULL },
	{ "next-before-this", FAULT_STALE, 0, 0, 0, NULL, NULL, NULL },
	{ "critical", FAULT_CRITICAL_EXTENSION, 0, 0, 0, NULL, NULL, NULL },
	{ "critical-single", FAULT_CRITICAL_EXTENSION, 0, 0, 0, NULL, NULL, NULL },
	{ "weak-signature", FAULT_WEAK_SIGNATURE, 0, 0, 0, NULL, NULL, NULL },
	{ "bad-signature", FAULT_BAD_SIGNATURE, 0, 0, 0, NULL, NULL, NULL },
	{ "rsa", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, "rsa-leaf.pem", "rsa-ca.pem", NULL },
	{ "rsa-pss", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, "rsa-leaf.pem", "rsa-ca.pem", NULL },
	{ "twin-signed", FAULT_BAD_SIGNATURE, 0, 0, 0, NULL, NULL, NULL },
	{ "twin-included", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, NULL },
	{ "other-signed", FAULT_SIGNER_NOT_FOUND, 0, 0, 0, NULL, NULL, NULL },
	{ "other-included", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, NULL },
	{ "leaf-signed", FAULT_SIGNER_NOT_AUTHORIZED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-delegate", 0, REVOCATION_GOOD, 0, SIGNER_DELEGATE, NULL, NULL, NULL },
	{ "by-delegate-key", 0, REVOCATION_GOOD, 0, SIGNER_DELEGATE, NULL, NULL, NULL },
	{ "by-delegate-last", 0, REVOCATION_GOOD, 0, SIGNER_DELEGATE, NULL, NULL, NULL },
	{ "by-delegate-revoked-leaf", 0, REVOCATION_REVOKED, 1, SIGNER_DELEGATE, NULL, NULL, NULL },
	{ "by-delegate-checked", 0, REVOCATION_GOOD, 0, SIGNER_DELEGATE, NULL, NULL, NULL },
	{ "by-delegate-left-out", FAULT_SIGNER_NOT_FOUND, 0, 0, 0, NULL, NULL, NULL },
	{ "by-delegate-left-out", 0, REVOCATION_GOOD, 0, SIGNER_CONFIGURED, NULL, NULL, "delegate.pem" },
	{ "by-delegate-other-id", FAULT_SIGNER_NOT_FOUND, 0, 0, 0, NULL, NULL, NULL },
	{ "by-delegate-corrupt", FAULT_BAD_SIGNATURE, 0, 0, 0, NULL, NULL, NULL },
	{ "by-no-purpose", FAULT_SIGNER_NOT_AUTHORIZED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-any-purpose", FAULT_SIGNER_NOT_AUTHORIZED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-expired", FAULT_SIGNER_EXPIRED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-early", FAULT_SIGNER_EXPIRED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-foreign", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-foreign", 0, REVOCATION_GOOD, 0, SIGNER_CONFIGURED, NULL, NULL, "delegate-foreign.pem" },
	{ "by-foreign", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, "delegate.pem" },
	{ "by-below", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-weak", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-configured", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, NULL },
	{ "by-configured", 0, REVOCATION_GOOD, 0, SIGNER_CONFIGURED, NULL, NULL, "configured.pem" },
	{ "by-configured", FAULT_SIGNER_UNTRUSTED, 0, 0, 0, NULL, NULL, "configured-expired.pem" },
	{ "by-configured-left-out", 0, REVOCATION_GOOD, 0, SIGNER_CONFIGURED, NULL, NULL, "configured.pem" },
	{ "by-configured-left-out", FAULT_SIGNER_NOT_FOUND, 0, 0, 0, NULL, NULL, NULL },
	{ "by-configured-expired", FAULT_SIGNER_EXPIRED, 0, 0, 0, NULL, NULL, "configured-expired.pem" },
	{ "good", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, NULL, NULL, "configured.pem" },
	{ "about-delegate", 0, REVOCATION_GOOD, 0, SIGNER_ISSUER, "delegate-checked.pem", NULL, NULL },
	{ "malformed-request", FAULT_MALFORMED_REQUEST, 0, 0, 0, NULL, NULL, NULL },
	{ "internal-error", FAULT_INTERNAL_ERROR, 0, 0, 0, NULL, NULL, NULL },
	{ "try-later", FAULT_TRY_LATER, 0, 0, 0, NULL, NULL, NULL },
	{ "sig-required", FAULT_SIG_REQUIRED, 0, 0, 0, NULL, NULL, NULL },
	{ "unauthorized", FAULT_UNAUTHORIZED, 0, 0, 0, NULL, NULL, NULL },
	{ "no-bytes", FAULT_MALFORMED, 0, 0, 0, NULL, NULL, NULL },
	{ "other-type", FAULT_MALFORMED, 0, 0, 0, NULL, NULL, NULL },
	{ "html", FAULT_MALFORMED, 0, 0, 0, NULL, NULL, NULL },
};

static void judge(const struct row *row, const struct response_asked *asked, struct response *out)
{
	char file[64];
	snprintf(file, sizeof file, "%s.ors", row->file);
	size_t len;
	char *der = data_read(file, &len);
	struct cert *leaf = data_cert(row->leaf ? row->leaf : "leaf.pem");
	struct cert *issuer = data_cert(row->issuer ? row->issuer : "ca.pem");
	struct cert *configured = data_cert(row->configured);
	struct rules rules = *data_rules();
	rules.configured = configured;
	response_check(der, len, leaf, issuer, &rules, asked, out);
	cert_free(configured);
	cert_free(issuer);
	cert_free(leaf);
	free(der);
}

START_TEST(every_response_gets_its_word)
{
	const struct row *row = &rows[_i];
	struct response response;
	judge(row, &(struct response_asked){ 0 }, &response);
	ck_assert_msg(response.fault == row->fault, "%s: \"%s\" instead of \"%s\"", row->file,
	              fault_word(response.fault), fault_word(row->fault));
	ck_assert_msg(response.status == row->status, "%s: %s", row->file,
	              revocation_status_name(response.status));
	ck_assert_uint_eq(response.reason, row->reason);
	ck_assert_int_eq(response.signer.kind, row->signer);
	ck_assert_int_eq(response.signer.must_be_checked, !strcmp(row->file, "by-delegate-checked"));
	ck_assert_int_eq(response.signer.must_be_checked, response.signer.delegate != NULL);
	if (!response.fault) {
		ck_assert_int_gt(response.until, NOW);
		ck_assert_int_eq(response.revoked_at, row->status == REVOCATION_REVOKED ? NOW - 5 * DAY : 0);
	}
	response_free(&response);
}
END_TEST

/* Statuses that the RFC does not have: GnuTLS may refuse to read them at all. */
START_TEST(unknown_statuses_are_refused)
{
	const char *files[] = { "status-4", "status-7" };
	struct row row = { .file = files[_i] };
	struct response response;
	judge(&row, &(struct response_asked){ 0 }, &response);
	ck_assert(response.fault == FAULT_RESPONSE_STATUS || response.fault == FAULT_MALFORMED);
	response_free(&response);
}
END_TEST

START_TEST(times_are_taken)
{
	struct response response;
	struct row row = { .file = "good" };
	judge(&row, &(struct response_asked){ 0 }, &response);
	ck_assert_int_eq(response.this_update, NOW - HOUR);
	ck_assert_int_eq(response.next_update, NOW + DAY);
	ck_assert_int_eq(response.until, NOW + DAY);
	response_free(&response);
	row.file = "good-no-next";
	judge(&row, &(struct response_asked){ 0 }, &response);
	ck_assert_int_eq(response.next_update, 0);
	ck_assert_int_eq(response.until, NOW - HOUR + DAY);
	response_free(&response);
	row.file = "just-old"; /* passed a minute ago, the skew is five */
	judge(&row, &(struct response_asked){ 0 }, &response);
	ck_assert_int_eq(response.until, NOW - 60 + 300);
	response_free(&response);
}
END_TEST

START_TEST(nonce_is_compared)
{
	uint8_t sent[32];
	for (unsigned i = 0; i < sizeof sent; i++)
		sent[i] = (uint8_t)i;
	struct response_asked asked = { sent, sizeof sent, false };
	struct row row = { .file = "good-nonce" };
	struct response response;
	judge(&row, &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_NONE);
	ck_assert_int_eq(response.nonce, RESPONSE_NONCE_FITS);
	response_free(&response);

	row.file = "good";
	judge(&row, &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_NONE);
	ck_assert_int_eq(response.nonce, RESPONSE_NONCE_ABSENT);
	response_free(&response);

	asked.nonce_required = true;
	judge(&row, &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_NONCE_MISSING);
	row.file = "good-nonce-odd";
	judge(&row, &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_NONCE_MISMATCH);
	row.file = "good-nonce";
	sent[31] ^= 1;
	judge(&row, &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_NONCE_MISMATCH);
	asked.nonce_len = 31;
	judge(&row, &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_NONCE_MISMATCH);
}
END_TEST

/* Cut short, lengthened, each byte changed: never a crash, and good only where the change is outside of what is signed. */
START_TEST(damage_is_refused)
{
	size_t len;
	char *der = data_read("good.ors", &len);
	struct cert *leaf = data_cert("leaf.pem"), *issuer = data_cert("ca.pem");
	struct response response;
	const struct response_asked asked = { 0 };
	for (size_t cut = 0; cut < len; cut++) {
		response_check(der, cut, leaf, issuer, data_rules(), &asked, &response);
		ck_assert_int_eq(response.fault, FAULT_MALFORMED);
	}
	for (size_t i = 0; i < len; i++) {
		der[i] ^= 0x04;
		response_check(der, len, leaf, issuer, data_rules(), &asked, &response);
		ck_assert_int_ne(response.fault, FAULT_NONE);
		ck_assert_int_eq(response.status, 0);
		der[i] ^= 0x04;
	}
	char *longer = malloc(RESPONSE_MAX_BYTES + 1);
	memcpy(longer, der, len);
	longer[len] = 0;
	response_check(longer, len + 1, leaf, issuer, data_rules(), &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_MALFORMED);
	response_check(longer, RESPONSE_MAX_BYTES + 1, leaf, issuer, data_rules(), &asked, &response);
	ck_assert_int_eq(response.fault, FAULT_TOO_LARGE);
	free(longer);
	cert_free(issuer);
	cert_free(leaf);
	free(der);
}
END_TEST

/* Anybody on the way can put a certificate of his own into a response: with this one GnuTLS would try for a quarter of a minute
 * (with a longer one for hours), the test has four seconds. A certificate has the frame of a signed response. */
START_TEST(a_huge_key_is_not_tried)
{
	char path[512];
	gnutls_datum_t pem, der;
	gnutls_x509_crt_t signer;
	struct signature signature;
	snprintf(path, sizeof path, "%s/tests/data/keysize/rsa-32768.pem", getenv("top_srcdir"));
	ck_assert_int_eq(gnutls_load_file(path, &pem), 0);
	ck_assert_int_eq(gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der), 0);
	ck_assert_int_eq(gnutls_x509_crt_init(&signer), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(signer, &der, GNUTLS_X509_FMT_DER), 0);
	ck_assert(signature_read(der.data, der.size, &signature));
	ck_assert(signature_strong(&signature));
	ck_assert(!signature_verify(&signature, signer));
	gnutls_x509_crt_deinit(signer);
	gnutls_free(der.data);
	gnutls_free(pem.data);
}
END_TEST

START_TEST(every_fault_has_a_word_of_its_own)
{
	for (int i = 1; i < FAULT_COUNT; i++) {
		ck_assert_str_ne(fault_word((enum fault)i), "");
		ck_assert_str_ne(fault_text((enum fault)i), "");
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(fault_word((enum fault)i), fault_word((enum fault)j));
	}
	ck_assert_str_eq(fault_word(FAULT_NONE), "");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_response", &tests);
	tcase_add_loop_test(tests, every_response_gets_its_word, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tests, unknown_statuses_are_refused, 0, 2);
	tcase_add_test(tests, times_are_taken);
	tcase_add_test(tests, nonce_is_compared);
	tcase_add_test(tests, damage_is_refused);
	tcase_add_test(tests, a_huge_key_is_not_tried);
	tcase_add_test(tests, every_fault_has_a_word_of_its_own);
	return fixture_run(suite);
}
