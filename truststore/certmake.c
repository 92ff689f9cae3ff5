#include "config.h"

#include "truststore/certmake.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "truststore/base/digest.h"

enum { EXTENSIONS_MAX = 5 };

struct extension {
	const char *oid;
	gnutls_datum_t der;
	unsigned critical;
};

struct extensions {
	struct extension list[EXTENSIONS_MAX];
	size_t count;
};

static void extensions_deinit(struct extensions *all)
{
	for (size_t i = 0; i < all->count; i++)
		gnutls_free(all->list[i].der.data);
}

/* Where the next one goes, with its OID. */
static gnutls_datum_t *extension_add(struct extensions *all, const char *oid, bool critical)
{
	struct extension *one = &all->list[all->count++];
	*one = (struct extension){ .oid = oid, .critical = critical };
	return &one->der;
}

static int fail(struct err *err, const char *what, int rc)
{
	return err_set(err, rc == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : ERR_CRYPTO, "%s: %s", what,
	               gnutls_strerror(rc));
}

static int add_extended(const struct purpose_rule *rule, struct extensions *all)
{
	gnutls_x509_key_purposes_t list;
	if (!rule->extended)
		return 0;
	int rc = gnutls_x509_key_purpose_init(&list);
	if (rc < 0)
		return rc;
	for (const struct purpose_usage *usage = purpose_usages(); rc >= 0 && usage->name; usage++)
		if (rule->extended & usage->bit)
			rc = gnutls_x509_key_purpose_set(list, usage->oid);
	if (rc >= 0)
		rc = gnutls_x509_ext_export_key_purposes(
			list, extension_add(all, GNUTLS_X509EXT_OID_EXTENDED_KEY_USAGE, false));
	gnutls_x509_key_purpose_deinit(list);
	return rc;
}

/* A host name, perhaps with a wildcard: letters, digits, '-', '.', '_'. */
bool certmake_is_host(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= 253 && text[0] != '.' && text[0] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*") == len;
}

static bool is_mail(const char *text)
{
	const char *at = strchr(text, '@');
	for (const char *p = text; *p; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	return at && at != text && certmake_is_host(at + 1);
}

static int set_san(gnutls_subject_alt_names_t list, const char *text, struct err *err)
{
	unsigned char address[16];
	gnutls_datum_t value = { (unsigned char *)text, (unsigned)strlen(text) };
	int type = GNUTLS_SAN_DNSNAME;
	if (inet_pton(AF_INET, text, address) == 1)
		value = (gnutls_datum_t){ address, 4 }, type = GNUTLS_SAN_IPADDRESS;
	else if (inet_pton(AF_INET6, text, address) == 1)
		value = (gnutls_datum_t){ address, 16 }, type = GNUTLS_SAN_IPADDRESS;
	else if (is_mail(text))
		type = GNUTLS_SAN_RFC822NAME;
	else if (!certmake_is_host(text))
		return err_set(err, ERR_REFUSED,
		               "\"%s\" is neither a host name nor an address: it cannot be an alternative name",
		               text);
	int rc = gnutls_subject_alt_names_set(list, (unsigned)type, &value, NULL);
	return rc < 0 ? fail(err, "alternative names", rc) : ERR_OK;
}

static int add_san(const struct certmake *what, struct extensions *all, struct err *err)
{
	gnutls_subject_alt_names_t list;
	if (!what->san || !what->san[0])
		return ERR_OK;
	int rc = gnutls_subject_alt_names_init(&list), code = ERR_OK;
	if (rc < 0)
		return fail(err, "alternative names", rc);
	for (size_t i = 0; !code && what->san[i]; i++)
		code = i == CERTMAKE_SAN_MAX ? err_set(err, ERR_LIMIT, "more than %d alternative names",
		                                       CERTMAKE_SAN_MAX)
		                             : set_san(list, what->san[i], err);
	if (!code) {
		rc = gnutls_x509_ext_export_subject_alt_names(
			list, extension_add(all, GNUTLS_X509EXT_OID_SAN, false));
		if (rc < 0)
			code = fail(err, "alternative names", rc);
	}
	gnutls_subject_alt_names_deinit(list);
	return code;
}

static int add_key_identifier(gnutls_privkey_t key, struct extensions *all)
{
	gnutls_pubkey_t public;
	unsigned char id[20];
	size_t len = sizeof id;
	int rc = gnutls_pubkey_init(&public);
	if (rc < 0)
		return rc;
	rc = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(public, 0, id, &len);
	gnutls_pubkey_deinit(public);
	if (rc < 0)
		return rc;
	gnutls_datum_t value = { id, (unsigned)len };
	return gnutls_x509_ext_export_subject_key_id(
		&value, extension_add(all, GNUTLS_X509EXT_OID_SUBJECT_KEY_ID, false));
}

/* Exactly what the purpose asks for; an authority's certificate also says which key it is, for its issues to refer to. */
static int make_extensions(const struct certmake *what, gnutls_privkey_t identify,
                           struct extensions *all, struct err *err)
{
	int rc = gnutls_x509_ext_export_key_usage(
		what->rule->key_usage, extension_add(all, GNUTLS_X509EXT_OID_KEY_USAGE, true));
	if (rc >= 0)
		rc = add_extended(what->rule, all);
	if (rc >= 0 && what->rule->authority)
		rc = gnutls_x509_ext_export_basic_constraints(
			1, 0, extension_add(all, GNUTLS_X509EXT_OID_BASIC_CONSTRAINTS, true));
	if (rc >= 0 && what->rule->authority && identify)
		rc = add_key_identifier(identify, all);
	return rc < 0 ? fail(err, "extensions", rc) : add_san(what, all, err);
}

gnutls_digest_algorithm_t certmake_hash(gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	if (algorithm != GNUTLS_PK_ECDSA || bits <= 256)
		return GNUTLS_DIG_SHA256;
	return bits <= 384 ? GNUTLS_DIG_SHA384 : GNUTLS_DIG_SHA512;
}

static gnutls_digest_algorithm_t hash_of(const struct certmake *what, gnutls_privkey_t key)
{
	unsigned bits;
	int algorithm = gnutls_privkey_get_pk_algorithm(key, &bits);
	if (what->hash != GNUTLS_DIG_UNKNOWN)
		return what->hash;
	return certmake_hash((gnutls_pk_algorithm_t)algorithm, bits);
}

/* RFC 5280, 4.1.2.2: positive, and never the same twice. */
static int make_serial(unsigned char serial[CERTMAKE_SERIAL_SIZE])
{
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, CERTMAKE_SERIAL_SIZE);
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40);
	return rc;
}

