/* Making own certificates. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/certmake.h"
#include "truststore/identity_priv.h"
#include "truststore/owner.h"

static int host_name(char out[HOST_NAME_MAX + 1], struct err *err)
{
	if (gethostname(out, HOST_NAME_MAX) < 0)
		return err_errno(err, "the host's name");
	out[HOST_NAME_MAX] = '\0';
	return out[0] ? ERR_OK : err_set(err, ERR_REFUSED, "this host has no name: give --cn");
}

static int put_work(struct txn *txn, void *arg, struct err *err)
{
	return identity_put(txn, arg, err);
}

/* The names as wished, or as the purpose has them on this host. */
struct names {
	char host[HOST_NAME_MAX + 1];
	char common[CERTMAKE_NAME_MAX + 1];
	const char *san[2];
};

static int choose_names(const struct identity_wish *wish, struct names *names,
                        struct certmake *what, struct err *err)
{
	const char *cn = wish->common_name;
	int code = cn ? ERR_OK : host_name(names->host, err);
	if (!code && !cn)
		code = certmake_common_name(what->rule, names->host, false, names->common, err);
	if (code)
		return code;
	what->common_name = cn ? cn : names->common;
	what->san = wish->san;
	if (!wish->san && what->rule->host_san) {
		names->san[0] = cn ? cn : names->host;
		names->san[1] = NULL;
		what->san = certmake_is_host(names->san[0]) ? names->san : NULL;
	}
	return ERR_OK;
}

static int make_cert(const struct identity_wish *wish, gnutls_privkey_t key, struct cert **out,
                     struct err *err)
{
	struct certmake what = { .rule = purpose_rule(wish->purpose), .hash = GNUTLS_DIG_UNKNOWN };
	struct names names;
	gnutls_datum_t der;
	int code = choose_names(wish, &names, &what, err);
	if (!code)
		code = certmake_selfsigned(&what, key, wish->now, &der, err);
	if (code)
		return code;
	code = cert_parse(der.data, der.size, out, err);
	gnutls_free(der.data);
	return code;
}

/* As the owner of the store, whose keys these are. */
static int make_key(struct store *store, const struct identity_wish *wish, char **reference,
                    gnutls_privkey_t *key, struct err *err)
{
	const struct purpose_rule *rule = purpose_rule(wish->purpose);
	struct owner owner;
	int code = owner_enter(store_path(store), &owner, err);
	if (!code)
		code = keyfile_create(wish->keys, rule->algorithm, rule->bits, reference, key, err);
	owner_leave(&owner);
	return code;
}

static int delete_key(struct store *store, const struct identity_wish *wish, const char *reference,
                      struct err *err)
{
	struct owner owner;
	int code = owner_enter(store_path(store), &owner, err);
	if (!code)
		code = keyfile_delete(wish->keys, reference, err);
	owner_leave(&owner);
	return code;
}

int identity_new(struct store *store, const struct identity_wish *wish,
                 struct identity_result *result, struct err *err)
{
	char *reference = NULL;
	gnutls_privkey_t key = NULL;
	struct cert *cert = NULL;
	struct identity_change change = { .wish = wish };
	int code = make_key(store, wish, &reference, &key, err);
	if (!code)
		code = make_cert(wish, key, &cert, err);
	change.cert = cert;
	change.key = reference;
	if (!code)
		code = store_write(store, put_work, &change, err);
	if (code && reference)
		delete_key(store, wish, reference, NULL); /* nothing points to it */
	else if (!code && change.old_key && (code = delete_key(store, wish, change.old_key, err)))
		err_prefix(err, "the new certificate is in use, but");
	if (key)
		gnutls_privkey_deinit(key);
	cert_free(cert);
	free(reference);
	free(change.old_key);
	*result = change.result;
	return code;
}
