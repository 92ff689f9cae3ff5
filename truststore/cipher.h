/* Cipher suites up to TLS 1.2, and lists of them in the OpenSSL notation that administrators know.
 *
 * A list means exactly the suites that it names, in its order. TLS 1.3 suites stand apart: all three are there wherever
 * TLS 1.3 is, unless the string names some of them (TLS_AES_256_GCM_SHA384) or strikes some out.
 */
#ifndef TVS_CIPHER_H
#define TVS_CIPHER_H

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"

struct cipher_suite {
	const char *name;    /* OpenSSL's: "AES256-GCM-SHA384" */
	uint16_t id;         /* IANA's: 0x009d */
	gnutls_kx_algorithm_t kx; /* GNUTLS_KX_RSA, _DHE_RSA, _ECDHE_RSA or _ECDHE_ECDSA */
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac; /* GNUTLS_MAC_AEAD for AEAD ciphers */
	gnutls_protocol_t min_version; /* GNUTLS_TLS1_0 or GNUTLS_TLS1_2 */
	unsigned strength;   /* bits of the key */
};

enum { CIPHER_LIST_MAX = 64, CIPHER_TLS13_MAX = 3 };

struct cipher_list {
	size_t count; /* 0 if TLS 1.3 suites alone were named */
	const struct cipher_suite *suite[CIPHER_LIST_MAX]; /* each once; the first is preferred */
	size_t tls13_count;
	gnutls_cipher_algorithm_t tls13[CIPHER_TLS13_MAX]; /* these make a TLS 1.3 suite by themselves */
};

/* Every suite that can be configured, in the order that "ALL" means; ends with a row without a name. What must never be
 * offered is not in it: NULL, export, RC4, RC2, DES, 3DES, IDEA, SEED, MD5, anonymous suites, PSK. */
const struct cipher_suite *cipher_table(void);

/* The suite with IANA's number `id`, NULL if it is not in the table. */
const struct cipher_suite *cipher_by_id(uint16_t id);

/* The default of `ciphers`: requirement K5 behind ECDHE with GCM. */
#define CIPHER_DEFAULT "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"AES256-GCM-SHA384:AES256-SHA256:AES256-SHA:CAMELLIA256-SHA:" \
	"AES128-GCM-SHA256:AES128-SHA256:AES128-SHA:CAMELLIA128-SHA"

/* Reads a cipher string as openssl-ciphers(1) describes it: names and words with ':', ',', ';' or blank between
 * them, '+' for "and", '!', '-' and '+' in front, @STRENGTH; DEFAULT at the beginning; @SECLEVEL is read and
 * ignored. An unknown word among valid ones is skipped; a string with a character that none has, or which
 * leaves no suite, is ERR_CONFIG with the sentence "You have entered an invalid Cipher String." */
int cipher_parse(const char *text, struct cipher_list *out, struct err *err);

#endif
