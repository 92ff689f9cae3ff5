/* How an own certificate enters the store, and the one before it leaves. */
#include "config.h"

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
			.keep_old = rule->anchor ? change->wish->keep_anchor : 0,
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
		                    purpose_rule(wish->purpose)->anchor ? wish->keep_anchor : 0, err);
	return code;
}

/* Whether any record other than this purpose's points to a key. */
struct key_search {
	struct text key;
	const char *purpose;
	bool found;
};

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
	bool same_csr = record.csr_key.len == search->key.len &&
	                !memcmp(record.csr_key.bytes, search->key.bytes, search->key.len);
	bool same = record.key.len == search->key.len &&
	            !memcmp(record.key.bytes, search->key.bytes, search->key.len);
	search->found |= same_csr || (same && !mine);
	return ERR_OK;
}

static int remember_old(struct txn *txn, struct identity_change *change,
                        const struct identity_record *record, struct err *err)
{
	struct key_search search = { record->key, purpose_rule(change->wish->purpose)->name, false };
	free(change->old_key);
	change->old_key = NULL;
	change->result.replaced = record->has_cert;
	change->result.old = record->cert;
	if (!record->has_cert || !record->key.len ||
	    (record->key.len == strlen(change->key) &&
	     !memcmp(record->key.bytes, change->key, record->key.len)))
		return ERR_OK;
	int code = txn_each(txn, STORE_IDENTITY, NULL, 0, NULL, 0, find_key, &search, err);
	if (code || search.found)
		return code;
	change->old_key = strndup(record->key.bytes, record->key.len);
	return change->old_key ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for the name of a key");
}

static int put_record(struct txn *txn, const struct identity_change *change,
                      const struct identity_record *record, struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	struct record bytes;
	int code = identity_record_encode(record, &bytes);
	if (code)
		return err_set(err, code, "the record of an own certificate cannot be written: %s",
		               err_str(code));
	code = txn_put(txn, STORE_IDENTITY, key, identity_key(change->wish->purpose, key), bytes.bytes,
	               bytes.len);
	record_free(&bytes);
	if (!code)
		code = change_add(txn, CHANGE_IDENTITY, &change->result.cert, NULL,
		                  purpose_rule(change->wish->purpose)->name, (struct span){ NULL, 0 });
	return code;
}

/* A copy of the parts of a record that must outlive changes of the database. */
static int copy_csr(struct identity_record *record, uint8_t **memory)
{
	size_t len = record->csr.len + record->csr_key.len;
	*memory = malloc(len ? len : 1);
	if (!*memory)
		return ERR_MEMORY;
	if (record->csr.len)
		memcpy(*memory, record->csr.bytes, record->csr.len);
	if (record->csr_key.len)
		memcpy(*memory + record->csr.len, record->csr_key.bytes, record->csr_key.len);
	record->csr.bytes = *memory;
	record->csr_key.bytes = (const char *)*memory + record->csr.len;
	return ERR_OK;
}

int identity_put(struct txn *txn, struct identity_change *change, struct err *err)
{
	const struct identity_wish *wish = change->wish;
	struct identity_record record = { .csr_created = 0 };
	uint8_t *memory = NULL;
	int code = identity_record_get(txn, wish->purpose, &record, err);
	if (code == ERR_NOT_FOUND)
		code = ERR_OK;
	if (!code)
		code = remember_old(txn, change, &record, err);
	if (!code && copy_csr(&record, &memory))
		code = err_set(err, ERR_MEMORY, "no memory for a request");
	if (code)
		goto out;
	change->result.cert = *cert_sha256(change->cert);
	record.purpose = text_of(purpose_rule(wish->purpose)->name);
	record.key = text_of(change->key);
	record.cert = change->result.cert;
	record.created = wish->now;
	record.renewed = record.has_cert ? wish->now : record.renewed;
	record.has_cert = true;
	code = join_stores(txn, change, err);
	if (!code)
		code = leave_stores(txn, change, err);
	if (!code)
		code = put_record(txn, change, &record, err);
out:
	free(memory);
	return code;
}
