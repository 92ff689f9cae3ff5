/* The bytes of a backup, for those who write and read them (FORMAT.md, "Backup"). */
#ifndef TVS_BACKUP_PRIV_H
#define TVS_BACKUP_PRIV_H

#include "truststore/backup.h"

#define BACKUP_MAGIC "TVSBKUP\n"

enum {
	BACKUP_FORMAT = 1,
	BACKUP_MAGIC_SIZE = 8,
	BACKUP_HEADER_SIZE = BACKUP_MAGIC_SIZE + 4 + 4 + 8 + 8,
	BACKUP_DB_KEY_MAX = 511 /* LMDB's */
};

enum backup_item { /* the first byte of each */
	BACKUP_ITEM_KEY = 1,   /* text reference, bytes PEM */
	BACKUP_ITEM_NO_KEY,    /* text reference */
	BACKUP_ITEM_DATABASE,  /* text name */
	BACKUP_ITEM_RECORD,    /* bytes key, bytes value */
	BACKUP_ITEM_END        /* u64 records; SHA-256 of all before it follows */
};

/* Called for each record while a backup is read. */
typedef int backup_record_fn(enum store_db db, struct span key, struct span value, void *arg, struct err *err);

/* Reads the whole of it from the start; what is wrong may be found only at its end. */
int backup_scan(FILE *stream, const char *name, struct backup *out, backup_record_fn *each, void *arg, struct err *err);

/* Remembers an own certificate; false without memory. */
bool backup_note_identity(struct backup *backup, const struct identity_record *identity);

/* Adds a key; takes `reference` and `pem`, also on failure. */
int backup_add_key(struct backup *backup, char *reference, char *pem, struct err *err);

/* The private key of a reference as encrypted PEM; `*out` is NULL for one on a token. ERR_NOT_FOUND when the
 * file is gone. */
int backup_wrap_key(const char *store_path, const char *keys, const char *reference, const char *passphrase,
                    char **out, struct err *err);

#endif
