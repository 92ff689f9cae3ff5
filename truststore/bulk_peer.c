#include "config.h"

#include "truststore/bulk_peer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "truststore/record_priv.h"

#define ORIGIN "cluster "

enum { PEER_VERSION = 1, PEER_RETIRED = 1 };

static int encode(const struct bulk_peer *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 512);
	writer_number(&w, PEER_VERSION, 1);
	writer_number(&w, in->retired ? PEER_RETIRED : 0, 1);
	writer_number(&w, in->format, 1);
	writer_text(&w, text_of(in->name));
	writer_number(&w, in->signer_count, 1);
	for (unsigned i = 0; i < in->signer_count; i++)
		writer_digest(&w, &in->signers[i]);
	writer_number(&w, BULK_TYPE_COUNT, 1);
	for (int i = 0; i < BULK_TYPE_COUNT; i++) {
		writer_number(&w, in->type[i].sequence, 8);
		writer_digest(&w, &in->type[i].manifest);
		writer_number(&w, in->type[i].revision, 8);
		writer_digest(&w, &in->type[i].inputs);
	}
	return writer_end(&w, out);
}

static int decode(struct span bytes, struct bulk_peer *out)
{
	struct reader r;
	*out = (struct bulk_peer){ .signer_count = 0 };
	reader_begin(&r, bytes, PEER_VERSION);
	out->retired = reader_flags(&r, PEER_RETIRED);
	out->format = (uint8_t)reader_number(&r, 1);
	struct text name = reader_text(&r);
	if (name.len > BULK_CLUSTER_MAX)
		return ERR_STORE;
	memcpy(out->name, name.len ? name.bytes : "", name.len);
	unsigned count = (unsigned)reader_number(&r, 1);
	if (count > BULK_SIGNERS_MAX)
		return ERR_STORE;
	for (out->signer_count = 0; out->signer_count < count; out->signer_count++)
		reader_digest(&r, &out->signers[out->signer_count]);
	if (reader_number(&r, 1) != BULK_TYPE_COUNT)
		return ERR_STORE;
	for (int i = 0; i < BULK_TYPE_COUNT; i++) {
		out->type[i].sequence = reader_number(&r, 8);
		reader_digest(&r, &out->type[i].manifest);
		out->type[i].revision = reader_number(&r, 8);
		reader_digest(&r, &out->type[i].inputs);
	}
	return reader_end(&r);
}

static int broken(struct txn *txn, struct err *err)
{
	return err_set(err, ERR_STORE, "%s: a record of \"peer\" is not readable", store_path(txn_store(txn)));
}

int bulk_peer_get(struct txn *txn, const char *name, struct bulk_peer *out, struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	struct span value;
	*out = (struct bulk_peer){ .signer_count = 0 };
	snprintf(out->name, sizeof out->name, "%s", name);
	int code = txn_get(txn, STORE_PEER, key, store_key(name, strlen(name), key), &value);
	if (!code && decode(value, out))
		return broken(txn, err);
	return code;
}

int bulk_peer_put(struct txn *txn, const struct bulk_peer *peer, struct err *err)
{
	uint8_t key[RECORD_NAME_MAX];
	struct record record;
	int code = encode(peer, &record);
	if (code)
		return err_set(err, code, "no memory for a record");
	code = txn_put(txn, STORE_PEER, key, store_key(peer->name, strlen(peer->name), key), record.bytes, record.len);
	record_free(&record);
	return code;
}

int bulk_peer_decode(struct span key, struct span value, struct bulk_peer *out)
{
	uint8_t should[RECORD_NAME_MAX];
	if (decode(value, out))
		return ERR_STORE;
	size_t len = store_key(out->name, strlen(out->name), should);
	return len && len == key.len && !memcmp(should, key.bytes, len) ? ERR_OK : ERR_STORE;
}

struct each_peer {
	struct txn *txn;
	bulk_peer_fn *each;
	void *arg;
};

static int visit(struct span key, struct span value, void *arg, struct err *err)
{
	const struct each_peer *e = arg;
	struct bulk_peer peer;
	(void)key;
	return decode(value, &peer) ? broken(e->txn, err) : e->each(&peer, e->arg, err);
}

int bulk_peer_each(struct txn *txn, bulk_peer_fn *each, void *arg, struct err *err)
{
	struct each_peer e = { txn, each, arg };
	return txn_each(txn, STORE_PEER, NULL, 0, NULL, 0, visit, &e, err);
}

bool bulk_peer_knows(const struct bulk_peer *peer, const struct digest *signer)
{
	for (unsigned i = 0; i < peer->signer_count; i++)
		if (digest_equal(&peer->signers[i], signer))
			return true;
	return false;
}

bool bulk_peer_learn(struct bulk_peer *peer, const struct bulk_manifest *manifest, const struct digest *signer)
{
	struct bulk_peer old = *peer;
	peer->signers[0] = *signer;
	peer->signer_count = 1;
	for (unsigned i = 0; i < manifest->signer_count && peer->signer_count < BULK_SIGNERS_MAX; i++)
		if (!bulk_peer_knows(peer, &manifest->signers[i]))
			peer->signers[peer->signer_count++] = manifest->signers[i];
	bool same = old.signer_count == peer->signer_count;
	for (unsigned i = 0; same && i < peer->signer_count; i++)
		same = bulk_peer_knows(&old, &peer->signers[i]);
	return !same;
}

char *bulk_origin(const char *cluster, char out[BULK_ORIGIN_SIZE])
{
	snprintf(out, BULK_ORIGIN_SIZE, ORIGIN "%s", cluster);
	return out;
}

bool bulk_origin_is(struct text origin, const char *cluster)
{
	size_t prefix = strlen(ORIGIN);
	if (origin.len < prefix || memcmp(origin.bytes, ORIGIN, prefix))
		return false;
	return !cluster || (origin.len - prefix == strlen(cluster) &&
	                    !strncasecmp(origin.bytes + prefix, cluster, origin.len - prefix));
}
