/* Taking an import back. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/bulk_import.h"
#include "truststore/trust_priv.h"

struct step {
	enum change_action action;
	struct digest cert;
	char store[RECORD_NAME_MAX + 1];
	struct record before;
};

struct undoing {
	struct txn *txn;
	uint64_t change, batch;
	bool dry_run, is_import;
	struct step *steps;
	size_t count, room;
	struct bulk_undone *out;
};

static void forget(struct undoing *u)
{
	for (size_t i = 0; i < u->count; i++)
		record_free(&u->steps[i].before);
	free(u->steps);
	u->steps = NULL;
	u->count = u->room = 0;
	u->batch = 0;
	u->is_import = false;
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the changes");
}

static int take_step(struct undoing *u, const struct change_record *change, struct err *err)
{
	if (u->count == u->room) {
		size_t room = u->room ? 2 * u->room : 64;
		struct step *grown = reallocarray(u->steps, room, sizeof *grown);
		if (!grown)
			return no_memory(err);
		u->steps = grown;
		u->room = room;
	}
	struct step *step = &u->steps[u->count];
	*step = (struct step){ .action = change->action, .cert = change->cert };
	if (!change->has_cert || change->store.len > RECORD_NAME_MAX)
		return ERR_OK;
	memcpy(step->store, change->store.len ? change->store.bytes : "", change->store.len);
	if (change->before.len) {
		step->before.bytes = malloc(change->before.len);
		if (!step->before.bytes)
			return no_memory(err);
		memcpy(step->before.bytes, change->before.bytes, change->before.len);
		step->before.len = change->before.len;
	}
	u->count++;
	return ERR_OK;
}

/* An import names the cluster in what it adds, updates and removes. */
static bool names_cluster(struct text detail)
{
	static const char word[] = "cluster ";
	return detail.len && memmem(detail.bytes, detail.len, word, sizeof word - 1);
}

static int see_change(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	struct undoing *u = arg;
	if (!u->batch) {
		if (revision != u->change)
			return ERR_STOPPED;
		u->batch = change->batch;
		return ERR_STOPPED;
	}
	if (change->batch != u->batch)
		return ERR_STOPPED;
	u->is_import = u->is_import || names_cluster(change->detail);
	return take_step(u, change, err);
}

static int collect(struct undoing *u, struct err *err)
{
	int code = change_each(u->txn, u->change, see_change, u, err);
	if (code && code != ERR_STOPPED)
		return code;
	if (!u->batch)
		return err_set(err, ERR_NOT_FOUND, "there is no change %llu", (unsigned long long)u->change);
	code = change_each(u->txn, u->batch, see_change, u, err);
	if (code && code != ERR_STOPPED)
		return code;
	return u->is_import ? ERR_OK : err_set(err, ERR_REFUSED, "change %llu does not belong to an import", (unsigned long long)u->change);
}

/* What the import added goes, unless somebody else holds it by now. */
static int take_away(struct undoing *u, const struct step *step, struct err *err)
{
	struct member_record member;
	int code = trust_member_get(u->txn, step->store, &step->cert, &member, err);
	if (code == ERR_NOT_FOUND || (!code && !bulk_origin_is(member.origin, NULL))) {
		u->out->lost++;
		return ERR_OK;
	}
	u->out->removed++;
	return code ? code : trust_end(u->txn, step->store, &step->cert, CHANGE_REMOVE, "import taken back", err);
}

static int put_back(struct undoing *u, const struct step *step, struct err *err)
{
	struct member_record before, now = { .until = CLOCK_NEVER };
	struct span bytes = { step->before.bytes, step->before.len }, value;
	if (member_record_decode(bytes, &before))
		return trust_broken(u->txn, STORE_CHANGE, err);
	if (txn_get(u->txn, STORE_CERT, step->cert.byte, DIGEST_SIZE, &value) || before.until <= u->txn->now) {
		u->out->lost++;
		return ERR_OK;
	}
	int code = trust_member_get(u->txn, step->store, &step->cert, &now, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	code = trust_member_put(u->txn, step->store, &step->cert, code ? CLOCK_NEVER : now.until, &before);
	if (!code)
		code = change_add(u->txn, CHANGE_UPDATE, &step->cert, step->store, "import taken back", (struct span){ NULL, 0 });
	u->out->restored++;
	return code ? code : trust_refresh(u->txn, &step->cert, err);
}

static int undo_work(struct txn *txn, void *arg, struct err *err)
{
	struct undoing *u = arg;
	forget(u);
	u->txn = txn;
	*u->out = (struct bulk_undone){ .removed = 0 };
	int code = collect(u, err);
	for (size_t i = u->count; !code && i--;) {
		const struct step *step = &u->steps[i];
		if (step->action == CHANGE_ADD)
			code = take_away(u, step, err);
		else if (step->before.len && (step->action == CHANGE_UPDATE || step->action == CHANGE_REPLACE || step->action == CHANGE_REMOVE || step->action == CHANGE_END))
			code = put_back(u, step, err);
	}
	u->out->change = u->batch;
	return !code && u->dry_run ? ERR_STOPPED : code;
}

int bulk_undo(struct store *store, uint64_t change, bool dry_run, struct bulk_undone *out, struct err *err)
{
	struct undoing u = { .change = change, .dry_run = dry_run, .out = out };
	int code = store_write(store, undo_work, &u, err);
	forget(&u);
	return code;
}
