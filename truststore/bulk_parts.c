/* Consolidated manifests. */
#include "config.h"

#include <stdlib.h>

#include "truststore/bulk_json.h"
#include "truststore/bulk_manifest.h"
#include "truststore/jsonw.h"

#define FORMAT "tvs-bulk-consolidated"

void bulk_parts_deinit(struct bulk_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		free(parts->part[i].manifest);
		free(parts->part[i].signature);
	}
	free(parts->part);
	*parts = (struct bulk_parts){ .count = 0 };
}

static void put_part(struct jsonw *w, const struct bulk_part *part)
{
	char name[BULK_NAME_SIZE];
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "name", bulk_name_format(&part->name, BULK_MANIFEST, name));
	jsonw_base64(w, "manifest", part->manifest, part->manifest_len);
	jsonw_base64(w, "signature", part->signature, part->signature_len);
	jsonw_close(w, '}');
}

int bulk_parts_encode(const struct bulk_parts *parts, char **out, size_t *len, struct err *err)
{
	struct jsonw w = { 0 };
	bulk_head_put(&w, FORMAT, NULL, &parts->head);
	jsonw_open(&w, "contributors", '[');
	for (size_t i = 0; i < parts->count; i++)
		put_part(&w, &parts->part[i]);
	jsonw_close(&w, ']');
	return bulk_head_end(&w, out, len, err);
}

static int get_part(const char *name, const json_t *item, struct bulk_part *part, struct err *err)
{
	const char *text;
	int code = bulk_json_text(name, item, "name", &text, err);
	if (!code && (!bulk_name_parse(text, BULK_MANIFEST, &part->name) || part->name.consolidated))
		code = err_set(err, ERR_MALFORMED, "%s: \"%.200s\" is not the name of an export", name, text);
	if (!code)
		code = bulk_json_base64(name, item, "manifest", &part->manifest, &part->manifest_len, err);
	return code ? code : bulk_json_base64(name, item, "signature", &part->signature, &part->signature_len, err);
}

static int get_parts(const char *name, const json_t *root, struct bulk_parts *out, struct err *err)
{
	const json_t *array;
	int code = bulk_json_array(name, root, "contributors", BULK_CONTRIBUTORS_MAX, &array, err);
	if (code)
		return code;
	out->part = calloc(json_array_size(array) + 1, sizeof *out->part);
	if (!out->part)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	for (size_t i = 0; !code && i < json_array_size(array); i++) {
		code = get_part(name, json_array_get(array, i), &out->part[out->count], err);
		out->count++;
	}
	return code;
}

int bulk_parts_decode(const char *name, const char *bytes, size_t len, struct bulk_parts *out, struct err *err)
{
	json_t *root;
	*out = (struct bulk_parts){ .count = 0 };
	if (len > 2 * (size_t)BULK_MANIFEST_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %d MiB", name, BULK_MANIFEST_MAX >> 19);
	int code = bulk_json_parse(name, bytes, len, 16 + 5 * (size_t)BULK_CONTRIBUTORS_MAX, &root, err);
	if (!code)
		code = bulk_head_get(name, root, FORMAT, &out->head, err);
	if (!code)
		code = get_parts(name, root, out, err);
	json_decref(root);
	return code;
}
