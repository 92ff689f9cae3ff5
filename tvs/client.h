/* A TLS connection from here to a server, with a deadline for everything.
 *
 * The server shows who it is by one of: standing itself in a file of certificates (then its name does not matter, as
 * for a phone), chaining to one of them and bearing the host's name, or the SHA-256 of its certificate.
 */
#ifndef TVS_CLIENT_H
#define TVS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"
#include "truststore/base/err.h"
#include "truststore/target.h"

/* What all connections of a run share. */
struct client_setup;
int client_setup_new(struct client_setup **out, struct err *err);
void client_setup_free(struct client_setup *setup);

/* Offers exactly one version: "1.0", "1.1", "1.2" or "1.3"; without it 1.2 and 1.3. ERR_USAGE. */
int client_setup_tls(struct client_setup *setup, const char *version, struct err *err);
const char *client_tls_version(size_t i); /* the i-th of these, NULL past the last */

/* How the server shows who it is: certificates of a file, a SHA-256, or not at all. Several files or several
 * digests may be given. Without one of the three no connection is made. */
int client_setup_ca(struct client_setup *setup, const char *file, struct err *err);
int client_setup_pin(struct client_setup *setup, const char *sha256, struct err *err);
void client_setup_insecure(struct client_setup *setup);

/* The own certificate, shown to a server that asks for one. `key` may be a PKCS#11 URI. */
int client_setup_own(struct client_setup *setup, const char *cert, const char *key, struct err *err);

struct client;

/* Connects and shakes hands before `deadline_us` (of clock_monotonic_us). ERR_NETWORK, ERR_TIMEOUT, ERR_TLS, or
 * ERR_REFUSED where the server is not the one expected; the text names the target. `setup` must outlive the client. */
int client_open(const struct client_setup *setup, const struct target *target, int64_t deadline_us,
                struct client **out, struct err *err);

/* Says farewell, as far as that does not block, and frees; NULL is allowed. */
void client_free(struct client *client);

/* All of it, or an error whose text names the target: ERR_NETWORK (closed), ERR_TIMEOUT, ERR_TLS. */
int client_send(struct client *client, const void *bytes, size_t len, int64_t deadline_us,
                struct err *err);

/* Exactly `len` bytes. */
int client_receive(struct client *client, void *out, size_t len, int64_t deadline_us, struct err *err);

/* "TLS1.2 AES256-GCM-SHA384", in OpenSSL's words; lives as long as the client. */
const char *client_describe(const struct client *client);

/* The certificate that the server presented; borrowed. */
const struct cert *client_certificate(const struct client *client);

#endif
