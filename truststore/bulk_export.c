/* Writing a cluster's own export. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/bulk.h"
#include "truststore/bulk_sign.h"
#include "truststore/identity.h"
#include "truststore/trust_priv.h"

/* One call of bulk_export. */
struct exporting {
	struct bulk *bulk;
	enum bulk_type type;
	bool if_changed, changed;
	struct bulk_peer own;
	uint64_t sequence_there; /* in the place */
	struct bulk_manifest manifest;
	struct bulk_archive archive;
	struct digest content; /* of what the manifest says, without number and time */
	uint64_t revision;
	struct identity signer;
};

/* --- who signs */

struct candidate {
	bool there;
	struct digest cert;
	int64_t since;
	bool known;  /* to others, by the last export */
	bool linked; /* a succession leads to it from one that is */
};

static int find_link(struct exporting *e, struct txn *txn, struct candidate *candidate, struct err *err)
{
	struct bulk_succession succession = { .count = 0 };
	int code = bulk_succession_get(txn, &candidate->cert, &succession, err);
	for (unsigned i = 0; !code && i < e->own.signer_count; i++)
		candidate->linked |= bulk_succession_has(&succession, &e->own.signers[i]);
	bulk_succession_deinit(&succession);
	return code;
}

static int find_candidate(struct exporting *e, struct txn *txn, enum purpose purpose, struct candidate *out, struct err *err)
{
	struct identity_record record;
	struct cert_record cert;
	*out = (struct candidate){ .there = false };
	int code = identity_record_get(txn, purpose, &record, err);
	if (code == ERR_NOT_FOUND || (!code && !record.has_cert))
		return ERR_OK;
	if (!code && trust_cert_get(txn, &record.cert, &cert))
		return trust_broken(txn, STORE_CERT, err);
	if (code || cert.not_after < e->bulk->now)
		return code; /* what has expired signs nothing */
	*out = (struct candidate){ .there = true,
	                           .cert = record.cert,
	                           .since = record.renewed > record.created ? record.renewed : record.created,
	                           .known = bulk_peer_knows(&e->own, &record.cert) };
	e->manifest.signers[e->manifest.signer_count++] = record.cert;
	return find_link(e, txn, out, err);
}

/* ITLRecovery, else CallManager. An ITLRecovery that is new and never signed waits, so that others can learn of
 * it from a manifest which the one that they know has signed. */
static int choose(const struct exporting *e, const struct candidate found[BULK_SIGNING])
{
	const struct candidate *recovery = &found[0], *manager = &found[1];
	if (!recovery->there || !manager->there)
		return recovery->there ? 0 : 1;
	bool proven = !e->own.signer_count || digest_equal(&e->own.signers[0], &recovery->cert);
	bool young = e->bulk->now - recovery->since < e->bulk->wait;
	return !proven && young && (manager->known || (manager->linked && !recovery->linked)) ? 1 : 0;
}

static int choose_signer(struct exporting *e, struct txn *txn, struct err *err)
{
	struct candidate found[BULK_SIGNING];
	int code = ERR_OK;
	e->manifest.signer_count = 0;
	for (int i = 0; !code && i < BULK_SIGNING; i++)
		code = find_candidate(e, txn, bulk_signing[i], &found[i], err);
	if (!code && !e->manifest.signer_count)
		return err_set(err, ERR_NOT_FOUND,
		               "there is no valid own certificate to sign the export with: `truststore identity new ITLRecovery` makes one");
		               int chosen = code ? 0 : choose(e, found);
	identity_deinit(&e->signer);
	if (!code)
		code = identity_get(txn, bulk_signing[chosen], &e->signer, err);
	return code ? code : bulk_succession_get(txn, &e->signer.cert, &e->manifest.succession, err);
}

/* --- is there something new */

static int digest_content(struct exporting *e, struct err *err)
{
	char *text;
	size_t len;
	int code = bulk_manifest_encode(&e->manifest, &text, &len, err);
	if (code)
		return code;
	digest_of(text, len, &e->content);
	free(text);
	return ERR_OK;
}

static int gather(struct exporting *e, struct txn *txn, struct bulk_archive *archive, struct err *err)
{
	bulk_manifest_deinit(&e->manifest);
	int code = bulk_gather(txn, e->type, e->bulk->now, &e->manifest, archive, err);
	snprintf(e->manifest.cluster, sizeof e->manifest.cluster, "%s", e->bulk->cluster);
	if (!code)
		code = choose_signer(e, txn, err);
	e->revision = txn_revision(txn);
	return code ? code : digest_content(e, err);
}

