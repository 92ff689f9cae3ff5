/* bulk retire */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include "truststore/base/clock.h"
#include "truststore/base/out.h"

const struct cli_option cmd_bulk_retire_options[] = {
	{ "after", 0, "DURATION", false, false, "not at once but after this time" },
	{ "dry-run", 0, NULL, false, false, "say what would be done, and change nothing" },
	{ NULL, 0, NULL, false, false, NULL },
};

static int report(const struct cli *cli, const struct bulk_retired *done, int64_t end, struct err *err)
{
	char when[CLOCK_TEXT_SIZE];
	bool dry_run = cli_has(cli, "dry-run");
	clock_format(end, when);
	if (cli_json(cli))
		return out_json(json_pack("{s:b, s:s, s:I, s:I, s:s}", "dry_run", dry_run, "cluster", cli_arg(cli, 0),
		                          "certificates", (json_int_t)done->certificates, "memberships",
		                          (json_int_t)done->memberships, "until", when),
		                err);
	if (!cli_quiet(cli))
		out_printf("%s %zu certificate%s of cluster %s (%zu membership%s), as of %s\n",
		           dry_run ? "would retire" : "retired", done->certificates, done->certificates == 1 ? "" : "s",
		           cli_arg(cli, 0), done->memberships, done->memberships == 1 ? "" : "s", when);
	return ERR_OK;
}

int cmd_bulk_retire(struct cli *cli)
{
	struct session session;
	struct bulk_retired done;
	struct err err;
	int64_t after;
	if (bulk_cluster_check("CLUSTER", cli_arg(cli, 0), &err) || cmd_duration(cli, "after", 0, &after, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (!code && (bulk_retire(session.store, cli_arg(cli, 0), after, cli_has(cli, "dry-run"), &done, &err) ||
	              report(cli, &done, session.now + after, &err)))
		code = cmd_fail(cli, &err);
	cmd_close(&session);
	return code;
}
