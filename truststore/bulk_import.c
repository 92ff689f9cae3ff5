#include "config.h"

#include "truststore/bulk_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/role.h"
#include "truststore/trust_priv.h"

static const char *const words[BULK_OUTCOME_COUNT] = {
	[BULK_ADDED] = "added", [BULK_UPDATED] = "updated", [BULK_REPLACED] = "replaced", [BULK_KEPT] = "kept",
	[BULK_SKIPPED] = "skipped", [BULK_REFUSED] = "refused", [BULK_REMOVED] = "removed",
};

const char *bulk_outcome_name(enum bulk_outcome outcome)
{
	return words[outcome];
}

void bulk_account_deinit(struct bulk_account *account)
{
	for (size_t i = 0; i < account->count; i++) {
		free(account->results[i].subject);
		free(account->results[i].why);
	}
	free(account->results);
	*account = (struct bulk_account){ .count = 0 };
}

int bulk_account_digest(const struct bulk_account *account, struct digest *out, struct err *err)
{
	struct digest_state *state = digest_begin();
	if (!state)
		return err_set(err, ERR_MEMORY, "no memory for a digest");
	for (size_t i = 0; i < account->count; i++) {
		const struct bulk_result *r = &account->results[i];
		uint8_t numbers[9] = { (uint8_t)r->outcome };
		for (int shift = 0; shift < 4; shift++) {
			numbers[1 + shift] = (uint8_t)(r->roles >> 8 * shift);
			numbers[5 + shift] = (uint8_t)(r->withheld >> 8 * shift);
		}
		digest_add(state, r->id.byte, DIGEST_SIZE);
		digest_add(state, r->cluster, strlen(r->cluster) + 1);
		digest_add(state, r->store, strlen(r->store) + 1);
		digest_add(state, numbers, sizeof numbers);
	}
	digest_end(state, out);
	return ERR_OK;
}

/* The certificates of one cluster and type, as they are worked through. */
struct taking {
	struct bulk_batch *batch;
	struct txn *txn;
	const struct bulk_input *input;
	const struct bulk_contribution *from;
	uint32_t ceiling;
	char origin[BULK_ORIGIN_SIZE];
	struct {
		bool there;
		uint32_t roles;
	} stores[BULK_STORES];
	struct cert *cert; /* the current one; NULL: not parsed yet */
};

static struct bulk_result *note(struct taking *t, const struct digest *id, const char *store, struct err *err)
{
	struct bulk_account *account = &t->batch->account;
	if (account->count == account->room) {
		size_t room = account->room ? 2 * account->room : 64;
		struct bulk_result *grown = reallocarray(account->results, room, sizeof *grown);
		if (!grown) {
			err_set(err, ERR_MEMORY, "no memory for the account of %zu certificates", room);
			return NULL;
		}
		account->results = grown;
		account->room = room;
	}
	struct bulk_result *new = &account->results[account->count++];
	*new = (struct bulk_result){ .id = *id, .cluster = t->from->manifest.cluster, .store = store };
	return new;
}

static int finish(struct taking *t, struct bulk_result *result, enum bulk_outcome outcome, const char *why, struct err *err)
{
	struct cert_record record;
	result->outcome = outcome;
	t->batch->account.outcomes[outcome]++;
	if (t->cert)
		result->subject = strdup(cert_subject(t->cert));
	else if (!trust_cert_get(t->txn, &result->id, &record))
		result->subject = strndup(record.subject.len ? record.subject.bytes : "", record.subject.len);
	if (why && why[0])
		result->why = strdup(why);
	return why && why[0] && !result->why ? err_set(err, ERR_MEMORY, "no memory for the account") : ERR_OK;
}

/* --- facts */

struct held {
	char removed_from[RECORD_NAME_MAX + 1];
	char by[TRUST_ORIGIN_MAX + 1];
};

static int find_tombstone(struct taking *t, const struct digest *id, struct held *held)
{
	const struct bulk_rule *rule = bulk_rule(t->input->type);
	uint8_t key[MEMBER_KEY_MAX];
	struct span value;
	for (int i = 0; rule->stores[i]; i++) {
		int code = txn_get(t->txn, STORE_TOMBSTONE, key, member_key(rule->stores[i], id, key), &value);
		if (!code)
			snprintf(held->removed_from, sizeof held->removed_from, "%s", rule->stores[i]);
		else if (code != ERR_NOT_FOUND)
			return code;
	}
	return ERR_OK;
}

