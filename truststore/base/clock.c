#include "truststore/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400 };
#define FIRST INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */
#define MAX_DURATION (INT64_C(365250) * DAY)

/* The one global state outside main: set once by clock_init. */
static struct {
	bool stopped;
	int64_t seconds; /* where it stands, or how far it is shifted */
} set;

/* Days since 1970-01-01 in the Gregorian calendar, counted in years that begin with March. */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in(int64_t year, int month)
{
	return (int)(days_of(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
	             days_of(year, month, 1));
}

/* Reads exactly `count` digits. */
static bool digits(const char **at, int count, int *value)
{
	*value = 0;
	for (; count > 0; count--, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool literal(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* "19:23[:31]Z", seconds of the day. */
static bool parse_day_time(const char **at, int64_t *seconds)
{
	int hour, minute, second = 0;
	if (!digits(at, 2, &hour) || !literal(at, ':') || !digits(at, 2, &minute))
		return false;
	if (literal(at, ':') && !digits(at, 2, &second))
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return literal(at, 'Z') && hour < 24 && minute < 60 && second < 60;
}

static bool parse_iso(const char *at, int64_t *when)
{
	int year, month, day;
	int64_t seconds = 0;
	if (!digits(&at, 4, &year) || !literal(&at, '-') || !digits(&at, 2, &month) ||
	    !literal(&at, '-') || !digits(&at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	if (literal(&at, 'T') && !parse_day_time(&at, &seconds))
		return false;
	*when = days_of(year, month, day) * DAY + seconds;
	return *at == '\0';
}

/* Digits up to `end`, nothing else. */
static bool parse_number(const char *text, size_t len, int64_t max, int64_t *value, bool *too_large)
{
	*value = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (*value <= max)
			*value = *value * 10 + (text[i] - '0');
	}
	*too_large = *value > max;
	return len > 0;
}

/* "@SECONDS" within the years that can be printed. */
static bool parse_seconds(const char *text, int64_t *when)
{
	bool too_large, negative = text[1] == '-';
	const char *number = text + 1 + negative;
	if (!parse_number(number, strlen(number), LAST, when, &too_large) || too_large)
		return false;
	if (negative)
		*when = -*when;
	return *when >= FIRST;
}

int clock_init(struct err *err)
{
	const char *text = getenv("TVS_CLOCK");
	set.stopped = false;
	set.seconds = 0;
	if (!text || !*text)
		return 0;
	if (*text == '+' || *text == '-') {
		int64_t shift;
		if (seconds_parse(text + 1, &shift, NULL))
			goto malformed;
		set.seconds = *text == '-' ? -shift : shift;
		return 0;
	}
	if (*text == '@' ? !parse_seconds(text, &set.seconds) : !parse_iso(text, &set.seconds))
		goto malformed;
	set.stopped = true;
	return 0;
malformed:
	set.seconds = 0;
	return err_set(err, ERR_USAGE,
	               "environment variable TVS_CLOCK is '%s': @SECONDS, a time like "
	               "2026-11-20T19:23:31Z, +SECONDS or -SECONDS is needed", text);
}

int64_t clock_now(void)
{
	return set.stopped ? set.seconds : (int64_t)time(NULL) + set.seconds;
}

int64_t clock_monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

char *clock_format(int64_t when, char out[CLOCK_TEXT_SIZE])
{
	if (when == CLOCK_NEVER) {
		memcpy(out, "never", 6);
		return out;
	}
	when = when < FIRST ? FIRST : when > LAST ? LAST : when;
	int64_t days = (when - FIRST) / DAY;
	unsigned second = (unsigned)((when - FIRST) % DAY);
	/* years that begin with March, as in days_of; 306 days from March to the end of a year */
	int64_t n = days - 60 + 146097;
	unsigned of_era = (unsigned)(n % 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned mp = (5 * of_year + 2) / 153;
	unsigned day = of_year - (153 * mp + 2) / 5 + 1;
	unsigned month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = (n / 146097 - 1) * 400 + year_of_era + (month <= 2);
	snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
	         month % 100, day % 100, second / 3600 % 24, second / 60 % 60, second % 60);
	return out;
}

int clock_parse(const char *text, int64_t *when, struct err *err)
{
	if (*text == '+' || *text == '-') {
		int64_t shift;
		int rc = duration_parse(text + 1, &shift, err);
		if (!rc)
			*when = clock_now() + (*text == '-' ? -shift : shift);
		return rc;
	}
	int64_t found;
	bool good = *text == '@' ? parse_seconds(text, &found) : parse_iso(text, &found);
	if (!strcmp(text, "now")) {
		found = clock_now();
		good = true;
	}
	if (!good)
		return err_set(err, ERR_MALFORMED,
		               "'%s' is not a time: write 2026-11-20, 2026-11-20T19:23:31Z, "
		               "now, @SECONDS, +30d or -12h", text);
	*when = found;
	return 0;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

int duration_parse(const char *text, int64_t *seconds, struct err *err)
{
	if (is_number(text) && strcmp(text, "0") != 0)
		return err_set(err, ERR_MALFORMED, "'%s' is not a duration: write 30d, 12h, 15m or 90s", text);
	return seconds_parse(text, seconds, err);
}

int seconds_parse(const char *text, int64_t *seconds, struct err *err)
{
	static const struct {
		char letter;
		int seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY }, { 'w', 7 * DAY } };
	size_t len = strlen(text);
	int64_t unit = 1, value;
	bool too_large = false;
	for (size_t i = 0; len && i < sizeof units / sizeof *units; i++)
		if (text[len - 1] == units[i].letter) {
			unit = units[i].seconds;
			len--;
			break;
		}
	if (!parse_number(text, len, MAX_DURATION / unit, &value, &too_large))
		return err_set(err, ERR_MALFORMED,
		               "'%s' is not a duration: write 30d, 12h, 15m or 90s", text);
	if (too_large)
		return err_set(err, ERR_LIMIT, "'%s' is more than 1000 years", text);
	*seconds = value * unit;
	return 0;
}

char *duration_format(int64_t seconds, char out[CLOCK_TEXT_SIZE])
{
	int unit = 1;
	char letter = 's';
	if (seconds && seconds % DAY == 0) {
		unit = DAY;
		letter = 'd';
	} else if (seconds && seconds % 3600 == 0) {
		unit = 3600;
		letter = 'h';
	} else if (seconds && seconds % 60 == 0) {
		unit = 60;
		letter = 'm';
	}
	snprintf(out, CLOCK_TEXT_SIZE, "%" PRId64 "%c", seconds / unit, letter);
	return out;
}
