#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/record.h"

static struct span span_of(const struct record *record)
{
	return (struct span){ record->bytes, record->len };
}

static void same_text(struct text a, struct text b)
{
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.bytes, b.bytes, a.len);
}

static struct digest digest_filled(int byte)
{
	struct digest digest;
	memset(digest.byte, byte, DIGEST_SIZE);
	return digest;
}

/* Every shorter record, every longer one and one of another version is refused: `decode` says 0 if it took it. */
typedef int decode_fn(struct span bytes);

static void refuses_all_but_whole(struct record *record, decode_fn *decode)
{
	ck_assert_int_eq(decode(span_of(record)), 0);
	for (size_t len = 0; len < record->len; len++) {
		uint8_t *cut = malloc(len ? len : 1); /* so that a sanitizer sees the end */
		memcpy(cut, record->bytes, len);
		ck_assert_int_eq(decode((struct span){ cut, len }), ERR_STORE);
		free(cut);
	}
	uint8_t *longer = malloc(record->len + 1);
	memcpy(longer, record->bytes, record->len);
	longer[record->len] = 0;
	ck_assert_int_eq(decode((struct span){ longer, record->len + 1 }), ERR_STORE);
	free(longer);
	record->bytes[0]++;
	ck_assert_int_eq(decode(span_of(record)), ERR_STORE);
	record->bytes[0]--;
}

static int take_cert(struct span bytes)
{
	struct cert_record out;
	return cert_record_decode(bytes, &out);
}

START_TEST(cert_comes_back)
{
	struct cert_record in = {
		.added = 1, .not_before = -2, .not_after = CLOCK_NEVER - 1, .self_signed = true,
		.is_ca = true, .key_bits = 4096, .key_type = text_of("RSA"), .signature = text_of("RSA-SHA256"),
		.subject = text_of("CN=a"), .issuer = text_of("CN=b"), .common_name = text_of("a"),
		.serial = text_of("01FF"), .label = text_of(NULL), .owner = text_of("x@y"),
		.subject_key = digest_filled(1), .issuer_key = digest_filled(2),
		.issuer_serial_key = digest_filled(3), .der = { (const uint8_t *)"0123", 4 },
	}, out;
	struct record record;
	ck_assert_int_eq(cert_record_encode(&in, &record), 0);
	ck_assert_int_eq(cert_record_decode(span_of(&record), &out), 0);
	ck_assert_int_eq(out.added, 1);
	ck_assert_int_eq(out.not_before, -2);
	ck_assert_int_eq(out.not_after, CLOCK_NEVER - 1);
	ck_assert(out.self_signed && out.is_ca);
	ck_assert_uint_eq(out.key_bits, 4096);
	same_text(out.key_type, in.key_type);
	same_text(out.signature, in.signature);
	same_text(out.subject, in.subject);
	same_text(out.issuer, in.issuer);
	same_text(out.common_name, in.common_name);
	same_text(out.serial, in.serial);
	ck_assert_uint_eq(out.label.len, 0);
	same_text(out.owner, in.owner);
	ck_assert(digest_equal(&out.subject_key, &in.subject_key));
	ck_assert(digest_equal(&out.issuer_key, &in.issuer_key));
	ck_assert(digest_equal(&out.issuer_serial_key, &in.issuer_serial_key));
	ck_assert_uint_eq(out.der.len, 4);
	ck_assert_mem_eq(out.der.bytes, "0123", 4);
	refuses_all_but_whole(&record, take_cert);
	record.bytes[1] |= 0x80; /* a flag that nobody knows */
	ck_assert_int_eq(take_cert(span_of(&record)), ERR_STORE);
	record_free(&record);
}
END_TEST

START_TEST(too_long_texts_are_refused)
{
	char *long_text = malloc(65537);
	memset(long_text, 'a', 65536);
	long_text[65536] = '\0';
	struct cert_record in = { .subject = text_of(long_text) };
	struct record record;
	ck_assert_int_eq(cert_record_encode(&in, &record), ERR_LIMIT);
	ck_assert_ptr_null(record.bytes);
	in.subject.len = 65535;
	ck_assert_int_eq(cert_record_encode(&in, &record), 0);
	ck_assert_int_eq(take_cert(span_of(&record)), 0);
	record_free(&record);
	free(long_text);
}
END_TEST

static int take_store(struct span bytes)
{
	struct store_record out;
	return store_record_decode(bytes, &out);
}

