/* doctor: looks at a whole installation and says what is wrong with it and what to do. */
#ifndef TVS_DOCTOR_H
#define TVS_DOCTOR_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/conf.h"
#include "truststore/store.h"

enum doctor_severity {
	DOCTOR_NOTE,    /* good to know; nothing is wrong */
	DOCTOR_WARNING, /* will go wrong, or is weaker than it should be */
	DOCTOR_ERROR    /* does not work, or is open to others */
};
const char *doctor_severity_name(enum doctor_severity severity);

struct doctor_finding {
	enum doctor_severity severity;
	const char *check; /* "modes" */
	const char *what;  /* a sentence, without control characters */
	const char *todo;  /* likewise */
};
typedef void doctor_fn(const struct doctor_finding *finding, void *arg);

/* Runs every check; `each` gets the findings. `conf_file` is NULL for the default, `store` overrides [store] path or is NULL. Nothing is changed
 * but reader slots of dead processes, which are cleared. Never fails: what cannot be looked at is a finding. */
void doctor_run(const char *conf_file, const char *store, doctor_fn *each, void *arg);

#endif
