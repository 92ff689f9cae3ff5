#include "certmon/finding.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"

enum { ROOM_FIRST = 32, HOUR = 3600 };

static void finding_deinit(struct finding *finding)
{
	free(finding->subject);
	free(finding->name);
	free(finding->names);
	free(finding->serial);
	free(finding->key);
	free(finding->stores);
	free(finding->roles);
	free(finding->owner);
	free(finding->covered);
	free(finding->advice);
	free(finding->affected);
	free(finding->purpose);
	free(finding->ack_reason);
	free(finding->ways);
	free(finding->open);
}

void findings_deinit(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		finding_deinit(&findings->list[i]);
	free(findings->list);
	free(findings->slots);
	*findings = (struct findings){ 0 };
}

/* Where `id` stands in the index, or the free place where it belongs. */
static size_t *index_place(const struct findings *findings, const struct digest *id)
{
	uint64_t hash;
	memcpy(&hash, id->byte, sizeof hash);
	for (size_t at = hash % findings->slot_count;; at = (at + 1) % findings->slot_count) {
		size_t *slot = &findings->slots[at];
		if (!*slot || digest_equal(&findings->list[*slot - 1].id, id))
			return slot;
	}
}

static int grow(struct findings *findings)
{
	size_t room = findings->room ? 2 * findings->room : ROOM_FIRST;
	struct finding *list = realloc(findings->list, room * sizeof *list);
	if (!list)
		return ERR_MEMORY;
	findings->list = list;
	size_t *slots = calloc(2 * room, sizeof *slots);
	if (!slots)
		return ERR_MEMORY;
	free(findings->slots);
	findings->slots = slots;
	findings->slot_count = 2 * room;
	findings->room = room;
	for (size_t i = 0; i < findings->count; i++)
		*index_place(findings, &findings->list[i].id) = i + 1;
	return ERR_OK;
}

struct finding *findings_add(struct findings *findings, enum finding_kind kind, const struct digest *id, bool *is_new)
{
	if (findings->count == findings->room && grow(findings))
		return NULL;
	size_t *place = index_place(findings, id);
	*is_new = !*place;
	if (*place)
		return &findings->list[*place - 1];
	struct finding *found = &findings->list[findings->count++];
	*place = findings->count;
	*found = (struct finding){ .kind = kind, .id = *id, .end = CLOCK_NEVER, .slot = SCHEDULE_NONE };
	return found;
}

const struct finding *findings_find(const struct findings *findings, const struct digest *id)
{
	size_t place = findings->count ? *index_place(findings, id) : 0;
	return place ? &findings->list[place - 1] : NULL;
}

struct thresholds thresholds_of(int64_t start)
{
	enum { WEEK = 7 * SCHEDULE_DAY };
	return (struct thresholds){ .warning = start, .critical = start < WEEK ? start : WEEK };
}

static enum finding_level level_of(const struct finding *finding, int64_t now, struct thresholds thresholds)
{
	if (finding->kind == FINDING_SOURCE || finding->kind == FINDING_ANCHORS || finding->kind == FINDING_CSR)
		return FINDING_WARNING;
	if (finding->kind == FINDING_REVOKED)
		return finding->identity ? FINDING_CRITICAL : FINDING_WARNING;
	if (finding->end < now)
		return FINDING_EXPIRED;
	if (finding->end - now <= thresholds.critical)
		return FINDING_CRITICAL;
	return finding->end - now <= thresholds.warning ? FINDING_WARNING : FINDING_NOTE;
}

static int by_urgency(const void *one, const void *other)
{
	const struct finding *a = one, *b = other;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return digest_compare(&a->id, &b->id);
}

void findings_sort(struct findings *findings, int64_t now, struct thresholds thresholds)
{
	if (!findings->count)
		return;
	for (size_t i = 0; i < findings->count; i++)
		findings->list[i].level = level_of(&findings->list[i], now, thresholds);
	qsort(findings->list, findings->count, sizeof *findings->list, by_urgency);
	memset(findings->slots, 0, findings->slot_count * sizeof *findings->slots);
	for (size_t i = 0; i < findings->count; i++)
		*index_place(findings, &findings->list[i].id) = i + 1;
}

