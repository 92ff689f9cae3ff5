/* What the store means: memberships, blocks, tombstones, and the answer that follows.
 *
 * Every function here works inside a transaction of store.h, keeps all databases in step, derives
 * the `answer` record anew for each certificate that it touches, and adds its lines to the change log.
 */
#ifndef TVS_TRUST_H
#define TVS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/answer.h"
#include "truststore/base/cert.h"
#include "truststore/record.h"
#include "truststore/security.h"
#include "truststore/store.h"

/* Trust stores. Names are compared without case. */
int trust_store_get(struct txn *txn, const char *name, struct store_record *out, struct err *err); /* ERR_NOT_FOUND lists the names */
int trust_store_name(struct txn *txn, const char *name, char out[RECORD_NAME_MAX + 1], struct err *err); /* as it is printed; likewise */
int trust_store_put(struct txn *txn, const struct store_record *store, struct err *err); /* adds or changes; answers follow */
typedef int trust_store_fn(const struct store_record *store, void *arg, struct err *err);
int trust_store_each(struct txn *txn, trust_store_fn *each, void *arg, struct err *err);
size_t trust_store_count(struct txn *txn, const char *name); /* members */

/* Which of the rules of trust_add leave a certificate out, with a word of it, instead of refusing it. */
enum trust_skip {
	TRUST_SKIP_NONE,
	TRUST_SKIP_MANY, /* one of many: what has expired, was removed before, or begins not later than one of its subject */
	TRUST_SKIP_ALL   /* each certificate stands for itself: an import */
};

/* How a certificate becomes a member. */
struct trust_add {
	const char *store;
	uint32_t roles;       /* 0: all of the store's; else a subset of them, or ERR_REFUSED */
	uint32_t ttl;         /* 0: the store's */
	int64_t until;        /* CLOCK_NEVER or 0: no end */
	const char *label, *owner; /* NULL: none, and what is there stays */
	const char *origin;   /* NULL: "hand" */
	bool again;           /* although it was removed before */
	bool replace_own;     /* for identity only: an own certificate may be displaced */
	int64_t keep_old;     /* seconds for which a displaced one stays; 0: not at all */
	bool allow_expired;   /* [security] expired = allow */
	const struct security *security; /* what its modes forbid; NULL: nothing */
	enum trust_skip skip;
};
enum trust_outcome {
	TRUST_ADDED, TRUST_UNCHANGED, TRUST_UPDATED, /* new roles, TTL, label ... */
	TRUST_REPLACED,  /* added, and an older one of the same subject left or will leave */
	TRUST_SKIPPED    /* `why` says what rule */
};
struct trust_added {
	enum trust_outcome outcome;
	bool has_other;
	struct digest other;  /* the one replaced, or the one that stands in the way */
	char why[256];        /* after ERR_REFUSED too; empty if it was not the certificate that was refused */
};
enum { TRUST_WORDS_MAX = 1000 }; /* bytes of a label or an owner */

/* Adds one certificate to one store by the rules. ERR_REFUSED names certificate and rule. `out` may be NULL.
 *
 * One that is there already changes only where something else is asked for (roles, TTL, end, label, owner; and
 * what an import brought is held by hand once it was added by hand). Else, in this order: not expired; a key of
 * at most 4096 bits; allowed by the modes; no CA with "CAPF-" in its name above the own CAPF certificate; not
 * removed before, unless `again`; and of one subject (compared as a whole, name.h) only one in a store that
 * says so: a later not-before displaces the other, an equal or earlier one is refused. The other stays for
 * `keep_old`, and in any case until the new one is valid. An empty subject displaces nobody.
 *
 * Another certificate with the same issuer and serial number is no obstacle: its bytes are another's, so it is
 * trusted apart, and CAs of one's own number their renewed certificates alike; a query chooses among them. */
int trust_add(struct txn *txn, const struct cert *cert, const struct trust_add *how,
              struct trust_added *out, struct err *err);

/* What a record says of the certificate itself; when it was added, label and owner are the caller's. Borrows
 * from `cert`. */
void trust_describe(const struct cert *cert, struct cert_record *out);

/* Ends a membership and remembers that (tombstone) unless `forget`. ERR_NOT_FOUND if it is no member; ERR_REFUSED for
 * an own certificate. A certificate that is in no store any more and has no block leaves the database. */
