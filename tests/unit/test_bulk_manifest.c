/* Manifests, consolidated ones, and the names of files in the shared place. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/bulk_manifest.h"
#include "truststore/bulk_peer.h"
#include "truststore/bulk_sign.h"
#include "truststore/role.h"

static struct digest digest_number(unsigned number)
{
	struct digest digest;
	digest_of(&number, sizeof number, &digest);
	return digest;
}

static struct bulk_manifest example(void)
{
	struct bulk_manifest manifest = { .head = { BULK_TFTP, 7, NOW, digest_number(1), 999, 2 }, .cluster = "west.1", .signer_count = 2 };
	manifest.signers[0] = digest_number(2);
	manifest.signers[1] = digest_number(3);
	manifest.entries = calloc(3, sizeof *manifest.entries);
	manifest.entries[0] = (struct bulk_entry){ digest_number(4), 0, ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_TFTP), CLOCK_NEVER };
	manifest.entries[1] = (struct bulk_entry){ digest_number(4), 1, ROLE_BIT(ROLE_SAST), CLOCK_NEVER };
	manifest.entries[2] = (struct bulk_entry){ digest_number(5), 0, 0, NOW + DAY };
	manifest.entry_count = 3;
	manifest.tombstones = calloc(1, sizeof *manifest.tombstones);
	manifest.tombstones[0] = (struct bulk_mark){ digest_number(6), 1 };
	manifest.tombstone_count = 1;
	manifest.blocks = calloc(1, sizeof *manifest.blocks);
	manifest.blocks[0] = digest_number(7);
	manifest.block_count = 1;
	manifest.succession.count = 2;
	manifest.succession.step[0] = (struct bulk_successor){ digest_number(8), digest_number(9), (uint8_t *)strdup("first"), 5 };
	manifest.succession.step[1] = (struct bulk_successor){ digest_number(9), digest_number(2), (uint8_t *)strdup("second"), 6 };
	bulk_manifest_sort(&manifest);
	return manifest;
}

START_TEST(a_manifest_comes_back)
{
	struct bulk_manifest in = example(), out;
	char *text;
	size_t len;
	ck_assert_int_eq(bulk_manifest_encode(&in, &text, &len, &fixture_err), 0);
	ck_assert_msg(!bulk_manifest_decode("m", text, len, &out, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_str_eq(out.cluster, in.cluster);
	ck_assert_int_eq(out.head.type, in.head.type);
	ck_assert_uint_eq(out.head.sequence, in.head.sequence);
	ck_assert_int_eq(out.head.time, in.head.time);
	ck_assert(digest_equal(&out.head.archive, &in.head.archive));
	ck_assert_uint_eq(out.head.archive_bytes, in.head.archive_bytes);
	ck_assert_uint_eq(out.head.certificates, 2);
	ck_assert_uint_eq(out.entry_count, in.entry_count);
	for (size_t i = 0; i < in.entry_count; i++) {
		ck_assert(digest_equal(&out.entries[i].id, &in.entries[i].id));
		ck_assert_uint_eq(out.entries[i].store, in.entries[i].store);
		ck_assert_uint_eq(out.entries[i].roles, in.entries[i].roles);
		ck_assert_int_eq(out.entries[i].until, in.entries[i].until);
	}
	ck_assert_uint_eq(out.tombstone_count, 1);
	ck_assert_uint_eq(out.tombstones[0].store, 1);
	ck_assert_uint_eq(out.block_count, 1);
	ck_assert_uint_eq(out.signer_count, 2);
	ck_assert_uint_eq(out.succession.count, 2);
	ck_assert(digest_equal(&out.succession.step[1].old, &in.succession.step[1].old));
	ck_assert(digest_equal(&out.succession.step[1].new, &in.succession.step[1].new));
	ck_assert_uint_eq(out.succession.step[1].signature_len, 6);
	ck_assert_mem_eq(out.succession.step[1].signature, "second", 6);
	bulk_manifest_deinit(&in);
	bulk_manifest_deinit(&out);
	free(text);
}
END_TEST

/* Replaces the first `from` in the example's text. */
static int decode_changed(const char *from, const char *to)
{
	struct bulk_manifest in = example(), out;
	char *text, changed[8192];
	size_t len;
	ck_assert_int_eq(bulk_manifest_encode(&in, &text, &len, &fixture_err), 0);
	text = realloc(text, len + 1);
	text[len] = '\0';
	char *at = strstr(text, from);
	ck_assert_msg(at, "%s is not there", from);
	int n = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	int code = bulk_manifest_decode("m.json", changed, (size_t)n, &out, &fixture_err);
	bulk_manifest_deinit(&in);
	bulk_manifest_deinit(&out);
	free(text);
	return code;
}

