#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/bulk_peer.h"
#include "truststore/bulk_successor.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

/* A store with something in every database that is checked. */
static struct cert *cert, *blocked, *ending;

static int put_identity(struct txn *txn, void *arg, struct err *err)
{
	(void)arg, (void)err;
	struct identity_record identity = { .purpose = text_of("TVS"), .has_cert = true, .cert = *cert_sha256(cert) };
	struct record record;
	ck_assert_int_eq(identity_record_encode(&identity, &record), 0);
	int code = txn_put(txn, STORE_IDENTITY, "tvs", 3, record.bytes, record.len);
	record_free(&record);
	return code;
}

static void setup(void)
{
	fixture_setup();
	cert = fixture_cert(&(struct made){ .subject = "CN=a", .issuer = "CN=ca" });
	blocked = fixture_named("CN=b");
	ending = fixture_named("CN=c");
	struct cert *removed = fixture_named("CN=d");
	struct trust_add own = { .store = "TVS-trust", .origin = "own" },
		ends = { .store = "tomcat-trust", .until = NOW + 100 };
	struct revocation_record found = { .status = REVOCATION_GOOD, .until = NOW + 50, .next_check = NOW + 50 };
	ck_assert_int_eq(fixture_add(cert, &own), 0);
	ck_assert_int_eq(store_write(fixture_store, put_identity, NULL, &fixture_err), 0);
	ck_assert_int_eq(fixture_add(ending, &ends), 0);
	ck_assert_int_eq(fixture_block(cert_sha256(blocked)), 0);
	ck_assert_int_eq(fixture_add_to("tomcat-trust", removed), 0);
	ck_assert_int_eq(fixture_remove("tomcat-trust", removed), 0);
	ck_assert_int_eq(fixture_revoke(cert_sha256(cert), &found), 0);
	fixture_verify();
	cert_free(removed);
}

static void teardown(void)
{
	cert_free(cert);
	cert_free(blocked);
	cert_free(ending);
	fixture_teardown();
}

enum damage { DELETE, PUT, CUT, FLIP };

struct blow {
	enum store_db db;
	enum damage damage;
	uint8_t key[ENDING_KEY_MAX];
	size_t key_len;
	const void *value;
	size_t len;
	size_t at; /* FLIP: which byte, from the end if too large */
};

static int strike(struct txn *txn, void *arg, struct err *err)
{
	struct blow *b = arg;
	struct span there;
	uint8_t copy[4096];
	(void)err;
	if (b->damage == DELETE)
		return store_db_dup(b->db) ? txn_delete_pair(txn, b->db, b->key, b->key_len, b->value, b->len)
		                           : txn_delete(txn, b->db, b->key, b->key_len);
	if (b->damage == PUT)
		return txn_put(txn, b->db, b->key, b->key_len, b->value, b->len);
	ck_assert_int_eq(txn_get(txn, b->db, b->key, b->key_len, &there), 0);
	size_t len = there.len;
	ck_assert_uint_le(len, sizeof copy);
	memcpy(copy, there.bytes, len);
	if (b->damage == CUT)
		len--;
	else
		copy[b->at < len ? b->at : len - 1] ^= 1;
	return txn_put(txn, b->db, b->key, b->key_len, copy, len);
}

static size_t hurt(struct blow blow, const char *difference)
{
	ck_assert_msg(!store_write(fixture_store, strike, &blow, &fixture_err), "%s", err_text(&fixture_err));
	return fixture_differences(difference);
}

static void mend(struct blow blow)
{
	ck_assert_msg(!store_write(fixture_store, strike, &blow, &fixture_err), "%s", err_text(&fixture_err));
	fixture_verify();
}

static struct blow on(enum store_db db, enum damage damage, const void *key, size_t len)
{
	struct blow blow = { .db = db, .damage = damage, .key_len = len };
	memcpy(blow.key, key, len);
	return blow;
}

static struct blow on_cert(enum store_db db, enum damage damage, const struct cert *which)
{
	return on(db, damage, cert_sha256(which)->byte, DIGEST_SIZE);
}

static struct blow flip(struct blow blow, size_t at)
{
	blow.at = at;
	return blow;
}

