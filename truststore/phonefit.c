#include "truststore/phonefit.h"

#include <string.h>

/* What is known of phones: the requirements' K18 and K5, the protocol's notes on the 7900 series. */
static const char *const texts[PHONEFIT_COUNT] = {
	[PHONEFIT_RSA_LARGE] = "an RSA key of more than 2048 bits: phones of the 7900 series and some others cannot use it",
	[PHONEFIT_RSA_SMALL] = "an RSA key of less than 2048 bits: phones of newer firmware refuse it, and it is weak",
	[PHONEFIT_EC] = "an EC key: phones of the 7900 series and others without ECDSA cannot use it",
	[PHONEFIT_NO_PHONE] = "a kind of key that no phone can use (they know RSA and EC)",
	[PHONEFIT_SHA1] = "a SHA-1 signature: phones of newer firmware may refuse it",
	[PHONEFIT_MD5] = "an MD5 signature: phones of newer firmware refuse it, and it can be forged",
	[PHONEFIT_PSS] = "an RSA-PSS signature: most phones cannot verify it",
	[PHONEFIT_VERSION] = "no X.509 version 3: phones may not find the extensions that they look for",
};

const char *phonefit_text(enum phonefit what)
{
	return texts[what];
}

static unsigned of_key(const struct cert *cert)
{
	const char *type = cert_key_type(cert);
	unsigned bits = cert_key_bits(cert);
	if (!strcmp(type, "EC"))
		return 1u << PHONEFIT_EC;
	if (strcmp(type, "RSA"))
		return 1u << PHONEFIT_NO_PHONE;
	if (bits > 2048)
		return 1u << PHONEFIT_RSA_LARGE;
	return bits < 2048 ? 1u << PHONEFIT_RSA_SMALL : 0;
}

/* That of a root proves nothing, and nobody looks at it. */
static unsigned of_signature(const struct cert *cert)
{
	const char *signature = cert_signature(cert);
	unsigned unfit = strstr(signature, "PSS")    ? 1u << PHONEFIT_PSS
	                 : strstr(signature, "MD5")  ? 1u << PHONEFIT_MD5
	                 : strstr(signature, "SHA1") ? 1u << PHONEFIT_SHA1
	                                             : 0;
	return unfit && cert_self_signed(cert) ? 0 : unfit;
}

unsigned phonefit_of(const struct cert *cert)
{
	return of_key(cert) | of_signature(cert) |
	       (cert_version(cert) == 3 ? 0 : 1u << PHONEFIT_VERSION);
}
