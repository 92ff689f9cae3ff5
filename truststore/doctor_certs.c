/* doctor: what the store holds. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/backup.h"
#include "truststore/base/clock.h"
#include "truststore/doctor_priv.h"
#include "truststore/identity.h"
#include "truststore/keyfile.h"
#include "truststore/mic.h"
#include "truststore/owner.h"
#include "truststore/record_priv.h"
#include "truststore/trust_priv.h"

enum { RSA_MIN = 2048, EC_MIN = 256, LIST_MAX = 39 /* requirement C2 */, CERTMON_PATIENCE = 2 * 86400 };

struct counting {
	struct doctor *doctor;
	size_t count;
};

static void count_difference(const char *difference, void *arg)
{
	struct counting *counting = arg;
	if (++counting->count <= DOCTOR_SHOWN)
		doctor_find(counting->doctor, DOCTOR_ERROR, "restore a backup (truststore restore)", "%s", difference);
}

static void rest(const struct counting *counting, enum doctor_severity severity, const char *todo, const char *what)
{
	if (counting->count > DOCTOR_SHOWN)
		doctor_find(counting->doctor, severity, todo, "%zu more %s", counting->count - DOCTOR_SHOWN, what);
}

void doctor_verify(struct doctor *doctor)
{
	struct counting counting = { .doctor = doctor };
	struct err err;
	if (trust_verify(doctor->txn, count_difference, &counting, &err))
		doctor_find(doctor, DOCTOR_ERROR, "restore a backup (truststore restore)", "%s", err_text(&err));
	rest(&counting, DOCTOR_ERROR, "see truststore verify", "differences in the database");
}

static bool weak_hash(struct text signature)
{
	return memmem(signature.bytes, signature.len, "SHA1", 4) || memmem(signature.bytes, signature.len, "MD5", 3) ||
	       memmem(signature.bytes, signature.len, "MD2", 3);
}

static bool weak_key(const struct cert_record *cert)
{
	if (text_is(cert->key_type, "RSA"))
		return cert->key_bits < RSA_MIN;
	if (text_is(cert->key_type, "EC"))
		return cert->key_bits < EC_MIN;
	return text_is(cert->key_type, "DSA");
}

static void check_dates(struct doctor *doctor, const char *name, const struct cert_record *cert)
{
	char when[CLOCK_TEXT_SIZE];
	clock_format(cert->not_after, when);
	if (cert->not_after < doctor->now)
		doctor_find(doctor, DOCTOR_ERROR, "renew it (truststore identity regenerate, or csr and install)",
		            "the own certificate for %s has expired: %s", name, when);
	else if (cert->not_after - doctor->now < DOCTOR_SOON)
		doctor_find(doctor, DOCTOR_WARNING, "renew it, and let the phones learn the new one before the old one ends",
		            "the own certificate for %s expires soon: %s", name, when);
	if (cert->not_before > doctor->now)
		doctor_find(doctor, DOCTOR_ERROR, "set the clock", "the own certificate for %s is not valid yet: from %s", name,
		            clock_format(cert->not_before, when));
}

static void check_key(struct doctor *doctor, enum purpose purpose)
{
	struct identity identity;
	struct owner owner;
	gnutls_privkey_t key = NULL;
	struct err err;
	int code = identity_get(doctor->txn, purpose, &identity, &err);
	if (!code)
		code = owner_enter(doctor->path, &owner, &err);
	if (!code) {
		code = identity_key_load(&identity, doctor->keys, &key, &err);
		owner_leave(&owner);
	}
	if (code)
		doctor_find(doctor, DOCTOR_ERROR, "restore its key from a backup with keys, or make a new certificate",
		            "%s: %s", purpose_rule(purpose)->name, err_text(&err));
	if (key)
		gnutls_privkey_deinit(key);
	identity_deinit(&identity);
}

/* A request whose key is gone can only be made anew: what a CA makes of it would be refused. */
static void check_request(struct doctor *doctor, enum purpose purpose)
{
	struct identity_record record;
	char *reference, *location = NULL;
	gnutls_privkey_t key = NULL;
	struct err err;
	if (identity_record_get(doctor->txn, purpose, &record, NULL) || !record.csr.len)
		return;
	reference = strndup(record.csr_key.bytes, record.csr_key.len);
	int code = reference ? keyfile_locate(doctor->keys, reference, &location, &err)
	                     : err_set(&err, ERR_MEMORY, "no memory for the name of a key");
	if (!code)
		code = keyfile_load_as_owner(doctor->path, location, &key, &err);
	if (code)
		doctor_find(doctor, DOCTOR_WARNING, "restore its key from a backup with keys, or make a new request",
		            "the pending request for %s: %s", purpose_rule(purpose)->name, err_text(&err));
	if (key)
		gnutls_privkey_deinit(key);
	free(location);
	free(reference);
}

