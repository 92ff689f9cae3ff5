/* Handshakes of a struct tls_setup with `openssl s_client`, for unit tests. */
#ifndef TVS_TEST_TLS_PEER_H
#define TVS_TEST_TLS_PEER_H

#include <gnutls/abstract.h>

#include "tvs/tls.h"

/* A cipher string as in a configuration; it must be valid. */
void list_of(const char *text, struct cipher_list *out);

/* A key and its certificate from a PEM file under tests/data, or new ones on P-256. */
struct own {
	gnutls_datum_t der;
	struct span chain[1];
	struct key *key;
};
void own_load(struct own *own, const char *file);
void own_make_p256(struct own *own);
void own_make_rsa(struct own *own, unsigned key_usage);
void own_deinit(struct own *own);

/* What one connection came to. */
struct meeting {
	int code;                    /* of the handshake */
	struct err err;
	enum tls_failure failure;
	enum tls_version version;
	char cipher[64];
	enum tls_client_state client;
	char why[32], name[128];
	bool echoed;                 /* what it sent came, and the answer was taken */
	char output[32768];          /* of the peer, both streams */
};

/* Lets `openssl s_client ARGS` connect to a server of `setup`, send "hello" and get it back. */
void meet(const struct tls_setup *setup, const char *args, struct meeting *out);

/* The same with any program of a shell, which finds the port in $PORT. */
void meet_command(const struct tls_setup *setup, const char *command, struct meeting *out);

#endif
