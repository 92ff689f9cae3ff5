/* Signed manifests of other clusters: whether they are to be believed. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/bulk.h"
#include "truststore/bulk_sign.h"
#include "truststore/trust.h"

void bulk_contribution_deinit(struct bulk_contribution *contribution)
{
	free(contribution->part.manifest);
	free(contribution->part.signature);
	bulk_manifest_deinit(&contribution->manifest);
	cert_free(contribution->signer);
	*contribution = (struct bulk_contribution){ .own = false };
}

struct looking {
	const char *file;
	const struct bulk *bulk;
	const struct bulk_contribution *c;
	struct bulk_peer peer;
	bool blocked, known, followed;
};

/* A signer that the settings name: [bulk peer NAME] signer. */
static bool in_settings(const struct conf *conf, const char *cluster, const struct digest *signer)
{
	char section[16 + BULK_CLUSTER_MAX];
	const char *name;
	struct digest digest;
	size_t len;
	for (size_t i = 0; (name = conf_instance(conf, "bulk peer", i)); i++) {
		if (strcasecmp(name, cluster))
			continue;
		snprintf(section, sizeof section, "bulk peer %s", name);
		for (const char *const *text = conf_list(conf, section, "signer"); *text; text++)
			if (!hex_decode(*text, digest.byte, DIGEST_SIZE, &len) && len == DIGEST_SIZE &&
			    digest_equal(&digest, signer))
				return true;
	}
	return false;
}

static bool is_blocked(struct txn *txn, const struct digest *cert)
{
	struct span value;
	return !txn_get(txn, STORE_BLOCK, cert->byte, DIGEST_SIZE, &value);
}

static bool known_by_itself(const struct looking *l, const struct digest *cert)
{
	return bulk_peer_knows(&l->peer, cert) || in_settings(l->bulk->conf, l->peer.name, cert);
}

/* Does a succession lead from one that is known to the signer? Each step must be signed by the one before; what
 * begins with a stranger says nothing. */
static int follow(struct looking *l, struct txn *txn, struct err *err)
{
	const struct bulk_succession *succession = &l->c->manifest.succession;
	const struct digest *at = NULL;
	for (unsigned i = 0; i < succession->count; i++) {
		const struct bulk_successor *step = &succession->step[i];
		bool next = at && digest_equal(at, &step->old);
		if ((!next && !known_by_itself(l, &step->old)) || is_blocked(txn, &step->old))
			continue;
		int code = bulk_successor_verify(l->file, step, err);
		if (code)
			return code;
		at = &step->new;
	}
	l->followed = at && digest_equal(at, cert_sha256(l->c->signer));
	return ERR_OK;
}

