#include "ocsp/outcome.h"

#include "ocsp/recheck.h"
#include "truststore/base/clock.h"

bool outcome_verified(const struct outcome *outcome)
{
	return outcome->status == REVOCATION_GOOD || outcome->status == REVOCATION_REVOKED ||
	       outcome->status == REVOCATION_UNKNOWN;
}

/* A verified statement, known from before, that nothing but a newer one displaces. */
static bool still_counts(const struct revocation_record *known, int64_t now)
{
	if (known->status == REVOCATION_REVOKED)
		return true;
	return (known->status == REVOCATION_GOOD || known->status == REVOCATION_UNKNOWN) &&
	       known->until > now;
}

static bool displaces(const struct revocation_record *known, const struct outcome *found, int64_t now)
{
	if (!known || !still_counts(known, now))
		return true;
	if (!outcome_verified(found) || found->this_update < known->this_update)
		return false;
	if (known->status == REVOCATION_REVOKED && found->status != REVOCATION_REVOKED)
		return found->status == REVOCATION_GOOD && found->this_update > known->this_update;
	return true;
}

static void take(const struct outcome *found, struct revocation_record *out)
{
	*out = (struct revocation_record){ .status = found->status, .source = text_of(found->source) };
	if (!outcome_verified(found))
		return;
	out->until = found->status == REVOCATION_REVOKED ? CLOCK_NEVER : found->until;
	out->this_update = found->this_update;
	out->next_update = found->next_update;
	out->revoked_at = found->revoked_at;
	out->reason = found->reason;
}

void outcome_merge(const struct revocation_record *known, const struct outcome *found, int64_t now,
                   int64_t interval, const struct digest *cert, struct revocation_record *out)
{
	uint16_t failures = known ? known->failures : 0;
	if (displaces(known, found, now))
		take(found, out);
	else
		*out = *known;
	out->checked = now;
	out->error = text_of(fault_word(found->fault));
	if ((outcome_verified(found) && !found->fault) || found->status == REVOCATION_NO_SOURCE)
		out->failures = 0;
	else
		out->failures = failures < UINT16_MAX ? failures + 1 : failures;
	out->next_check = recheck_next(out, now, interval, cert);
	if (found->fault == FAULT_NO_ISSUER && out->next_check > now + RECHECK_LOCAL_RETRY)
		out->next_check = now + RECHECK_LOCAL_RETRY;
	if (out->status == REVOCATION_UNREACHABLE)
		out->until = out->next_check;
	else if (out->status == REVOCATION_NO_SOURCE)
		out->until = CLOCK_NEVER;
}

const char *outcome_reason_name(uint8_t reason)
{
	static const char *const names[] = {
		"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
		"cessationOfOperation", "certificateHold", "unspecified", "removeFromCRL",
		"privilegeWithdrawn", "aACompromise",
	};
	return names[reason < sizeof names / sizeof *names ? reason : 0];
}
