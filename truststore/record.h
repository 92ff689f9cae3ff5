/* The records of the store: bytes to structs and back (FORMAT.md).
 *
 * Every encoder writes big-endian fields, a version byte first; every decoder takes any
 * bytes and answers ERR_STORE where they are not such a record. Texts in a decoded record
 * borrow from the bytes and are no C strings: use their length.
 */
#ifndef TVS_RECORD_H
#define TVS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/answer.h"
#include "truststore/base/digest.h"
#include "truststore/store.h"

struct text { /* borrowed, not terminated */
	const char *bytes;
	size_t len;
};
struct text text_of(const char *string); /* NULL gives the empty text */

/* An encoded record; belongs to the caller, freed with record_free. */
struct record {
	uint8_t *bytes;
	size_t len;
};
void record_free(struct record *record);

/* `cert`: the certificate and its summary, so that lists need no X.509 parsing. */
struct cert_record {
	int64_t added, not_before, not_after;
	bool self_signed, is_ca;
	uint16_t key_bits;
	struct text key_type, signature, subject, issuer, common_name, serial; /* serial: upper-case hexadecimal */
	struct text label, owner;
	struct digest subject_key, issuer_key, issuer_serial_key; /* cert.h: what the indexes hold */
	struct span der;
};
int cert_record_encode(const struct cert_record *in, struct record *out);
int cert_record_decode(struct span bytes, struct cert_record *out);

/* `store`: a trust store. The key is its name in lower case. */
enum same_subject { SAME_SUBJECT_REPLACE = 0, SAME_SUBJECT_KEEP = 1 };
struct store_record {
	struct text name; /* as printed */
	uint32_t roles;   /* a set; 0: gives none */
	uint32_t ttl;     /* seconds */
	enum same_subject same_subject;
};
int store_record_encode(const struct store_record *in, struct record *out);
int store_record_decode(struct span bytes, struct store_record *out);

/* `member`: key store name in lower case, NUL, SHA-256. */
struct member_record {
	uint32_t roles;     /* a subset of the store's, if `own_roles`; else the store's count */
	bool own_roles;
	uint32_t ttl;       /* 0: the store's */
	int64_t until;      /* CLOCK_NEVER: no end */
	int64_t since;
	struct text origin; /* "hand", "own", "cluster NAME", "import" ... */
};
int member_record_encode(const struct member_record *in, struct record *out);
int member_record_decode(struct span bytes, struct member_record *out);

/* `block` and `tombstone`: when, why and by whom (origin as in a membership). */
struct mark_record {
	int64_t when;
	struct text why, origin;
};
int mark_record_encode(const struct mark_record *in, struct record *out);
int mark_record_decode(struct span bytes, struct mark_record *out);

/* `revocation`: written by ocspcheck, read when an answer is derived. */
struct revocation_record {
	enum revocation_status status;
	int64_t until;       /* when it stops to count (answer.h); CLOCK_NEVER: no bound */
	int64_t this_update, next_update; /* of the response that says so; 0: none */
	int64_t checked, next_check;      /* last attempt, next attempt */
	int64_t revoked_at;
	uint8_t reason;      /* CRLReason, RFC 5280 5.3.1 */
	uint16_t failures;   /* attempts without a usable answer since the last one */
	struct text source;  /* URL that answered */
	struct text error;   /* error word of the last attempt, "" when it worked */
};
int revocation_record_encode(const struct revocation_record *in, struct record *out);
int revocation_record_decode(struct span bytes, struct revocation_record *out);

/* `identity`: an own certificate. The key is its purpose in lower case. */
struct identity_record {
	struct text purpose;  /* as printed */
	bool has_cert;
	struct digest cert;   /* in `cert` and a member of its stores */
	struct text key;      /* reference of the private key: a file's name in the keys directory, or a PKCS#11 URI */
	int64_t renewed;      /* when it last replaced another; 0: never */
	int64_t created;
	struct span csr;      /* pending PKCS#10, DER; empty: none */
	struct text csr_key;  /* its private key */
	int64_t csr_created;
};
int identity_record_encode(const struct identity_record *in, struct record *out);
int identity_record_decode(struct span bytes, struct identity_record *out);

/* `change`: one line of the log. The key is its revision. */
enum change_action { /* the numbers stand in the store */
	CHANGE_ADD = 1, CHANGE_REMOVE, CHANGE_REPLACE, CHANGE_END, CHANGE_BLOCK, CHANGE_UNBLOCK,
	CHANGE_STORE, CHANGE_IDENTITY, CHANGE_REVOCATION, CHANGE_LABEL, CHANGE_RESTORE, CHANGE_UPDATE,
	CHANGE_OTHER, CHANGE_ACTION_COUNT
};
const char *change_action_name(enum change_action action); /* "add" */
struct change_record {
	int64_t when;
	uint64_t batch;       /* revision of the first change of the same transaction */
	enum change_action action;
	bool has_cert;
	struct digest cert;
	struct text store, who, detail;
	struct span before;   /* encoded membership or mark as it was, empty if none */
	struct span left, left_revocation; /* encoded certificate and revocation record, where the certificate left the database; else empty */
};
int change_record_encode(const struct change_record *in, struct record *out);
int change_record_decode(struct span bytes, struct change_record *out);

/* Keys that are more than a digest. Each returns the length. */
enum { RECORD_NAME_MAX = 64, MEMBER_KEY_MAX = RECORD_NAME_MAX + 1 + DIGEST_SIZE, EXPIRY_KEY_SIZE = 8 + DIGEST_SIZE,
       ENDING_KEY_MAX = 8 + MEMBER_KEY_MAX,
       REVOKED_PREFIX_SIZE = sizeof "revoked", REVOKED_KEY_SIZE = REVOKED_PREFIX_SIZE + DIGEST_SIZE };
size_t store_key(const char *name, size_t len, uint8_t out[RECORD_NAME_MAX]); /* lower case */
/* A key of `member` and `tombstone` taken apart; the name is the key's, in lower case. ERR_STORE. */
int member_key_split(struct span key, struct text *store_name, struct digest *cert);
size_t member_key(const char *store_name, const struct digest *cert, uint8_t out[MEMBER_KEY_MAX]);
size_t expiry_key(int64_t not_after, const struct digest *cert, uint8_t out[EXPIRY_KEY_SIZE]);
size_t revoked_key(const struct digest *cert, uint8_t out[REVOKED_KEY_SIZE]); /* of `mark` */
void revision_key(uint64_t revision, uint8_t out[8]);
size_t ending_key(int64_t until, const void *member_key, size_t member_key_len, uint8_t out[ENDING_KEY_MAX]);
int64_t expiry_key_time(struct span key); /* of both */

#endif