/* The own certificate's record; false where there is none. */
static bool own_cert(struct doctor *doctor, enum purpose purpose, struct cert_record *out)
{
	struct identity_record identity;
	return !identity_record_get(doctor->txn, purpose, &identity, NULL) && identity.has_cert &&
	       !trust_cert_get(doctor->txn, &identity.cert, out);
}

/* Whoever meets it and asks is told not to trust it. */
static void check_distrust(struct doctor *doctor, enum purpose purpose)
{
	struct identity_record identity;
	struct answer answer;
	const char *name = purpose_rule(purpose)->name;
	if (identity_record_get(doctor->txn, purpose, &identity, NULL) || trust_answer(doctor->txn, &identity.cert, &answer))
		return;
	if (answer.blocked)
		doctor_find(doctor, DOCTOR_ERROR, "make a new one (truststore identity new), or take the block back (truststore unblock)",
		            "the own certificate for %s is blocked", name);
	if (answer.revocation == REVOCATION_REVOKED)
		doctor_find(doctor, DOCTOR_ERROR, "make a new one (truststore identity new, or csr and install)",
		            "the own certificate for %s is revoked", name);
}

void doctor_identities(struct doctor *doctor)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		const char *name = purpose_rule((enum purpose)i)->name;
		struct cert_record cert;
		check_request(doctor, (enum purpose)i);
		if (!own_cert(doctor, (enum purpose)i, &cert))
			continue;
		check_dates(doctor, name, &cert);
		check_distrust(doctor, (enum purpose)i);
		if (weak_key(&cert))
			doctor_find(doctor, DOCTOR_WARNING, "make a new one with a longer key",
			            "the own certificate for %s has a weak key (%u bits)", name, cert.key_bits);
		if (weak_hash(cert.signature))
			doctor_find(doctor, DOCTOR_WARNING, "make a new one with SHA-256",
			            "the own certificate for %s is signed with %.*s", name, (int)cert.signature.len,
			            cert.signature.bytes);
		check_key(doctor, (enum purpose)i);
	}
	struct cert_record tvs;
	const char *certificate = conf_text(doctor->conf, "tvsd", "certificate");
	if (!strcmp(certificate, "identity") && !own_cert(doctor, PURPOSE_TVS, &tvs))
		doctor_find(doctor, DOCTOR_ERROR, "make one: truststore identity new TVS",
		            "there is no own certificate for TVS, without which tvsd does not start");
}

/* When the own certificate whose key is in a file was made, installed or renewed; 0: there is none. */
static int64_t changed_at(struct doctor *doctor, enum purpose purpose)
{
	enum { SCHEME = sizeof "pkcs11:" - 1 };
	struct identity_record identity;
	struct cert_record cert;
	if (!own_cert(doctor, purpose, &cert) || identity_record_get(doctor->txn, purpose, &identity, NULL) ||
	    (identity.key.len > SCHEME && keyfile_is_uri(identity.key.bytes)))
		return 0;
	return cert.added > identity.renewed ? cert.added : identity.renewed;
}

/* Requirement C11. */
void doctor_backup(struct doctor *doctor)
{
	static const char todo[] = "make one, and keep it in a safe place: truststore backup FILE --with-keys";
	struct backup_last last;
	char was[CLOCK_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
	int64_t changed = 0;
	enum purpose newest = PURPOSE_TVS;
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		int64_t at = changed_at(doctor, (enum purpose)i);
		if (at > changed) {
			changed = at;
			newest = (enum purpose)i;
		}
	}
	if (!changed)
		return;
	if (backup_last_get(doctor->txn, &last))
		doctor_find(doctor, DOCTOR_NOTE, todo,
		            "no backup with private keys was made: if this server is lost, phones must be unlocked by hand");
	else if (last.made < changed)
		doctor_find(doctor, DOCTOR_NOTE, todo, "the last backup with private keys is of %s, the own certificate for %s of %s",
		            clock_format(last.made, was), purpose_rule(newest)->name, clock_format(changed, when));
}

