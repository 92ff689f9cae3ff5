/* Merging the exports of all clusters. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/bulk.h"
#include "truststore/bulk_sign.h"

struct merging {
	struct bulk *bulk;
	enum bulk_type type;
	bool lenient;
	struct bulk_listing listing;
	struct bulk_contribution *taken;
	struct bulk_name names[BULK_CONTRIBUTORS_MAX]; /* of those */
	struct digest inputs;                          /* of those */
	size_t count;
	struct bulk_archive archive;
	struct bulk_consolidated *out;
};

static int get_part(struct bulk *bulk, const struct bulk_name *name, struct bulk_part *part, struct err *err)
{
	char file[BULK_NAME_SIZE], *signature = NULL;
	*part = (struct bulk_part){ .name = *name };
	int code = bulk_place_get(bulk->place, bulk_name_format(name, BULK_SIGNATURE, file), BULK_SIGNATURE_MAX,
	                          &signature, &part->signature_len, err);
	part->signature = (uint8_t *)signature;
	if (!code)
		code = bulk_place_get(bulk->place, bulk_name_format(name, BULK_MANIFEST, file), BULK_MANIFEST_MAX,
		                      &part->manifest, &part->manifest_len, err);
	return code == ERR_NOT_FOUND ? err->code = ERR_REFUSED : code;
}

/* The archive of an export, which must be what the manifest says, to the last certificate. */
static int get_archive(struct merging *m, const struct bulk_contribution *c, struct err *err)
{
	char file[BULK_NAME_SIZE], *bytes;
	size_t len;
	struct digest digest;
	struct bulk_archive mine = { .count = 0 };
	bulk_name_format(&c->part.name, BULK_ARCHIVE, file);
	int code = bulk_place_get(m->bulk->place, file, BULK_ARCHIVE_MAX, &bytes, &len, err);
	if (code == ERR_NOT_FOUND)
		code = err->code = ERR_REFUSED; /* its signature says that it must be there */
	if (code)
		return code;
	digest_of(bytes, len, &digest);
	if (!digest_equal(&digest, &c->manifest.head.archive) || len != c->manifest.head.archive_bytes)
		code = err_set(err, ERR_REFUSED, "%s: not the archive that the signed manifest names", file);
	if (!code)
		code = bulk_archive_read(&mine, file, bytes, len, m->bulk->password, &m->bulk->progress, err);
	free(bytes);
	bulk_archive_sort(&mine);
	if (!code && mine.count != c->manifest.head.certificates)
		code = err_set(err, ERR_MALFORMED, "%s: there are %zu certificates in it, %zu in the manifest", file,
		               mine.count, c->manifest.head.certificates);
	if (!code && (code = bulk_contribution_covers(c, &mine, err)))
		err_prefix(err, "%s", file);
	for (size_t i = 0; !code && i < mine.count; i++)
		code = bulk_archive_add(&m->archive, mine.certs[i].der, mine.certs[i].len, err);
	bulk_archive_deinit(&mine);
	return code;
}

static int take_one(struct merging *m, const struct bulk_name *name, struct err *err)
{
	struct bulk_part part;
	struct bulk_contribution *c = &m->taken[m->count];
	int code = get_part(m->bulk, name, &part, err);
	if (code) {
		free(part.manifest);
		free(part.signature);
		return code;
	}
	code = bulk_contribution_check(m->bulk, &part, c, err);
	if (!code)
		code = get_archive(m, c, err);
	if (code)
		bulk_contribution_deinit(c);
	else
		m->names[m->count++] = *name;
	return code;
}

/* A failure that concerns one export, not the way to it or this machine. */
static bool of_one(int code)
{
	return code == ERR_REFUSED || code == ERR_MALFORMED || code == ERR_LIMIT || code == ERR_VERSION || code == ERR_CRYPTO ||
	       code == ERR_NOT_FOUND;
}

static int take_all(struct merging *m, struct err *err)
{
	int code = ERR_OK;
	for (size_t i = 0; !code && i < m->listing.export_count; i++) {
		struct err why;
		code = take_one(m, &m->listing.exports[i], &why);
		if (code && m->lenient && of_one(code)) {
			if (!m->out->left_out_count++)
				snprintf(m->out->left_out, sizeof m->out->left_out, "%s", err_text(&why));
			code = ERR_OK;
		}
		if (code && err)
			*err = why;
	}
	bulk_archive_sort(&m->archive);
	return code;
}

