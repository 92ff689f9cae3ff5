#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"
#include "truststore/role.h"
#include "truststore/trust.h"
#include "tvs/respond.h"

#define NOW "2026-11-20T12:00:00Z"
enum { DAY = 86400 };

static char directory[64];
static int64_t now;
static struct store *writer, *store;
static struct respond self;
static uint8_t out[PROTO_MAX_FRAME];
static size_t out_len;
static struct respond_result result;
static struct err err;

/* A test's change of the store. */
struct change {
	const char *store, *file; /* file NULL: `raw` */
	struct cert *cert;
	uint32_t roles, ttl;
	int64_t until;
	enum { ADD, REMOVE, BLOCK } what;
};

static struct cert *cert_of(const char *name)
{
	char path[512];
	struct cert *cert;
	snprintf(path, sizeof path, "%s/tests/data/certs/%s.der", getenv("top_srcdir"), name);
	ck_assert_msg(!cert_read_one(path, &cert, &err), "%s", err_text(&err));
	return cert;
}

static int work(struct txn *txn, void *arg, struct err *e)
{
	const struct change *c = arg;
	if (c->what == REMOVE)
		return trust_remove(txn, c->store, cert_sha256(c->cert), NULL, true, e);
	if (c->what == BLOCK)
		return trust_block(txn, cert_sha256(c->cert), "stolen", e);
	struct trust_add how = { .store = c->store, .roles = c->roles, .ttl = c->ttl,
	                         .until = c->until ? c->until : CLOCK_NEVER };
	return trust_add(txn, c->cert, &how, NULL, e);
}

static void change(struct change c)
{
	c.cert = cert_of(c.file);
	ck_assert_msg(!store_write(writer, work, &c, &err), "%s", err_text(&err));
	cert_free(c.cert);
}

static int add_store(struct txn *txn, void *arg, struct err *e)
{
	return trust_store_put(txn, arg, e);
}

static void store_named(const char *name, uint32_t roles)
{
	struct store_record record = { .name = text_of(name), .roles = roles, .ttl = DAY };
	ck_assert_msg(!store_write(writer, add_store, &record, &err), "%s", err_text(&err));
}

/* LMDB does not want one environment twice in a process: the writer's is closed before a reader begins. */
static void writing(void)
{
	store_reader_free(self.reader);
	self.reader = NULL;
	store_close(store);
	store = NULL;
	ck_assert_msg(!store_open(directory, STORE_WRITE, &writer, &err), "%s", err_text(&err));
}

static void reading(void)
{
	store_close(writer);
	writer = NULL;
	ck_assert_msg(!store_open(directory, STORE_READ, &store, &err), "%s", err_text(&err));
	ck_assert_msg(!store_reader_new(store, &self.reader, &err), "%s", err_text(&err));
}

