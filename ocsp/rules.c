#include "ocsp/rules.h"

enum fault rules_times(const struct rules *rules, int64_t this_update, int64_t next_update,
                       int64_t *until)
{
	int64_t end = next_update ? next_update : this_update + rules->interval;
	if (this_update > rules->now + rules->skew)
		return FAULT_FUTURE;
	if (end < this_update || end + rules->skew < rules->now)
		return FAULT_STALE;
	*until = end > rules->now ? end : end + rules->skew;
	return FAULT_NONE;
}
