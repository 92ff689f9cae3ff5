#include "config.h"

#include "tvs/credentials.h"

#include <gnutls/pkcs11.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/cert.h"
#include "truststore/base/clock.h"
#include "truststore/identity.h"
#include "truststore/keyfile.h"
#include "truststore/security.h"
#include "truststore/trust.h"
#include "tvs/key.h"
#include "tvs/token.h"

enum { CHAIN_MAX = IDENTITY_CHAIN_MAX, CLIENT_CA_MAX = 4096 };

#define CLIENT_CA_STORE "CAPF-trust"

struct ders { /* certificates, copied */
	struct span *span;
	size_t count, max;
};

struct credentials {
	struct ders chain;
	struct ders client_ca;
	char *location; /* of the key */
	struct key *key;
	struct tls_setup **setup;
	size_t setups;
	uint64_t mark;
	int64_t not_after;
	enum reason distrust;
};

static int ders_add(struct ders *ders, const uint8_t *bytes, size_t len, struct err *err)
{
	if (ders->count == ders->max)
		return err_set(err, ERR_LIMIT, "more than %zu certificates", ders->max);
	struct span *more = realloc(ders->span, (ders->count + 1) * sizeof *more);
	if (!more)
		return err_set(err, ERR_MEMORY, "out of memory");
	ders->span = more;
	uint8_t *made = malloc(len);
	if (!made)
		return err_set(err, ERR_MEMORY, "out of memory");
	memcpy(made, bytes, len);
	more[ders->count++] = (struct span){ made, len };
	return ERR_OK;
}

static void ders_free(struct ders *ders)
{
	for (size_t i = 0; i < ders->count; i++)
		free((void *)ders->span[i].bytes);
	free(ders->span);
}

/* --- the own certificate */

static int add_to_chain(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct ders *chain = arg;
	size_t len;
	const uint8_t *der = cert_der(cert, &len);
	int code = ders_add(chain, der, len, err);
	if (code != ERR_OK)
		err_prefix(err, "%s:%u", place->file, place->line);
	cert_free(cert);
	return code;
}

struct token_certificate {
	const char *uri;
	struct ders *chain;
};

/* A certificate that stands beside its key on a token. */
static int read_token_certificate(void *arg, struct err *err)
{
	struct token_certificate *self = arg;
	gnutls_x509_crt_t crt;
	gnutls_datum_t der = { NULL, 0 };
	int code = gnutls_x509_crt_init(&crt);
	if (code < 0)
		return err_set(err, ERR_MEMORY, "out of memory");
	code = gnutls_x509_crt_import_url(crt, self->uri, 0);
	if (code >= 0)
		code = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);
	gnutls_x509_crt_deinit(crt);
	if (code < 0)
		return err_set(err, ERR_CRYPTO, "the certificate behind the PKCS#11 URI: %s", gnutls_strerror(code));
	code = ders_add(self->chain, der.data, der.size, err);
	gnutls_free(der.data);
	return code;
}

static int read_files(struct credentials *self, const struct settings *settings, struct err *err)
{
	self->location = strdup(settings->key);
	if (!self->location)
		return err_set(err, ERR_MEMORY, "out of memory");
	struct token_certificate token = { settings->certificate, &self->chain };
	if (key_is_token(settings->certificate))
		return token_try(read_token_certificate, &token, err);
	return cert_read_file(settings->certificate, add_to_chain, &self->chain, err);
}

static int read_identity(struct credentials *self, const struct settings *settings, struct txn *txn,
                         struct err *err)
{
	struct identity own;
	int code = identity_get(txn, PURPOSE_TVS, &own, err);
	for (size_t i = 0; code == ERR_OK && i < own.chain_count; i++)
		code = ders_add(&self->chain, own.chain[i].bytes, own.chain[i].len, err);
	if (code == ERR_OK)
		code = keyfile_locate(settings->keys, own.key, &self->location, err);
	identity_deinit(&own);
	return code;
}

/* --- who may have issued clients' certificates */

struct client_ca {
	struct txn *txn;
	const struct settings *settings;
	struct ders *ders;            /* NULL: only the digest */
	struct digest_state *digest;
	int64_t now;
};

/* Takes members that are neither blocked nor revoked nor past. */
static int add_client_ca(const struct store_record *store, const struct digest *id,
                         const struct member_record *member, void *arg, struct err *err)
{
	struct client_ca *work = arg;
	struct answer answer;
	struct verdict verdict;
	struct cert_record cert;
	(void)store;
	if (member->until <= work->now || trust_answer(work->txn, id, &answer) != ERR_OK)
		return ERR_OK;
	answer_judge(&answer, work->now, &work->settings->policy, &verdict);
	if (!verdict.trusted && verdict.reason != REASON_NO_ROLE)
		return ERR_OK;
	digest_add(work->digest, id, sizeof *id);
	if (!work->ders)
		return ERR_OK;
	int code = trust_cert_get(work->txn, id, &cert);
	if (code != ERR_OK)
		return err_set(err, code, "the store lists a certificate of " CLIENT_CA_STORE " that it does not have");
	return ders_add(work->ders, cert.der.bytes, cert.der.len, err);
}

static void digest_identity(struct txn *txn, struct digest_state *digest)
{
	struct identity own;
	if (identity_get(txn, PURPOSE_TVS, &own, NULL) == ERR_OK) {
		for (size_t i = 0; i < own.chain_count; i++)
			digest_add(digest, own.chain[i].bytes, own.chain[i].len);
		digest_add(digest, own.key, strlen(own.key));
	}
	identity_deinit(&own);
}

