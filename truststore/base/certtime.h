/* The times of a certificate (RFC 5280, 4.1.2.5): UTCTime YYMMDDHHMMSSZ or GeneralizedTime
 * YYYYMMDDHHMMSSZ and nothing else. */
#ifndef TVS_BASE_CERTTIME_H
#define TVS_BASE_CERTTIME_H

#include <stdint.h>

#include "truststore/base/der.h"

/* Seconds since 1970. ERR_MALFORMED for another form or a date that does not exist. */
int certtime_parse(const struct der_item *item, int64_t *when);

/* 9999-12-31T23:59:59Z, which means "no end" (RFC 5280, 4.1.2.5). */
#define CERTTIME_NO_END INT64_C(253402300799)

#endif
