/* An archive's certificates, found by their digest. */
#ifndef TVS_BULK_ARCHIVE_H
#define TVS_BULK_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/digest.h"

struct bulk_progress { /* may be NULL everywhere */
	void (*step)(void *arg, const char *what, size_t done, size_t total);
	void *arg;
};

void bulk_progress(const struct bulk_progress *progress, const char *what, size_t done, size_t total);

/* Starts with zeroes. Sorted by digest once it was read; each certificate is there once. */
struct bulk_archive {
	struct bulk_der {
		struct digest id;
		const uint8_t *der;
		uint32_t len;
	} *certs;
	size_t count, room;
	uint8_t **blocks; /* the bytes */
	size_t block_count, block_used, block_size;
};

/* Adds what a PKCS#12 archive holds; may be called for several, then bulk_archive_sort. */
int bulk_archive_read(struct bulk_archive *archive, const char *name, const void *bytes, size_t len, const char *password,
                      const struct bulk_progress *progress, struct err *err);
int bulk_archive_add(struct bulk_archive *archive, const uint8_t *der, size_t len, struct err *err);
void bulk_archive_sort(struct bulk_archive *archive);
void bulk_archive_deinit(struct bulk_archive *archive);

const struct bulk_der *bulk_archive_find(const struct bulk_archive *archive, const struct digest *id); /* NULL */

/* All of them as a PKCS#12 archive; the caller frees `*out`. */
int bulk_archive_write(const struct bulk_archive *archive, const char *password, bool legacy, const struct bulk_progress *progress,
                       uint8_t **out, size_t *len, struct err *err);

#endif
