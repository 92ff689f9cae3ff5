/* Distrust by the administrator, and by the CA. */
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

int trust_block(struct txn *txn, const struct digest *cert, const char *why, struct err *err)
{
	struct mark_record mark = { .when = txn->now, .why = text_of(why),
	                            .origin = text_of(TRUST_ORIGIN_HAND) };
	struct record record;
	struct span value;
	char hex[DIGEST_HEX_SIZE];
	if (!txn_get(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE, &value))
		return err_set(err, ERR_EXISTS, "certificate %s is blocked already", digest_hex(cert, hex));
	int code = mark_record_encode(&mark, &record);
	if (code)
		return code;
	code = txn_put(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE, record.bytes, record.len);
	record_free(&record);
	if (!code)
		code = change_add(txn, CHANGE_BLOCK, cert, NULL, why, (struct span){ NULL, 0 });
	return code ? code : trust_refresh(txn, cert, err);
}

int trust_unblock(struct txn *txn, const struct digest *cert, struct err *err)
{
	struct record before;
	char hex[DIGEST_HEX_SIZE];
	int code = trust_copy(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE, &before);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "certificate %s is not blocked", digest_hex(cert, hex));
	if (code)
		return code;
	code = txn_delete(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE);
	if (!code)
		code = change_add(txn, CHANGE_UNBLOCK, cert, NULL, NULL, (struct span){ before.bytes, before.len });
	record_free(&before);
	return code ? code : trust_collect(txn, cert, NULL, err);
}

static bool same_finding(const struct revocation_record *a, const struct revocation_record *b)
{
	return a->status == b->status && a->revoked_at == b->revoked_at && a->reason == b->reason;
}

/* What is to be written: a revocation is not undone by silence, nor by an answer from before it. */
static struct revocation_record to_write(const struct revocation_record *old,
                                         const struct revocation_record *found)
{
	if (old->status != REVOCATION_REVOKED || found->status == REVOCATION_REVOKED ||
	    (found->status == REVOCATION_GOOD && found->this_update > old->this_update))
		return *found;
	struct revocation_record kept = *old;
	kept.checked = found->checked;
	kept.next_check = found->next_check;
	kept.failures = found->failures;
	kept.error = found->error;
	return kept;
}

static int write_revocation(struct txn *txn, const struct digest *cert, struct span before,
                            const struct revocation_record *found, struct err *err)
{
	struct revocation_record old = { .status = REVOCATION_UNCHECKED }, new;
	struct record record;
	if (before.len && revocation_record_decode(before, &old))
		return trust_broken(txn, STORE_REVOCATION, err);
	new = to_write(&old, found);
	int code = revocation_record_encode(&new, &record);
	if (code)
		return err_set(err, code, "a revocation record does not fit");
	code = txn_put(txn, STORE_REVOCATION, cert->byte, DIGEST_SIZE, record.bytes, record.len);
	record_free(&record);
	if (!code && !same_finding(&old, &new))
		code = change_add(txn, CHANGE_REVOCATION, cert, NULL, revocation_status_name(new.status), before);
	return code ? code : trust_refresh(txn, cert, err);
}

int trust_set_revocation(struct txn *txn, const struct digest *cert, const struct revocation_record *found, struct err *err)
{
	struct span value;
	struct record before;
	char hex[DIGEST_HEX_SIZE];
	int code = txn_get(txn, STORE_CERT, cert->byte, DIGEST_SIZE, &value);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "certificate %s is not stored", digest_hex(cert, hex));
	if (code)
		return code;
	code = trust_copy(txn, STORE_REVOCATION, cert->byte, DIGEST_SIZE, &before);
	if (code && code != ERR_NOT_FOUND)
		return code;
	code = write_revocation(txn, cert, (struct span){ before.bytes, before.len }, found, err);
	record_free(&before);
	return code;
}
