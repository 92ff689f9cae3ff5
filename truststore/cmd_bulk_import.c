/* bulk plan, bulk import */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/bulk_json.h"

enum { PLAN_MAX = 512 << 20 };

#define UNSIGNED_CLUSTER "unsigned"

#define IMPORT_OPTIONS                                                                                                     \
	CMD_BULK_TYPE,                                                                                                     \
		{ "cluster", 0,     "NAME",                                                                                \
		  false,     false, "a cluster: this one's name (export), or the only one whose certificates are taken" }, \
		CMD_BULK_SIGNER, { "unsigned", 0, NULL, false, false, "take an archive that nobody signed" },              \
		CMD_BULK_DIRECTORY

const struct cli_option cmd_bulk_plan_options[] = {
	IMPORT_OPTIONS,
	{ "out", 'o', "FILE", false, false, "save the plan there, for \"bulk import FILE\"" },
	{ "overwrite", 0, NULL, false, false, "take the place of what is there" },
	{ NULL, 0, NULL, false, false, NULL },
};

const struct cli_option cmd_bulk_import_options[] = {
	IMPORT_OPTIONS,
	{ "yes", 'y', NULL, false, false, "do not ask whether an unsigned archive shall be imported" },
	{ "dry-run", 0, NULL, false, false, "say what would be done, and change nothing" },
	{ "undo", 0, "CHANGE", false, false, "take the import back that made this change" },
	{ "again", 0, NULL, false, false, "also from a cluster that was retired (with --cluster)" },
	{ NULL, 0, NULL, false, false, NULL },
};

static bool is_archive(const char *file)
{
	size_t len = strlen(file);
	return len > 4 && (!strcmp(file + len - 4, ".p12") || !strcmp(file + len - 4, ".pfx"));
}

/* --- what is to be imported */

static int load_types(struct bulk_batch *batch, unsigned types, struct err *err)
{
	int code = ERR_OK;
	size_t missing = 0;
	for (int type = 0; !code && type < BULK_TYPE_COUNT; type++) {
		if (!(types & 1u << type))
			continue;
		code = bulk_batch_load(batch, (enum bulk_type)type, NULL, err);
		if (code == ERR_NOT_FOUND && types & (types - 1)) {
			missing++;
			code = ERR_OK;
		}
	}
	return !code && !batch->count && missing ? ERR_NOT_FOUND : code; /* the sentence stands in err */
}

static int load_unsigned(struct bulk_batch *batch, const struct cli *cli, const char *file, unsigned types, struct err *err)
{
	int type = 0;
	if (types & (types - 1))
		return err_set(err, ERR_USAGE, "%s: one type is wanted for an archive without a manifest", file);
	if (!cli_has(cli, "unsigned"))
		return err_set(err, ERR_REFUSED, "%s: nobody signed this archive; it is taken with --unsigned only", file);
	while (!(types & 1u << type))
		type++;
	return bulk_batch_load_file(batch, (enum bulk_type)type, file, batch->only ? batch->only : UNSIGNED_CLUSTER, err);
}

static int load_planned(struct bulk_batch *batch, const struct cli *cli, const char *plan, const json_t *item, struct err *err)
{
	const char *source, *type;
	struct digest sha256;
	struct bulk_name name;
	unsigned types;
	bool no_signature = json_is_true(json_object_get(item, "unsigned"));
	const char *cluster = json_string_value(json_object_get(item, "cluster"));
	int code = bulk_json_text(plan, item, "source", &source, err);
	if (!code)
		code = bulk_json_text(plan, item, "type", &type, err);
	if (!code)
		code = bulk_types_parse(type, &types, err);
	if (!code)
		code = bulk_json_digest(plan, item, "sha256", &sha256, err);
	if (code)
		return code;
	if (cluster && (code = bulk_cluster_check(plan, cluster, err)))
		return code;
	batch->only = cluster;
	if (no_signature)
		code = load_unsigned(batch, cli, source, types, err);
	else if (!bulk_name_parse(source, BULK_ARCHIVE, &name) || !name.consolidated || types != 1u << name.type)
		code = err_set(err, ERR_MALFORMED, "%s: \"%.100s\" is not a consolidated archive of type %s", plan, source, type);
	else
		code = bulk_batch_load(batch, name.type, &name, err);
	if (!code && !digest_equal(&sha256, &batch->inputs[batch->count - 1].sha256))
		code = err_set(err, ERR_REFUSED, "%s: not the archive that the plan was made for", source);
	return code;
}

/* The plan's JSON stays with the caller: names in the batch borrow from it. */
static int load_plan(struct bulk_batch *batch, const struct cli *cli, const char *file, json_t **root, struct err *err)
{
	char *text;
	const char *format;
	const json_t *archives;
	size_t len;
	int code = infile_read(file, PLAN_MAX, &text, &len, err);
	if (code)
		return code;
	code = bulk_json_parse(file, text, len, 24 * (size_t)BULK_ENTRIES_MAX, root, err);
	free(text);
	if (!code && (bulk_json_text(file, *root, "format", &format, NULL) || strcmp(format, "tvs-bulk-plan")))
		code = err_set(err, ERR_MALFORMED, "%s: neither a plan nor a name that ends in .p12", file);
	if (!code)
		code = bulk_json_number(file, *root, "revision", INT64_MAX, &batch->revision, err);
	if (!code)
		code = bulk_json_digest(file, *root, "decisions", &batch->decisions, err);
	if (!code)
		code = bulk_json_array(file, *root, "archives", BULK_TYPE_COUNT, &archives, err);
	for (size_t i = 0; !code && i < json_array_size(archives); i++)
		code = load_planned(batch, cli, file, json_array_get(archives, i), err);
	batch->planned = true;
	return code;
}

