/* restore: a backup in the place of what the store holds. */
#include "config.h"

#include "truststore/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/backup.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/input.h"
#include "truststore/jsonw.h"
#include "truststore/keyfile.h"
#include "truststore/passphrase.h"

const struct cli_option cmd_restore_options[] = {
	{ "passphrase-file", 0, "FILE", false, false, "the passphrase of the backup's keys is this file's first line" },
	{ "without-keys", 0, NULL, false, false, "leave the backup's private keys where they are" },
	{ "force", 0, NULL, false, false, "also an older backup, or one of another store" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct restore {
	struct session *session;
	const char *file;
	FILE *stream;
	struct backup backup;
	struct backup_relation before;
	bool force, made; /* the store was made now */
	char *keys;
	size_t keys_written;
	struct jsonw warnings;
};

/* The store's revision; 0 where there is none yet. */
static int open_store(struct restore *restore, uint64_t *revision, struct err *err)
{
	struct session *session = restore->session;
	struct backup none = { .key_count = 0 };
	*revision = 0;
	int code = store_open(session->path, STORE_WRITE, &session->store, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (!code)
		code = backup_compare(session->store, &none, &restore->before, err);
	*revision = restore->before.revision;
	return code;
}

static int may_restore(struct restore *restore, struct err *err)
{
	const struct cli *cli = restore->session->cli;
	const struct backup_relation *before = &restore->before;
	unsigned long long was = before->revision, is = restore->backup.revision;
	restore->force = cli_has(cli, "force");
	if ((!before->older && !before->other_history) || restore->force)
		return ERR_OK;
	int code = before->other_history
		? cli_ask(cli, false, "force", err, "%s is a backup of another store than %s: replace the contents of %s?",
		          restore->file, restore->session->path, restore->session->path)
		: cli_ask(cli, false, "force", err,
		          "%s is of revision %llu, the store %s is at revision %llu: lose its newer changes?", restore->file, is,
		          restore->session->path, was);
	restore->force = !code;
	return code;
}

static void warn(struct restore *restore, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void warn(struct restore *restore, const char *format, ...)
{
	struct err line;
	va_list args;
	va_start(args, format);
	err_setv(&line, ERR_OK, format, args);
	va_end(args);
	if (cli_json(restore->session->cli))
		jsonw_string(&restore->warnings, NULL, line.text);
	else
		cli_warn(restore->session->cli, "%s", line.text);
}

/* An anchor that goes back is one that phones may not know any more (requirement C11). A backup that has all that happened
 * here goes forward. */
static void warn_anchors(struct restore *restore)
{
	const struct backup *backup = &restore->backup;
	const struct backup_relation *before = &restore->before;
	if (!before->older && !before->other_history)
		return;
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		const struct purpose_rule *rule = purpose_rule((enum purpose)i);
		char hash[CMD_SHORT_HASH];
		if (!rule->anchor || !before->own[i] ||
		    (backup->own[i] && digest_equal(&backup->own_cert[i], &before->own_cert[i])))
			continue;
		warn(restore,
		     "the own certificate for %s was %s and is another now: phones that trust nothing older than that one must be unlocked by hand",
		     rule->name, cmd_short_hash(&before->own_cert[i], hash));
	}
}

/* A backup has no key of a token; that must be here, and let itself be used. */
static void warn_token_key(struct restore *restore, const char *purpose, const char *uri)
{
	gnutls_privkey_t key;
	struct err err;
	if (keyfile_load_as_owner(restore->session->path, uri, &key, &err))
		warn(restore, "the private key of the own certificate for %s is on a token, no backup has it, and it cannot be used here: %s",
		     purpose, err_text(&err));
	else
		gnutls_privkey_deinit(key);
}

static void warn_keys(struct restore *restore)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		const char *reference = restore->backup.own_key[i], *purpose = purpose_rule((enum purpose)i)->name;
		char *location;
		if (!reference || keyfile_locate(restore->keys, reference, &location, NULL))
			continue;
		if (keyfile_is_uri(location))
			warn_token_key(restore, purpose, location);
		else if (access(location, F_OK) && errno == ENOENT)
			warn(restore, "the private key of the own certificate for %s is not here: %s", purpose, location);
		free(location);
	}
}

static int write_keys(struct restore *restore, struct err *err)
{
	struct session *session = restore->session;
	char *passphrase = NULL;
	if (cli_has(session->cli, "without-keys") ||
	    !backup_needs_keys(&restore->backup, session->path, restore->keys))
		return ERR_OK;
	int code = passphrase_get(session->cli, "passphrase-file", "the private keys of the backup", false, &passphrase, err);
	if (!code)
		code = backup_restore_keys(&restore->backup, session->path, restore->keys, passphrase,
		                           &restore->keys_written, err);
	conf_secret_free(passphrase);
	return code;
}

static int make_store(struct restore *restore, struct err *err)
{
	struct session *session = restore->session;
	if (session->store)
		return ERR_OK;
	int code = store_create(session->path, err);
	if (!code)
		code = store_open(session->path, STORE_WRITE, &session->store, err);
	restore->made = !code;
	return code;
}

static int report(struct restore *restore, struct err *err)
{
	const struct cli *cli = restore->session->cli;
	const struct backup *backup = &restore->backup;
	struct jsonw *out = &restore->warnings;
	char made[CLOCK_TEXT_SIZE];
	clock_format(backup->made, made);
	if (!cli_json(cli) && !cli_quiet(cli))
		out_printf("%s%s: revision %llu of %s, %llu certificate%s, %zu private key%s written\n",
		           restore->session->path, restore->made ? " was made" : "", (unsigned long long)backup->revision,
		           made, (unsigned long long)backup->certificates, backup->certificates == 1 ? "" : "s", restore->keys_written,
		           restore->keys_written == 1 ? "" : "s");
	if (cli_json(cli)) {
		jsonw_open(out, NULL, '{');
		jsonw_number(out, "revision", (int64_t)backup->revision);
		jsonw_time(out, "made", backup->made);
		jsonw_number(out, "certificates", (int64_t)backup->certificates);
		jsonw_number(out, "keys_written", (int64_t)restore->keys_written);
		jsonw_open(out, "warnings", '[');
	}
	warn_anchors(restore);
	warn_keys(restore);
	if (!cli_json(cli))
		return ERR_OK;
	jsonw_close(out, ']');
	jsonw_close(out, '}');
	return jsonw_flush(out, stdout, err);
}

static int restore_all(struct restore *restore, struct err *err)
{
	struct session *session = restore->session;
	uint64_t revision;
	int code = input_open(restore->file, 0, &restore->stream, err);
	if (!code)
		code = open_store(restore, &revision, err);
	if (!code)
		code = backup_read(restore->stream, restore->file, revision, &restore->backup, err);
	if (!code && session->store)
		code = backup_compare(session->store, &restore->backup, &restore->before, err);
	if (!code)
		code = may_restore(restore, err);
	if (!code)
		code = keyfile_directory(session->conf, session->path, &restore->keys, err);
	if (!code)
		code = make_store(restore, err);
	if (!code)
		code = write_keys(restore, err);
	if (!code)
		code = backup_restore(session->store, restore->stream, restore->file, &restore->backup, restore->force, err);
	return code ? code : report(restore, err);
}

int cmd_restore(struct cli *cli)
{
	struct session session;
	struct restore restore = { .session = &session, .file = cli_arg(cli, 0) };
	struct err err;
	int code = cmd_configure(cli, &session);
	if (!code && restore_all(&restore, &err))
		code = cli_fail(cli, &err);
	input_close(restore.stream);
	backup_deinit(&restore.backup);
	jsonw_deinit(&restore.warnings);
	free(restore.keys);
	cmd_close(&session);
	return code;
}
