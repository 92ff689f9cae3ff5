/* A TVS asked as a phone asks it: requests and answers over one connection.
 *
 * Whatever the server sends is bounded and checked: discriminator, type, session id, status, roles, TTL, and that a
 * certificate is the one that was asked for. What fits none of it is ERR_MALFORMED, never an answer.
 */
#ifndef TVS_ASK_H
#define TVS_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/err.h"
#include "truststore/store.h" /* struct span */
#include "truststore/target.h"
#include "tvs/client.h"

enum { ASK_MAX_ROLES = 32, ASK_MAX_DEVICE = 255 };

struct ask_answer {
	bool trusted;
	uint8_t role[ASK_MAX_ROLES]; /* bytes of the wire, as they came, each once */
	size_t role_count;
	uint32_t ttl;                /* seconds; 0 where not trusted */
	int64_t round_trip_us;       /* from sending the request to having the answer */
};

struct ask;

/* Connects to the server. `timeout_us` holds for connecting and the first answer together, and for every further
 * answer anew. `setup`, `target` and `device` must outlive it. Errors as client_open's. The caller frees it. */
int ask_open(const struct client_setup *setup, const struct target *target, const char *device,
             int64_t timeout_us, struct ask **out, struct err *err);
void ask_free(struct ask *ask);

const struct client *ask_client(const struct ask *ask);

/* How many requests it answered. */
size_t ask_answers(const struct ask *ask);

/* Is this certificate (DER) trusted? After an error the connection is good for nothing more. */
int ask_verify(struct ask *ask, const uint8_t *der, size_t len, struct ask_answer *out,
               struct err *err);

/* What a query names; the subject may be NULL. */
struct ask_name {
	const char *issuer, *subject;
	uint8_t serial[CERT_MAX_SERIAL];
	size_t serial_len;
};

/* Fetches the certificate with that name; where it is trusted `*cert` is the caller's to free, else NULL. */
int ask_query(struct ask *ask, const struct ask_name *name, struct ask_answer *out,
              struct cert **cert, struct err *err);

#endif
