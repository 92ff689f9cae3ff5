#include "ocsp/issuers.h"

#include <stdlib.h>

#include "truststore/trust.h"

struct issuer {
	struct issuer *next;
	struct cert *cert;
	unsigned users;
};

struct issuers {
	struct issuer *first;
	unsigned idle;
};

struct issuers *issuers_new(void)
{
	return calloc(1, sizeof(struct issuers));
}

void issuers_free(struct issuers *issuers)
{
	while (issuers && issuers->first) {
		struct issuer *issuer = issuers->first;
		issuers->first = issuer->next;
		cert_free(issuer->cert);
		free(issuer);
	}
	free(issuers);
}

const struct cert *issuer_cert(const struct issuer *issuer)
{
	return issuer ? issuer->cert : NULL;
}

static void drop_idle(struct issuers *issuers)
{
	struct issuer **at = &issuers->first;
	while (*at) {
		struct issuer *issuer = *at;
		if (issuer->users) {
			at = &issuer->next;
			continue;
		}
		*at = issuer->next;
		cert_free(issuer->cert);
		free(issuer);
	}
	issuers->idle = 0;
}

void issuers_release(struct issuers *issuers, struct issuer *issuer)
{
	if (issuer && --issuer->users == 0 && ++issuers->idle > ISSUERS_KEPT)
		drop_idle(issuers);
}

struct finding {
	struct issuers *issuers;
	struct txn *txn;
	const struct cert *cert;
	struct issuer *found;
};

static int get(struct finding *f, const struct digest *id, struct issuer **out)
{
	for (struct issuer *known = f->issuers->first; known; known = known->next) {
		if (digest_equal(cert_sha256(known->cert), id)) {
			*out = known;
			return ERR_OK;
		}
	}
	struct cert_record record;
	struct issuer *issuer = calloc(1, sizeof *issuer);
	int code = issuer ? trust_cert_get(f->txn, id, &record) : ERR_MEMORY;
	if (!code)
		code = cert_parse(record.der.bytes, record.der.len, &issuer->cert, NULL);
	if (code) {
		free(issuer);
		return code;
	}
	issuer->next = f->issuers->first;
	f->issuers->first = issuer;
	f->issuers->idle++;
	*out = issuer;
	return ERR_OK;
}

static int try_one(const struct digest *id, void *arg, struct err *err)
{
	(void)err;
	struct finding *f = arg;
	struct issuer *issuer;
	int code = get(f, id, &issuer);
	if (code == ERR_MEMORY)
		return code;
	if (code || !cert_issued_by(f->cert, issuer->cert))
		return ERR_OK;
	f->found = issuer;
	return ERR_STOPPED;
}

int issuers_find(struct issuers *issuers, struct txn *txn, const struct cert *cert,
                 struct issuer **out, struct err *err)
{
	struct finding f = { .issuers = issuers, .txn = txn, .cert = cert };
	int code = trust_each_by_subject(txn, cert_issuer_key(cert), try_one, &f, err);
	*out = f.found;
	if (f.found && f.found->users++ == 0)
		issuers->idle--;
	return code == ERR_STOPPED ? ERR_OK : code;
}