/* Two anchors that end together cannot be renewed one after the other while phones still trust one of them. */
void doctor_anchors(struct doctor *doctor)
{
	enum { YEAR = 365 * 86400 };
	for (int a = 0; a < PURPOSE_COUNT; a++)
		for (int b = a + 1; b < PURPOSE_COUNT; b++) {
			struct cert_record one, two;
			char when[CLOCK_TEXT_SIZE];
			if (!purpose_rule((enum purpose)a)->anchor || !purpose_rule((enum purpose)b)->anchor ||
			    !own_cert(doctor, (enum purpose)a, &one) || !own_cert(doctor, (enum purpose)b, &two))
				continue;
			int64_t apart = one.not_after > two.not_after ? one.not_after - two.not_after
			                                              : two.not_after - one.not_after;
			int64_t first = one.not_after < two.not_after ? one.not_after : two.not_after;
			if (apart < DOCTOR_SOON)
				doctor_find(doctor, first - doctor->now < YEAR ? DOCTOR_WARNING : DOCTOR_NOTE,
				            "renew one of them well before, with the waiting time between the two",
				            "the own certificates for %s and %s, by which phones learn everything else, expire within 30 days of each other, the first at %s",
				            purpose_rule((enum purpose)a)->name, purpose_rule((enum purpose)b)->name,
				            clock_format(first, when));
		}
}

struct trusted {
	struct doctor *doctor;
	struct counting keys, hashes;
	size_t expired;
};

bool doctor_is_own(struct doctor *doctor, const struct digest *id)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		struct identity_record identity;
		if (!identity_record_get(doctor->txn, (enum purpose)i, &identity, NULL) && identity.has_cert &&
		    digest_equal(&identity.cert, id))
			return true;
	}
	return false;
}

static int check_trusted(const struct digest *id, const struct cert_record *cert, void *arg, struct err *err)
{
	struct trusted *trusted = arg;
	char name[TRUST_NAME_SIZE];
	(void)err;
	trusted->expired += cert->not_after < trusted->doctor->now;
	bool key = weak_key(cert), hash = !key && !cert->self_signed && weak_hash(cert->signature); /* its own signature proves nothing */
	if ((!key && !hash) || doctor_is_own(trusted->doctor, id))
		return ERR_OK;
	trust_name(id, cert->subject, name);
	if (key && ++trusted->keys.count <= DOCTOR_SHOWN)
		doctor_find(trusted->doctor, DOCTOR_WARNING, "ask its owner for a newer one", "%s has a weak key: %.*s of %u bits",
		            name, (int)cert->key_type.len, cert->key_type.bytes, (unsigned)cert->key_bits);
	if (hash && ++trusted->hashes.count <= DOCTOR_SHOWN)
		doctor_find(trusted->doctor, DOCTOR_NOTE, "ask its owner for a newer one",
		            "%s is signed with a weak hash: %.*s", name, (int)cert->signature.len, cert->signature.bytes);
	return ERR_OK;
}

void doctor_trusted(struct doctor *doctor)
{
	struct trusted trusted = { doctor, { .doctor = doctor }, { .doctor = doctor }, 0 };
	struct err err;
	if (trust_cert_each(doctor->txn, check_trusted, &trusted, &err))
		doctor_find(doctor, DOCTOR_ERROR, "run truststore verify", "%s", err_text(&err));
	rest(&trusted.keys, DOCTOR_WARNING, "see truststore list", "certificates with a weak key");
	rest(&trusted.hashes, DOCTOR_NOTE, "see truststore list", "certificates with a weak hash");
	if (trusted.expired)
		doctor_find(doctor, DOCTOR_NOTE, "look at them (truststore list --expired) and remove them",
		            "%zu certificate%s stored that %s expired", trusted.expired, trusted.expired == 1 ? " is" : "s are",
		            trusted.expired == 1 ? "has" : "have");
}

static int check_mic(const struct store_record *store, const struct digest *id, const struct member_record *member,
                     void *arg, struct err *err)
{
	struct doctor *doctor = arg;
	struct cert_record cert;
	char name[TRUST_NAME_SIZE];
	(void)store;
	(void)member;
	(void)err;
	if (!trust_cert_get(doctor->txn, id, &cert) && mic_is_root(cert.common_name.bytes, cert.common_name.len))
		doctor_find(doctor, DOCTOR_WARNING,
		            "remove it from there unless phones are onboarded by these certificates; in CAPF-trust it may stay",
		            "%s, a root of certificates that phones are made with, is in CallManager-trust: every such phone is trusted",
		            trust_name(id, cert.subject, name));
	return ERR_OK;
}

void doctor_mic(struct doctor *doctor)
{
	struct err err;
	int code = trust_member_each_of_store(doctor->txn, "CallManager-trust", check_mic, doctor, &err);
	if (code)
		doctor_find(doctor, DOCTOR_ERROR, "run truststore verify", "%s", err_text(&err));
}

/* What a trust list file would hold: all that have a role but for web servers, about which phones ask. */
static int count_listed(const struct digest *id, const struct cert_record *cert, void *arg, struct err *err)
{
	struct counting *counting = arg;
	struct answer answer;
	bool listed = false;
	(void)cert;
	(void)err;
	if (trust_answer(counting->doctor->txn, id, &answer) || answer.blocked)
		return ERR_OK;
	for (int role = 0; role < ROLE_COUNT; role++)
		listed |= role != ROLE_APP_SERVER && answer.role[role].until > counting->doctor->now;
	counting->count += listed;
	return ERR_OK;
}

