/* Private keys in PKCS#11 tokens. */
#include "config.h"

#include <gnutls/crypto.h>
#include <gnutls/pkcs11.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/digest.h"
#include "truststore/keyfile.h"

enum { ID_BYTES = 16 };

static int no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for a PKCS#11 URI");
}

/* True for the attributes that name an object rather than its token (RFC 7512, 2.3). */
static bool names_object(const char *attribute, size_t len)
{
	static const char *const names[] = { "object=", "id=", "type=", "object-type=" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (len >= strlen(names[i]) && !strncasecmp(attribute, names[i], strlen(names[i])))
			return true;
	return false;
}

int keyfile_token_of(const char *uri, char **out, struct err *err)
{
	*out = malloc(strlen(uri) + 1);
	if (!*out)
		return no_memory(err);
	char *to = *out;
	const char *at = strchr(uri, ':') + 1, *query = uri + strcspn(uri, "?");
	to = mempcpy(to, uri, (size_t)(at - uri));
	bool first = true;
	while (at < query) {
		size_t len = strcspn(at, ";?");
		if (len && !names_object(at, len)) {
			if (!first)
				*to++ = ';';
			to = mempcpy(to, at, len);
			first = false;
		}
		at += len + (at[len] == ';');
	}
	strcpy(to, query);
	return ERR_OK;
}

/* The token's URI with what names the object, before the query. */
static int object_uri(const char *token, const unsigned char id[ID_BYTES], char **out, struct err *err)
{
	char escaped[3 * ID_BYTES + 1];
	int path = (int)strcspn(token, "?");
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(escaped + 3 * i, 4, "%%%02x", id[i]);
	bool empty = !strcasecmp(token, "pkcs11:") || token[path - 1] == ':';
	if (asprintf(out, "%.*s%sid=%s;type=private%s", path, token, empty ? "" : ";", escaped,
	             token + path) >= 0)
		return ERR_OK;
	*out = NULL;
	return no_memory(err);
}

static int generate(const char *token, const char *label, const unsigned char id[ID_BYTES],
                    gnutls_pk_algorithm_t algorithm, unsigned bits, struct err *err)
{
	gnutls_datum_t cid = { (unsigned char *)id, ID_BYTES };
	int rc = gnutls_pkcs11_privkey_generate3(
		token, algorithm, keyfile_size(algorithm, bits), label, &cid, GNUTLS_X509_FMT_DER, NULL,
		0, GNUTLS_PKCS11_OBJ_FLAG_LOGIN | GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE |
			   GNUTLS_PKCS11_OBJ_FLAG_MARK_PRIVATE);
	if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return err_set(err, ERR_CRYPTO, "there is no such PKCS#11 token, or no room in it");
	return rc < 0 ? err_set(err, ERR_CRYPTO, "the PKCS#11 token makes no key: %s", gnutls_strerror(rc))
	              : ERR_OK;
}

int keyfile_create_in_token(const char *token, const char *label, gnutls_pk_algorithm_t algorithm,
                            unsigned bits, char **reference, gnutls_privkey_t *out, struct err *err)
{
	unsigned char id[ID_BYTES];
	char *clean = NULL;
	*reference = NULL;
	if (!keyfile_is_uri(token))
		return err_set(err, ERR_USAGE, "\"%s\" is no PKCS#11 URI", token);
	if (strcasestr(token, "pin-value="))
		return err_set(err, ERR_REFUSED,
		               "a PIN does not belong into the store: name a file that holds it, with pin-source=/path instead of pin-value");
	if (gnutls_rnd(GNUTLS_RND_NONCE, id, sizeof id) < 0)
		return err_set(err, ERR_CRYPTO, "no random numbers");
	int code = keyfile_token_of(token, &clean, err);
	if (!code)
		code = object_uri(clean, id, reference, err);
	if (!code)
		code = generate(clean, label, id, algorithm, bits, err);
	if (!code)
		code = keyfile_load(*reference, out, err);
	free(clean);
	if (code) {
		free(*reference);
		*reference = NULL;
	}
	return code;
}
