/* How an own certificate enters the store, and the one before it leaves. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/identity_priv.h"

static bool is_own(const struct member_record *member)
{
	return member->origin.len == strlen(IDENTITY_ORIGIN) &&
	       !memcmp(member->origin.bytes, IDENTITY_ORIGIN, member->origin.len);
}

/* Another purpose's own certificate of the same subject in a store would be displaced by this one. */
struct clash {
	struct txn *txn;
	const struct identity_change *change;
	const char *store;
};

static int check_other(const struct digest *id, void *arg, struct err *err)
{
	const struct clash *clash = arg;
	const struct identity_change *change = clash->change;
	struct identity_record record;
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		const struct purpose_rule *rule = purpose_rule((enum purpose)i);
		bool same_store = false;
		for (int k = 0; rule->stores[k]; k++)
			same_store |= !strcmp(rule->stores[k], clash->store);
		if (i == (int)change->wish->purpose || !same_store)
			continue;
		int code = identity_record_get(clash->txn, (enum purpose)i, &record, err);
		if (code && code != ERR_NOT_FOUND)
			return code;
		if (!code && record.has_cert && digest_equal(&record.cert, id))
			return err_set(err, ERR_REFUSED,
			               "the own certificate for %s has the same subject, %s, in the same store, %s: choose another common name",
			               rule->name, cert_subject(change->cert), clash->store);
	}
	return ERR_OK;
}

static int join_stores(struct txn *txn, const struct identity_change *change, struct err *err)
{
	const struct purpose_rule *rule = purpose_rule(change->wish->purpose);
	int code = ERR_OK;
	for (int i = 0; !code && rule->stores[i]; i++) {
		struct clash clash = { txn, change, rule->stores[i] };
		struct trust_add how = {
			.store = rule->stores[i],
			.origin = IDENTITY_ORIGIN,
			.again = true,
			.replace_own = true,
			.keep_old = rule->anchor ? change->wish->anchor_wait : 0,
		};
		code = trust_each_by_subject(txn, cert_subject_key(change->cert), check_other, &clash,
		                             err);
		if (!code)
			code = trust_add(txn, change->cert, &how, NULL, err);
	}
	return code;
}

/* The stores in which a certificate is still an own one. */
struct own_stores {
	char names[4][RECORD_NAME_MAX + 1];
	size_t count;
};

static int find_own_store(const struct store_record *store, const struct digest *cert,
                          const struct member_record *member, void *arg, struct err *err)
{
	struct own_stores *own = arg;
	(void)cert;
	(void)err;
	if (!is_own(member) || own->count == sizeof own->names / sizeof own->names[0])
		return ERR_OK;
	memcpy(own->names[own->count], store->name.bytes, store->name.len);
	own->names[own->count++][store->name.len] = '\0';
	return ERR_OK;
}

/* The same-subject rule took the old one's place where it could; elsewhere it is retired here. */
static int leave_stores(struct txn *txn, const struct identity_change *change, struct err *err)
{
	const struct identity_wish *wish = change->wish;
	const struct identity_result *result = &change->result;
	struct own_stores own = { .count = 0 };
	if (!result->replaced || digest_equal(&result->old, &result->cert))
		return ERR_OK;
	int code = trust_member_each_of_cert(txn, &result->old, find_own_store, &own, err);
	for (size_t i = 0; !code && i < own.count; i++)
		code = trust_retire(txn, own.names[i], &result->old,
		                    purpose_rule(wish->purpose)->anchor ? wish->anchor_wait : 0, err);
	return code;
}

/* Whether anything but this purpose's certificate needs a key. */
struct key_search {
	struct text key;
	const char *purpose;
	bool found;
};

static bool same_text(struct text a, struct text b)
{
	return a.len == b.len && !memcmp(a.bytes, b.bytes, a.len);
}

static int find_key(struct span key, struct span value, void *arg, struct err *err)
{
	struct key_search *search = arg;
	struct identity_record record;
	(void)key;
	(void)err;
	if (identity_record_decode(value, &record))
		return ERR_OK;
	bool mine = record.purpose.len == strlen(search->purpose) &&
	            !strncasecmp(record.purpose.bytes, search->purpose, record.purpose.len);
	search->found |= same_text(record.csr_key, search->key) ||
	                 (!mine && same_text(record.key, search->key));
	return ERR_OK;
}

/* The key that this purpose's record lets go of, unless something else points to it. */
static int let_go(struct txn *txn, enum purpose purpose, struct text key, char **old_key,
                  struct err *err)
{
	struct key_search search = { key, purpose_rule(purpose)->name, false };
	if (!key.len)
		return ERR_OK;
	int code = txn_each(txn, STORE_IDENTITY, NULL, 0, NULL, 0, find_key, &search, err);
	if (code || search.found)
		return code;
	free(*old_key);
	*old_key = strndup(key.bytes, key.len);
	return *old_key ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for the name of a key");
}

/* A record that changes of the database do not move; `*memory` is to be freed. Where there is none, an empty one. */
static int load_record(struct txn *txn, enum purpose purpose, struct identity_record *record,
                       uint8_t **memory, struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	struct span value;
	*memory = NULL;
	*record = (struct identity_record){ .csr_created = 0 };
	int code = txn_get(txn, STORE_IDENTITY, key, identity_key(purpose, key), &value);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : err_set(err, code, "the store cannot be read");
	*memory = malloc(value.len + 1);
	if (!*memory)
		return err_set(err, ERR_MEMORY, "no memory for a record");
	memcpy(*memory, value.bytes, value.len);
	if (identity_record_decode((struct span){ *memory, value.len }, record))
		return err_set(err, ERR_STORE,
		               "the record of the own certificate for %s is broken: run `truststore verify`",
		               purpose_rule(purpose)->name);
	return ERR_OK;
}

