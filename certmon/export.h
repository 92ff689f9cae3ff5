/* The findings for other programs: a calendar and metrics. */
#ifndef TVS_CERTMON_EXPORT_H
#define TVS_CERTMON_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "certmon/finding.h"

/* iCalendar (RFC 5545): one event a certificate on the day of its end, with a UID that stays the same, and alarms
 * `start` before it and a day before it, unless it is covered or acknowledged. Allocated; NULL when there is no memory. */
char *export_ics(const struct findings *findings, int64_t now, int64_t start, size_t *len);

/* The state of the monitor itself. */
struct export_state {
	int64_t last_success; /* end of the last run that did all its work; 0: none yet */
	size_t waiting;       /* messages that could not be delivered yet */
};

/* Prometheus text format 0.0.4, for the textfile collector. */
char *export_prometheus(const struct findings *findings, const struct export_state *state, int64_t now, size_t *len);

#endif
