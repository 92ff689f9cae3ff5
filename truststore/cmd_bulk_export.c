/* bulk export, bulk consolidate */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include "truststore/base/out.h"

const struct cli_option cmd_bulk_export_options[] = {
	CMD_BULK_TYPE,
	{ "cluster", 0, "NAME", false, false, "a cluster: this one's name (export), or the only one whose certificates are taken" },
	CMD_BULK_DIRECTORY,
	CMD_BULK_PROFILE,
	{ NULL, 0, NULL, false, false, NULL },
};

static void print_export(const struct cli *cli, enum bulk_type type, const struct bulk_exported *done)
{
	if (!cli_quiet(cli))
		out_printf("%s: exported %zu certificate%s as number %llu: %s\n", bulk_rule(type)->name, done->certificates,
		           done->certificates == 1 ? "" : "s", (unsigned long long)done->sequence, done->name);
}

static json_t *export_json(enum bulk_type type, const struct bulk_exported *done)
{
	char archive[DIGEST_HEX_SIZE], signer[DIGEST_HEX_SIZE];
	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "type", bulk_rule(type)->name, "sequence",
	                 (json_int_t)done->sequence, "certificates", (json_int_t)done->certificates, "sha256",
	                 digest_hex(&done->archive, archive), "signer", digest_hex(&done->signer, signer), "manifest",
	                 done->name);
}

int cmd_bulk_export(struct cli *cli)
{
	struct bulk_session bs;
	struct bulk_exported done;
	struct err err;
	unsigned types;
	if (cmd_bulk_types(cli, NULL, &types, &err))
		return cli_fail(cli, &err);
	int code = cmd_bulk_open(cli, CMD_BULK_PLACE | CMD_BULK_CLUSTER, &bs);
	json_t *all = json_array();
	for (int type = 0; !code && type < BULK_TYPE_COUNT; type++) {
		if (!(types & 1u << type))
			continue;
		if (bulk_export(&bs.bulk, (enum bulk_type)type, false, &done, &err))
			code = cli_fail(cli, &err);
		else if (cli_json(cli))
			json_array_append_new(all, export_json((enum bulk_type)type, &done));
		else
			print_export(cli, (enum bulk_type)type, &done);
	}
	cli_progress_end(cli);
	if (!code && cli_json(cli) && out_json(json_incref(all), &err))
		code = cli_fail(cli, &err);
	json_decref(all);
	cmd_bulk_close(&bs);
	return code;
}

const struct cli_option cmd_bulk_consolidate_options[] = {
	CMD_BULK_TYPE,
	CMD_BULK_SIGNER,
	CMD_BULK_DIRECTORY,
	CMD_BULK_PROFILE,
	{ NULL, 0, NULL, false, false, NULL },
};

static void print_consolidated(const struct cli *cli, enum bulk_type type, const struct bulk_consolidated *done)
{
	const char *name = bulk_rule(type)->name;
	if (cli_quiet(cli))
		return;
	if (done->changed)
		out_printf("%s: merged %zu certificate%s of %zu cluster%s as number %llu: %s\n", name,
		           done->certificates, done->certificates == 1 ? "" : "s", done->clusters,
		           done->clusters == 1 ? "" : "s", (unsigned long long)done->sequence, done->name);
	else
		out_printf("%s: nothing new since number %llu\n", name, (unsigned long long)done->sequence);
}

/* With --type all, a type of which there is no export is no failure. */
static int consolidate_one(struct bulk_session *bs, enum bulk_type type, bool all, struct bulk_consolidated *done, bool *there)
{
	struct err err;
	int code = bulk_consolidate(&bs->bulk, type, false, false, done, &err);
	*there = !code;
	if (!code || (code == ERR_NOT_FOUND && all))
		return EXIT_YES;
	return cmd_fail(bs->session.cli, &err);
}

int cmd_bulk_consolidate(struct cli *cli)
{
	struct bulk_session bs;
	struct bulk_consolidated done;
	struct err err;
	unsigned types;
	bool there;
	if (cmd_bulk_types(cli, "all", &types, &err))
		return cli_fail(cli, &err);
	int code = cmd_bulk_open(cli, CMD_BULK_PLACE, &bs);
	size_t found = 0;
	json_t *all = json_array();
	for (int type = 0; !code && type < BULK_TYPE_COUNT; type++) {
		if (!(types & 1u << type))
			continue;
		code = consolidate_one(&bs, (enum bulk_type)type, types & (types - 1), &done, &there);
		if (code || !there)
			continue;
		found++;
		if (!cli_json(cli))
			print_consolidated(cli, (enum bulk_type)type, &done);
		json_array_append_new(all, json_pack("{s:s, s:b, s:I, s:I, s:I, s:s}", "type",
		                                     bulk_rule((enum bulk_type)type)->name, "changed", done.changed,
		                                     "sequence", (json_int_t)done.sequence, "clusters",
		                                     (json_int_t)done.clusters, "certificates",
		                                     (json_int_t)done.certificates, "manifest", done.name));
	}
	cli_progress_end(cli);
	if (!code && !found)
		code = (cli_failf(cli, "%s: there is no export", bulk_place_name(bs.bulk.place)), EXIT_NO);
	if (!code && cli_json(cli) && out_json(json_incref(all), &err))
		code = cli_fail(cli, &err);
	json_decref(all);
	cmd_bulk_close(&bs);
	return code;
}