/* One without a certificate and a request is none. */
static int put_record(struct txn *txn, enum purpose purpose, struct identity_record *record,
                      const char *what, struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	struct record bytes;
	char detail[96];
	const char *name = purpose_rule(purpose)->name;
	record->purpose = text_of(name);
	int code = identity_record_encode(record, &bytes);
	if (code)
		return err_set(err, code, "the record of an own certificate cannot be written: %s",
		               err_str(code));
	size_t len = identity_key(purpose, key);
	code = record->has_cert || record->csr.len ? txn_put(txn, STORE_IDENTITY, key, len, bytes.bytes, bytes.len)
	                                           : txn_delete(txn, STORE_IDENTITY, key, len);
	record_free(&bytes);
	snprintf(detail, sizeof detail, "%s: %s", name, what);
	if (!code)
		code = change_add(txn, CHANGE_IDENTITY, record->has_cert ? &record->cert : NULL, NULL,
		                  detail, (struct span){ NULL, 0 });
	return code;
}

/* The certificate's part of the record. */
static int take_over(struct txn *txn, struct identity_change *change, struct identity_record *record,
                     struct err *err)
{
	const struct identity_wish *wish = change->wish;
	struct text old = record->key;
	record->key = text_of(change->key);
	if (change->installs && !same_text(record->key, record->csr_key))
		return err_set(err, ERR_REFUSED, "another request for %s took the place of this one meanwhile",
		               purpose_rule(wish->purpose)->name);
	if (change->installs) {
		record->csr = (struct span){ NULL, 0 };
		record->csr_key = text_of(NULL);
		record->csr_created = 0;
	}
	change->result.cert = *cert_sha256(change->cert);
	change->result.replaced = record->has_cert;
	change->result.old = record->cert;
	record->cert = change->result.cert;
	record->created = wish->now;
	record->renewed = record->has_cert ? wish->now : record->renewed;
	record->has_cert = true;
	free(change->old_key);
	change->old_key = NULL;
	return same_text(old, record->key) ? ERR_OK
	                                   : let_go(txn, wish->purpose, old, &change->old_key, err);
}

void identity_announce(struct store *store, struct identity_change *change)
{
	const struct identity_wish *wish = change->wish;
	err_clear(&change->result.unannounced);
	bulk_successor_make(store, wish->purpose, wish->keys, cert_sha256(change->cert), &change->successor, &change->result.unannounced);
}

static int put_successor(struct txn *txn, struct identity_change *change, struct err *err)
{
	struct identity_result *result = &change->result;
	if (!change->successor.signature)
		return ERR_OK;
	if (result->replaced && digest_equal(&result->old, &change->successor.old))
		return bulk_successor_put(txn, &change->successor, err);
	err_set(&result->unannounced, ERR_BUSY, "another certificate took its place meanwhile");
	return ERR_OK;
}

int identity_put(struct txn *txn, struct identity_change *change, struct err *err)
{
	const struct identity_wish *wish = change->wish;
	struct identity_record record;
	uint8_t *memory = NULL;
	int code = wish->force ? ERR_OK
	                       : identity_interlock(txn, wish->purpose, wish->now, wish->anchor_wait, err);
	if (!code)
		code = load_record(txn, wish->purpose, &record, &memory, err);
	if (!code)
		code = take_over(txn, change, &record, err);
	if (!code)
		code = join_stores(txn, change, err);
	if (!code)
		code = leave_stores(txn, change, err);
	if (!code)
		code = put_record(txn, wish->purpose, &record,
		                  change->result.replaced ? "another certificate" : "its first certificate",
		                  err);
	if (!code)
		code = put_successor(txn, change, err);
	free(memory);
	return code;
}

/* The key of the request that was pending, where that is not the certificate's as well. */
static int let_go_of_request(const struct identity_record *record, char **old_key, struct err *err)
{
	if (!record->csr_key.len || same_text(record->csr_key, record->key))
		return ERR_OK;
	free(*old_key);
	*old_key = strndup(record->csr_key.bytes, record->csr_key.len);
	return *old_key ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for the name of a key");
}

int identity_drop_csr(struct txn *txn, enum purpose purpose, char **old_key, struct err *err)
{
	struct identity_record record;
	uint8_t *memory = NULL;
	int code = load_record(txn, purpose, &record, &memory, err);
	if (!code && !record.csr.len)
		code = err_set(err, ERR_NOT_FOUND, "no request for %s is pending", purpose_rule(purpose)->name);
	if (!code)
		code = let_go_of_request(&record, old_key, err);
	record.csr = (struct span){ NULL, 0 };
	record.csr_key = text_of("");
	record.csr_created = 0;
	if (!code)
		code = put_record(txn, purpose, &record, "its request is discarded", err);
	free(memory);
	return code;
}

int identity_put_csr(struct txn *txn, const struct identity_wish *wish, const gnutls_datum_t *request,
                     const char *key, char **old_key, struct err *err)
{
	struct identity_record record;
	uint8_t *memory = NULL;
	int code = load_record(txn, wish->purpose, &record, &memory, err);
	if (!code)
		code = let_go_of_request(&record, old_key, err);
	record.csr = (struct span){ request->data, request->size };
	record.csr_key = text_of(key);
	record.csr_created = wish->now;
	if (!code)
		code = put_record(txn, wish->purpose, &record, "a request", err);
	free(memory);
	return code;
}
