#include "config.h"

#include "truststore/bulk_archive.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/bulk_manifest.h"
#include "truststore/p12.h"

enum { BLOCK = 1 << 20 };

void bulk_progress(const struct bulk_progress *progress, const char *what, size_t done, size_t total)
{
	if (progress && progress->step)
		progress->step(progress->arg, what, done, total);
}

void bulk_archive_deinit(struct bulk_archive *archive)
{
	for (size_t i = 0; i < archive->block_count; i++)
		free(archive->blocks[i]);
	free(archive->blocks);
	free(archive->certs);
	*archive = (struct bulk_archive){ .count = 0 };
}

/* Room for the bytes of one certificate; blocks never move. */
static uint8_t *reserve(struct bulk_archive *archive, size_t len)
{
	if (archive->block_size - archive->block_used < len) {
		uint8_t **blocks = reallocarray(archive->blocks, archive->block_count + 1, sizeof *blocks);
		if (!blocks)
			return NULL;
		archive->blocks = blocks;
		size_t size = len > BLOCK ? len : BLOCK;
		uint8_t *block = malloc(size);
		if (!block)
			return NULL;
		blocks[archive->block_count++] = block;
		archive->block_size = size;
		archive->block_used = 0;
	}
	uint8_t *at = archive->blocks[archive->block_count - 1] + archive->block_used;
	archive->block_used += len;
	return at;
}

int bulk_archive_add(struct bulk_archive *archive, const uint8_t *der, size_t len, struct err *err)
{
	if (archive->count >= BULK_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d certificates", BULK_ENTRIES_MAX);
	if (archive->count == archive->room) {
		size_t room = archive->room ? 2 * archive->room : 64;
		struct bulk_der *certs = reallocarray(archive->certs, room, sizeof *certs);
		if (!certs)
			return err_set(err, ERR_MEMORY, "no memory for %zu certificates", room);
		archive->certs = certs;
		archive->room = room;
	}
	uint8_t *copy = reserve(archive, len);
	if (!copy)
		return err_set(err, ERR_MEMORY, "no memory for a certificate");
	memcpy(copy, der, len);
	struct bulk_der *new = &archive->certs[archive->count++];
	*new = (struct bulk_der){ .der = copy, .len = (uint32_t)len };
	digest_of(copy, len, &new->id);
	return ERR_OK;
}

struct reading {
	struct bulk_archive *archive;
	const struct bulk_progress *progress;
};

static int take(const uint8_t *der, size_t len, unsigned number, void *arg, struct err *err)
{
	struct reading *reading = arg;
	bulk_progress(reading->progress, "reading", number, 0);
	return bulk_archive_add(reading->archive, der, len, err);
}

int bulk_archive_read(struct bulk_archive *archive, const char *name, const void *bytes, size_t len, const char *password,
                      const struct bulk_progress *progress, struct err *err)
{
	struct reading reading = { archive, progress };
	return p12_each_der(name, bytes, len, password, take, &reading, err);
}

static int compare(const void *left, const void *right)
{
	return digest_compare(&((const struct bulk_der *)left)->id, &((const struct bulk_der *)right)->id);
}

void bulk_archive_sort(struct bulk_archive *archive)
{
	size_t kept = 0;
	if (archive->count)
		qsort(archive->certs, archive->count, sizeof *archive->certs, compare);
	for (size_t i = 0; i < archive->count; i++)
		if (!kept || compare(&archive->certs[kept - 1], &archive->certs[i]))
			archive->certs[kept++] = archive->certs[i];
	archive->count = kept;
}

const struct bulk_der *bulk_archive_find(const struct bulk_archive *archive, const struct digest *id)
{
	struct bulk_der key = { .id = *id };
	return archive->count ? bsearch(&key, archive->certs, archive->count, sizeof key, compare) : NULL;
}

int bulk_archive_write(const struct bulk_archive *archive, const char *password, bool legacy, const struct bulk_progress *progress,
                       uint8_t **out, size_t *len, struct err *err)
{
	struct p12_writer *writer;
	int code = p12_writer_new(password, legacy ? P12_LEGACY : P12_MODERN, &writer, err);
	*out = NULL;
	*len = 0;
	for (size_t i = 0; !code && i < archive->count; i++) {
		bulk_progress(progress, "writing", i + 1, archive->count);
		code = p12_writer_add(writer, archive->certs[i].der, archive->certs[i].len, NULL, err);
	}
	if (!code)
		return p12_writer_end(writer, out, len, err);
	p12_writer_free(writer);
	return code;
}
