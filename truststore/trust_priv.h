/* What the trust*.c files share. */
#ifndef TVS_TRUST_PRIV_H
#define TVS_TRUST_PRIV_H

#include "truststore/store_priv.h"
#include "truststore/trust.h"

#define TRUST_ORIGIN_HAND "hand"
#define TRUST_ORIGIN_OWN "own"
#define TRUST_ORIGIN_WAS_OWN "was own" /* displaced, and stays for a while */

enum { TRUST_ORIGIN_MAX = 200 };

bool text_is(struct text text, const char *word);

/* "certificate 0123456789abcdef (CN=...)" for messages. Returns `out`. */
enum { TRUST_NAME_SIZE = 288 };
char *trust_name(const struct digest *cert, struct text subject, char out[TRUST_NAME_SIZE]);

/* The sentence for a record that cannot be decoded. */
int trust_broken(struct txn *txn, enum store_db db, struct err *err);

/* trust_store_get, remembered for the next call; the name in `out` lives as long as `txn`. */
int trust_store_known(struct txn *txn, const char *name, struct store_record *out, struct err *err);

/* Memberships, with their entry in `ending`. A record that was read must not be used after a put or delete. */
int trust_member_get(struct txn *txn, const char *store, const struct digest *cert,
                     struct member_record *out, struct err *err); /* ERR_NOT_FOUND without a sentence */
/* `until` is that of the record which is there; CLOCK_NEVER where there is none. */
int trust_member_put(struct txn *txn, const char *store, const struct digest *cert,
                     int64_t until, const struct member_record *member);
int trust_member_delete(struct txn *txn, const char *store, const struct digest *cert, int64_t until);

/* A copy of a record that outlives changes; freed with record_free. */
int trust_copy(struct txn *txn, enum store_db db, const void *key, size_t key_len, struct record *out);

/* Adds what one membership gives to an answer. */
void trust_derive_member(struct answer *answer, const struct store_record *store,
                         const struct member_record *member);

/* Writes the answer record that follows from the others, and whether it is among the revoked. */
int trust_refresh(struct txn *txn, const struct digest *cert, struct err *err);

/* The same for a certificate that came into the database with this very membership. */
int trust_refresh_new(struct txn *txn, const struct digest *cert, const struct cert_record *record,
                      const struct store_record *store, const struct member_record *member);

/* Puts a certificate among the revoked (`mark`), or takes it from there. */
int trust_index_revoked(struct txn *txn, const struct digest *cert, bool revoked);

/* Ends a membership: the record goes, a line in the log says so, the certificate leaves the database if nothing
 * else holds it, or its answer follows. */
int trust_end(struct txn *txn, const char *store, const struct digest *cert, enum change_action action,
              const char *detail, struct err *err);

/* The same at a later moment, if `until` is one: the membership gets that end, unless it has an earlier one,
 * and an own certificate's stops being one. */
int trust_leave(struct txn *txn, const char *store, const struct digest *cert, int64_t until,
                enum change_action action, const char *detail, struct err *err);

/* A certificate that left the database: its records as they were; empty where it did not. */
struct trust_left {
	struct record cert, revocation;
};
void trust_left_free(struct trust_left *left);

/* After a membership or a block is gone: trust_refresh, or the certificate leaves the database. The caller frees `left` in every case;
 * NULL: not wanted. */
int trust_collect(struct txn *txn, const struct digest *cert, struct trust_left *left, struct err *err);

/* Puts a certificate with its entries in the indexes, but without an answer, into the database. */
int trust_cert_put_new(struct txn *txn, const struct digest *id, const struct cert_record *record);

/* Puts back one that left with a change; its first membership makes the answer. */
int trust_cert_restore(struct txn *txn, const struct change_record *change, struct err *err);

/* True if `cert` is a CA above the own CAPF certificate and bears a name of a CAPF certificate (K12). */
int trust_capf_rule(struct txn *txn, const struct cert *cert, bool *breaks, struct err *err);

#endif
