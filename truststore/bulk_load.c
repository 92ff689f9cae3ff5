/* Reading and verifying what is to be imported. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/base/outfile.h"
#include "truststore/bulk_import.h"
#include "truststore/bulk_sign.h"
#include "truststore/role.h"

static void input_deinit(struct bulk_input *input)
{
	for (size_t i = 0; i < input->count; i++)
		bulk_contribution_deinit(&input->contributions[i]);
	free(input->contributions);
	bulk_archive_deinit(&input->archive);
	*input = (struct bulk_input){ .count = 0 };
}

void bulk_batch_deinit(struct bulk_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		input_deinit(&batch->inputs[i]);
	bulk_account_deinit(&batch->account);
	batch->count = 0;
}

/* --- consolidated archives */

static bool wanted(const struct bulk_batch *batch, const struct bulk_name *name)
{
	if (batch->only)
		return !strcasecmp(batch->only, name->cluster);
	return !batch->bulk->cluster || strcasecmp(batch->bulk->cluster, name->cluster);
}

static int retired_work(struct txn *txn, void *arg, struct err *err)
{
	struct bulk_peer *peer = arg;
	char name[BULK_CLUSTER_MAX + 1];
	snprintf(name, sizeof name, "%s", peer->name);
	int code = bulk_peer_get(txn, name, peer, err);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* ERR_STOPPED for a cluster that was retired. */
static int check_retired(struct bulk_batch *batch, const char *cluster, struct err *err)
{
	struct bulk_peer peer = { .signer_count = 0 };
	snprintf(peer.name, sizeof peer.name, "%s", cluster);
	int code = store_read(batch->bulk->store, retired_work, &peer, err);
	if (code || !peer.retired)
		return code;
	if (batch->only)
		return err_set(err, ERR_REFUSED, "cluster %s was retired; \"bulk import --again\" takes it back", peer.name);
	return ERR_STOPPED;
}

static int take_part(struct bulk_batch *batch, struct bulk_input *input, struct bulk_part *part, struct err *err)
{
	if (!wanted(batch, &part->name) || part->name.type != input->type)
		return ERR_OK;
	int code = check_retired(batch, part->name.cluster, err);
	if (code)
		return code == ERR_STOPPED ? ERR_OK : code;
	struct bulk_contribution *c = &input->contributions[input->count];
	code = bulk_contribution_check(batch->bulk, part, c, err);
	if (code)
		bulk_contribution_deinit(c);
	else
		input->count++;
	return code;
}

/* Everybody who contributed must be believed; with `lenient` others are left out. */
static int take_parts(struct bulk_batch *batch, struct bulk_input *input, struct bulk_parts *parts, struct err *err)
{
	int code = ERR_OK;
	input->contributions = calloc(parts->count + 1, sizeof *input->contributions);
	if (!input->contributions)
		return err_set(err, ERR_MEMORY, "no memory for manifests");
	for (size_t i = 0; !code && i < parts->count; i++) {
		struct err why = { .code = 0 };
		code = take_part(batch, input, &parts->part[i], &why);
		if (code && batch->lenient && code != ERR_MEMORY && code != ERR_STORE) {
			if (!batch->left_out_count++)
				snprintf(batch->left_out, sizeof batch->left_out, "%s", err_text(&why));
			code = ERR_OK;
		}
		if (code)
			*err = why;
	}
	return code;
}

static int get_archive(struct bulk_batch *batch, struct bulk_input *input, const struct bulk_parts *parts, struct err *err)
{
	struct digest digest;
	char *bytes;
	size_t len;
	if (!input->count)
		return ERR_OK; /* nothing of it is wanted */
	int code = bulk_place_get(batch->bulk->place, input->source, BULK_ARCHIVE_MAX, &bytes, &len, err);
	if (code == ERR_NOT_FOUND)
		code = err->code = ERR_REFUSED; /* its manifest is there */
	if (code)
		return code;
	digest_of(bytes, len, &digest);
	if (!digest_equal(&digest, &input->sha256) || !digest_equal(&digest, &parts->head.archive))
		code = err_set(err, ERR_REFUSED, "%s: not the archive that its name and manifest promise", input->source);
	if (!code)
		code = bulk_archive_read(&input->archive, input->source, bytes, len, batch->bulk->password,
		                         &batch->bulk->progress, err);
	free(bytes);
	bulk_archive_sort(&input->archive);
	if (!code && input->archive.count != parts->head.certificates)
		code = err_set(err, ERR_MALFORMED, "%s: there are %zu certificates in it, %zu in the manifest",
		               input->source, input->archive.count, parts->head.certificates);
	for (size_t i = 0; !code && i < input->count; i++)
		if ((code = bulk_contribution_covers(&input->contributions[i], &input->archive, err)))
			err_prefix(err, "%s", input->source);
	return code;
}

static int find_latest(struct bulk *bulk, enum bulk_type type, struct bulk_name *out, struct err *err)
{
	struct bulk_listing *listing = malloc(sizeof *listing);
	int code = listing ? bulk_list(bulk, type, listing, err) : err_set(err, ERR_MEMORY, "no memory for a list");
	if (!code && !listing->has_latest)
		code = err_set(err, ERR_NOT_FOUND,
		               "%s: there is no consolidated archive of type %s: `truststore bulk consolidate` makes one",
		               bulk_place_name(bulk->place), bulk_rule(type)->name);
	if (!code)
		*out = listing->latest;
	free(listing);
	return code;
}

int bulk_batch_load(struct bulk_batch *batch, enum bulk_type type, const struct bulk_name *name, struct err *err)
{
	struct bulk_input *input = &batch->inputs[batch->count];
	struct bulk_parts parts = { .count = 0 };
	struct bulk_name latest;
	char file[BULK_NAME_SIZE], *text;
	size_t len;
	if (name)
		latest = *name;
	int code = name ? ERR_OK : find_latest(batch->bulk, type, &latest, err);
	if (code)
		return code;
	*input = (struct bulk_input){ .type = type, .sha256 = latest.archive, .inputs = latest.inputs };
	batch->count++;
	bulk_name_format(&latest, BULK_ARCHIVE, file);
	snprintf(input->source, sizeof input->source, "%s", file);
	bulk_name_format(&latest, BULK_MANIFEST, file);
	code = bulk_place_get(batch->bulk->place, file, 2 * (size_t)BULK_MANIFEST_MAX, &text, &len, err);
	if (code)
		return code;
	code = bulk_parts_decode(file, text, len, &parts, err);
	free(text);
	if (!code && (parts.head.type != type || parts.head.sequence != latest.sequence))
		code = err_set(err, ERR_REFUSED, "%s: the manifest is not the one that its name promises", file);
	if (!code)
		code = take_parts(batch, input, &parts, err);
	if (!code)
		code = get_archive(batch, input, &parts, err);
	bulk_parts_deinit(&parts);
	return code;
}

/* --- files that others made */

/* As if the cluster had listed all that is there, in every trust store of the type. */
static int make_manifest(struct bulk_input *input, const char *cluster, struct err *err)
{
	struct bulk_manifest *manifest;
	const struct bulk_rule *rule = bulk_rule(input->type);
	size_t stores = rule->stores[1] ? 2 : 1;
	input->contributions = calloc(1, sizeof *input->contributions);
	if (!input->contributions)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	input->count = 1;
	manifest = &input->contributions[0].manifest;
	manifest->head.type = input->type;
	snprintf(manifest->cluster, sizeof manifest->cluster, "%s", cluster);
	manifest->entries = calloc(input->archive.count * stores + 1, sizeof *manifest->entries);
	if (!manifest->entries)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	for (size_t i = 0; i < input->archive.count; i++)
		for (size_t store = 0; store < stores; store++)
			manifest->entries[manifest->entry_count++] = (struct bulk_entry){
				.id = input->archive.certs[i].id, .store = (uint8_t)store, .roles = ROLE_ALL, .until = CLOCK_NEVER,
			};
	return ERR_OK;
}

int bulk_batch_load_file(struct bulk_batch *batch, enum bulk_type type, const char *file, const char *cluster, struct err *err)
{
	struct bulk_input *input = &batch->inputs[batch->count];
	char *bytes;
	size_t len;
	*input = (struct bulk_input){ .type = type, .is_unsigned = true };
	if (strlen(file) >= sizeof input->source)
		return err_set(err, ERR_USAGE, "%.60s...: the name is too long", file);
	snprintf(input->source, sizeof input->source, "%s", file);
	int code = bulk_cluster_check("--cluster", cluster, err);
	if (!code)
		code = infile_read(file, BULK_ARCHIVE_MAX, &bytes, &len, err);
	if (code)
		return code;
	batch->count++;
	digest_of(bytes, len, &input->sha256);
	code = bulk_archive_read(&input->archive, file, bytes, len, batch->bulk->password, &batch->bulk->progress, err);
	free(bytes);
	bulk_archive_sort(&input->archive);
	if (!code && !input->archive.count)
		code = err_set(err, ERR_MALFORMED, "%s: there is no certificate in it", file);
	return code ? code : make_manifest(input, cluster, err);
}
