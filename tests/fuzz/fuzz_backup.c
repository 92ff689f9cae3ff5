/* The reader of backups, which may come from anywhere. The first byte says whether the file ends as it stands, or whether the right SHA-256 is put
 * behind it, so that what lies before is looked at to its end. What is taken once is taken again, and says the same. */
#include <stdlib.h>
#include <string.h>

#include "truststore/backup_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t records;
	enum store_db last;
};

static int look(enum store_db db, struct span key, struct span value, void *arg, struct err *err)
{
	struct seen *seen = arg;
	(void)err;
	if (!key.len || key.len > BACKUP_DB_KEY_MAX || value.len > BACKUP_VALUE_MAX || (int)db >= STORE_DB_COUNT || db < seen->last)
		abort();
	for (size_t i = 0; i < value.len; i++) /* all of it can be read */
		seen->records += value.bytes[i] & 0;
	seen->records++;
	seen->last = db;
	return ERR_OK;
}

static void check_keys(const struct backup *backup)
{
	if (backup->key_count > BACKUP_KEYS_MAX || backup_keys_included(backup) > backup->key_count)
		abort();
	for (size_t i = 0; i < backup->key_count; i++) /* what becomes the name of a file */
		if (!backup->keys[i].reference || (backup->keys[i].pem && strchr(backup->keys[i].reference, '/')))
			abort();
	for (int i = 0; i < PURPOSE_COUNT; i++)
		if (backup->own[i] != (backup->own_key[i] != NULL))
			abort();
}

static void read_twice(FILE *stream)
{
	struct backup first = { .key_count = 0 }, second = { .key_count = 0 };
	struct seen seen = { 0, 0 };
	struct err err = { ERR_OK, "" };
	int code = backup_read(stream, "b", UINT64_MAX, &first, &err);
	if (code && !err.text[0])
		abort();
	if (!code) {
		check_keys(&first);
		if (backup_scan(stream, "b", &second, look, &seen, &err) || seen.records != first.records ||
		    second.revision != first.revision || second.key_count != first.key_count || second.certificates != first.certificates)
			abort();
	}
	backup_deinit(&first);
	backup_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t len = size - 1, end = data[0] & 1 ? DIGEST_SIZE : 0;
	uint8_t *bytes = malloc(len + end + 1);
	struct digest digest;
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, len);
	digest_of(bytes, len, &digest);
	memcpy(bytes + len, digest.byte, end);
	FILE *stream = fmemopen(bytes, len + end ? len + end : 1, "r");
	if (stream) {
		read_twice(stream);
		fclose(stream);
	}
	free(bytes);
	return 0;
}
