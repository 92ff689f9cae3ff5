/* Log lines that may come in floods: the first of a second is written, the others are counted. */
#ifndef TVS_RATION_H
#define TVS_RATION_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/log.h"

struct ration {
	const char *what; /* "connections refused reason=address" */
	bool used;        /* in this second */
	uint64_t more;    /* lines that were not written */
};

/* True if the line may be written. */
bool ration_take(struct ration *ration);

/* Once a second: reports what was not written, and begins a new second. */
void ration_report(struct ration *ration, struct log *log);

#endif
