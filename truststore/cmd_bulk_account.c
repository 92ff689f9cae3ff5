/* bulk: the account of an import. */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include <string.h>

#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/revocation.h"
#include "truststore/role.h"

json_t *cmd_bulk_check(struct bulk_session *bs, const struct bulk_account *account)
{
	bool new = account->outcomes[BULK_ADDED] + account->outcomes[BULK_REPLACED];
	return new ? revocation_check(&bs->session, account->revision) : NULL;
}

static bool same_cert(const struct bulk_result *a, const struct bulk_result *b)
{
	return digest_equal(&a->id, &b->id) && a->cluster == b->cluster;
}

static const char *word_for(enum bulk_outcome outcome)
{
	switch (outcome) {
	case BULK_ADDED: return "added to";
	case BULK_UPDATED: return "updated in";
	case BULK_REPLACED: return "replaced another in";
	case BULK_KEPT: return "kept in";
	case BULK_REMOVED: return "removed from";
	case BULK_REFUSED: return "refused for";
	default: return "skipped for";
	}
}

static void print_part(struct jsonw *w, const struct bulk_result *r)
{
	char roles[ROLES_TEXT_SIZE], hex[DIGEST_HEX_SIZE];
	jsonw_printf(w, "%s %s", word_for(r->outcome), r->store);
	if (r->roles)
		jsonw_printf(w, " as %s", roles_format(r->roles, roles));
	if (r->withheld && r->outcome != BULK_REFUSED)
		jsonw_printf(w, " (not %s)", roles_format(r->withheld, roles));
	if (r->has_other && r->outcome == BULK_REPLACED)
		jsonw_printf(w, " (%.16s)", digest_hex(&r->other, hex));
	if (r->why) {
		jsonw_plain(w, ": ");
		jsonw_cell(w, r->why, strlen(r->why), 0);
	}
}

void cmd_bulk_print(const struct cli *cli, const struct bulk_batch *batch, const json_t *found)
{
	const struct bulk_account *account = &batch->account;
	struct jsonw w = { 0 };
	struct err ignored;
	char hash[CMD_SHORT_HASH];
	for (size_t i = 0; !cli_quiet(cli) && i < account->count; i++) {
		const struct bulk_result *r = &account->results[i];
		bool first = !i || !same_cert(r, r - 1), last = i + 1 == account->count || !same_cert(r, r + 1);
		if (first) {
			jsonw_printf(&w, "%s ", cmd_short_hash(&r->id, hash));
			jsonw_cell(&w, r->subject ? r->subject : "", r->subject ? strlen(r->subject) : 0, 0);
			jsonw_printf(&w, " of cluster %s: ", r->cluster);
		}
		print_part(&w, r);
		jsonw_plain(&w, last ? "\n" : "; ");
	}
	jsonw_flush(&w, stdout, &ignored);
	jsonw_deinit(&w);
	if (cli_quiet(cli))
		return;
	for (int i = 0; i < BULK_OUTCOME_COUNT; i++)
		if (account->outcomes[i])
			out_printf("%zu membership%s %s%s\n", account->outcomes[i], account->outcomes[i] == 1 ? "" : "s",
			           batch->dry_run ? "would be " : "", bulk_outcome_name((enum bulk_outcome)i));
	if (!account->count)
		out_printf("nothing to import\n");
	if (account->change && !batch->dry_run)
		out_printf("change %llu: `truststore bulk import --undo %llu` takes it back\n", (unsigned long long)account->change,
		           (unsigned long long)account->change);
	if (found)
		revocation_print(cli, found);
}

static void put_result(struct jsonw *w, const struct bulk_result *r)
{
	char roles[ROLES_TEXT_SIZE], hex[DIGEST_HEX_SIZE];
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "store", r->store);
	jsonw_string(w, "outcome", bulk_outcome_name(r->outcome));
	jsonw_words(w, "roles", r->roles ? roles_format(r->roles, roles) : "");
	jsonw_words(w, "withheld", r->withheld ? roles_format(r->withheld, roles) : "");
	jsonw_string(w, "other", r->has_other ? digest_hex(&r->other, hex) : NULL);
	jsonw_string(w, "why", r->why);
	jsonw_close(w, '}');
}

static void put_results(struct jsonw *w, const struct bulk_account *account)
{
	char hex[DIGEST_HEX_SIZE];
	jsonw_open(w, "certificates", '[');
	for (size_t i = 0; i < account->count; i++) {
		const struct bulk_result *r = &account->results[i];
		if (!i || !same_cert(r, r - 1)) {
			jsonw_open(w, NULL, '{');
			jsonw_string(w, "sha256", digest_hex(&r->id, hex));
			jsonw_string(w, "subject", r->subject);
			jsonw_string(w, "cluster", r->cluster);
			jsonw_open(w, "results", '[');
		}
		put_result(w, r);
		if (i + 1 == account->count || !same_cert(r, r + 1)) {
			jsonw_close(w, ']');
			jsonw_close(w, '}');
		}
	}
	jsonw_close(w, ']');
}

static void put_inputs(struct jsonw *w, const struct bulk_batch *batch)
{
	char hex[DIGEST_HEX_SIZE];
	jsonw_open(w, "archives", '[');
	for (size_t i = 0; i < batch->count; i++) {
		const struct bulk_input *input = &batch->inputs[i];
		jsonw_open(w, NULL, '{');
		jsonw_string(w, "type", bulk_rule(input->type)->name);
		jsonw_string(w, "source", input->source);
		jsonw_string(w, "sha256", digest_hex(&input->sha256, hex));
		jsonw_flag(w, "unsigned", input->is_unsigned);
		jsonw_string(w, "cluster", input->is_unsigned ? input->contributions[0].manifest.cluster : batch->only);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

int cmd_bulk_json(const struct bulk_batch *batch, const json_t *found, FILE *stream, struct err *err)
{
	struct jsonw w = { 0 };
	struct digest decisions;
	char hex[DIGEST_HEX_SIZE];
	int code = bulk_account_digest(&batch->account, &decisions, err);
	if (code)
		return code;
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "format", batch->dry_run ? "tvs-bulk-plan" : "tvs-bulk-import");
	jsonw_number(&w, "version", 1);
	jsonw_number(&w, "revision", (int64_t)batch->account.revision);
	if (!batch->dry_run)
		jsonw_number(&w, "change", (int64_t)batch->account.change);
	jsonw_string(&w, "decisions", digest_hex(&decisions, hex));
	put_inputs(&w, batch);
	jsonw_open(&w, "summary", '{');
	for (int i = 0; i < BULK_OUTCOME_COUNT; i++)
		jsonw_number(&w, bulk_outcome_name((enum bulk_outcome)i), (int64_t)batch->account.outcomes[i]);
	jsonw_close(&w, '}');
	put_results(&w, &batch->account);
	if (found)
		revocation_json(&w, found);
	jsonw_close(&w, '}');
	code = jsonw_flush(&w, stream, err);
	jsonw_deinit(&w);
	return code;
}
