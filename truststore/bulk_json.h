/* Reading JSON from strangers: bounded, and with a sentence for what is missing. */
#ifndef TVS_BULK_JSON_H
#define TVS_BULK_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/digest.h"

/* Parses an object with at most `values` values in it, counted before anything is allocated for them. */
int bulk_json_parse(const char *name, const char *bytes, size_t len, size_t values, json_t **out, struct err *err);

/* Members of an object. ERR_MALFORMED names file and member. */
int bulk_json_text(const char *name, const json_t *object, const char *key, const char **out, struct err *err);
int bulk_json_number(const char *name, const json_t *object, const char *key, uint64_t max, uint64_t *out, struct err *err);
int bulk_json_array(const char *name, const json_t *object, const char *key, size_t max, const json_t **out,
                    struct err *err); /* ERR_LIMIT */
int bulk_json_time(const char *name, const json_t *object, const char *key, int64_t *out, struct err *err); /* null: CLOCK_NEVER */
int bulk_json_digest(const char *name, const json_t *object, const char *key, struct digest *out, struct err *err);

/* A base64 text; `*out`, a char ** or uint8_t **, is allocated, with a NUL behind the bytes that `len` does not
 * count. */
int bulk_json_base64(const char *name, const json_t *object, const char *key, void *out, size_t *len, struct err *err);

/* A string of 64 hexadecimal digits. */
int bulk_json_hex(const char *name, const json_t *value, struct digest *out, struct err *err);

#endif
