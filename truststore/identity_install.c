/* A certificate that a CA made of the pending request comes into use. */
#include "config.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/certinfo.h"
#include "truststore/identity_priv.h"
#include "truststore/trust_priv.h"

/* One call of identity_install; what a transaction finds is found anew when it runs again. */
struct installing {
	const struct identity_wish *wish;
	const struct purpose_rule *rule;
	struct identity_install *install;
	const struct cert *leaf; /* among install->certs */
	struct cert *stored[IDENTITY_CHAIN_MAX]; /* CAs taken from the store */
	size_t stored_count;
	const struct cert *fresh[IDENTITY_CHAIN_MAX]; /* supplied CAs, from the leaf upwards, that join the store */
	size_t fresh_count;
	struct identity_change change;
};

static char *name_of(const struct cert *cert, char out[TRUST_NAME_SIZE])
{
	return trust_name(cert_sha256(cert), text_of(cert_subject(cert)), out);
}

static void forget(struct installing *in)
{
	for (size_t i = 0; i < in->stored_count; i++)
		cert_free(in->stored[i]);
	in->stored_count = in->fresh_count = 0;
}

void identity_install_deinit(struct identity_install *install)
{
	for (size_t i = 0; i < install->difference_count; i++) {
		free(install->differences[i].asked);
		free(install->differences[i].got);
	}
	free(install->differences);
	install->differences = NULL;
	install->difference_count = 0;
}

/* --- the pending request */

/* A copy of the request and of its key's reference. */
struct pending {
	enum purpose purpose;
	gnutls_datum_t request;
	char *key;
	int64_t created;
};

static int pending_work(struct txn *txn, void *arg, struct err *err)
{
	struct pending *pending = arg;
	struct identity_record record;
	const char *name = purpose_rule(pending->purpose)->name;
	int code = identity_record_get(txn, pending->purpose, &record, err);
	if (code == ERR_NOT_FOUND || (!code && !record.csr.len))
		return err_set(err, ERR_NOT_FOUND,
		               "no request for %s is pending: `truststore identity csr %s` makes one", name,
		               name);
	if (code)
		return code;
	pending->created = record.csr_created;
	pending->key = strndup(record.csr_key.bytes, record.csr_key.len);
	pending->request.data = malloc(record.csr.len);
	if (!pending->key || !pending->request.data)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	memcpy(pending->request.data, record.csr.bytes, record.csr.len);
	pending->request.size = (unsigned)record.csr.len;
	return ERR_OK;
}

static void pending_deinit(struct pending *pending)
{
	free(pending->key);
	free(pending->request.data);
}

/* The one whose public key is that of the pending private key, which must be readable. */
static int find_leaf(struct installing *in, const struct pending *pending, struct err *err)
{
	char *location = NULL, when[CLOCK_TEXT_SIZE], name[TRUST_NAME_SIZE];
	gnutls_privkey_t key = NULL;
	int code = keyfile_locate(in->wish->keys, pending->key, &location, err);
	if (!code)
		code = keyfile_load(location, &key, err);
	free(location);
	if (code)
		return code;
	for (size_t i = 0; !in->leaf && i < in->install->count; i++)
		if (!keyfile_fits(key, cert_gnutls(in->install->certs[i]), "certificate", NULL))
			in->leaf = in->install->certs[i];
	gnutls_privkey_deinit(key);
	if (in->leaf)
		return ERR_OK;
	clock_format(pending->created, when);
	if (in->install->count == 1)
		return err_set(err, ERR_REFUSED,
		               "%s does not fit the key of the request for %s that is pending since %s: was it made of an older request?",
		               name_of(in->install->certs[0], name), in->rule->name, when);
	return err_set(err, ERR_REFUSED,
	               "none of the %zu certificates fits the key of the request for %s that is pending since %s",
	               in->install->count, in->rule->name, when);
}

/* --- what the CA must not have changed */

