/* What only the log and its tests know. */
#ifndef TVS_BASE_LOG_PRIV_H
#define TVS_BASE_LOG_PRIV_H

#include "truststore/base/log.h"

/* A log to the syslogd that listens on the datagram socket `path`. */
struct log *log_new_syslog(const char *name, const char *path, enum log_level level);

#endif
