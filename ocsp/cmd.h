/* The commands of ocspcheck and what they share. */
#ifndef TVS_OCSP_CMD_H
#define TVS_OCSP_CMD_H

#include <jansson.h>

#include "ocsp/ocsp_settings.h"
#include "ocsp/outcome.h"
#include "truststore/base/cli.h"
#include "truststore/base/conf.h"
#include "truststore/store.h"

/* Configuration, settings, store: what nearly every command opens first. */
struct cmd {
	struct cli *cli;
	struct conf *conf;
	struct ocsp_settings settings;
	struct store *store;
};

/* Reads configuration and settings; cmd_open_store the store as well. cmd_close in every case. */
int cmd_open(struct cli *cli, struct cmd *out, struct err *err);
int cmd_open_store(struct cmd *cmd, enum store_mode mode, struct err *err);
void cmd_close(struct cmd *cmd);

/* The configuration once more, as when the program began; for a reload. */
int cmd_read_conf(const struct cli *cli, struct conf **conf, struct ocsp_settings *settings, struct err *err);

/* Members that every JSON object with a finding has. */
void cmd_json_outcome(json_t *object, const struct outcome *outcome);
json_t *cmd_json_time(int64_t when); /* null for 0 */
json_t *cmd_json_string(const char *text, size_t len);  /* null for the empty one */

enum { CMD_SHORT_HASH = 17 };
char *cmd_short_hash(const struct digest *digest, char out[CMD_SHORT_HASH]);

int cmd_run(struct cli *cli);
int cmd_watch(struct cli *cli);
int cmd_cert(struct cli *cli);
int cmd_status(struct cli *cli);

#endif
