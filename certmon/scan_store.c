#define _GNU_SOURCE /* asprintf */
#include "certmon/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certmon/words.h"
#include "ocsp/outcome.h"
#include "truststore/base/clock.h"
#include "truststore/purpose.h"
#include "truststore/trust.h"

/* The own certificates, which are few. */
struct own {
	const char *purpose; /* of the table of purposes */
	bool anchor, has_cert;
	struct digest cert;
	int64_t end;
	int64_t csr; /* since when a request waits; 0: none */
};

struct look {
	struct scan *scan;
	struct txn *txn;
	struct own own[PURPOSE_COUNT];
	size_t own_count;
};

static int take_identity(struct span key, struct span value, void *arg, struct err *err)
{
	(void)key;
	struct look *look = arg;
	struct identity_record record;
	struct cert_record cert;
	char name[RECORD_NAME_MAX + 1];
	enum purpose purpose;
	if (identity_record_decode(value, &record) || record.purpose.len > RECORD_NAME_MAX)
		return err_set(err, ERR_STORE, "a record of the identity database cannot be read");
	snprintf(name, sizeof name, "%.*s", (int)record.purpose.len, record.purpose.bytes);
	if (look->own_count == PURPOSE_COUNT || purpose_parse(name, &purpose, err))
		return ERR_OK; /* of a later version */
	struct own *own = &look->own[look->own_count++];
	own->purpose = purpose_rule(purpose)->name;
	own->anchor = purpose_rule(purpose)->anchor;
	own->has_cert = record.has_cert && !trust_cert_get(look->txn, &record.cert, &cert);
	own->cert = record.cert;
	own->end = own->has_cert ? cert.not_after : CLOCK_NEVER;
	own->csr = record.csr.len ? record.csr_created : 0;
	return ERR_OK;
}

static const struct own *own_find(const struct look *look, const struct digest *id)
{
	for (size_t i = 0; i < look->own_count; i++)
		if (look->own[i].has_cert && digest_equal(&look->own[i].cert, id))
			return &look->own[i];
	return NULL;
}

/* What the memberships of one certificate say together. */
struct belongs {
	int64_t now;
	char *stores, *first; /* all, and one to name in a command */
	uint32_t roles;
};