static int load(struct bulk_batch *batch, const struct cli *cli, json_t **root, struct err *err)
{
	const char *file = cli_arg(cli, 0);
	unsigned types = 0;
	*root = NULL;
	if (file && !is_archive(file))
		return load_plan(batch, cli, file, root, err);
	int code = cmd_bulk_types(cli, NULL, &types, err);
	if (code)
		return code;
	return file ? load_unsigned(batch, cli, file, types, err) : load_types(batch, types, err);
}

/* An archive that needs the shared place: all but a file of the command line. A plan says it later. */
static unsigned needs(const struct cli *cli)
{
	return cli_arg(cli, 0) && is_archive(cli_arg(cli, 0)) ? 0 : CMD_BULK_PLACE;
}

/* --- plan */

static int save_plan(const struct cli *cli, const struct bulk_batch *batch, const char *path, struct err *err)
{
	struct outfile *out;
	int code = outfile_open(path, OUTFILE_BY_UMASK, cli_has(cli, "overwrite"), &out, err);
	if (code)
		return code;
	code = cmd_bulk_json(batch, NULL, outfile_stream(out), err);
	if (!code)
		return outfile_commit(out, err);
	outfile_abort(out);
	return code;
}

int cmd_bulk_plan(struct cli *cli)
{
	struct bulk_session bs;
	struct bulk_batch batch = { .dry_run = true, .only = cli_option(cli, "cluster"), .bulk = &bs.bulk };
	struct err err;
	json_t *root = NULL;
	int rc = ERR_OK, code = cmd_bulk_open(cli, needs(cli), &bs);
	if (!code) {
		rc = load(&batch, cli, &root, &err);
		if (!rc)
			rc = bulk_import(&batch, &err);
		cli_progress_end(cli);
		if (!rc && cli_has(cli, "out"))
			rc = save_plan(cli, &batch, cli_option(cli, "out"), &err);
		if (!rc && cli_json(cli))
			rc = cmd_bulk_json(&batch, NULL, stdout, &err);
		else if (!rc)
			cmd_bulk_print(cli, &batch, NULL);
	}
	if (rc)
		code = cmd_fail(cli, &err);
	bulk_batch_deinit(&batch);
	json_decref(root);
	cmd_bulk_close(&bs);
	return code;
}

/* --- import */

static int ask_unsigned(const struct cli *cli, const struct bulk_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct bulk_input *input = &batch->inputs[i];
		int code = !input->is_unsigned || batch->dry_run
		                   ? ERR_OK
		                   : cli_ask(cli, true, "yes", err,
		                             "Import %zu certificates from %s, which nobody signed?",
		                             input->archive.count, input->source);
		if (code)
			return code;
	}
	return ERR_OK;
}

static int do_import(struct bulk_session *bs, struct bulk_batch *batch, json_t **root, struct err *err)
{
	struct cli *cli = bs->session.cli;
	int code = ERR_OK;
	if (cli_has(cli, "again")) {
		if (!batch->only)
			return err_set(err, ERR_USAGE, "--again wants --cluster NAME");
		code = bulk_readmit(bs->bulk.store, batch->only, err);
	}
	if (!code)
		code = load(batch, cli, root, err);
	if (!code)
		code = ask_unsigned(cli, batch, err);
	if (!code)
		code = bulk_import(batch, err);
	cli_progress_end(cli);
	if (code)
		return code;
	json_t *found = batch->dry_run ? NULL : cmd_bulk_check(bs, &batch->account);
	if (cli_json(cli))
		code = cmd_bulk_json(batch, found, stdout, err);
	else
		cmd_bulk_print(cli, batch, found);
	json_decref(found);
	return code;
}

static int undo(struct bulk_session *bs, struct err *err)
{
	const struct cli *cli = bs->session.cli;
	struct bulk_undone done;
	int64_t change;
	bool dry_run = cli_has(cli, "dry-run");
	int code = cmd_number(cli, "undo", 1, INT64_MAX, 0, &change, err);
	if (!code)
		code = bulk_undo(bs->bulk.store, (uint64_t)change, dry_run, &done, err);
	if (code)
		return code;
	if (cli_json(cli))
		return out_json(json_pack("{s:b, s:I, s:I, s:I, s:I}", "dry_run", dry_run, "change",
		                          (json_int_t)done.change, "removed", (json_int_t)done.removed, "restored",
		                          (json_int_t)done.restored, "lost", (json_int_t)done.lost),
		                err);
	if (!cli_quiet(cli))
		out_printf("%s the import of change %llu: %zu removed, %zu restored\n", dry_run ? "would take back" : "took back",
		           (unsigned long long)done.change, done.removed, done.restored);
	if (done.lost)
		cli_warn(cli, "%zu were changed since, and stay as they are", done.lost);
	return ERR_OK;
}

int cmd_bulk_import(struct cli *cli)
{
	struct bulk_session bs;
	struct bulk_batch batch = { .dry_run = cli_has(cli, "dry-run"), .only = cli_option(cli, "cluster"), .bulk = &bs.bulk };
	struct err err;
	json_t *root = NULL;
	bool undoing = cli_has(cli, "undo");
	int code = cmd_bulk_open(cli, undoing ? 0 : needs(cli), &bs);
	if (!code && (undoing ? undo(&bs, &err) : do_import(&bs, &batch, &root, &err)))
		code = cmd_fail(cli, &err);
	bulk_batch_deinit(&batch);
	json_decref(root);
	cmd_bulk_close(&bs);
	return code;
}
