/* Writing a backup. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/backup_priv.h"
#include "truststore/base/clock.h"
#include "truststore/identity.h"
#include "truststore/keyfile.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

void backup_deinit(struct backup *backup)
{
	for (size_t i = 0; i < backup->key_count; i++) {
		free(backup->keys[i].reference);
		free(backup->keys[i].pem);
	}
	for (int i = 0; i < PURPOSE_COUNT; i++)
		free(backup->own_key[i]);
	record_free(&backup->common_change);
	*backup = (struct backup){ .key_count = 0 };
}

size_t backup_keys_included(const struct backup *backup)
{
	size_t count = 0;
	for (size_t i = 0; i < backup->key_count; i++)
		count += backup->keys[i].pem != NULL;
	return count;
}

int backup_add_key(struct backup *backup, char *reference, char *pem, struct err *err)
{
	if (reference && backup->key_count < BACKUP_KEYS_MAX) {
		backup->keys[backup->key_count++] = (struct backup_key){ reference, pem };
		return ERR_OK;
	}
	free(reference);
	free(pem);
	return reference ? err_set(err, ERR_LIMIT, "more than %d private keys", BACKUP_KEYS_MAX)
	                 : err_set(err, ERR_MEMORY, "no memory for the name of a key");
}

bool backup_note_identity(struct backup *backup, const struct identity_record *identity)
{
	char name[RECORD_NAME_MAX + 1];
	enum purpose purpose;
	if (!identity->has_cert || identity->purpose.len > RECORD_NAME_MAX)
		return true;
	memcpy(name, identity->purpose.bytes, identity->purpose.len);
	name[identity->purpose.len] = '\0';
	if (purpose_parse(name, &purpose, NULL))
		return true;
	free(backup->own_key[purpose]);
	backup->own_key[purpose] = strndup(identity->key.len ? identity->key.bytes : "", identity->key.len);
	backup->own[purpose] = true;
	backup->own_cert[purpose] = identity->cert;
	return backup->own_key[purpose];
}

/* A stream whose bytes are digested as they go. */
struct output {
	FILE *stream;
	struct digest_state *digest;
};

static void put(struct output *out, const void *bytes, size_t len)
{
	digest_add(out->digest, bytes, len);
	fwrite(bytes, 1, len, out->stream); /* failures are found at the end, by ferror */
}

static void put_number(struct output *out, uint64_t value, unsigned size)
{
	uint8_t bytes[8];
	put_be(bytes, value, size);
	put(out, bytes, size);
}

static void put_text(struct output *out, const char *text)
{
	size_t len = strlen(text);
	put_number(out, len, 2);
	put(out, text, len);
}

static void put_span(struct output *out, struct span bytes)
{
	put_number(out, bytes.len, 4);
	put(out, bytes.bytes, bytes.len);
}

struct writing {
	const char *keys, *passphrase;
	struct output out;
	struct backup *backup;
	bool key_gone; /* a key was deleted behind this snapshot: take a newer one */
};

static int add_reference(struct txn *txn, struct writing *w, struct text reference, struct err *err)
{
	struct backup *backup = w->backup;
	char *name = strndup(reference.len ? reference.bytes : "", reference.len), *pem = NULL;
	if (!name)
		return err_set(err, ERR_MEMORY, "no memory for the name of a key");
	for (size_t i = 0; i < backup->key_count; i++)
		if (!strcmp(backup->keys[i].reference, name)) {
			free(name);
			return ERR_OK;
		}
	int code = w->passphrase ? backup_wrap_key(store_path(txn_store(txn)), w->keys, name, w->passphrase, &pem, err)
	                         : ERR_OK;
	if (code) {
		w->key_gone = code == ERR_NOT_FOUND;
		free(name);
		return code;
	}
	return backup_add_key(backup, name, pem, err);
}

static int gather_keys(struct txn *txn, struct writing *w, struct err *err)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		struct identity_record identity;
		int code = identity_record_get(txn, (enum purpose)i, &identity, err);
		if (code == ERR_NOT_FOUND)
			continue;
		if (!code && !backup_note_identity(w->backup, &identity))
			code = err_set(err, ERR_MEMORY, "no memory for the name of a key");
		if (!code && identity.has_cert && identity.key.len)
			code = add_reference(txn, w, identity.key, err);
		if (!code && identity.csr.len && identity.csr_key.len)
			code = add_reference(txn, w, identity.csr_key, err);
		if (code)
			return code;
	}
	return ERR_OK;
}

static int write_record(struct span key, struct span value, void *arg, struct err *err)
{
	struct writing *w = arg;
	if (value.len > BACKUP_VALUE_MAX)
		return err_set(err, ERR_LIMIT, "a record has %zu bytes: too large for a backup", value.len);
	put_number(&w->out, BACKUP_ITEM_RECORD, 1);
	put_span(&w->out, key);
	put_span(&w->out, value);
	w->backup->records++;
	return ferror(w->out.stream) ? ERR_STOPPED : ERR_OK; /* no use in going on; said by the caller */
}

static void write_head(struct writing *w)
{
	const struct backup *backup = w->backup;
	put(&w->out, BACKUP_MAGIC, BACKUP_MAGIC_SIZE);
	put_number(&w->out, BACKUP_FORMAT, 4);
	put_number(&w->out, STORE_FORMAT, 4);
	put_number(&w->out, backup->revision, 8);
	put_number(&w->out, (uint64_t)backup->made, 8);
	for (size_t i = 0; i < backup->key_count; i++) {
		const struct backup_key *key = &backup->keys[i];
		put_number(&w->out, key->pem ? BACKUP_ITEM_KEY : BACKUP_ITEM_NO_KEY, 1);
		put_text(&w->out, key->reference);
		if (key->pem)
			put_span(&w->out, (struct span){ (const uint8_t *)key->pem, strlen(key->pem) });
	}
}

static int write_work(struct txn *txn, void *arg, struct err *err)
{
	struct writing *w = arg;
	struct backup *backup = w->backup;
	backup_deinit(backup);
	backup->revision = txn_revision(txn);
	backup->made = clock_now();
	backup->certificates = txn_count(txn, STORE_CERT);
	int code = gather_keys(txn, w, err);
	if (code)
		return code;
	write_head(w);
	for (int db = 0; !code && db < STORE_DB_COUNT; db++) {
		put_number(&w->out, BACKUP_ITEM_DATABASE, 1);
		put_text(&w->out, store_db_name((enum store_db)db));
		code = txn_each(txn, (enum store_db)db, NULL, 0, NULL, 0, write_record, w, err);
	}
	if (code)
		return code == ERR_STOPPED ? ERR_OK : code;
	put_number(&w->out, BACKUP_ITEM_END, 1);
	put_number(&w->out, backup->records, 8);
	return ERR_OK;
}

int backup_write(struct store *store, const char *keys, const char *passphrase, FILE *stream,
                 struct backup *out, struct err *err)
{
	enum { TRIES = 5 };
	struct writing w = { .keys = keys, .passphrase = passphrase, .backup = out,
	                     .out = { .stream = stream, .digest = digest_begin() } };
	struct digest digest;
	if (!w.out.digest)
		return err_set(err, ERR_MEMORY, "no memory for a digest");
	int code = ERR_AGAIN;
	for (int i = 0; i < TRIES && (i == 0 || w.key_gone); i++) { /* before a key is read nothing is written */
		w.key_gone = false;
		code = store_read(store, write_work, &w, err);
	}
	digest_end(w.out.digest, &digest);
	if (!code)
		fwrite(digest.byte, 1, DIGEST_SIZE, stream);
	return code;
}