/* Digests what the store says, and collects client_ca where `ders` is given. */
static int look(const struct settings *settings, struct txn *txn, struct ders *ders, uint64_t *mark,
                struct err *err)
{
	struct client_ca work = { .txn = txn, .settings = settings, .ders = ders, .now = clock_now() };
	struct digest digest;
	int code = ERR_OK;
	*mark = 0;
	if (settings->certificate && !settings_ask_clients(settings))
		return ERR_OK;
	work.digest = digest_begin();
	if (!work.digest)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (!settings->certificate)
		digest_identity(txn, work.digest);
	if (settings_ask_clients(settings))
		code = trust_member_each_of_store(txn, CLIENT_CA_STORE, add_client_ca, &work, err);
	digest_end(work.digest, &digest);
	memcpy(mark, &digest, sizeof *mark);
	*mark |= 1;
	return code;
}

uint64_t credentials_mark_now(const struct settings *settings, struct txn *txn)
{
	uint64_t mark;
	return look(settings, txn, NULL, &mark, NULL) == ERR_OK ? mark : 0;
}

/* --- together */

struct reading {
	const struct settings *settings;
	struct credentials *self;
};

static int read_store(struct txn *txn, void *arg, struct err *err)
{
	struct reading *reading = arg;
	struct credentials *self = reading->self;
	int code = look(reading->settings, txn, &self->client_ca, &self->mark, err);
	if (code == ERR_OK && !reading->settings->certificate)
		code = read_identity(self, reading->settings, txn, err);
	return code;
}

struct distrust {
	const struct digest *own;
	struct credentials *self;
};

static int look_distrust(struct txn *txn, void *arg, struct err *err)
{
	const struct distrust *work = arg;
	struct answer answer;
	(void)err;
	work->self->distrust = REASON_TRUSTED;
	if (trust_answer(txn, work->own, &answer) == ERR_OK)
		work->self->distrust = answer.blocked                             ? REASON_BLOCKED
		                     : answer.revocation == REVOCATION_REVOKED ? REASON_REVOKED
		                                                               : REASON_TRUSTED;
	return ERR_OK;
}

/* What a mode forbids is not presented to phones, whenever it came in. */
static int check_modes(const struct settings *settings, const struct cert *own, struct err *err)
{
	const struct security security = { settings->fips, settings->common_criteria };
	const char *why = security_cert(&security, own, ROLE_BIT(ROLE_TVS));
	char hex[DIGEST_HEX_SIZE];
	return why ? err_set(err, ERR_REFUSED, "the own certificate %.16s (%s): %s", digest_hex(cert_sha256(own), hex),
	                     cert_subject(own), why)
	           : ERR_OK;
}

int credentials_read(const struct settings *settings, struct store *store,
                     struct credentials **out, struct err *err)
{
	struct credentials *self = calloc(1, sizeof *self);
	if (!self)
		return err_set(err, ERR_MEMORY, "out of memory");
	self->chain.max = CHAIN_MAX;
	self->client_ca.max = CLIENT_CA_MAX;
	struct reading reading = { settings, self };
	int code = store_read(store, read_store, &reading, err);
	if (code == ERR_OK && settings->certificate) {
		code = read_files(self, settings, err);
		if (code != ERR_OK)
			err_prefix(err, "%s", settings->certificate_at);
	}
	struct cert *own = NULL;
	if (code == ERR_OK)
		code = cert_parse(self->chain.span[0].bytes, self->chain.span[0].len, &own, err);
	if (code == ERR_OK)
		code = check_modes(settings, own, err);
	if (code == ERR_OK) {
		struct distrust work = { cert_sha256(own), self };
		code = store_read(store, look_distrust, &work, err);
	}
	if (code != ERR_OK) {
		cert_free(own);
		credentials_free(self);
		return code;
	}
	self->not_after = cert_not_after(own);
	cert_free(own);
	*out = self;
	return ERR_OK;
}

int credentials_load(struct credentials *self, const struct settings *settings, struct err *err)
{
	int code = key_load(self->location, &self->key, err);
	if (code != ERR_OK && settings->key_at)
		err_prefix(err, "%s", settings->key_at);
	self->setup = calloc(settings->listeners, sizeof(struct tls_setup *));
	if (code == ERR_OK && !self->setup)
		code = err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; code == ERR_OK && i < settings->listeners; i++) {
		const struct settings_listener *listener = &settings->listener[i];
		struct tls_config config = {
			.name = listener->section, .min_version = listener->min_version,
			.ciphers = &listener->ciphers, .aes_only = settings->fips, .key = self->key,
			.chain = self->chain.span, .chain_count = self->chain.count,
			.client = listener->client,
			.client_ca = self->client_ca.span, .client_ca_count = self->client_ca.count,
		};
		code = tls_setup_new(&config, &self->setup[i], err);
		if (code == ERR_OK)
			self->setups++;
		else if (settings->certificate)
			err_prefix(err, "%s %s, key %s", settings->certificate_at, settings->certificate, settings->key);
		else
			err_prefix(err, "identity TVS of %s", settings->store);
	}
	return code;
}

void credentials_free(struct credentials *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->setups; i++)
		tls_setup_free(self->setup[i]);
	free(self->setup);
	key_free(self->key);
	free(self->location);
	ders_free(&self->chain);
	ders_free(&self->client_ca);
	free(self);
}

bool credentials_on_token(const struct credentials *self)
{
	return key_is_token(self->location);
}

const struct tls_setup *credentials_setup(const struct credentials *self, size_t i)
{
	return self->setup[i];
}

int64_t credentials_not_after(const struct credentials *self)
{
	return self->not_after;
}

enum reason credentials_distrust(const struct credentials *self)
{
	return self->distrust;
}

uint64_t credentials_mark(const struct credentials *self)
{
	return self->mark;
}
