/* The SQLite database of the open-source daemons: table `certificates` with certificate_hash, serial_number,
 * subject_name, issuer_name, certificate (PEM), roles (names with commas between) and ttl.
 */
#ifndef TVS_USECALLMANAGER_H
#define TVS_USECALLMANAGER_H

#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/err.h"

enum { USECALLMANAGER_ROWS_MAX = 100000, USECALLMANAGER_SECONDS = 60 };

struct usecallmanager_row {
	struct cert *cert;
	uint32_t roles;
	uint32_t ttl; /* 0: none is given */
};

/* Called for each row, in the order of the table; takes ownership of the certificate. */
typedef int usecallmanager_fn(const struct usecallmanager_row *row, void *arg, struct err *err);

/* Reads the database, which may be anybody's: nothing in it is executed, no file is made beside it. Each row is
 * checked: the types, one certificate, whose SHA-256 is the row's hash, known roles, a TTL from 1 to `max_ttl`
 * or none. ERR_MALFORMED names the row and why; ERR_LIMIT over the bounds above; ERR_REFUSED where the program
 * was built without libsqlite3. */
int usecallmanager_read(const char *file, uint32_t max_ttl, usecallmanager_fn *each, void *arg, struct err *err);

#endif
