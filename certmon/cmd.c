#include "certmon/cmd.h"

#include <string.h>

#include "certmon/notice.h"
#include "truststore/base/clock.h"

int cmd_open(struct cli *cli, enum store_mode mode, struct cmd *out, struct err *err)
{
	*out = (struct cmd){ 0 };
	int code = conf_load(cli_option(cli, "config"), &out->conf, err);
	if (!code && cli_option(cli, "store"))
		code = conf_override(out->conf, "store", "path", cli_option(cli, "store"), err);
	if (!code)
		code = settings_read(out->conf, &out->settings, err);
	if (!code)
		code = store_open(conf_text(out->conf, "store", "path"), mode, &out->store, err);
	out->run = (struct run){ .settings = &out->settings, .store = out->store, .now = clock_now() };
	return code;
}

void cmd_close(struct cmd *cmd)
{
	run_deinit(&cmd->run);
	store_close(cmd->store);
	conf_free(cmd->conf);
}

/* Success is remembered under a name of its own among the notices. */
static void success_id(struct digest *id)
{
	static const char name[] = "the last run that did all its work";
	digest_of(name, sizeof name - 1, id);
}

struct state {
	int64_t last_success;
	size_t waiting;
};

static int count_waiting(uint64_t number, const struct outbox *message, void *arg, struct err *err)
{
	(void)number;
	(void)err;
	*(size_t *)arg += message->state == OUTBOX_WAITING;
	return ERR_OK;
}

static int state_work(struct txn *txn, void *arg, struct err *err)
{
	struct state *state = arg;
	struct notice notice;
	struct digest id;
	success_id(&id);
	int code = notice_get(txn, &id, &notice);
	state->last_success = code ? 0 : notice.sent;
	if (code && code != ERR_NOT_FOUND)
		return err_set(err, code, "the notices cannot be read");
	return outbox_each(txn, count_waiting, &state->waiting, err);
}

int cmd_state(struct cmd *cmd, int64_t *last_success, size_t *waiting, struct err *err)
{
	struct state state = { 0 };
	int code = store_read(cmd->store, state_work, &state, err);
	*last_success = state.last_success;
	*waiting = state.waiting;
	return code;
}

static int success_work(struct txn *txn, void *arg, struct err *err)
{
	const struct cmd *cmd = arg;
	struct notice notice = { .kind = FINDING_RUN, .sent = cmd->run.now, .first = cmd->run.now };
	struct digest id;
	success_id(&id);
	int code = notice_put(txn, &id, &notice);
	return code ? err_set(err, code, "the end of the run cannot be noted") : ERR_OK;
}

int cmd_note_success(struct cmd *cmd, struct err *err)
{
	return store_write(cmd->store, success_work, cmd, err);
}
