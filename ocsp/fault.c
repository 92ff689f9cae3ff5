#include "ocsp/fault.h"

#include <string.h>

static const struct {
	const char *word, *text;
} table[FAULT_COUNT] = {
	[FAULT_NONE] = { "", "no fault" },
	[FAULT_NO_ISSUER] = { "no-issuer", "the certificate of the issuer is not known" },
	[FAULT_NO_SOURCE] = { "no-source", "the certificate names neither responder nor list over HTTP" },
	[FAULT_URL] = { "bad-url", "the URL names no server" },
	[FAULT_RESOLVE] = { "resolve", "the name of the server has no address" },
	[FAULT_CONNECT] = { "connect", "no connection to the server" },
	[FAULT_TLS] = { "tls", "the TLS connection failed" },
	[FAULT_TIMEOUT] = { "timeout", "no answer in time" },
	[FAULT_REDIRECT] = { "redirect", "redirected too often, or to another protocol" },
	[FAULT_HTTP_STATUS] = { "http-status", "the server answered with another HTTP status than 200" },
	[FAULT_TOO_LARGE] = { "too-large", "the answer is larger than allowed" },
	[FAULT_TRUNCATED] = { "truncated", "the answer ended too early" },
	[FAULT_NETWORK] = { "network", "the transfer failed" },
	[FAULT_MALFORMED] = { "malformed", "the answer is no OCSP response" },
	[FAULT_MALFORMED_REQUEST] = { "malformed-request", "the responder calls the request malformed" },
	[FAULT_INTERNAL_ERROR] = { "internal-error", "the responder reports an internal error" },
	[FAULT_TRY_LATER] = { "try-later", "the responder says to try later" },
	[FAULT_SIG_REQUIRED] = { "sig-required", "the responder wants signed requests" },
	[FAULT_UNAUTHORIZED] = { "unauthorized", "the responder does not answer for this certificate" },
	[FAULT_RESPONSE_STATUS] = { "response-status", "the response has an unknown status" },
	[FAULT_NO_MATCH] = { "no-match", "the response is about other certificates" },
	[FAULT_CRITICAL_EXTENSION] = { "critical-extension", "the response has an unknown critical extension" },
	[FAULT_WEAK_SIGNATURE] = { "weak-signature", "the algorithm of the response's signature is not accepted" },
	[FAULT_SIGNER_NOT_FOUND] = { "signer-not-found", "no certificate fits the signer that the response names" },
	[FAULT_BAD_SIGNATURE] = { "bad-signature", "the signature of the response is wrong" },
	[FAULT_SIGNER_NOT_AUTHORIZED] = { "signer-not-authorized", "the signer's certificate is not for signing OCSP responses" },
	[FAULT_SIGNER_UNTRUSTED] = { "signer-untrusted", "the signer was not appointed by the issuer" },
	[FAULT_SIGNER_EXPIRED] = { "signer-expired", "the signer's certificate is not valid now" },
	[FAULT_SIGNER_REVOKED] = { "signer-revoked", "the signer's certificate is revoked" },
	[FAULT_SIGNER_UNCHECKED] = { "signer-unchecked", "whether the signer's certificate is revoked could not be found out" },
	[FAULT_FUTURE] = { "future", "thisUpdate lies in the future" },
	[FAULT_STALE] = { "stale", "nextUpdate has passed" },
	[FAULT_TOO_OLD] = { "too-old", "the response is older than max-age" },
	[FAULT_NONCE_MISSING] = { "nonce-missing", "the response has no nonce" },
	[FAULT_NONCE_MISMATCH] = { "nonce-mismatch", "the response has another nonce than the request" },
	[FAULT_CRL_MALFORMED] = { "crl-malformed", "the answer is no certificate revocation list" },
	[FAULT_CRL_ISSUER] = { "crl-issuer", "the list is of another issuer" },
	[FAULT_CRL_SIGNER] = { "crl-signer", "the issuer's key is not for signing lists" },
	[FAULT_CRL_WEAK_SIGNATURE] = { "crl-weak-signature", "the algorithm of the list's signature is not accepted" },
	[FAULT_CRL_BAD_SIGNATURE] = { "crl-bad-signature", "the signature of the list is wrong" },
	[FAULT_CRL_DELTA] = { "crl-delta", "the list is a delta list" },
	[FAULT_CRL_INDIRECT] = { "crl-indirect", "the list is an indirect one" },
	[FAULT_CRL_SCOPE] = { "crl-scope", "the list does not cover this certificate" },
	[FAULT_CRL_CRITICAL_EXTENSION] = { "crl-critical-extension", "the list has an unknown critical extension" },
	[FAULT_CRL_FUTURE] = { "crl-future", "the list's thisUpdate lies in the future" },
	[FAULT_CRL_STALE] = { "crl-stale", "the list's nextUpdate has passed" },
	[FAULT_CRL_TOO_LARGE] = { "crl-too-large", "the list has more entries than are handled" },
	[FAULT_LOCAL] = { "local", "this machine ran out of memory or descriptors" },
};

const char *fault_word(enum fault fault)
{
	return table[fault].word;
}

enum fault fault_of_word(const char *word, size_t len)
{
	for (int i = 0; i < FAULT_COUNT; i++)
		if (strlen(table[i].word) == len && !memcmp(table[i].word, word, len))
			return (enum fault)i;
	return FAULT_NONE;
}

const char *fault_text(enum fault fault)
{
	return table[fault].text;
}
