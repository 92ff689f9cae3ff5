#include "config.h"

#include "truststore/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/record.h"

static int read_identity(struct span key, struct span value, void *arg, struct err *err)
{
	struct view_scene *scene = arg;
	struct identity_record record;
	enum purpose purpose;
	char name[RECORD_NAME_MAX + 1];
	if (identity_record_decode(value, &record))
		return err_set(err, ERR_STORE, "a record of an own certificate is broken: run `truststore verify`");
	snprintf(name, sizeof name, "%.*s", (int)key.len, (const char *)key.bytes);
	if (record.has_cert && !purpose_parse(name, &purpose, NULL)) {
		scene->own[purpose] = true;
		scene->own_cert[purpose] = record.cert;
	}
	return ERR_OK;
}

int view_scene_init(struct view_scene *scene, struct txn *txn, const struct answer_policy *policy,
                    int64_t now, struct err *err)
{
	*scene = (struct view_scene){ .txn = txn, .policy = policy, .now = now };
	return txn_each(txn, STORE_IDENTITY, NULL, 0, NULL, 0, read_identity, scene, err);
}

int view_purpose(const struct view_scene *scene, const struct digest *id)
{
	for (int i = 0; i < PURPOSE_COUNT; i++)
		if (scene->own[i] && digest_equal(&scene->own_cert[i], id))
			return i;
	return -1;
}

void view_deinit(struct view *view)
{
	free(view->stores);
	free(view->until);
	view->stores = NULL;
	view->until = NULL;
}

struct membership_walk {
	struct view *view;
	int64_t now;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the names of stores");
}

static int add_store(const struct store_record *store, const struct digest *cert,
                     const struct member_record *member, void *arg, struct err *err)
{
	struct membership_walk *walk = arg;
	struct view *view = walk->view;
	size_t need = view->stores_len + store->name.len + 2;
	(void)cert;
	if (member->until <= walk->now)
		return ERR_OK;
	if (need > view->stores_room) {
		char *grown = realloc(view->stores, 2 * need);
		if (!grown)
			return no_memory(err);
		view->stores = grown;
		view->stores_room = 2 * need;
	}
	if (view->until_count == view->until_room) {
		int64_t *grown = reallocarray(view->until, view->until_room + 8, sizeof *grown);
		if (!grown)
			return no_memory(err);
		view->until = grown;
		view->until_room += 8;
	}
	view->until[view->until_count++] = member->until;
	if (view->stores_len)
		view->stores[view->stores_len++] = ',';
	memcpy(view->stores + view->stores_len, store->name.bytes, store->name.len);
	view->stores_len += store->name.len;
	view->stores[view->stores_len] = '\0';
	return ERR_OK;
}

void view_judge(struct view *view, const struct view_scene *scene, const struct digest *id,
                const struct cert_record *cert)
{
	view->id = *id;
	view->cert = *cert;
	view->purpose = view_purpose(scene, id);
	bool known = trust_answer(scene->txn, id, &view->answer) == ERR_OK;
	answer_judge(known ? &view->answer : NULL, scene->now, scene->policy, &view->verdict);
	view->roles = 0;
	for (int role = 0; known && role < ROLE_COUNT; role++)
		if (view->answer.role[role].until > scene->now)
			view->roles |= ROLE_BIT(role);
}

int view_stores(struct view *view, const struct view_scene *scene, struct err *err)
{
	struct membership_walk walk = { view, scene->now };
	view->stores_len = view->until_count = 0;
	if (view->stores)
		view->stores[0] = '\0';
	return trust_member_each_of_cert(scene->txn, &view->id, add_store, &walk, err);
}

int view_fill(struct view *view, const struct view_scene *scene, const struct digest *id,
              const struct cert_record *cert, struct err *err)
{
	struct cert_record stored;
	if (!cert && trust_cert_get(scene->txn, id, &stored))
		return err_set(err, ERR_NOT_FOUND, "the certificate is not stored");
	view_judge(view, scene, id, cert ? cert : &stored);
	return view_stores(view, scene, err);
}

void view_record(const struct cert *cert, struct cert_record *out)
{
	trust_describe(cert, out);
	out->added = CLOCK_NEVER;
}

