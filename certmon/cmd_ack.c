#include <stdio.h>
#include <string.h>

#include "certmon/cmd.h"
#include "certmon/notice.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/trust.h"

enum { WORDS_MAX = 1000 };

struct ack {
	const struct digest_prefix *prefix;
	const struct run *run;
	int64_t until;
	const char *reason;
	bool undo;
	struct digest found;
};

/* What the prefix names: something that was found now or announced before, or any stored certificate. */
struct search {
	const struct digest_prefix *prefix;
	struct digest *found;
	size_t count;
};

static void take(struct search *search, const struct digest *id)
{
	if (!digest_prefix_fits(search->prefix, id) || (search->count && digest_equal(search->found, id)))
		return;
	*search->found = *id;
	search->count++;
}

static int take_notice(const struct digest *id, const struct notice *notice, void *arg, struct err *err)
{
	(void)err;
	if (notice->kind != FINDING_RUN)
		take(arg, id);
	return ERR_OK;
}

static int resolve(struct txn *txn, struct ack *ack, struct err *err)
{
	struct search search = { .prefix = ack->prefix, .found = &ack->found };
	for (size_t i = 0; i < ack->run->findings.count; i++)
		take(&search, &ack->run->findings.list[i].id);
	int code = notice_each(txn, take_notice, &search, err);
	if (code)
		return code;
	if (search.count > 1)
		return err_set(err, ERR_AMBIGUOUS, "this prefix fits more than one finding: give more digits");
	return search.count ? ERR_OK : trust_resolve(txn, ack->prefix, &ack->found, err);
}

static int ack_work(struct txn *txn, void *arg, struct err *err)
{
	struct ack *ack = arg;
	struct notice notice = { .slot = SCHEDULE_NONE, .first = ack->run->now };
	int code = resolve(txn, ack, err);
	if (code)
		return code;
	code = notice_get(txn, &ack->found, &notice);
	if (code && code != ERR_NOT_FOUND)
		return err_set(err, code, "the notices cannot be read");
	if (ack->undo && (code || !notice.ack_until))
		return err_set(err, ERR_NOT_FOUND, "it is not acknowledged");
	const struct finding *finding = findings_find(&ack->run->findings, &ack->found);
	if (finding && !code && notice.kind != finding->kind) /* what was said of it as something else says nothing of this */
		notice = (struct notice){ .slot = SCHEDULE_NONE, .first = ack->run->now };
	notice.kind = finding ? (uint8_t)finding->kind : notice.kind;
	notice.ack_until = ack->undo ? 0 : ack->until;
	notice.ack_reason = text_of(ack->undo ? "" : ack->reason);
	code = notice_put(txn, &ack->found, &notice);
	if (code)
		return err_set(err, code, "it cannot be noted");
	return change_add(txn, CHANGE_OTHER, &ack->found, NULL, ack->undo ? "expiry notices resumed" : "expiry notices silenced",
	                  (struct span){ 0 });
}

static int print_ack(const struct cli *cli, const struct ack *ack, struct err *err)
{
	char hex[DIGEST_HEX_SIZE], until[CLOCK_TEXT_SIZE];
	digest_hex(&ack->found, hex);
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:s}", "sha256", hex);
		json_object_set_new(object, "acknowledged_until", ack->undo ? json_null() : out_time(ack->until));
		json_object_set_new(object, "acknowledged_reason", ack->undo ? json_null() : out_text(ack->reason, strlen(ack->reason)));
		return out_json(object, err);
	}
	if (!cli_quiet(cli) && ack->undo)
		out_printf("%s is announced again\n", hex);
	else if (!cli_quiet(cli))
		out_printf("%s is silent until %s\n", hex, clock_format(ack->until, until));
	return ERR_OK;
}

static int run_ack(struct cli *cli, struct ack *ack)
{
	struct cmd cmd = { 0 };
	struct err err;
	struct digest_prefix prefix;
	int code = digest_prefix_parse(cli_arg(cli, 0), &prefix, &err);
	if (!code)
		code = cmd_open(cli, STORE_WRITE, &cmd, &err);
	if (!code)
		code = run_look(&cmd.run, settings_ahead(&cmd.settings), &err);
	ack->prefix = &prefix;
	ack->run = &cmd.run;
	if (!code)
		code = store_write(cmd.store, ack_work, ack, &err);
	cmd_close(&cmd);
	if (code)
		return cli_fail(cli, &err);
	code = print_ack(cli, ack, &err);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}

int cmd_ack(struct cli *cli)
{
	struct ack ack = { .reason = cli_option(cli, "reason") };
	struct err err;
	if (!cli_option(cli, "until") || !ack.reason)
		return cli_failf(cli, "ack needs --until TIME and --reason TEXT");
	if (strlen(ack.reason) > WORDS_MAX)
		return cli_failf(cli, "--reason: longer than %d characters", WORDS_MAX);
	if (clock_parse(cli_option(cli, "until"), &ack.until, &err))
		return cli_failf(cli, "--until: %s", err_text(&err));
	if (ack.until <= clock_now())
		return cli_failf(cli, "--until: %s is in the past", cli_option(cli, "until"));
	return run_ack(cli, &ack);
}

int cmd_unack(struct cli *cli)
{
	struct ack ack = { .undo = true };
	return run_ack(cli, &ack);
}
