#include <check.h>
#include <string.h>

#include "ocsp/crl.h"
#include "tests/unit/fixture.h"
#include "tests/unit/ocsp_data.h"

static const char url[] = "http://crl.example.test/ca.crl";

/* Each list of tests/data/ocsp, and what it says of `leaf` (leaf.pem), issued by `issuer` (ca.pem). */
struct row {
	const char *file;
	enum fault fault;
	enum revocation_status status;
	uint8_t reason;
	const char *leaf, *issuer;
};

static const struct row rows[] = {
	{ "full", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "full", 0, REVOCATION_REVOKED, 1, "neighbour.pem", NULL }, /* a serial number with a sign byte */
	{ "full-v1", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "empty", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "revoked", 0, REVOCATION_REVOKED, 1, NULL, NULL },
	{ "revoked-generalized", 0, REVOCATION_REVOKED, 0, NULL, NULL },
	{ "hold", 0, REVOCATION_REVOKED, 6, NULL, NULL },
	{ "removed", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "reason-7", 0, REVOCATION_REVOKED, 7, NULL, NULL },
	{ "reason-11", FAULT_CRL_MALFORMED, 0, 0, NULL, NULL },
	{ "invalidity-date", 0, REVOCATION_REVOKED, 1, NULL, NULL },
	{ "many", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "expired", FAULT_CRL_STALE, 0, 0, NULL, NULL },
	{ "just-expired", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "future", FAULT_CRL_FUTURE, 0, 0, NULL, NULL },
	{ "no-next", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "no-next-old", FAULT_CRL_STALE, 0, 0, NULL, NULL },
	{ "old-but-current", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "delta", FAULT_CRL_DELTA, 0, 0, NULL, NULL },
	{ "indirect", FAULT_CRL_INDIRECT, 0, 0, NULL, NULL },
	{ "indirect-entry", FAULT_CRL_INDIRECT, 0, 0, NULL, NULL },
	{ "some-reasons", FAULT_CRL_SCOPE, 0, 0, NULL, NULL },
	{ "user-only", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "user-only", FAULT_CRL_SCOPE, 0, 0, "subordinate.pem", NULL },
	{ "ca-only", FAULT_CRL_SCOPE, 0, 0, NULL, NULL },
	{ "ca-only", 0, REVOCATION_GOOD, 0, "subordinate.pem", NULL },
	{ "attributes-only", FAULT_CRL_SCOPE, 0, 0, NULL, NULL },
	{ "point", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "point", FAULT_CRL_SCOPE, 0, 0, "subordinate.pem", NULL }, /* has no distribution point */
	{ "point-other-name", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "point-elsewhere", FAULT_CRL_SCOPE, 0, 0, NULL, NULL },
	{ "point-relative", FAULT_CRL_SCOPE, 0, 0, NULL, NULL },
	{ "scope-garbage", FAULT_CRL_MALFORMED, 0, 0, NULL, NULL },
	{ "critical", FAULT_CRL_CRITICAL_EXTENSION, 0, 0, NULL, NULL },
	{ "uncritical", 0, REVOCATION_GOOD, 0, NULL, NULL },
	{ "critical-entry", FAULT_CRL_CRITICAL_EXTENSION, 0, 0, NULL, NULL },
	{ "other-issuer", FAULT_CRL_ISSUER, 0, 0, NULL, NULL },
	{ "twin-issuer", FAULT_CRL_BAD_SIGNATURE, 0, 0, NULL, NULL },
	{ "other-name", FAULT_CRL_ISSUER, 0, 0, NULL, NULL },
	{ "nolists", FAULT_CRL_SIGNER, 0, 0, "nolists-leaf.pem", "nolists-ca.pem" },
	{ "weak-signature", FAULT_CRL_WEAK_SIGNATURE, 0, 0, NULL, NULL },
	{ "bad-signature", FAULT_CRL_BAD_SIGNATURE, 0, 0, NULL, NULL },
	{ "other-algorithm-inside", FAULT_CRL_MALFORMED, 0, 0, NULL, NULL },
	{ "tail", FAULT_CRL_MALFORMED, 0, 0, NULL, NULL },
	{ "rsa-pss", 0, REVOCATION_GOOD, 0, "rsa-leaf.pem", "rsa-ca.pem" },
};