static int look_work(struct txn *txn, void *arg, struct err *err)
{
	struct looking *l = arg;
	const struct digest *signer = cert_sha256(l->c->signer);
	int code = bulk_peer_get(txn, l->c->part.name.cluster, &l->peer, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	l->blocked = is_blocked(txn, signer);
	l->known = known_by_itself(l, signer);
	return l->known || l->c->own ? ERR_OK : follow(l, txn, err);
}

static int check_validity(const struct looking *l, struct err *err)
{
	char hex[DIGEST_HEX_SIZE], when[CLOCK_TEXT_SIZE];
	const struct cert *signer = l->c->signer;
	int64_t now = l->bulk->now, from = cert_not_before(signer), to = cert_not_after(signer);
	digest_hex(cert_sha256(signer), hex);
	if (l->blocked)
		return err_set(err, ERR_REFUSED, "%s: signed by the certificate %s (%s), which is blocked here",
		               l->file, hex, cert_subject(signer));
	if (now > to)
		return err_set(err, ERR_REFUSED, "%s: signed by the certificate %s (%s), which has expired: %s",
		               l->file, hex, cert_subject(signer), clock_format(to, when));
	if (now < from)
		return err_set(err, ERR_REFUSED, "%s: signed by the certificate %s (%s), which is not valid before %s",
		               l->file, hex, cert_subject(signer), clock_format(from, when));
	return ERR_OK;
}

/* Is it somebody whom we know, or are told now to believe? */
static int check_signer(const struct bulk *bulk, struct bulk_contribution *c, struct looking *l, struct err *err)
{
	char hex[DIGEST_HEX_SIZE];
	int code = store_read(bulk->store, look_work, l, err);
	if (!code)
		code = check_validity(l, err);
	c->announced = l->followed;
	if (code || l->known || l->followed)
		return code;
	digest_hex(cert_sha256(c->signer), hex);
	if (c->own)
		return err_set(err, ERR_REFUSED,
		               "%s: it bears the name of this cluster, but is signed by %s (%s), which never signed an export of this store",
		               l->file, hex, cert_subject(c->signer));
	if (!bulk->confirm)
		return err_set(err, ERR_REFUSED, "%s: the signer %s (%s) of cluster %s is not known here", l->file, hex,
		               cert_subject(c->signer), l->peer.name);
	return bulk->confirm(bulk->confirm_arg, c->part.name.cluster, c->signer, err);
}

/* The manifest must be the one that its name promises, and no older than what was seen. */
static int check_place(const char *file, const struct bulk_contribution *c, const struct bulk_peer *peer, struct err *err)
{
	const struct bulk_name *name = &c->part.name;
	const struct bulk_peer_type *seen = &peer->type[name->type];
	if (strcasecmp(name->cluster, c->manifest.cluster) || name->type != c->manifest.head.type ||
	    name->sequence != c->manifest.head.sequence || !digest_equal(&name->archive, &c->manifest.head.archive))
		return err_set(err, ERR_REFUSED, "%s: the manifest is not the one that its name promises", file);
	if (name->sequence < seen->sequence && !c->own)
		return err_set(err, ERR_REFUSED, "%s: an old export: number %llu, but %llu was seen already", file,
		               (unsigned long long)name->sequence, (unsigned long long)seen->sequence);
	if (name->sequence == seen->sequence && !c->own && !digest_equal(&c->digest, &seen->manifest))
		return err_set(err, ERR_REFUSED, "%s: another manifest with the number %llu was seen already", file,
		               (unsigned long long)name->sequence);
	return ERR_OK;
}

int bulk_contribution_check(struct bulk *bulk, struct bulk_part *part, struct bulk_contribution *out, struct err *err)
{
	char file[BULK_NAME_SIZE];
	*out = (struct bulk_contribution){ .part = *part };
	*part = (struct bulk_part){ .manifest = NULL };
	struct looking l = { .file = file, .bulk = bulk, .c = out };
	bulk_name_format(&out->part.name, BULK_MANIFEST, file);
	out->own = bulk->cluster && !strcasecmp(bulk->cluster, out->part.name.cluster);
	digest_of(out->part.manifest, out->part.manifest_len, &out->digest);
	int code = bulk_sign_verify(file, out->part.manifest, out->part.manifest_len, out->part.signature, out->part.signature_len,
	                            &out->signer, err);
	if (!code)
		code = bulk_manifest_decode(file, out->part.manifest, out->part.manifest_len, &out->manifest, err);
	if (!code)
		code = check_signer(bulk, out, &l, err);
	return code ? code : check_place(file, out, &l.peer, err);
}

int bulk_contribution_record(struct txn *txn, const struct bulk_contribution *c, struct err *err)
{
	struct bulk_peer peer;
	char detail[128];
	if (c->own)
		return ERR_OK;
	int code = bulk_peer_get(txn, c->manifest.cluster, &peer, err);
	if (code && code != ERR_NOT_FOUND)
		return code;
	struct bulk_peer_type *seen = &peer.type[c->manifest.head.type];
	if (c->manifest.head.sequence < seen->sequence)
		return err_set(err, ERR_REFUSED, "cluster %s: number %llu was seen meanwhile", peer.name,
		               (unsigned long long)seen->sequence);
	bool known = bulk_peer_knows(&peer, cert_sha256(c->signer));
	bool changed = bulk_peer_learn(&peer, &c->manifest, cert_sha256(c->signer));
	if (!changed && c->manifest.head.sequence == seen->sequence && digest_equal(&seen->manifest, &c->digest))
		return ERR_OK;
	peer.format = BULK_MANIFEST_VERSION;
	seen->sequence = c->manifest.head.sequence;
	seen->manifest = c->digest;
	snprintf(detail, sizeof detail, "signer of cluster %s accepted%s", peer.name,
	         c->announced ? ", as the one before it announced" : "");
	if (!known)
		code = change_add(txn, CHANGE_OTHER, cert_sha256(c->signer), NULL, detail, (struct span){ NULL, 0 });
	else
		code = ERR_OK;
	return code ? code : bulk_peer_put(txn, &peer, err);
}

int bulk_contribution_covers(const struct bulk_contribution *c, const struct bulk_archive *archive, struct err *err)
{
	char hex[DIGEST_HEX_SIZE];
	for (size_t i = 0; i < c->manifest.entry_count; i++)
		if (!bulk_archive_find(archive, &c->manifest.entries[i].id))
			return err_set(err, ERR_MALFORMED,
			               "the archive lacks the certificate %s, which the manifest of cluster %s lists",
			               digest_hex(&c->manifest.entries[i].id, hex), c->manifest.cluster);
	return ERR_OK;
}
