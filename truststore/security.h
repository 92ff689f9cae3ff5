/* What the modes of [security] forbid: fips and common-criteria. */
#ifndef TVS_SECURITY_H
#define TVS_SECURITY_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/cert.h"

struct security {
	bool fips;            /* approved algorithms only: no more than that, the library is no validated module */
	bool common_criteria;
};

struct conf;
void security_load(const struct conf *conf, struct security *out);

/* Each returns why the mode forbids it, for a sentence, or NULL. `security` NULL forbids nothing. */

/* A certificate for a store that gives these roles. fips: RSA of 2048 bits or more, or a NIST curve; signed with
 * SHA-2 unless by itself, which proves nothing. common-criteria: version 3, and a server's certificate must say that it is one. */
const char *security_cert(const struct security *security, const struct cert *cert, uint32_t roles);

/* A key and a hash for an own certificate. */
const char *security_key(const struct security *security, gnutls_pk_algorithm_t algorithm, unsigned bits);
const char *security_hash(const struct security *security, gnutls_digest_algorithm_t hash);

/* What encrypts private keys that leave (requirement P3). */
const char *security_passphrase(const struct security *security, const char *passphrase);

/* A TLS server that this system connects to: the oldest TLS that it may speak (common-criteria 1.1, fips 1.2), and the certificate that it
 * presents. common-criteria: it must say that it is a server's (requirement P4), whatever store it shall go to. */
gnutls_protocol_t security_tls_floor(const struct security *security);
const char *security_server(const struct security *security, const struct cert *cert);

#endif
