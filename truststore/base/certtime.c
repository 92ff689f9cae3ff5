#include "truststore/base/certtime.h"

#include <stdbool.h>

#include "truststore/base/err.h"

static bool two_digits(const uint8_t *p, int *value)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*value = (p[0] - '0') * 10 + (p[1] - '0');
	return true;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t before = year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
	for (int m = 1; m < month; m++)
		days += days_in_month(year, m);
	return days + day - 1;
}

static bool read_year(const struct der_item *item, const uint8_t **at, int *year)
{
	int century, rest;
	if (item->tag == DER_UTC_TIME && item->value.left == 13) {
		if (!two_digits(*at, &rest))
			return false;
		*year = rest + (rest < 50 ? 2000 : 1900);
		*at += 2;
		return true;
	}
	if (item->tag != DER_GENERALIZED_TIME || item->value.left != 15 ||
	    !two_digits(*at, &century) || !two_digits(*at + 2, &rest))
		return false;
	*year = century * 100 + rest;
	*at += 4;
	return *year > 0;
}

int certtime_parse(const struct der_item *item, int64_t *when)
{
	const uint8_t *p = item->value.at;
	int year, month, day, hour, minute, second;
	if (!read_year(item, &p, &year))
		return ERR_MALFORMED;
	if (!two_digits(p, &month) || !two_digits(p + 2, &day) || !two_digits(p + 4, &hour) ||
	    !two_digits(p + 6, &minute) || !two_digits(p + 8, &second) || p[10] != 'Z')
		return ERR_MALFORMED;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
	    minute > 59 || second > 59)
		return ERR_MALFORMED;
	*when = days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return ERR_OK;
}
