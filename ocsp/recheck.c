#include "ocsp/recheck.h"

#include "truststore/base/clock.h"

static int64_t jitter(int64_t wait, const struct digest *cert)
{
	unsigned fraction = (unsigned)cert->byte[DIGEST_SIZE - 2] << 8 | cert->byte[DIGEST_SIZE - 1];
	return wait / RECHECK_JITTER * fraction / 65536;
}

int64_t recheck_back_off(unsigned failures, int64_t interval)
{
	int64_t wait = RECHECK_FIRST_RETRY;
	while (failures-- > 1 && wait < interval)
		wait *= 2;
	return wait < interval ? wait : interval;
}

int64_t recheck_next(const struct revocation_record *record, int64_t now, int64_t interval,
                      const struct digest *cert)
{
	int64_t wait = record->failures ? recheck_back_off(record->failures, interval)
	                                : interval - interval / RECHECK_MARGIN;
	bool lapses = (record->status == REVOCATION_GOOD || record->status == REVOCATION_UNKNOWN) &&
	              record->until > now && record->until != CLOCK_NEVER;
	if (lapses && !record->failures && (record->until - now) / 2 < wait)
		wait = (record->until - now) / 2;
	wait -= jitter(wait, cert);
	return now + (wait > RECHECK_SOONEST ? wait : RECHECK_SOONEST);
}

bool recheck_due(const struct revocation_record *record, int64_t now, int64_t interval)
{
	if (!record || record->status == REVOCATION_UNCHECKED)
		return true;
	/* A clock that was set back must not silence the checks. */
	return record->next_check <= now || now - record->checked >= interval || record->checked > now;
}
