#include "truststore/answer.h"

#include "truststore/base/clock.h"
#include "truststore/record_priv.h"

enum { VERSION = 2, VERSION_FIXED = 1, ANSWER_BLOCKED = 1 };

const char *reason_name(enum reason reason)
{
	static const char *const names[REASON_COUNT] = {
		[REASON_TRUSTED] = "trusted",
		[REASON_UNKNOWN] = "unknown",
		[REASON_EXPIRED] = "expired",
		[REASON_NOT_YET_VALID] = "not-yet-valid",
		[REASON_REVOKED] = "revoked",
		[REASON_REVOCATION_UNKNOWN] = "revocation-unknown",
		[REASON_BLOCKED] = "blocked",
		[REASON_NO_ROLE] = "no-role",
		[REASON_MALFORMED] = "malformed",
	};
	return (unsigned)reason < REASON_COUNT ? names[reason] : "?";
}

const char *revocation_status_name(enum revocation_status status)
{
	static const char *const names[REVOCATION_STATUS_COUNT] = {
		[REVOCATION_UNCHECKED] = "unchecked",
		[REVOCATION_NOT_APPLICABLE] = "not-applicable",
		[REVOCATION_GOOD] = "good",
		[REVOCATION_REVOKED] = "revoked",
		[REVOCATION_UNKNOWN] = "unknown",
		[REVOCATION_UNREACHABLE] = "unreachable",
		[REVOCATION_NO_SOURCE] = "no-source",
	};
	return (unsigned)status < REVOCATION_STATUS_COUNT ? names[status] : "?";
}

/* Offsets of the fields in the record, and in a grant. */
enum {
	AT_VERSION = 0, AT_FLAGS = 1, AT_REVOCATION = 2, AT_GRANTS = 3, AT_REVOCATION_UNTIL = 4,
	AT_REVOCATION_NEXT = 12, AT_NOT_BEFORE = 20, AT_NOT_AFTER = 28, AT_STORED_UNTIL = 36,
	GRANT_ROLES = 0, GRANT_UNTIL = 1, GRANT_TTL = 9,
	FIXED_ROLE = 12 /* version 1: 8 bytes until, 4 bytes TTL for each of the seven roles */
};

/* The roles that are given until the same moment and with the same TTL as `role`, which is given. */
static uint8_t roles_like(const struct answer_role *role, const struct answer_role all[ROLE_COUNT])
{
	uint8_t roles = 0;
	for (int i = 0; i < ROLE_COUNT; i++)
		if (all[i].until == role->until && all[i].ttl == role->ttl)
			roles |= (uint8_t)ROLE_BIT(i);
	return roles;
}

/* Each role that is given is in one grant, and no two grants are alike. Returns their number. */
static uint8_t encode_grants(const struct answer_role role[ROLE_COUNT], uint8_t *at)
{
	uint8_t count = 0, written = 0;
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (role[i].until == 0 || written & ROLE_BIT(i))
			continue;
		at[GRANT_ROLES] = roles_like(&role[i], role);
		put_be(at + GRANT_UNTIL, (uint64_t)role[i].until, 8);
		put_be(at + GRANT_TTL, role[i].ttl, 4);
		written |= at[GRANT_ROLES];
		at += ANSWER_GRANT;
		count++;
	}
	return count;
}

size_t answer_encode(const struct answer *answer, uint8_t out[ANSWER_MAX])
{
	out[AT_VERSION] = VERSION;
	out[AT_FLAGS] = answer->blocked ? ANSWER_BLOCKED : 0;
	out[AT_REVOCATION] = (uint8_t)answer->revocation;
	put_be(out + AT_REVOCATION_UNTIL, (uint64_t)answer->revocation_until, 8);
	put_be(out + AT_REVOCATION_NEXT, (uint64_t)answer->revocation_next, 8);
	put_be(out + AT_NOT_BEFORE, (uint64_t)answer->not_before, 8);
	put_be(out + AT_NOT_AFTER, (uint64_t)answer->not_after, 8);
	put_be(out + AT_STORED_UNTIL, (uint64_t)answer->stored_until, 8);
	out[AT_GRANTS] = encode_grants(answer->role, out + ANSWER_HEAD);
	return ANSWER_HEAD + (size_t)out[AT_GRANTS] * ANSWER_GRANT;
}

