#include "truststore/p12.h"

#include "config.h"

#ifdef HAVE_LIBCRYPTO

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/der.h"

enum { DEPTH_MAX = 4 }; /* of safe contents inside safe contents */

struct archive {
	const char *name, *password;
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *modern, *legacy;
	PKCS12 *p12;
	long iterations; /* of all key derivations so far */
	unsigned count;  /* certificates */
	p12_der_fn *each;
	void *arg;
};

/* A library context of its own, so that old algorithms are read here and offered nowhere else. */
static int archive_open(struct archive *archive, const void *bytes, size_t len, struct err *err)
{
	const unsigned char *at = bytes;
	archive->library = OSSL_LIB_CTX_new();
	if (!archive->library)
		return err_set(err, ERR_MEMORY, "no memory");
	archive->modern = OSSL_PROVIDER_load(archive->library, "default");
	archive->legacy = OSSL_PROVIDER_load(archive->library, "legacy");
	archive->p12 = PKCS12_init_ex(NID_pkcs7_data, archive->library, NULL);
	if (!archive->modern || !archive->p12)
		return err_set(err, ERR_CRYPTO, "%s: libcrypto cannot be used", archive->name);
	if (!d2i_PKCS12(&archive->p12, &at, (long)len) || at != (const unsigned char *)bytes + len)
		return err_set(err, ERR_MALFORMED, "%s: not a PKCS#12 archive", archive->name);
	return ERR_OK;
}

static void archive_close(struct archive *archive)
{
	PKCS12_free(archive->p12);
	OSSL_PROVIDER_unload(archive->legacy);
	OSSL_PROVIDER_unload(archive->modern);
	OSSL_LIB_CTX_free(archive->library);
	ERR_clear_error();
}

static int count_iterations(struct archive *archive, const ASN1_INTEGER *iterations, struct err *err)
{
	long number = iterations ? ASN1_INTEGER_get(iterations) : 1;
	if (number < 1 || number > P12_MAX_ITERATIONS || archive->iterations > P12_MAX_ITERATIONS - number)
		return err_set(err, ERR_LIMIT, "%s: its passwords take more than %d iterations to check", archive->name,
		               P12_MAX_ITERATIONS);
	archive->iterations += number;
	return ERR_OK;
}

/* The iterations that an encrypted part asks for, before they are spent (RFC 8018, A.2 and A.4; RFC 7292, C). */
static int check_cost(struct archive *archive, const X509_ALGOR *algorithm, struct err *err)
{
	const ASN1_OBJECT *kind;
	const void *parameter;
	int type, code = ERR_OK;
	X509_ALGOR_get0(&kind, &type, &parameter, algorithm);
	if (type != V_ASN1_SEQUENCE)
		return err_set(err, ERR_CRYPTO, "%s: encrypted in a way that is not supported", archive->name);
	if (OBJ_obj2nid(kind) != NID_pbes2) {
		PBEPARAM *old = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(PBEPARAM));
		code = old ? count_iterations(archive, old->iter, err)
		           : err_set(err, ERR_CRYPTO, "%s: encrypted in a way that is not supported", archive->name);
		PBEPARAM_free(old);
		return code;
	}
	PBE2PARAM *modern = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(PBE2PARAM));
	PBKDF2PARAM *derivation = NULL;
	if (modern) {
		X509_ALGOR_get0(&kind, &type, &parameter, modern->keyfunc);
		if (OBJ_obj2nid(kind) == NID_id_pbkdf2 && type == V_ASN1_SEQUENCE)
			derivation = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(PBKDF2PARAM));
	}
	code = derivation ? count_iterations(archive, derivation->iter, err)
	                  : err_set(err, ERR_CRYPTO, "%s: encrypted in a way that is not supported", archive->name);
	PBKDF2PARAM_free(derivation);
	PBE2PARAM_free(modern);
	return code;
}

/* True when the last failure was an algorithm rather than a password. */
static bool unsupported(void)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	if (ERR_GET_LIB(code) == ERR_LIB_EVP)
		return reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNKNOWN_PBE_ALGORITHM ||
		       reason == EVP_R_UNSUPPORTED_ALGORITHM || reason == EVP_R_UNKNOWN_CIPHER ||
		       reason == EVP_R_UNSUPPORTED_PRF || reason == EVP_R_UNSUPPORTED_CIPHER ||
		       reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION || reason == EVP_R_UNKNOWN_DIGEST;
	return ERR_GET_LIB(code) == ERR_LIB_PKCS12 && reason == PKCS12_R_UNKNOWN_DIGEST_ALGORITHM;
}

