#include "ocsp/schedule.h"

#include "truststore/base/clock.h"

static int64_t jitter(int64_t wait, const struct digest *cert)
{
	unsigned fraction = (unsigned)cert->byte[DIGEST_SIZE - 2] << 8 | cert->byte[DIGEST_SIZE - 1];
	return wait / SCHEDULE_JITTER * fraction / 65536;
}

int64_t schedule_back_off(unsigned failures, int64_t interval)
{
	int64_t wait = SCHEDULE_FIRST_RETRY;
	while (failures-- > 1 && wait < interval)
		wait *= 2;
	return wait < interval ? wait : interval;
}

int64_t schedule_next(const struct revocation_record *record, int64_t now, int64_t interval,
                      const struct digest *cert)
{
	int64_t wait = record->failures ? schedule_back_off(record->failures, interval) : interval;
	bool lapses = (record->status == REVOCATION_GOOD || record->status == REVOCATION_UNKNOWN) &&
	              record->until > now && record->until != CLOCK_NEVER;
	if (lapses && !record->failures && (record->until - now) / 2 < wait)
		wait = (record->until - now) / 2;
	wait -= jitter(wait, cert);
	return now + (wait > SCHEDULE_SOONEST ? wait : SCHEDULE_SOONEST);
}

bool schedule_due(const struct revocation_record *record, int64_t now)
{
	if (!record || record->status == REVOCATION_UNCHECKED)
		return true;
	/* A clock that was set back must not silence the checks. */
	return record->next_check <= now || record->checked > now;
}
