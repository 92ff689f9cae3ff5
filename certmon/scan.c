#define _GNU_SOURCE /* asprintf */
#include "certmon/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certmon/notice.h"
#include "certmon/words.h"
#include "truststore/base/log.h"

int scan_join(char **list, const char *words)
{
	if (!*list) {
		*list = strdup(words);
		return *list ? ERR_OK : ERR_MEMORY;
	}
	size_t len = strlen(words);
	for (const char *at = *list; (at = strstr(at, words)); at += len)
		if ((at == *list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return ERR_OK;
	char *longer;
	if (asprintf(&longer, "%s, %s", *list, words) < 0)
		return ERR_MEMORY;
	free(*list);
	*list = longer;
	return ERR_OK;
}

/* Subject alternative names that people know: hosts, addresses of mail, URIs. */
static int join_names(char **list, gnutls_x509_crt_t cert)
{
	enum { NAMES_SHOWN = 20, NAME_SIZE = 256 };
	for (unsigned i = 0; i < NAMES_SHOWN; i++) {
		char name[NAME_SIZE], clean[4 * NAME_SIZE];
		size_t size = sizeof name;
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, name, &size, NULL);
		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return ERR_OK;
		if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_RFC822NAME && type != GNUTLS_SAN_URI)
			continue;
		log_escape(clean, sizeof clean, name, size);
		if (scan_join(list, clean))
			return ERR_MEMORY;
	}
	return ERR_OK;
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
	return join_names(&finding->names, cert_gnutls(cert));
}

int scan_cert(struct scan *scan, const struct cert *cert, const char *where, const char *affected, struct err *err)
{
	if (cert_not_after(cert) >= scan->horizon)
		return ERR_OK;
	bool is_new;
	struct finding *finding = findings_add(scan->findings, FINDING_CERT, cert_sha256(cert), &is_new);
	if (!finding || (is_new && fill(finding, cert)) || scan_join(&finding->stores, where))
		return err_set(err, ERR_MEMORY, "no memory");
	if (!finding->affected && !(finding->affected = strdup(affected)))
		return err_set(err, ERR_MEMORY, "no memory");
	return ERR_OK;
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
	if (asprintf(&finding->subject, "%s cannot be read: %s", name, why) < 0)
		finding->subject = NULL;
	finding->name = finding->subject ? strdup(finding->subject) : NULL;
	if (!finding->name || !finding->stores || !finding->affected || !finding->advice)
		return err_set(err, ERR_MEMORY, "no memory");
	return ERR_OK;
}

static int64_t slot_of(const struct scan *scan, const struct finding *finding)
{
	static const struct schedule anchors = { SETTINGS_ANCHOR_AHEAD, SETTINGS_ANCHOR_WINDOW };
	const struct schedule *schedule = &scan->settings->schedule;
	switch (finding->kind) {
	case FINDING_SOURCE:
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

int scan_due(struct scan *scan, struct txn *txn, struct err *err)
{
	for (size_t i = 0; i < scan->findings->count; i++) {
		struct finding *finding = &scan->findings->list[i];
		struct notice notice = { .slot = SCHEDULE_NONE };
		int code = notice_get(txn, &finding->id, &notice);
		if (code && code != ERR_NOT_FOUND)
			return err_set(err, code, "the notices cannot be read");
		if (finding->kind == FINDING_SOURCE && !code)
			finding->since = notice.first;
		finding->slot = slot_of(scan, finding);
		finding->acknowledged = notice.ack_until > scan->now;
		finding->due = finding->slot > notice.slot && !finding->acknowledged;
		if (!finding->advice && !(finding->advice = words_advice(finding, NULL, NULL)))
			return err_set(err, ERR_MEMORY, "no memory");
	}
	return ERR_OK;
}