/* Takes what encode_grants writes, and no other spelling of it. */
static int decode_grants(const uint8_t *at, unsigned count, struct answer_role role[ROLE_COUNT])
{
	uint32_t read = 0, first = 0;
	for (; count--; at += ANSWER_GRANT) {
		uint32_t roles = at[GRANT_ROLES], lowest = roles & -roles;
		struct answer_role given = { (int64_t)get_be64(at + GRANT_UNTIL), get_be32(at + GRANT_TTL) };
		if (lowest <= first || roles & ~ROLE_ALL || roles & read || !given.until)
			return ERR_STORE;
		for (int i = 0; i < ROLE_COUNT; i++)
			if (roles & ROLE_BIT(i))
				role[i] = given;
		if (roles_like(&given, role) != roles)
			return ERR_STORE;
		read |= roles;
		first = lowest;
	}
	return ERR_OK;
}

static void decode_fixed(const uint8_t *at, struct answer_role role[ROLE_COUNT])
{
	for (int i = 0; i < ROLE_COUNT; i++, at += FIXED_ROLE)
		role[i] = (struct answer_role){ (int64_t)get_be64(at), get_be32(at + 8) };
}

/* True if the length is what the head says. */
static bool is_whole(const uint8_t *in, size_t len)
{
	if (len < ANSWER_HEAD)
		return false;
	if (in[AT_VERSION] == VERSION_FIXED)
		return len == ANSWER_HEAD + ROLE_COUNT * FIXED_ROLE && !in[AT_GRANTS];
	return in[AT_VERSION] == VERSION && len == ANSWER_HEAD + (size_t)in[AT_GRANTS] * ANSWER_GRANT;
}

int answer_decode(const void *bytes, size_t len, struct answer *answer)
{
	const uint8_t *in = bytes;
	if (!is_whole(in, len) || in[AT_FLAGS] & ~ANSWER_BLOCKED || in[AT_REVOCATION] >= REVOCATION_STATUS_COUNT)
		return ERR_STORE;
	*answer = (struct answer){
		.blocked = in[AT_FLAGS] & ANSWER_BLOCKED,
		.revocation = (enum revocation_status)in[AT_REVOCATION],
		.revocation_until = (int64_t)get_be64(in + AT_REVOCATION_UNTIL),
		.revocation_next = (int64_t)get_be64(in + AT_REVOCATION_NEXT),
		.not_before = (int64_t)get_be64(in + AT_NOT_BEFORE),
		.not_after = (int64_t)get_be64(in + AT_NOT_AFTER),
		.stored_until = (int64_t)get_be64(in + AT_STORED_UNTIL),
	};
	if (in[AT_VERSION] == VERSION)
		return decode_grants(in + ANSWER_HEAD, in[AT_GRANTS], answer->role);
	decode_fixed(in + ANSWER_HEAD, answer->role);
	return ERR_OK;
}

