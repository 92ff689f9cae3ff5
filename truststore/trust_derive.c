/* The answer record, derived from the other databases. */
#include "truststore/base/clock.h"
#include "truststore/trust_priv.h"

void trust_derive_member(struct answer *answer, const struct store_record *store,
                         const struct member_record *member)
{
	uint32_t roles = member->own_roles ? member->roles & store->roles : store->roles;
	uint32_t ttl = member->ttl ? member->ttl : store->ttl;
	if (member->until > answer->stored_until)
		answer->stored_until = member->until;
	for (int i = 0; i < ROLE_COUNT; i++) {
		struct answer_role *role = &answer->role[i];
		if (!(roles & ROLE_BIT(i)))
			continue;
		if (!role->until || ttl < role->ttl)
			role->ttl = ttl;
		if (member->until > role->until)
			role->until = member->until;
	}
}

static int fold(const struct store_record *store, const struct digest *cert,
                const struct member_record *member, void *arg, struct err *err)
{
	(void)cert, (void)err;
	trust_derive_member(arg, store, member);
	return ERR_OK;
}

static int derive_revocation(struct txn *txn, const struct digest *cert, struct answer *out,
                             struct err *err)
{
	struct span value;
	int code = txn_get(txn, STORE_REVOCATION, cert->byte, DIGEST_SIZE, &value);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	struct revocation_record revocation;
	if (revocation_record_decode(value, &revocation))
		return trust_broken(txn, STORE_REVOCATION, err);
	out->revocation = revocation.status;
	out->revocation_until = revocation.until;
	if (revocation.status != REVOCATION_NO_SOURCE) /* else there is nobody to be asked */
		out->revocation_next = revocation.next_check;
	return ERR_OK;
}

/* What the certificate and a block give, before any membership. */
static int begin(struct txn *txn, const struct digest *cert, const struct cert_record *record,
                 struct answer *out)
{
	struct span block;
	int blocked = ERR_NOT_FOUND;
	if (!txn_absent(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE))
		blocked = txn_get(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE, &block);
	*out = (struct answer){ .blocked = !blocked, .revocation_until = CLOCK_NEVER,
	                        .revocation_next = CLOCK_NEVER };
	if (!record || (blocked && blocked != ERR_NOT_FOUND))
		return blocked;
	out->not_before = record->not_before;
	out->not_after = record->not_after;
	if (record->self_signed)
		out->revocation = REVOCATION_NOT_APPLICABLE;
	return ERR_OK;
}

int trust_derive(struct txn *txn, const struct digest *cert, struct answer *out, struct err *err)
{
	struct cert_record record;
	int stored = trust_cert_get(txn, cert, &record);
	if (stored && stored != ERR_NOT_FOUND)
		return stored == ERR_STORE ? trust_broken(txn, STORE_CERT, err) : stored;
	int code = begin(txn, cert, stored ? NULL : &record, out);
	if (code || stored)
		return code;
	if (!record.self_signed)
		code = derive_revocation(txn, cert, out, err);
	return code ? code : trust_member_each_of_cert(txn, cert, fold, out, err);
}

int trust_index_revoked(struct txn *txn, const struct digest *cert, bool revoked)
{
	uint8_t key[REVOKED_KEY_SIZE];
	size_t len = revoked_key(cert, key);
	if (revoked)
		return txn_put(txn, STORE_MARK, key, len, "", 0);
	int code = txn_delete(txn, STORE_MARK, key, len);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

int trust_refresh(struct txn *txn, const struct digest *cert, struct err *err)
{
	struct answer answer;
	uint8_t bytes[ANSWER_MAX];
	int code = trust_derive(txn, cert, &answer, err);
	if (code == ERR_NOT_FOUND) {
		code = txn_delete(txn, STORE_ANSWER, cert->byte, DIGEST_SIZE);
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	}
	if (code)
		return code;
	code = txn_put(txn, STORE_ANSWER, cert->byte, DIGEST_SIZE, bytes, answer_encode(&answer, bytes));
	return code ? code : trust_index_revoked(txn, cert, answer.revocation == REVOCATION_REVOKED);
}

int trust_refresh_new(struct txn *txn, const struct digest *cert, const struct cert_record *record,
                      const struct store_record *store, const struct member_record *member)
{
	struct answer answer;
	uint8_t bytes[ANSWER_MAX];
	int code = begin(txn, cert, record, &answer);
	if (code)
		return code;
	trust_derive_member(&answer, store, member);
	return txn_put_later(txn, STORE_ANSWER, cert->byte, DIGEST_SIZE, bytes, answer_encode(&answer, bytes));
}

int trust_answer(struct txn *txn, const struct digest *cert, struct answer *out)
{
	struct span value;
	int code = txn_get(txn, STORE_ANSWER, cert->byte, DIGEST_SIZE, &value);
	return code ? code : answer_decode(value.bytes, value.len, out);
}