static enum fault read_one(const struct row *row, const struct cert *leaf, uint8_t **form, size_t *form_len)
{
	char file[64];
	size_t len;
	snprintf(file, sizeof file, "%s.crl", row->file);
	char *der = data_read(file, &len);
	struct cert *issuer = data_cert(row->issuer ? row->issuer : "ca.pem");
	struct source source;
	ck_assert_int_eq(source_of(leaf, NULL, &source), 0);
	enum fault fault = crl_read(der, len, url, issuer, &source, data_rules(), form, form_len);
	source_free(&source);
	cert_free(issuer);
	free(der);
	return fault;
}

START_TEST(every_list_gets_its_word)
{
	const struct row *row = &rows[_i];
	struct cert *leaf = data_cert(row->leaf ? row->leaf : "leaf.pem");
	uint8_t *form = NULL;
	size_t len;
	struct crl_entry entry = { 0 };
	struct crl crl;
	int64_t until;
	enum fault fault = read_one(row, leaf, &form, &len);
	if (!fault) {
		ck_assert_int_eq(crl_decode((struct span){ form, len }, &crl), 0);
		fault = crl_look_up(&crl, leaf, data_rules(), &entry, &until);
	} else {
		ck_assert_ptr_null(form);
	}
	ck_assert_msg(fault == row->fault, "%s: \"%s\" instead of \"%s\"", row->file, fault_word(fault),
	              fault_word(row->fault));
	ck_assert_msg(entry.status == row->status, "%s: %s", row->file, revocation_status_name(entry.status));
	ck_assert_uint_eq(entry.reason, row->reason);
	if (entry.status == REVOCATION_REVOKED)
		ck_assert_int_eq(entry.revoked_at, NOW - 5 * DAY);
	free(form);
	cert_free(leaf);
}
END_TEST

START_TEST(short_form_keeps_what_it_must)
{
	struct cert *leaf = data_cert("leaf.pem");
	struct row row = { .file = "full" };
	uint8_t *form;
	size_t len;
	struct crl crl;
	struct crl_entry entry;
	int64_t until;
	ck_assert_int_eq(read_one(&row, leaf, &form, &len), FAULT_NONE);
	ck_assert_int_eq(crl_decode((struct span){ form, len }, &crl), 0);
	ck_assert_int_eq(crl.this_update, NOW - HOUR);
	ck_assert_int_eq(crl.next_update, NOW + 7 * DAY);
	ck_assert_int_eq(crl.fetched, NOW);
	ck_assert_uint_eq(crl.count, 2);
	ck_assert_uint_eq(crl.url.len, strlen(url));
	ck_assert_mem_eq(crl.url.bytes, url, crl.url.len);
	struct rules later = *data_rules();
	later.now = NOW + 8 * DAY;
	ck_assert_int_eq(crl_look_up(&crl, leaf, &later, &entry, &until), FAULT_CRL_STALE);
	ck_assert_int_eq(crl_look_up(&crl, leaf, data_rules(), &entry, &until), FAULT_NONE);
	ck_assert_int_eq(until, NOW + 7 * DAY);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(crl_decode((struct span){ form, cut }, &crl), ERR_STORE);
	form[0]++;
	ck_assert_int_eq(crl_decode((struct span){ form, len }, &crl), ERR_STORE);
	free(form);
	cert_free(leaf);
}
END_TEST

START_TEST(damage_is_refused)
{
	size_t len, form_len;
	char *der = data_read("revoked.crl", &len);
	struct cert *issuer = data_cert("ca.pem");
	struct source source = { .ocsp_count = 0 };
	uint8_t *form = NULL;
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(crl_read(der, cut, url, issuer, &source, data_rules(), &form, &form_len),
		                 FAULT_CRL_MALFORMED);
	for (size_t i = 0; i < len; i++) {
		der[i] ^= 0x04;
		ck_assert_int_ne(crl_read(der, len, url, issuer, &source, data_rules(), &form, &form_len),
		                 FAULT_NONE);
		der[i] ^= 0x04;
	}
	ck_assert_int_eq(crl_read(der, CRL_MAX_BYTES + 1, url, issuer, &source, data_rules(), &form, &form_len),
	                 FAULT_CRL_TOO_LARGE);
	ck_assert_ptr_null(form);
	cert_free(issuer);
	free(der);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_crl", &tests);
	tcase_add_loop_test(tests, every_list_gets_its_word, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tests, short_form_keeps_what_it_must);
	tcase_add_test(tests, damage_is_refused);
	return fixture_run(suite);
}