static int take_member(const struct store_record *store, const struct digest *cert,
                       const struct member_record *member, void *arg, struct err *err)
{
	(void)cert;
	struct belongs *belongs = arg;
	if (member->until <= belongs->now)
		return ERR_OK;
	char name[RECORD_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	belongs->roles |= member->own_roles ? member->roles : store->roles;
	if (!belongs->first)
		belongs->first = strdup(name);
	if (!belongs->first || scan_join(&belongs->stores, name))
		return err_set(err, ERR_MEMORY, "no memory");
	return ERR_OK;
}

static void belongs_deinit(struct belongs *belongs)
{
	free(belongs->stores);
	free(belongs->first);
}

/* Looks for a newer certificate of the same subject that phones accept, in one of the same stores and with the same roles. */
struct successor {
	struct look *look;
	const struct finding *old;
	const struct belongs *belongs; /* the old one's */
	bool found;
	struct digest id;
};

static bool shares_store(const struct belongs *a, const struct belongs *b)
{
	char *rest = NULL, *names = strdup(a->stores ? a->stores : "");
	bool shared = false;
	for (char *name = names ? strtok_r(names, ", ", &rest) : NULL; name && !shared; name = strtok_r(NULL, ", ", &rest))
		shared = scan_among(b->stores, name);
	free(names);
	return shared;
}

static int take_successor(const struct digest *id, void *arg, struct err *err)
{
	struct successor *search = arg;
	int64_t now = search->look->scan->now;
	struct cert_record record;
	struct answer answer;
	if (digest_equal(id, &search->old->id) || trust_cert_get(search->look->txn, id, &record) ||
	    record.not_after <= search->old->end || record.not_after <= now || record.not_before > now)
		return ERR_OK;
	if (trust_answer(search->look->txn, id, &answer) || answer.blocked || answer.revocation == REVOCATION_REVOKED)
		return ERR_OK;
	struct belongs belongs = { .now = now };
	int code = trust_member_each_of_cert(search->look->txn, id, take_member, &belongs, err);
	if (!code && !(search->belongs->roles & ~belongs.roles) && shares_store(&belongs, search->belongs)) {
		search->found = true;
		search->id = *id;
		code = ERR_STOPPED;
	}
	belongs_deinit(&belongs);
	return code;
}

static int mark_covered(struct look *look, struct finding *finding, const struct cert *cert, const struct belongs *belongs,
                        struct err *err)
{
	struct successor search = { .look = look, .old = finding, .belongs = belongs };
	int code = trust_each_by_subject(look->txn, cert_subject_key(cert), take_successor, &search, err);
	if (code && code != ERR_STOPPED)
		return code;
	char hex[DIGEST_HEX_SIZE];
	finding->covered = strdup(search.found ? digest_hex(&search.id, hex) : "");
	return finding->covered ? ERR_OK : err_set(err, ERR_MEMORY, "no memory");
}

/* A stored certificate that is to be looked at. */
struct stored {
	struct cert_record record;
	const struct own *own; /* NULL: none */
	struct belongs belongs;
	struct cert *cert;
};

static const char *affected_of(const struct stored *stored)
{
	return words_affected(stored->belongs.roles, stored->belongs.stores, stored->own ? stored->own->purpose : NULL);
}

/* What the store knows of a certificate beyond the certificate. */
static int describe(struct finding *finding, const struct stored *stored, struct err *err)
{
	const char *purpose = stored->own ? stored->own->purpose : NULL;
	char roles[ROLES_TEXT_SIZE];
	finding->identity = stored->own != NULL;
	finding->roles = strdup(roles_format(stored->belongs.roles, roles));
	finding->owner = strndup(stored->record.owner.bytes, stored->record.owner.len);
	finding->purpose = purpose ? strdup(purpose) : NULL;
	bool all = finding->roles && finding->owner && (!purpose || finding->purpose);
	return all ? ERR_OK : err_set(err, ERR_MEMORY, "no memory");
}

static int add_expiring(struct look *look, const struct stored *stored, struct err *err)
{
	bool is_new;
	int code = scan_cert(look->scan, stored->cert, stored->belongs.stores, affected_of(stored), err);
	if (code)
		return code;
	struct finding *finding = findings_add(look->scan->findings, FINDING_CERT, cert_sha256(stored->cert), &is_new);
	code = describe(finding, stored, err);
	if (!code)
		code = mark_covered(look, finding, stored->cert, &stored->belongs, err);
	if (!code && !(finding->advice = words_advice(finding, finding->purpose, stored->belongs.first)))
		code = err_set(err, ERR_MEMORY, "no memory");
	return code;
}

static int add_revoked(struct look *look, const struct stored *stored, struct err *err)
{
	struct span value;
	struct revocation_record revocation;
	const struct digest *id = cert_sha256(stored->cert);
	bool is_new;
	if (txn_get(look->txn, STORE_REVOCATION, id->byte, DIGEST_SIZE, &value) || revocation_record_decode(value, &revocation))
		return err_set(err, ERR_STORE, "what is known of a revoked certificate cannot be read: run truststore verify");
	int code = scan_revoked(look->scan, stored->cert, stored->belongs.stores, affected_of(stored), err);
	if (code)
		return code;
	struct finding *finding = findings_add(look->scan->findings, FINDING_REVOKED, id, &is_new);
	finding->since = look->scan->now;
	finding->revoked_at = revocation.revoked_at;
	finding->revoked_why = outcome_reason_name(revocation.reason);
	code = describe(finding, stored, err);
	if (!code && !(finding->advice = words_advice(finding, finding->purpose, stored->belongs.first)))
		code = err_set(err, ERR_MEMORY, "no memory");
	return code;
}

typedef int add_fn(struct look *look, const struct stored *stored, struct err *err);

/* Reads a stored certificate and hands it to `add`, if somebody uses it and wants to know. */
static int look_at(struct look *look, const struct digest *id, add_fn *add, struct err *err)
{
	struct stored stored = { .own = own_find(look, id), .belongs = { .now = look->scan->now } };
	if (trust_cert_get(look->txn, id, &stored.record))
		return err_set(err, ERR_STORE, "an index names a certificate that is not stored: run truststore verify");
	if (stored.own && !conf_flag(look->scan->settings->conf, "certmon", "identities"))
		return ERR_OK;
	int code = trust_member_each_of_cert(look->txn, id, take_member, &stored.belongs, err);
	if (!code && stored.belongs.stores)
		code = cert_parse(stored.record.der.bytes, stored.record.der.len, &stored.cert, err);
	if (!code && stored.cert)
		code = add(look, &stored, err);
	cert_free(stored.cert);
	belongs_deinit(&stored.belongs);
	return code;
}

static int take_expiring(int64_t not_after, const struct digest *id, void *arg, struct err *err)
{
	(void)not_after;
	struct look *look = arg;
	struct answer answer;
	bool known = !trust_answer(look->txn, id, &answer);
	if (known && (answer.blocked || answer.revocation == REVOCATION_REVOKED))
		return ERR_OK; /* refused already, nobody will notice its end; and that it is revoked is told apart */
	return look_at(look, id, add_expiring, err);
}

static int take_revoked(const struct digest *id, void *arg, struct err *err)
{
	struct look *look = arg;
	struct answer answer;
	if (!trust_answer(look->txn, id, &answer) && answer.blocked)
		return ERR_OK; /* the administrator knows */
	return look_at(look, id, add_revoked, err);
}

/* A finding that is no certificate: named by its words. */
static struct finding *add_words(struct scan *scan, enum finding_kind kind, char *key, char *subject)
{
	struct finding *finding = NULL;
	bool is_new;
	if (key && subject) {
		struct digest id;
		digest_of(key, strlen(key), &id);
		finding = findings_add(scan->findings, kind, &id, &is_new);
	}
	free(key);
	if (!finding) {
		free(subject);
		return NULL;
	}
	finding->subject = subject;
	finding->name = strdup(subject);
	return finding->name ? finding : NULL;
}

static int add_requests(struct look *look, struct err *err)
{
	for (size_t i = 0; i < look->own_count; i++) {
		const struct own *own = &look->own[i];
		if (!own->csr || own->csr + look->scan->settings->schedule.frequency > look->scan->now)
			continue;
		char *key, *subject;
		if (asprintf(&key, "csr %s %lld", own->purpose, (long long)own->csr) < 0)
			key = NULL;
		if (asprintf(&subject, "the signing request of %s waits for its certificate", own->purpose) < 0)
			subject = NULL;
		struct finding *finding = add_words(look->scan, FINDING_CSR, key, subject);
		if (!finding)
			return err_set(err, ERR_MEMORY, "no memory");
		finding->since = own->csr;
		finding->identity = true;
		finding->stores = strdup("own certificates");
		finding->affected = strdup("nobody yet: the old certificate stays in use until the new one is installed");
		if (asprintf(&finding->advice, "have the CA sign it and run: truststore identity install %s FILE...; if nobody wants it any more: "
		             "truststore identity csr %s --discard", own->purpose, own->purpose) < 0)
			finding->advice = NULL;
		if (!finding->stores || !finding->affected || !finding->advice)
			return err_set(err, ERR_MEMORY, "no memory");
	}
	return ERR_OK;
}

/* Adds the anchors that end within one window of the earliest; NULL when that is one alone. */
static char *anchors_within(const struct look *look, int64_t earliest, char **key)
{
	char *list = NULL;
	size_t count = 0;
	for (size_t i = 0; i < look->own_count; i++) {
		const struct own *own = &look->own[i];
		char when[CLOCK_TEXT_SIZE], hex[DIGEST_HEX_SIZE], *words;
		if (!own->anchor || own->end - earliest > SETTINGS_ANCHOR_WINDOW || own->end < earliest)
			continue;
		clock_format(own->end, when);
		if (asprintf(&words, "%s on %.10s", own->purpose, when) < 0)
			return NULL;
		scan_join(&list, words);
		free(words);
		scan_join(key, digest_hex(&own->cert, hex));
		count++;
	}
	if (count < 2) {
		free(list);
		list = NULL;
	}
	return list;
}

/* Renewing two of the phones' anchors together locks phones out: said while there is time. */
static int add_anchors(struct look *look, struct err *err)
{
	for (size_t i = 0; i < look->own_count; i++) {
		int64_t earliest = look->own[i].end;
		if (!look->own[i].anchor || earliest - look->scan->now > SETTINGS_ANCHOR_AHEAD ||
		    earliest < look->scan->now)
			continue;
		char *key = strdup("anchors"), *subject = NULL;
		char *list = anchors_within(look, earliest, &key);
		if (!list) {
			free(key);
			continue;
		}
		if (asprintf(&subject, "anchors of the phones expire within 30 days of each other: %s", list) < 0)
			subject = NULL;
		free(list);
		struct finding *finding = add_words(look->scan, FINDING_ANCHORS, key, subject);
		if (!finding)
			return err_set(err, ERR_MEMORY, "no memory");
		free(finding->name);
		finding->name = strdup("anchors of the phones expire together, the first");
		finding->end = earliest;
		finding->identity = true;
		finding->stores = strdup("own certificates");
		finding->affected = strdup("every phone is locked out if they are renewed together: it then knows none of them");
		finding->advice = strdup("renew one now, let all phones restart and learn it, wait for [truststore] anchor-wait, then renew the next");
		if (!finding->name || !finding->stores || !finding->affected || !finding->advice)
			return err_set(err, ERR_MEMORY, "no memory");
		return ERR_OK;
	}
	return ERR_OK;
}

static int look_around(struct txn *txn, void *arg, struct err *err)
{
	struct look look = { .scan = arg, .txn = txn };
	int code = txn_each(txn, STORE_IDENTITY, NULL, 0, NULL, 0, take_identity, &look, err);
	if (!code)
		code = trust_each_revoked(txn, take_revoked, &look, err);
	if (!code)
		code = trust_each_expiring(txn, look.scan->horizon, take_expiring, &look, err);
	if (!code && conf_flag(look.scan->settings->conf, "certmon", "identities"))
		code = add_requests(&look, err);
	if (!code && conf_flag(look.scan->settings->conf, "certmon", "identities"))
		code = add_anchors(&look, err);
	return code;
}

int scan_store(struct scan *scan, struct store *store, struct err *err)
{
	return store_read(store, look_around, scan, err);
}