static void setup(void)
{
	setenv("TVS_CLOCK", NOW, 1);
	ck_assert_int_eq(clock_init(&err), 0);
	now = clock_now();
	strcpy(directory, "/tmp/test_respond.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	strcat(directory, "/s");
	ck_assert_msg(!store_create(directory, &err), "%s", err_text(&err));
	writing();
}

static void teardown(void)
{
	char command[128];
	store_reader_free(self.reader);
	store_close(store);
	store_close(writer);
	self.reader = NULL;
	store = writer = NULL;
	*strrchr(directory, '/') = '\0';
	snprintf(command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static int ask(const uint8_t *frame, size_t len)
{
	return respond(&self, now, frame, len, out, &out_len, &result, &err);
}

static void ask_message(const struct proto_message *request)
{
	static uint8_t frame[PROTO_MAX_FRAME];
	size_t len = proto_write(request, frame, sizeof frame);
	ck_assert_uint_gt(len, 0);
	ck_assert_msg(!ask(frame, len), "%s", err_text(&err));
}

static void verify(const char *file)
{
	struct cert *cert = cert_of(file);
	struct proto_message request = { .type = PROTO_VERIFY_REQ, .session = 77,
	                                 .device = { (const uint8_t *)"CP-1", 4 } };
	request.certificate.bytes = cert_der(cert, &request.certificate.len);
	ask_message(&request);
	ck_assert(result.has_cert && digest_equal(&result.cert, cert_sha256(cert)));
	cert_free(cert);
}

static void query_text(const char *issuer, const char *subject, const void *serial, size_t len)
{
	struct proto_message request = { .type = PROTO_QUERY_REQ, .session = 1001 };
	request.serial = (struct span){ serial, len };
	if (issuer)
		request.issuer = (struct span){ (const uint8_t *)issuer, strlen(issuer) };
	if (subject)
		request.subject = (struct span){ (const uint8_t *)subject, strlen(subject) };
	ask_message(&request);
}

static void refused_for(enum reason reason)
{
	static const uint8_t status[] = { 7, 0, 1, 1 };
	ck_assert_msg(!result.verdict.trusted && result.verdict.reason == reason, "%s",
	              reason_name(result.verdict.reason));
	ck_assert(!result.verdict.roles && !result.verdict.ttl);
	ck_assert_uint_eq(out_len, PROTO_HEADER_SIZE + sizeof status);
	ck_assert_mem_eq(out + PROTO_HEADER_SIZE, status, sizeof status);
}

/* --- recorded exchanges */

/* The next line of a recording that begins with `direction`; its length, 0 if there is none. */
static size_t recorded(const char *name, const char *direction, uint8_t *bytes)
{
	char path[512];
	size_t len = 0;
	static char line[2 * PROTO_MAX_FRAME + 8];
	snprintf(path, sizeof path, "%s/tests/data/vectors/tvs/%s.hex", getenv("top_srcdir"), name);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file, "%s", path);
	while (fgets(line, sizeof line, file))
		if (!strncmp(line, direction, 4)) {
			line[strcspn(line, "\n")] = '\0';
			ck_assert_int_eq(hex_decode(line + 4, bytes, PROTO_MAX_FRAME, &len), 0);
		}
	fclose(file);
	return len;
}

static void replay(const char *name)
{
	static uint8_t request[PROTO_MAX_FRAME], response[PROTO_MAX_FRAME];
	size_t len = recorded(name, "C>S ", request), expected = recorded(name, "S>C ", response);
	ck_assert_uint_gt(len, 0);
	ck_assert_msg(!ask(request, len), "%s: %s", name, err_text(&err));
	ck_assert_msg(out_len == expected && !memcmp(out, response, expected), "%s: another answer", name);
	ck_assert_uint_eq(result.request.device.len, strlen("CP-8861-SEP001122AABBCC"));
	ck_assert_mem_eq(result.request.device.bytes, "CP-8861-SEP001122AABBCC", result.request.device.len);
}

START_TEST(recorded_verifications)
{
	store_named("both", ROLE_BIT(ROLE_CCM_TFTP));
	change((struct change){ .store = "CallManager-trust", .file = "ccm" });
	change((struct change){ .store = "tomcat-trust", .file = "tomcat", .ttl = 3600 });
	change((struct change){ .store = "both", .file = "ccm-ec" });
	change((struct change){ .store = "Phone-SAST-trust", .file = "sast" });
	reading();
	replay("verify-ccm");
	replay("verify-tomcat");
	replay("verify-ccm-ec");
	replay("verify-sast");
	replay("verify-capf");
	ck_assert_int_eq(result.verdict.reason, REASON_UNKNOWN);
}
END_TEST

START_TEST(recorded_queries)
{
	store_named("signers", ROLE_BIT(ROLE_SAST) | ROLE_BIT(ROLE_TFTP));
	change((struct change){ .store = "signers", .file = "ccm" });
	change((struct change){ .store = "signers", .file = "ccm-issued" });
	change((struct change){ .store = "Phone-SAST-trust", .file = "sast" });
	reading();
	replay("query-ccm-semicolon");
	replay("query-ccm-issued-semicolon");
	replay("query-sast-semicolon");
	replay("query-unknown");
	/* these two have no recorded answer */
	static uint8_t request[PROTO_MAX_FRAME];
	size_t len = recorded("query-ccm-comma", "C>S ", request);
	ck_assert_int_eq(ask(request, len), 0);
	ck_assert(result.verdict.trusted && out[2] == PROTO_QUERY_RES && out_len > 1000);
	len = recorded("query-213407-rebuilt", "C>S ", request);
	ck_assert_uint_eq(len, 153);
	ck_assert_int_eq(ask(request, len), 0);
	refused_for(REASON_UNKNOWN);
}
END_TEST

/* --- names as files of either kind carry them */

static void found_by(const char *file, const char *issuer, const char *subject)
{
	struct cert *cert = cert_of(file);
	size_t len;
	const uint8_t *serial = cert_serial(cert, &len);
	query_text(issuer, subject, serial, len);
	ck_assert_msg(result.verdict.trusted, "%s by %s", file, issuer);
	ck_assert(digest_equal(&result.cert, cert_sha256(cert)));
	while (len > 1 && !*serial) { /* as a magnitude */
		serial++;
		len--;
	}
	query_text(issuer, subject, serial, len);
	ck_assert(result.verdict.trusted);
	query_text(issuer, "CN=somebody else", serial, len);
	refused_for(REASON_UNKNOWN);
	cert_free(cert);
}

static void found_in_both_forms(const char *file)
{
	struct cert *cert = cert_of(file);
	size_t len;
	for (enum name_form form = NAME_COMMA; form <= NAME_SEMICOLON; form++) {
		char *issuer, *subject;
		const uint8_t *der = cert_issuer_der(cert, &len);
		ck_assert_int_eq(name_text_der(der, len, form, &issuer), 0);
		der = cert_subject_der(cert, &len);
		ck_assert_int_eq(name_text_der(der, len, form, &subject), 0);
		found_by(file, issuer, subject);
		found_by(file, issuer, NULL);
		found_by(file, issuer, "");
		free(issuer);
		free(subject);
	}
	cert_free(cert);
}

START_TEST(odd_names_are_found_in_both_forms)
{
	static const char *const files[] = { "sast", "sast2", "ccm-ec", "ccm-issued", "tvs", "tomcat",
	                                     "tomcat-hash", "odd-names" };
	store_named("all", ROLE_ALL);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		change((struct change){ .store = "all", .file = files[i] });
	reading();
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		found_in_both_forms(files[i]);
	found_by("odd-names", "2.5.4.5=PID:CP-8861 SN:FCH00000000,C=AU,CN=multi,OU=valued,emailAddress=a@example.test",
	         NULL);
	found_by("tomcat", "CN=phones\\, main \\+ \\\"desk\\\" \\\\ \\<1\\>\\; a=b,O=Example\\, Inc.,C=US", NULL);
	/* the right names with another serial */
	query_text("CN=SAST-2,OU=Voice,O=Example Telephony,L=Wellington,ST=Wellington Region,C=NZ", NULL, "\x7f", 1);
	refused_for(REASON_UNKNOWN);
}
END_TEST

START_TEST(requests_that_lack_something)
{
	reading();
	ask_message(&(struct proto_message){ .type = PROTO_VERIFY_REQ });
	refused_for(REASON_MALFORMED);
	ask_message(&(struct proto_message){ .type = PROTO_VERIFY_REQ, .certificate = { (const uint8_t *)"", 0 } });
	refused_for(REASON_MALFORMED);
	query_text(NULL, NULL, "\1", 1);
	refused_for(REASON_MALFORMED);
	query_text("CN=a", NULL, "", 0);
	refused_for(REASON_MALFORMED);
	query_text("no name", NULL, "\1", 1);
	refused_for(REASON_MALFORMED);
	query_text("CN=a", "no name", "\1", 1);
	refused_for(REASON_MALFORMED);
	query_text("CN=a", NULL, "\1", 1);
	refused_for(REASON_UNKNOWN);
}
END_TEST

START_TEST(the_same_certificate_or_none)
{
	change((struct change){ .store = "CallManager-trust", .file = "issuing-ca" });
	reading();
	verify("issuing-ca");
	ck_assert(result.verdict.trusted);
	ck_assert_uint_eq(result.verdict.roles, ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_TFTP));
	verify("ccm-issued"); /* its CA alone is stored */
	refused_for(REASON_UNKNOWN);
	struct cert *cert = cert_of("issuing-ca");
	size_t len;
	uint8_t der[4096];
	const uint8_t *bytes = cert_der(cert, &len);
	memcpy(der, bytes, len);
	der[len] = 0;
	struct proto_message request = { .type = PROTO_VERIFY_REQ, .certificate = { der, len + 1 } };
	ask_message(&request);
	refused_for(REASON_UNKNOWN);
	der[len - 1] ^= 1;
	request.certificate.len = len;
	ask_message(&request);
	refused_for(REASON_UNKNOWN);
	cert_free(cert);
}
END_TEST

START_TEST(every_reason)
{
	change((struct change){ .store = "Phone-SAST-trust", .file = "sast", .until = now + 100 });
	change((struct change){ .store = "IPSec-trust", .file = "sast2" });
	change((struct change){ .store = "CallManager-trust", .file = "ccm" });
	reading();
	verify("sast");
	ck_assert(result.verdict.trusted && result.verdict.ttl == 100);
	now += 100;
	verify("sast");
	refused_for(REASON_UNKNOWN);
	verify("sast2");
	refused_for(REASON_NO_ROLE);
	int64_t then = now;
	now = then + 40LL * 365 * DAY;
	verify("ccm");
	refused_for(REASON_EXPIRED);
	now = then - 40LL * 365 * DAY;
	verify("ccm");
	refused_for(REASON_NOT_YET_VALID);
	now = then;
	writing();
	change((struct change){ .what = BLOCK, .file = "ccm" });
	reading();
	verify("ccm");
	refused_for(REASON_BLOCKED);
	query_text("CN=pub1.example.test;OU=Voice;O=Example Telephony;L=Wellington;ST=Wellington Region;C=NZ", NULL,
	           "\x5a\x11\x22\x33\x44\x55\x66\x77", 8);
	refused_for(REASON_BLOCKED);
	ck_assert(result.has_cert);
}
END_TEST

START_TEST(headers_of_requests)
{
	reading();
	uint8_t frame[] = { 0x57, 0, 1, 0xff, 0xde, 0xad, 0xbe, 0xef, 0, 0 };
	ck_assert_int_eq(ask(frame, sizeof frame), 0); /* version 0, garbage in the reserved byte */
	static const uint8_t expected[] = { 0x57, 1, 2, 0, 0xde, 0xad, 0xbe, 0xef, 0, 4, 7, 0, 1, 1 };
	ck_assert_uint_eq(out_len, sizeof expected);
	ck_assert_mem_eq(out, expected, sizeof expected);
	frame[1] = 2;
	ck_assert_int_eq(ask(frame, sizeof frame), ERR_MALFORMED);
	ck_assert_int_eq(result.error, PROTO_BAD_VERSION);
	ck_assert_uint_eq(out_len, 0);
	ck_assert(!result.verdict.trusted && result.verdict.reason == REASON_MALFORMED);
	frame[1] = 1;
	frame[2] = PROTO_VERIFY_RES;
	ck_assert_int_eq(ask(frame, sizeof frame), ERR_MALFORMED);
	frame[2] = PROTO_VERIFY_REQ;
	frame[9] = 1;
	ck_assert_int_eq(ask(frame, sizeof frame), ERR_MALFORMED);
	ck_assert_int_eq(result.error, PROTO_SHORT);
}
END_TEST

START_TEST(changes_count_with_the_next_request)
{
	change((struct change){ .store = "CallManager-trust", .file = "ccm" });
	reading();
	verify("ccm");
	ck_assert(result.verdict.trusted);
	writing();
	change((struct change){ .what = REMOVE, .store = "CallManager-trust", .file = "ccm" });
	reading();
	verify("ccm");
	refused_for(REASON_UNKNOWN);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("respond", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, recorded_verifications);
	tcase_add_test(tests, recorded_queries);
	tcase_add_test(tests, odd_names_are_found_in_both_forms);
	tcase_add_test(tests, requests_that_lack_something);
	tcase_add_test(tests, the_same_certificate_or_none);
	tcase_add_test(tests, every_reason);
	tcase_add_test(tests, headers_of_requests);
	tcase_add_test(tests, changes_count_with_the_next_request);
	return fixture_run(suite);
}
