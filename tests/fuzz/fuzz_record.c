/* The records of a store and its member keys: the first byte says which. What a decoder takes, the encoder
 * writes back as it was; so a record has one spelling only. */
#include <stdlib.h>
#include <string.h>

#include "truststore/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(const struct record *record, int code, const uint8_t *data, size_t size)
{
	if (code || record->len != size || memcmp(record->bytes, data, size))
		abort();
	free(record->bytes);
}

/* One decoder with its encoder. */
#define RECORD(kind) \
	static void try_##kind(const uint8_t *data, size_t size) \
	{ \
		struct kind##_record decoded; \
		struct record record; \
		if (!kind##_record_decode((struct span){ data, size }, &decoded)) \
			must_be(&record, kind##_record_encode(&decoded, &record), data, size); \
	}
RECORD(cert)
RECORD(store)
RECORD(member)
RECORD(mark)
RECORD(revocation)
RECORD(identity)
RECORD(change)

/* Whatever a record says, the verdict is sound. */
static void judge(const struct answer *answer, int64_t now, unsigned bits)
{
	struct answer_policy policy = { bits & 1, bits & 2, bits & 4, bits & 8, bits & 16 };
	struct verdict verdict;
	answer_judge(answer, now, &policy, &verdict);
	if (verdict.trusted != (verdict.reason == REASON_TRUSTED) || verdict.trusted != (verdict.roles != 0) ||
	    verdict.trusted != (verdict.ttl != 0) || verdict.roles & ~ROLE_ALL)
		abort();
	if (verdict.trusted && (answer->blocked || answer->revocation == REVOCATION_REVOKED ||
	                        now < answer->not_before || (now > answer->not_after && !policy.allow_expired)))
		abort();
}

static void try_answer(const uint8_t *data, size_t size)
{
	struct answer answer;
	uint8_t bytes[ANSWER_MAX];
	if (answer_decode(data, size, &answer))
		return;
	size_t len = answer_encode(&answer, bytes);
	if (data[0] != 1 && (len != size || memcmp(bytes, data, size))) /* version 1 is no longer written */
		abort();
	const int64_t times[] = { 0, INT64_MIN, INT64_MAX, answer.not_before, answer.not_after, answer.revocation_until,
	                          answer.revocation_next, answer.stored_until, answer.role[0].until };
	for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
		judge(&answer, times[i], data[size - 1]);
		judge(&answer, (int64_t)((uint64_t)times[i] - 1), data[size - 1]);
	}
}

static void try_key(const uint8_t *data, size_t size)
{
	struct text name;
	struct digest cert;
	uint8_t key[MEMBER_KEY_MAX];
	char store[RECORD_NAME_MAX + 1];
	if (member_key_split((struct span){ data, size }, &name, &cert) || name.len > RECORD_NAME_MAX)
		return;
	memcpy(store, name.bytes, name.len);
	store[name.len] = '\0';
	size_t len = member_key(store, &cert, key);
	if (len != size || memcmp(key + name.len, data + name.len, size - name.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {
		try_cert, try_store, try_member, try_mark, try_revocation, try_identity, try_change, try_answer, try_key,
	};
	if (size && data[0] < sizeof tries / sizeof tries[0])
		tries[data[0]](data + 1, size - 1);
	return 0;
}
