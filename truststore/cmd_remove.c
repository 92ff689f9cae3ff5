/* remove: certificates out of a store, all or nothing; and who loses his issuer by that. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/mic.h"
#include "truststore/orphans.h"
#include "truststore/trust.h"

const struct cli_option cmd_remove_options[] = {
	{ "why", 0, "TEXT", false, false, "the reason, for the change log" },
	{ "dry-run", 0, NULL, false, false, "say what would be done, and change nothing" },
	{ NULL, 0, NULL, false, false, NULL },
};

enum { ORPHANS_SHOWN = 20 };

struct removal {
	struct cli *cli;
	bool dry_run;
	char store[RECORD_NAME_MAX + 1];
	struct orphans_issuer *gone;
	char **subjects;    /* of those */
	bool *mic;
	size_t count;
	struct orphan {
		struct digest id;
		char *subject;
	} orphans[ORPHANS_SHOWN];
	size_t orphan_count; /* may be more than are kept */
};

/* Everything that one run of the transaction gathered. */
static void removal_forget(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++)
		free(removal->subjects[i]);
	for (size_t i = 0; i < removal->orphan_count && i < ORPHANS_SHOWN; i++)
		free(removal->orphans[i].subject);
	removal->count = removal->orphan_count = 0;
}

static char *dup_text(struct text text)
{
	return strndup(text.len ? text.bytes : "", text.len);
}

static int remember_orphan(const struct digest *id, const struct cert_record *cert, void *arg,
                           struct err *err)
{
	struct removal *removal = arg;
	if (removal->orphan_count < ORPHANS_SHOWN) {
		char *subject = dup_text(cert->subject);
		if (!subject)
			return err_set(err, ERR_MEMORY, "no memory for a name");
		removal->orphans[removal->orphan_count] = (struct orphan){ *id, subject };
	}
	removal->orphan_count++;
	return ERR_OK;
}

static int remove_one(struct txn *txn, struct removal *removal, const char *hash, struct err *err)
{
	struct orphans_issuer *gone = &removal->gone[removal->count];
	struct cert_record record;
	int code = cmd_resolve(txn, hash, false, &gone->id, err);
	if (!code && trust_cert_get(txn, &gone->id, &record))
		code = err_set(err, ERR_NOT_FOUND, "%s: the certificate is not stored", hash);
	if (code)
		return code;
	char *subject = dup_text(record.subject);
	if (!subject)
		return err_set(err, ERR_MEMORY, "no memory for a name");
	gone->subject_key = record.subject_key;
	removal->mic[removal->count] = mic_is_root(record.common_name.bytes, record.common_name.len);
	removal->subjects[removal->count++] = subject;
	return trust_remove(txn, removal->store, &gone->id, cli_option(removal->cli, "why"), false,
	                    err);
}

static int remove_work(struct txn *txn, void *arg, struct err *err)
{
	struct removal *removal = arg;
	struct cert_record record;
	removal_forget(removal);
	int code = cmd_hard(trust_store_name(txn, cli_arg(removal->cli, 0), removal->store, err), err);
	for (int i = 1; !code && i < cli_argc(removal->cli); i++)
		code = remove_one(txn, removal, cli_arg(removal->cli, i), err);
	for (size_t i = 0; !code && i < removal->count; i++)
		removal->gone[i].stored = !trust_cert_get(txn, &removal->gone[i].id, &record);
	if (!code)
		code = orphans_each(txn, removal->gone, removal->count, remember_orphan, removal, err);
	return !code && removal->dry_run ? ERR_STOPPED : code;
}

/* Requirement M1. */
static void warn_makers(const struct removal *removal, void (*each)(const char *sentence, void *arg), void *arg)
{
	const char *missed = mic_missed_text(removal->store);
	for (size_t i = 0; missed && i < removal->count; i++) {
		struct err line;
		if (!removal->mic[i])
			continue;
		err_set(&line, ERR_OK, "%s %s", removal->subjects[i], missed);
		each(line.text, arg);
	}
}