void doctor_list_size(struct doctor *doctor)
{
	struct counting counting = { .doctor = doctor };
	struct err err;
	if (!trust_cert_each(doctor->txn, count_listed, &counting, &err) && counting.count > LIST_MAX)
		doctor_find(doctor, DOCTOR_WARNING,
		            "leave to this service what phones can ask about, and keep the trust list to this system's own certificates",
		            "%zu certificates have a role that a trust list names: with more than %d a list is over 64 KiB, and phones cannot load it",
		            counting.count, LIST_MAX);
}

static int take_time(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	int64_t *last = arg;
	(void)revision;
	(void)err;
	if (change->when > *last)
		*last = change->when;
	return ERR_OK;
}

void doctor_clock(struct doctor *doctor)
{
	const int64_t RELEASE = 1793491200, TOO_FAR = RELEASE + INT64_C(30) * 365 * 86400; /* 2026-11-01 */
	int64_t last = 0;
	char now[CLOCK_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
	struct err err;
	uint64_t revision = txn_revision(doctor->txn);
	clock_format(doctor->now, now);
	if (doctor->now < RELEASE || doctor->now > TOO_FAR)
		doctor_find(doctor, DOCTOR_ERROR, "set the clock; validity is judged by it", "the clock says %s", now);
	if (!change_each(doctor->txn, revision > 1000 ? revision - 1000 : 1, take_time, &last, &err) &&
	    last > doctor->now + 300)
		doctor_find(doctor, DOCTOR_ERROR, "set the clock; it went back, or was wrong when the store was changed",
		            "the clock says %s, the change log %s", now, clock_format(last, when));
}

struct checked {
	int64_t last;
	size_t to_check;
};

static int take_checked(struct span key, struct span value, void *arg, struct err *err)
{
	struct checked *checked = arg;
	struct revocation_record record;
	(void)key;
	(void)err;
	if (!revocation_record_decode(value, &record) && record.checked > checked->last)
		checked->last = record.checked;
	return ERR_OK;
}

static int count_to_check(const struct digest *id, const struct cert_record *cert, void *arg, struct err *err)
{
	struct checked *checked = arg;
	(void)id;
	(void)err;
	checked->to_check += !cert->self_signed;
	return ERR_OK;
}

void doctor_ocsp(struct doctor *doctor)
{
	struct checked checked = { 0 };
	struct err err;
	int64_t interval = conf_number(doctor->conf, "ocsp", "interval");
	char when[CLOCK_TEXT_SIZE];
	if (!conf_flag(doctor->conf, "ocsp", "enable")) {
		if (conf_flag(doctor->conf, "security", "common-criteria"))
			doctor_find(doctor, DOCTOR_WARNING, "set [ocsp] enable = yes, or nothing but self-signed certificates is trusted",
			            "common-criteria wants revocation checks, and [ocsp] enable is no");
		return;
	}
	if (trust_cert_each(doctor->txn, count_to_check, &checked, &err) ||
	    txn_each(doctor->txn, STORE_REVOCATION, NULL, 0, NULL, 0, take_checked, &checked, &err)) {
		doctor_find(doctor, DOCTOR_ERROR, "run truststore verify", "%s", err_text(&err));
		return;
	}
	if (checked.to_check && checked.last < doctor->now - 2 * interval)
		doctor_find(doctor, DOCTOR_WARNING, "let ocspcheck run by its timer, and look at ocspcheck status",
		            "revocation was last checked: %s", checked.last ? clock_format(checked.last, when) : "never");
}

/* The mark that certmon leaves (FORMAT.md, "notice"). */
void doctor_certmon(struct doctor *doctor)
{
	static const char name[] = "the last run that did all its work";
	struct digest id;
	struct span value;
	struct reader reader;
	int64_t last = 0;
	char when[CLOCK_TEXT_SIZE];
	digest_of(name, sizeof name - 1, &id);
	if (!txn_get(doctor->txn, STORE_NOTICE, id.byte, DIGEST_SIZE, &value)) {
		reader_begin(&reader, value, 1);
		reader_number(&reader, 1);
		reader_time(&reader);
		reader_time(&reader);
		last = reader_time(&reader);
	}
	if (last < doctor->now - CERTMON_PATIENCE)
		doctor_find(doctor, last ? DOCTOR_WARNING : DOCTOR_NOTE, "let certmon run by its timer: nobody is told what expires",
		            "%s%s", last ? "the last complete run of certmon was at " : "certmon has done no complete run yet",
		            last ? clock_format(last, when) : "");
}
