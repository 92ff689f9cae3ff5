/* backup: a copy of the store as it is at one moment. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "truststore/backup.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/jsonw.h"
#include "truststore/keyfile.h"
#include "truststore/passphrase.h"

const struct cli_option cmd_backup_options[] = {
	{ "with-keys", 0, NULL, false, false, "private keys too, encrypted with a passphrase" },
	{ "passphrase-file", 0, "FILE", false, false, "the passphrase is this file's first line" },
	{ "overwrite", 0, NULL, false, false, "take the place of what is there" },
	{ NULL, 0, NULL, false, false, NULL },
};

/* A backup in the place of the database would destroy what it is a copy of. */
static int check_place(const struct session *session, const char *file, struct err *err)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "write.lock" };
	struct stat target, own;
	if (!strcmp(file, "-") || stat(file, &target))
		return ERR_OK;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", session->path, names[i]) < 0)
			return err_set(err, ERR_MEMORY, "no memory for a file's name");
		bool same = !stat(path, &own) && own.st_dev == target.st_dev && own.st_ino == target.st_ino;
		free(path);
		if (same)
			return err_set(err, ERR_REFUSED, "%s: is a file of the store itself", file);
	}
	return ERR_OK;
}

static int get_passphrase(const struct session *session, char **out, struct err *err)
{
	*out = NULL;
	if (!cli_has(session->cli, "with-keys"))
		return cli_has(session->cli, "passphrase-file")
			? err_set(err, ERR_USAGE, "--passphrase-file is for --with-keys")
			: ERR_OK;
	int code = passphrase_get(session->cli, "passphrase-file", "the private keys", true, out, err);
	const char *why = code ? NULL : security_passphrase(&session->security, *out);
	return why ? err_set(err, ERR_REFUSED, "the private keys: %s", why) : code;
}

static int report_json(const char *file, const struct backup *backup, struct err *err)
{
	struct jsonw out = { 0 };
	jsonw_open(&out, NULL, '{');
	jsonw_string(&out, "file", file);
	jsonw_number(&out, "revision", (int64_t)backup->revision);
	jsonw_time(&out, "made", backup->made);
	jsonw_number(&out, "certificates", (int64_t)backup->certificates);
	jsonw_number(&out, "records", (int64_t)backup->records);
	for (int included = 1; included >= 0; included--) {
		jsonw_open(&out, included ? "keys" : "keys_not_included", '[');
		for (size_t i = 0; i < backup->key_count; i++)
			if (!backup->keys[i].pem == !included)
				jsonw_string(&out, NULL, backup->keys[i].reference);
		jsonw_close(&out, ']');
	}
	jsonw_close(&out, '}');
	int code = jsonw_flush(&out, stdout, err);
	jsonw_deinit(&out);
	return code;
}

/* Whether --with-keys would have added any. */
static bool has_key_files(const struct backup *backup)
{
	for (size_t i = 0; i < backup->key_count; i++)
		if (!keyfile_is_uri(backup->keys[i].reference))
			return true;
	return false;
}

static int report(const struct session *session, const char *file, const struct backup *backup, struct err *err)
{
	const struct cli *cli = session->cli;
	bool with_keys = cli_has(cli, "with-keys");
	if (cli_json(cli) && strcmp(file, "-") != 0)
		return report_json(file, backup, err);
	size_t keys = backup_keys_included(backup);
	if (!cli_quiet(cli) && strcmp(file, "-") != 0)
		out_printf("%s: revision %llu, %llu certificate%s, %zu private key%s\n", file,
		           (unsigned long long)backup->revision, (unsigned long long)backup->certificates,
		           backup->certificates == 1 ? "" : "s", keys, keys == 1 ? "" : "s");
	for (size_t i = 0; with_keys && i < backup->key_count; i++)
		if (!backup->keys[i].pem)
			cli_warn(cli, "not in the backup, because it is on a token: the private key %s",
			         backup->keys[i].reference);
	if (!with_keys && has_key_files(backup))
		cli_warn(cli, "the backup has no private keys: without them a lost server's phones must be unlocked by hand (--with-keys)");
	return ERR_OK;
}

static int write_backup(struct session *session, const char *keys, const char *passphrase, struct backup *backup,
                        struct err *err)
{
	const char *file = cli_arg(session->cli, 0);
	struct outfile *out = NULL;
	int code = check_place(session, file, err);
	if (!code)
		code = outfile_open(file, 0600, cli_has(session->cli, "overwrite"), &out, err);
	if (code)
		return code;
	code = backup_write(session->store, keys, passphrase, outfile_stream(out), backup, err);
	if (code) {
		outfile_abort(out);
		return code;
	}
	return outfile_commit(out, err);
}

static int remember_work(struct txn *txn, void *arg, struct err *err)
{
	return backup_last_put(txn, arg, err);
}

/* The backup is there, whether or not this can be written. */
static void remember(struct session *session, const struct backup *backup)
{
	struct backup_last last = { backup->made, backup->revision };
	struct err err;
	if (!backup_keys_included(backup))
		return;
	store_close(session->store); /* one environment a process */
	session->store = NULL;
	if (store_open(session->path, STORE_WRITE, &session->store, &err) ||
	    store_write(session->store, remember_work, &last, &err))
		cli_warn(session->cli, "the backup was made, but the store does not know of it, and doctor may ask for another: %s",
		         err_text(&err));
}

int cmd_backup(struct cli *cli)
{
	struct session session;
	struct backup backup = { .key_count = 0 };
	struct err err;
	char *passphrase = NULL, *keys = NULL;
	int code = cmd_open(cli, STORE_READ, &session);
	if (!code && (get_passphrase(&session, &passphrase, &err) ||
	              keyfile_directory(session.conf, session.path, &keys, &err) ||
	              write_backup(&session, keys, passphrase, &backup, &err) ||
	              report(&session, cli_arg(cli, 0), &backup, &err)))
		code = cli_fail(cli, &err);
	else if (!code)
		remember(&session, &backup);
	conf_secret_free(passphrase);
	free(keys);
	backup_deinit(&backup);
	cmd_close(&session);
	return code;
}
