/* What the configuration says to certmon, in its own words. */
#ifndef TVS_CERTMON_SETTINGS_H
#define TVS_CERTMON_SETTINGS_H

#include "certmon/schedule.h"
#include "truststore/base/conf.h"

enum { /* seconds */
	SETTINGS_ANCHOR_WINDOW = 30 * 86400,
	SETTINGS_ANCHOR_AHEAD = 180 * 86400,
	SETTINGS_LIST_GRACE = 2 * 3600
};

struct settings {
	struct schedule schedule;   /* [certmon] start, frequency */
	const struct conf *conf;    /* for what only one place reads */
};

/* ERR_CONFIG for combinations that make no sense (email without to or without a way to send). */
int settings_read(const struct conf *conf, struct settings *out, struct err *err);

/* How far ahead a run must look so that no first slot is missed: seconds. */
int64_t settings_ahead(const struct settings *settings);

#endif