START_TEST(store_comes_back)
{
	struct store_record in = { .name = text_of("My-Store"), .roles = ROLE_BIT(ROLE_TVS) | ROLE_BIT(ROLE_SAST),
	                           .ttl = 77, .same_subject = SAME_SUBJECT_KEEP }, out;
	struct record record;
	ck_assert_int_eq(store_record_encode(&in, &record), 0);
	ck_assert_int_eq(store_record_decode(span_of(&record), &out), 0);
	same_text(out.name, in.name);
	ck_assert_uint_eq(out.roles, in.roles);
	ck_assert_uint_eq(out.ttl, 77);
	ck_assert_int_eq(out.same_subject, SAME_SUBJECT_KEEP);
	refuses_all_but_whole(&record, take_store);
	record.bytes[2] = 0x80; /* a role that nobody knows */
	ck_assert_int_eq(take_store(span_of(&record)), ERR_STORE);
	record_free(&record);
}
END_TEST

static int take_member(struct span bytes)
{
	struct member_record out;
	return member_record_decode(bytes, &out);
}

START_TEST(member_comes_back)
{
	struct member_record in = { .roles = ROLE_BIT(ROLE_CAPF), .own_roles = true, .ttl = 5, .until = CLOCK_NEVER,
	                            .since = 12, .origin = text_of("cluster B") }, out;
	struct record record;
	ck_assert_int_eq(member_record_encode(&in, &record), 0);
	ck_assert_int_eq(member_record_decode(span_of(&record), &out), 0);
	ck_assert(out.own_roles);
	ck_assert_uint_eq(out.roles, in.roles);
	ck_assert_uint_eq(out.ttl, 5);
	ck_assert_int_eq(out.until, CLOCK_NEVER);
	ck_assert_int_eq(out.since, 12);
	same_text(out.origin, in.origin);
	refuses_all_but_whole(&record, take_member);
	record.bytes[1] = 0; /* roles without the flag that makes them count */
	ck_assert_int_eq(take_member(span_of(&record)), ERR_STORE);
	record_free(&record);
}
END_TEST

static int take_mark(struct span bytes)
{
	struct mark_record out;
	return mark_record_decode(bytes, &out);
}

START_TEST(mark_comes_back)
{
	struct mark_record in = { .when = 99, .why = text_of("stolen"), .origin = text_of("hand") }, out;
	struct record record;
	ck_assert_int_eq(mark_record_encode(&in, &record), 0);
	ck_assert_int_eq(mark_record_decode(span_of(&record), &out), 0);
	ck_assert_int_eq(out.when, 99);
	same_text(out.why, in.why);
	same_text(out.origin, in.origin);
	refuses_all_but_whole(&record, take_mark);
	record_free(&record);
}
END_TEST

static int take_revocation(struct span bytes)
{
	struct revocation_record out;
	return revocation_record_decode(bytes, &out);
}

START_TEST(revocation_comes_back)
{
	struct revocation_record in = {
		.status = REVOCATION_REVOKED, .until = CLOCK_NEVER, .this_update = 1, .next_update = 2, .checked = 3,
		.next_check = 4, .revoked_at = 5, .reason = 10, .failures = 65535,
		.source = text_of("http://x"), .error = text_of("timeout"),
	}, out;
	struct record record;
	ck_assert_int_eq(revocation_record_encode(&in, &record), 0);
	ck_assert_int_eq(revocation_record_decode(span_of(&record), &out), 0);
	ck_assert_int_eq(out.status, REVOCATION_REVOKED);
	ck_assert_int_eq(out.until, CLOCK_NEVER);
	ck_assert_int_eq(out.this_update, 1);
	ck_assert_int_eq(out.next_update, 2);
	ck_assert_int_eq(out.checked, 3);
	ck_assert_int_eq(out.next_check, 4);
	ck_assert_int_eq(out.revoked_at, 5);
	ck_assert_uint_eq(out.reason, 10);
	ck_assert_uint_eq(out.failures, 65535);
	same_text(out.source, in.source);
	same_text(out.error, in.error);
	refuses_all_but_whole(&record, take_revocation);
	record.bytes[1] = REVOCATION_STATUS_COUNT;
	ck_assert_int_eq(take_revocation(span_of(&record)), ERR_STORE);
	record_free(&record);
}
END_TEST

static int take_identity(struct span bytes)
{
	struct identity_record out;
	return identity_record_decode(bytes, &out);
}

START_TEST(identity_comes_back)
{
	struct identity_record in = {
		.purpose = text_of("TVS"), .has_cert = true, .cert = digest_filled(7), .key = text_of("abc.pem"),
		.renewed = 1, .created = 2, .csr = { (const uint8_t *)"csr", 3 }, .csr_key = text_of("def.pem"),
		.csr_created = 3,
	}, out;
	struct record record;
	for (int with = 0; with < 2; with++) {
		in.has_cert = with;
		ck_assert_int_eq(identity_record_encode(&in, &record), 0);
		ck_assert_int_eq(identity_record_decode(span_of(&record), &out), 0);
		ck_assert_int_eq(out.has_cert, with);
		ck_assert_int_eq(out.cert.byte[31], with ? 7 : 0);
		same_text(out.purpose, in.purpose);
		same_text(out.key, in.key);
		same_text(out.csr_key, in.csr_key);
		ck_assert_mem_eq(out.csr.bytes, "csr", 3);
		ck_assert_int_eq(out.renewed + out.created * 10 + out.csr_created * 100, 321);
		refuses_all_but_whole(&record, take_identity);
		record_free(&record);
	}
}
END_TEST