bool finding_is_cert(const struct finding *finding)
{
	return finding->kind == FINDING_CERT || finding->kind == FINDING_REVOKED;
}

bool finding_covered(const struct finding *finding)
{
	return finding->covered && finding->covered[0];
}

bool finding_silent(const struct finding *finding)
{
	return finding->ack_until || finding_covered(finding);
}

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const names[] = { "certificate", "crl", "csr", "source", "anchors", "run", "revoked" };
	return names[kind];
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = { "expired", "critical", "warning", "note" };
	return names[level];
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* How long ago something happened that has no end to come. */
static void days_ago(const char *before, int64_t then, const char *after, int64_t now, char out[64])
{
	int64_t days = (now - then) / SCHEDULE_DAY;
	if (days < 1)
		snprintf(out, 64, "%s today", before);
	else
		snprintf(out, 64, "%s %" PRId64 " day%s%s", before, days, plural(days), after);
}

char *finding_when(const struct finding *finding, int64_t now, char out[64])
{
	const char *expires = finding->kind == FINDING_ANCHORS ? "" : "expires ";
	int64_t left = finding->end - now, days = (left < 0 ? -left : left) / SCHEDULE_DAY, hours = left / HOUR;
	if (finding->kind == FINDING_REVOKED)
		days_ago("was revoked", finding->revoked_at, " ago", now, out);
	else if (finding->end == CLOCK_NEVER)
		days_ago("since", finding->since, "", now, out);
	else if (finding->kind == FINDING_CRL)
		days_ago("since", finding->end, "", now, out);
	else if (left < 0 && days)
		snprintf(out, 64, "expired %" PRId64 " day%s ago", days, plural(days));
	else if (left < 0)
		snprintf(out, 64, "has just expired");
	else if (days)
		snprintf(out, 64, "%sin %" PRId64 " day%s", expires, days, plural(days));
	else if (hours)
		snprintf(out, 64, "%sin %" PRId64 " hour%s", expires, hours, plural(hours));
	else
		snprintf(out, 64, "%swithin the hour", expires);
	return out;
}

static json_t *words(const char *text)
{
	return out_text(text ? text : "", text ? strlen(text) : 0);
}

json_t *finding_json(const struct finding *finding, int64_t now)
{
	char hex[DIGEST_HEX_SIZE], when[64];
	json_t *object = json_object();
	json_object_set_new(object, "kind", json_string(finding_kind_name(finding->kind)));
	json_object_set_new(object, "level", json_string(finding_level_name(finding->level)));
	json_object_set_new(object, "sha256", json_string(digest_hex(&finding->id, hex)));
	json_object_set_new(object, "subject", words(finding->subject));
	json_object_set_new(object, "names", words(finding->names));
	json_object_set_new(object, "serial", words(finding->serial));
	json_object_set_new(object, "key", words(finding->key));
	json_object_set_new(object, "not_after", out_time(finding->end));
	json_object_set_new(object, "revoked_at", finding->revoked_at ? out_time(finding->revoked_at) : json_null());
	json_object_set_new(object, "revocation_reason", finding->revoked_why ? json_string(finding->revoked_why) : json_null());
	json_object_set_new(object, "when", json_string(finding_when(finding, now, when)));
	json_object_set_new(object, "found_in", words(finding->stores));
	json_object_set_new(object, "roles", words(finding->roles));
	json_object_set_new(object, "owner", words(finding->owner));
	json_object_set_new(object, "identity", json_boolean(finding->identity));
	json_object_set_new(object, "purpose", finding->purpose ? json_string(finding->purpose) : json_null());
	json_object_set_new(object, "acknowledged", json_boolean(finding->ack_until != 0));
	json_object_set_new(object, "acknowledged_until", finding->ack_until ? out_time(finding->ack_until) : json_null());
	json_object_set_new(object, "acknowledged_reason", finding->ack_reason ? words(finding->ack_reason) : json_null());
	json_object_set_new(object, "covered_by", finding_covered(finding) ? words(finding->covered) : json_null());
	json_object_set_new(object, "affected", words(finding->affected));
	json_object_set_new(object, "advice", words(finding->advice));
	return object;
}
