/* Looking own certificates up. */
#include "config.h"

#include "truststore/identity.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/identity_priv.h"

void identity_deinit(struct identity *identity)
{
	for (size_t i = 0; i < identity->chain_count; i++)
		free(identity->chain[i].bytes);
	free(identity->key);
	*identity = (struct identity){ .chain_count = 0 };
}

size_t identity_key(enum purpose purpose, uint8_t out[RECORD_NAME_MAX])
{
	const char *name = purpose_rule(purpose)->name;
	return store_key(name, strlen(name), out);
}

int identity_record_get(struct txn *txn, enum purpose purpose, struct identity_record *out,
                        struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	struct span value;
	int code = txn_get(txn, STORE_IDENTITY, key, identity_key(purpose, key), &value);
	if (code)
		return code;
	if (identity_record_decode(value, out))
		return err_set(err, ERR_STORE,
		               "the record of the own certificate for %s is broken: run `truststore verify`",
		               purpose_rule(purpose)->name);
	return ERR_OK;
}

static int add_der(struct identity *identity, struct span der, struct err *err)
{
	struct identity_der *to = &identity->chain[identity->chain_count];
	to->bytes = malloc(der.len);
	if (!to->bytes)
		return err_set(err, ERR_MEMORY, "no memory for a certificate");
	memcpy(to->bytes, der.bytes, der.len);
	to->len = der.len;
	identity->chain_count++;
	return ERR_OK;
}

/* The search for the next certificate of a chain. */
struct chain_step {
	struct txn *txn;
	const struct cert *below;
	struct cert *above; /* found */
};

static int try_issuer(const struct digest *id, void *arg, struct err *err)
{
	struct chain_step *step = arg;
	struct cert_record record;
	struct cert *issuer;
	if (trust_cert_get(step->txn, id, &record) || record.self_signed ||
	    record.not_after < clock_now() ||
	    cert_parse(record.der.bytes, record.der.len, &issuer, err))
		return ERR_OK;
	if (!cert_issued_by(step->below, issuer)) {
		cert_free(issuer);
		return ERR_OK;
	}
	step->above = issuer;
	return ERR_STOPPED;
}

/* From the own certificate upwards; a self-signed one, a gap or a long chain ends it. */
static int add_chain(struct txn *txn, struct identity *identity, struct err *err)
{
	struct cert *below = NULL;
	int code = cert_parse(identity->chain[0].bytes, identity->chain[0].len, &below, err);
	while (!code && !cert_self_signed(below) && identity->chain_count < IDENTITY_CHAIN_MAX) {
		struct chain_step step = { .txn = txn, .below = below };
		code = trust_each_by_subject(txn, cert_issuer_key(below), try_issuer, &step, err);
		if (code == ERR_STOPPED)
			code = ERR_OK;
		if (code || !step.above)
			break;
		struct span der;
		der.bytes = cert_der(step.above, &der.len);
		code = add_der(identity, der, err);
		cert_free(below);
		below = step.above;
	}
	cert_free(below);
	return code;
}

int identity_get(struct txn *txn, enum purpose purpose, struct identity *out, struct err *err)
{
	const char *name = purpose_rule(purpose)->name;
	struct identity_record record;
	struct cert_record cert;
	*out = (struct identity){ .purpose = purpose };
	int code = identity_record_get(txn, purpose, &record, err);
	if (code == ERR_NOT_FOUND || (!code && !record.has_cert))
		return err_set(err, ERR_NOT_FOUND,
		               "%s: there is no own certificate for %s: `truststore identity new %s` makes one",
		               store_path(txn_store(txn)), name, name);
	if (code)
		return code;
	if (trust_cert_get(txn, &record.cert, &cert))
		return err_set(err, ERR_STORE,
		               "%s: the own certificate for %s is missing: run `truststore verify`",
		               store_path(txn_store(txn)), name);
	out->cert = record.cert;
	out->key = strndup(record.key.bytes, record.key.len);
	if (!out->key)
		return err_set(err, ERR_MEMORY, "no memory for the name of a key");
	code = add_der(out, cert.der, err);
	return code ? code : add_chain(txn, out, err);
}

int identity_key_load(const struct identity *identity, const char *keys, gnutls_privkey_t *out,
                      struct err *err)
{
	struct cert *cert = NULL;
	char *location = NULL, what[64];
	gnutls_privkey_t key = NULL;
	snprintf(what, sizeof what, "the own certificate for %s", purpose_rule(identity->purpose)->name);
	int code = keyfile_locate(keys, identity->key, &location, err);
	if (!code)
		code = keyfile_load(location, &key, err);
	if (!code)
		code = cert_parse(identity->chain[0].bytes, identity->chain[0].len, &cert, err);
	if (!code)
		code = keyfile_fits(key, cert_gnutls(cert), what, err);
	cert_free(cert);
	free(location);
	if (!code)
		*out = key;
	else if (key)
		gnutls_privkey_deinit(key);
	return code;
}
