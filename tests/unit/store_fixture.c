#include "config.h"

#include "tests/unit/store_fixture.h"

#include <ftw.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/clock.h"

struct store *fixture_store;
char fixture_path[64];
struct err fixture_err;
struct trust_added fixture_added;

void fixture_clock(int64_t now)
{
	char text[32];
	snprintf(text, sizeof text, "@%lld", (long long)now);
	setenv("TVS_CLOCK", text, 1);
	ck_assert_int_eq(clock_init(&fixture_err), 0);
}

static int wipe_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void fixture_wipe(const char *directory)
{
	nftw(directory, wipe_one, 8, FTW_DEPTH | FTW_PHYS);
}

void fixture_setup(void)
{
	const char *base = getenv("TMPDIR");
	snprintf(fixture_path, sizeof fixture_path, "%.40s/storeXXXXXX", base ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(fixture_path));
	fixture_clock(NOW);
	ck_assert_msg(!store_create(fixture_path, &fixture_err), "%s", err_text(&fixture_err));
	fixture_reopen(STORE_WRITE);
}

void fixture_reopen(enum store_mode mode)
{
	store_close(fixture_store);
	fixture_store = NULL;
	ck_assert_msg(!store_open(fixture_path, mode, &fixture_store, &fixture_err), "%s",
	              err_text(&fixture_err));
}

void fixture_teardown(void)
{
	store_close(fixture_store);
	fixture_store = NULL;
	fixture_wipe(fixture_path);
}

static gnutls_x509_privkey_t key_of(unsigned rsa_bits)
{
	gnutls_x509_privkey_t key;
	ck_assert_int_eq(gnutls_x509_privkey_init(&key), 0);
	int code = rsa_bits ? gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, rsa_bits, 0)
	                    : gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
	                                                   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	ck_assert_int_eq(code, 0);
	return key;
}

static void set_subject(gnutls_x509_crt_t crt, const struct made *how)
{
	int code = how->common_name
		? gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, how->common_name,
		                                (unsigned)strlen(how->common_name))
		: gnutls_x509_crt_set_dn(crt, how->subject, NULL);
	ck_assert_int_eq(code, 0);
}

struct cert *fixture_cert(const struct made *how)
{
	gnutls_x509_crt_t crt, issuer;
	gnutls_x509_privkey_t key = key_of(how->rsa_bits);
	unsigned serial = how->serial ? how->serial : 1;
	uint8_t bytes[4] = { (uint8_t)(serial >> 24 & 0x7f), (uint8_t)(serial >> 16),
	                     (uint8_t)(serial >> 8), (uint8_t)serial };
	gnutls_datum_t der;
	struct cert *cert;
	ck_assert_int_eq(gnutls_x509_crt_init(&crt), 0);
	ck_assert_int_eq(gnutls_x509_crt_init(&issuer), 0);
	gnutls_x509_crt_set_version(crt, 3);
	set_subject(crt, how);
	if (how->issuer)
		ck_assert_int_eq(gnutls_x509_crt_set_dn(issuer, how->issuer, NULL), 0);
	else
		set_subject(issuer, how);
	gnutls_x509_crt_set_serial(crt, bytes, sizeof bytes);
	gnutls_x509_crt_set_activation_time(crt, how->from ? how->from : NOW - 365 * DAY);
	gnutls_x509_crt_set_expiration_time(crt, how->to ? how->to : NOW + 365 * DAY);
	ck_assert_int_eq(gnutls_x509_crt_set_key(crt, key), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_key(issuer, key), 0);
	gnutls_x509_crt_set_basic_constraints(crt, how->ca, -1);
	ck_assert_int_eq(gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA256, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), 0);
	ck_assert_msg(!cert_parse(der.data, der.size, &cert, &fixture_err), "%s", err_text(&fixture_err));
	gnutls_free(der.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_crt_deinit(issuer);
	gnutls_x509_privkey_deinit(key);
	return cert;
}

struct cert *fixture_named(const char *subject)
{
	return fixture_cert(&(struct made){ .subject = subject });
}

struct cert *fixture_file(const char *name)
{
	char path[512];
	const char *top = getenv("top_srcdir");
	struct cert *cert;
	snprintf(path, sizeof path, "%s/tests/data/store/%s", top ? top : ".", name);
	ck_assert_msg(!cert_read_one(path, &cert, &fixture_err), "%s", err_text(&fixture_err));
	return cert;
}

/* Calls of trust.h as work of a transaction. */
struct call {
	const struct cert *cert;
	const struct digest *id;
	const struct trust_add *how;
	const char *store;
	const struct store_record *record;
	const struct revocation_record *found;
	int64_t now;
};

static int run(store_work_fn *work, struct call *call)
{
	int code = store_write(fixture_store, work, call, &fixture_err);
	ck_assert_int_eq(code, fixture_err.code);
	ck_assert(!code || fixture_err.text[0]);
	return code;
}

static int do_add(struct txn *txn, void *arg, struct err *err)
{
	const struct call *call = arg;
	return trust_add(txn, call->cert, call->how, &fixture_added, err);
}

int fixture_add(const struct cert *cert, const struct trust_add *how)
{
	return run(do_add, &(struct call){ .cert = cert, .how = how });
}

int fixture_add_to(const char *store, const struct cert *cert)
{
	return fixture_add(cert, &(struct trust_add){ .store = store });
}

static int do_remove(struct txn *txn, void *arg, struct err *err)
{
	const struct call *call = arg;
	return trust_remove(txn, call->store, cert_sha256(call->cert), "for a test", false, err);
}

