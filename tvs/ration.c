#include "config.h"

#include "tvs/ration.h"

#include <inttypes.h>

bool ration_take(struct ration *ration)
{
	if (ration->used)
		ration->more++;
	else
		ration->used = true;
	return ration->more == 0;
}

void ration_report(struct ration *ration, struct log *log)
{
	if (ration->more)
		log_line(log, LOG_LEVEL_NOTICE, "%s more=%" PRIu64, ration->what, ration->more);
	/* A flood that goes on gets the count of each second only. */
	ration->used = ration->more > 0;
	ration->more = 0;
}