struct words {
	char text[256];
	size_t len;
};

static void add_word(const char *text, size_t len, void *arg)
{
	struct words *words = arg;
	int n = snprintf(words->text + words->len, sizeof words->text - words->len, "%s%.*s",
	                 words->len ? ", " : "", (int)len, text);
	if (n > 0 && words->len + (size_t)n < sizeof words->text)
		words->len += (size_t)n;
}

static void drop_extended(const char *text, size_t len, void *arg)
{
	unsigned *missing = arg;
	for (const struct purpose_usage *usage = purpose_usages(); usage->name; usage++)
		if (strlen(usage->name) == len && !memcmp(usage->name, text, len))
			*missing &= ~usage->bit;
}

static int check_usages(const struct installing *in, struct err *err)
{
	const struct purpose_rule *rule = in->rule;
	unsigned missing = rule->key_usage & ~certinfo_key_usage_bits(in->leaf), extended = rule->extended;
	struct words words = { .len = 0 };
	char name[TRUST_NAME_SIZE];
	certinfo_key_usage_words(missing, add_word, &words);
	if (missing)
		return err_set(err, ERR_REFUSED, "%s: the CA dropped the key usage %s, which %s needs",
		               name_of(in->leaf, name), words.text, rule->name);
	certinfo_extended(in->leaf, drop_extended, &extended);
	for (const struct purpose_usage *usage = purpose_usages(); usage->name; usage++)
		if (extended & usage->bit)
			add_word(usage->name, strlen(usage->name), &words);
	if (extended)
		return err_set(err, ERR_REFUSED, "%s: the CA dropped the extended key usage %s, which %s needs",
		               name_of(in->leaf, name), words.text, rule->name);
	if (rule->authority && !cert_is_ca(in->leaf))
		return err_set(err, ERR_REFUSED, "%s: it is no CA, which %s must be", name_of(in->leaf, name),
		               rule->name);
	return ERR_OK;
}

static int check_times(const struct installing *in, const struct cert *cert, struct err *err)
{
	char name[TRUST_NAME_SIZE], when[CLOCK_TEXT_SIZE];
	if (cert_not_after(cert) < in->wish->now)
		return err_set(err, ERR_REFUSED, "%s: expired on %s", name_of(cert, name),
		               clock_format(cert_not_after(cert), when));
	if (cert_not_before(cert) > in->wish->now)
		return err_set(err, ERR_REFUSED, "%s: is valid only from %s on", name_of(cert, name),
		               clock_format(cert_not_before(cert), when));
	return ERR_OK;
}

/* --- its CAs */

static bool is_member(struct txn *txn, const char *store, const struct digest *id, int64_t now)
{
	uint8_t key[MEMBER_KEY_MAX];
	struct member_record member;
	struct span value;
	return !txn_get(txn, STORE_MEMBER, key, member_key(store, id, key), &value) &&
	       !member_record_decode(value, &member) && member.until > now;
}

struct issuer_search {
	struct installing *in;
	struct txn *txn;
	const struct cert *below;
	const struct cert *found;
	bool member; /* of the purpose's trust store */
};

static int try_stored(const struct digest *id, void *arg, struct err *err)
{
	struct issuer_search *search = arg;
	struct installing *in = search->in;
	struct cert_record record;
	struct cert *issuer;
	bool member = is_member(search->txn, in->rule->stores[0], id, in->wish->now);
	if ((search->found && !member) || in->stored_count == IDENTITY_CHAIN_MAX ||
	    trust_cert_get(search->txn, id, &record) ||
	    cert_parse(record.der.bytes, record.der.len, &issuer, err))
		return ERR_OK;
	if (!cert_issued_by(search->below, issuer)) {
		cert_free(issuer);
		return ERR_OK;
	}
	in->stored[in->stored_count++] = issuer;
	search->found = issuer;
	search->member = member;
	return member ? ERR_STOPPED : ERR_OK;
}

