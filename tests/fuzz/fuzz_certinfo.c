/* What truststore says of any certificate that can be parsed: extensions in words, OpenSSL's subject hash, which phones
 * cannot use it, what the modes forbid. */
#include <stdlib.h>

#include "truststore/certinfo.h"
#include "truststore/mic.h"
#include "truststore/phonefit.h"
#include "truststore/role.h"
#include "truststore/security.h"
#include "truststore/subject_hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte. */
static void touch(const char *text, size_t len, void *arg)
{
	volatile char *last = arg;
	for (size_t i = 0; i < len; i++)
		*last = text[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct security strict = { true, true };
	struct cert *cert;
	uint32_t hash;
	size_t len;
	char last = 0;
	subject_hash(data, size, &hash);
	mic_is_root((const char *)data, size);
	if (cert_parse(data, size, &cert, NULL))
		return 0;
	certinfo_key_usages(cert, touch, &last);
	certinfo_extended(cert, touch, &last);
	certinfo_names(cert, touch, &last);
	certinfo_extensions(cert, touch, &last);
	if (phonefit_of(cert) >= 1u << PHONEFIT_COUNT)
		abort();
	security_cert(&strict, cert, ROLE_ALL);
	const uint8_t *name = cert_subject_der(cert, &len);
	subject_hash(name, len, &hash);
	cert_free(cert);
	return 0;
}
