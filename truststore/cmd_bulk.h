/* What the bulk commands share. */
#ifndef TVS_CMD_BULK_H
#define TVS_CMD_BULK_H

#include <jansson.h>

#include "truststore/bulk_import.h"
#include "truststore/cmd.h"

struct bulk_session {
	struct session session;
	struct bulk bulk;
	char *password, *keys;
};

enum { CMD_BULK_PLACE = 1, CMD_BULK_CLUSTER = 2 }; /* what a command cannot do without */

/* Opens store and settings, and what `needs` says. As cmd_open: 0, or the exit code with the sentence printed. cmd_bulk_close may be called in
 * every case. */
int cmd_bulk_open(struct cli *cli, unsigned needs, struct bulk_session *bs);
void cmd_bulk_close(struct bulk_session *bs);

/* Whether --signer names a certificate. */
bool cmd_bulk_named(const struct cli *cli, const struct cert *signer);

/* --type, which must be given unless `fallback` says what it is then. */
int cmd_bulk_types(const struct cli *cli, const char *fallback, unsigned *types, struct err *err);

/* Has ocspcheck look at what an import added, where [ocsp] enable says so; else, and where it could not, NULL. The caller gives it back
 * with json_decref. */
json_t *cmd_bulk_check(struct bulk_session *bs, const struct bulk_account *account);

/* The account of an import or of what one would do, with what that found. */
void cmd_bulk_print(const struct cli *cli, const struct bulk_batch *batch, const json_t *found);
int cmd_bulk_json(const struct bulk_batch *batch, const json_t *found, FILE *stream, struct err *err);

int cmd_bulk_export(struct cli *cli);
int cmd_bulk_consolidate(struct cli *cli);
int cmd_bulk_plan(struct cli *cli);
int cmd_bulk_import(struct cli *cli);
int cmd_bulk_sync(struct cli *cli);
int cmd_bulk_diff(struct cli *cli);
int cmd_bulk_retire(struct cli *cli);
int cmd_bulk_ready(struct cli *cli);

extern const struct cli_option cmd_bulk_export_options[], cmd_bulk_consolidate_options[], cmd_bulk_plan_options[],
	cmd_bulk_import_options[], cmd_bulk_sync_options[], cmd_bulk_retire_options[], cmd_bulk_ready_options[],
	cmd_bulk_diff_options[];

/* Options that several of them have. */
#define CMD_BULK_TYPE { "type", 0, "TYPE", false, false, "tftp, tomcat, capf, itlrecovery or all" }
#define CMD_BULK_DIRECTORY { "directory", 0, "PLACE", false, false, "the shared place instead of [bulk] directory" }
#define CMD_BULK_SIGNER { "signer", 0, "SHA256", true, false, "accept this certificate as the signer of a new cluster" }
#define CMD_BULK_PROFILE                                                                                               \
	{                                                                                                              \
		"profile", 0, "PROFILE", false, false,                                                                 \
			"how archives are encrypted: modern (default) or legacy, for old systems"                      \
	}

#endif
