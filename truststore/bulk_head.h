/* What both kinds of manifests, a cluster's own and a consolidated one, say of themselves and their archive. */
#ifndef TVS_BULK_HEAD_H
#define TVS_BULK_HEAD_H

#include <jansson.h>

#include "truststore/bulk_type.h"
#include "truststore/jsonw.h"

struct bulk_head {
	enum bulk_type type;
	uint64_t sequence;
	int64_t time;
	struct digest archive;  /* SHA-256 */
	uint64_t archive_bytes; /* 0: not said */
	size_t certificates;    /* in the archive */
};

/* `cluster` may be NULL. The object is left open for what else is in the manifest. */
void bulk_head_put(struct jsonw *w, const char *format, const char *cluster, const struct bulk_head *head);

/* ERR_MALFORMED, ERR_VERSION. */
int bulk_head_get(const char *name, const json_t *root, const char *format, struct bulk_head *out, struct err *err);

/* Closes the object and hands the text over to the caller, who frees it. */
int bulk_head_end(struct jsonw *w, char **out, size_t *len, struct err *err);

#endif
