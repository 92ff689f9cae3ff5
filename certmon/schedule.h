/* When a certificate is announced: pure functions of times.
 *
 * A certificate that ends at E has announcement slots: from E - start on every
 * `frequency`, and from E - 1 day on, after E as well, every day. A run announces what
 * has reached a slot later than the last one that was announced; so it does not matter how
 * often or how late runs come, or whether the clock steps back by up to two days. One that steps back by more
 * was wrong before: what was announced for such a future counts no more, or nothing would be said until it came.
 */
#ifndef TVS_CERTMON_SCHEDULE_H
#define TVS_CERTMON_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum { SCHEDULE_DAY = 86400, SCHEDULE_STEP = 2 * SCHEDULE_DAY };

#define SCHEDULE_NONE INT64_MIN /* no slot has been reached, nothing was announced */

struct schedule {
	int64_t start;     /* seconds before the end at which it begins; at least a day */
	int64_t frequency; /* seconds between announcements until the last day; at least an hour */
};

/* The latest slot at or before `now` of something that ends at `end`, SCHEDULE_NONE before the first. */
int64_t schedule_slot(const struct schedule *schedule, int64_t end, int64_t now);

/* True if `told`, the last slot that was announced, covers `slot` at `now`. SCHEDULE_NONE covers nothing. */
bool schedule_told(int64_t told, int64_t slot, int64_t now);

/* The slot of what has no end but a beginning (a source that cannot be read): `begin` and then every frequency. */
int64_t schedule_slot_since(const struct schedule *schedule, int64_t begin, int64_t now);

#endif
