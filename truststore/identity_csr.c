/* Requests for a CA, and what a certificate has that shall be renewed as it is. */
#include "config.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/certinfo.h"
#include "truststore/identity_priv.h"

void identity_model_deinit(struct identity_model *model)
{
	for (size_t i = 0; model->san && model->san[i]; i++)
		free(model->san[i]);
	free(model->san);
	free(model->common_name);
	free(model->token);
	*model = (struct identity_model){ .bits = 0 };
}

struct names {
	char **list;
	size_t count;
	bool failed;
};

/* A name as identity_wish takes it: without its kind. Of other kinds nothing can be asked for. */
static void keep_name(const char *text, size_t len, void *arg)
{
	static const char *const kinds[] = { "DNS:", "IP:", "email:" };
	struct names *names = arg;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t kind = strlen(kinds[i]);
		if (len <= kind || memcmp(text, kinds[i], kind))
			continue;
		char **grown = reallocarray(names->list, names->count + 2, sizeof *grown);
		if (grown)
			names->list = grown;
		char *name = grown ? strndup(text + kind, len - kind) : NULL;
		names->failed |= !name;
		if (grown)
			grown[names->count] = name;
		if (name)
			grown[++names->count] = NULL;
	}
}

static int copy_common_name(const struct cert *cert, char **out, struct err *err)
{
	char text[4 * CERTMAKE_NAME_MAX + 1];
	size_t len = sizeof text;
	int rc = gnutls_x509_crt_get_dn_by_oid(cert_gnutls(cert), GNUTLS_OID_X520_COMMON_NAME, 0, 0, text,
	                                       &len);
	*out = NULL;
	if (rc < 0)
		return ERR_OK; /* none, or one that cannot be asked for: the default */
	*out = strdup(text);
	return *out ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a name");
}

int identity_model_get(struct txn *txn, enum purpose purpose, struct identity_model *out, struct err *err)
{
	struct identity identity;
	struct names names = { .list = NULL };
	struct cert *cert = NULL;
	*out = (struct identity_model){ .bits = 0 };
	int code = identity_get(txn, purpose, &identity, err);
	if (!code)
		code = cert_parse(identity.chain[0].bytes, identity.chain[0].len, &cert, err);
	if (code)
		goto out;
	out->bits = cert_key_bits(cert);
	out->self_signed = cert_self_signed(cert);
	code = copy_common_name(cert, &out->common_name, err);
	certinfo_names(cert, keep_name, &names);
	out->san = names.list;
	if (!code && names.failed)
		code = err_set(err, ERR_MEMORY, "no memory for a name");
	if (!code && keyfile_is_uri(identity.key))
		code = keyfile_token_of(identity.key, &out->token, err);
out:
	cert_free(cert);
	identity_deinit(&identity);
	return code;
}

struct csr_work {
	const struct identity_wish *wish;
	const gnutls_datum_t *request;
	const char *key;
	char *old_key;
};

static int csr_work(struct txn *txn, void *arg, struct err *err)
{
	struct csr_work *work = arg;
	return identity_put_csr(txn, work->wish, work->request, work->key, &work->old_key, err);
}

int identity_csr(struct store *store, const struct identity_wish *wish, gnutls_datum_t *request,
                 struct err *err)
{
	const struct purpose_rule *rule = purpose_rule(wish->purpose);
	char *reference = NULL;
	gnutls_privkey_t key = NULL;
	struct identity_names names;
	struct certmake what;
	*request = (gnutls_datum_t){ NULL, 0 };
	if (!rule->csr)
		return err_set(err, ERR_REFUSED, "%s always signs itself: no CA can issue its certificate",
		               rule->name);
	int code = identity_wish_check(wish, err);
	if (!code)
		code = identity_names(wish, &names, &what, err);
	if (!code)
		code = identity_key_make(store, wish, &reference, &key, err);
	if (!code)
		code = certmake_request(&what, key, request, err);
	struct csr_work work = { wish, request, reference, NULL };
	if (!code)
		code = store_write(store, csr_work, &work, err);
	if (code && reference)
		identity_key_delete(store, wish, reference, NULL); /* nothing points to it */
	else if (!code && work.old_key &&
	         (code = identity_key_delete(store, wish, work.old_key, err)))
		err_prefix(err, "the new request is pending, but");
	if (key)
		gnutls_privkey_deinit(key);
	free(reference);
	free(work.old_key);
	return code;
}

static int discard_work(struct txn *txn, void *arg, struct err *err)
{
	struct csr_work *work = arg;
	return identity_drop_csr(txn, work->wish->purpose, &work->old_key, err);
}

int identity_csr_discard(struct store *store, const struct identity_wish *wish, struct err *err)
{
	struct csr_work work = { .wish = wish };
	int code = store_write(store, discard_work, &work, err);
	if (!code && work.old_key && (code = identity_key_delete(store, wish, work.old_key, err)))
		err_prefix(err, "the request is discarded, but");
	free(work.old_key);
	return code;
}
