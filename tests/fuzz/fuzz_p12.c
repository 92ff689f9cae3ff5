/* The structure of PKCS#12 archives. Passwords cost nothing here: every MAC is right, and what is encrypted is taken as it is, so that the
 * fuzzer reaches what lies inside. One library context serves all runs. */
#include <stdlib.h>
#include <string.h>

#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "truststore/p12.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

OSSL_LIB_CTX *__real_OSSL_LIB_CTX_new(void);
OSSL_LIB_CTX *__wrap_OSSL_LIB_CTX_new(void);
void __wrap_OSSL_LIB_CTX_free(OSSL_LIB_CTX *context);
OSSL_PROVIDER *__real_OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name);
OSSL_PROVIDER *__wrap_OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name);
int __wrap_OSSL_PROVIDER_unload(OSSL_PROVIDER *provider);
int __wrap_PKCS12_verify_mac(PKCS12 *p12, const char *password, int len);
STACK_OF(PKCS12_SAFEBAG) *__wrap_PKCS12_unpack_p7encdata(PKCS7 *part, const char *password, int len);

OSSL_LIB_CTX *__wrap_OSSL_LIB_CTX_new(void)
{
	static OSSL_LIB_CTX *only;
	if (!only)
		only = __real_OSSL_LIB_CTX_new();
	return only;
}

void __wrap_OSSL_LIB_CTX_free(OSSL_LIB_CTX *context)
{
	(void)context;
}

OSSL_PROVIDER *__wrap_OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name)
{
	static OSSL_PROVIDER *modern, *legacy;
	OSSL_PROVIDER **at = strcmp(name, "legacy") ? &modern : &legacy;
	if (!*at)
		*at = __real_OSSL_PROVIDER_load(context, name);
	return *at;
}

int __wrap_OSSL_PROVIDER_unload(OSSL_PROVIDER *provider)
{
	(void)provider;
	return 1;
}

int __wrap_PKCS12_verify_mac(PKCS12 *p12, const char *password, int len)
{
	(void)p12;
	(void)password;
	(void)len;
	return 1;
}

STACK_OF(PKCS12_SAFEBAG) *__wrap_PKCS12_unpack_p7encdata(PKCS7 *part, const char *password, int len)
{
	const ASN1_OCTET_STRING *inside = part->d.encrypted->enc_data->enc_data;
	(void)password;
	(void)len;
	return inside ? ASN1_item_unpack(inside, ASN1_ITEM_rptr(PKCS12_SAFEBAGS)) : NULL;
}

static int take(const uint8_t *der, size_t len, unsigned number, void *arg, struct err *err)
{
	unsigned *count = arg;
	(void)err;
	if (number != ++*count || !len || !der)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	unsigned count = 0;
	int code = p12_each_der("a.p12", data, size, "", take, &count, &err);
	if (code && (!err.text[0] || strncmp(err.text, "a.p12: ", 7) != 0))
		abort();
	return 0;
}
