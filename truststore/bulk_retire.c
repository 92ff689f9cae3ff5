/* Parting with a cluster. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/bulk_import.h"
#include "truststore/trust_priv.h"

struct membership {
	char store[RECORD_NAME_MAX + 1];
	struct digest cert;
};

struct retiring {
	struct txn *txn;
	const char *cluster;
	int64_t after;
	bool dry_run;
	struct membership *found;
	size_t count, room;
	struct bulk_retired *out;
};

static int find_member(const struct store_record *store, const struct digest *cert, const struct member_record *member, void *arg,
                       struct err *err)
{
	struct retiring *r = arg;
	if (!bulk_origin_is(member->origin, r->cluster))
		return ERR_OK;
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct membership *grown = reallocarray(r->found, room, sizeof *grown);
		if (!grown)
			return err_set(err, ERR_MEMORY, "no memory for %zu memberships", room);
		r->found = grown;
		r->room = room;
	}
	snprintf(r->found[r->count].store, sizeof r->found->store, "%.*s", (int)store->name.len, store->name.bytes);
	r->found[r->count++].cert = *cert;
	return ERR_OK;
}

static int find_in_store(const struct store_record *store, void *arg, struct err *err)
{
	struct retiring *r = arg;
	char name[RECORD_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	return trust_member_each_of_store(r->txn, name, find_member, r, err);
}

static int by_cert(const void *a, const void *b)
{
	return digest_compare(&((const struct membership *)a)->cert, &((const struct membership *)b)->cert);
}

static int end_all(struct retiring *r, struct err *err)
{
	char why[32 + BULK_CLUSTER_MAX];
	int code = ERR_OK;
	snprintf(why, sizeof why, "cluster %s was retired", r->cluster);
	if (r->count)
		qsort(r->found, r->count, sizeof *r->found, by_cert);
	for (size_t i = 0; !code && i < r->count; i++) {
		r->out->certificates += !i || by_cert(&r->found[i], &r->found[i - 1]);
		code = trust_leave(r->txn, r->found[i].store, &r->found[i].cert, r->txn->now + r->after, CHANGE_END, why, err);
	}
	return code;
}

static int set_retired(struct txn *txn, const char *cluster, bool retired, struct err *err)
{
	struct bulk_peer peer;
	char detail[32 + BULK_CLUSTER_MAX];
	int code = bulk_peer_get(txn, cluster, &peer, err);
	if ((code && code != ERR_NOT_FOUND) || peer.retired == retired)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	peer.retired = retired;
	snprintf(detail, sizeof detail, "cluster %s %s", cluster, retired ? "retired" : "taken back");
	code = change_add(txn, CHANGE_OTHER, NULL, NULL, detail, (struct span){ NULL, 0 });
	return code ? code : bulk_peer_put(txn, &peer, err);
}

static int retire_work(struct txn *txn, void *arg, struct err *err)
{
	struct retiring *r = arg;
	struct bulk_peer peer;
	*r->out = (struct bulk_retired){ .memberships = 0 };
	r->txn = txn;
	r->count = 0;
	int code = bulk_peer_get(txn, r->cluster, &peer, err);
	r->out->known = !code;
	if (code && code != ERR_NOT_FOUND)
		return code;
	code = trust_store_each(txn, find_in_store, r, err);
	if (!code)
		code = end_all(r, err);
	r->out->memberships = r->count;
	if (!code && !r->out->known && !r->count)
		return err_set(err, ERR_NOT_FOUND, "nothing came from a cluster %s", r->cluster);
	if (!code)
		code = set_retired(txn, r->cluster, true, err);
	return !code && r->dry_run ? ERR_STOPPED : code;
}

int bulk_retire(struct store *store, const char *cluster, int64_t after, bool dry_run, struct bulk_retired *out, struct err *err)
{
	struct retiring r = { .cluster = cluster, .after = after, .dry_run = dry_run, .out = out };
	int code = store_write(store, retire_work, &r, err);
	free(r.found);
	return code;
}

static int readmit_work(struct txn *txn, void *arg, struct err *err)
{
	return set_retired(txn, arg, false, err);
}

int bulk_readmit(struct store *store, const char *cluster, struct err *err)
{
	return store_write(store, readmit_work, (void *)cluster, err);
}
