/* Adding a certificate to a trust store, by the rules. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

enum { KEY_BITS_MAX = 4096 }; /* requirement K10 */

static const struct span nothing = { NULL, 0 };

/* One call of trust_add. */
struct adding {
	struct txn *txn;
	const struct cert *cert;
	const struct digest *id;
	const struct trust_add *how;
	struct trust_added *out;
	struct store_record into;    /* the trust store, */
	char store[RECORD_NAME_MAX + 1];
	struct text origin;
	int64_t until;
	bool stored;                 /* in some store already */
	bool tombstone;              /* removed from this one before */
	bool member;                 /* in this one */
	struct member_record old;    /* then as it was, */
	char old_origin[TRUST_ORIGIN_MAX + 1];
	struct displaced {           /* those of the same subject that must go */
		struct digest *ids;
		size_t count, room;
	} displaced;
};

/* A rule is against it: a failure, or where `skip` is `from` or more ERR_STOPPED and an outcome. */
__attribute__((format(printf, 4, 5)))
static int refuse(struct adding *a, enum trust_skip from, struct err *err, const char *format, ...)
{
	char name[TRUST_NAME_SIZE];
	va_list args;
	va_start(args, format);
	vsnprintf(a->out->why, sizeof a->out->why, format, args);
	va_end(args);
	if (a->how->skip < from)
		return err_set(err, ERR_REFUSED, "%s: %s",
		               trust_name(a->id, text_of(cert_subject(a->cert)), name), a->out->why);
	a->out->outcome = TRUST_SKIPPED;
	return ERR_STOPPED;
}

/* What no certificate can help: wrong arguments. */
static int check_arguments(struct adding *a, struct err *err)
{
	const struct trust_add *how = a->how;
	char roles[ROLES_TEXT_SIZE];
	if (how->roles & ~a->into.roles)
		return err_set(err, ERR_REFUSED, "trust store %s does not give the role %s", a->store,
		               roles_format(how->roles & ~a->into.roles, roles));
	if (a->until <= a->txn->now)
		return err_set(err, ERR_REFUSED, "a membership in %s cannot end in the past", a->store);
	if (!a->origin.len || a->origin.len > TRUST_ORIGIN_MAX)
		return err_set(err, ERR_REFUSED, "an origin has 1 to %d bytes", TRUST_ORIGIN_MAX);
	if ((how->label && strlen(how->label) > TRUST_WORDS_MAX) ||
	    (how->owner && strlen(how->owner) > TRUST_WORDS_MAX))
		return err_set(err, ERR_LIMIT, "a label or an owner has at most %d bytes", TRUST_WORDS_MAX);
	return ERR_OK;
}

static int load_store(struct adding *a, struct err *err)
{
	int code = trust_store_known(a->txn, a->how->store, &a->into, err);
	if (code)
		return code;
	memcpy(a->store, a->into.name.bytes, a->into.name.len);
	a->into.name.bytes = a->store; /* a copy, which changes do not move */
	return ERR_OK;
}

