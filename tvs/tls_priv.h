/* What the parts of tls.h share: tls.c, tls_setup.c, tls_info.c. */
#ifndef TVS_TLS_PRIV_H
#define TVS_TLS_PRIV_H

#include "tvs/hello.h"
#include "tvs/tls.h"

enum { TLS_GROUPS = 4, TLS_MAX_RECORD = 16384 }; /* bytes of application data, RFC 8446 5.1 */

/* A configured suite. A priority of GnuTLS is a product of lists; one suite and one version make it exact. */
struct tls_suite {
	const struct cipher_suite *suite;
	gnutls_priority_t version[TLS_1_3]; /* NULL: not with this version */
};

struct tls_setup {
	enum tls_version min_version;
	enum tls_client_mode client;
	struct key *key;
	uint16_t curve;           /* group of an EC certificate's key; 0: RSA */
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t tls13[TLS_GROUPS]; /* each prefers another group; all NULL: no TLS 1.3 */
	size_t count;
	struct tls_suite *suites; /* that the certificate can serve, in the server's order */
};

/* The choice for one ClientHello. */
struct tls_choice {
	gnutls_priority_t priority;
	const struct cipher_suite *suite; /* NULL: TLS 1.3 chooses by itself */
};

/* Chooses version, then suite: the first configured one that fits. Anything but TLS_FAILURE_NONE leaves `out` alone. */
enum tls_failure tls_choose(const struct tls_setup *setup, const struct hello *hello,
                            struct tls_choice *out);

struct tls_session {
	gnutls_session_t gnutls;
	const struct tls_setup *setup;
	struct tls_scratch *scratch;
	int fd;
	uint16_t client_version;
	uint8_t failure;       /* enum tls_failure */
	uint8_t client;        /* enum tls_client_state */
	unsigned client_status; /* gnutls_certificate_status_t of a certificate that was not verified */
	bool wants_write;      /* what the last ERR_AGAIN waits for */
	bool oversized;        /* a key of the client's certificates is none that is verified with */
	bool ended;            /* the peer sends no more */
	bool holds;            /* GnuTLS keeps a record that the socket did not take */
	const struct cipher_suite *suite;
	struct tls_bytes {     /* allocated; `at` of `len` are done */
		uint8_t *bytes;
		size_t at, len;
	} rest, unsent;        /* received but not yet read; not yet given to GnuTLS */
};

/* Keeps the verdict on a client's certificate; a callback of GnuTLS. */
int tls_verify_client(gnutls_session_t gnutls);

#endif