static int check_mac(struct archive *archive, struct err *err)
{
	const ASN1_INTEGER *iterations = NULL;
	if (!PKCS12_mac_present(archive->p12))
		return ERR_OK; /* then decryption alone tells whether the password is right */
	PKCS12_get0_mac(NULL, NULL, NULL, &iterations, archive->p12);
	int code = count_iterations(archive, iterations, err);
	if (code)
		return code;
	ERR_clear_error();
	if (PKCS12_verify_mac(archive->p12, archive->password, -1))
		return ERR_OK;
	if (unsupported())
		return err_set(err, ERR_CRYPTO, "%s: its integrity is protected in a way that is not supported", archive->name);
	if (!archive->password[0] && PKCS12_verify_mac(archive->p12, NULL, 0)) {
		archive->password = NULL; /* no password is another one than the empty one (RFC 7292, B.1) */
		return ERR_OK;
	}
	return err_set(err, ERR_REFUSED, "%s: the password is wrong", archive->name);
}

/* The certificate's bytes within its bag (RFC 7292, 4.2 and 4.2.3). libcrypto's own function parses it into an
 * X509, which costs more than all else. */
static bool cert_in_bag(const uint8_t *bag, size_t len, struct der *out)
{
	static const uint8_t tags[] = { DER_SEQUENCE, DER_CONTEXT_0, DER_SEQUENCE, DER_CONTEXT_0, DER_OCTET_STRING };
	struct der at = { bag, len };
	struct der_item item;
	for (size_t i = 0; i < sizeof tags; i++) {
		if (tags[i] == DER_CONTEXT_0 && !der_expect(&at, DER_OID, &item))
			return false;
		if (!der_expect(&at, tags[i], &item))
			return false;
		at = item.value;
	}
	*out = at;
	return out->left > 0;
}

static int take_cert(struct archive *archive, const PKCS12_SAFEBAG *bag, struct err *err)
{
	if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
		return ERR_OK;
	unsigned char *bytes = NULL;
	struct der cert;
	int len = i2d_PKCS12_SAFEBAG(bag, &bytes);
	archive->count++;
	int code = len > 0 && cert_in_bag(bytes, (size_t)len, &cert)
	                   ? archive->each(cert.at, cert.left, archive->count, archive->arg, err)
	                   : err_set(err, ERR_MALFORMED, "%s: certificate %u: not a certificate", archive->name, archive->count);
	OPENSSL_free(bytes);
	return code;
}

static int take_bags(struct archive *archive, const STACK_OF(PKCS12_SAFEBAG) *bags, int depth, struct err *err)
{
	int code = ERR_OK;
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: nested too deeply", archive->name);
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags) && !code; i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		switch (PKCS12_SAFEBAG_get_nid(bag)) {
		case NID_certBag:
			code = take_cert(archive, bag, err);
			break;
		case NID_safeContentsBag:
			code = take_bags(archive, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, err);
			break;
		default: /* keys, lists, secrets */
			break;
		}
	}
	return code;
}

static int take_part(struct archive *archive, PKCS7 *part, struct err *err)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	int code = ERR_OK;
	ERR_clear_error();
	if (PKCS7_type_is_data(part)) {
		bags = PKCS12_unpack_p7data(part);
	} else if (PKCS7_type_is_encrypted(part)) {
		code = check_cost(archive, part->d.encrypted->enc_data->algorithm, err);
		if (!code)
			bags = PKCS12_unpack_p7encdata(part, archive->password, archive->password ? -1 : 0);
		if (!code && !bags)
			code = unsupported() ? err_set(err, ERR_CRYPTO, "%s: encrypted in a way that is not supported",
			                               archive->name)
			                     : err_set(err, ERR_REFUSED, "%s: the password is wrong", archive->name);
	} else {
		code = err_set(err, ERR_CRYPTO, "%s: a part is protected in a way that is not supported", archive->name);
	}
	if (!code && !bags)
		code = err_set(err, ERR_MALFORMED, "%s: a part of the archive is broken", archive->name);
	if (!code)
		code = take_bags(archive, bags, 0, err);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return code;
}

