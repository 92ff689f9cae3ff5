/* Making certificates and requests for a purpose: names, extensions, signature. */
#ifndef TVS_CERTMAKE_H
#define TVS_CERTMAKE_H

#include <gnutls/abstract.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"
#include "truststore/purpose.h"

enum {
	CERTMAKE_NAME_MAX = 64, /* characters of a common name (RFC 5280, A.1: ub-common-name) */
	CERTMAKE_SAN_MAX = 200,
	CERTMAKE_SERIAL_SIZE = 16
};

struct certmake {
	const struct purpose_rule *rule;
	const char *common_name;
	const char *const *san;         /* DNS names, IP addresses, mail addresses; ends in NULL */
	gnutls_digest_algorithm_t hash; /* GNUTLS_DIG_UNKNOWN: the one that fits the key */
};

/* The hash for signatures of a key: SHA-256; SHA-384 and SHA-512 for EC keys of 384 and 521 bits. */
gnutls_digest_algorithm_t certmake_hash(gnutls_pk_algorithm_t algorithm, unsigned bits);

/* A certificate signed by its own key, version 3, from `now` on for the rule's years, with a positive random serial number. `*der` is
 * allocated with gnutls_malloc; the caller frees it with gnutls_free. ERR_REFUSED for names that
 * cannot stand in a certificate. */
int certmake_selfsigned(const struct certmake *what, gnutls_privkey_t key, int64_t now,
                        gnutls_datum_t *der, struct err *err);

/* A request for a CA (PKCS#10, RFC 2986) with the same extensions. As above. */
int certmake_request(const struct certmake *what, gnutls_privkey_t key, gnutls_datum_t *der,
                     struct err *err);

/* True for what can be a DNS name among the alternative names. */
bool certmake_is_host(const char *text);

/* The default common name of a purpose on `host` (a full name or its first label); `random` is used by CAPF's alone. With `multi_server`
 * "host-ms.domain", which ERR_REFUSED where `host` has no domain. Cut nowhere: ERR_LIMIT when too long. */
int certmake_common_name(const struct purpose_rule *rule, const char *host, bool multi_server,
                         char out[CERTMAKE_NAME_MAX + 1], struct err *err);

#endif