static int take_change(struct span bytes)
{
	struct change_record out;
	return change_record_decode(bytes, &out);
}

START_TEST(change_comes_back)
{
	struct change_record in = {
		.when = 1, .batch = 2, .action = CHANGE_REPLACE, .has_cert = true, .cert = digest_filled(9),
		.store = text_of("tomcat-trust"), .who = text_of("root"), .detail = text_of("by hand"),
		.before = { (const uint8_t *)"old", 3 },
	}, out;
	struct record record;
	for (int with = 0; with < 3; with++) {
		in.has_cert = with;
		if (with == 2) {
			in.left = (struct span){ (const uint8_t *)"left", 4 };
			in.left_revocation = (struct span){ (const uint8_t *)"it", 2 };
		}
		ck_assert_int_eq(change_record_encode(&in, &record), 0);
		ck_assert_int_eq(change_record_decode(span_of(&record), &out), 0);
		ck_assert_int_eq(out.when, 1);
		ck_assert_uint_eq(out.batch, 2);
		ck_assert_int_eq(out.action, CHANGE_REPLACE);
		ck_assert_int_eq(out.has_cert, with > 0);
		ck_assert_uint_eq(out.left.len, in.left.len);
		ck_assert_uint_eq(out.left_revocation.len, in.left_revocation.len);
		if (with == 2) {
			ck_assert_mem_eq(out.left.bytes, "left", 4);
			ck_assert_mem_eq(out.left_revocation.bytes, "it", 2);
		}
		same_text(out.store, in.store);
		same_text(out.who, in.who);
		same_text(out.detail, in.detail);
		ck_assert_mem_eq(out.before.bytes, "old", 3);
		refuses_all_but_whole(&record, take_change);
		record_free(&record);
	}
	in.action = CHANGE_ACTION_COUNT;
	ck_assert_int_eq(change_record_encode(&in, &record), 0);
	ck_assert_int_eq(take_change(span_of(&record)), ERR_STORE);
	record_free(&record);
	for (int i = CHANGE_ADD; i < CHANGE_ACTION_COUNT; i++)
		ck_assert_str_ne(change_action_name((enum change_action)i), "?");
}
END_TEST

START_TEST(keys_sort_and_split)
{
	struct digest cert = digest_filled(0xab), back;
	uint8_t a[EXPIRY_KEY_SIZE], b[EXPIRY_KEY_SIZE], member[MEMBER_KEY_MAX], ending[ENDING_KEY_MAX];
	const int64_t times[] = { INT64_MIN, -5, 0, 5, NOW, CLOCK_NEVER };
	for (size_t i = 0; i < 6; i++) {
		expiry_key(times[i], &cert, a);
		ck_assert_int_eq(expiry_key_time((struct span){ a, sizeof a }), times[i]);
		if (i)
			ck_assert_int_lt(memcmp(b, a, sizeof a), 0);
		memcpy(b, a, sizeof b);
	}
	size_t len = member_key("CAPF-Trust", &cert, member);
	ck_assert_uint_eq(len, 10 + 1 + 32);
	ck_assert_mem_eq(member, "capf-trust", 11);
	struct text name;
	ck_assert_int_eq(member_key_split((struct span){ member, len }, &name, &back), 0);
	same_text(name, text_of("capf-trust"));
	ck_assert(digest_equal(&back, &cert));
	ck_assert_int_eq(member_key_split((struct span){ member, len - 1 }, &name, &back), ERR_STORE);
	ck_assert_int_eq(member_key_split((struct span){ member + 10, len - 10 }, &name, &back), ERR_STORE);
	ck_assert_int_eq(member_key_split((struct span){ member, 0 }, &name, &back), ERR_STORE);
	ck_assert_uint_eq(ending_key(5, member, len, ending), 8 + len);
	ck_assert_int_eq(expiry_key_time((struct span){ ending, 8 }), 5);
	uint8_t revision[8];
	revision_key(0x0102030405060708, revision);
	ck_assert_mem_eq(revision, "\1\2\3\4\5\6\7\10", 8);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("record", &tests);
	tcase_add_test(tests, cert_comes_back);
	tcase_add_test(tests, too_long_texts_are_refused);
	tcase_add_test(tests, store_comes_back);
	tcase_add_test(tests, member_comes_back);
	tcase_add_test(tests, mark_comes_back);
	tcase_add_test(tests, revocation_comes_back);
	tcase_add_test(tests, identity_comes_back);
	tcase_add_test(tests, change_comes_back);
	tcase_add_test(tests, keys_sort_and_split);
	return fixture_run(suite);
}
