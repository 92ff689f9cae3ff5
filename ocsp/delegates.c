#include "ocsp/delegates.h"

enum revocation_status delegates_status(const struct delegates *delegates, const struct cert *cert,
                                        const struct cert *issuer, int64_t now)
{
	for (unsigned i = 0; i < DELEGATES_MAX; i++) {
		const struct delegate *one = &delegates->known[i];
		if (one->until > now && digest_equal(&one->cert, cert_sha256(cert)) &&
		    digest_equal(&one->issuer, cert_sha256(issuer)))
			return one->status;
	}
	return REVOCATION_UNCHECKED;
}

void delegates_remember(struct delegates *delegates, const struct cert *cert, const struct cert *issuer,
                        const struct outcome *outcome, int64_t now, int64_t interval)
{
	int64_t until = now + interval;
	if (outcome->status != REVOCATION_GOOD && outcome->status != REVOCATION_REVOKED)
		return;
	if (outcome->status == REVOCATION_GOOD && outcome->until < until)
		until = outcome->until;
	delegates->known[delegates->next++ % DELEGATES_MAX] = (struct delegate){
		.cert = *cert_sha256(cert), .issuer = *cert_sha256(issuer), .status = outcome->status,
		.until = until
	};
}

enum fault delegates_fault(enum revocation_status status)
{
	return status == REVOCATION_GOOD      ? FAULT_NONE
	       : status == REVOCATION_REVOKED ? FAULT_SIGNER_REVOKED
	                                      : FAULT_SIGNER_UNCHECKED;
}
