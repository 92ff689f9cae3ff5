/* bulk sync: for cron, and quiet when nothing is new. */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/out.h"

const struct cli_option cmd_bulk_sync_options[] = {
	CMD_BULK_TYPE,
	CMD_BULK_SIGNER,
	CMD_BULK_DIRECTORY,
	CMD_BULK_PROFILE,
	{ NULL, 0, NULL, false, false, NULL },
};

struct syncing {
	struct bulk_session *bs;
	struct bulk_batch batch;
	json_t *exported, *consolidated;
	bool refused; /* something waits for an administrator */
};

static int refuse_only(void *arg, const char *cluster, const struct cert *signer, struct err *err)
{
	char hex[DIGEST_HEX_SIZE];
	if (cmd_bulk_named(arg, signer))
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	               "cluster %s signs with a certificate that is not known here, SHA-256 %s: `truststore bulk consolidate --signer` accepts it",
	               cluster, digest_hex(cert_sha256(signer), hex));
}

static int export_type(struct syncing *s, enum bulk_type type, struct err *err)
{
	const struct cli *cli = s->bs->session.cli;
	struct bulk_exported done;
	int code = bulk_export(&s->bs->bulk, type, true, &done, err);
	if (code || !done.changed)
		return code;
	json_array_append_new(s->exported,
	                      json_pack("{s:s, s:I, s:I}", "type", bulk_rule(type)->name, "sequence",
	                                (json_int_t)done.sequence, "certificates", (json_int_t)done.certificates));
	if (!cli_json(cli) && !cli_quiet(cli))
		out_printf("%s: exported %zu certificate%s as number %llu\n", bulk_rule(type)->name, done.certificates,
		           done.certificates == 1 ? "" : "s", (unsigned long long)done.sequence);
	return ERR_OK;
}

static int consolidate_type(struct syncing *s, enum bulk_type type, struct err *err)
{
	const struct cli *cli = s->bs->session.cli;
	struct bulk_consolidated done;
	int code = bulk_consolidate(&s->bs->bulk, type, false, true, &done, err);
	if (code)
		return code;
	if (done.left_out_count) {
		s->refused = true;
		cli_warn(cli, "%s: %zu exports were left out: %s", bulk_rule(type)->name, done.left_out_count, done.left_out);
	}
	if (!done.changed)
		return ERR_OK;
	json_array_append_new(s->consolidated,
	                      json_pack("{s:s, s:I, s:I}", "type", bulk_rule(type)->name, "sequence",
	                                (json_int_t)done.sequence, "clusters", (json_int_t)done.clusters));
	if (!cli_json(cli) && !cli_quiet(cli))
		out_printf("%s: merged the exports of %zu cluster%s as number %llu\n", bulk_rule(type)->name, done.clusters,
		           done.clusters == 1 ? "" : "s", (unsigned long long)done.sequence);
	return ERR_OK;
}

struct known {
	const char *cluster;
	struct bulk_peer own;
};

static int known_work(struct txn *txn, void *arg, struct err *err)
{
	struct known *known = arg;
	int code = bulk_peer_get(txn, known->cluster, &known->own, err);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* Reads the last consolidated archive unless it is the one that was imported already. */
static int load_type(struct syncing *s, enum bulk_type type, struct err *err)
{
	struct bulk *bulk = &s->bs->bulk;
	struct known known = { .cluster = bulk->cluster };
	struct bulk_listing *listing = malloc(sizeof *listing);
	int code = listing ? bulk_list(bulk, type, listing, err) : err_set(err, ERR_MEMORY, "no memory for a list");
	if (!code)
		code = store_read(bulk->store, known_work, &known, err);
	if (!code && listing->has_latest && !digest_equal(&listing->latest.inputs, &known.own.type[type].inputs))
		code = bulk_batch_load(&s->batch, type, &listing->latest, err);
	free(listing);
	return code;
}

static int sync_type(struct syncing *s, enum bulk_type type, struct err *err)
{
	int code = export_type(s, type, err);
	if (code)
		return code;
	code = consolidate_type(s, type, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK; /* nobody has exported this type */
	if (code == ERR_REFUSED) { /* nothing is acceptable */
		s->refused = true;
		cli_warn(s->bs->session.cli, "%s: %s", bulk_rule(type)->name, err_text(err));
		return ERR_OK;
	}
	return code ? code : load_type(s, type, err);
}

static int import_all(struct syncing *s, struct err *err)
{
	const struct cli *cli = s->bs->session.cli;
	if (!s->batch.count)
		return ERR_OK;
	int code = bulk_import(&s->batch, err);
	cli_progress_end(s->bs->session.cli);
	if (code)
		return code;
	if (s->batch.left_out_count) {
		s->refused = true;
		cli_warn(cli, "%zu contributions were left out: %s", s->batch.left_out_count, s->batch.left_out);
	}
	s->refused = s->refused || s->batch.account.outcomes[BULK_REFUSED];
	json_t *found = cmd_bulk_check(s->bs, &s->batch.account);
	if (!cli_json(cli) && s->batch.account.change)
		cmd_bulk_print(cli, &s->batch, found);
	json_decref(found);
	return ERR_OK;
}

static int print_json(struct syncing *s, struct err *err)
{
	json_t *summary = json_object();
	for (int i = 0; i < BULK_OUTCOME_COUNT; i++)
		json_object_set_new(summary, bulk_outcome_name((enum bulk_outcome)i),
		                    json_integer((json_int_t)s->batch.account.outcomes[i]));
	return out_json(json_pack("{s:O, s:O, s:o, s:I, s:b}", "exported", s->exported, "consolidated", s->consolidated,
	                          "imported", summary, "change", (json_int_t)s->batch.account.change, "waiting",
	                          s->refused),
	                err);
}

int cmd_bulk_sync(struct cli *cli)
{
	struct bulk_session bs;
	struct syncing s = { .bs = &bs, .batch = { .bulk = &bs.bulk, .lenient = true } };
	struct err err;
	unsigned types;
	if (cmd_bulk_types(cli, "all", &types, &err))
		return cli_fail(cli, &err);
	int rc = ERR_OK, code = cmd_bulk_open(cli, CMD_BULK_PLACE | CMD_BULK_CLUSTER, &bs);
	s.exported = json_array();
	s.consolidated = json_array();
	bs.bulk.confirm = refuse_only;
	for (int type = 0; !code && !rc && type < BULK_TYPE_COUNT; type++)
		if (types & 1u << type)
			rc = sync_type(&s, (enum bulk_type)type, &err);
	if (!code && !rc)
		rc = import_all(&s, &err);
	if (!code && !rc && cli_json(cli))
		rc = print_json(&s, &err);
	cli_progress_end(cli);
	if (rc)
		code = cli_fail(cli, &err);
	else if (!code && s.refused)
		code = EXIT_NO;
	bulk_batch_deinit(&s.batch);
	json_decref(s.exported);
	json_decref(s.consolidated);
	cmd_bulk_close(&bs);
	return code;
}
