#include "ocsp/signer.h"

#include <string.h>

#include "ocsp/certid.h"

#define OID_OCSP_NOCHECK "1.3.6.1.5.5.7.48.1.5"

const char *signer_kind_name(enum signer_kind kind)
{
	static const char *const names[] = { "nobody", "issuer", "delegate", "configured" };
	return names[kind];
}

void signer_free(struct signer *signer)
{
	cert_free(signer->delegate);
	memset(signer, 0, sizeof *signer);
}

/* ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash } (RFC 6960, 4.2.1) */
struct responder_id {
	gnutls_datum_t name, key; /* one of them has data */
};

static bool read_responder_id(gnutls_ocsp_resp_t resp, struct responder_id *id)
{
	memset(id, 0, sizeof *id);
	return gnutls_ocsp_resp_get_responder_raw_id(resp, GNUTLS_OCSP_RESP_ID_DN, &id->name) >= 0 ||
	       gnutls_ocsp_resp_get_responder_raw_id(resp, GNUTLS_OCSP_RESP_ID_KEY, &id->key) >= 0;
}

static void free_responder_id(struct responder_id *id)
{
	gnutls_free(id->name.data);
	gnutls_free(id->key.data);
}

static bool same_bytes(const gnutls_datum_t *a, const void *b, size_t len)
{
	return a->size == len && (!len || !memcmp(a->data, b, len));
}

static bool fits_id(const struct responder_id *id, const struct cert *cert)
{
	size_t len;
	if (id->name.data) {
		const uint8_t *subject = cert_subject_der(cert, &len);
		return same_bytes(&id->name, subject, len);
	}
	uint8_t hash[32];
	const uint8_t *der = cert_der(cert, &len);
	return certid_key_hash(der, len, CERTID_SHA1, hash) && same_bytes(&id->key, hash, 20);
}

static bool valid_at(const struct cert *cert, int64_t now)
{
	return cert_not_before(cert) <= now && now <= cert_not_after(cert);
}

static bool has_purpose(const struct cert *cert)
{
	for (unsigned i = 0;; i++) {
		char oid[128];
		size_t size = sizeof oid;
		int code = gnutls_x509_crt_get_key_purpose_oid(cert_gnutls(cert), i, oid, &size, NULL);
		if (code == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (code < 0)
			return false;
		if (!strcmp(oid, GNUTLS_KP_OCSP_SIGNING))
			return true;
	}
}

static bool has_nocheck(const struct cert *cert)
{
	gnutls_datum_t value;
	if (gnutls_x509_crt_get_extension_by_oid2(cert_gnutls(cert), OID_OCSP_NOCHECK, 0, &value, NULL) < 0)
		return false;
	gnutls_free(value.data);
	return true;
}

/* Issued by the very CA that issued the certificate in question. The clock is ours, not GnuTLS's. */
static bool appointed_by(const struct cert *cert, const struct cert *issuer)
{
	gnutls_x509_crt_t ca = cert_gnutls(issuer);
	unsigned status;
	return gnutls_x509_crt_verify(cert_gnutls(cert), &ca, 1,
	                              GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
	                              GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |
	                              GNUTLS_VERIFY_DO_NOT_ALLOW_SAME, &status) >= 0 && !status;
}

struct search {
	const struct signature *signature;
	const struct cert *issuer, *configured;
	struct responder_id id;
	int64_t now;
	unsigned tried;
	bool fitted; /* a certificate had the right name, though not the right key */
};

static bool signed_by(struct search *search, const struct cert *cert)
{
	if (!fits_id(&search->id, cert))
		return false;
	search->fitted = true;
	return search->tried++ < SIGNER_MAX_TRIED &&
	       signature_verify(search->signature, cert_gnutls(cert));
}

static enum fault judge_delegate(const struct search *search, const struct cert *cert)
{
	if (!appointed_by(cert, search->issuer))
		return FAULT_SIGNER_UNTRUSTED;
	if (!has_purpose(cert))
		return FAULT_SIGNER_NOT_AUTHORIZED;
	return valid_at(cert, search->now) ? FAULT_NONE : FAULT_SIGNER_EXPIRED;
}

/* The certificate in the response that made the signature; the caller frees it. NULL: none did. */
static struct cert *find_included(struct search *search, gnutls_ocsp_resp_t resp)
{
	gnutls_x509_crt_t *list = NULL;
	size_t count = 0;
	struct cert *found = NULL;
	if (gnutls_ocsp_resp_get_certs(resp, &list, &count) < 0)
		return NULL;
	for (size_t i = 0; i < count && i < SIGNER_MAX_CERTS && !found; i++) {
		gnutls_datum_t der;
		if (gnutls_x509_crt_export2(list[i], GNUTLS_X509_FMT_DER, &der) < 0)
			continue;
		if (cert_parse(der.data, der.size, &found, NULL) == ERR_OK && !signed_by(search, found)) {
			cert_free(found);
			found = NULL;
		}
		gnutls_free(der.data);
	}
	for (size_t i = 0; i < count; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return found;
}

static enum fault find(struct search *search, gnutls_ocsp_resp_t resp, struct signer *out)
{
	if (signed_by(search, search->issuer)) {
		out->kind = SIGNER_ISSUER;
		return FAULT_NONE;
	}
	struct cert *included = find_included(search, resp);
	enum fault fault = included ? judge_delegate(search, included) : FAULT_NONE;
	if (included && !fault) {
		out->kind = SIGNER_DELEGATE;
		out->must_be_checked = !has_nocheck(included);
		if (out->must_be_checked)
			out->delegate = included;
		else
			cert_free(included);
		return FAULT_NONE;
	}
	cert_free(included);
	if (search->configured && signed_by(search, search->configured)) {
		out->kind = SIGNER_CONFIGURED;
		return valid_at(search->configured, search->now) ? FAULT_NONE : FAULT_SIGNER_EXPIRED;
	}
	if (fault)
		return fault;
	return search->fitted ? FAULT_BAD_SIGNATURE : FAULT_SIGNER_NOT_FOUND;
}

enum fault signer_find(gnutls_ocsp_resp_t resp, const struct signature *signature,
                       const struct cert *issuer, const struct cert *configured, int64_t now,
                       struct signer *out)
{
	struct search search = { .signature = signature, .issuer = issuer, .configured = configured, .now = now };
	memset(out, 0, sizeof *out);
	if (!signature_strong(signature))
		return FAULT_WEAK_SIGNATURE;
	if (!read_responder_id(resp, &search.id)) {
		free_responder_id(&search.id);
		return FAULT_MALFORMED;
	}
	enum fault fault = find(&search, resp, out);
	free_responder_id(&search.id);
	return fault;
}
