/* The metrics file: what all processes counted, and how the daemon is. */
#ifndef TVS_REPORT_H
#define TVS_REPORT_H

#include <stdint.h>

#include "tvs/child.h"
#include "tvs/limits.h"

struct report {
	struct limits *limits;
	const struct child_list *children;
	unsigned generation; /* that serves */
	uint64_t log_lost;   /* lines of the supervisor itself */
	uint64_t restarts, reloads, reloads_failed;
	int64_t started;     /* seconds since 1970 */
};

/* Replaces `file` in one step, readable for everybody. */
int report_write(const struct report *report, const char *file, struct err *err);

#endif