int trust_remove(struct txn *txn, const char *store, const struct digest *cert, const char *why,
                 bool forget, struct err *err);

/* The own certificate `cert` is one no more: its membership ends now, or after `keep` seconds. For identity, where
 * the one that replaces it has another subject; the same-subject rule does it otherwise. */
int trust_retire(struct txn *txn, const char *store, const struct digest *cert, int64_t keep, struct err *err);

/* Distrust that wins over every membership; the certificate need not be stored. */
int trust_block(struct txn *txn, const struct digest *cert, const char *why, struct err *err); /* ERR_EXISTS */
int trust_unblock(struct txn *txn, const struct digest *cert, struct err *err);                /* ERR_NOT_FOUND */

/* Writes what a revocation check found; the answer follows in the same transaction. A certificate that is revoked stays
 * so until a `good` whose thisUpdate is later: of anything else only the attempt is noted. The change log has
 * a line where the status is another than before. ERR_NOT_FOUND if the certificate is not stored. */
int trust_set_revocation(struct txn *txn, const struct digest *cert, const struct revocation_record *found, struct err *err);

/* Ends memberships whose time is over. Called by writers now and then; answers do not depend on it. */
int trust_sweep(struct txn *txn, int64_t now, struct err *err);

/* Looking. Records borrow from the transaction. */
int trust_cert_get(struct txn *txn, const struct digest *cert, struct cert_record *out); /* ERR_NOT_FOUND */
typedef int trust_cert_fn(const struct digest *id, const struct cert_record *cert, void *arg, struct err *err);
int trust_cert_each(struct txn *txn, trust_cert_fn *each, void *arg, struct err *err);
typedef int trust_member_fn(const struct store_record *store, const struct digest *cert,
                            const struct member_record *member, void *arg, struct err *err);
int trust_member_each_of_cert(struct txn *txn, const struct digest *cert, trust_member_fn *each, void *arg, struct err *err);
int trust_member_each_of_store(struct txn *txn, const char *store, trust_member_fn *each, void *arg, struct err *err);
typedef int trust_id_fn(const struct digest *cert, void *arg, struct err *err);
int trust_each_by_subject(struct txn *txn, const struct digest *subject_key, trust_id_fn *each, void *arg, struct err *err);
int trust_each_by_issuer_serial(struct txn *txn, const struct digest *key, trust_id_fn *each, void *arg, struct err *err);
typedef int trust_expiry_fn(int64_t not_after, const struct digest *cert, void *arg, struct err *err);
int trust_each_expiring(struct txn *txn, int64_t before, trust_expiry_fn *each, void *arg, struct err *err); /* from the earliest on */

/* The stored certificates whose answer says revoked, through an index: the others cost nothing. */
int trust_each_revoked(struct txn *txn, trust_id_fn *each, void *arg, struct err *err);

/* The stored certificate or block that a prefix names. ERR_NOT_FOUND, ERR_AMBIGUOUS with both named. */
int trust_resolve(struct txn *txn, const struct digest_prefix *prefix, struct digest *out, struct err *err);

/* The answer record of a certificate. ERR_NOT_FOUND. */
int trust_answer(struct txn *txn, const struct digest *cert, struct answer *out);

/* Derives the answer anew from the other databases: the one place that does. ERR_NOT_FOUND when nothing is
 * known of it. */
int trust_derive(struct txn *txn, const struct digest *cert, struct answer *out, struct err *err);

/* The change log. `change_add` fills in revision, time, batch and who. */
int change_add(struct txn *txn, enum change_action action, const struct digest *cert, const char *store,
               const char *detail, struct span before);
int change_put(struct txn *txn, const struct change_record *change); /* the same with all fields that the caller gave */
typedef int change_fn(uint64_t revision, const struct change_record *change, void *arg, struct err *err);
int change_each(struct txn *txn, uint64_t from_revision, change_fn *each, void *arg, struct err *err);

/* Checks every database against the others; `each` gets one sentence a difference. Returns 0 when it could look
 * at everything. */
int trust_verify(struct txn *txn, void (*each)(const char *difference, void *arg), void *arg, struct err *err);

/* The policy that the configuration asks for. */
struct conf;
void trust_policy(const struct conf *conf, struct answer_policy *out);

#endif