START_TEST(broken_manifests_are_refused_with_a_reason)
{
	static const struct {
		const char *from, *to;
		int code;
		const char *says;
	} cases[] = {
		{ "\"version\": 1", "\"version\": 2", ERR_VERSION, "version 2" },
		{ "tvs-bulk-manifest", "tvs-bulk-other", ERR_MALFORMED, "not a tvs-bulk-manifest" },
		{ "\"west.1\"", "\"../etc\"", ERR_USAGE, "cluster" },
		{ "\"west.1\"", "17", ERR_MALFORMED, "cluster" },
		{ "\"tftp\"", "\"telnet\"", ERR_MALFORMED, "telnet" },
		{ "\"sequence\": 7", "\"sequence\": -7", ERR_MALFORMED, "sequence" },
		{ "\"sequence\": 7", "\"sequence\": 7, \"sequence\": 8", ERR_MALFORMED, "m.json:" },
		{ "\"bytes\": 999", "\"bytes\": \"many\"", ERR_MALFORMED, "bytes" },
		{ "\"certificates\": 2", "\"certificates\": 3", ERR_MALFORMED, "lists 2 certificates" },
		{ "CallManager-trust", "IPSec-trust", ERR_REFUSED, "IPSec-trust" },
		{ "\"SAST\"", "\"ROOT\"", ERR_MALFORMED, "ROOT" },
		{ "\"until\": null", "\"until\": \"now\"", ERR_MALFORMED, "until" },
		{ "\"successors\": [", "\"successors\": [{}, ", ERR_MALFORMED, "old" },
		{ "\"signature\": \"", "\"signature\": \"*", ERR_MALFORMED, "signature" },
		{ "\"successors\"", "\"successors\": 1, \"other\"", ERR_MALFORMED, "successors" },
		{ "\"tombstones\"", "\"tombstone\"", ERR_MALFORMED, "tombstones" },
		{ "{", "[", ERR_MALFORMED, "m.json" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(decode_changed(cases[i].from, cases[i].to) == cases[i].code, "%s: %s", cases[i].to, err_text(&fixture_err));
		ck_assert_msg(strstr(fixture_err.text, cases[i].says), "%s", fixture_err.text);
	}
	ck_assert_int_eq(decode_changed("\"format\"", "\"unknown\": [1, 2], \"format\""), 0);
}
END_TEST

START_TEST(what_is_too_much_costs_nothing)
{
	struct bulk_manifest out;
	size_t len = 8 << 20;
	char *text = malloc(len);
	memset(text, '[', len);
	ck_assert_int_eq(bulk_manifest_decode("m", text, len, &out, &fixture_err), ERR_LIMIT);
	bulk_manifest_deinit(&out);
	free(text);
	text = calloc(1, BULK_MANIFEST_MAX + 1);
	ck_assert_int_eq(bulk_manifest_decode("m", text, BULK_MANIFEST_MAX + 1, &out, &fixture_err), ERR_LIMIT);
	ck_assert_int_ne(bulk_manifest_decode("m", text, 3, &out, &fixture_err), 0);
	bulk_manifest_deinit(&out);
	free(text);
}
END_TEST

START_TEST(names_say_one_thing_only)
{
	char text[BULK_NAME_SIZE];
	struct bulk_name in = { .cluster = "a-tftp-1.b", .type = BULK_CAPF, .sequence = 12, .archive = digest_number(1) }, out;
	ck_assert(bulk_name_parse(bulk_name_format(&in, BULK_MANIFEST, text), BULK_MANIFEST, &out));
	ck_assert_str_eq(out.cluster, in.cluster);
	ck_assert_int_eq(out.type, in.type);
	ck_assert_uint_eq(out.sequence, 12);
	ck_assert(digest_equal(&out.archive, &in.archive));
	ck_assert(!bulk_name_parse(text, BULK_ARCHIVE, &out));
	text[strlen(text) - 6] = 'X';
	ck_assert(!bulk_name_parse(text, BULK_MANIFEST, &out));
	in = (struct bulk_name){ .consolidated = true, .type = BULK_TFTP, .sequence = 123456789012, .inputs = digest_number(2) };
	ck_assert(bulk_name_parse(bulk_name_format(&in, BULK_ARCHIVE, text), BULK_ARCHIVE, &out));
	ck_assert(out.consolidated && digest_equal(&out.inputs, &in.inputs));
	static const char *const bad[] = { "", ".json", "a.json", "../a-tftp-00000001-.json", "-tftp-00000001-00.json", "_all-tftp-00000001.json" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!bulk_name_parse(bad[i], BULK_MANIFEST, &out), "%s", bad[i]);
}
END_TEST

START_TEST(parts_come_back_unchanged)
{
	struct bulk_part part = { .name = { .cluster = "b", .type = BULK_TOMCAT, .sequence = 1 }, .manifest = (char *)"{\n}\r\n", .manifest_len = 5,
	                          .signature = (uint8_t *)"\0\1\2", .signature_len = 3 };
	struct bulk_parts in = { .head = { BULK_TOMCAT, 3, NOW, digest_number(9), 0, 4 }, .part = &part, .count = 1 }, out;
	char *text;
	size_t len;
	ck_assert_int_eq(bulk_parts_encode(&in, &text, &len, &fixture_err), 0);
	ck_assert_msg(!bulk_parts_decode("p", text, len, &out, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_int_eq(out.head.type, BULK_TOMCAT);
	ck_assert_uint_eq(out.head.sequence, 3);
	ck_assert_uint_eq(out.head.certificates, 4);
	ck_assert_uint_eq(out.count, 1);
	ck_assert_str_eq(out.part[0].name.cluster, "b");
	ck_assert(out.part[0].manifest_len == 5 && !memcmp(out.part[0].manifest, "{\n}\r\n", 5));
	ck_assert(out.part[0].signature_len == 3 && !memcmp(out.part[0].signature, "\0\1\2", 3));
	bulk_parts_deinit(&out);
	for (size_t cut = 0; cut < len - 2; cut += 3) {
		ck_assert_int_ne(bulk_parts_decode("p", text, cut, &out, &fixture_err), 0);
		bulk_parts_deinit(&out);
	}
	free(text);
}
END_TEST

/* Ten statements in a row: what lies too far back is forgotten, and what leads elsewhere stays. */
static int succession_work(struct txn *txn, void *arg, struct err *err)
{
	struct bulk_succession *out = arg;
	for (uint8_t i = 1; i <= 10; i++) {
		struct bulk_successor step = { digest_number(i), digest_number((uint8_t)(i + 1)), &i, 1 };
		ck_assert_int_eq(bulk_successor_put(txn, &step, err), 0);
	}
	struct bulk_successor other = { digest_number(100), digest_number(101), (uint8_t *)"x", 1 };
	ck_assert_int_eq(bulk_successor_put(txn, &other, err), 0);
	ck_assert_uint_eq(txn_count(txn, STORE_SUCCESSOR), BULK_SUCCESSORS_MAX + 1);
	struct digest last = digest_number(11);
	return bulk_succession_get(txn, &last, out, err);
}

START_TEST(a_succession_is_bounded_and_in_order)
{
	struct bulk_succession out = { .count = 0 };
	ck_assert_msg(!store_write(fixture_store, succession_work, &out, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_uint_eq(out.count, BULK_SUCCESSORS_MAX);
	for (unsigned i = 0; i < out.count; i++) {
		struct digest old = digest_number((uint8_t)(i + 3));
		ck_assert(digest_equal(&out.step[i].old, &old));
		ck_assert_uint_eq(out.step[i].signature_len, 1);
		ck_assert_uint_eq(out.step[i].signature[0], i + 3);
	}
	struct digest first = digest_number(3), gone = digest_number(2), other = digest_number(100);
	ck_assert(bulk_succession_has(&out, &first));
	ck_assert(!bulk_succession_has(&out, &gone));
	ck_assert(!bulk_succession_has(&out, &other));
	ck_assert_int_eq(bulk_successor_verify("m", &out.step[0], &fixture_err), ERR_REFUSED);
	bulk_succession_deinit(&out);
}
END_TEST

struct peers {
	struct bulk_peer in, out;
};

static int peer_work(struct txn *txn, void *arg, struct err *err)
{
	struct peers *p = arg;
	ck_assert_int_eq(bulk_peer_get(txn, "West", &p->out, err), ERR_NOT_FOUND);
	ck_assert_str_eq(p->out.name, "West");
	ck_assert_int_eq(bulk_peer_put(txn, &p->in, err), 0);
	return bulk_peer_get(txn, "WEST", &p->out, err);
}

START_TEST(a_peer_comes_back)
{
	struct peers p = { .in = { .name = "West", .retired = true, .format = 1, .signer_count = 2 } };
	struct bulk_manifest manifest = { .signer_count = 1, .signers = { digest_number(3) } };
	struct digest two = digest_number(2), three = digest_number(3), four = digest_number(4);
	p.in.signers[0] = digest_number(1);
	p.in.signers[1] = two;
	p.in.type[BULK_CAPF].sequence = 1ull << 40;
	p.in.type[BULK_CAPF].manifest = three;
	ck_assert_msg(!store_write(fixture_store, peer_work, &p, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_str_eq(p.out.name, "West");
	ck_assert(p.out.retired && p.out.signer_count == 2 && bulk_peer_knows(&p.out, &two) && !bulk_peer_knows(&p.out, &three));
	ck_assert_uint_eq(p.out.type[BULK_CAPF].sequence, 1ull << 40);
	/* the known one announces another: from then on it is these two */
	ck_assert(bulk_peer_learn(&p.out, &manifest, &two));
	ck_assert(bulk_peer_knows(&p.out, &two) && bulk_peer_knows(&p.out, &three) && p.out.signer_count == 2);
	ck_assert(!bulk_peer_learn(&p.out, &manifest, &two));
	ck_assert(bulk_peer_learn(&p.out, &manifest, &three));
	ck_assert(!bulk_peer_knows(&p.out, &two) && !bulk_peer_knows(&p.out, &four));
}
END_TEST

START_TEST(origins)
{
	char text[BULK_ORIGIN_SIZE];
	struct text origin = { bulk_origin("West", text), 12 };
	ck_assert(bulk_origin_is(origin, "west") && bulk_origin_is(origin, NULL) && !bulk_origin_is(origin, "wes") && !bulk_origin_is(origin, "west2"));
	ck_assert(!bulk_origin_is(text_of("hand"), NULL) && !bulk_origin_is(text_of("clusters"), NULL) && !bulk_origin_is(text_of(""), NULL));
}
END_TEST

START_TEST(garbage_is_no_signature)
{
	struct cert *signer;
	ck_assert_int_eq(bulk_sign_verify("s", "text", 4, "\x30\x00", 2, &signer, &fixture_err), ERR_MALFORMED);
	ck_assert_ptr_null(signer);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("bulk_manifest", &tests);
	tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
	tcase_add_test(tests, a_manifest_comes_back);
	tcase_add_test(tests, broken_manifests_are_refused_with_a_reason);
	tcase_add_test(tests, what_is_too_much_costs_nothing);
	tcase_add_test(tests, names_say_one_thing_only);
	tcase_add_test(tests, parts_come_back_unchanged);
	tcase_add_test(tests, a_succession_is_bounded_and_in_order);
	tcase_add_test(tests, a_peer_comes_back);
	tcase_add_test(tests, origins);
	tcase_add_test(tests, garbage_is_no_signature);
	return fixture_run(suite);
}