static const char *said(const char *before, const struct cert *which, const char *after)
{
	static char text[256];
	char hex[DIGEST_HEX_SIZE];
	snprintf(text, sizeof text, "%s%s%s", before, digest_hex(cert_sha256(which), hex), after);
	return text;
}

static struct blow on_member(enum store_db db, enum damage damage, const char *store, const struct cert *which)
{
	struct blow blow = { .db = db, .damage = damage };
	blow.key_len = member_key(store, cert_sha256(which), blow.key);
	return blow;
}

START_TEST(meta)
{
	hurt(on(STORE_META, DELETE, "revision", 8), "meta: the revision is missing");
	hurt(flip(on(STORE_META, FLIP, "format", 6), 3), "meta: the format version");
}
END_TEST

START_TEST(revision)
{
	ck_assert_uint_eq(hurt(flip(on(STORE_META, FLIP, "revision", 8), 7), "meta: the revision is "), 1);
}
END_TEST

START_TEST(change_log)
{
	uint8_t key[8], last[8];
	revision_key(2, key);
	revision_key(fixture_revision(), last);
	hurt(on(STORE_CHANGE, CUT, key, 8), "change 2: its record is not readable");
	hurt(flip(on(STORE_CHANGE, FLIP, last, 8), 50), "change 2:"); /* the time: no difference of its own */
	hurt(on(STORE_CHANGE, DELETE, key, 8), "change 3: stands where 2 was expected");
	hurt(on(STORE_CHANGE, DELETE, last, 8), "meta: the revision is ");
	struct blow odd = on(STORE_CHANGE, PUT, "xyz", 3);
	odd.value = "";
	hurt(odd, "change: a key has the wrong form");
}
END_TEST

START_TEST(stores)
{
	hurt(on(STORE_STORE, CUT, "capf-trust", 10), "store capf-trust: its record is not readable");
	hurt(flip(on(STORE_STORE, FLIP, "tvs-trust", 9), 12), "store tvs-trust: its record has another name");
	hurt(on(STORE_STORE, DELETE, "tomcat-trust", 12), said("member tomcat-trust ", ending, ": there is no such store"));
}
END_TEST

static void revoke(const struct cert *which, enum revocation_status status, int64_t this_update)
{
	struct revocation_record found = { .status = status, .until = CLOCK_NEVER, .next_check = NOW + 50,
	                                   .this_update = this_update, .revoked_at = NOW - 5 };
	ck_assert_int_eq(fixture_revoke(cert_sha256(which), &found), 0);
	fixture_verify();
}

static struct blow on_revoked(enum damage damage, const struct cert *which)
{
	struct blow blow = { .db = STORE_MARK, .damage = damage, .value = "" };
	blow.key_len = revoked_key(cert_sha256(which), blow.key);
	return blow;
}

static int take_revoked(const struct digest *id, void *arg, struct err *err)
{
	(void)err;
	ck_assert(digest_equal(id, cert_sha256(cert)));
	++*(int *)arg;
	return 0;
}

static int walk_revoked(struct txn *txn, void *arg, struct err *err)
{
	return trust_each_revoked(txn, take_revoked, arg, err);
}

static int count_revoked(void)
{
	int count = 0;
	ck_assert_int_eq(store_read(fixture_store, walk_revoked, &count, &fixture_err), 0);
	return count;
}

START_TEST(revoked_ones)
{
	ck_assert_int_eq(count_revoked(), 0);
	revoke(cert, REVOCATION_REVOKED, NOW);
	ck_assert_int_eq(count_revoked(), 1);
	hurt(on_revoked(DELETE, cert), said("mark revoked ", cert, ": is missing"));
	revoke(cert, REVOCATION_REVOKED, NOW + 1); /* mends it */
	hurt(on_revoked(PUT, ending), said("mark revoked ", ending, ": it is not revoked"));
	mend(on_revoked(DELETE, ending));
	hurt(on_revoked(PUT, blocked), said("mark revoked ", blocked, ": there is no such certificate"));
	mend(on_revoked(DELETE, blocked));
	hurt(on(STORE_MARK, PUT, "revoked\0x", 9), "mark: a key has the wrong form");
	mend(on(STORE_MARK, DELETE, "revoked\0x", 9));
	revoke(cert, REVOCATION_GOOD, NOW + 2);
	ck_assert_int_eq(count_revoked(), 0);
	struct cert *other = fixture_cert(&(struct made){ .subject = "CN=e", .issuer = "CN=ca" });
	ck_assert_int_eq(fixture_add_to("tomcat-trust", other), 0);
	revoke(other, REVOCATION_REVOKED, NOW);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 1);
	ck_assert_int_eq(fixture_remove("tomcat-trust", other), 0);
	ck_assert_uint_eq(fixture_count(STORE_MARK), 0);
	fixture_verify();
	cert_free(other);
}
END_TEST

