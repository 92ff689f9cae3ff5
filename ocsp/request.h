/* OCSP requests (RFC 6960, 4.1). */
#ifndef TVS_OCSP_REQUEST_H
#define TVS_OCSP_REQUEST_H

#include "ocsp/certid.h"
#include "truststore/base/err.h"

enum {
	REQUEST_NONCE_SIZE = 32,    /* the most that RFC 8954 allows, and what RFC 9654 asks for */
	REQUEST_GET_MAX = 255       /* bytes of the encoded request in a URL (RFC 6960, appendix A.1) */
};

struct request {
	struct certid id;
	uint8_t nonce[REQUEST_NONCE_SIZE];
	size_t nonce_len; /* 0: none was sent */
	uint8_t *der;
	size_t der_len;
};

/* A request about one certificate; with a fresh nonce where `nonce`. Freed with request_free, which
 * takes one that is all zero. ERR_MALFORMED, ERR_CRYPTO, ERR_MEMORY. */
int request_new(const struct cert *cert, const struct cert *issuer, enum certid_hash hash,
                bool nonce, struct request *out);
void request_free(struct request *request);

/* The URL of a GET for this request: `url`, a slash where it has none at its end, the request in base64, with
 * what a URL does not take escaped. NULL where the request is too long for that (POST it) or there is no
 * memory. The caller frees it. */
char *request_get_url(const struct request *request, const char *url);

#endif