static void print_warning(const char *sentence, void *arg)
{
	cli_warn(arg, "%s", sentence);
}

static void json_warning(const char *sentence, void *arg)
{
	jsonw_string(arg, NULL, sentence);
}

static int print_json(const struct removal *removal, struct err *err)
{
	struct jsonw out = { 0 };
	char hex[DIGEST_HEX_SIZE];
	jsonw_open(&out, NULL, '{');
	jsonw_flag(&out, "dry_run", removal->dry_run);
	jsonw_string(&out, "store", removal->store);
	jsonw_open(&out, "removed", '[');
	for (size_t i = 0; i < removal->count; i++) {
		jsonw_open(&out, NULL, '{');
		jsonw_string(&out, "sha256", digest_hex(&removal->gone[i].id, hex));
		jsonw_string(&out, "subject", removal->subjects[i]);
		jsonw_close(&out, '}');
	}
	jsonw_close(&out, ']');
	jsonw_number(&out, "orphan_count", (int64_t)removal->orphan_count);
	jsonw_open(&out, "orphans", '[');
	for (size_t i = 0; i < removal->orphan_count && i < ORPHANS_SHOWN; i++) {
		jsonw_open(&out, NULL, '{');
		jsonw_string(&out, "sha256", digest_hex(&removal->orphans[i].id, hex));
		jsonw_string(&out, "subject", removal->orphans[i].subject);
		jsonw_close(&out, '}');
	}
	jsonw_close(&out, ']');
	jsonw_open(&out, "warnings", '[');
	warn_makers(removal, json_warning, &out);
	jsonw_close(&out, ']');
	jsonw_close(&out, '}');
	int code = jsonw_flush(&out, stdout, err);
	jsonw_deinit(&out);
	return code;
}

static void print_text(const struct removal *removal)
{
	char hash[CMD_SHORT_HASH];
	for (size_t i = 0; !cli_quiet(removal->cli) && i < removal->count; i++)
		out_printf("%s %s %s from %s\n", removal->dry_run ? "would have removed" : "removed",
		           cmd_short_hash(&removal->gone[i].id, hash), removal->subjects[i],
		           removal->store);
	for (size_t i = 0; i < removal->orphan_count && i < ORPHANS_SHOWN; i++)
		cli_warn(removal->cli, "%s (%s) loses its issuer: it stays trusted, but its chain is broken",
		         cmd_short_hash(&removal->orphans[i].id, hash), removal->orphans[i].subject);
	if (removal->orphan_count > ORPHANS_SHOWN)
		cli_warn(removal->cli, "and %zu more certificates lose their issuer",
		         removal->orphan_count - ORPHANS_SHOWN);
	warn_makers(removal, print_warning, removal->cli);
}

int cmd_remove(struct cli *cli)
{
	struct session session;
	struct removal removal = { .cli = cli, .dry_run = cli_has(cli, "dry-run") };
	struct err err;
	size_t room = (size_t)cli_argc(cli);
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (code)
		goto out;
	removal.gone = calloc(room, sizeof *removal.gone);
	removal.subjects = calloc(room, sizeof *removal.subjects);
	removal.mic = calloc(room, sizeof *removal.mic);
	if (!removal.gone || !removal.subjects || !removal.mic)
		code = cli_failf(cli, "no memory for %zu certificates", room);
	else if (store_write(session.store, remove_work, &removal, &err))
		code = cmd_fail(cli, &err);
	else if (!cli_json(cli))
		print_text(&removal);
	else if (print_json(&removal, &err))
		code = cli_fail(cli, &err);
out:
	if (removal.subjects)
		removal_forget(&removal);
	free(removal.gone);
	free(removal.subjects);
	free(removal.mic);
	cmd_close(&session);
	return code;
}