int fixture_remove(const char *store, const struct cert *cert)
{
	return run(do_remove, &(struct call){ .store = store, .cert = cert });
}

static int do_block(struct txn *txn, void *arg, struct err *err)
{
	return trust_block(txn, ((const struct call *)arg)->id, "stolen", err);
}

int fixture_block(const struct digest *cert)
{
	return run(do_block, &(struct call){ .id = cert });
}

static int do_unblock(struct txn *txn, void *arg, struct err *err)
{
	return trust_unblock(txn, ((const struct call *)arg)->id, err);
}

int fixture_unblock(const struct digest *cert)
{
	return run(do_unblock, &(struct call){ .id = cert });
}

static int do_sweep(struct txn *txn, void *arg, struct err *err)
{
	return trust_sweep(txn, ((const struct call *)arg)->now, err);
}

int fixture_sweep(int64_t now)
{
	return run(do_sweep, &(struct call){ .now = now });
}

static int do_put_store(struct txn *txn, void *arg, struct err *err)
{
	return trust_store_put(txn, ((const struct call *)arg)->record, err);
}

int fixture_put_store(const struct store_record *store)
{
	return run(do_put_store, &(struct call){ .record = store });
}

static int do_revoke(struct txn *txn, void *arg, struct err *err)
{
	const struct call *call = arg;
	return trust_set_revocation(txn, call->id, call->found, err);
}

int fixture_revoke(const struct digest *cert, const struct revocation_record *found)
{
	return run(do_revoke, &(struct call){ .id = cert, .found = found });
}

/* Looks, as work of a read transaction. */
struct look {
	const struct cert *cert;
	const char *store;
	enum store_db db;
	struct answer answer;
	struct member_record member;
	bool there;
	uint64_t number;
};

static void look(store_work_fn *work, struct look *look)
{
	ck_assert_msg(!store_read(fixture_store, work, look, &fixture_err), "%s", err_text(&fixture_err));
}

static int look_answer(struct txn *txn, void *arg, struct err *err)
{
	struct look *l = arg;
	(void)err;
	int code = trust_answer(txn, cert_sha256(l->cert), &l->answer);
	l->there = !code;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

struct verdict fixture_judge(const struct cert *cert, int64_t now)
{
	struct look l = { .cert = cert };
	struct answer_policy policy = { 0 };
	struct verdict verdict;
	look(look_answer, &l);
	answer_judge(l.there ? &l.answer : NULL, now, &policy, &verdict);
	return verdict;
}

static int look_cert(struct txn *txn, void *arg, struct err *err)
{
	struct look *l = arg;
	struct cert_record record;
	(void)err;
	l->there = !trust_cert_get(txn, cert_sha256(l->cert), &record);
	return ERR_OK;
}

bool fixture_stored(const struct cert *cert)
{
	struct look l = { .cert = cert };
	look(look_cert, &l);
	return l.there;
}

static int look_member(struct txn *txn, void *arg, struct err *err)
{
	struct look *l = arg;
	uint8_t key[MEMBER_KEY_MAX];
	struct span value;
	(void)err;
	l->there = !txn_get(txn, STORE_MEMBER, key, member_key(l->store, cert_sha256(l->cert), key), &value);
	if (!l->there)
		return ERR_OK;
	static char origin[64]; /* outlives the transaction */
	int code = member_record_decode(value, &l->member);
	snprintf(origin, sizeof origin, "%.*s", (int)l->member.origin.len, l->member.origin.bytes);
	l->member.origin = text_of(origin);
	return code;
}

bool fixture_member(const char *store, const struct cert *cert, struct member_record *out)
{
	struct look l = { .cert = cert, .store = store };
	look(look_member, &l);
	if (out)
		*out = l.member;
	return l.there;
}

static int look_count(struct txn *txn, void *arg, struct err *err)
{
	struct look *l = arg;
	(void)err;
	l->number = txn_count(txn, l->db);
	return ERR_OK;
}

size_t fixture_count(enum store_db db)
{
	struct look l = { .db = db };
	look(look_count, &l);
	return l.number;
}

static int look_revision(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	((struct look *)arg)->number = txn_revision(txn);
	return ERR_OK;
}

uint64_t fixture_revision(void)
{
	struct look l = { .number = 0 };
	look(look_revision, &l);
	return l.number;
}

struct differences {
	const char *begins;
	bool print;
	size_t count, fitting;
};

static void difference(const char *text, void *arg)
{
	struct differences *d = arg;
	d->count++;
	if (d->begins && !strncmp(text, d->begins, strlen(d->begins)))
		d->fitting++;
	if (d->print)
		fprintf(stderr, "%s\n", text);
}

static int do_verify(struct txn *txn, void *arg, struct err *err)
{
	return trust_verify(txn, difference, arg, err);
}

void fixture_verify(void)
{
	struct differences d = { .print = true };
	ck_assert_msg(!store_read(fixture_store, do_verify, &d, &fixture_err), "%s", err_text(&fixture_err));
	ck_assert_uint_eq(d.count, 0);
}

size_t fixture_differences(const char *text)
{
	struct differences d = { .begins = text };
	ck_assert_msg(!store_read(fixture_store, do_verify, &d, &fixture_err), "%s", err_text(&fixture_err));
	if (!d.fitting) {
		d.print = true;
		store_read(fixture_store, do_verify, &d, &fixture_err);
		ck_abort_msg("no difference begins with \"%s\"", text);
	}
	return d.count;
}