static int look_work(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	int code = bulk_peer_get(txn, e->bulk->cluster, &e->own, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	const struct bulk_peer_type *last = &e->own.type[e->type];
	e->changed = !e->if_changed;
	if (e->if_changed && last->sequence && last->revision == txn_revision(txn))
		return ERR_OK;
	code = gather(e, txn, NULL, err);
	if (code)
		return code;
	bool empty = !e->manifest.entry_count && !e->manifest.tombstone_count && !e->manifest.block_count && !last->sequence;
	if (e->if_changed && !empty)
		e->changed = !digest_equal(&last->manifest, &e->content);
	return ERR_OK;
}

/* --- numbers */

static int reserve_work(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	int code = bulk_peer_get(txn, e->bulk->cluster, &e->own, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	struct bulk_peer_type *last = &e->own.type[e->type];
	if (last->sequence < e->sequence_there)
		last->sequence = e->sequence_there; /* a store that was restored must not count anew */
	last->sequence++;
	return bulk_peer_put(txn, &e->own, err);
}

static int done_work(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	struct bulk_peer own;
	int code = bulk_peer_get(txn, e->bulk->cluster, &own, err);
	if (code)
		return code;
	own.format = BULK_MANIFEST_VERSION;
	own.type[e->type].manifest = e->content;
	own.type[e->type].revision = e->revision;
	bulk_peer_learn(&own, &e->manifest, &e->signer.cert);
	return bulk_peer_put(txn, &own, err);
}

static int unchanged_work(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	struct bulk_peer own;
	int code = bulk_peer_get(txn, e->bulk->cluster, &own, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	own.type[e->type].revision = e->revision;
	return bulk_peer_put(txn, &own, err);
}

/* --- files */

static int gather_work(struct txn *txn, void *arg, struct err *err)
{
	struct exporting *e = arg;
	bulk_archive_deinit(&e->archive);
	return gather(e, txn, &e->archive, err);
}

static int sign(struct exporting *e, const char *text, size_t len, uint8_t **signature, size_t *signature_len, struct err *err)
{
	struct cert *cert = NULL;
	gnutls_privkey_t key = NULL;
	int code = cert_parse(e->signer.chain[0].bytes, e->signer.chain[0].len, &cert, err);
	if (!code)
		code = identity_key_load(&e->signer, e->bulk->keys, &key, err);
	if (!code)
		code = bulk_sign(text, len, cert, key, signature, signature_len, err);
	if (key)
		gnutls_privkey_deinit(key);
	cert_free(cert);
	return code;
}

/* The signature comes last: whoever sees it finds the rest. */
static int put_files(struct exporting *e, const struct bulk_name *name, const void *p12, size_t p12_len, struct err *err)
{
	char file[BULK_NAME_SIZE], *text = NULL;
	uint8_t *signature = NULL;
	size_t len, signature_len;
	struct bulk_place *place = e->bulk->place;
	int code = bulk_manifest_encode(&e->manifest, &text, &len, err);
	if (!code)
		code = sign(e, text, len, &signature, &signature_len, err);
	if (!code)
		code = bulk_place_put(place, bulk_name_format(name, BULK_ARCHIVE, file), p12, p12_len, err);
	if (!code)
		code = bulk_place_put(place, bulk_name_format(name, BULK_MANIFEST, file), text, len, err);
	if (!code)
		code = bulk_place_put(place, bulk_name_format(name, BULK_SIGNATURE, file), signature, signature_len, err);
	free(signature);
	free(text);
	return code;
}

static int write_export(struct exporting *e, struct bulk_exported *out, struct err *err)
{
	struct bulk_name name = { .type = e->type, .sequence = e->own.type[e->type].sequence };
	uint8_t *p12;
	size_t len;
	int code = bulk_archive_write(&e->archive, e->bulk->password, e->bulk->legacy, &e->bulk->progress, &p12, &len, err);
	if (code)
		return code;
	digest_of(p12, len, &name.archive);
	snprintf(name.cluster, sizeof name.cluster, "%s", e->bulk->cluster);
	e->manifest.head.sequence = name.sequence;
	e->manifest.head.time = e->bulk->now;
	e->manifest.head.archive = name.archive;
	e->manifest.head.archive_bytes = len;
	code = put_files(e, &name, p12, len, err);
	free(p12);
	out->sequence = name.sequence;
	out->archive = name.archive;
	out->signer = e->signer.cert;
	out->certificates = e->manifest.head.certificates;
	bulk_name_format(&name, BULK_MANIFEST, out->name);
	return code;
}

static int export_now(struct exporting *e, struct bulk_exported *out, struct err *err)
{
	struct bulk_listing *listing = malloc(sizeof *listing);
	int code = listing ? bulk_list(e->bulk, e->type, listing, err) : err_set(err, ERR_MEMORY, "no memory for a list");
	if (!code)
		e->sequence_there = listing->own_sequence;
	free(listing);
	if (!code)
		code = store_write(e->bulk->store, reserve_work, e, err);
	if (!code)
		code = store_read(e->bulk->store, gather_work, e, err);
	if (!code)
		code = write_export(e, out, err);
	if (!code)
		code = store_write(e->bulk->store, done_work, e, err);
	if (!code)
		bulk_prune(e->bulk, e->type, e->bulk->cluster, e->own.type[e->type].sequence);
	return code;
}

int bulk_export(struct bulk *bulk, enum bulk_type type, bool if_changed, struct bulk_exported *out, struct err *err)
{
	struct exporting e = { .bulk = bulk, .type = type, .if_changed = if_changed };
	*out = (struct bulk_exported){ .changed = false };
	int code = store_read(bulk->store, look_work, &e, err);
	if (!code && e.changed)
		code = export_now(&e, out, err);
	else if (!code && e.revision)
		code = store_write(bulk->store, unchanged_work, &e, err);
	out->changed = !code && e.changed;
	bulk_manifest_deinit(&e.manifest);
	bulk_archive_deinit(&e.archive);
	identity_deinit(&e.signer);
	return code;
}
