/* history: the change log. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/trust.h"

const struct cli_option cmd_history_options[] = {
	{ "since", 0, "TIME", false, false, "only from this moment on: 2026-11-20, -7d" },
	{ "cert", 0, "HASH", false, false, "only what happened to this certificate" },
	{ NULL, 0, NULL, false, false, NULL },
};

enum { PIECE = 512, LOOKED_AT = 100000 /* in one transaction, when few of them fit */ };

struct history {
	struct cli *cli;
	int64_t since;
	bool by_cert;
	struct digest_prefix cert;
	uint64_t next; /* revision */
	size_t looked_at, found, in_piece;
	bool more;
	struct jsonw out;
	struct out_table *table;
};

static bool fits(const struct history *history, const struct change_record *change)
{
	if (change->when < history->since)
		return false;
	return !history->by_cert ||
	       (change->has_cert && digest_prefix_fits(&history->cert, &change->cert));
}

static void print_json(struct jsonw *out, uint64_t revision, const struct change_record *change)
{
	char hex[DIGEST_HEX_SIZE];
	jsonw_open(out, NULL, '{');
	jsonw_number(out, "revision", (int64_t)revision);
	jsonw_number(out, "batch", (int64_t)change->batch);
	jsonw_time(out, "when", change->when);
	jsonw_text(out, "who", change->who.bytes, change->who.len);
	jsonw_string(out, "action", change_action_name(change->action));
	jsonw_string(out, "sha256", change->has_cert ? digest_hex(&change->cert, hex) : NULL);
	jsonw_text(out, "store", change->store.bytes, change->store.len);
	jsonw_text(out, "detail", change->detail.bytes, change->detail.len);
	jsonw_close(out, '}');
}

/* What the number of the action does not say, the detail does. */
static const char *action_word(const struct change_record *change)
{
	static const struct {
		const char *detail, *word;
	} words[] = {
		{ "signer of cluster ", "signer" },
		{ "cluster ", "cluster" },
		{ "expiry notices ", "notices" },
	};
	for (size_t i = 0; change->action == CHANGE_OTHER && i < sizeof words / sizeof words[0]; i++) {
		size_t len = strlen(words[i].detail);
		if (change->detail.len > len && !memcmp(change->detail.bytes, words[i].detail, len))
			return words[i].word;
	}
	return change_action_name(change->action);
}

static char *text_dup(struct text text)
{
	return strndup(text.len ? text.bytes : "-", text.len ? text.len : 1);
}

static int print_text(struct out_table *table, uint64_t revision, const struct change_record *change, struct err *err)
{
	char when[CLOCK_TEXT_SIZE], hash[CMD_SHORT_HASH] = "-", number[24];
	char *who = text_dup(change->who), *store = text_dup(change->store);
	char *detail = strndup(change->detail.len ? change->detail.bytes : "", change->detail.len);
	if (change->has_cert)
		cmd_short_hash(&change->cert, hash);
	snprintf(number, sizeof number, "%llu", (unsigned long long)revision);
	const char *const cells[] = { number, clock_format(change->when, when), who, action_word(change), hash, store, detail };
	int code = who && store && detail && !out_table_row(table, cells) ? ERR_OK
	                                                                  : err_set(err, ERR_MEMORY, "no memory for the table");
	free(who);
	free(store);
	free(detail);
	return code;
}

static int one_change(uint64_t revision, const struct change_record *change, void *arg,
                      struct err *err)
{
	struct history *history = arg;
	history->next = revision;
	if (history->in_piece == PIECE || history->looked_at++ == LOOKED_AT) {
		history->more = true;
		return ERR_STOPPED;
	}
	if (!fits(history, change))
		return ERR_OK;
	history->in_piece++;
	history->found++;
	if (cli_json(history->cli)) {
		print_json(&history->out, revision, change);
		return ERR_OK;
	}
	return print_text(history->table, revision, change, err);
}

static int history_work(struct txn *txn, void *arg, struct err *err)
{
	struct history *history = arg;
	history->more = false;
	history->in_piece = history->looked_at = 0;
	int code = change_each(txn, history->next, one_change, history, err);
	return code == ERR_STOPPED ? ERR_OK : code;
}

static int print_all(struct session *session, struct history *history, struct err *err)
{
	static const char *const headings[] = { "REVISION", "WHEN", "WHO", "ACTION", "SHA-256", "STORE", "DETAIL" };
	int code;
	history->table = out_table_new(headings, sizeof headings / sizeof headings[0]);
	if (!history->table)
		return err_set(err, ERR_MEMORY, "no memory for the table");
	if (cli_json(history->cli))
		jsonw_open(&history->out, NULL, '[');
	do {
		code = store_read(session->store, history_work, history, err);
		if (!code)
			code = cli_json(history->cli) ? jsonw_flush(&history->out, stdout, err)
			                              : out_table_flush(history->table, stdout, err);
	} while (!code && history->more);
	if (!code && cli_json(history->cli)) {
		jsonw_close(&history->out, ']');
		code = jsonw_flush(&history->out, stdout, err);
	}
	return code;
}

int cmd_history(struct cli *cli)
{
	struct session session;
	struct history history = { .cli = cli, .by_cert = cli_has(cli, "cert") };
	struct err err;
	int rc = cmd_time(cli, "since", INT64_MIN, &history.since, &err);
	if (!rc && history.by_cert)
		rc = digest_prefix_parse(cli_option(cli, "cert"), &history.cert, &err);
	if (rc)
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_READ, &session);
	if (!code)
		code = print_all(&session, &history, &err) ? cli_fail(cli, &err)
		       : history.found                     ? EXIT_YES
		                                           : EXIT_NO;
	out_table_free(history.table);
	jsonw_deinit(&history.out);
	cmd_close(&session);
	return code;
}