static int load_cert(struct adding *a)
{
	struct span value;
	a->stored = false;
	if (txn_absent(a->txn, STORE_CERT, a->id->byte, DIGEST_SIZE))
		return ERR_OK;
	int code = txn_get(a->txn, STORE_CERT, a->id->byte, DIGEST_SIZE, &value);
	a->stored = !code;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* A membership that is over is ended here, and counts as none. */
static int load_member(struct adding *a, struct err *err)
{
	int code = load_cert(a);
	if (code || !a->stored)
		return code;
	code = trust_member_get(a->txn, a->store, a->id, &a->old, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	if (a->old.until <= a->txn->now) {
		code = trust_end(a->txn, a->store, a->id, CHANGE_END, "its time was over", err);
		return code ? code : load_cert(a);
	}
	a->member = true;
	snprintf(a->old_origin, sizeof a->old_origin, "%.*s", (int)a->old.origin.len,
	         a->old.origin.bytes);
	a->old.origin = text_of(a->old_origin);
	return ERR_OK;
}

static int check_certificate(struct adding *a, struct err *err)
{
	char when[CLOCK_TEXT_SIZE];
	bool breaks = false;
	if (cert_not_after(a->cert) < a->txn->now && !a->how->allow_expired)
		return refuse(a, TRUST_SKIP_MANY, err, "expired on %s", clock_format(cert_not_after(a->cert), when));
	if (cert_key_bits(a->cert) > KEY_BITS_MAX)
		return refuse(a, TRUST_SKIP_ALL, err, "its key has %u bits, more than the %d that are allowed",
		              cert_key_bits(a->cert), KEY_BITS_MAX);
	uint32_t roles = a->how->roles ? a->how->roles : a->into.roles;
	const char *forbidden = security_cert(a->how->security, a->cert, roles);
	if (forbidden)
		return refuse(a, TRUST_SKIP_ALL, err, "%s", forbidden);
	int code = trust_capf_rule(a->txn, a->cert, &breaks, err);
	if (code)
		return code;
	if (breaks)
		return refuse(a, TRUST_SKIP_ALL, err,
		              "a CA above the own CAPF certificate must not have \"CAPF-\" in its common name");
	return ERR_OK;
}

static int check_tombstone(struct adding *a, struct err *err)
{
	uint8_t key[MEMBER_KEY_MAX];
	struct span value;
	struct mark_record mark;
	char when[CLOCK_TEXT_SIZE];
	size_t len = member_key(a->store, a->id, key);
	if (txn_absent(a->txn, STORE_TOMBSTONE, key, len))
		return ERR_OK;
	int code = txn_get(a->txn, STORE_TOMBSTONE, key, len, &value);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	a->tombstone = true;
	if (a->how->again)
		return ERR_OK;
	if (mark_record_decode(value, &mark))
		return trust_broken(a->txn, STORE_TOMBSTONE, err);
	return refuse(a, TRUST_SKIP_MANY, err, "it was removed from %s on %s, and comes back only with --again", a->store,
	              clock_format(mark.when, when));
}

static int displace(struct adding *a, const struct digest *other)
{
	struct displaced *d = &a->displaced;
	if (d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 4;
		struct digest *ids = realloc(d->ids, room * sizeof *ids);
		if (!ids)
			return ERR_MEMORY;
		d->ids = ids;
		d->room = room;
	}
	d->ids[d->count++] = *other;
	return ERR_OK;
}

static int refuse_for(struct adding *a, const struct digest *other,
                      const struct cert_record *record, bool own, struct err *err)
{
	char name[TRUST_NAME_SIZE], mine[CLOCK_TEXT_SIZE], theirs[CLOCK_TEXT_SIZE];
	bool later = cert_not_before(a->cert) > record->not_before;
	a->out->has_other = true;
	a->out->other = *other;
	trust_name(other, (struct text){ "same subject", 12 }, name);
	if (own)
		return refuse(a, later ? TRUST_SKIP_ALL : TRUST_SKIP_MANY, err,
		              "%s in %s is an own certificate, and is not displaced", name, a->store);
	return refuse(a, TRUST_SKIP_MANY, err,
	              "%s in %s begins on %s, this one not later: on %s; to have this one instead, remove the other first",
	              name, a->store, clock_format(record->not_before, theirs),
	              clock_format(cert_not_before(a->cert), mine));
}

/* The rule for one other certificate of the same subject. */
static int judge_other(const struct digest *other, void *arg, struct err *err)
{
	struct adding *a = arg;
	struct member_record member;
	struct cert_record record;
	if (digest_equal(other, a->id))
		return ERR_OK;
	int code = trust_member_get(a->txn, a->store, other, &member, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	if (member.until <= a->txn->now)
		return ERR_OK;
	if (trust_cert_get(a->txn, other, &record))
		return trust_broken(a->txn, STORE_CERT, err);
	bool own = text_is(member.origin, TRUST_ORIGIN_OWN);
	if (!a->how->replace_own && (own || cert_not_before(a->cert) <= record.not_before))
		return refuse_for(a, other, &record, own, err);
	return displace(a, other);
}

/* A name without any part names nobody: it is no reason to displace one. */
static int check_subject(struct adding *a, struct err *err)
{
	const struct digest *subject = cert_subject_key(a->cert);
	if (a->into.same_subject == SAME_SUBJECT_KEEP || !cert_subject(a->cert)[0] ||
	    txn_absent(a->txn, STORE_SUBJECT, subject->byte, DIGEST_SIZE))
		return ERR_OK;
	return trust_each_by_subject(a->txn, subject, judge_other, a, err);
}

static int check_rules(struct adding *a, struct err *err)
{
	int code = check_certificate(a, err);
	if (!code)
		code = check_tombstone(a, err);
	if (!code)
		code = check_subject(a, err);
	return code;
}

/* The displaced one leaves at once, or when its time is over; never before the new one is valid. */
static int displace_one(struct adding *a, const struct digest *other, struct err *err)
{
	char hex[DIGEST_HEX_SIZE], detail[32 + DIGEST_HEX_SIZE];
	int64_t begins = cert_not_before(a->cert);
	int64_t until = a->txn->now + (a->how->keep_old > 0 ? a->how->keep_old : 0);
	snprintf(detail, sizeof detail, "replaced by %s", digest_hex(a->id, hex));
	return trust_leave(a->txn, a->store, other, until < begins ? begins : until, CHANGE_REPLACE,
	                   detail, err);
}

static int displace_all(struct adding *a, struct err *err)
{
	for (size_t i = 0; i < a->displaced.count; i++) {
		int code = displace_one(a, &a->displaced.ids[i], err);
		if (code)
			return code;
	}
	if (a->displaced.count) {
		a->out->outcome = TRUST_REPLACED;
		a->out->has_other = true;
		a->out->other = a->displaced.ids[0];
	}
	return ERR_OK;
}

static int put_record(struct txn *txn, const struct digest *id, const struct cert_record *record)
{
	struct record bytes;
	int code = cert_record_encode(record, &bytes);
	if (code)
		return code;
	code = txn_put_later(txn, STORE_CERT, id->byte, DIGEST_SIZE, bytes.bytes, bytes.len);
	record_free(&bytes);
	return code;
}

void trust_describe(const struct cert *cert, struct cert_record *out)
{
	*out = (struct cert_record){
		.not_before = cert_not_before(cert),
		.not_after = cert_not_after(cert),
		.self_signed = cert_self_signed(cert),
		.is_ca = cert_is_ca(cert),
		.key_bits = (uint16_t)cert_key_bits(cert),
		.key_type = text_of(cert_key_type(cert)),
		.signature = text_of(cert_signature(cert)),
		.subject = text_of(cert_subject(cert)),
		.issuer = text_of(cert_issuer(cert)),
		.common_name = text_of(cert_common_name(cert)),
		.serial = text_of(cert_serial_hex(cert)),
		.subject_key = *cert_subject_key(cert),
		.issuer_key = *cert_issuer_key(cert),
		.issuer_serial_key = *cert_issuer_serial_key(cert),
	};
	out->der.bytes = cert_der(cert, &out->der.len);
}

int trust_cert_put_new(struct txn *txn, const struct digest *id, const struct cert_record *record)
{
	uint8_t expiry[EXPIRY_KEY_SIZE];
	expiry_key(record->not_after, id, expiry);
	int code = put_record(txn, id, record);
	if (!code)
		code = txn_put_later(txn, STORE_EXPIRY, expiry, sizeof expiry, "", 0);
	if (!code)
		code = txn_put_later(txn, STORE_SUBJECT, record->subject_key.byte, DIGEST_SIZE, id->byte, DIGEST_SIZE);
	if (!code)
		code = txn_put_later(txn, STORE_ISSUER_SERIAL, record->issuer_serial_key.byte, DIGEST_SIZE, id->byte, DIGEST_SIZE);
	return code;
}

/* What the administrator says of a certificate that is there: `*changed` if it is something new. */
static int put_words(struct adding *a, bool *changed, struct err *err)
{
	struct cert_record record;
	const char *label = a->how->label, *owner = a->how->owner;
	*changed = false;
	if (!label && !owner)
		return ERR_OK;
	int code = trust_cert_get(a->txn, a->id, &record);
	if (code)
		return code == ERR_STORE ? trust_broken(a->txn, STORE_CERT, err) : code;
	*changed = (label && !text_is(record.label, label)) || (owner && !text_is(record.owner, owner));
	if (!*changed)
		return ERR_OK;
	if (label)
		record.label = text_of(label);
	if (owner)
		record.owner = text_of(owner);
	code = put_record(a->txn, a->id, &record);
	return code ? code : change_add(a->txn, CHANGE_LABEL, a->id, NULL, label ? label : owner, nothing);
}

/* By whom a membership is held: the administrator's own word outweighs an import, an own certificate both. */
static struct text stronger(struct text old, struct text new)
{
	if (text_is(old, TRUST_ORIGIN_OWN) || text_is(new, TRUST_ORIGIN_OWN))
		return text_of(TRUST_ORIGIN_OWN);
	return text_is(new, TRUST_ORIGIN_HAND) ? new : old;
}

static struct member_record wanted_member(const struct adding *a)
{
	const struct trust_add *how = a->how;
	struct member_record member = { .since = a->txn->now, .until = a->until, .origin = a->origin };
	if (a->member) {
		member = a->old;
		member.until = a->until;
		member.origin = stronger(a->old.origin, a->origin);
	}
	if (how->roles) {
		member.own_roles = true;
		member.roles = how->roles;
	}
	if (how->ttl)
		member.ttl = how->ttl;
	return member;
}

static bool same_member(const struct member_record *a, const struct member_record *b)
{
	return a->own_roles == b->own_roles && a->roles == b->roles && a->ttl == b->ttl &&
	       a->until == b->until && a->origin.len == b->origin.len &&
	       !memcmp(a->origin.bytes, b->origin.bytes, a->origin.len);
}

static int put_member(struct adding *a, const struct member_record *member)
{
	uint8_t key[MEMBER_KEY_MAX];
	size_t len = member_key(a->store, a->id, key);
	struct record before = { 0 };
	int code = a->member ? trust_copy(a->txn, STORE_MEMBER, key, len, &before) : ERR_OK;
	if (!code && a->tombstone)
		code = txn_delete(a->txn, STORE_TOMBSTONE, key, len);
	if (!code)
		code = trust_member_put(a->txn, a->store, a->id, a->member ? a->old.until : CLOCK_NEVER, member);
	if (!code)
		code = change_add(a->txn, a->member ? CHANGE_UPDATE : CHANGE_ADD, a->id, a->store,
		                  a->how->origin, (struct span){ before.bytes, before.len });
	record_free(&before);
	return code;
}

/* Into the first store: nothing of it is there yet, but for a block. */
static int write_new(struct adding *a, struct err *err)
{
	struct cert_record record;
	struct member_record member = wanted_member(a);
	trust_describe(a->cert, &record);
	record.added = a->txn->now;
	record.label = text_of(a->how->label);
	record.owner = text_of(a->how->owner);
	int code = trust_cert_put_new(a->txn, a->id, &record);
	if (code == ERR_LIMIT)
		return refuse(a, TRUST_SKIP_ALL, err, "its names are too long");
	if (!code)
		code = displace_all(a, err);
	if (!code)
		code = put_member(a, &member);
	return code ? code : trust_refresh_new(a->txn, a->id, &record, &a->into, &member);
}

static int write_further(struct adding *a, struct err *err)
{
	bool words;
	struct member_record member = wanted_member(a);
	int code = put_words(a, &words, err);
	if (!code)
		code = displace_all(a, err);
	if (code)
		return code;
	if (a->member && same_member(&member, &a->old)) {
		if (a->out->outcome == TRUST_ADDED)
			a->out->outcome = words ? TRUST_UPDATED : TRUST_UNCHANGED;
		return ERR_OK;
	}
	if (a->member && a->out->outcome == TRUST_ADDED)
		a->out->outcome = TRUST_UPDATED;
	code = put_member(a, &member);
	return code ? code : trust_refresh(a->txn, a->id, err);
}

/* One that is there already and will not stay longer than it does needs no rule. */
static bool stays_as_it_is(const struct adding *a)
{
	return a->member && (a->old.until == CLOCK_NEVER || a->until <= a->old.until);
}

int trust_add(struct txn *txn, const struct cert *cert, const struct trust_add *how,
              struct trust_added *out, struct err *err)
{
	struct trust_added mine;
	struct adding a = { .txn = txn, .cert = cert, .id = cert_sha256(cert), .how = how,
	                    .out = out ? out : &mine,
	                    .until = how->until ? how->until : CLOCK_NEVER,
	                    .origin = text_of(how->origin ? how->origin : TRUST_ORIGIN_HAND) };
	*a.out = (struct trust_added){ .outcome = TRUST_ADDED };
	int code = load_store(&a, err);
	if (!code)
		code = check_arguments(&a, err);
	if (!code)
		code = load_member(&a, err);
	if (code)
		return code;
	if (!stays_as_it_is(&a))
		code = check_rules(&a, err);
	if (!code)
		code = a.stored ? write_further(&a, err) : write_new(&a, err);
	free(a.displaced.ids);
	return code == ERR_STOPPED ? ERR_OK : code;
}
