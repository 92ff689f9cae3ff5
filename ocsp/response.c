#include "ocsp/response.h"

#include <gnutls/crypto.h>
#include <gnutls/ocsp.h>
#include <string.h>

#include "ocsp/certid.h"
#include "ocsp/signature.h"

#define OID_BASIC_RESPONSE "1.3.6.1.5.5.7.48.1.1"

static const uint8_t oid_nonce[] = { 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2 }; /* id-pkix-ocsp-nonce */

/* Tags of ResponseData and SingleResponse, RFC 6960, 4.2.1 */
enum { TAG_VERSION = DER_CONTEXT_0, TAG_NEXT_UPDATE = DER_CONTEXT_0, TAG_EXTENSIONS = 0xa1 };

/* What is at work while one response is judged. */
struct judging {
	gnutls_ocsp_resp_t resp;
	gnutls_datum_t basic;       /* the BasicOCSPResponse, DER */
	struct signature signature; /* borrows from it */
	const struct cert *cert, *issuer;
	const struct rules *rules;
	const struct response_asked *asked;
	unsigned single;            /* which single response is about the certificate */
	struct response *out;
};

static enum fault check_status(struct judging *j)
{
	switch (gnutls_ocsp_resp_get_status(j->resp)) {
	case GNUTLS_OCSP_RESP_SUCCESSFUL: break;
	case GNUTLS_OCSP_RESP_MALFORMEDREQUEST: return FAULT_MALFORMED_REQUEST;
	case GNUTLS_OCSP_RESP_INTERNALERROR: return FAULT_INTERNAL_ERROR;
	case GNUTLS_OCSP_RESP_TRYLATER: return FAULT_TRY_LATER;
	case GNUTLS_OCSP_RESP_SIGREQUIRED: return FAULT_SIG_REQUIRED;
	case GNUTLS_OCSP_RESP_UNAUTHORIZED: return FAULT_UNAUTHORIZED;
	default: return FAULT_RESPONSE_STATUS;
	}
	gnutls_datum_t type;
	if (gnutls_ocsp_resp_get_response(j->resp, &type, &j->basic) < 0)
		return FAULT_MALFORMED;
	bool basic = type.data && !strcmp((const char *)type.data, OID_BASIC_RESPONSE);
	gnutls_free(type.data);
	if (!basic || !signature_read(j->basic.data, j->basic.size, &j->signature))
		return FAULT_MALFORMED;
	return FAULT_NONE;
}

static bool same(const gnutls_datum_t *a, const uint8_t *b, size_t len)
{
	return a->size == len && !memcmp(a->data, b, len);
}

/* The whole CertID: GnuTLS's own comparison leaves the issuer's key out. */
static bool fits_certid(struct judging *j, unsigned i, gnutls_ocsp_cert_status_t *status, bool *end)
{
	gnutls_digest_algorithm_t digest;
	gnutls_datum_t name, key, serial;
	unsigned raw_status;
	int code = gnutls_ocsp_resp_get_single(j->resp, i, &digest, &name, &key, &serial, &raw_status,
	                                       NULL, NULL, NULL, NULL);
	*end = code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	if (code < 0)
		return false;
	*status = raw_status;
	struct certid id;
	bool fits = (digest == GNUTLS_DIG_SHA1 || digest == GNUTLS_DIG_SHA256) &&
	            !certid_of(j->cert, j->issuer,
	                       digest == GNUTLS_DIG_SHA1 ? CERTID_SHA1 : CERTID_SHA256, &id) &&
	            same(&name, id.name, id.hash_len) && same(&key, id.key, id.hash_len) &&
	            same(&serial, id.serial, id.serial_len);
	gnutls_free(name.data);
	gnutls_free(key.data);
	gnutls_free(serial.data);
	return fits;
}

/* The worse one of two statements about the same certificate counts. */
static int badness(gnutls_ocsp_cert_status_t status)
{
	return status == GNUTLS_OCSP_CERT_REVOKED ? 2 : status == GNUTLS_OCSP_CERT_UNKNOWN ? 1 : 0;
}

static enum fault find_single(struct judging *j)
{
	int worst = -1;
	bool end = false;
	for (unsigned i = 0; !end; i++) {
		gnutls_ocsp_cert_status_t status;
		if (fits_certid(j, i, &status, &end) && badness(status) > worst) {
			worst = badness(status);
			j->single = i;
		}
	}
	return worst < 0 ? FAULT_NO_MATCH : FAULT_NONE;
}

/* Extensions ::= SEQUENCE OF SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING }. Of all that a
 * response can have, the nonce alone is understood. */
static bool has_critical(struct der extensions)
{
	struct der_item list, extension, oid, part;
	if (!der_expect(&extensions, DER_SEQUENCE, &list))
		return true;
	while (list.value.left) {
		if (!der_expect(&list.value, DER_SEQUENCE, &extension) ||
		    !der_expect(&extension.value, DER_OID, &oid))
			return true;
		if (der_expect(&extension.value, DER_BOOLEAN, &part) &&
		    !oid_is(&oid, oid_nonce, sizeof oid_nonce))
			return true;
	}
	return false;
}

