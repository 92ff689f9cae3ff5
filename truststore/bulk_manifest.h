/* Manifests (JSON, UTF-8): what a cluster says of an archive of its certificates. */
#ifndef TVS_BULK_MANIFEST_H
#define TVS_BULK_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/bulk_head.h"
#include "truststore/bulk_successor.h"

enum {
	BULK_MANIFEST_VERSION = 1,
	BULK_MANIFEST_MAX = 64 << 20, /* bytes */
	BULK_ENTRIES_MAX = 500000,    /* certificates, tombstones and blocks, each */
	BULK_SIGNERS_MAX = 4,
	BULK_CONTRIBUTORS_MAX = 200   /* exports in a consolidated archive */
};

/* A certificate in one trust store of the cluster. */
struct bulk_entry {
	struct digest id;
	uint8_t store;  /* index in the rule's `stores` */
	uint32_t roles; /* that the cluster itself gives it there */
	int64_t until;  /* CLOCK_NEVER: no end */
};

struct bulk_mark {
	struct digest id;
	uint8_t store;
};

struct bulk_manifest {
	struct bulk_head head; /* its sequence counts up for each cluster and type */
	char cluster[BULK_CLUSTER_MAX + 1];
	struct bulk_entry *entries; /* by digest, then store */
	size_t entry_count;
	struct bulk_mark *tombstones;
	size_t tombstone_count;
	struct digest *blocks;
	size_t block_count;
	struct digest signers[BULK_SIGNERS_MAX]; /* certificates that may sign what comes next */
	unsigned signer_count;
	struct bulk_succession succession; /* that leads to the certificate which signs this */
};

void bulk_manifest_deinit(struct bulk_manifest *manifest);

/* Sorts the entries; counts the different certificates in them. */
void bulk_manifest_sort(struct bulk_manifest *manifest);
size_t bulk_manifest_distinct(const struct bulk_manifest *manifest);

/* The text; entries must be sorted. The caller frees `*out`. */
int bulk_manifest_encode(const struct bulk_manifest *manifest, char **out, size_t *len, struct err *err);

/* Reads one; `name` stands in messages. Members that are not known are passed over. The caller frees with
 * bulk_manifest_deinit in every case. ERR_MALFORMED, ERR_LIMIT, ERR_VERSION. */
int bulk_manifest_decode(const char *name, const char *bytes, size_t len, struct bulk_manifest *out, struct err *err);

/* A consolidated manifest: signed manifests of several clusters, unchanged, beside one archive. It has no signature of
 * its own: who imports verifies each of them. */
struct bulk_part {
	struct bulk_name name; /* of the export's files */
	char *manifest;
	size_t manifest_len;
	uint8_t *signature;
	size_t signature_len;
};

struct bulk_parts {
	struct bulk_head head;
	struct bulk_part *part;
	size_t count;
};

void bulk_parts_deinit(struct bulk_parts *parts);
int bulk_parts_encode(const struct bulk_parts *parts, char **out, size_t *len, struct err *err);
int bulk_parts_decode(const char *name, const char *bytes, size_t len, struct bulk_parts *out, struct err *err);

#endif
