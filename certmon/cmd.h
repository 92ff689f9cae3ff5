/* The commands of certmon and what they share. */
#ifndef TVS_CERTMON_CMD_H
#define TVS_CERTMON_CMD_H

#include "certmon/run.h"
#include "truststore/base/cli.h"

/* Configuration, settings, store: what nearly every command opens first. */
struct cmd {
	struct conf *conf;
	struct settings settings;
	struct store *store;
	struct run run;
};

/* 0, or `err` says why not. `mode` as for store_open. Freed with cmd_close in every case. */
int cmd_open(struct cli *cli, enum store_mode mode, struct cmd *out, struct err *err);
void cmd_close(struct cmd *cmd);

/* The time of the last run that did all its work, 0 for none; and how many messages wait. */
int cmd_state(struct cmd *cmd, int64_t *last_success, size_t *waiting, struct err *err);
int cmd_note_success(struct cmd *cmd, struct err *err);

int cmd_run(struct cli *cli);
int cmd_watch(struct cli *cli);
int cmd_report(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_ack(struct cli *cli);
int cmd_unack(struct cli *cli);
int cmd_test_mail(struct cli *cli);

#endif
