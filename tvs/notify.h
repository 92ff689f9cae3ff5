/* Messages to the service manager (sd_notify(3)); without libsystemd, or without a manager, they say nothing. */
#ifndef TVS_NOTIFY_H
#define TVS_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void); /* notify_ready follows, whatever the outcome */
void notify_stopping(void);
void notify_watchdog(void);

/* How often the manager wants to hear notify_watchdog at least, in microseconds; 0: not at all. */
uint64_t notify_watchdog_us(void);

#endif