static int put_parts(struct merging *m, struct bulk_name *name, const void *p12, size_t p12_len, struct err *err)
{
	struct bulk_parts parts = { .head = { .type = m->type,
	                                      .sequence = name->sequence,
	                                      .time = m->bulk->now,
	                                      .archive = name->archive,
	                                      .archive_bytes = p12_len,
	                                      .certificates = m->archive.count },
	                            .count = m->count };
	char file[BULK_NAME_SIZE], *text = NULL;
	size_t len;
	parts.part = calloc(m->count + 1, sizeof *parts.part);
	if (!parts.part)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	for (size_t i = 0; i < m->count; i++)
		parts.part[i] = m->taken[i].part;
	int code = bulk_parts_encode(&parts, &text, &len, err);
	if (!code)
		code = bulk_place_put(m->bulk->place, bulk_name_format(name, BULK_ARCHIVE, file), p12, p12_len, err);
	if (!code)
		code = bulk_place_put(m->bulk->place, bulk_name_format(name, BULK_MANIFEST, file), text, len, err);
	snprintf(m->out->name, sizeof m->out->name, "%s", file);
	free(parts.part);
	free(text);
	return code;
}

static int write_files(struct merging *m, struct err *err)
{
	struct bulk_name name = { .consolidated = true,
	                          .type = m->type,
	                          .sequence = m->listing.has_latest ? m->listing.latest.sequence + 1 : 1,
	                          .inputs = m->inputs };
	uint8_t *p12;
	size_t len;
	int code = bulk_archive_write(&m->archive, m->bulk->password, m->bulk->legacy, &m->bulk->progress, &p12, &len, err);
	if (code)
		return code;
	digest_of(p12, len, &name.archive);
	code = put_parts(m, &name, p12, len, err);
	free(p12);
	m->out->sequence = name.sequence;
	return code;
}

static int record_work(struct txn *txn, void *arg, struct err *err)
{
	struct merging *m = arg;
	int code = ERR_OK;
	for (size_t i = 0; !code && i < m->count; i++)
		code = bulk_contribution_record(txn, &m->taken[i], err);
	return code;
}

static int merge(struct merging *m, bool force, struct err *err)
{
	const struct bulk_name *latest = &m->listing.latest;
	if (!m->listing.export_count)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no export of type %s", bulk_place_name(m->bulk->place),
		               bulk_rule(m->type)->name);
	m->out->sequence = latest->sequence;
	bulk_name_format(latest, BULK_MANIFEST, m->out->name);
	if (!force && m->listing.has_latest && digest_equal(&latest->inputs, &m->listing.inputs))
		return ERR_OK;
	int code = take_all(m, err);
	if (!code && !m->count)
		return err_set(err, ERR_REFUSED, "%s", m->out->left_out);
	if (!code)
		code = bulk_inputs(m->names, m->count, &m->inputs, err);
	m->out->changed = !code && (force || !m->listing.has_latest || !digest_equal(&latest->inputs, &m->inputs));
	if (m->out->changed)
		code = write_files(m, err);
	if (!code)
		code = store_write(m->bulk->store, record_work, m, err);
	if (!code && m->out->changed)
		bulk_prune(m->bulk, m->type, NULL, m->out->sequence);
	m->out->clusters = m->count;
	m->out->certificates = m->archive.count;
	return code;
}

int bulk_consolidate(struct bulk *bulk, enum bulk_type type, bool force, bool lenient, struct bulk_consolidated *out,
                     struct err *err)
{
	struct merging *m = calloc(1, sizeof *m);
	*out = (struct bulk_consolidated){ .changed = false };
	if (!m)
		return err_set(err, ERR_MEMORY, "no memory for a list");
	*m = (struct merging){ .bulk = bulk, .type = type, .lenient = lenient, .out = out };
	m->taken = calloc(BULK_CONTRIBUTORS_MAX, sizeof *m->taken);
	int code = m->taken ? bulk_list(bulk, type, &m->listing, err) : err_set(err, ERR_MEMORY, "no memory for a list");
	if (!code)
		code = merge(m, force, err);
	for (size_t i = 0; i < m->count; i++)
		bulk_contribution_deinit(&m->taken[i]);
	free(m->taken);
	bulk_archive_deinit(&m->archive);
	free(m);
	return code;
}
