/* The mail as bytes; what it says in its parts is judged by tests/integration/certmon_mail.sh with another parser. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certmon/message.h"
#include "tests/unit/fixture.h"
#include "truststore/base/clock.h"

#define NOW INT64_C(1800000000)

/* The n-th of many alike; the words are the test's. */
static struct finding one(size_t n, char *name)
{
	struct finding finding = { .kind = FINDING_CERT, .level = FINDING_WARNING, .end = NOW + 5 * SCHEDULE_DAY + (int64_t)n,
	                           .subject = name, .name = name, .stores = (char *)"tomcat-trust",
	                           .advice = (char *)"renew it", .affected = (char *)"phones" };
	char words[32];
	snprintf(words, sizeof words, "finding %zu", n);
	digest_of(words, strlen(words), &finding.id);
	return finding;
}

static char *build(const struct finding *findings, size_t count, size_t *len, char **subject)
{
	const struct finding **list = calloc(count, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = &findings[i];
	struct message message = { .from = "certmon@example.test", .to = "admin@example.test", .host = "monitor", .now = NOW,
	                           .due = list, .due_count = count };
	char *bytes = message_build(&message, len, subject);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_eq(strlen(bytes), *len);
	free(list);
	return bytes;
}

static size_t times(const char *text, const char *words)
{
	size_t count = 0;
	for (; (text = strstr(text, words)); text++)
		count++;
	return count;
}

/* Takes the soft line breaks of quoted-printable out. */
static void join_lines(char *bytes)
{
	char *to = bytes;
	for (const char *from = bytes; *from;) {
		if (!strncmp(from, "=\r\n", 3))
			from += 3;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

START_TEST(a_digest_of_very_many_stays_small)
{
	enum { MANY = MESSAGE_IN_FULL + MESSAGE_IN_SHORT + 50 };
	struct finding *findings = calloc(MANY, sizeof *findings);
	size_t len;
	char *subject;
	for (size_t i = 0; i < MANY; i++)
		findings[i] = one(i, (char *)"CN=phone.example.test");
	char *bytes = build(findings, MANY, &len, &subject);
	ck_assert_uint_lt(len, 1000 * 1000);
	join_lines(bytes);
	ck_assert_str_eq(subject, "Certificates: 1150 to look after, first CN=phone.example.test expires in 5 days");
	ck_assert_uint_eq(times(bytes, "certmon ack "), 2 * MESSAGE_IN_FULL);
	ck_assert_uint_eq(times(bytes, "CN=3Dphone.example.test"), 2 * (MESSAGE_IN_FULL + MESSAGE_IN_SHORT));
	ck_assert_uint_eq(times(bytes, "and 50 more: certmon report shows them all"), 1);
	ck_assert_uint_eq(times(bytes, "And 50 more: certmon report shows them all"), 1);
	free(bytes);
	free(subject);
	bytes = build(findings, MESSAGE_IN_FULL, &len, &subject);
	join_lines(bytes);
	ck_assert_uint_eq(times(bytes, "certmon ack "), 2 * MESSAGE_IN_FULL);
	ck_assert_ptr_null(strstr(bytes, "in short"));
	free(bytes);
	free(subject);
	free(findings);
}
END_TEST

/* Each line of the headers, up to the empty one. */
static void lines_are_short(const char *bytes, size_t most)
{
	const char *end = strstr(bytes, "\r\n\r\n");
	ck_assert_ptr_nonnull(end);
	while (bytes < end) {
		size_t len = strcspn(bytes, "\r");
		ck_assert_msg(len <= most, "%.*s", (int)len, bytes);
		ck_assert(!strncmp(bytes + len, "\r\n", 2));
		for (size_t i = 0; i < len; i++)
			ck_assert_int_lt((unsigned char)bytes[i], 0x7f);
		bytes += len + 2;
	}
}

START_TEST(a_name_stays_a_name)
{
	char longest[1001];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	char utf8[301];
	for (size_t i = 0; i < 100; i++)
		memcpy(utf8 + 3 * i, "\xe2\x82\xac", 3);
	utf8[300] = '\0';
	char *const names[] = { longest, utf8, (char *)"x\r\nBcc: victim@example.test", (char *)"=?UTF-8?B?QQ==?=", (char *)"\xff\xfe" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct finding finding = one(i, names[i]);
		size_t len;
		char *subject, *bytes = build(&finding, 1, &len, &subject);
		lines_are_short(bytes, 200);
		const char *headers = strstr(bytes, "\r\n\r\n");
		for (const char *at = bytes; (at = strstr(at, "Bcc")) && at < headers; at++)
			ck_abort_msg("%s", bytes);
		ck_assert_uint_eq(times(bytes, "=?UTF-8?B?") > 0, i != 0);
		free(bytes);
		free(subject);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("message", &tests);
	tcase_add_test(tests, a_digest_of_very_many_stays_small);
	tcase_add_test(tests, a_name_stays_a_name);
	return fixture_run(suite);
}
