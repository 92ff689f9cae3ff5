#include "certmon/schedule.h"

#include "truststore/base/clock.h"

/* Slots of a period, counted from `first`. */
static int64_t slot_from(int64_t first, int64_t period, int64_t now)
{
	return now < first ? SCHEDULE_NONE : first + (now - first) / period * period;
}

int64_t schedule_slot(const struct schedule *schedule, int64_t end, int64_t now)
{
	if (end >= CLOCK_NEVER - 1)
		return SCHEDULE_NONE;
	int64_t last_day = end - SCHEDULE_DAY;
	if (now >= last_day)
		return slot_from(last_day, SCHEDULE_DAY, now);
	return slot_from(end - schedule->start, schedule->frequency, now);
}

int64_t schedule_next(const struct schedule *schedule, int64_t end, int64_t now)
{
	if (end >= CLOCK_NEVER - 1)
		return CLOCK_NEVER;
	int64_t first = end - schedule->start, last_day = end - SCHEDULE_DAY;
	if (now < first)
		return first;
	int64_t slot = schedule_slot(schedule, end, now);
	int64_t next = slot + (now >= last_day ? SCHEDULE_DAY : schedule->frequency);
	return now < last_day && next > last_day ? last_day : next;
}

int64_t schedule_slot_since(const struct schedule *schedule, int64_t begin, int64_t now)
{
	return slot_from(begin, schedule->frequency, now);
}
