/* Taking an import back. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/bulk_import.h"
#include "truststore/trust_priv.h"

/* One change that the import made to a membership. */
struct step {
	uint64_t revision;
	uint64_t left; /* the change by which the certificate left the database; 0: it is there */
	enum change_action action;
	struct digest cert;
	char store[RECORD_NAME_MAX + 1];
	bool changed_since;
};

struct undoing {
	struct txn *txn;
	uint64_t change, batch;
	bool dry_run, is_import;
	bool stays; /* what the step before was to take away: so what it had displaced stays displaced */
	struct step *steps;
	size_t count, room;
	struct step **by_cert;
	struct bulk_undone *out;
};

static void forget(struct undoing *u)
{
	free(u->steps);
	free(u->by_cert);
	u->steps = NULL;
	u->by_cert = NULL;
	u->count = u->room = 0;
	u->batch = 0;
	u->is_import = false;
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the changes");
}

/* --- the import's own changes */

static int take_step(struct undoing *u, uint64_t revision, const struct change_record *change, struct err *err)
{
	if (!change->has_cert || !change->store.len || change->store.len > RECORD_NAME_MAX)
		return ERR_OK;
	if (u->count == u->room) {
		size_t room = u->room ? 2 * u->room : 64;
		struct step *grown = reallocarray(u->steps, room, sizeof *grown);
		if (!grown)
			return no_memory(err);
		u->steps = grown;
		u->room = room;
	}
	struct step *step = &u->steps[u->count++];
	*step = (struct step){ .revision = revision,
	                       .left = change->left.len ? revision : 0,
	                       .action = change->action,
	                       .cert = change->cert };
	memcpy(step->store, change->store.bytes, change->store.len);
	return ERR_OK;
}

/* An import names the cluster in what it adds, updates and removes. */
static bool names_cluster(struct text detail)
{
	static const char word[] = "cluster ";
	return detail.len && memmem(detail.bytes, detail.len, word, sizeof word - 1);
}

static int find_batch(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	struct undoing *u = arg;
	(void)err;
	if (revision == u->change)
		u->batch = change->batch;
	return ERR_STOPPED;
}

static int take_change(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	struct undoing *u = arg;
	if (change->batch != u->batch)
		return ERR_STOPPED;
	u->is_import = u->is_import || names_cluster(change->detail);
	return take_step(u, revision, change, err);
}

/* --- what came after */

static int compare_certs(const void *left, const void *right)
{
	return digest_compare(&(*(struct step *const *)left)->cert, &(*(struct step *const *)right)->cert);
}

static int sort_by_cert(struct undoing *u, struct err *err)
{
	u->by_cert = calloc(u->count + 1, sizeof(struct step *));
	if (!u->by_cert)
		return no_memory(err);
	for (size_t i = 0; i < u->count; i++)
		u->by_cert[i] = &u->steps[i];
	qsort(u->by_cert, u->count, sizeof(struct step *), compare_certs);
	return ERR_OK;
}

