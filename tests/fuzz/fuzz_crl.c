/* Revocation lists: reading, the short form, looking up; and where a certificate names them. The first byte says whether signatures are taken as right
 * (odd), so that what lies behind them is reached; the linker puts our signature_verify in front of the real one. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ocsp/crl.h"
#include "ocsp/signature.h"
#include "tests/fuzz/ocsp_certs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool __real_signature_verify(const struct signature *signature, gnutls_x509_crt_t signer);
bool __wrap_signature_verify(const struct signature *signature, gnutls_x509_crt_t signer);

static bool signatures_fit;

bool __wrap_signature_verify(const struct signature *signature, gnutls_x509_crt_t signer)
{
	return signatures_fit || __real_signature_verify(signature, signer);
}

static struct {
	struct cert *leaf, *issuer;
	struct source source;
} with; /* as long as the process */

static struct cert *parse(const uint8_t *der, size_t len)
{
	struct cert *cert;
	if (cert_parse(der, len, &cert, NULL))
		abort();
	return cert;
}

static void set_up(void)
{
	if (with.leaf)
		return;
	with.leaf = parse(fuzz_leaf, sizeof fuzz_leaf);
	with.issuer = parse(fuzz_ca, sizeof fuzz_ca);
	if (source_of(with.leaf, NULL, &with.source))
		abort();
}

static void look(struct span form, const struct rules *rules, bool own)
{
	struct crl crl;
	struct crl_entry entry;
	int64_t until;
	if (crl_decode(form, &crl)) {
		if (own)
			abort();
		return;
	}
	enum fault fault = crl_look_up(&crl, with.leaf, rules, &entry, &until);
	if (!fault && (until <= rules->now ||
	               (entry.status != REVOCATION_GOOD && entry.status != REVOCATION_REVOKED)))
		abort();
	for (size_t i = 1; own && i < crl.count; i++)
		if (memcmp(crl.entries + (i - 1) * CRL_ENTRY_SIZE, crl.entries + i * CRL_ENTRY_SIZE, 23) > 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rules rules = { .now = INT64_C(1800000000), .skew = 300, .max_age = 7 * 86400,
	                             .interval = 86400 };
	uint8_t *form = NULL;
	size_t len;
	if (!size)
		return 0;
	set_up();
	signatures_fit = data[0] & 1;
	if (!crl_read(data + 1, size - 1, "http://crl.example.test/ca.crl", with.issuer, &with.source, &rules, &form, &len))
		look((struct span){ form, len }, &rules, true);
	else if (form)
		abort();
	free(form);
	look((struct span){ data + 1, size - 1 }, &rules, false);
	struct source source;
	if (source_of_der(data + 1, size - 1, NULL, &source))
		abort();
	source_free(&source);
	return 0;
}