static int take_archive(struct archive *archive, struct err *err)
{
	int code = check_mac(archive, err);
	if (code)
		return code;
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(archive->p12);
	if (!parts)
		return err_set(err, ERR_MALFORMED, "%s: the archive is broken", archive->name);
	for (int i = 0; i < sk_PKCS7_num(parts) && !code; i++)
		code = take_part(archive, sk_PKCS7_value(parts, i), err);
	sk_PKCS7_pop_free(parts, PKCS7_free);
	return code;
}

int p12_each_der(const char *name, const void *bytes, size_t len, const char *password,
                 p12_der_fn *each, void *arg, struct err *err)
{
	struct archive archive = { .name = name, .password = password ? password : "", .each = each, .arg = arg };
	if (len > P12_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "%s: larger than %d MiB", name, P12_MAX_BYTES >> 20);
	int code = archive_open(&archive, bytes, len, err);
	if (!code)
		code = take_archive(&archive, err);
	archive_close(&archive);
	return code;
}

struct p12_writer {
	enum p12_profile profile;
	char *password;
	STACK_OF(PKCS12_SAFEBAG) *bag;
	STACK_OF(PKCS7) *parts;
};

int p12_writer_new(const char *password, enum p12_profile profile, struct p12_writer **out, struct err *err)
{
	struct p12_writer *writer = *out = calloc(1, sizeof *writer);
	if (!writer || !(writer->password = strdup(password))) {
		free(writer);
		*out = NULL;
		return err_set(err, ERR_MEMORY, "no memory for an archive");
	}
	writer->profile = profile;
	return ERR_OK;
}

void p12_writer_free(struct p12_writer *writer)
{
	if (!writer)
		return;
	sk_PKCS12_SAFEBAG_pop_free(writer->bag, PKCS12_SAFEBAG_free);
	sk_PKCS7_pop_free(writer->parts, PKCS7_free);
	OPENSSL_cleanse(writer->password, strlen(writer->password));
	free(writer->password);
	free(writer);
	ERR_clear_error();
}

/* Encrypts the bag that is being filled and begins the next. */
static int close_bag(struct p12_writer *writer, struct err *err)
{
	int nid = writer->profile == P12_LEGACY ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc;
	if (!writer->bag)
		return ERR_OK;
	if (!PKCS12_add_safe(&writer->parts, writer->bag, nid, P12_WRITE_ITERATIONS, writer->password))
		return err_set(err, ERR_CRYPTO, "a part of the archive cannot be encrypted");
	sk_PKCS12_SAFEBAG_pop_free(writer->bag, PKCS12_SAFEBAG_free);
	writer->bag = NULL;
	return ERR_OK;
}

/* Java takes a certificate without a key for a trusted one only where this attribute says for what: anything. The
 * bag has attributes already; libcrypto 3.0 gives no other way to add one of one's own. */
static bool add_java_trust(PKCS12_SAFEBAG *bag)
{
	STACK_OF(X509_ATTRIBUTE) *all = (STACK_OF(X509_ATTRIBUTE) *)PKCS12_SAFEBAG_get0_attrs(bag);
	ASN1_OBJECT *type = OBJ_txt2obj("2.16.840.1.113894.746875.1.1", 1);
	X509_ATTRIBUTE *attribute =
		type ? X509_ATTRIBUTE_create_by_OBJ(NULL, type, V_ASN1_OBJECT,
	                                            OBJ_nid2obj(NID_anyExtendedKeyUsage), -1)
		     : NULL;
	bool done = all && attribute && sk_X509_ATTRIBUTE_push(all, attribute) > 0;
	if (!done)
		X509_ATTRIBUTE_free(attribute);
	ASN1_OBJECT_free(type);
	return done;
}

