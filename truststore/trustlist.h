/* Trust list files of phones (ITLFile.tlv, CTLFile.tlv): who signed one, and the certificates in it. */
#ifndef TVS_TRUSTLIST_H
#define TVS_TRUSTLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/store.h"

enum {
	TRUSTLIST_MAX_BYTES = 1 << 21, /* what phones fetch */
	TRUSTLIST_MAX_RECORDS = 512
};

/* All texts and bytes borrow from the file's; the texts end in NUL there. */
struct trustlist {
	const char *signer, *issuer; /* subject and issuer of the certificate that signed */
	struct span serial;          /* magnitude */
	uint8_t digest;              /* 1: SHA-1, 3: SHA-512 */
	struct span signature;
	size_t signature_at;         /* where its element begins */
	struct trustlist_record {
		unsigned role;       /* as it stands there: 0 SAST, 2 CCM+TFTP, 3 TFTP ... */
		struct span der;     /* certificate; empty: the record has none */
		struct span serial;
		const char *issuer;
	} records[TRUSTLIST_MAX_RECORDS];
	size_t count;
};

/* Reads one; `name` stands in messages. ERR_MALFORMED says where and what, ERR_LIMIT. */
int trustlist_parse(const char *name, const uint8_t *bytes, size_t len, struct trustlist *out, struct err *err);

/* The record of the certificate that signed: role SAST, issuer and serial number of the header; NULL where there is none. */
const struct trustlist_record *trustlist_signer(const struct trustlist *list);

/* ERR_REFUSED unless that certificate's key signed the file. */
int trustlist_verify(const char *name, const uint8_t *bytes, size_t len, const struct trustlist *list, struct err *err);

#endif
