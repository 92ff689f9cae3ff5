#include "truststore/orphans.h"

struct search {
	struct txn *txn;
	const struct orphans_issuer *gone;
	size_t count;
	trust_cert_fn *each;
	void *arg;
	const struct cert_record *issued; /* while its issuers are looked for */
};

/* Ends the walk when `id` is a stored issuer of the certificate in question. */
static int is_issuer(const struct digest *id, void *arg, struct err *err)
{
	struct search *search = arg;
	struct cert_record record;
	struct cert *issuer = NULL, *issued = NULL;
	bool found = false;
	if (trust_cert_get(search->txn, id, &record))
		return ERR_OK;
	if (!cert_parse(record.der.bytes, record.der.len, &issuer, err) &&
	    !cert_parse(search->issued->der.bytes, search->issued->der.len, &issued, err))
		found = cert_issued_by(issued, issuer);
	cert_free(issuer);
	cert_free(issued);
	return found ? ERR_STOPPED : ERR_OK;
}

static int look_at(const struct digest *id, const struct cert_record *record, void *arg,
                   struct err *err)
{
	struct search *search = arg;
	size_t i = 0;
	while (i < search->count && (search->gone[i].stored || digest_equal(id, &search->gone[i].id) ||
	                             !digest_equal(&record->issuer_key, &search->gone[i].subject_key)))
		i++;
	if (i == search->count)
		return ERR_OK;
	search->issued = record;
	int code = trust_each_by_subject(search->txn, &record->issuer_key, is_issuer, search, err);
	if (code)
		return code == ERR_STOPPED ? ERR_OK : code;
	return search->each(id, record, search->arg, err);
}

int orphans_each(struct txn *txn, const struct orphans_issuer *gone, size_t count,
                 trust_cert_fn *each, void *arg, struct err *err)
{
	struct search search = { txn, gone, count, each, arg, NULL };
	size_t left = 0;
	for (size_t i = 0; i < count; i++)
		left += !gone[i].stored;
	return left ? trust_cert_each(txn, look_at, &search, err) : ERR_OK;
}
