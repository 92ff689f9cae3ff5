/* Where findings come from: the store, files, TLS servers. */
#ifndef TVS_CERTMON_SCAN_H
#define TVS_CERTMON_SCAN_H

#include "certmon/finding.h"
#include "certmon/settings.h"
#include "truststore/store.h"

/* What a run looks at. */
struct scan {
	const struct settings *settings;
	int64_t now;
	int64_t horizon;  /* certificates that end before it are looked at */
	struct findings *findings;
};

/* The store's certificates up to the horizon (found through the expiry index, so that others cost nothing), those that
 * were revoked (through an index, too), pending signing requests, and the anchors' window. */
int scan_store(struct scan *scan, struct store *store, struct err *err);

/* The store's revocation lists that ended SETTINGS_LIST_GRACE ago without a successor, where [ocsp] is enabled. */
int scan_lists(struct scan *scan, struct store *store, struct err *err);

/* [certmon] files and lsc-directory: PEM, DER, PKCS#12, or directories of these. What cannot be read is a finding. */
int scan_files(struct scan *scan, struct err *err);

/* [certmon] servers: the certificate that each presents. What cannot be reached is a finding. */
int scan_servers(struct scan *scan, struct err *err);

/* Shared by the sources: adds what a parsed certificate says, found at `where`. Later than the horizon: nothing. */
int scan_cert(struct scan *scan, const struct cert *cert, const char *where, const char *affected, struct err *err);

/* The same of one that was revoked, whenever it ends. */
int scan_revoked(struct scan *scan, const struct cert *cert, const char *where, const char *affected, struct err *err);

/* A source that cannot be read. `name` says which, `why` why not. */
int scan_problem(struct scan *scan, const char *name, const char *why, struct err *err);

/* Marks what is due: reads what was announced and acknowledged before. */
int scan_due(struct scan *scan, struct txn *txn, struct err *err);

/* True if the words stand in a list "a, b"; `list` may be NULL. */
bool scan_among(const char *list, const char *words);

/* Adds words to a list "a, b" unless they stand there. 0 or ERR_MEMORY. */
int scan_join(char **list, const char *words);

#endif
