/* Backup: one file with every record of the store as one moment had it, and private keys if asked for
 * (FORMAT.md, "Backup"). Nothing here prints or asks.
 */
#ifndef TVS_BACKUP_H
#define TVS_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "truststore/base/digest.h"
#include "truststore/base/err.h"
#include "truststore/purpose.h"
#include "truststore/record.h"
#include "truststore/store.h"

enum {
	BACKUP_KEYS_MAX = 64,
	BACKUP_KEY_MAX = 65536,           /* bytes of one encrypted key */
	BACKUP_VALUE_MAX = 256 << 20      /* bytes of one record */
};

struct backup_key {
	char *reference; /* as the store has it: keyfile.h */
	char *pem;       /* encrypted PKCS#8 (RFC 5958; PBES2 with AES-256); NULL: not in the backup */
};

/* What a backup holds, but for its records. Starts with zeroes, ends with backup_deinit. */
struct backup {
	uint64_t revision; /* of the store that it is of */
	int64_t made;
	uint64_t records, certificates;
	struct backup_key keys[BACKUP_KEYS_MAX];
	size_t key_count;
	bool own[PURPOSE_COUNT];
	struct digest own_cert[PURPOSE_COUNT];
	char *own_key[PURPOSE_COUNT]; /* references, NULL: none */
	uint64_t common;              /* a revision, and what the log says there: how two histories are compared */
	struct record common_change;
};
void backup_deinit(struct backup *backup);
size_t backup_keys_included(const struct backup *backup);

/* Writes a backup of the store, of one moment, while others read and write it. With a `passphrase` the private
 * keys of own certificates and pending requests are in it, encrypted; those on a token are named as left out.
 * `keys` is keyfile_directory's. The stream is flushed and not closed. */
int backup_write(struct store *store, const char *keys, const char *passphrase, FILE *stream,
                 struct backup *out, struct err *err);

/* What the store remembers of the last backup that had keys (FORMAT.md, "meta"); it is no change of the store. The
 * second gives ERR_NOT_FOUND where none was made. */
struct backup_last {
	int64_t made;
	uint64_t revision; /* of the store then */
};
int backup_last_put(struct txn *txn, const struct backup_last *last, struct err *err);
int backup_last_get(struct txn *txn, struct backup_last *out);

/* Reads a backup to its end and checks it all; `stream` must be one that can be rewound. `revision` is that of
 * the store into which it shall go, 0 for none. ERR_MALFORMED for what is no backup or was cut or changed,
 * ERR_VERSION for another format. */
int backup_read(FILE *stream, const char *name, uint64_t revision, struct backup *out, struct err *err);

/* What restoring would mean for a store. */
struct backup_relation {
	uint64_t revision;  /* the store's now */
	bool older;         /* the store has changes which the backup lacks */
	bool other_history; /* the backup is of another store */
	bool own[PURPOSE_COUNT];
	struct digest own_cert[PURPOSE_COUNT]; /* the store's own certificates now */
};
int backup_compare(struct store *store, const struct backup *backup, struct backup_relation *out, struct err *err);

/* Puts the backup's records in the place of all that the store holds, in one transaction. The change log goes
 * on: where it continues the backup's it stays; else the backup's takes its place. ERR_REFUSED, without
 * `force`, where the backup is older or of another store, or where the result would not be whole
 * (trust_verify). The keys are to be written before: backup_restore_keys. */
int backup_restore(struct store *store, FILE *stream, const char *name, const struct backup *backup, bool force,
                   struct err *err);

/* Private keys. The first tells whether any that is in the backup is not in the directory `keys`. The second
 * writes those (0600, synced), as the owner of the store's directory; a file with another key under such a name
 * is ERR_REFUSED, as is a wrong passphrase. */
bool backup_needs_keys(const struct backup *backup, const char *store_path, const char *keys);
int backup_restore_keys(const struct backup *backup, const char *store_path, const char *keys,
                        const char *passphrase, size_t *written, struct err *err);

#endif
