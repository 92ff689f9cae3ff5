/* What the configuration says, as the daemon uses it: read once, checked whole, never changed. */
#ifndef TVS_SETTINGS_H
#define TVS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "truststore/answer.h"
#include "truststore/base/conf.h"
#include "truststore/cipher.h"
#include "tvs/address.h"
#include "tvs/tls.h"

struct settings_listener { /* [tvsd] or [tvsd NAME] */
	char *section;
	struct address *address;
	size_t addresses;
	bool by_default;         /* not from the file */
	struct network *network; /* where phones may come from */
	size_t networks;         /* 0: everywhere */
	enum tls_version min_version;
	struct cipher_list ciphers;
	enum tls_client_mode client;
};

struct settings {
	char *store;       /* path */
	char *keys;        /* directory of the store's own keys */
	char *certificate; /* a file or PKCS#11 URI; NULL: identity TVS of the store */
	char *key;         /* NULL exactly where `certificate` is */
	char *certificate_at, *key_at; /* where in the file they stand, for messages; NULL as they are */
	struct settings_listener *listener;
	size_t listeners;
	unsigned workers;
	uint32_t max_connections, max_per_address;
	int64_t handshake_ms, idle_ms;
	uint64_t max_requests; /* 0: no limit */
	bool become;           /* another user or group: the next four */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
	char *metrics; /* NULL: none */
	bool fips, common_criteria;
	struct answer_policy policy;
};

/* Gets one mistake: "tvs.conf:12: [tvsd] listen: ...". */
typedef void settings_each_fn(const char *mistake, void *arg);

/* Checks everything that conf_load cannot know and builds the settings; they do not borrow from `conf`. Every
 * mistake goes to `each` (may be NULL) and the first one to `err`, with ERR_CONFIG. The caller frees `*out`. */
int settings_new(const struct conf *conf, settings_each_fn *each, void *arg,
                 struct settings **out, struct err *err);
void settings_free(struct settings *settings);

/* True if any listener looks at the certificates of phones. */
bool settings_ask_clients(const struct settings *settings);

#endif
