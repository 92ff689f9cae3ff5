/* What the daemon shows to phones: its certificate and key, and the TLS of each listener made with them. */
#ifndef TVS_CREDENTIALS_H
#define TVS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/store.h"
#include "tvs/settings.h"
#include "tvs/tls.h"

struct credentials;

/* Reads what it takes: certificates and the key's place, from files or from the store, and CAPF-trust where clients'
 * certificates are asked for. Nothing is loaded yet. ERR_REFUSED for an own certificate that fips or common-criteria forbid. The
 * caller frees `*out`. */
int credentials_read(const struct settings *settings, struct store *store,
                     struct credentials **out, struct err *err);

/* Loads the key and builds each listener's TLS. The error names the file or the listener and says what does not
 * fit. With a key on a token, only in the process that uses it, and after it dropped its rights. */
int credentials_load(struct credentials *credentials, const struct settings *settings, struct err *err);
void credentials_free(struct credentials *credentials);

/* True if the key is on a PKCS#11 token. */
bool credentials_on_token(const struct credentials *credentials);

/* Of the i-th listener of the settings. Borrowed. */
const struct tls_setup *credentials_setup(const struct credentials *credentials, size_t i);

int64_t credentials_not_after(const struct credentials *credentials); /* of the own certificate */

/* Whether the store distrusted the own certificate when this was read: REASON_BLOCKED, REASON_REVOKED, else
 * REASON_TRUSTED (also for one that is not stored). It is presented all the same. */
enum reason credentials_distrust(const struct credentials *credentials);

/* A digest of what the store says about all this; it differs when new credentials must be built. 0: the store has
 * no say. The first is of the moment of reading, the second of now. */
uint64_t credentials_mark(const struct credentials *credentials);
uint64_t credentials_mark_now(const struct settings *settings, struct txn *txn);

#endif
