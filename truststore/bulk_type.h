/* What is exchanged between clusters: the types of certificates, and the names of clusters and files. */
#ifndef TVS_BULK_TYPE_H
#define TVS_BULK_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/digest.h"
#include "truststore/purpose.h"

enum bulk_type { BULK_TFTP, BULK_TOMCAT, BULK_CAPF, BULK_ITLRECOVERY, BULK_TYPE_COUNT };

enum { BULK_STORES = 2, BULK_CLUSTER_MAX = 64 };

struct bulk_rule {
	const char *name;                    /* "tftp" */
	const char *home;                    /* the trust store that its certificates are exported from */
	const char *stores[BULK_STORES + 1]; /* where an import puts them; ends in NULL */
	enum purpose purposes[3];            /* own certificates; ends in PURPOSE_COUNT */
	uint32_t ceiling;                    /* roles that another cluster may grant unless the settings say otherwise */
};

const struct bulk_rule *bulk_rule(enum bulk_type type);

/* The index of a store in `stores`, compared without case; -1 where it does not belong there. */
int bulk_store_index(enum bulk_type type, const char *name, size_t len);

/* "tftp" ... or "all", as a set of 1 << type. ERR_USAGE; `err` lists the names. */
int bulk_types_parse(const char *text, unsigned *types, struct err *err);

/* Letters, digits, '_', '.', '-', beginning with a letter or digit, at most 64. ERR_USAGE names `what`. */
int bulk_cluster_check(const char *what, const char *name, struct err *err);

/* The name of a file in the shared place: what it is can be read from it, so that nobody has to open every file. */
struct bulk_name {
	bool consolidated;                  /* else one cluster's export */
	char cluster[BULK_CLUSTER_MAX + 1]; /* "" for a consolidated one */
	enum bulk_type type;
	uint64_t sequence;
	struct digest archive;              /* SHA-256 of the PKCS#12 */
	struct digest inputs;               /* of a consolidated one: digest of the names of the exports in it */
};

enum { BULK_NAME_SIZE = 256 };

/* "west-tftp-00000003-<64 digits>.p12", "_all-tftp-00000002-<64>-<64>.json" with the extension `ending`.
 * Returns `out`. */
char *bulk_name_format(const struct bulk_name *name, const char *ending, char out[BULK_NAME_SIZE]);

/* Reads such a name with this extension; false for any other. */
bool bulk_name_parse(const char *text, const char *ending, struct bulk_name *out);

#define BULK_ARCHIVE ".p12"
#define BULK_MANIFEST ".json"
#define BULK_SIGNATURE ".p7s"

#endif
