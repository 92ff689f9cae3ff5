/* Certificates of issuers, found in the store; each is parsed once for all that it issued. */
#ifndef TVS_OCSP_ISSUERS_H
#define TVS_OCSP_ISSUERS_H

#include "truststore/base/cert.h"
#include "truststore/store.h"

enum { ISSUERS_KEPT = 64 }; /* that nobody uses at the moment */

struct issuers;
struct issuer;

struct issuers *issuers_new(void); /* NULL when there is no memory */
void issuers_free(struct issuers *issuers);

/* The stored certificate whose key signed `cert`. `*out` is NULL where there is none; else the caller gives it
 * back with issuers_release, which takes NULL. */
int issuers_find(struct issuers *issuers, struct txn *txn, const struct cert *cert,
                 struct issuer **out, struct err *err);
void issuers_release(struct issuers *issuers, struct issuer *issuer);

const struct cert *issuer_cert(const struct issuer *issuer); /* NULL for NULL */

#endif
