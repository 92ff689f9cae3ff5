/* Which phones cannot use a certificate, although it may be stored. */
#ifndef TVS_PHONEFIT_H
#define TVS_PHONEFIT_H

#include "truststore/base/cert.h"

enum phonefit {
	PHONEFIT_RSA_LARGE, /* over 2048 bits */
	PHONEFIT_RSA_SMALL, /* under 2048 bits */
	PHONEFIT_EC,
	PHONEFIT_NO_PHONE,  /* Ed25519, Ed448, DSA and others */
	PHONEFIT_SHA1,
	PHONEFIT_MD5,
	PHONEFIT_PSS,
	PHONEFIT_VERSION,   /* not version 3 */
	PHONEFIT_COUNT
};

/* A set of bits 1 << PHONEFIT_...; 0: every phone can use it. */
unsigned phonefit_of(const struct cert *cert);

/* "an RSA key of more than 2048 bits: phones of the 7900 series cannot use it" */
const char *phonefit_text(enum phonefit what);

#endif
