/* Certificate revocation lists (RFC 5280, 5): verified once, then kept in a short form in which a
 * certificate is found by bisection, straight from the bytes of the store.
 *
 * GnuTLS's objects need 850 bytes an entry, and show neither the extensions of an entry nor the scope of a
 * list; here an entry is 32 bytes.
 */
#ifndef TVS_OCSP_CRL_H
#define TVS_OCSP_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocsp/fault.h"
#include "ocsp/rules.h"
#include "ocsp/source.h"
#include "truststore/answer.h"
#include "truststore/base/cert.h"
#include "truststore/store.h"

enum {
	CRL_MAX_BYTES = 32 * 1024 * 1024, /* of a download */
	CRL_MAX_ENTRIES = 1000 * 1000,
	CRL_MAX_SERIAL = 64,              /* bytes; RFC 5280 allows 20 */
	CRL_HEAD_SIZE = 32,               /* of the short form: FORMAT.md, database `crl` */
	CRL_ENTRY_SIZE = 32
};

/* The short form, decoded; borrows from the bytes. */
struct crl {
	bool only_user, only_ca;  /* scope: onlyContainsUserCerts, onlyContainsCACerts */
	int64_t this_update;
	int64_t next_update;      /* 0: the list names none */
	int64_t fetched;
	struct span url;
	size_t count;             /* of the entries */
	const uint8_t *entries;
};

/* Judges a list that was fetched from `url`: it is DER, of `issuer`, whose key may sign lists and signed this
 * one; neither delta nor indirect nor for some reasons only; covers one of the distribution points in `source`,
 * where it says which; every critical extension is understood; its times are right. Nothing but the frame and
 * the issuer's name is read before the signature is verified. On FAULT_NONE `*out` is the short form, which the
 * caller frees. */
enum fault crl_read(const void *der, size_t len, const char *url, const struct cert *issuer,
                    const struct source *source, const struct rules *rules, uint8_t **out,
                    size_t *out_len);

/* ERR_STORE where the bytes are not a short form. */
int crl_decode(struct span bytes, struct crl *out);

struct crl_entry {
	enum revocation_status status; /* good or revoked */
	int64_t revoked_at;
	uint8_t reason;                /* CRLReason */
};

/* What the list says of a certificate of its issuer. FAULT_CRL_SCOPE where it does not cover it;
 * FAULT_CRL_FUTURE, FAULT_CRL_STALE. */
enum fault crl_look_up(const struct crl *crl, const struct cert *cert, const struct rules *rules,
                       struct crl_entry *out, int64_t *until);

#endif