static int find_facts(struct taking *t, const struct bulk_entry *entry, struct held *held, struct bulk_facts *facts,
                      struct err *err)
{
	const char *store = bulk_rule(t->input->type)->stores[entry->store];
	struct member_record member;
	struct span value;
	*held = (struct held){ .by = "" };
	*facts = (struct bulk_facts){ .has_store = t->stores[entry->store].there, .store_roles = t->stores[entry->store].roles,
	                              .asked = entry->roles, .ceiling = t->ceiling };
	facts->blocked = !txn_get(t->txn, STORE_BLOCK, entry->id.byte, DIGEST_SIZE, &value);
	int code = find_tombstone(t, &entry->id, held);
	if (!code)
		code = trust_member_get(t->txn, store, &entry->id, &member, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	if (!code && member.until > t->batch->bulk->now && !bulk_origin_is(member.origin, t->from->manifest.cluster))
		snprintf(held->by, sizeof held->by, "%.*s", (int)member.origin.len, member.origin.bytes);
	facts->removed_from = held->removed_from[0] ? held->removed_from : NULL;
	facts->held_by = held->by[0] ? held->by : NULL;
	return ERR_OK;
}

/* --- one certificate in one store */

static enum bulk_outcome outcome_of(enum trust_outcome outcome)
{
	switch (outcome) {
	case TRUST_ADDED: return BULK_ADDED;
	case TRUST_UPDATED: return BULK_UPDATED;
	case TRUST_REPLACED: return BULK_REPLACED;
	case TRUST_SKIPPED: return BULK_SKIPPED;
	default: return BULK_KEPT;
	}
}

static int add(struct taking *t, const struct bulk_entry *entry, const struct bulk_decision *decision, struct bulk_result *result,
               struct err *err)
{
	struct trust_add how = { .store = result->store, .roles = decision->roles, .until = entry->until, .origin = t->origin,
	                         .keep_old = t->batch->bulk->wait, .allow_expired = t->batch->bulk->allow_expired,
	                         .security = t->batch->bulk->security, .skip = TRUST_SKIP_ALL };
	struct trust_added added;
	if (entry->until <= t->batch->bulk->now)
		return finish(t, result, BULK_SKIPPED, "its time there is over", err);
	int code = trust_add(t->txn, t->cert, &how, &added, err);
	if (code)
		return code;
	result->roles = added.outcome == TRUST_SKIPPED ? 0 : decision->roles;
	result->withheld = decision->withheld;
	result->has_other = added.has_other;
	result->other = added.other;
	return finish(t, result, outcome_of(added.outcome), added.why, err);
}

static int take_entry(struct taking *t, const struct bulk_entry *entry, struct err *err)
{
	static const enum bulk_outcome not_taken[] = { [BULK_TAKE] = BULK_ADDED,
	                                               [BULK_KEEP] = BULK_KEPT,
	                                               [BULK_SKIP] = BULK_SKIPPED,
	                                               [BULK_REFUSE] = BULK_REFUSED };
	const struct bulk_der *der = bulk_archive_find(&t->input->archive, &entry->id);
	struct bulk_facts facts;
	struct bulk_decision decision;
	struct held held;
	struct err why = { .code = 0 };
	struct bulk_result *result = note(t, &entry->id, bulk_rule(t->input->type)->stores[entry->store], err);
	if (!result)
		return err->code;
	int code = find_facts(t, entry, &held, &facts, err);
	if (code)
		return code;
	bulk_decide(&facts, &decision);
	if (!t->cert && decision.action != BULK_KEEP && (!der || cert_parse(der->der, der->len, &t->cert, &why))) {
		if (why.code == ERR_MEMORY)
			return err_set(err, why.code, "%s", why.text);
		return finish(t, result, BULK_SKIPPED, der ? why.text : "it is not in the archive", err);
	}
	if (decision.action == BULK_TAKE)
		return add(t, entry, &decision, result, err);
	result->withheld = decision.withheld;
	return finish(t, result, not_taken[decision.action], decision.why, err);
}

/* --- what the cluster itself removed */

struct leaving {
	const struct taking *t;
	bool held[BULK_STORES]; /* by this cluster's word, in the type's stores */
};

static int find_held(const struct store_record *store, const struct digest *cert, const struct member_record *member,
                     void *arg, struct err *err)
{
	struct leaving *l = arg;
	(void)cert;
	(void)err;
	int index = bulk_store_index(l->t->input->type, store->name.bytes, store->name.len);
	if (index >= 0)
		l->held[index] = bulk_origin_is(member->origin, l->t->from->manifest.cluster);
	return ERR_OK;
}

/* From one of the type's stores (an index), or from all (-1). Forgotten rather than remembered: the cluster may
 * bring it back, since it was its own word. */
static int leave(struct taking *t, const struct digest *id, int only, const char *verb, struct err *err)
{
	const struct bulk_rule *rule = bulk_rule(t->input->type);
	struct leaving l = { .t = t };
	char why[32 + BULK_CLUSTER_MAX];
	snprintf(why, sizeof why, "%s by cluster %s", verb, t->from->manifest.cluster);
	int code = trust_member_each_of_cert(t->txn, id, find_held, &l, err);
	for (int i = 0; !code && i < BULK_STORES; i++) {
		if (!l.held[i] || (only >= 0 && only != i))
			continue;
		struct bulk_result *result = note(t, id, rule->stores[i], err);
		if (!result)
			return err->code;
		code = finish(t, result, BULK_REMOVED, why, err);
		if (!code)
			code = trust_remove(t->txn, rule->stores[i], id, why, true, err);
	}
	return code;
}

static int take_marks(struct taking *t, struct err *err)
{
	const struct bulk_manifest *manifest = &t->from->manifest;
	int code = ERR_OK;
	for (size_t i = 0; !code && i < manifest->tombstone_count; i++)
		code = leave(t, &manifest->tombstones[i].id, manifest->tombstones[i].store, "removed", err);
	for (size_t i = 0; !code && i < manifest->block_count; i++)
		code = leave(t, &manifest->blocks[i], -1, "blocked", err);
	return code;
}

/* --- all of it */

static int look_at_stores(struct taking *t, struct err *err)
{
	const struct bulk_rule *rule = bulk_rule(t->input->type);
	struct store_record store;
	for (int i = 0; rule->stores[i]; i++) {
		int code = trust_store_get(t->txn, rule->stores[i], &store, err);
		if (code && code != ERR_NOT_FOUND)
			return code;
		t->stores[i].there = !code;
		t->stores[i].roles = code ? 0 : store.roles;
	}
	return ERR_OK;
}

static int take_entries(struct taking *t, struct err *err)
{
	const struct bulk_manifest *manifest = &t->from->manifest;
	int code = ERR_OK;
	for (size_t i = 0; !code && i < manifest->entry_count; i++) {
		if (!i || !digest_equal(&manifest->entries[i].id, &manifest->entries[i - 1].id)) {
			cert_free(t->cert);
			t->cert = NULL;
			bulk_progress(&t->batch->bulk->progress, "importing", i, manifest->entry_count);
		}
		code = take_entry(t, &manifest->entries[i], err);
	}
	cert_free(t->cert);
	t->cert = NULL;
	return code;
}

static int take_contribution(struct bulk_batch *batch, struct txn *txn, const struct bulk_input *input,
                             const struct bulk_contribution *from, struct err *err)
{
	struct taking t = { .batch = batch, .txn = txn, .input = input, .from = from };
	bulk_origin(from->manifest.cluster, t.origin);
	int code = bulk_ceiling(batch->bulk->conf, from->manifest.cluster, input->type, &t.ceiling, err);
	if (!code)
		code = look_at_stores(&t, err);
	if (!code)
		code = take_marks(&t, err);
	if (!code)
		code = take_entries(&t, err);
	if (!code && !input->is_unsigned)
		code = bulk_contribution_record(txn, from, err);
	return code;
}

/* What this cluster has taken in, so that `sync` need not look at it again. */
static int remember_inputs(struct bulk_batch *batch, struct txn *txn, struct err *err)
{
	struct bulk_peer own;
	bool changed = false;
	if (!batch->bulk->cluster || batch->only || batch->left_out_count)
		return ERR_OK;
	int code = bulk_peer_get(txn, batch->bulk->cluster, &own, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	for (size_t i = 0; i < batch->count; i++) {
		const struct bulk_input *input = &batch->inputs[i];
		if (input->is_unsigned || digest_equal(&own.type[input->type].inputs, &input->inputs))
			continue;
		own.type[input->type].inputs = input->inputs;
		changed = true;
	}
	return changed ? bulk_peer_put(txn, &own, err) : ERR_OK;
}

static int check_plan(struct bulk_batch *batch, struct err *err)
{
	struct digest decisions;
	int code = bulk_account_digest(&batch->account, &decisions, err);
	if (!code && batch->planned && !digest_equal(&decisions, &batch->decisions))
		code = err_set(err, ERR_REFUSED,
		               "the import would do something else than the plan says (the settings or the time have changed): make a new plan");
		               return code;
}

static int import_work(struct txn *txn, void *arg, struct err *err)
{
	struct bulk_batch *batch = arg;
	int code = ERR_OK;
	bulk_account_deinit(&batch->account);
	batch->account.revision = txn_revision(txn);
	if (batch->planned && batch->account.revision != batch->revision)
		return err_set(err, ERR_REFUSED,
		               "the store has moved on since the plan was made (revision %llu then, %llu now): make a new plan",
		               (unsigned long long)batch->revision, (unsigned long long)batch->account.revision);
	for (size_t i = 0; !code && i < batch->count; i++)
		for (size_t j = 0; !code && j < batch->inputs[i].count; j++)
			code = take_contribution(batch, txn, &batch->inputs[i], &batch->inputs[i].contributions[j], err);
	if (!code)
		code = check_plan(batch, err);
	if (!code)
		code = remember_inputs(batch, txn, err);
	batch->account.change = txn_revision(txn) > batch->account.revision ? batch->account.revision + 1 : 0;
	return !code && batch->dry_run ? ERR_STOPPED : code;
}

int bulk_import(struct bulk_batch *batch, struct err *err)
{
	return store_write(batch->bulk->store, import_work, batch, err);
}