START_TEST(tombstones)
{
	hurt(on(STORE_STORE, DELETE, "tomcat-trust", 12), "tombstone tomcat-trust ");
	struct blow blow = on_member(STORE_TOMBSTONE, PUT, "tvs-trust", cert);
	blow.value = "x";
	blow.len = 1;
	hurt(blow, said("tombstone tvs-trust ", cert, ": the certificate is in the store"));
	ck_assert_uint_ge(fixture_differences(said("tombstone tvs-trust ", cert, ": its record is not readable")), 2);
	blow = on(STORE_TOMBSTONE, PUT, "x", 1);
	blow.value = "";
	hurt(blow, "tombstone: a key has the wrong form");
}
END_TEST

START_TEST(cert_record)
{
	size_t at = 0;
	static const char *const fields[] = { /* byte of the record, what it belongs to */
		"\x01 self-signed", "\x03 key size", "\x13 not-before", "\x1b not-after",
	};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		at = (size_t)fields[i][0];
		char text[384];
		snprintf(text, sizeof text, "%s: its %s in the record", said("cert ", cert, ""), fields[i] + 2);
		hurt(flip(on_cert(STORE_CERT, FLIP, cert), at), text);
		struct blow back = flip(on_cert(STORE_CERT, FLIP, cert), at);
		ck_assert_int_eq(store_write(fixture_store, strike, &back, &fixture_err), 0);
	}
	fixture_verify();
}
END_TEST

START_TEST(cert_texts_and_keys)
{
	/* after the fixed 28 bytes: eight texts, three digests, the DER */
	static const char *const fields[] = {
		"key type", "signature algorithm", "subject", "issuer", "common name", "serial number",
	};
	struct text texts[] = {
		text_of(cert_key_type(cert)), text_of(cert_signature(cert)), text_of(cert_subject(cert)),
		text_of(cert_issuer(cert)), text_of(cert_common_name(cert)), text_of(cert_serial_hex(cert)),
	};
	size_t at = 28;
	for (size_t i = 0; i < 6; i++) {
		char text[384];
		snprintf(text, sizeof text, "%s: its %s in the record", said("cert ", cert, ""), fields[i]);
		ck_assert_uint_gt(hurt(flip(on_cert(STORE_CERT, FLIP, cert), at + 2), text), 0);
		at += 2 + texts[i].len;
	}
	at += 4; /* label and owner, empty */
	static const char *const keys[] = { "subject", "issuer", "issuer and serial number" };
	for (size_t i = 0; i < 3; i++, at += DIGEST_SIZE) {
		char text[384];
		snprintf(text, sizeof text, "%s: its %s key in the record", said("cert ", cert, ""), keys[i]);
		hurt(flip(on_cert(STORE_CERT, FLIP, cert), at), text);
	}
	fixture_differences(said("subject: certificate ", cert, " is missing"));
	fixture_differences(said("issuer_serial: certificate ", cert, " is missing"));
	fixture_differences("subject ");
	fixture_differences("issuer_serial ");
}
END_TEST

START_TEST(cert_bytes)
{
	hurt(flip(on_cert(STORE_CERT, FLIP, cert), 100000), said("cert ", cert, ": the SHA-256 of its bytes is another"));
	hurt(on_cert(STORE_CERT, CUT, ending), said("cert ", ending, ": its record is not readable"));
	struct blow blow = on(STORE_CERT, PUT, "short", 5);
	blow.value = "";
	hurt(blow, "cert: a key is not a SHA-256");
}
END_TEST

