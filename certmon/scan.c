#define _GNU_SOURCE /* asprintf */
#include "certmon/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certmon/notice.h"
#include "certmon/ways.h"
#include "certmon/words.h"
#include "truststore/base/text.h"
#include "truststore/certinfo.h"

bool scan_among(const char *list, const char *words)
{
	size_t len = strlen(words);
	for (const char *at = list; len && at && (at = strstr(at, words)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

int scan_join(char **list, const char *words)
{
	char *longer;
	if (scan_among(*list, words))
		return ERR_OK;
	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list && **list ? ", " : "", words) < 0)
		return ERR_MEMORY;
	free(*list);
	*list = longer;
	return ERR_OK;
}

enum { NAMES_SHOWN = 20, NAME_SIZE = 1024 };

struct names {
	char **list;
	size_t count;
	int code;
};

static void take_name(const char *text, size_t len, void *arg)
{
	struct names *names = arg;
	char clean[NAME_SIZE];
	if (names->count++ >= NAMES_SHOWN || names->code)
		return;
	text_escape(clean, sizeof clean, text, len, "");
	names->code = scan_join(names->list, clean);
}

/* Subject alternative names: "DNS:host, IP:192.0.2.1", the first of them. */
static int join_names(char **list, const struct cert *cert)
{
	struct names names = { .list = list };
	certinfo_names(cert, take_name, &names);
	char more[64];
	snprintf(more, sizeof more, "and %zu more", names.count > NAMES_SHOWN ? names.count - NAMES_SHOWN : 0);
	return names.code || names.count <= NAMES_SHOWN ? names.code : scan_join(list, more);
}

static int fill(struct finding *finding, const struct cert *cert)
{
	finding->end = cert_not_after(cert);
	finding->subject = strdup(cert_subject(cert)[0] ? cert_subject(cert) : "(no subject)");
	if (!finding->subject)
		return ERR_MEMORY;
	finding->name = strdup(cert_common_name(cert)[0] ? cert_common_name(cert) : finding->subject);
	finding->serial = strdup(cert_serial_hex(cert));
	if (asprintf(&finding->key, "%s %u", cert_key_type(cert), cert_key_bits(cert)) < 0)
		finding->key = NULL;
	if (!finding->name || !finding->serial || !finding->key)
		return ERR_MEMORY;
	return join_names(&finding->names, cert);
}

static int add_cert(struct scan *scan, enum finding_kind kind, const struct cert *cert, const char *where, const char *affected,
                    struct err *err)
{
	bool is_new;
	struct finding *finding = findings_add(scan->findings, kind, cert_sha256(cert), &is_new);
	if (!finding || (is_new && fill(finding, cert)) || scan_join(&finding->stores, where))
		return err_set(err, ERR_MEMORY, "no memory");
	if (!finding->affected && !(finding->affected = strdup(affected)))
		return err_set(err, ERR_MEMORY, "no memory");
	return ERR_OK;
}

int scan_cert(struct scan *scan, const struct cert *cert, const char *where, const char *affected, struct err *err)
{
	if (cert_not_after(cert) >= scan->horizon && !findings_find(scan->findings, cert_sha256(cert)))
		return ERR_OK;
	return add_cert(scan, FINDING_CERT, cert, where, affected, err);
}

int scan_revoked(struct scan *scan, const struct cert *cert, const char *where, const char *affected, struct err *err)
{
	char *words = words_revoked(affected);
	int code = words ? add_cert(scan, FINDING_REVOKED, cert, where, words, err) : err_set(err, ERR_MEMORY, "no memory");
	free(words);
	return code;
}

/* Takes the name off the words when they begin with it, since it is said already: "NAME: why". True where the rest has lost its
 * subject: "NAME is too large". */
static bool after_name(const char **why, const char *name)
{
	size_t len = strlen(name);
	if (strncmp(*why, name, len) || (strncmp(*why + len, ": ", 2) && (*why)[len] != ' '))
		return false;
	*why += len;
	bool again = **why == ' ';
	*why += again ? 0 : 2;
	return again;
}

int scan_problem(struct scan *scan, const char *name, const char *why, struct err *err)
{
	struct digest id;
	char *key;
	if (asprintf(&key, "source %s", name) < 0)
		return err_set(err, ERR_MEMORY, "no memory");
	digest_of(key, strlen(key), &id);
	free(key);
	bool is_new;
	struct finding *finding = findings_add(scan->findings, FINDING_SOURCE, &id, &is_new);
	if (!finding)
		return err_set(err, ERR_MEMORY, "no memory");
	if (!is_new)
		return ERR_OK;
	finding->since = scan->now;
	finding->stores = strdup(name);
	finding->affected = strdup("expiries behind this source are not seen while it cannot be read");
	finding->advice = strdup("repair the source, or take it out of the configuration");
	bool again = after_name(&why, name);
	if (asprintf(&finding->subject, "%s cannot be read: %s%s", name, again ? "it" : "", why) < 0)
		finding->subject = NULL;
	if (asprintf(&finding->name, "%s cannot be read", name) < 0)
		finding->name = NULL;
	if (!finding->subject || !finding->name || !finding->stores || !finding->affected || !finding->advice)
		return err_set(err, ERR_MEMORY, "no memory");
	return ERR_OK;
}

static int64_t slot_of(const struct scan *scan, const struct finding *finding)
{
	static const struct schedule anchors = { SETTINGS_ANCHOR_AHEAD, SETTINGS_ANCHOR_WINDOW };
	const struct schedule *schedule = &scan->settings->schedule;
	switch (finding->kind) {
	case FINDING_SOURCE:
	case FINDING_REVOKED:
		return schedule_slot_since(schedule, finding->since, scan->now);
	case FINDING_CRL:
		return schedule_slot_since(schedule, finding->end, scan->now);
	case FINDING_CSR:
		return schedule_slot_since(schedule, finding->since + schedule->frequency, scan->now);
	case FINDING_ANCHORS:
		return schedule_slot(&anchors, finding->end, scan->now);
	default:
		return schedule_slot(schedule, finding->end, scan->now);
	}
}

/* What was announced of this finding, and whether it is acknowledged. */
static int recall(struct scan *scan, struct txn *txn, struct finding *finding, struct notice *notice, struct err *err)
{
	int code = notice_get(txn, &finding->id, notice);
	if (code == ERR_NOT_FOUND || (!code && notice->kind != finding->kind)) { /* revoked is another matter than to expire */
		*notice = (struct notice){ .slot = SCHEDULE_NONE };
		return ERR_OK;
	}
	if (code)
		return err_set(err, code, "the notices cannot be read");
	if ((finding->kind == FINDING_SOURCE || finding->kind == FINDING_REVOKED) && notice->first < scan->now)
		finding->since = notice->first;
	free(finding->ack_reason); /* a transaction may run twice */
	finding->ack_reason = NULL;
	finding->ack_until = 0;
	if (notice->ack_until <= scan->now)
		return ERR_OK;
	finding->ack_until = notice->ack_until;
	finding->ack_reason = text_escape_dup(notice->ack_reason.bytes, notice->ack_reason.len, "");
	return finding->ack_reason ? ERR_OK : err_set(err, ERR_MEMORY, "no memory");
}

/* By which ways this finding is told, and which of them are open: all where its slot is new, else those that were not
 * there when it was announced. */
static int mark_ways(const struct scan *scan, struct finding *finding, const struct notice *notice)
{
	bool waits = finding->slot != SCHEDULE_NONE && !finding_silent(finding);
	char *told = strndup(notice->told.len ? notice->told.bytes : "", notice->told.len);
	free(finding->ways); /* a transaction may run twice */
	free(finding->open);
	finding->ways = ways_of(scan->settings, finding);
	finding->open = strdup("");
	int code = told && finding->ways && finding->open ? ERR_OK : ERR_MEMORY;
	if (!code && (finding->due || waits))
		code = ways_add(&finding->open, finding->ways, finding->due ? NULL : told);
	free(told);
	return code;
}

int scan_due(struct scan *scan, struct txn *txn, struct err *err)
{
	for (size_t i = 0; i < scan->findings->count; i++) {
		struct finding *finding = &scan->findings->list[i];
		struct notice notice;
		int code = recall(scan, txn, finding, &notice, err);
		if (code)
			return code;
		finding->slot = slot_of(scan, finding);
		/* what was only listed as covered, and is so no more, was never announced */
		bool told = schedule_told(notice.slot, finding->slot, scan->now) && (notice.count || finding_covered(finding));
		finding->due = finding->slot != SCHEDULE_NONE && !told && !finding->ack_until;
		if (mark_ways(scan, finding, &notice))
			return err_set(err, ERR_MEMORY, "no memory");
		if (!finding->advice && !(finding->advice = words_advice(finding, NULL, NULL)))
			return err_set(err, ERR_MEMORY, "no memory");
	}
	return ERR_OK;
}