/* The CA above: one in the trust store, else one that was supplied, else any stored one. */
static int find_issuer(struct issuer_search *search, struct err *err)
{
	const struct identity_install *install = search->in->install;
	int code = trust_each_by_subject(search->txn, cert_issuer_key(search->below), try_stored, search,
	                                 err);
	if (code && code != ERR_STOPPED)
		return code;
	for (size_t i = 0; !search->member && i < install->count; i++) {
		const struct cert *supplied = install->certs[i];
		if (supplied != search->below && cert_issued_by(search->below, supplied)) {
			search->found = supplied;
			break;
		}
	}
	return ERR_OK;
}

static int check_ca_name(const struct installing *in, const struct cert *ca, struct err *err)
{
	char name[TRUST_NAME_SIZE];
	if (in->rule->authority && strstr(cert_common_name(ca), "CAPF-"))
		return err_set(err, ERR_REFUSED,
		               "%s: a CA above the own CAPF certificate must not have \"CAPF-\" in its common name",
		               name_of(ca, name));
	return ERR_OK;
}

/* Upwards from the leaf; CAs below the first trusted one join the store. */
static int climb(struct installing *in, struct txn *txn, struct err *err)
{
	const struct cert *at = in->leaf;
	char name[TRUST_NAME_SIZE];
	bool trusted = false;
	for (int i = 0; i < IDENTITY_CHAIN_MAX && !cert_self_signed(at); i++) {
		struct issuer_search search = { .in = in, .txn = txn, .below = at };
		int code = find_issuer(&search, err);
		if (!code && search.found)
			code = check_ca_name(in, search.found, err);
		if (!code && search.found && !trusted)
			code = check_times(in, search.found, err);
		if (code)
			return code;
		if (!search.found)
			break;
		trusted |= search.member;
		if (!trusted)
			in->fresh[in->fresh_count++] = search.found;
		at = search.found;
	}
	if (trusted)
		return ERR_OK;
	if (at == in->leaf && cert_self_signed(at))
		return err_set(err, ERR_REFUSED, "%s signs itself: no CA made it", name_of(at, name));
	return err_set(err, ERR_REFUSED,
	               "%s: its CA is not in %s: add %s there first (`truststore add %s FILE`)",
	               name_of(in->leaf, name), in->rule->stores[0],
	               cert_self_signed(at) ? cert_subject(at) : cert_issuer(at), in->rule->stores[0]);
}

static int add_cas(struct installing *in, struct txn *txn, struct err *err)
{
	struct trust_add how = { .store = in->rule->stores[0], .security = in->wish->security };
	int code = ERR_OK;
	for (size_t i = in->fresh_count; !code && i > 0; i--)
		code = trust_add(txn, in->fresh[i - 1], &how, NULL, err);
	return code;
}

static int install_work(struct txn *txn, void *arg, struct err *err)
{
	struct installing *in = arg;
	struct store_record store;
	char name[TRUST_NAME_SIZE];
	forget(in);
	int code = trust_store_get(txn, in->rule->stores[0], &store, err);
	if (code)
		return code;
	const char *why = security_cert(in->wish->security, in->leaf, store.roles);
	if (why)
		return err_set(err, ERR_REFUSED, "%s: %s", name_of(in->leaf, name), why);
	code = climb(in, txn, err);
	if (!code)
		code = add_cas(in, txn, err);
	return code ? code : identity_put(txn, &in->change, err);
}

/* --- differences between request and certificate */

struct name_list {
	char **names;
	size_t count;
	bool failed;
};

static void keep(const char *text, size_t len, void *arg)
{
	struct name_list *list = arg;
	char **grown = reallocarray(list->names, list->count + 1, sizeof *grown);
	char *copy = grown ? strndup(text, len) : NULL;
	if (grown)
		list->names = grown;
	if (copy)
		list->names[list->count++] = copy;
	list->failed |= !copy;
}

