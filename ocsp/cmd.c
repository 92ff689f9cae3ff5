#include "ocsp/cmd.h"

#include <string.h>

#include "truststore/base/out.h"

int cmd_read_conf(const struct cli *cli, struct conf **conf, struct ocsp_settings *settings, struct err *err)
{
	*conf = NULL;
	memset(settings, 0, sizeof *settings);
	int code = conf_load(cli_option(cli, "config"), conf, err);
	if (!code && cli_option(cli, "store"))
		code = conf_override(*conf, "store", "path", cli_option(cli, "store"), err);
	return code ? code : ocsp_settings_read(*conf, settings, err);
}

int cmd_open(struct cli *cli, struct cmd *out, struct err *err)
{
	*out = (struct cmd){ .cli = cli };
	err_clear(err);
	return cmd_read_conf(cli, &out->conf, &out->settings, err);
}

int cmd_open_store(struct cmd *cmd, enum store_mode mode, struct err *err)
{
	return store_open(conf_text(cmd->conf, "store", "path"), mode, &cmd->store, err);
}

void cmd_close(struct cmd *cmd)
{
	store_close(cmd->store);
	ocsp_settings_free(&cmd->settings);
	conf_free(cmd->conf);
}

json_t *cmd_json_time(int64_t when)
{
	return when ? out_time(when) : json_null();
}

json_t *cmd_json_string(const char *text, size_t len)
{
	return len ? out_text(text, len) : json_null();
}

void cmd_json_outcome(json_t *object, const struct outcome *outcome)
{
	bool revoked = outcome->status == REVOCATION_REVOKED;
	const char *word = fault_word(outcome->fault);
	json_object_set_new(object, "status", json_string(revocation_status_name(outcome->status)));
	json_object_set_new(object, "revoked_at", cmd_json_time(outcome->revoked_at));
	json_object_set_new(object, "revocation_reason",
	                    revoked ? json_string(outcome_reason_name(outcome->reason)) : json_null());
	json_object_set_new(object, "this_update", cmd_json_time(outcome->this_update));
	json_object_set_new(object, "next_update", cmd_json_time(outcome->next_update));
	json_object_set_new(object, "source", cmd_json_string(outcome->source, strlen(outcome->source)));
	json_object_set_new(object, "error", cmd_json_string(word, strlen(word)));
}

char *cmd_short_hash(const struct digest *digest, char out[CMD_SHORT_HASH])
{
	char hex[DIGEST_HEX_SIZE];
	memcpy(out, digest_hex(digest, hex), CMD_SHORT_HASH - 1);
	out[CMD_SHORT_HASH - 1] = '\0';
	return out;
}
