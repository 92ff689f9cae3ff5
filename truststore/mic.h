/* The roots of the certificates that phones are made with (requirement M1). */
#ifndef TVS_MIC_H
#define TVS_MIC_H

#include <stdbool.h>
#include <stddef.h>

/* True if this common name is one of a manufacturer's roots; blanks and '_' are the same. */
bool mic_is_root(const char *common_name, size_t len);

#endif