/* Seconds from `now` to a later moment, as far as a TTL reaches. */
static uint32_t seconds_until(int64_t until, int64_t now)
{
	uint64_t seconds = (uint64_t)until - (uint64_t)now;
	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Seconds that a moment at which a status ends leaves. */
static uint32_t seconds_left(int64_t until, int64_t now)
{
	if (until == CLOCK_NEVER)
		return UINT32_MAX;
	return until <= now ? ANSWER_PAST_TTL : seconds_until(until, now);
}

static bool lapsed(const struct answer *answer, int64_t now)
{
	return answer->revocation_until != CLOCK_NEVER && answer->revocation_until <= now;
}

/* True if what is known of the revocation, or is not, forbids trust by the policy. */
static bool revocation_denies(const struct answer *answer, int64_t now,
                              const struct answer_policy *policy)
{
	switch (answer->revocation) {
	case REVOCATION_NOT_APPLICABLE:
		return false;
	case REVOCATION_GOOD:
		return lapsed(answer, now) && policy->deny_unreachable;
	case REVOCATION_UNKNOWN: /* a lapsed one is no usable answer any more either */
		return policy->deny_unknown || (lapsed(answer, now) && policy->deny_unreachable);
	case REVOCATION_UNCHECKED:
	case REVOCATION_UNREACHABLE:
		return policy->deny_unreachable;
	case REVOCATION_NO_SOURCE:
		return policy->deny_no_source;
	default: /* revoked, and what this program does not know */
		return true;
	}
}

/* The roles that hold now, and the smallest of their TTLs and of the seconds until one of them ends. */
static uint32_t roles_now(const struct answer *answer, int64_t now, uint32_t *ttl)
{
	uint32_t roles = 0;
	*ttl = UINT32_MAX;
	for (int i = 0; i < ROLE_COUNT; i++) {
		const struct answer_role *role = &answer->role[i];
		if (role->until == 0 || role->until <= now)
			continue;
		roles |= ROLE_BIT(i);
		*ttl = smaller(*ttl, role->ttl);
		if (role->until != CLOCK_NEVER)
			*ttl = smaller(*ttl, seconds_until(role->until, now));
	}
	return roles;
}

static enum reason judge_reason(const struct answer *answer, int64_t now,
                                const struct answer_policy *policy, uint32_t roles)
{
	if (!answer)
		return REASON_UNKNOWN;
	if (answer->blocked)
		return REASON_BLOCKED;
	if (answer->revocation == REVOCATION_REVOKED)
		return REASON_REVOKED;
	if (answer->stored_until == 0 || answer->stored_until <= now)
		return REASON_UNKNOWN;
	if (now < answer->not_before)
		return REASON_NOT_YET_VALID;
	if (now > answer->not_after && !policy->allow_expired)
		return REASON_EXPIRED;
	if (revocation_denies(answer, now, policy))
		return REASON_REVOCATION_UNKNOWN;
	return roles ? REASON_TRUSTED : REASON_NO_ROLE;
}

/* How long the revocation status allows an answer to be remembered. */
static uint32_t revocation_ttl(const struct answer *answer, int64_t now, const struct answer_policy *policy)
{
	if (answer->revocation == REVOCATION_NOT_APPLICABLE)
		return UINT32_MAX;
	uint32_t ttl = smaller(seconds_left(answer->revocation_until, now),
	                       seconds_left(answer->revocation_next, now));
	bool wanted = answer->revocation == REVOCATION_UNCHECKED && policy->checking;
	return wanted ? smaller(ttl, ANSWER_PAST_TTL) : ttl;
}

/* At the last second of validity the answer holds for that second: so at least 1. */
static uint32_t judge_ttl(const struct answer *answer, int64_t now, const struct answer_policy *policy,
                          uint32_t ttl)
{
	if (now > answer->not_after)
		ttl = smaller(ttl, ANSWER_PAST_TTL);
	else
		ttl = smaller(ttl, seconds_until(answer->not_after, now));
	ttl = smaller(ttl, revocation_ttl(answer, now, policy));
	return ttl ? ttl : 1;
}

void answer_judge(const struct answer *answer, int64_t now, const struct answer_policy *policy,
                  struct verdict *out)
{
	uint32_t ttl = 0;
	uint32_t roles = answer ? roles_now(answer, now, &ttl) : 0;
	*out = (struct verdict){ .reason = judge_reason(answer, now, policy, roles) };
	if (out->reason != REASON_TRUSTED)
		return;
	out->trusted = true;
	out->roles = roles;
	out->ttl = judge_ttl(answer, now, policy, ttl);
}
