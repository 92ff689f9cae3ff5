#include "config.h"

#include "truststore/bulk_head.h"

#include <string.h>

#include "truststore/bulk_json.h"
#include "truststore/bulk_manifest.h"

void bulk_head_put(struct jsonw *w, const char *format, const char *cluster, const struct bulk_head *head)
{
	char hex[DIGEST_HEX_SIZE];
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "format", format);
	jsonw_number(w, "version", BULK_MANIFEST_VERSION);
	if (cluster)
		jsonw_string(w, "cluster", cluster);
	jsonw_string(w, "type", bulk_rule(head->type)->name);
	jsonw_number(w, "sequence", (int64_t)head->sequence);
	jsonw_time(w, "time", head->time);
	jsonw_open(w, "archive", '{');
	jsonw_string(w, "sha256", digest_hex(&head->archive, hex));
	if (head->archive_bytes)
		jsonw_number(w, "bytes", (int64_t)head->archive_bytes);
	jsonw_number(w, "certificates", (int64_t)head->certificates);
	jsonw_close(w, '}');
}

int bulk_head_end(struct jsonw *w, char **out, size_t *len, struct err *err)
{
	jsonw_close(w, '}');
	*out = w->failed ? NULL : w->bytes;
	*len = *out ? w->len : 0;
	if (*out)
		w->bytes = NULL;
	jsonw_deinit(w);
	return *out ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a manifest");
}

static int check_format(const char *name, const json_t *root, const char *format, struct err *err)
{
	const char *text;
	uint64_t version;
	int code = bulk_json_text(name, root, "format", &text, err);
	if (!code && strcmp(text, format))
		code = err_set(err, ERR_MALFORMED, "%s: not a %s", name, format);
	if (!code)
		code = bulk_json_number(name, root, "version", INT64_MAX, &version, err);
	if (!code && version != BULK_MANIFEST_VERSION)
		code = err_set(err, ERR_VERSION, "%s: a manifest of version %llu, this program knows version %d", name,
		               (unsigned long long)version, BULK_MANIFEST_VERSION);
	return code;
}

static int get_type(const char *name, const json_t *root, enum bulk_type *type, struct err *err)
{
	const char *text;
	int code = bulk_json_text(name, root, "type", &text, err);
	for (int i = 0; !code && i < BULK_TYPE_COUNT; i++)
		if (!strcmp(text, bulk_rule((enum bulk_type)i)->name)) {
			*type = (enum bulk_type)i;
			return ERR_OK;
		}
	return code ? code : err_set(err, ERR_MALFORMED, "%s: there is no type \"%.40s\"", name, text);
}

int bulk_head_get(const char *name, const json_t *root, const char *format, struct bulk_head *out, struct err *err)
{
	const json_t *archive = json_object_get(root, "archive");
	uint64_t certificates = 0;
	*out = (struct bulk_head){ .sequence = 0 };
	int code = check_format(name, root, format, err);
	if (!code)
		code = get_type(name, root, &out->type, err);
	if (!code)
		code = bulk_json_number(name, root, "sequence", INT64_MAX, &out->sequence, err);
	if (!code)
		code = bulk_json_time(name, root, "time", &out->time, err);
	if (!code)
		code = bulk_json_digest(name, archive, "sha256", &out->archive, err);
	if (!code && json_object_get(archive, "bytes"))
		code = bulk_json_number(name, archive, "bytes", INT64_MAX, &out->archive_bytes, err);
	if (!code)
		code = bulk_json_number(name, archive, "certificates", BULK_ENTRIES_MAX, &certificates, err);
	out->certificates = certificates;
	return code;
}
