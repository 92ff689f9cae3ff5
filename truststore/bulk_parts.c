/* Consolidated manifests. */
#include "config.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

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

static int put_base64(struct jsonw *w, const char *key, const void *bytes, size_t len, struct err *err)
{
	gnutls_datum_t in = { (void *)bytes, (unsigned)len }, text;
	if (gnutls_base64_encode2(&in, &text))
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	jsonw_text(w, key, (const char *)text.data, text.size);
	gnutls_free(text.data);
	return ERR_OK;
}

static int put_part(struct jsonw *w, const struct bulk_part *part, struct err *err)
{
	char name[BULK_NAME_SIZE];
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "name", bulk_name_format(&part->name, BULK_MANIFEST, name));
	int code = put_base64(w, "manifest", part->manifest, part->manifest_len, err);
	if (!code)
		code = put_base64(w, "signature", part->signature, part->signature_len, err);
	jsonw_close(w, '}');
	return code;
}

int bulk_parts_encode(const struct bulk_parts *parts, char **out, size_t *len, struct err *err)
{
	struct jsonw w = { 0 };
	char hex[DIGEST_HEX_SIZE];
	int code = ERR_OK;
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "format", FORMAT);
	jsonw_number(&w, "version", BULK_MANIFEST_VERSION);
	jsonw_string(&w, "type", bulk_rule(parts->type)->name);
	jsonw_number(&w, "sequence", (int64_t)parts->sequence);
	jsonw_time(&w, "time", parts->time);
	jsonw_open(&w, "archive", '{');
	jsonw_string(&w, "sha256", digest_hex(&parts->archive, hex));
	jsonw_number(&w, "certificates", (int64_t)parts->certificates);
	jsonw_close(&w, '}');
	jsonw_open(&w, "contributors", '[');
	for (size_t i = 0; !code && i < parts->count; i++)
		code = put_part(&w, &parts->part[i], err);
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	if (!code && w.failed)
		code = err_set(err, ERR_MEMORY, "no memory for a manifest");
	*out = code ? NULL : w.bytes;
	*len = code ? 0 : w.len;
	if (!code)
		w.bytes = NULL;
	jsonw_deinit(&w);
	return code;
}

static int get_base64(const char *name, const json_t *part, const char *key, void *out, size_t *len, struct err *err)
{
	const char *text;
	gnutls_datum_t bytes;
	char **at = out;
	int code = bulk_json_text(name, part, key, &text, err);
	if (code)
		return code;
	gnutls_datum_t in = { (void *)text, (unsigned)strlen(text) };
	if (!in.size || gnutls_base64_decode2(&in, &bytes))
		return err_set(err, ERR_MALFORMED, "%s: \"%s\" is not base64", name, key);
	*at = malloc(bytes.size + 1);
	if (*at) {
		memcpy(*at, bytes.data, bytes.size);
		(*at)[bytes.size] = '\0';
		*len = bytes.size;
	}
	gnutls_free(bytes.data);
	return *at ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a manifest");
}

static int get_part(const char *name, const json_t *item, struct bulk_part *part, struct err *err)
{
	const char *text;
	int code = bulk_json_text(name, item, "name", &text, err);
	if (!code && (!bulk_name_parse(text, BULK_MANIFEST, &part->name) || part->name.consolidated))
		code = err_set(err, ERR_MALFORMED, "%s: \"%.200s\" is not the name of an export", name, text);
	if (!code)
		code = get_base64(name, item, "manifest", &part->manifest, &part->manifest_len, err);
	return code ? code : get_base64(name, item, "signature", &part->signature, &part->signature_len, err);
}

static int get_parts(const char *name, const json_t *root, struct bulk_parts *out, struct err *err)
{
	const json_t *array;
	int code = bulk_json_array(name, root, "contributors", &array, err);
	if (code)
		return code;
	if (json_array_size(array) > BULK_CONTRIBUTORS_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d clusters", name, BULK_CONTRIBUTORS_MAX);
	out->part = calloc(json_array_size(array) + 1, sizeof *out->part);
	if (!out->part)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	for (size_t i = 0; !code && i < json_array_size(array); i++) {
		code = get_part(name, json_array_get(array, i), &out->part[out->count], err);
		out->count++;
	}
	return code;
}

static int get_head(const char *name, const json_t *root, struct bulk_parts *out, struct err *err)
{
	const char *text;
	const json_t *archive = json_object_get(root, "archive");
	uint64_t number;
	unsigned types = 0;
	int code = bulk_json_text(name, root, "format", &text, err);
	if (!code && strcmp(text, FORMAT))
		code = err_set(err, ERR_MALFORMED, "%s: not a %s", name, FORMAT);
	if (!code)
		code = bulk_json_number(name, root, "version", INT64_MAX, &number, err);
	if (!code && number != BULK_MANIFEST_VERSION)
		code = err_set(err, ERR_VERSION, "%s: a manifest of version %llu, this program knows version %d", name,
		               (unsigned long long)number, BULK_MANIFEST_VERSION);
	if (!code)
		code = bulk_json_text(name, root, "type", &text, err);
	if (!code && (bulk_types_parse(text, &types, NULL) || (types & (types - 1))))
		code = err_set(err, ERR_MALFORMED, "%s: there is no type \"%.40s\"", name, text);
	while (!code && !(types & 1u << out->type))
		out->type++;
	if (!code)
		code = bulk_json_number(name, root, "sequence", INT64_MAX, &out->sequence, err);
	if (!code)
		code = bulk_json_time(name, root, "time", &out->time, err);
	if (!code)
		code = bulk_json_digest(name, archive, "sha256", &out->archive, err);
	if (!code)
		code = bulk_json_number(name, archive, "certificates", BULK_ENTRIES_MAX, &number, err);
	if (!code)
		out->certificates = number;
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
		code = get_head(name, root, out, err);
	if (!code)
		code = get_parts(name, root, out, err);
	json_decref(root);
	return code;
}
