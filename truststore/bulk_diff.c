#include "config.h"

#include "truststore/bulk_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "truststore/base/clock.h"
#include "truststore/base/outfile.h"
#include "truststore/bulk.h"
#include "truststore/p12.h"
#include "truststore/trust.h"

void bulk_set_deinit(struct bulk_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i].subject);
	free(set->items);
	*set = (struct bulk_set){ .count = 0 };
}

static struct bulk_item *grow(struct bulk_set *set, struct err *err)
{
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 256;
		struct bulk_item *grown = reallocarray(set->items, room, sizeof *grown);
		if (!grown) {
			err_set(err, ERR_MEMORY, "no memory for %zu certificates", room);
			return NULL;
		}
		set->items = grown;
		set->room = room;
	}
	struct bulk_item *item = &set->items[set->count++];
	*item = (struct bulk_item){ .roles = 0 };
	return item;
}

static int by_cert_and_store(const void *left, const void *right)
{
	const struct bulk_item *a = left, *b = right;
	int order = digest_compare(&a->id, &b->id);
	return order ? order : strcasecmp(a->store, b->store);
}

/* --- a store */

struct reading {
	struct txn *txn;
	struct bulk_set *set;
};

static int take_member(const struct store_record *store, const struct digest *cert, const struct member_record *member, void *arg,
                       struct err *err)
{
	struct reading *r = arg;
	struct cert_record record;
	if (member->until <= clock_now())
		return ERR_OK;
	struct bulk_item *item = grow(r->set, err);
	if (!item)
		return err->code;
	item->id = *cert;
	item->roles = member->own_roles ? member->roles : store->roles;
	snprintf(item->store, sizeof item->store, "%.*s", (int)store->name.len, store->name.bytes);
	if (!trust_cert_get(r->txn, cert, &record))
		item->subject = strndup(record.subject.len ? record.subject.bytes : "", record.subject.len);
	return ERR_OK;
}

static int take_store(const struct store_record *store, void *arg, struct err *err)
{
	struct reading *r = arg;
	char name[RECORD_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	return trust_member_each_of_store(r->txn, name, take_member, r, err);
}

static int read_work(struct txn *txn, void *arg, struct err *err)
{
	struct reading *r = arg;
	r->txn = txn;
	return trust_store_each(txn, take_store, r, err);
}

static int read_store(const char *path, struct bulk_set *out, struct err *err)
{
	struct store *store;
	struct reading r = { .set = out };
	int code = store_open(path, STORE_READ, &store, err);
	if (code)
		return code;
	code = store_read(store, read_work, &r, err);
	store_close(store);
	return code;
}

/* --- an archive */

static int take_cert(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct bulk_item *item = grow(arg, err);
	(void)place;
	if (item) {
		item->id = *cert_sha256(cert);
		item->subject = strdup(cert_subject(cert));
	}
	cert_free(cert);
	return item ? ERR_OK : err->code;
}

static int read_archive(const char *path, const char *password, struct bulk_set *out, struct err *err)
{
	char *bytes;
	size_t len;
	int code = infile_read(path, BULK_ARCHIVE_MAX, &bytes, &len, err);
	if (code)
		return code;
	out->is_archive = true;
	code = p12_read(path, bytes, len, password, take_cert, out, err);
	free(bytes);
	return code;
}

int bulk_set_read(const char *path, const char *password, struct bulk_set *out, struct err *err)
{
	struct stat st;
	*out = (struct bulk_set){ .count = 0 };
	if (stat(path, &st))
		return err_errno(err, "%s", path);
	int code = S_ISDIR(st.st_mode) ? read_store(path, out, err) : read_archive(path, password, out, err);
	if (!code && out->count)
		qsort(out->items, out->count, sizeof *out->items, by_cert_and_store);
	return code;
}

/* --- comparing */

/* Each certificate once, and without a store. */
static void flatten(struct bulk_set *set)
{
	size_t kept = 0;
	for (size_t i = 0; i < set->count; i++) {
		if (kept && digest_equal(&set->items[kept - 1].id, &set->items[i].id)) {
			free(set->items[i].subject);
			continue;
		}
		set->items[kept] = set->items[i];
		set->items[kept].store[0] = '\0';
		set->items[kept++].roles = 0;
	}
	set->count = kept;
}

int bulk_diff(struct bulk_set *a, struct bulk_set *b, bulk_diff_fn *each, void *arg, struct err *err)
{
	size_t i = 0, j = 0;
	int code = ERR_OK;
	if (a->is_archive || b->is_archive) {
		flatten(a);
		flatten(b);
	}
	while (!code && (i < a->count || j < b->count)) {
		int order = i == a->count ? 1 : j == b->count ? -1 : by_cert_and_store(&a->items[i], &b->items[j]);
		if (order < 0)
			code = each(&a->items[i++], NULL, arg, err);
		else if (order > 0)
			code = each(NULL, &b->items[j++], arg, err);
		else if (a->items[i].roles != b->items[j].roles)
			code = each(&a->items[i++], &b->items[j++], arg, err);
		else
			i++, j++;
	}
	return code;
}
