/* Making own certificates that sign themselves. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/identity_priv.h"
#include "truststore/owner.h"

int identity_key_make(struct store *store, const struct identity_wish *wish, char **reference,
                      gnutls_privkey_t *key, struct err *err)
{
	const struct purpose_rule *rule = purpose_rule(wish->purpose);
	unsigned bits = wish->bits ? wish->bits : rule->bits;
	struct owner owner;
	if (wish->token)
		return keyfile_create_in_token(wish->token, rule->name, rule->algorithm, bits, reference, key,
		                               err);
	int code = owner_enter(store_path(store), &owner, err);
	if (!code)
		code = keyfile_create(wish->keys, rule->algorithm, bits, reference, key, err);
	owner_leave(&owner);
	return code;
}

int identity_key_delete(struct store *store, const struct identity_wish *wish, const char *reference,
                        struct err *err)
{
	struct owner owner;
	int code = owner_enter(store_path(store), &owner, err);
	if (!code)
		code = keyfile_delete(wish->keys, reference, err);
	owner_leave(&owner);
	return code;
}

static int make_cert(const struct identity_wish *wish, gnutls_privkey_t key, struct cert **out,
                     struct err *err)
{
	struct certmake what;
	struct identity_names names;
	gnutls_datum_t der;
	int code = identity_names(wish, &names, &what, err);
	if (!code)
		code = certmake_selfsigned(&what, key, wish->now, &der, err);
	if (code)
		return code;
	code = cert_parse(der.data, der.size, out, err);
	gnutls_free(der.data);
	return code;
}

static int put_work(struct txn *txn, void *arg, struct err *err)
{
	return identity_put(txn, arg, err);
}

/* Looks before the work whether the interlock would end it. */
static int interlock_work(struct txn *txn, void *arg, struct err *err)
{
	const struct identity_wish *wish = arg;
	return identity_interlock(txn, wish->purpose, wish->now, wish->anchor_wait, err);
}

int identity_new(struct store *store, const struct identity_wish *wish,
                 struct identity_result *result, struct err *err)
{
	char *reference = NULL;
	gnutls_privkey_t key = NULL;
	struct cert *cert = NULL;
	struct identity_change change = { .wish = wish };
	int code = identity_wish_check(wish, err);
	if (!code && !wish->force)
		code = store_read(store, interlock_work, (void *)wish, err);
	if (!code)
		code = identity_key_make(store, wish, &reference, &key, err);
	if (!code)
		code = make_cert(wish, key, &cert, err);
	change.cert = cert;
	change.key = reference;
	if (!code) {
		identity_announce(store, &change);
		code = store_write(store, put_work, &change, err);
	}
	if (code && reference)
		identity_key_delete(store, wish, reference, NULL); /* nothing points to it */
	else if (!code && change.old_key &&
	         (code = identity_key_delete(store, wish, change.old_key, err)))
		err_prefix(err, "the new certificate is in use, but");
	if (key)
		gnutls_privkey_deinit(key);
	cert_free(cert);
	free(reference);
	free(change.old_key);
	bulk_successor_deinit(&change.successor);
	*result = change.result;
	return code;
}