static void keep_common_name(const char *name, size_t len, struct name_list *list)
{
	char text[512];
	int n = snprintf(text, sizeof text, "CN:%.*s", (int)len, name);
	keep(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, list);
}

static bool names_of_request(const gnutls_datum_t *der, struct name_list *list)
{
	gnutls_x509_crq_t request;
	gnutls_datum_t san = { NULL, 0 };
	char cn[4 * CERTMAKE_NAME_MAX + 1];
	size_t len = sizeof cn;
	if (gnutls_x509_crq_init(&request) < 0)
		return false;
	bool good = gnutls_x509_crq_import(request, der, GNUTLS_X509_FMT_DER) >= 0;
	if (good && gnutls_x509_crq_get_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &len) >= 0)
		keep_common_name(cn, len, list);
	if (good && gnutls_x509_crq_get_extension_by_oid2(request, GNUTLS_X509EXT_OID_SAN, 0, &san, NULL) >= 0)
		certinfo_names_der(&san, keep, list);
	gnutls_free(san.data);
	gnutls_x509_crq_deinit(request);
	return good;
}

static bool has(const struct name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcasecmp(list->names[i], name))
			return true;
	return false;
}

/* Moves the names that only one of the two has into the account. */
static void list_differences(struct identity_install *install, struct name_list *mine,
                             const struct name_list *other, bool asked)
{
	for (size_t i = 0; i < mine->count; i++) {
		if (has(other, mine->names[i]))
			continue;
		struct identity_difference *one = &install->differences[install->difference_count++];
		*(asked ? &one->asked : &one->got) = strdup(mine->names[i]);
	}
}

static int compare_names(struct installing *in, const struct pending *pending, struct err *err)
{
	struct name_list asked = { .names = NULL }, got = { .names = NULL };
	const char *cn = cert_common_name(in->leaf);
	bool good = names_of_request(&pending->request, &asked);
	if (cn[0])
		keep_common_name(cn, strlen(cn), &got);
	certinfo_names(in->leaf, keep, &got);
	in->install->differences = calloc(asked.count + got.count + 1, sizeof *in->install->differences);
	if (in->install->differences && good) {
		list_differences(in->install, &asked, &got, true);
		list_differences(in->install, &got, &asked, false);
	}
	good &= in->install->differences && !asked.failed && !got.failed;
	for (size_t i = 0; i < asked.count; i++)
		free(asked.names[i]);
	for (size_t i = 0; i < got.count; i++)
		free(got.names[i]);
	free(asked.names);
	free(got.names);
	return good ? ERR_OK : err_set(err, ERR_STORE, "the pending request cannot be read");
}

int identity_install(struct store *store, const struct identity_wish *wish,
                     struct identity_install *install, struct identity_result *result,
                     struct err *err)
{
	struct pending pending = { .purpose = wish->purpose };
	struct installing in = { .wish = wish, .rule = purpose_rule(wish->purpose), .install = install };
	int code = store_read(store, pending_work, &pending, err);
	if (!code)
		code = find_leaf(&in, &pending, err);
	if (!code)
		code = check_usages(&in, err);
	if (!code)
		code = check_times(&in, in.leaf, err);
	if (!code)
		code = compare_names(&in, &pending, err);
	in.change = (struct identity_change){ .wish = wish, .cert = in.leaf, .key = pending.key,
	                                      .installs = true };
	if (!code) {
		identity_announce(store, &in.change);
		code = store_write(store, install_work, &in, err);
	}
	if (!code && in.change.old_key &&
	    (code = identity_key_delete(store, wish, in.change.old_key, err)))
		err_prefix(err, "the new certificate is in use, but");
	install->added = in.fresh_count;
	*result = in.change.result;
	forget(&in);
	free(in.change.old_key);
	bulk_successor_deinit(&in.change.successor);
	pending_deinit(&pending);
	return code;
}
