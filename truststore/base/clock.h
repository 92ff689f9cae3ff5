/* The time: from one place, so that tests can set it; and its two spellings. */
#ifndef TVS_BASE_CLOCK_H
#define TVS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/err.h"

/* A moment without end, for memberships that have none. */
#define CLOCK_NEVER INT64_MAX

/* Reads the environment variable TVS_CLOCK, which tests use: "@SECONDS" or an ISO
 * 8601 time stops the clock there, "+SECONDS" or "-SECONDS" (also "+30d") shifts it. Called by each
 * main once, before anything asks for the time. ERR_USAGE if it is malformed. */
int clock_init(struct err *err);

/* Seconds since 1970-01-01 00:00:00 UTC, as set by clock_init. */
int64_t clock_now(void);

/* Microseconds of a clock that only goes forward, for durations; never shifted. */
int64_t clock_monotonic_us(void);

enum { CLOCK_TEXT_SIZE = 24 };

/* "2026-11-20T19:23:31Z" (ISO 8601, UTC); "never" for CLOCK_NEVER. What lies outside the years 0 to 9999
 * is written as their first or last second. Returns `out`. */
char *clock_format(int64_t when, char out[CLOCK_TEXT_SIZE]);

/* Reads "2026-11-20", "2026-11-20T19:23[:31]Z", "now", "@SECONDS", or "+DURATION" and
 * "-DURATION" from now. ERR_MALFORMED otherwise. */
int clock_parse(const char *text, int64_t *when, struct err *err);

/* Reads a duration: a number with d, h, m, s or w behind it ("30d", "12h", "90s"), or "0". ERR_MALFORMED for anything
 * else (who writes "30" may well mean days), ERR_LIMIT over 1000 years. */
int duration_parse(const char *text, int64_t *seconds, struct err *err);

/* The same where seconds are asked for: a bare number counts them. */
int seconds_parse(const char *text, int64_t *seconds, struct err *err);

/* In the largest of d, h, m and s that says it exactly, as duration_parse reads it: "7d", "36h", "90s". */
char *duration_format(int64_t seconds, char out[CLOCK_TEXT_SIZE]);

#endif
