#define _GNU_SOURCE /* asprintf */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certmon/scan.h"
#include "ocsp/crl.h"
#include "truststore/base/text.h"

/* A list that ended without a successor: revocations after its end stay unknown. Some CAs publish the next one only when the
 * last one ends, so ocspcheck gets time to fetch it. */
static int take_list(struct span key, struct span value, void *arg, struct err *err)
{
	enum { URL_SHOWN = 200 };
	struct scan *scan = arg;
	struct crl crl;
	char url[4 * URL_SHOWN + 1];
	struct digest id;
	bool is_new;
	if (key.len != DIGEST_SIZE || crl_decode(value, &crl) || !crl.next_update ||
	    crl.next_update + SETTINGS_LIST_GRACE >= scan->now)
		return ERR_OK; /* one that cannot be read is fetched again by ocspcheck */
	memcpy(id.byte, key.bytes, DIGEST_SIZE);
	struct finding *finding = findings_add(scan->findings, FINDING_CRL, &id, &is_new);
	if (!finding)
		return err_set(err, ERR_MEMORY, "no memory");
	text_escape(url, sizeof url, crl.url.bytes, crl.url.len < URL_SHOWN ? crl.url.len : URL_SHOWN, "");
	finding->end = crl.next_update;
	if (asprintf(&finding->subject, "the revocation list %s has no successor", url) < 0)
		finding->subject = NULL;
	finding->name = finding->subject ? strdup(finding->subject) : NULL;
	finding->stores = strdup("revocation lists");
	finding->affected = strdup("certificates that were revoked since then may still be trusted");
	finding->advice = strdup("see why no newer one can be had: ocspcheck status, ocspcheck run --verbose; one that no certificate needs any more "
	                         "is forgotten a week after its end when the next list is fetched");
	if (!finding->name || !finding->stores || !finding->affected || !finding->advice)
		return err_set(err, ERR_MEMORY, "no memory");
	return ERR_OK;
}

static int look_at_lists(struct txn *txn, void *arg, struct err *err)
{
	return txn_each(txn, STORE_CRL, NULL, 0, NULL, 0, take_list, arg, err);
}

int scan_lists(struct scan *scan, struct store *store, struct err *err)
{
	if (!conf_flag(scan->settings->conf, "ocsp", "enable"))
		return ERR_OK; /* nobody looks into them, or fetches new ones */
	return store_read(store, look_at_lists, scan, err);
}
