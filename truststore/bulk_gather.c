/* What a cluster tells others about its certificates. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/bulk.h"
#include "truststore/identity.h"
#include "truststore/mic.h"
#include "truststore/trust_priv.h"

struct gathering {
	struct txn *txn;
	enum bulk_type type;
	int64_t now;
	struct bulk_manifest *manifest;
	struct bulk_archive *archive; /* may be NULL */
	struct digest own[PURPOSE_COUNT];
	size_t own_count;
	struct digest *ids; /* members of the home store */
	size_t id_count, id_room;
	size_t entry_room, tombstone_room, block_room;
};

static int grow(void *array, size_t size, size_t count, size_t *room, struct err *err)
{
	void **at = array;
	if (count < *room)
		return ERR_OK;
	if (count >= BULK_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d certificates do not fit into one export", BULK_ENTRIES_MAX);
	size_t more = *room ? 2 * *room : 64;
	void *grown = reallocarray(*at, more, size);
	if (!grown)
		return err_set(err, ERR_MEMORY, "no memory for %zu certificates", more);
	*at = grown;
	*room = more;
	return ERR_OK;
}

static int find_own(struct gathering *g, struct err *err)
{
	const enum purpose *purpose = bulk_rule(g->type)->purposes;
	struct identity_record record;
	int code = ERR_OK;
	for (int i = 0; !code && i < 3 && purpose[i] != PURPOSE_COUNT; i++) {
		code = identity_record_get(g->txn, purpose[i], &record, err);
		if (!code && record.has_cert)
			g->own[g->own_count++] = record.cert;
		if (code == ERR_NOT_FOUND)
			code = ERR_OK;
	}
	return code;
}

/* What other clusters brought is theirs to pass on; what is on its way out is not passed on either. */
static bool counts(const struct gathering *g, const struct digest *cert, const struct member_record *member)
{
	if (member->until <= g->now || bulk_origin_is(member->origin, NULL) || text_is(member->origin, TRUST_ORIGIN_WAS_OWN))
		return false;
	if (!text_is(member->origin, TRUST_ORIGIN_OWN))
		return true;
	for (size_t i = 0; i < g->own_count; i++)
		if (digest_equal(&g->own[i], cert))
			return true;
	return false; /* an own certificate of another type */
}

static int take_id(const struct store_record *store, const struct digest *cert, const struct member_record *member, void *arg,
                   struct err *err)
{
	struct gathering *g = arg;
	(void)store;
	if (!counts(g, cert, member))
		return ERR_OK;
	int code = grow(&g->ids, sizeof *g->ids, g->id_count, &g->id_room, err);
	if (!code)
		g->ids[g->id_count++] = *cert;
	return code;
}

static int take_member(const struct store_record *store, const struct digest *cert, const struct member_record *member, void *arg,
                       struct err *err)
{
	struct gathering *g = arg;
	int index = bulk_store_index(g->type, store->name.bytes, store->name.len);
	if (index < 0 || !counts(g, cert, member))
		return ERR_OK;
	int code = grow(&g->manifest->entries, sizeof *g->manifest->entries, g->manifest->entry_count, &g->entry_room, err);
	if (!code)
		g->manifest->entries[g->manifest->entry_count++] = (struct bulk_entry){
			.id = *cert,
			.store = (uint8_t)index,
			.roles = member->own_roles ? member->roles : store->roles,
			.until = member->until,
		};
	return code;
}

static int put_block(struct gathering *g, const struct digest *id, struct err *err)
{
	int code = grow(&g->manifest->blocks, sizeof *g->manifest->blocks, g->manifest->block_count, &g->block_room, err);
	if (!code)
		g->manifest->blocks[g->manifest->block_count++] = *id;
	return code;
}

/* What is revoked here goes out as blocked: others who have it from here shall not trust it, whether they check
 * it or not. */
static int take_cert(struct gathering *g, const struct digest *id, struct err *err)
{
	struct cert_record cert;
	struct answer answer;
	if (trust_cert_get(g->txn, id, &cert) || trust_answer(g->txn, id, &answer))
		return trust_broken(g->txn, STORE_CERT, err);
	if (answer.blocked)
		return ERR_OK;
	if (answer.revocation == REVOCATION_REVOKED)
		return put_block(g, id, err);
	/* the makers' roots are the same everywhere: each cluster decides for itself about phones that are new */
	if (cert.not_after < g->now || (g->type == BULK_CAPF && mic_is_root(cert.common_name.bytes, cert.common_name.len)))
		return ERR_OK;
	int code = g->archive ? bulk_archive_add(g->archive, cert.der.bytes, cert.der.len, err) : ERR_OK;
	return code ? code : trust_member_each_of_cert(g->txn, id, take_member, g, err);
}

static int take_tombstone(struct span key, struct span value, void *arg, struct err *err)
{
	struct gathering *g = arg;
	struct text store;
	struct bulk_mark mark;
	(void)value;
	if (member_key_split(key, &store, &mark.id))
		return trust_broken(g->txn, STORE_TOMBSTONE, err);
	int index = bulk_store_index(g->type, store.bytes, store.len);
	if (index < 0)
		return ERR_OK;
	mark.store = (uint8_t)index;
	int code = grow(&g->manifest->tombstones, sizeof mark, g->manifest->tombstone_count, &g->tombstone_room, err);
	if (!code)
		g->manifest->tombstones[g->manifest->tombstone_count++] = mark;
	return code;
}

static int take_block(struct span key, struct span value, void *arg, struct err *err)
{
	struct gathering *g = arg;
	(void)value;
	if (key.len != DIGEST_SIZE)
		return trust_broken(g->txn, STORE_BLOCK, err);
	struct digest id;
	memcpy(id.byte, key.bytes, DIGEST_SIZE);
	return put_block(g, &id, err);
}

int bulk_gather(struct txn *txn, enum bulk_type type, int64_t now, struct bulk_manifest *manifest, struct bulk_archive *archive,
                struct err *err)
{
	struct gathering g = { .txn = txn, .type = type, .now = now, .manifest = manifest, .archive = archive };
	*manifest = (struct bulk_manifest){ .head.type = type };
	int code = find_own(&g, err);
	if (!code)
		code = trust_member_each_of_store(txn, bulk_rule(type)->home, take_id, &g, err);
	for (size_t i = 0; !code && i < g.id_count; i++)
		code = take_cert(&g, &g.ids[i], err);
	if (!code)
		code = txn_each(txn, STORE_TOMBSTONE, NULL, 0, NULL, 0, take_tombstone, &g, err);
	if (!code)
		code = txn_each(txn, STORE_BLOCK, NULL, 0, NULL, 0, take_block, &g, err);
	free(g.ids);
	if (code)
		return code;
	bulk_manifest_sort(manifest);
	manifest->head.certificates = bulk_manifest_distinct(manifest);
	if (archive)
		bulk_archive_sort(archive);
	return ERR_OK;
}
