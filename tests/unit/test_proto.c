#include <check.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tvs/proto.h"

/* A frame of the given type whose body are these elements. */
static size_t frame_of(uint8_t *out, uint8_t type, const char *body, size_t len)
{
	static const uint8_t header[] = { 0x57, 1, 0, 0, 0, 0, 0x03, 0xe9 };
	memcpy(out, header, sizeof header);
	out[2] = type;
	out[8] = (uint8_t)(len >> 8);
	out[9] = (uint8_t)len;
	memcpy(out + PROTO_HEADER_SIZE, body, len);
	return PROTO_HEADER_SIZE + len;
}

static enum proto_error read_body(uint8_t type, const char *body, size_t len, struct proto_message *out)
{
	static uint8_t frame[PROTO_MAX_FRAME];
	size_t total = frame_of(frame, type, body, len);
	return proto_read(frame, total, type % 2 ? PROTO_TO_SERVER : PROTO_TO_PHONE, out);
}
#define READ(type, body, out) read_body(type, body, sizeof body - 1, out)

static void is(struct span span, const char *text)
{
	ck_assert_uint_eq(span.len, strlen(text));
	ck_assert_mem_eq(span.bytes, text, span.len);
}

START_TEST(headers)
{
	struct proto_header header;
	const uint8_t good[] = { 0x57, 1, 3, 0xf7, 0, 0, 0x03, 0xe9, 0, 0x8f, 1 };
	ck_assert_int_eq(proto_header_read(good, sizeof good, PROTO_TO_SERVER, &header), PROTO_OK);
	ck_assert_uint_eq(header.frame_len, 153);
	ck_assert_uint_eq(header.session, 1001);
	ck_assert_int_eq(header.type, PROTO_QUERY_REQ);
	ck_assert_uint_eq(header.version, 1);
	for (size_t len = 0; len < PROTO_HEADER_SIZE; len++)
		ck_assert_int_eq(proto_header_read(good, len, PROTO_TO_SERVER, &header), PROTO_SHORT);
	ck_assert_int_eq(proto_header_read(good, 10, PROTO_TO_PHONE, &header), PROTO_BAD_TYPE);
	const uint8_t longest[] = { 0x57, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	ck_assert_int_eq(proto_header_read(longest, 10, PROTO_TO_SERVER, &header), PROTO_OK);
	ck_assert_uint_eq(header.frame_len, PROTO_MAX_FRAME);
	ck_assert_uint_eq(header.session, UINT32_MAX);
}
END_TEST

START_TEST(wrong_headers_are_known_by_their_first_bytes)
{
	struct proto_header header;
	ck_assert_int_eq(proto_header_read((const uint8_t *)"G", 1, PROTO_TO_SERVER, &header),
	                 PROTO_BAD_DISCRIMINATOR);
	ck_assert_int_eq(proto_header_read((const uint8_t *)"W\2", 2, PROTO_TO_SERVER, &header), PROTO_BAD_VERSION);
	for (int type = 0; type < 256; type++) {
		const uint8_t bytes[] = { 0x57, 1, (uint8_t)type };
		enum proto_error server = type == 1 || type == 3 ? PROTO_SHORT : PROTO_BAD_TYPE;
		enum proto_error phone = type == 2 || type == 4 ? PROTO_SHORT : PROTO_BAD_TYPE;
		ck_assert_int_eq(proto_header_read(bytes, 3, PROTO_TO_SERVER, &header), server);
		ck_assert_int_eq(proto_header_read(bytes, 3, PROTO_TO_PHONE, &header), phone);
	}
}
END_TEST

START_TEST(requests)
{
	struct proto_message m;
	ck_assert_int_eq(READ(3, "\1\0\4\1CP-\3\0\5CN=a\0\4\0\5CN=b\0\5\0\2\0\x83", &m), PROTO_OK);
	ck_assert_int_eq(m.type, PROTO_QUERY_REQ);
	ck_assert_uint_eq(m.session, 1001);
	is(m.device, "CP-");
	is(m.subject, "CN=a");
	is(m.issuer, "CN=b");
	ck_assert_uint_eq(m.serial.len, 2);
	ck_assert_ptr_null(m.certificate.bytes);
	ck_assert_int_eq(READ(1, "\2\0\3DER", &m), PROTO_OK);
	is(m.certificate, "DER");
	ck_assert_ptr_null(m.device.bytes);
	ck_assert_int_eq(READ(1, "", &m), PROTO_OK);
	ck_assert_ptr_null(m.certificate.bytes);
	ck_assert_int_eq(READ(1, "\2\0\0", &m), PROTO_OK);
	ck_assert_ptr_nonnull(m.certificate.bytes);
	ck_assert_uint_eq(m.certificate.len, 0);
}
END_TEST

START_TEST(what_is_forgiven)
{
	struct proto_message m;
	/* no mark before the device, no NUL behind the names, unknown elements, elements of responses */
	ck_assert_int_eq(READ(3, "\1\0\2AB\x06\0\1x\x06\0\1x\xff\0\0\xff\0\0\4\0\4CN=b\7\0\2xx\x09\0\0", &m), PROTO_OK);
	is(m.device, "AB");
	is(m.issuer, "CN=b");
	ck_assert(!m.has_status && !m.has_ttl);
	/* only one NUL is taken off */
	ck_assert_int_eq(READ(3, "\4\0\6CN=b\0\0", &m), PROTO_OK);
	ck_assert_uint_eq(m.issuer.len, 5);
}
END_TEST

START_TEST(issuer_and_serial_exchanged)
{
	struct proto_message m;
	ck_assert_int_eq(READ(3, "\4\0\2\x12\x34\5\0\5CN=b\0", &m), PROTO_OK);
	is(m.issuer, "CN=b");
	is(m.serial, "\x12\x34");
	/* a serial may hold the byte of '=' by chance */
	ck_assert_int_eq(READ(3, "\4\0\5CN=b\0\5\0\2=\0", &m), PROTO_OK);
	is(m.issuer, "CN=b");
	ck_assert_int_eq(READ(3, "\4\0\2\x12\x34\5\0\2=\x01", &m), PROTO_OK);
	is(m.issuer, "\x12\x34");
	ck_assert_int_eq(READ(3, "\5\0\5CN=b\0", &m), PROTO_OK);
	ck_assert_ptr_null(m.issuer.bytes);
	ck_assert_int_eq(READ(3, "\4\0\0\5\0\0", &m), PROTO_OK);
	ck_assert(m.issuer.bytes && m.serial.bytes);
}
END_TEST

START_TEST(responses)
{
	struct proto_message m;
	ck_assert_int_eq(READ(4, "\7\0\1\0\2\0\3DER\x08\0\2\0\3\x09\0\4\0\1\x51\x80", &m), PROTO_OK);
	ck_assert(m.has_status && m.status == PROTO_TRUSTED && m.has_ttl && m.ttl == 86400);
	is(m.certificate, "DER");
	ck_assert_uint_eq(m.roles.len, 2);
	ck_assert_int_eq(READ(2, "\7\0\1\1", &m), PROTO_OK);
	ck_assert(m.has_status && m.status == PROTO_NOT_TRUSTED && !m.has_ttl && !m.roles.bytes);
	ck_assert_int_eq(READ(2, "\7\0\2\0\0", &m), PROTO_BAD_LENGTH);
	ck_assert_int_eq(READ(2, "\7\0\0", &m), PROTO_BAD_LENGTH);
	ck_assert_int_eq(READ(2, "\x09\0\3\0\0\0", &m), PROTO_BAD_LENGTH);
}
END_TEST

START_TEST(errors)
{
	struct proto_message m;
	ck_assert_int_eq(READ(1, "\2\0\4DER", &m), PROTO_OVERRUN);
	ck_assert_int_eq(READ(1, "\2\0", &m), PROTO_OVERRUN);
	ck_assert_int_eq(READ(1, "\x42", &m), PROTO_OVERRUN);
	ck_assert_int_eq(READ(1, "\x42\xff\xff", &m), PROTO_OVERRUN);
	ck_assert_int_eq(READ(1, "\2\0\1a\2\0\1a", &m), PROTO_REPEATED);
	ck_assert_int_eq(READ(1, "\1\0\0\1\0\0", &m), PROTO_REPEATED);
	ck_assert_int_eq(READ(1, "\7\0\1\0\7\0\1\0", &m), PROTO_REPEATED);
	ck_assert(!m.device.bytes && !m.certificate.bytes);
	uint8_t frame[64];
	size_t len = frame_of(frame, 1, "\2\0\1a", 4);
	ck_assert_int_eq(proto_read(frame, len - 1, PROTO_TO_SERVER, &m), PROTO_SHORT);
	ck_assert_int_eq(proto_read(frame, len + 1, PROTO_TO_SERVER, &m), PROTO_TRAILING);
	ck_assert_int_eq(proto_read(frame, 0, PROTO_TO_SERVER, &m), PROTO_SHORT);
	for (int error = 0; error < PROTO_ERROR_COUNT; error++)
		ck_assert_str_ne(proto_error_name(error), "unknown");
}
END_TEST

START_TEST(writing)
{
	uint8_t out[PROTO_MAX_FRAME + 1];
	struct proto_message m = {
		.type = PROTO_QUERY_REQ, .session = 1001,
		.device = { (const uint8_t *)"A", 1 }, .issuer = { (const uint8_t *)"CN=b", 4 },
		.serial = { (const uint8_t *)"\x12", 1 },
	};
	static const char expected[] = "W\1\3\0\0\0\3\xe9\0\x11\1\0\2\1A\4\0\5CN=b\0\5\0\1\x12";
	ck_assert_uint_eq(proto_write(&m, out, sizeof out), sizeof expected - 1);
	ck_assert_mem_eq(out, expected, sizeof expected - 1);
	for (size_t size = 0; size < sizeof expected - 1; size++)
		ck_assert_uint_eq(proto_write(&m, out, size), 0);
	struct proto_message response = { .type = PROTO_VERIFY_RES, .session = 7, .has_status = true, .status = 1 };
	ck_assert_uint_eq(proto_write(&response, out, sizeof out), 14);
	ck_assert_mem_eq(out, "W\1\2\0\0\0\0\7\0\4\7\0\1\1", 14);
}
END_TEST

START_TEST(the_longest_frame)
{
	static uint8_t big[PROTO_MAX_BODY], out[PROTO_MAX_FRAME + 1];
	struct proto_message m = { .type = PROTO_VERIFY_REQ, .certificate = { big, PROTO_MAX_BODY - 3 } }, back;
	ck_assert_uint_eq(proto_write(&m, out, sizeof out), PROTO_MAX_FRAME);
	ck_assert_int_eq(proto_read(out, PROTO_MAX_FRAME, PROTO_TO_SERVER, &back), PROTO_OK);
	ck_assert_uint_eq(back.certificate.len, PROTO_MAX_BODY - 3);
	m.certificate.len++;
	ck_assert_uint_eq(proto_write(&m, out, sizeof out), 0);
	m = (struct proto_message){ .type = PROTO_QUERY_REQ, .issuer = { big, PROTO_MAX_BODY } };
	ck_assert_uint_eq(proto_write(&m, out, sizeof out), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("proto", &tests);
	tcase_add_test(tests, headers);
	tcase_add_test(tests, wrong_headers_are_known_by_their_first_bytes);
	tcase_add_test(tests, requests);
	tcase_add_test(tests, what_is_forgiven);
	tcase_add_test(tests, issuer_and_serial_exchanged);
	tcase_add_test(tests, responses);
	tcase_add_test(tests, errors);
	tcase_add_test(tests, writing);
	tcase_add_test(tests, the_longest_frame);
	return fixture_run(suite);
}
