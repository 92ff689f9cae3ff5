/* The change log. */
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"
#include "truststore/trust.h"

int change_put(struct txn *txn, const struct change_record *given)
{
	uint64_t revision = txn_next_revision(txn);
	struct change_record change = *given;
	struct record record;
	change.when = txn->now;
	change.batch = txn->start + 1;
	change.who = text_of(txn->store->who);
	int code = change_record_encode(&change, &record);
	if (code)
		return code;
	uint8_t key[8];
	revision_key(revision, key);
	code = txn_append(txn, STORE_CHANGE, key, sizeof key, record.bytes, record.len);
	record_free(&record);
	return code;
}

int change_add(struct txn *txn, enum change_action action, const struct digest *cert, const char *store,
               const char *detail, struct span before)
{
	struct change_record change = {
		.action = action,
		.has_cert = cert,
		.cert = cert ? *cert : (struct digest){ { 0 } },
		.store = text_of(store),
		.detail = text_of(detail),
		.before = before,
	};
	return change_put(txn, &change);
}

struct each_change {
	struct txn *txn;
	change_fn *each;
	void *arg;
};

static int visit(struct span key, struct span value, void *arg, struct err *err)
{
	const struct each_change *e = arg;
	struct change_record change;
	if (key.len != 8 || change_record_decode(value, &change))
		return err_set(err, ERR_STORE, "%s: a record of the change log is not readable; see \"truststore verify\"",
		               store_path(txn_store(e->txn)));
	return e->each(get_be(key.bytes, 8), &change, e->arg, err);
}

int change_each(struct txn *txn, uint64_t from_revision, change_fn *each, void *arg, struct err *err)
{
	struct each_change e = { txn, each, arg };
	uint8_t from[8];
	revision_key(from_revision, from);
	return txn_each(txn, STORE_CHANGE, NULL, 0, from, sizeof from, visit, &e, err);
}