/* What GnuTLS does not show: whether there is a nextUpdate, and the extensions of a single response. */
static bool read_frame(const struct judging *j, bool *has_next, bool *critical)
{
	struct der_item item, single;
	struct der data = j->signature.signed_part.value;
	(void)der_expect(&data, TAG_VERSION, &item);
	struct der_item responses;
	if (!der_next(&data, &item) || !der_expect(&data, DER_GENERALIZED_TIME, &item) ||
	    !der_expect(&data, DER_SEQUENCE, &responses))
		return false;
	*critical = der_expect(&data, TAG_EXTENSIONS, &item) && has_critical(item.value);
	for (unsigned i = 0; i <= j->single; i++)
		if (!der_expect(&responses.value, DER_SEQUENCE, &single))
			return false;
	if (!der_next(&single.value, &item) || !der_next(&single.value, &item) ||
	    !der_expect(&single.value, DER_GENERALIZED_TIME, &item))
		return false;
	*has_next = der_expect(&single.value, TAG_NEXT_UPDATE, &item);
	if (der_expect(&single.value, TAG_EXTENSIONS, &item) && has_critical(item.value))
		*critical = true;
	return !single.value.left && !data.left;
}

static enum fault read_single(struct judging *j)
{
	bool has_next, critical;
	if (!read_frame(j, &has_next, &critical))
		return FAULT_MALFORMED;
	if (critical)
		return FAULT_CRITICAL_EXTENSION;
	time_t this_update, next_update, revoked;
	unsigned status, reason;
	if (gnutls_ocsp_resp_get_single(j->resp, j->single, NULL, NULL, NULL, NULL, &status, &this_update,
	                                &next_update, &revoked, &reason) < 0 ||
	    this_update < 0 || (has_next && next_update < 0))
		return FAULT_MALFORMED;
	struct response *out = j->out;
	out->this_update = this_update;
	out->next_update = has_next ? next_update : 0;
	if (status == GNUTLS_OCSP_CERT_REVOKED) {
		out->revoked_at = revoked < 0 ? 0 : revoked;
		out->reason = reason <= UINT8_MAX ? (uint8_t)reason : 0;
		out->status = REVOCATION_REVOKED;
	} else {
		out->status = status == GNUTLS_OCSP_CERT_GOOD ? REVOCATION_GOOD : REVOCATION_UNKNOWN;
	}
	return FAULT_NONE;
}

static enum fault check_times(struct judging *j)
{
	enum fault fault = rules_times(j->rules, j->out->this_update, j->out->next_update,
	                               &j->out->until);
	if (!fault && j->out->this_update + j->rules->max_age + j->rules->skew < j->rules->now)
		fault = FAULT_TOO_OLD;
	return fault;
}

static enum fault check_nonce(struct judging *j)
{
	if (!j->asked->nonce_len) {
		j->out->nonce = RESPONSE_NONCE_NOT_SENT;
		return FAULT_NONE;
	}
	gnutls_datum_t nonce;
	int code = gnutls_ocsp_resp_get_nonce(j->resp, NULL, &nonce);
	if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
		j->out->nonce = RESPONSE_NONCE_ABSENT;
		return j->asked->nonce_required ? FAULT_NONCE_MISSING : FAULT_NONE;
	}
	if (code < 0)
		return FAULT_NONCE_MISMATCH;
	bool fits = same(&nonce, j->asked->nonce, j->asked->nonce_len);
	gnutls_free(nonce.data);
	j->out->nonce = RESPONSE_NONCE_FITS;
	return fits ? FAULT_NONE : FAULT_NONCE_MISMATCH;
}

static enum fault judge(struct judging *j, const gnutls_datum_t *der)
{
	struct der at = { der->data, der->size };
	struct der_item outer;
	if (!der_expect(&at, DER_SEQUENCE, &outer) || at.left || gnutls_ocsp_resp_import(j->resp, der) < 0)
		return FAULT_MALFORMED;
	enum fault fault = check_status(j);
	if (!fault)
		fault = find_single(j);
	if (!fault)
		fault = read_single(j);
	if (!fault)
		fault = signer_find(j->resp, &j->signature, j->issuer, j->rules->configured, j->rules->now,
		                    &j->out->signer);
	if (!fault)
		fault = check_times(j);
	if (!fault)
		fault = check_nonce(j);
	return fault;
}

void response_check(const void *der, size_t len, const struct cert *cert, const struct cert *issuer,
                    const struct rules *rules, const struct response_asked *asked, struct response *out)
{
	struct judging j = { .cert = cert, .issuer = issuer, .rules = rules, .asked = asked, .out = out };
	memset(out, 0, sizeof *out);
	enum fault fault = FAULT_TOO_LARGE;
	if (len <= RESPONSE_MAX_BYTES) {
		gnutls_datum_t bytes = { (unsigned char *)(uintptr_t)der, (unsigned)len };
		fault = gnutls_ocsp_resp_init(&j.resp) < 0 ? FAULT_LOCAL : judge(&j, &bytes);
		gnutls_ocsp_resp_deinit(j.resp);
		gnutls_free(j.basic.data);
	}
	if (fault) {
		response_free(out);
		out->fault = fault;
	}
}

void response_free(struct response *response)
{
	signer_free(&response->signer);
	memset(response, 0, sizeof *response);
}
