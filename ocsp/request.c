#include "ocsp/request.h"

#include <gnutls/crypto.h>
#include <gnutls/ocsp.h>
#include <stdlib.h>
#include <string.h>

static gnutls_datum_t datum(const uint8_t *bytes, size_t len)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)bytes, (unsigned)len };
}

static int code_of(int gnutls)
{
	return gnutls == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : gnutls < 0 ? ERR_CRYPTO : ERR_OK;
}

static int add_nonce(gnutls_ocsp_req_t req, struct request *out)
{
	int code = gnutls_rnd(GNUTLS_RND_NONCE, out->nonce, sizeof out->nonce);
	if (code < 0)
		return code;
	out->nonce_len = sizeof out->nonce;
	gnutls_datum_t nonce = datum(out->nonce, out->nonce_len);
	return gnutls_ocsp_req_set_nonce(req, 0, &nonce);
}

static int encode(gnutls_ocsp_req_t req, bool nonce, struct request *out)
{
	gnutls_datum_t name = datum(out->id.name, out->id.hash_len);
	gnutls_datum_t key = datum(out->id.key, out->id.hash_len);
	gnutls_datum_t serial = datum(out->id.serial, out->id.serial_len);
	int code = gnutls_ocsp_req_add_cert_id(req, certid_digest(out->id.hash), &name, &key, &serial);
	if (code >= 0 && nonce)
		code = add_nonce(req, out);
	gnutls_datum_t der;
	if (code < 0 || (code = gnutls_ocsp_req_export(req, &der)) < 0)
		return code_of(code);
	out->der = malloc(der.size);
	if (out->der)
		memcpy(out->der, der.data, der.size);
	out->der_len = der.size;
	gnutls_free(der.data);
	return out->der ? ERR_OK : ERR_MEMORY;
}

int request_new(const struct cert *cert, const struct cert *issuer, enum certid_hash hash,
                bool nonce, struct request *out)
{
	memset(out, 0, sizeof *out);
	int code = certid_of(cert, issuer, hash, &out->id);
	if (code)
		return code;
	gnutls_ocsp_req_t req;
	if (gnutls_ocsp_req_init(&req) < 0)
		return ERR_MEMORY;
	code = encode(req, nonce, out);
	gnutls_ocsp_req_deinit(req);
	return code;
}

void request_free(struct request *request)
{
	free(request->der);
	memset(request, 0, sizeof *request);
}

/* Base64 has three characters that mean something in a URL. */
static size_t escape_base64(char *out, const gnutls_datum_t *base64)
{
	size_t n = 0;
	for (unsigned i = 0; i < base64->size; i++) {
		char c = (char)base64->data[i];
		if (c == '+' || c == '/' || c == '=') {
			memcpy(out + n, c == '+' ? "%2B" : c == '/' ? "%2F" : "%3D", 3);
			n += 3;
		} else {
			out[n++] = c;
		}
	}
	return n;
}

char *request_get_url(const struct request *request, const char *url)
{
	gnutls_datum_t der = datum(request->der, request->der_len), base64;
	if (request->der_len > REQUEST_GET_MAX || gnutls_base64_encode2(&der, &base64) < 0)
		return NULL;
	char escaped[4 * REQUEST_GET_MAX]; /* 4/3 for base64, at most 3 for escaping */
	size_t len = escape_base64(escaped, &base64), url_len = strlen(url);
	gnutls_free(base64.data);
	char *out = len <= REQUEST_GET_MAX ? malloc(url_len + len + 2) : NULL;
	if (!out)
		return NULL;
	memcpy(out, url, url_len);
	if (!url_len || url[url_len - 1] != '/')
		out[url_len++] = '/';
	memcpy(out + url_len, escaped, len);
	out[url_len + len] = '\0';
	return out;
}
