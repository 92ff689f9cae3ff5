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

bool schedule_told(int64_t told, int64_t slot, int64_t now)
{
	return told >= slot && told <= now + SCHEDULE_STEP;
}

int64_t schedule_slot_since(const struct schedule *schedule, int64_t begin, int64_t now)
{
	return slot_from(begin, schedule->frequency, now);
}