static int64_t years_later(int64_t when, unsigned years)
{
	time_t seconds = (time_t)when;
	struct tm tm;
	if (!gmtime_r(&seconds, &tm))
		return when;
	tm.tm_year += (int)years;
	return (int64_t)timegm(&tm);
}

/* What is wrong with a common name; NULL when it can stand in a certificate. */
static const char *name_fault(const char *name)
{
	size_t characters = 0;
	for (const char *p = name; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "it holds control characters";
		characters += ((unsigned char)*p & 0xc0) != 0x80;
	}
	if (!characters)
		return "it is empty";
	return characters > CERTMAKE_NAME_MAX ? "it is longer than 64 characters" : NULL;
}

static int check_name(const struct certmake *what, struct err *err)
{
	const char *fault = name_fault(what->common_name);
	return fault ? err_set(err, ERR_REFUSED, "the common name \"%s\" cannot be used: %s",
	                       what->common_name, fault)
	             : ERR_OK;
}

static int fill_certificate(const struct certmake *what, gnutls_x509_crt_t cert,
                            gnutls_pubkey_t public, const struct extensions *all, int64_t now)
{
	unsigned char serial[CERTMAKE_SERIAL_SIZE];
	int rc = gnutls_x509_crt_set_version(cert, 3);
	if (rc >= 0)
		rc = make_serial(serial);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(cert, serial, sizeof serial);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, what->common_name,
		                                   (unsigned)strlen(what->common_name));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(cert, (time_t)now);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(cert,
		                                         (time_t)years_later(now, what->rule->years));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_pubkey(cert, public);
	for (size_t i = 0; rc >= 0 && i < all->count; i++)
		rc = gnutls_x509_crt_set_extension_by_oid(cert, all->list[i].oid, all->list[i].der.data,
		                                          all->list[i].der.size, all->list[i].critical);
	return rc;
}

static int fill_request(const struct certmake *what, gnutls_x509_crq_t request,
                        gnutls_pubkey_t public, const struct extensions *all)
{
	int rc = gnutls_x509_crq_set_version(request, 1);
	if (rc >= 0)
		rc = gnutls_x509_crq_set_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0,
		                                   what->common_name,
		                                   (unsigned)strlen(what->common_name));
	if (rc >= 0)
		rc = gnutls_x509_crq_set_pubkey(request, public);
	for (size_t i = 0; rc >= 0 && i < all->count; i++)
		rc = gnutls_x509_crq_set_extension_by_oid(request, all->list[i].oid,
		                                          all->list[i].der.data, all->list[i].der.size,
		                                          all->list[i].critical);
	return rc;
}