/* The stores that it leaves by itself, and when. */
static void ends_json(struct jsonw *out, const struct view *view)
{
	const char *name = view->stores;
	char key[RECORD_NAME_MAX + 1];
	jsonw_open(out, "stores_until", '{');
	for (size_t i = 0; i < view->until_count; i++) {
		size_t len = strcspn(name, ",");
		snprintf(key, sizeof key, "%.*s", (int)len, name);
		if (view->until[i] != CLOCK_NEVER)
			jsonw_time(out, key, view->until[i]);
		name += len + (name[len] == ',');
	}
	jsonw_close(out, '}');
}

void view_json(struct jsonw *out, const struct view *view)
{
	char hex[DIGEST_HEX_SIZE], roles[ROLES_TEXT_SIZE];
	const struct cert_record *cert = &view->cert;
	jsonw_string(out, "sha256", digest_hex(&view->id, hex));
	jsonw_text(out, "subject", cert->subject.bytes, cert->subject.len);
	jsonw_text(out, "issuer", cert->issuer.bytes, cert->issuer.len);
	jsonw_text(out, "serial", cert->serial.bytes, cert->serial.len);
	jsonw_time(out, "not_before", cert->not_before);
	jsonw_time(out, "not_after", cert->not_after);
	jsonw_text(out, "key_type", cert->key_type.bytes, cert->key_type.len);
	jsonw_number(out, "key_bits", cert->key_bits);
	jsonw_text(out, "signature", cert->signature.bytes, cert->signature.len);
	jsonw_words(out, "stores", view->stores ? view->stores : "");
	ends_json(out, view);
	jsonw_words(out, "roles", view->roles ? roles_format(view->roles, roles) : "");
	jsonw_number(out, "ttl", view->verdict.ttl);
	jsonw_text(out, "label", cert->label.bytes, cert->label.len);
	jsonw_text(out, "owner", cert->owner.bytes, cert->owner.len);
	jsonw_time(out, "added", cert->added);
	jsonw_flag(out, "trusted", view->verdict.trusted);
	jsonw_string(out, "reason", reason_name(view->verdict.reason));
	jsonw_string(out, "usage", view->purpose >= 0 ? "identity" : "trust");
	jsonw_string(out, "purpose",
	             view->purpose >= 0 ? purpose_rule((enum purpose)view->purpose)->name : NULL);
}

char *view_key(const struct cert_record *cert, char out[VIEW_KEY_SIZE])
{
	snprintf(out, VIEW_KEY_SIZE, "%.*s %u", (int)cert->key_type.len, cert->key_type.bytes,
	         (unsigned)cert->key_bits);
	return out;
}

struct out_table *view_table_new(void)
{
	static const char *const headings[] = { "SHA-256", "NOT AFTER", "KEY", "ANSWER", "STORES", "SUBJECT" };
	return out_table_new(headings, sizeof headings / sizeof headings[0]);
}

/* "CallManager-trust (until 2026-12-20),tomcat-trust"; allocated. */
static char *stores_text(const struct view *view)
{
	enum { MARK = sizeof " (until 2026-12-20)" };
	const char *name = view->stores;
	char *text = malloc(view->stores_len + view->until_count * MARK + 2), *to = text, day[CLOCK_TEXT_SIZE];
	if (!text)
		return NULL;
	strcpy(text, view->until_count ? "" : "-");
	for (size_t i = 0; i < view->until_count; i++) {
		size_t len = strcspn(name, ",");
		to += sprintf(to, "%s%.*s", i ? "," : "", (int)len, name);
		if (view->until[i] != CLOCK_NEVER)
			to += sprintf(to, " (until %.10s)", clock_format(view->until[i], day));
		name += len + (name[len] == ',');
	}
	return text;
}

int view_row(struct out_table *table, const struct view *view, struct err *err)
{
	enum { HASH_DIGITS = 16 };
	char until[CLOCK_TEXT_SIZE], key[VIEW_KEY_SIZE], hash[HASH_DIGITS + 1];
	const struct text *subject = &view->cert.subject;
	char *stores = stores_text(view), *name = strndup(subject->bytes ? subject->bytes : "", subject->len);
	clock_format(view->cert.not_after, until)[10] = '\0';
	const char *const cells[] = { hex_encode(view->id.byte, HASH_DIGITS / 2, false, hash), until,
		view_key(&view->cert, key), reason_name(view->verdict.reason), stores, name };
	int code = stores && name && !out_table_row(table, cells) ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for the table");
	free(stores);
	free(name);
	return code;
}
