#include "config.h"

#include "tvs/metrics.h"

#include <inttypes.h>

static const struct {
	int64_t us;
	const char *seconds;
} bounds[METRICS_BUCKETS] = {
	{ 50, "0.00005" }, { 100, "0.0001" }, { 250, "0.00025" }, { 500, "0.0005" },
	{ 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" }, { 10000, "0.01" },
	{ 25000, "0.025" }, { 50000, "0.05" }, { 100000, "0.1" }, { 250000, "0.25" },
	{ 1000000, "1" }, { INT64_MAX, "+Inf" },
};

const char *metrics_limit_name(enum metrics_limit limit)
{
	static const char *const names[METRICS_LIMIT_COUNT] = {
		[METRICS_LIMIT_CONNECTIONS] = "connections",
		[METRICS_LIMIT_ADDRESS] = "address",
		[METRICS_LIMIT_NETWORK] = "network",
		[METRICS_LIMIT_DESCRIPTORS] = "descriptors",
	};
	return names[limit];
}

const char *metrics_failure_name(enum metrics_failure failure)
{
	static const char *const names[METRICS_FAILURE_COUNT] = {
		[METRICS_FAILURE_HANDSHAKE] = "handshake",
		[METRICS_FAILURE_HANDSHAKE_TIMEOUT] = "handshake-timeout",
		[METRICS_FAILURE_REQUEST_TIMEOUT] = "request-timeout",
		[METRICS_FAILURE_WRITE_TIMEOUT] = "write-timeout",
		[METRICS_FAILURE_MALFORMED] = "malformed",
		[METRICS_FAILURE_CONNECTION] = "connection",
		[METRICS_FAILURE_STORE] = "store",
		[METRICS_FAILURE_INTERNAL] = "internal",
	};
	return names[failure];
}

void metrics_latency(struct metrics *metrics, int64_t microseconds)
{
	size_t i = 0;
	while (microseconds > bounds[i].us)
		i++;
	metrics_add(&metrics->latency[i], 1);
	metrics_add(&metrics->latency_us, microseconds > 0 ? (uint64_t)microseconds : 0);
}

void metrics_sum(struct metrics *to, const struct metrics *from)
{
	/* Nothing but counters is in it. */
	_Atomic uint64_t *sum = (_Atomic uint64_t *)to;
	const _Atomic uint64_t *one = (const _Atomic uint64_t *)from;
	_Static_assert(sizeof *to % sizeof *sum == 0, "struct metrics holds counters only");
	for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
		metrics_add(&sum[i], atomic_load_explicit(&one[i], memory_order_relaxed));
}

static void head(FILE *stream, const char *name, const char *type, const char *help)
{
	fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(FILE *stream, const char *name, const char *type, uint64_t value, const char *help)
{
	head(stream, name, type, help);
	fprintf(stream, "%s %" PRIu64 "\n", name, value);
}

/* One of several values of the same name. */
static void labelled(FILE *stream, const char *name, const char *label, const char *word, uint64_t value)
{
	fprintf(stream, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, word, value);
}

static void write_answers(FILE *stream, const struct metrics *metrics)
{
	head(stream, "tvs_answers_total", "counter", "Requests answered, by type and reason.");
	for (int type = 0; type < 2; type++)
		for (int reason = 0; reason < REASON_COUNT; reason++)
			fprintf(stream, "tvs_answers_total{type=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
			        proto_type_name(type == 0 ? PROTO_VERIFY_REQ : PROTO_QUERY_REQ),
			        reason_name(reason), metrics->answers[type][reason]);
}

static void write_latency(FILE *stream, const struct metrics *metrics)
{
	head(stream, "tvs_answer_duration_seconds", "histogram",
	     "From the event that completed a request to the end of writing its answer.");
	uint64_t count = 0;
	for (int i = 0; i < METRICS_BUCKETS; i++) {
		count += metrics->latency[i];
		fprintf(stream, "tvs_answer_duration_seconds_bucket{le=\"%s\"} %" PRIu64 "\n",
		        bounds[i].seconds, count);
	}
	fprintf(stream, "tvs_answer_duration_seconds_sum %.6f\n", (double)metrics->latency_us / 1e6);
	fprintf(stream, "tvs_answer_duration_seconds_count %" PRIu64 "\n", count);
}

static void write_connections(FILE *stream, const struct metrics *metrics)
{
	one(stream, "tvs_connections_accepted_total", "counter", metrics->accepted,
	    "Connections taken.");
	head(stream, "tvs_refusals_total", "counter",
	     "Connections closed at once, by the limit that they met.");
	for (int i = 0; i < METRICS_LIMIT_COUNT; i++)
		labelled(stream, "tvs_refusals_total", "limit", metrics_limit_name(i), metrics->refusals[i]);
	head(stream, "tvs_handshakes_total", "counter", "TLS handshakes done, by version.");
	for (int i = 0; i < TLS_VERSION_COUNT; i++)
		labelled(stream, "tvs_handshakes_total", "version", tls_version_name(i), metrics->handshakes[i]);
	head(stream, "tvs_handshake_failures_total", "counter", "TLS handshakes that failed, by kind.");
	for (int i = TLS_FAILURE_NONE + 1; i < TLS_FAILURE_COUNT; i++)
		labelled(stream, "tvs_handshake_failures_total", "kind", tls_failure_name(i), metrics->handshake_failures[i]);
	head(stream, "tvs_failures_total", "counter",
	     "Connections that ended otherwise than they should, by kind.");
	for (int i = 0; i < METRICS_FAILURE_COUNT; i++)
		labelled(stream, "tvs_failures_total", "kind", metrics_failure_name(i), metrics->failures[i]);
	head(stream, "tvs_malformed_frames_total", "counter", "Frames that are none, by what is wrong.");
	for (int i = PROTO_OK + 1; i < PROTO_ERROR_COUNT; i++)
		labelled(stream, "tvs_malformed_frames_total", "error", proto_error_name(i), metrics->malformed[i]);
}

static void write_state(FILE *stream, const struct metrics *metrics, const struct metrics_state *state)
{
	one(stream, "tvs_connections", "gauge", state->connections, "Connections that are open now.");
	one(stream, "tvs_workers", "gauge", state->workers, "Worker processes.");
	one(stream, "tvs_worker_restarts_total", "counter", state->restarts,
	    "Worker processes that ended unexpectedly and were replaced.");
	head(stream, "tvs_reloads_total", "counter",
	     "Changes of configuration or certificate, by whether they were taken over.");
	labelled(stream, "tvs_reloads_total", "result", "done", state->reloads);
	labelled(stream, "tvs_reloads_total", "result", "failed", state->reloads_failed);
	one(stream, "tvs_store_revision", "gauge", state->store_revision, "Changes ever made to the store.");
	one(stream, "tvs_store_certificates", "gauge", state->store_certificates,
	    "Certificates in the store.");
	one(stream, "tvs_log_lines_lost_total", "counter", metrics->log_lost,
	    "Log lines that nobody took.");
	one(stream, "tvs_start_time_seconds", "gauge", (uint64_t)state->started,
	    "When the daemon was started, since 1970.");
	if (state->certificate_not_after)
		one(stream, "tvs_certificate_not_after_seconds", "gauge",
		    (uint64_t)state->certificate_not_after,
		    "When the certificate of the service ends, since 1970.");
	head(stream, "tvs_build_info", "gauge", "Always 1; the version stands in the label.");
	labelled(stream, "tvs_build_info", "version", PACKAGE_VERSION, 1);
}

void metrics_write(FILE *stream, const struct metrics *metrics, const struct metrics_state *state)
{
	write_answers(stream, metrics);
	write_latency(stream, metrics);
	write_connections(stream, metrics);
	write_state(stream, metrics, state);
}
