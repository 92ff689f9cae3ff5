/* What is in the shared place. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/bulk.h"

enum {
	KEPT = 3,       /* so many of the last ones stay, for those who are reading them */
	PRUNED_MAX = 64 /* at a time; the rest the next time */
};

struct listing {
	const struct bulk *bulk;
	enum bulk_type type;
	struct bulk_listing *out;
};

static bool own_file(const struct listing *l, const char *file)
{
	struct bulk_name name;
	if (!bulk_name_parse(file, BULK_ARCHIVE, &name) && !bulk_name_parse(file, BULK_MANIFEST, &name))
		return false;
	if (l->bulk->cluster && !name.consolidated && name.type == l->type && !strcasecmp(name.cluster, l->bulk->cluster) &&
	    name.sequence > l->out->own_sequence)
		l->out->own_sequence = name.sequence;
	return true;
}

/* Of several with the same number, which happens when two consolidate at once, everybody takes the same. */
static bool later(const struct bulk_name *a, const struct bulk_name *b)
{
	return a->sequence != b->sequence ? a->sequence > b->sequence : digest_compare(&a->archive, &b->archive) > 0;
}

static int take_export(struct bulk_listing *out, const struct bulk_name *name, struct err *err)
{
	for (size_t i = 0; i < out->export_count; i++) {
		if (strcasecmp(out->exports[i].cluster, name->cluster))
			continue;
		if (later(name, &out->exports[i]))
			out->exports[i] = *name;
		return ERR_OK;
	}
	if (out->export_count == BULK_CONTRIBUTORS_MAX)
		return err_set(err, ERR_LIMIT, "there are exports of more than %d clusters", BULK_CONTRIBUTORS_MAX);
	out->exports[out->export_count++] = *name;
	return ERR_OK;
}

static int take_file(const char *file, void *arg, struct err *err)
{
	struct listing *l = arg;
	struct bulk_name name;
	if (bulk_name_parse(file, BULK_MANIFEST, &name) && name.consolidated && name.type == l->type &&
	    (!l->out->has_latest || later(&name, &l->out->latest))) {
		l->out->latest = name;
		l->out->has_latest = true;
	}
	if (own_file(l, file) || !bulk_name_parse(file, BULK_SIGNATURE, &name) || name.consolidated || name.type != l->type)
		return ERR_OK;
	return take_export(l->out, &name, err);
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct bulk_name *)a)->cluster, ((const struct bulk_name *)b)->cluster);
}

int bulk_inputs(const struct bulk_name *exports, size_t count, struct digest *out, struct err *err)
{
	char file[BULK_NAME_SIZE];
	struct digest_state *state = digest_begin();
	if (!state)
		return err_set(err, ERR_MEMORY, "no memory for a digest");
	for (size_t i = 0; i < count; i++) {
		bulk_name_format(&exports[i], "\n", file);
		digest_add(state, file, strlen(file));
	}
	digest_end(state, out);
	return ERR_OK;
}

int bulk_list(struct bulk *bulk, enum bulk_type type, struct bulk_listing *out, struct err *err)
{
	struct listing l = { bulk, type, out };
	*out = (struct bulk_listing){ .export_count = 0 };
	int code = bulk_place_list(bulk->place, take_file, &l, err);
	if (code)
		return code;
	qsort(out->exports, out->export_count, sizeof out->exports[0], by_name);
	return bulk_inputs(out->exports, out->export_count, &out->inputs, err);
}

/* --- what is old */

struct pruning {
	const char *cluster;
	enum bulk_type type;
	uint64_t before;
	char names[PRUNED_MAX][BULK_NAME_SIZE];
	size_t count;
};

static int find_old(const char *file, void *arg, struct err *err)
{
	struct pruning *p = arg;
	struct bulk_name name;
	(void)err;
	if (!bulk_name_parse(file, BULK_ARCHIVE, &name) && !bulk_name_parse(file, BULK_MANIFEST, &name) &&
	    !bulk_name_parse(file, BULK_SIGNATURE, &name))
		return ERR_OK;
	bool ours = p->cluster ? !name.consolidated && !strcasecmp(name.cluster, p->cluster) : name.consolidated;
	if (ours && name.type == p->type && name.sequence < p->before && p->count < PRUNED_MAX)
		snprintf(p->names[p->count++], BULK_NAME_SIZE, "%s", file);
	return ERR_OK;
}

void bulk_prune(struct bulk *bulk, enum bulk_type type, const char *cluster, uint64_t sequence)
{
	struct err ignored;
	struct pruning *p = calloc(1, sizeof *p);
	if (!p)
		return;
	*p = (struct pruning){ .cluster = cluster, .type = type, .before = sequence > KEPT ? sequence - KEPT + 1 : 0 };
	if (p->before && !bulk_place_list(bulk->place, find_old, p, &ignored))
		for (size_t i = 0; i < p->count; i++)
			bulk_place_delete(bulk->place, p->names[i], &ignored);
	p->count = 0;
	p->before = sequence; /* nobody reads a part, and nobody is writing an older one */
	if (!bulk_place_list_parts(bulk->place, find_old, p, &ignored))
		for (size_t i = 0; i < p->count; i++)
			bulk_place_delete_part(bulk->place, p->names[i], &ignored);
	free(p);
}
