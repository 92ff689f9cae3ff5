/* The purposes that an own certificate can have, as one table of facts. */
#ifndef TVS_PURPOSE_H
#define TVS_PURPOSE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "truststore/base/err.h"

enum purpose {
	PURPOSE_TVS,
	PURPOSE_CALLMANAGER,
	PURPOSE_CALLMANAGER_ECDSA,
	PURPOSE_TOMCAT,
	PURPOSE_TOMCAT_ECDSA,
	PURPOSE_CAPF,
	PURPOSE_ITLRECOVERY,
	PURPOSE_IPSEC,
	PURPOSE_COUNT
};

/* Extended key usages (RFC 5280, 4.2.1.12), as a set. */
enum {
	PURPOSE_SERVER_AUTH = 1,
	PURPOSE_CLIENT_AUTH = 2,
	PURPOSE_IPSEC_END_SYSTEM = 4
};

/* Their names and object identifiers; ends with a row without a name. */
struct purpose_usage {
	unsigned bit;
	const char *name, *oid; /* "serverAuth" */
};
const struct purpose_usage *purpose_usages(void);

/* How the default common name follows from the host's. */
enum purpose_name {
	PURPOSE_NAME_HOST,        /* host */
	PURPOSE_NAME_HOST_EC,     /* host-EC: first label of a full name */
	PURPOSE_NAME_CAPF,        /* CAPF-<8 hexadecimal digits> */
	PURPOSE_NAME_ITLRECOVERY  /* ITLRECOVERY_host */
};

struct purpose_rule {
	const char *name;               /* "CallManager-ECDSA" */
	const char *stores[3];          /* of which its certificate is a member; ends in NULL */
	gnutls_pk_algorithm_t algorithm; /* GNUTLS_PK_RSA or GNUTLS_PK_ECDSA */
	unsigned bits;                  /* of a new key, unless asked for otherwise */
	unsigned key_usage;             /* GNUTLS_KEY_... */
	unsigned extended;              /* PURPOSE_SERVER_AUTH | ... */
	enum purpose_name common_name;
	unsigned years;                 /* validity of a self-signed one */
	bool authority;                 /* issues certificates: basicConstraints cA */
	bool host_san;                  /* the host's name is a subject alternative name */
	bool multi_server;              /* one certificate may serve several servers */
	bool csr;                       /* a CA may sign it */
	bool anchor;                    /* phones trust what they learn by it */
};

const struct purpose_rule *purpose_rule(enum purpose purpose);

/* Reads a purpose's name, in any case. ERR_NOT_FOUND; `err` lists the names. */
int purpose_parse(const char *text, enum purpose *purpose, struct err *err);

#endif
