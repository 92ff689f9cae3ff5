/* OCSP responses: all that response_check does. The first byte says whether signatures are taken as right (odd),
 * so that what lies behind them is reached; the linker puts our signature_verify in front of the real one. */
#include <stdbool.h>
#include <stdlib.h>

#include "ocsp/response.h"
#include "tests/fuzz/ocsp_certs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool __real_signature_verify(const struct signature *signature, gnutls_x509_crt_t signer);
bool __wrap_signature_verify(const struct signature *signature, gnutls_x509_crt_t signer);

static bool signatures_fit;

bool __wrap_signature_verify(const struct signature *signature, gnutls_x509_crt_t signer)
{
	return signatures_fit || __real_signature_verify(signature, signer);
}

static struct cert *parse(const uint8_t *der, size_t len)
{
	struct cert *cert;
	if (cert_parse(der, len, &cert, NULL))
		abort();
	return cert;
}

static void judge(const uint8_t *der, size_t len, const struct response_asked *asked)
{
	static struct cert *leaf, *issuer; /* as long as the process */
	if (!leaf) {
		leaf = parse(fuzz_leaf, sizeof fuzz_leaf);
		issuer = parse(fuzz_ca, sizeof fuzz_ca);
	}
	const struct rules rules = { .now = INT64_C(1800000000), .skew = 300, .max_age = 7 * 86400,
	                             .interval = 86400, .configured = leaf };
	struct response response;
	response_check(der, len, leaf, issuer, &rules, asked, &response);
	bool verified = response.status == REVOCATION_GOOD || response.status == REVOCATION_REVOKED ||
	                response.status == REVOCATION_UNKNOWN;
	if (verified == (response.fault != FAULT_NONE))
		abort();
	if (verified && (response.until <= rules.now || response.this_update > rules.now + rules.skew ||
	                 response.signer.kind == SIGNER_NOBODY ||
	                 response.signer.must_be_checked != (response.signer.delegate != NULL)))
		abort();
	response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nonce[32] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
		20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
	if (!size)
		return 0;
	struct response_asked asked = { .nonce_len = 0 };
	if (data[0] & 2)
		asked = (struct response_asked){ nonce, sizeof nonce, data[0] & 4 };
	signatures_fit = data[0] & 1;
	judge(data + 1, size - 1, &asked);
	return 0;
}
