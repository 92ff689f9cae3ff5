#include "config.h"

#include "truststore/bulk_manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/bulk_json.h"
#include "truststore/jsonw.h"
#include "truststore/role.h"

#define FORMAT "tvs-bulk-manifest"

void bulk_manifest_deinit(struct bulk_manifest *manifest)
{
	free(manifest->entries);
	free(manifest->tombstones);
	free(manifest->blocks);
	bulk_succession_deinit(&manifest->succession);
	*manifest = (struct bulk_manifest){ .entry_count = 0 };
}

static int compare_entries(const void *left, const void *right)
{
	const struct bulk_entry *a = left, *b = right;
	int order = digest_compare(&a->id, &b->id);
	return order ? order : (int)a->store - (int)b->store;
}

void bulk_manifest_sort(struct bulk_manifest *manifest)
{
	if (manifest->entry_count)
		qsort(manifest->entries, manifest->entry_count, sizeof *manifest->entries, compare_entries);
}

size_t bulk_manifest_distinct(const struct bulk_manifest *manifest)
{
	size_t count = 0;
	for (size_t i = 0; i < manifest->entry_count; i++)
		count += !i || !digest_equal(&manifest->entries[i].id, &manifest->entries[i - 1].id);
	return count;
}

/* --- writing */

static void put_digest(struct jsonw *w, const char *key, const struct digest *digest)
{
	char hex[DIGEST_HEX_SIZE];
	jsonw_string(w, key, digest_hex(digest, hex));
}

/* Entries that have store, roles and end in common stand together: a large manifest is hardly more than its digests. */
static bool same_group(const struct bulk_entry *a, const struct bulk_entry *b)
{
	return a->store == b->store && a->roles == b->roles && a->until == b->until;
}

static int compare_groups(const void *left, const void *right)
{
	const struct bulk_entry *a = left, *b = right;
	if (a->store != b->store)
		return (int)a->store - (int)b->store;
	if (a->roles != b->roles)
		return a->roles < b->roles ? -1 : 1;
	if (a->until != b->until)
		return a->until < b->until ? -1 : 1;
	return digest_compare(&a->id, &b->id);
}

static void put_groups(struct jsonw *w, const struct bulk_rule *rule, const struct bulk_entry *entries, size_t count)
{
	char roles[ROLES_TEXT_SIZE];
	for (size_t i = 0; i < count; i++) {
		if (!i || !same_group(&entries[i], &entries[i - 1])) {
			jsonw_open(w, NULL, '{');
			jsonw_string(w, "store", rule->stores[entries[i].store]);
			jsonw_words(w, "roles", entries[i].roles ? roles_format(entries[i].roles, roles) : "");
			jsonw_time(w, "until", entries[i].until);
			jsonw_open(w, "sha256", '[');
		}
		put_digest(w, NULL, &entries[i].id);
		if (i + 1 == count || !same_group(&entries[i], &entries[i + 1])) {
			jsonw_close(w, ']');
			jsonw_close(w, '}');
		}
	}
}

static int put_entries(struct jsonw *w, const struct bulk_manifest *manifest, struct err *err)
{
	size_t count = manifest->entry_count;
	struct bulk_entry *entries = calloc(count + 1, sizeof *entries);
	if (!entries)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	if (count) {
		memcpy(entries, manifest->entries, count * sizeof *entries);
		qsort(entries, count, sizeof *entries, compare_groups);
	}
	jsonw_open(w, "certificates", '[');
	put_groups(w, bulk_rule(manifest->head.type), entries, count);
	jsonw_close(w, ']');
	free(entries);
	return ERR_OK;
}

