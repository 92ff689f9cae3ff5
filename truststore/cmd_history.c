/* history: the change log. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
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
	bool more, headed;
	struct jsonw out;
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

static void cell(struct jsonw *out, struct text text, size_t width)
{
	jsonw_cell(out, text.len ? text.bytes : "-", text.len ? text.len : 1, width);
	jsonw_plain(out, " ");
}

static void print_text(struct jsonw *out, uint64_t revision, const struct change_record *change)
{
	char when[CLOCK_TEXT_SIZE], hash[CMD_SHORT_HASH] = "-", number[24];
	if (change->has_cert)
		cmd_short_hash(&change->cert, hash);
	snprintf(number, sizeof number, "%llu", (unsigned long long)revision);
	cell(out, text_of(number), 8);
	cell(out, text_of(clock_format(change->when, when)), 20);
	cell(out, change->who, 12);
	cell(out, text_of(change_action_name(change->action)), 10);
	cell(out, text_of(hash), CMD_SHORT_HASH - 1);
	cell(out, change->store, 18);
	jsonw_cell(out, change->detail.bytes, change->detail.len, 0);
	jsonw_plain(out, "\n");
}

static int one_change(uint64_t revision, const struct change_record *change, void *arg,
                      struct err *err)
{
	struct history *history = arg;
	(void)err;
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
	if (!history->headed)
		jsonw_plain(&history->out,
		            "REVISION WHEN                 WHO          ACTION     SHA-256          STORE              DETAIL\n");
	history->headed = true;
	print_text(&history->out, revision, change);
	return ERR_OK;
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
	int code;
	if (cli_json(history->cli))
		jsonw_open(&history->out, NULL, '[');
	do {
		code = store_read(session->store, history_work, history, err);
		if (!code)
			code = jsonw_flush(&history->out, stdout, err);
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
	jsonw_deinit(&history.out);
	cmd_close(&session);
	return code;
}