static int public_key(gnutls_privkey_t key, gnutls_pubkey_t *out, struct err *err)
{
	gnutls_pubkey_t public;
	int rc = gnutls_pubkey_init(&public);
	if (rc < 0)
		return fail(err, "public key", rc);
	rc = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (rc < 0) {
		gnutls_pubkey_deinit(public);
		return fail(err, "public key", rc);
	}
	*out = public;
	return ERR_OK;
}

int certmake_selfsigned(const struct certmake *what, gnutls_privkey_t key, int64_t now,
                        gnutls_datum_t *der, struct err *err)
{
	struct extensions all = { .count = 0 };
	gnutls_pubkey_t public = NULL;
	gnutls_x509_crt_t cert = NULL;
	int code = check_name(what, err), rc;
	if (!code)
		code = public_key(key, &public, err);
	if (!code)
		code = make_extensions(what, key, &all, err);
	if (code)
		goto out;
	rc = gnutls_x509_crt_init(&cert);
	if (rc >= 0)
		rc = fill_certificate(what, cert, public, &all, now);
	if (rc >= 0)
		rc = gnutls_x509_crt_privkey_sign(cert, cert, key, hash_of(what, key), 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_DER, der);
	if (rc < 0)
		code = fail(err, "cannot make the certificate", rc);
out:
	if (cert)
		gnutls_x509_crt_deinit(cert);
	if (public)
		gnutls_pubkey_deinit(public);
	extensions_deinit(&all);
	return code;
}

int certmake_request(const struct certmake *what, gnutls_privkey_t key, gnutls_datum_t *der,
                     struct err *err)
{
	struct extensions all = { .count = 0 };
	gnutls_pubkey_t public = NULL;
	gnutls_x509_crq_t request = NULL;
	int code = check_name(what, err), rc;
	if (!code)
		code = public_key(key, &public, err);
	if (!code)
		code = make_extensions(what, NULL, &all, err);
	if (code)
		goto out;
	rc = gnutls_x509_crq_init(&request);
	if (rc >= 0)
		rc = fill_request(what, request, public, &all);
	if (rc >= 0)
		rc = gnutls_x509_crq_privkey_sign(request, key, hash_of(what, key), 0);
	if (rc >= 0)
		rc = gnutls_x509_crq_export2(request, GNUTLS_X509_FMT_DER, der);
	if (rc < 0)
		code = fail(err, "cannot make the request", rc);
out:
	if (request)
		gnutls_x509_crq_deinit(request);
	if (public)
		gnutls_pubkey_deinit(public);
	extensions_deinit(&all);
	return code;
}

/* `suffix` goes behind the first label: "pub1-EC.example.test". */
static int host_with(const char *host, const char *suffix, char *out, size_t size)
{
	int label = (int)strcspn(host, ".");
	return snprintf(out, size, "%.*s%s%s", label, host, suffix, host + label);
}

int certmake_common_name(const struct purpose_rule *rule, const char *host, bool multi_server,
                         char out[CERTMAKE_NAME_MAX + 1], struct err *err)
{
	size_t size = CERTMAKE_NAME_MAX + 1;
	bool ec = rule->common_name == PURPOSE_NAME_HOST_EC;
	unsigned char random[4];
	char hex[2 * sizeof random + 1];
	int n = 0;
	if (multi_server && !strchr(host, '.'))
		return err_set(err, ERR_REFUSED,
		               "the host's name \"%s\" has no domain, which the name of a certificate for several servers needs: give --cn",
		               host);
	if (multi_server)
		n = host_with(host, ec ? "-EC-ms" : "-ms", out, size);
	else if (rule->common_name == PURPOSE_NAME_HOST)
		n = snprintf(out, size, "%s", host);
	else if (ec)
		n = host_with(host, "-EC", out, size);
	else if (rule->common_name == PURPOSE_NAME_ITLRECOVERY)
		n = snprintf(out, size, "ITLRECOVERY_%s", host);
	else if (gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof random) < 0)
		return err_set(err, ERR_CRYPTO, "no random numbers");
	else
		n = snprintf(out, size, "CAPF-%s", hex_encode(random, sizeof random, false, hex));
	if (n < 0 || (size_t)n >= size)
		return err_set(err, ERR_LIMIT,
		               "the host's name \"%s\" is too long for a common name: give --cn", host);
	return ERR_OK;
}