static void put_marks(struct jsonw *w, const struct bulk_manifest *manifest)
{
	jsonw_open(w, "tombstones", '[');
	for (size_t i = 0; i < manifest->tombstone_count; i++) {
		jsonw_open(w, NULL, '{');
		put_digest(w, "sha256", &manifest->tombstones[i].id);
		jsonw_string(w, "store", bulk_rule(manifest->head.type)->stores[manifest->tombstones[i].store]);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
	jsonw_open(w, "blocks", '[');
	for (size_t i = 0; i < manifest->block_count; i++)
		put_digest(w, NULL, &manifest->blocks[i]);
	jsonw_close(w, ']');
}

static void put_succession(struct jsonw *w, const struct bulk_succession *succession)
{
	jsonw_open(w, "successors", '[');
	for (unsigned i = 0; i < succession->count; i++) {
		const struct bulk_successor *step = &succession->step[i];
		jsonw_open(w, NULL, '{');
		put_digest(w, "old", &step->old);
		put_digest(w, "new", &step->new);
		jsonw_base64(w, "signature", step->signature, step->signature_len);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

int bulk_manifest_encode(const struct bulk_manifest *manifest, char **out, size_t *len, struct err *err)
{
	struct jsonw w = { 0 };
	*out = NULL;
	bulk_head_put(&w, FORMAT, manifest->cluster, &manifest->head);
	jsonw_open(&w, "signers", '[');
	for (unsigned i = 0; i < manifest->signer_count; i++)
		put_digest(&w, NULL, &manifest->signers[i]);
	jsonw_close(&w, ']');
	put_succession(&w, &manifest->succession);
	int code = put_entries(&w, manifest, err);
	if (code) {
		jsonw_deinit(&w);
		return code;
	}
	put_marks(&w, manifest);
	return bulk_head_end(&w, out, len, err);
}

/* --- reading */

static int get_store(const char *name, const json_t *group, enum bulk_type type, uint8_t *store, struct err *err)
{
	const char *text;
	int code = bulk_json_text(name, group, "store", &text, err);
	if (code)
		return code;
	int index = bulk_store_index(type, text, strlen(text));
	if (index < 0)
		return err_set(err, ERR_REFUSED, "%s: certificates of type %s do not belong into the trust store \"%.64s\"", name,
		               bulk_rule(type)->name, text);
	*store = (uint8_t)index;
	return ERR_OK;
}

static int get_roles(const char *name, const json_t *group, uint32_t *roles, struct err *err)
{
	const json_t *words;
	enum role role;
	*roles = 0;
	int code = bulk_json_array(name, group, "roles", ROLE_COUNT, &words, err);
	for (size_t i = 0; !code && i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));
		if (!word || role_parse(word, &role, NULL))
			code = err_set(err, ERR_MALFORMED, "%s: there is no role \"%.40s\"", name, word ? word : "");
		else
			*roles |= ROLE_BIT(role);
	}
	return code;
}

/* Room for `more` elements behind `count`. */
static int make_room(const char *name, void *array, size_t size, size_t count, size_t more, struct err *err)
{
	void **at = array, *grown;
	if (count + more > BULK_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d certificates", name, BULK_ENTRIES_MAX);
	grown = reallocarray(*at, count + more + 1, size);
	if (!grown)
		return err_set(err, ERR_MEMORY, "no memory for a manifest");
	*at = grown;
	return ERR_OK;
}

static int get_group(const char *name, const json_t *group, struct bulk_manifest *out, struct err *err)
{
	const json_t *digests;
	struct bulk_entry entry = { .until = CLOCK_NEVER };
	int code = get_store(name, group, out->head.type, &entry.store, err);
	if (!code)
		code = get_roles(name, group, &entry.roles, err);
	if (!code)
		code = bulk_json_time(name, group, "until", &entry.until, err);
	if (!code)
		code = bulk_json_array(name, group, "sha256", BULK_ENTRIES_MAX, &digests, err);
	if (!code)
		code = make_room(name, &out->entries, sizeof entry, out->entry_count, json_array_size(digests), err);
	for (size_t i = 0; !code && i < json_array_size(digests); i++) {
		code = bulk_json_hex(name, json_array_get(digests, i), &entry.id, err);
		out->entries[out->entry_count++] = entry;
	}
	return code;
}

static int get_entries(const char *name, const json_t *root, struct bulk_manifest *out, struct err *err)
{
	const json_t *groups;
	int code = bulk_json_array(name, root, "certificates", BULK_ENTRIES_MAX, &groups, err);
	for (size_t i = 0; !code && i < json_array_size(groups); i++)
		code = get_group(name, json_array_get(groups, i), out, err);
	if (code)
		return code;
	bulk_manifest_sort(out);
	for (size_t i = 1; i < out->entry_count; i++)
		if (!compare_entries(&out->entries[i], &out->entries[i - 1]))
			return err_set(err, ERR_MALFORMED, "%s: a certificate stands twice in one trust store", name);
	if (bulk_manifest_distinct(out) != out->head.certificates)
		return err_set(err, ERR_MALFORMED, "%s: it lists %zu certificates, and says that there are %zu", name,
		               bulk_manifest_distinct(out), out->head.certificates);
	return ERR_OK;
}

static int get_marks(const char *name, const json_t *root, struct bulk_manifest *out, struct err *err)
{
	const json_t *array;
	int code = bulk_json_array(name, root, "tombstones", BULK_ENTRIES_MAX, &array, err);
	if (!code)
		code = make_room(name, &out->tombstones, sizeof *out->tombstones, 0, json_array_size(array), err);
	for (size_t i = 0; !code && i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct bulk_mark *mark = &out->tombstones[out->tombstone_count++];
		code = bulk_json_digest(name, item, "sha256", &mark->id, err);
		if (!code)
			code = get_store(name, item, out->head.type, &mark->store, err);
	}
	if (!code)
		code = bulk_json_array(name, root, "blocks", BULK_ENTRIES_MAX, &array, err);
	if (!code)
		code = make_room(name, &out->blocks, sizeof *out->blocks, 0, json_array_size(array), err);
	for (size_t i = 0; !code && i < json_array_size(array); i++)
		code = bulk_json_hex(name, json_array_get(array, i), &out->blocks[out->block_count++], err);
	return code;
}

static int get_signers(const char *name, const json_t *root, struct bulk_manifest *out, struct err *err)
{
	const json_t *array;
	int code = bulk_json_array(name, root, "signers", BULK_SIGNERS_MAX, &array, err);
	for (size_t i = 0; !code && i < json_array_size(array); i++)
		code = bulk_json_hex(name, json_array_get(array, i), &out->signers[out->signer_count++], err);
	return code;
}

/* Only where there is one: the first programs wrote none. */
static int get_succession(const char *name, const json_t *root, struct bulk_succession *out, struct err *err)
{
	const json_t *array = NULL;
	if (!json_object_get(root, "successors"))
		return ERR_OK;
	int code = bulk_json_array(name, root, "successors", BULK_SUCCESSORS_MAX, &array, err);
	for (size_t i = 0; !code && i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct bulk_successor *step = &out->step[out->count++];
		*step = (struct bulk_successor){ .signature = NULL };
		code = bulk_json_digest(name, item, "old", &step->old, err);
		if (!code)
			code = bulk_json_digest(name, item, "new", &step->new, err);
		if (!code)
			code = bulk_json_base64(name, item, "signature", &step->signature, &step->signature_len, err);
		if (!code && step->signature_len > BULK_SUCCESSOR_SIGNATURE_MAX)
			code = err_set(err, ERR_LIMIT, "%s: a signature of more than %d bytes", name, BULK_SUCCESSOR_SIGNATURE_MAX);
	}
	return code;
}

static int get_cluster(const char *name, const json_t *root, struct bulk_manifest *out, struct err *err)
{
	const char *cluster;
	int code = bulk_json_text(name, root, "cluster", &cluster, err);
	if (code)
		return code;
	if (bulk_cluster_check("cluster", cluster, err))
		return err_prefix(err, "%s", name);
	snprintf(out->cluster, sizeof out->cluster, "%s", cluster);
	return ERR_OK;
}

int bulk_manifest_decode(const char *name, const char *bytes, size_t len, struct bulk_manifest *out, struct err *err)
{
	json_t *root;
	*out = (struct bulk_manifest){ .entry_count = 0 };
	if (len > BULK_MANIFEST_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %d MiB", name, BULK_MANIFEST_MAX >> 20);
	int code = bulk_json_parse(name, bytes, len, 3 * (size_t)BULK_ENTRIES_MAX, &root, err);
	if (!code)
		code = bulk_head_get(name, root, FORMAT, &out->head, err);
	if (!code)
		code = get_cluster(name, root, out, err);
	if (!code)
		code = get_signers(name, root, out, err);
	if (!code)
		code = get_succession(name, root, &out->succession, err);
	if (!code)
		code = get_entries(name, root, out, err);
	if (!code)
		code = get_marks(name, root, out, err);
	json_decref(root);
	return code;
}
