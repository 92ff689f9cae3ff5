/* TLS of the service: what a listener allows, and the sessions on it, over GnuTLS.
 *
 * Handshakes choose exactly one of the listed suites, in the server's order, by reading the ClientHello (RFC
 * 5246 7.4.1.2, RFC 8446 4.1.2). No session tickets, no resumption, no renegotiation, no SSLv2 hello. Nothing
 * here blocks.
 */
#ifndef TVS_TLS_H
#define TVS_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"
#include "truststore/cipher.h"
#include "truststore/store.h" /* struct span */
#include "tvs/key.h"

enum tls_version { TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, TLS_VERSION_COUNT };
const char *tls_version_name(enum tls_version version); /* "TLS1.2" */
int tls_version_parse(const char *text, enum tls_version *version); /* "1.2"; ERR_CONFIG */

/* Of any session of GnuTLS that has shaken hands: its version (TLS_VERSION_COUNT: another), and its suite by
 * OpenSSL's name ("-": one that is not in cipher_table). */
enum tls_version tls_version_of(gnutls_session_t gnutls);
const char *tls_cipher_of(gnutls_session_t gnutls);

enum tls_client_mode { TLS_CLIENT_NONE, TLS_CLIENT_REQUEST, TLS_CLIENT_REQUIRE };

/* What one listener wants. Everything is borrowed while tls_setup_new runs; the key for the setup's whole life. */
struct tls_config {
	const char *name;             /* "tvsd", "tvsd legacy": for messages */
	enum tls_version min_version; /* the highest is always TLS 1.3 */
	const struct cipher_list *ciphers;
	bool aes_only;                /* TLS 1.3 without CHACHA20-POLY1305, which FIPS 140 does not approve */
	struct key *key;
	const struct span *chain;     /* DER: own certificate, its issuers behind it */
	size_t chain_count;
	enum tls_client_mode client;
	const struct span *client_ca; /* DER: who may have issued clients' certificates (CAPF-trust) */
	size_t client_ca_count;
};

struct tls_setup;

/* Everything that the sessions of a listener share: built once, never changed. Listed suites that the
 * certificate's key and its usages do not serve are left out; ERR_CONFIG if none is left of them, ERR_REFUSED
 * if the key does not fit the certificate, ERR_TLS. A setup may be inherited over a fork (unless its key is on
 * a token). The caller frees it after the last session. */
int tls_setup_new(const struct tls_config *config, struct tls_setup **out, struct err *err);
void tls_setup_free(struct tls_setup *setup);

/* Bytes just received, of one session at a time: one for each worker, shared by all its sessions, so that one
 * recv() serves header and body of a record and an idle connection needs no buffer. */
struct tls_scratch;
struct tls_scratch *tls_scratch_new(void); /* NULL: no memory */
void tls_scratch_free(struct tls_scratch *scratch);

struct tls_session;

/* A server's session on the connected, non-blocking socket `fd`, which stays the caller's. To be made when the
 * first byte has come: it costs some 10 KiB. `setup` and `scratch` must outlive it. ERR_MEMORY or ERR_TLS. */
int tls_session_new(const struct tls_setup *setup, struct tls_scratch *scratch, int fd, struct tls_session **out);
void tls_session_free(struct tls_session *session); /* says nothing to the peer; takes NULL */

/* All of the following return ERR_OK, ERR_AGAIN (wait until the socket is readable, or writable where
 * tls_wants_write says so, and call the same again), ERR_NETWORK (the connection broke or ended without a
 * farewell), ERR_TLS or ERR_MEMORY. After these the session is good for nothing but its tls_session_ functions
 * and being freed. */

/* Does what can be done of the handshake. With an error an alert was sent, if possible, `err` (may be NULL) has a
 * sentence, and tls_session_failure the kind. */
int tls_handshake(struct tls_session *session, struct err *err);

/* Reads application data of at most one record. ERR_OK with *len = 0: the peer closed orderly. */
int tls_read(struct tls_session *session, void *out, size_t size, size_t *len, struct err *err);

/* True if tls_read would find something without a further event of the socket. Ask after each tls_handshake that
 * succeeded and each tls_read, before going back to the loop. The loop must be level-triggered. */
bool tls_pending(const struct tls_session *session);

/* Writes all of `bytes` (which are not needed any more afterwards, whatever it returns). After ERR_AGAIN what
 * the socket did not take is kept inside; call it with `len` 0 when the socket is writable, until ERR_OK,
 * before anything else is written or read. Up to 16,384 bytes go out as one record. */
int tls_write(struct tls_session *session, const void *bytes, size_t len, struct err *err);

/* Sends close_notify, once, as far as the socket takes it at once; does not wait for the peer's. */
void tls_bye(struct tls_session *session);

bool tls_wants_write(const struct tls_session *session); /* what ERR_AGAIN waits for; false after anything else */

enum tls_failure { /* kinds of failed handshakes, for counters; each has one word */
	TLS_FAILURE_NONE,
	TLS_FAILURE_NO_CIPHER,          /* "no-cipher": no listed suite fits the client's offer */
	TLS_FAILURE_VERSION,            /* "version": the client offers only what the listener refuses */
	TLS_FAILURE_SSLV2,              /* "sslv2": a hello in the format of SSLv2 */
	TLS_FAILURE_CLIENT_CERTIFICATE, /* "client-certificate": required, but missing or not verified */
	TLS_FAILURE_ALERT,              /* "alert": the client ended it with an alert */
	TLS_FAILURE_CLOSED,             /* "closed": the connection broke */
	TLS_FAILURE_PROTOCOL,           /* "protocol": what came is not TLS, or wrong */
	TLS_FAILURE_COUNT
};
const char *tls_failure_name(enum tls_failure failure);
enum tls_failure tls_session_failure(const struct tls_session *session);

/* After the handshake. Names are fixed words; "-" for what is not known. */
enum tls_version tls_session_version(const struct tls_session *session);
const char *tls_session_cipher(const struct tls_session *session); /* "AES256-SHA", "TLS_AES_256_GCM_SHA384" */

enum tls_client_state {
	TLS_CLIENT_ABSENT,     /* not asked, or none shown */
	TLS_CLIENT_VERIFIED,
	TLS_CLIENT_UNVERIFIED  /* shown, but it could not be verified; only where it is not required */
};
enum tls_client_state tls_session_client(const struct tls_session *session);

/* Why it could not be verified, as one word: "unknown-issuer", "bad-signature", "expired", "not-yet-valid",
 * "weak", "purpose" (its extended key usages lack clientAuth), "invalid"; "" otherwise. */
const char *tls_session_client_why(const struct tls_session *session);

/* The common name of the client's certificate as it stands there (to be escaped), "" without one. Returns `out`. */
char *tls_session_client_name(const struct tls_session *session, char *out, size_t size);

/* GnuTLS's own object, borrowed, for what is not here. */
gnutls_session_t tls_session_gnutls(const struct tls_session *session);

#endif