START_TEST(cert_missing)
{
	hurt(on_cert(STORE_CERT, DELETE, cert), said("member tvs-trust ", cert, ": there is no such certificate"));
	fixture_differences(said("expiry: there is no certificate ", cert, ""));
	fixture_differences(said("revocation ", cert, ": there is no such certificate"));
	fixture_differences(said("answer ", cert, ": nothing else is known"));
	char hex[DIGEST_HEX_SIZE], text[128];
	digest_hex(cert_subject_key(cert), hex);
	snprintf(text, sizeof text, "subject %s: there is no certificate ", hex);
	fixture_differences(text);
	digest_hex(cert_issuer_serial_key(cert), hex);
	snprintf(text, sizeof text, "issuer_serial %s: there is no certificate ", hex);
	fixture_differences(text);
}
END_TEST

START_TEST(members)
{
	hurt(on_member(STORE_MEMBER, CUT, "tomcat-trust", ending),
	     said("member tomcat-trust ", ending, ": its record is not readable"));
	hurt(on_member(STORE_MEMBER, DELETE, "tomcat-trust", ending),
	     said("cert ", ending, ": is in no store, and not blocked"));
	fixture_differences(said("ending tomcat-trust ", ending, ": there is no membership"));
	fixture_differences(said("answer ", ending, ": is not the one that follows"));
	hurt(on_member(STORE_MEMBER, DELETE, "tvs-trust", cert), "identity tvs: its certificate is in no store");
	struct blow blow = on(STORE_MEMBER, PUT, "x", 1);
	blow.value = "";
	hurt(blow, "member: a key has the wrong form");
}
END_TEST

START_TEST(endings)
{
	uint8_t member[MEMBER_KEY_MAX];
	size_t len = member_key("tomcat-trust", cert_sha256(ending), member);
	struct blow blow = { .db = STORE_ENDING, .damage = DELETE };
	blow.key_len = ending_key(NOW + 100, member, len, blow.key);
	hurt(blow, said("ending: the membership tomcat-trust ", ending, " is missing"));
	blow.damage = PUT;
	blow.value = "";
	blow.key[7]++;
	hurt(blow, said("ending tomcat-trust ", ending, ": there is no membership that ends then"));
	blow.key_len = 9;
	hurt(blow, "ending: a key has the wrong form");
}
END_TEST

START_TEST(indexes)
{
	struct blow blow = on(STORE_SUBJECT, DELETE, cert_subject_key(cert)->byte, DIGEST_SIZE);
	blow.value = cert_sha256(cert)->byte;
	blow.len = DIGEST_SIZE;
	ck_assert_uint_eq(hurt(blow, said("subject: certificate ", cert, " is missing")), 1);
	blow.damage = PUT;
	blow.key[0]++;
	ck_assert_uint_eq(hurt(blow, "subject "), 2); /* of another subject */
	blow = on(STORE_ISSUER_SERIAL, DELETE, cert_issuer_serial_key(cert)->byte, DIGEST_SIZE);
	blow.value = cert_sha256(cert)->byte;
	blow.len = DIGEST_SIZE;
	ck_assert_uint_eq(hurt(blow, said("issuer_serial: certificate ", cert, " is missing")), 3);
}
END_TEST

START_TEST(expiries)
{
	struct blow blow = { .db = STORE_EXPIRY, .damage = DELETE };
	blow.key_len = expiry_key(cert_not_after(cert), cert_sha256(cert), blow.key);
	ck_assert_uint_eq(hurt(blow, said("expiry: certificate ", cert, " is missing")), 1);
	blow.damage = PUT;
	blow.value = "";
	blow.key[7]++;
	hurt(blow, said("expiry: certificate ", cert, " expires at another time"));
	blow.key_len--;
	hurt(blow, "expiry: a key has the wrong form");
}
END_TEST

START_TEST(blocks)
{
	hurt(on_cert(STORE_BLOCK, CUT, blocked), said("block ", blocked, ": its record is not readable"));
	hurt(on_cert(STORE_BLOCK, DELETE, blocked), said("answer ", blocked, ": nothing else is known"));
}
END_TEST