/* The first step of a certificate, or where one would stand. */
static size_t first_of(const struct undoing *u, const struct digest *cert)
{
	size_t low = 0, high = u->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (digest_compare(&u->by_cert[middle]->cert, cert) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A membership that ended only because the time was over that the import had set. */
static bool ended_by_itself(const struct change_record *change)
{
	struct member_record before;
	return change->action == CHANGE_END && !member_record_decode(change->before, &before) && before.until <= change->when;
}

/* Where the steps of a certificate find it, if it left the database with this change. */
static void note_left(const struct undoing *u, uint64_t revision, const struct change_record *change)
{
	for (size_t i = change->left.len ? first_of(u, &change->cert) : u->count;
	     i < u->count && digest_equal(&u->by_cert[i]->cert, &change->cert); i++)
		u->by_cert[i]->left = revision;
}

static int see_later(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	const struct undoing *u = arg;
	(void)err;
	note_left(u, revision, change);
	if (!change->has_cert || change->batch == u->batch || ended_by_itself(change))
		return ERR_OK;
	for (size_t i = first_of(u, &change->cert); i < u->count && digest_equal(&u->by_cert[i]->cert, &change->cert); i++)
		if (text_is(change->store, u->by_cert[i]->store))
			u->by_cert[i]->changed_since = true;
	return ERR_OK;
}

static int collect(struct undoing *u, struct err *err)
{
	int code = change_each(u->txn, u->change, find_batch, u, err);
	if (code && code != ERR_STOPPED)
		return code;
	if (!u->batch)
		return err_set(err, ERR_NOT_FOUND, "there is no change %llu", (unsigned long long)u->change);
	code = change_each(u->txn, u->batch, take_change, u, err);
	if (code && code != ERR_STOPPED)
		return code;
	if (!u->is_import)
		return err_set(err, ERR_REFUSED, "change %llu does not belong to an import", (unsigned long long)u->change);
	code = sort_by_cert(u, err);
	return code ? code : change_each(u->txn, u->batch, see_later, u, err);
}

/* --- back */

static int read_change(struct undoing *u, uint64_t revision, struct change_record *out, struct err *err)
{
	uint8_t key[8];
	struct span value;
	revision_key(revision, key);
	int code = txn_get(u->txn, STORE_CHANGE, key, sizeof key, &value);
	return code || change_record_decode(value, out) ? trust_broken(u->txn, STORE_CHANGE, err) : ERR_OK;
}

/* What the import added goes, unless somebody else holds it by now. */
static int take_away(struct undoing *u, const struct step *step, struct err *err)
{
	struct change_record change;
	struct member_record member;
	int code = trust_member_get(u->txn, step->store, &step->cert, &member, err);
	u->stays = !code && !bulk_origin_is(member.origin, NULL);
	if (code == ERR_NOT_FOUND || u->stays) {
		u->out->lost++;
		return ERR_OK;
	}
	if (!code)
		code = trust_end(u->txn, step->store, &step->cert, CHANGE_REMOVE, "import taken back", err);
	u->out->removed++;
	if (!code)
		code = read_change(u, txn_revision(u->txn), &change, err);
	if (!code)
		note_left(u, txn_revision(u->txn), &change);
	return code;
}

static int restore_cert(struct undoing *u, const struct step *step, struct err *err)
{
	struct change_record change;
	struct span value;
	if (!txn_get(u->txn, STORE_CERT, step->cert.byte, DIGEST_SIZE, &value))
		return ERR_OK;
	if (!step->left)
		return trust_broken(u->txn, STORE_CHANGE, err);
	int code = read_change(u, step->left, &change, err);
	return code ? code : trust_cert_restore(u->txn, &change, err);
}

static int put_member(struct undoing *u, const struct step *step, const struct member_record *before, struct err *err)
{
	struct member_record now = { .until = CLOCK_NEVER };
	int code = restore_cert(u, step, err);
	if (code)
		return code;
	code = trust_member_get(u->txn, step->store, &step->cert, &now, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	code = trust_member_put(u->txn, step->store, &step->cert, code ? CLOCK_NEVER : now.until, before);
	if (!code)
		code = change_add(u->txn, CHANGE_UPDATE, &step->cert, step->store, "import taken back", (struct span){ NULL, 0 });
	return code ? code : trust_refresh(u->txn, &step->cert, err);
}

/* The membership as it was. One that would have ended meanwhile stays away; one that somebody changed since
 * stays as it is. */
static int put_back(struct undoing *u, const struct step *step, struct err *err)
{
	struct change_record change;
	struct member_record before;
	struct record copy = { NULL, 0 };
	if (step->action != CHANGE_REPLACE)
		u->stays = false;
	int code = read_change(u, step->revision, &change, err);
	if (code || !change.before.len)
		return code;
	if (step->changed_since || (u->stays && step->action == CHANGE_REPLACE)) {
		u->out->lost++;
		return ERR_OK;
	}
	copy.bytes = malloc(change.before.len);
	if (!copy.bytes)
		return no_memory(err);
	memcpy(copy.bytes, change.before.bytes, change.before.len);
	copy.len = change.before.len;
	if (member_record_decode((struct span){ copy.bytes, copy.len }, &before)) {
		code = trust_broken(u->txn, STORE_CHANGE, err);
	} else if (before.until > u->txn->now) {
		code = put_member(u, step, &before, err);
		u->out->restored++;
	}
	record_free(&copy);
	return code;
}

static int undo_work(struct txn *txn, void *arg, struct err *err)
{
	struct undoing *u = arg;
	forget(u);
	u->txn = txn;
	u->stays = false;
	*u->out = (struct bulk_undone){ .removed = 0 };
	int code = collect(u, err);
	for (size_t i = u->count; !code && i--;)
		code = u->steps[i].action == CHANGE_ADD ? take_away(u, &u->steps[i], err) : put_back(u, &u->steps[i], err);
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