/* The certificate as it is: nothing here needs to look into it. */
static PKCS12_SAFEBAG *add_bag(struct p12_writer *writer, const uint8_t *der, size_t len)
{
	const uint8_t *end = der;
	ASN1_TYPE *whole = d2i_ASN1_TYPE(NULL, &end, (long)len);
	PKCS12_SAFEBAG *bag = NULL;
	if (whole && end == der + len && ASN1_TYPE_get(whole) == V_ASN1_SEQUENCE)
		bag = PKCS12_item_pack_safebag(whole, ASN1_ITEM_rptr(ASN1_ANY), NID_x509Certificate, NID_certBag);
	ASN1_TYPE_free(whole);
	if (bag && !writer->bag)
		writer->bag = sk_PKCS12_SAFEBAG_new_null();
	if (bag && (!writer->bag || sk_PKCS12_SAFEBAG_push(writer->bag, bag) <= 0)) {
		PKCS12_SAFEBAG_free(bag);
		bag = NULL;
	}
	return bag;
}

int p12_writer_add(struct p12_writer *writer, const uint8_t *der, size_t len, const char *friendly, struct err *err)
{
	PKCS12_SAFEBAG *bag = add_bag(writer, der, len);
	if (!bag || (friendly && !PKCS12_add_friendlyname_utf8(bag, friendly, -1)) ||
	    (friendly && writer->profile == P12_MODERN && !add_java_trust(bag)))
		return err_set(err, ERR_CRYPTO, "the certificate cannot be put into an archive");
	return sk_PKCS12_SAFEBAG_num(writer->bag) < P12_WRITE_BAG ? ERR_OK : close_bag(writer, err);
}

int p12_writer_end(struct p12_writer *writer, uint8_t **bytes, size_t *len, struct err *err)
{
	const EVP_MD *digest = writer->profile == P12_LEGACY ? EVP_sha1() : EVP_sha256();
	PKCS12 *p12 = NULL;
	unsigned char *der = NULL;
	int size = -1, code = close_bag(writer, err);
	if (!code && !writer->parts)
		writer->parts = sk_PKCS7_new_null(); /* an archive without certificates */
	if (!code) {
		p12 = PKCS12_add_safes(writer->parts, 0);
		if (p12 && PKCS12_set_mac(p12, writer->password, -1, NULL, 0, P12_WRITE_ITERATIONS, digest))
			size = i2d_PKCS12(p12, &der);
		*bytes = size > 0 ? malloc((size_t)size) : NULL;
		*len = *bytes ? (size_t)size : 0;
		if (*bytes)
			memcpy(*bytes, der, *len);
		else
			code = err_set(err, ERR_CRYPTO, "the archive cannot be written");
	}
	OPENSSL_free(der);
	PKCS12_free(p12);
	p12_writer_free(writer);
	return code;
}

#else

static int without(const char *name, struct err *err)
{
	return err_set(err, ERR_CRYPTO, "%s: this program was built without libcrypto, on which PKCS#12 archives depend", name);
}

int p12_writer_new(const char *password, enum p12_profile profile, struct p12_writer **out, struct err *err)
{
	(void)password;
	(void)profile;
	*out = NULL;
	return without("archive", err);
}

void p12_writer_free(struct p12_writer *writer)
{
	(void)writer;
}

int p12_writer_add(struct p12_writer *writer, const uint8_t *der, size_t len, const char *friendly, struct err *err)
{
	(void)writer;
	(void)der;
	(void)len;
	(void)friendly;
	return without("archive", err);
}

int p12_writer_end(struct p12_writer *writer, uint8_t **bytes, size_t *len, struct err *err)
{
	(void)writer;
	(void)bytes;
	(void)len;
	return without("archive", err);
}

int p12_each_der(const char *name, const void *bytes, size_t len, const char *password,
                 p12_der_fn *each, void *arg, struct err *err)
{
	(void)bytes;
	(void)len;
	(void)password;
	(void)each;
	(void)arg;
	return without(name, err);
}

#endif

struct parsing {
	const char *name;
	cert_each_fn *each;
	void *arg;
};

static int parse(const uint8_t *der, size_t len, unsigned number, void *arg, struct err *err)
{
	const struct parsing *parsing = arg;
	struct cert_place place = { parsing->name, number, 0 };
	struct cert *cert;
	if (cert_parse(der, len, &cert, err))
		return err_prefix(err, "%s: certificate %u", parsing->name, number);
	return parsing->each(cert, &place, parsing->arg, err);
}

int p12_read(const char *name, const void *bytes, size_t len, const char *password,
             cert_each_fn *each, void *arg, struct err *err)
{
	struct parsing parsing = { name, each, arg };
	return p12_each_der(name, bytes, len, password, parse, &parsing, err);
}
