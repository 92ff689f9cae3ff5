/* The roots of the certificates that phones are made with (requirement M1). */
#ifndef TVS_MIC_H
#define TVS_MIC_H

#include <stdbool.h>
#include <stddef.h>

/* True if this common name is one of a manufacturer's roots; blanks and '_' are the same. */
bool mic_is_root(const char *common_name, size_t len);

/* A root that is to be added to this store should stand elsewhere: in CallManager-trust it makes every phone of that maker a trusted
 * one; and what there is to say then, behind "it is". */
bool mic_misplaced(const char *store, const char *common_name);
const char *mic_misplaced_text(void);

/* What breaks when a root leaves this store, behind its name; NULL: nothing. */
const char *mic_missed_text(const char *store);

#endif
