/* The shared place where clusters leave their exports: a directory, or SFTP. Files appear whole or not at all,
 * under names that are never used twice. */
#ifndef TVS_BULK_PLACE_H
#define TVS_BULK_PLACE_H

#include <stddef.h>

#include "truststore/base/conf.h"

struct bulk_place;

/* What stands in [bulk]; `where` is its `directory`, or what an option says instead. For SFTP everything that
 * can be refused without a connection is refused here: no known host key, no user key or password, an RSA key.
 * The caller frees with bulk_place_free. */
int bulk_place_open(const struct conf *conf, const char *where, struct bulk_place **out, struct err *err);
void bulk_place_free(struct bulk_place *place);
const char *bulk_place_name(const struct bulk_place *place);

/* Calls `each` for every name, hidden ones left out, in no order. */
typedef int bulk_place_fn(const char *name, void *arg, struct err *err);
int bulk_place_list(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err);

/* The same for files that never became whole, because a connection was cut: `each` gets the name that one was
 * to have. A directory keeps none. */
int bulk_place_list_parts(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err);

/* The bytes of a file, at most `max`; allocated, with a NUL behind them that `len` does not count.
 * ERR_NOT_FOUND, ERR_LIMIT. */
int bulk_place_get(struct bulk_place *place, const char *name, size_t max, char **out, size_t *len, struct err *err);

/* A new file. ERR_EXISTS. After a failure nothing is there under that name. */
int bulk_place_put(struct bulk_place *place, const char *name, const void *bytes, size_t len, struct err *err);

/* No failure where it is not there. */
int bulk_place_delete(struct bulk_place *place, const char *name, struct err *err);
int bulk_place_delete_part(struct bulk_place *place, const char *name, struct err *err);

#endif
