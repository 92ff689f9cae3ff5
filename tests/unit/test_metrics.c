#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tvs/metrics.h"
#include "tvs/ration.h"

static char *text;

static bool has(const char *line)
{
	size_t len = strlen(line);
	for (const char *at = text; (at = strstr(at, line)); at += len)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static void write_all(const struct metrics *metrics, const struct metrics_state *state)
{
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	metrics_write(stream, metrics, state);
	fclose(stream);
}

START_TEST(every_counter_is_written)
{
	struct metrics metrics = { 0 };
	const struct metrics_state state = { .connections = 7, .store_revision = 12, .restarts = 2 };
	metrics_add(&metrics.answers[0][REASON_TRUSTED], 5);
	metrics_add(&metrics.answers[1][REASON_NOT_YET_VALID], 1);
	metrics_add(&metrics.refusals[METRICS_LIMIT_ADDRESS], 3);
	metrics_add(&metrics.handshakes[TLS_1_0], 4);
	metrics_add(&metrics.failures[METRICS_FAILURE_MALFORMED], 6);
	write_all(&metrics, &state);
	ck_assert(has("tvs_answers_total{type=\"verify\",reason=\"trusted\"} 5"));
	ck_assert(has("tvs_answers_total{type=\"query\",reason=\"not-yet-valid\"} 1"));
	ck_assert(has("tvs_answers_total{type=\"query\",reason=\"revoked\"} 0"));
	ck_assert(has("tvs_refusals_total{limit=\"address\"} 3"));
	ck_assert(has("tvs_handshakes_total{version=\"TLS1.0\"} 4"));
	ck_assert(has("tvs_failures_total{kind=\"malformed\"} 6"));
	ck_assert(has("tvs_connections 7"));
	ck_assert(has("tvs_store_revision 12"));
	ck_assert(has("tvs_worker_restarts_total 2"));
	ck_assert(has("tvs_build_info{version=\"" PACKAGE_VERSION "\"} 1"));
	free(text);
}
END_TEST

START_TEST(latency_falls_into_its_bucket)
{
	struct metrics metrics = { 0 };
	const struct metrics_state state = { 0 };
	metrics_latency(&metrics, -5);
	metrics_latency(&metrics, 50);
	metrics_latency(&metrics, 51);
	metrics_latency(&metrics, 1000000);
	metrics_latency(&metrics, 1000001);
	write_all(&metrics, &state);
	ck_assert(has("tvs_answer_duration_seconds_bucket{le=\"0.00005\"} 2"));
	ck_assert(has("tvs_answer_duration_seconds_bucket{le=\"0.0001\"} 3"));
	ck_assert(has("tvs_answer_duration_seconds_bucket{le=\"0.25\"} 3"));
	ck_assert(has("tvs_answer_duration_seconds_bucket{le=\"1\"} 4"));
	ck_assert(has("tvs_answer_duration_seconds_bucket{le=\"+Inf\"} 5"));
	ck_assert(has("tvs_answer_duration_seconds_count 5"));
	ck_assert(has("tvs_answer_duration_seconds_sum 2.000102"));
	free(text);
}
END_TEST

START_TEST(sums_take_every_counter)
{
	struct metrics one, sum;
	memset((void *)&one, 0, sizeof one);
	memset((void *)&sum, 0, sizeof sum);
	for (size_t i = 0; i < sizeof one / sizeof(uint64_t); i++)
		((_Atomic uint64_t *)&one)[i] = i;
	metrics_sum(&sum, &one);
	metrics_sum(&sum, &one);
	for (size_t i = 0; i < sizeof one / sizeof(uint64_t); i++)
		ck_assert_uint_eq(((_Atomic uint64_t *)&sum)[i], 2 * i);
}
END_TEST

START_TEST(a_flood_gets_one_line_and_a_count)
{
	struct ration ration = { .what = "refused" };
	unsigned lines = 0;
	for (int i = 0; i < 1000; i++)
		lines += ration_take(&ration);
	ck_assert_uint_eq(lines, 1);
	ck_assert_uint_eq(ration.more, 999);
	ration_report(&ration, NULL);
	/* it goes on: only counted */
	ck_assert(!ration_take(&ration));
	ration_report(&ration, NULL);
	/* a second without any */
	ration_report(&ration, NULL);
	ck_assert(ration_take(&ration));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("metrics", &tests);
	tcase_add_test(tests, every_counter_is_written);
	tcase_add_test(tests, latency_falls_into_its_bucket);
	tcase_add_test(tests, sums_take_every_counter);
	tcase_add_test(tests, a_flood_gets_one_line_and_a_count);
	return fixture_run(suite);
}
