#include "config.h"

#include "truststore/bulk_successor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/bulk_sign.h"
#include "truststore/identity.h"
#include "truststore/record_priv.h"

enum { SUCCESSOR_VERSION = 1, TEXT_SIZE = 192 };

const enum purpose bulk_signing[BULK_SIGNING] = { PURPOSE_ITLRECOVERY, PURPOSE_CALLMANAGER };

void bulk_successor_deinit(struct bulk_successor *successor)
{
	free(successor->signature);
	*successor = (struct bulk_successor){ .signature = NULL };
}

void bulk_succession_deinit(struct bulk_succession *succession)
{
	for (unsigned i = 0; i < succession->count; i++)
		bulk_successor_deinit(&succession->step[i]);
	succession->count = 0;
}

/* --- the statement */

static size_t write_text(const struct bulk_successor *successor, char out[TEXT_SIZE])
{
	char old[DIGEST_HEX_SIZE], new[DIGEST_HEX_SIZE];
	return (size_t)snprintf(out, TEXT_SIZE, "tvs-bulk-successor 1\nold %s\nnew %s\n", digest_hex(&successor->old, old),
	                        digest_hex(&successor->new, new));
}

static int sign(const struct identity *identity, const char *keys, struct bulk_successor *out, struct err *err)
{
	char text[TEXT_SIZE];
	struct cert *cert = NULL;
	gnutls_privkey_t key = NULL;
	int code = cert_parse(identity->chain[0].bytes, identity->chain[0].len, &cert, err);
	if (!code)
		code = identity_key_load(identity, keys, &key, err);
	if (!code)
		code = bulk_sign(text, write_text(out, text), cert, key, &out->signature, &out->signature_len, err);
	if (key)
		gnutls_privkey_deinit(key);
	cert_free(cert);
	return code;
}

struct asking {
	enum purpose purpose;
	struct identity identity;
};

static int identity_work(struct txn *txn, void *arg, struct err *err)
{
	struct asking *asking = arg;
	identity_deinit(&asking->identity);
	int code = identity_get(txn, asking->purpose, &asking->identity, err);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

int bulk_successor_make(struct store *store, enum purpose purpose, const char *keys, const struct digest *new,
                        struct bulk_successor *out, struct err *err)
{
	struct asking asking = { .purpose = purpose };
	bool signs = false;
	*out = (struct bulk_successor){ .new = *new };
	for (int i = 0; i < BULK_SIGNING; i++)
		signs |= bulk_signing[i] == purpose;
	if (!signs)
		return ERR_OK;
	int code = store_read(store, identity_work, &asking, err);
	out->old = asking.identity.cert;
	if (!code && asking.identity.chain_count && !digest_equal(&out->old, new))
		code = sign(&asking.identity, keys, out, err);
	identity_deinit(&asking.identity);
	return code;
}

int bulk_successor_verify(const char *name, const struct bulk_successor *successor, struct err *err)
{
	char text[TEXT_SIZE], old[DIGEST_HEX_SIZE], new[DIGEST_HEX_SIZE];
	struct cert *signer = NULL;
	int code = successor->signature
	                   ? bulk_sign_verify(name, text, write_text(successor, text), successor->signature,
	                                      successor->signature_len, &signer, NULL)
	                   : ERR_REFUSED;
	bool good = !code && digest_equal(cert_sha256(signer), &successor->old);
	cert_free(signer);
	if (good)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	               "%s: it says that the certificate %s is followed by %s, but the first did not sign that", name,
	               digest_hex(&successor->old, old), digest_hex(&successor->new, new));
}

/* --- in the store: under the digest of the new one */

static int decode(struct span bytes, struct digest *old, struct span *signature)
{
	struct reader r;
	reader_begin(&r, bytes, SUCCESSOR_VERSION);
	reader_digest(&r, old);
	*signature = reader_bytes(&r);
	return reader_end(&r);
}

/* The statement that leads to a certificate. ERR_NOT_FOUND, without a sentence. */
static int find(struct txn *txn, const struct digest *new, struct digest *old, struct span *signature, struct err *err)
{
	struct span value;
	int code = txn_get(txn, STORE_SUCCESSOR, new->byte, DIGEST_SIZE, &value);
	if (!code && (decode(value, old, signature) || signature->len > BULK_SUCCESSOR_SIGNATURE_MAX))
		return err_set(err, ERR_STORE, "%s: a record of \"successor\" is not readable", store_path(txn_store(txn)));
	return code;
}

int bulk_successor_check(struct span key, struct span value, struct err *err)
{
	struct bulk_successor statement = { .signature = NULL };
	struct span signature;
	if (key.len != DIGEST_SIZE || decode(value, &statement.old, &signature) ||
	    signature.len > BULK_SUCCESSOR_SIGNATURE_MAX)
		return err_set(err, ERR_STORE, "its record is not readable");
	memcpy(statement.new.byte, key.bytes, DIGEST_SIZE);
	statement.signature = (uint8_t *)signature.bytes; /* only read */
	statement.signature_len = signature.len;
	return bulk_successor_verify("its record", &statement, err);
}

static int forget_old(struct txn *txn, const struct digest *newest, struct err *err)
{
	struct digest at = *newest, old;
	struct span signature;
	int code = ERR_OK;
	for (int i = 0; !code && i < BULK_SUCCESSORS_MAX; i++) {
		code = find(txn, &at, &old, &signature, err);
		at = old;
	}
	if (!code)
		code = txn_delete(txn, STORE_SUCCESSOR, at.byte, DIGEST_SIZE);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

int bulk_successor_put(struct txn *txn, const struct bulk_successor *successor, struct err *err)
{
	struct writer w;
	struct record record;
	writer_begin(&w, successor->signature_len + 64);
	writer_number(&w, SUCCESSOR_VERSION, 1);
	writer_digest(&w, &successor->old);
	writer_bytes(&w, (struct span){ successor->signature, successor->signature_len });
	int code = writer_end(&w, &record);
	if (code)
		return err_set(err, code, "no memory for a record");
	code = txn_put(txn, STORE_SUCCESSOR, successor->new.byte, DIGEST_SIZE, record.bytes, record.len);
	record_free(&record);
	return code ? code : forget_old(txn, &successor->new, err);
}

int bulk_succession_get(struct txn *txn, const struct digest *cert, struct bulk_succession *out, struct err *err)
{
	struct digest at = *cert, old;
	struct span signature;
	int code = ERR_OK;
	out->count = 0;
	while (out->count < BULK_SUCCESSORS_MAX && !(code = find(txn, &at, &old, &signature, err))) {
		memmove(&out->step[1], &out->step[0], out->count * sizeof out->step[0]);
		out->step[0] = (struct bulk_successor){ old, at, malloc(signature.len + 1), signature.len };
		out->count++;
		if (!out->step[0].signature)
			return err_set(err, ERR_MEMORY, "no memory for a signature");
		memcpy(out->step[0].signature, signature.bytes, signature.len);
		at = old;
	}
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

bool bulk_succession_has(const struct bulk_succession *succession, const struct digest *cert)
{
	for (unsigned i = 0; i < succession->count; i++)
		if (digest_equal(&succession->step[i].old, cert) || digest_equal(&succession->step[i].new, cert))
			return true;
	return false;
}