START_TEST(answers)
{
	hurt(flip(on_cert(STORE_ANSWER, FLIP, cert), 56), said("answer ", cert, ": is not the one that follows"));
	hurt(on_cert(STORE_ANSWER, DELETE, cert), said("answer ", cert, ": is missing"));
	hurt(on_cert(STORE_ANSWER, DELETE, blocked), said("answer ", blocked, ": is missing"));
	hurt(on_cert(STORE_ANSWER, CUT, ending), said("answer ", ending, ": is not the one that follows"));
}
END_TEST

START_TEST(revocations)
{
	hurt(on_cert(STORE_REVOCATION, CUT, cert), said("revocation ", cert, ": its record is not readable"));
	hurt(on_cert(STORE_REVOCATION, DELETE, cert), said("answer ", cert, ": is not the one that follows"));
}
END_TEST

START_TEST(identities)
{
	hurt(flip(on(STORE_IDENTITY, FLIP, "tvs", 3), 20), "identity tvs: its certificate is in no store as an own one");
	hurt(on(STORE_IDENTITY, CUT, "tvs", 3), "identity tvs: its record is not readable");
	hurt(on(STORE_IDENTITY, DELETE, "tvs", 3), said("member tvs-trust ", cert, ": is an own certificate without an identity"));
}
END_TEST

START_TEST(identity_of_another_name)
{
	hurt(flip(on(STORE_IDENTITY, FLIP, "tvs", 3), 60), "identity tvs: its record has another purpose");
}
END_TEST

static int put_peer(struct txn *txn, void *arg, struct err *err)
{
	struct bulk_peer peer = { .name = "West", .signers = { *cert_sha256(cert) }, .signer_count = 1 };
	(void)arg;
	return bulk_peer_put(txn, &peer, err);
}

START_TEST(peers)
{
	ck_assert_int_eq(store_write(fixture_store, put_peer, NULL, &fixture_err), 0);
	fixture_verify();
	hurt(on(STORE_PEER, CUT, "west", 4), "peer west: its record is not readable");
	ck_assert_int_eq(store_write(fixture_store, put_peer, NULL, &fixture_err), 0);
	hurt(flip(on(STORE_PEER, FLIP, "west", 4), 5), "peer west: its record is not readable, or another cluster's");
	hurt(on(STORE_PEER, PUT, "", 1), "peer ");
}
END_TEST

/* A statement that was really signed is verified by tests/integration/bulk_signer.sh. */
static int put_successor(struct txn *txn, void *arg, struct err *err)
{
	struct bulk_successor successor = { *cert_sha256(cert), *cert_sha256(ending), (uint8_t *)"0", 1 };
	(void)arg;
	return bulk_successor_put(txn, &successor, err);
}

START_TEST(successors)
{
	ck_assert_int_eq(store_write(fixture_store, put_successor, NULL, &fixture_err), 0);
	ck_assert_uint_eq(fixture_differences(said("successor ", ending, ": its record: it says that ")), 1); /* but nobody signed it */
	hurt(on_cert(STORE_SUCCESSOR, CUT, ending), said("successor ", ending, ": its record is not readable"));
	hurt(on(STORE_SUCCESSOR, PUT, "short", 5), "successor: a key has the wrong form");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("trust_verify", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, meta);
	tcase_add_test(tests, peers);
	tcase_add_test(tests, successors);
	tcase_add_test(tests, revision);
	tcase_add_test(tests, change_log);
	tcase_add_test(tests, stores);
	tcase_add_test(tests, revoked_ones);
	tcase_add_test(tests, tombstones);
	tcase_add_test(tests, cert_record);
	tcase_add_test(tests, cert_texts_and_keys);
	tcase_add_test(tests, cert_bytes);
	tcase_add_test(tests, cert_missing);
	tcase_add_test(tests, members);
	tcase_add_test(tests, endings);
	tcase_add_test(tests, indexes);
	tcase_add_test(tests, expiries);
	tcase_add_test(tests, blocks);
	tcase_add_test(tests, answers);
	tcase_add_test(tests, revocations);
	tcase_add_test(tests, identities);
	tcase_add_test(tests, identity_of_another_name);
	return fixture_run(suite);
}
