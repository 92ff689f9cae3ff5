/* K12: no CA above the own CAPF certificate is named like a CAPF certificate. */
#include <string.h>

#include "truststore/trust_priv.h"

enum { CHAIN_MAX = 8 };

static int first(const struct digest *cert, void *arg, struct err *err)
{
	(void)err;
	*(struct digest *)arg = *cert;
	return ERR_STOPPED;
}

/* Goes from the own certificate's issuer upwards by names, as far as certificates are stored. */
static int is_above(struct txn *txn, const struct digest *own, const struct digest *subject_key,
                    bool *above, struct err *err)
{
	struct digest at = *own;
	for (int i = 0; i < CHAIN_MAX; i++) {
		struct cert_record record;
		if (trust_cert_get(txn, &at, &record) || digest_equal(&record.subject_key, &record.issuer_key))
			return ERR_OK;
		if (digest_equal(&record.issuer_key, subject_key)) {
			*above = true;
			return ERR_OK;
		}
		struct digest issuer = record.issuer_key;
		int code = trust_each_by_subject(txn, &issuer, first, &at, err);
		if (code != ERR_STOPPED)
			return code;
	}
	return ERR_OK;
}

int trust_capf_rule(struct txn *txn, const struct cert *cert, bool *breaks, struct err *err)
{
	struct span value;
	struct identity_record identity;
	*breaks = false;
	if (!cert_is_ca(cert) || !strstr(cert_common_name(cert), "CAPF-"))
		return ERR_OK;
	int code = txn_get(txn, STORE_IDENTITY, "capf", 4, &value);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	if (identity_record_decode(value, &identity))
		return trust_broken(txn, STORE_IDENTITY, err);
	if (!identity.has_cert || digest_equal(&identity.cert, cert_sha256(cert)))
		return ERR_OK;
	return is_above(txn, &identity.cert, cert_subject_key(cert), breaks, err);
}
