/* ocspcheck status: what is known of every certificate, and what phones are told. */
#include <stdlib.h>
#include <string.h>

#include "ocsp/cmd.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/trust.h"

struct listing {
	struct cmd cmd;
	struct txn *txn;
	int64_t now;
	json_t *list;            /* with --json */
	struct out_table *table; /* else */
};

/* One certificate's line. */
struct line {
	const struct digest *id;
	struct text subject;
	struct revocation_record record;
	struct verdict verdict;
};

static void read_line(struct listing *l, const struct digest *id, const struct cert_record *cert,
                      struct line *line)
{
	struct span value;
	struct answer answer;
	*line = (struct line){ .id = id, .subject = cert->subject };
	if (cert->self_signed)
		line->record.status = REVOCATION_NOT_APPLICABLE;
	else if (txn_get(l->txn, STORE_REVOCATION, id->byte, DIGEST_SIZE, &value) ||
	         revocation_record_decode(value, &line->record))
		line->record = (struct revocation_record){ .status = REVOCATION_UNCHECKED };
	bool known = trust_answer(l->txn, id, &answer) == ERR_OK;
	answer_judge(known ? &answer : NULL, l->now, &l->cmd.settings.policy, &line->verdict);
}

static void json_line(struct listing *l, const struct line *line)
{
	const struct revocation_record *r = &line->record;
	char hex[DIGEST_HEX_SIZE];
	json_t *object = json_object();
	json_object_set_new(object, "sha256", json_string(digest_hex(line->id, hex)));
	json_object_set_new(object, "subject", out_text(line->subject.bytes, line->subject.len));
	json_object_set_new(object, "status", json_string(revocation_status_name(r->status)));
	json_object_set_new(object, "checked", cmd_json_time(r->checked));
	json_object_set_new(object, "next_check", cmd_json_time(r->next_check));
	json_object_set_new(object, "until", cmd_json_time(r->until));
	json_object_set_new(object, "this_update", cmd_json_time(r->this_update));
	json_object_set_new(object, "next_update", cmd_json_time(r->next_update));
	json_object_set_new(object, "revoked_at", cmd_json_time(r->revoked_at));
	json_object_set_new(object, "revocation_reason", r->status == REVOCATION_REVOKED
	                    ? json_string(outcome_reason_name(r->reason)) : json_null());
	json_object_set_new(object, "failures", json_integer(r->failures));
	json_object_set_new(object, "source", cmd_json_string(r->source.bytes, r->source.len));
	json_object_set_new(object, "error", cmd_json_string(r->error.bytes, r->error.len));
	json_object_set_new(object, "trusted", json_boolean(line->verdict.trusted));
	json_object_set_new(object, "reason", json_string(reason_name(line->verdict.reason)));
	json_object_set_new(object, "ttl", json_integer(line->verdict.ttl));
	json_array_append_new(l->list, object);
}

static void cut_text(char *out, size_t size, struct text text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	memcpy(out, len ? text.bytes : "", len);
	out[len] = '\0';
}

/* About as long as people want to know it: "45s", "90m", "21h", "30d". */
static const char *span_of(int64_t seconds, char out[CLOCK_TEXT_SIZE])
{
	int64_t unit = seconds < 120 ? 1 : seconds < 2 * 3600 ? 60 : seconds < 2 * 86400 ? 3600 : 86400;
	return duration_format(seconds < 0 ? 0 : seconds / unit * unit, out);
}

static const char *status_of(const struct revocation_record *record, char out[64])
{
	bool revoked = record->status == REVOCATION_REVOKED;
	snprintf(out, 64, "%s%s%s%s", revocation_status_name(record->status), revoked ? " (" : "",
	         revoked ? outcome_reason_name(record->reason) : "", revoked ? ")" : "");
	return out;
}

static int table_line(struct listing *l, const struct line *line)
{
	const struct revocation_record *r = &line->record;
	char hash[CMD_SHORT_HASH], age[CLOCK_TEXT_SIZE], again[CLOCK_TEXT_SIZE], failures[48], told[40], status[64];
	char source[256], subject[512], word[32];
	cut_text(source, sizeof source, r->source);
	cut_text(subject, sizeof subject, line->subject);
	cut_text(word, sizeof word, r->error);
	snprintf(failures, sizeof failures, "%u %s", r->failures, word);
	snprintf(told, sizeof told, "%s%s", line->verdict.trusted ? "" : "not trusted: ",
	         reason_name(line->verdict.reason));
	const char *const cells[] = {
		cmd_short_hash(line->id, hash), status_of(r, status),
		r->checked ? span_of(l->now - r->checked, age) : "-",
		!r->next_check ? "-" : r->next_check <= l->now ? "due" : span_of(r->next_check - l->now, again),
		r->failures ? failures : "-", told, *source ? source : "-", subject
	};
	return out_table_row(l->table, cells);
}

static int visit(const struct digest *id, const struct cert_record *cert, void *arg, struct err *err)
{
	(void)err;
	struct listing *l = arg;
	struct line line;
	read_line(l, id, cert, &line);
	if (l->table)
		return table_line(l, &line);
	json_line(l, &line);
	return ERR_OK;
}

static int visit_named(struct listing *l, const char *hash, struct err *err)
{
	struct digest_prefix prefix;
	struct digest id;
	struct cert_record cert;
	int code = digest_prefix_parse(hash, &prefix, err);
	if (!code)
		code = trust_resolve(l->txn, &prefix, &id, err);
	if (!code && (code = trust_cert_get(l->txn, &id, &cert)))
		err_set(err, code, "%s is not stored", hash);
	return code ? code : visit(&id, &cert, l, err);
}

static int list_all(struct txn *txn, void *arg, struct err *err)
{
	struct listing *l = arg;
	int code = ERR_OK;
	l->txn = txn;
	if (cli_argc(l->cmd.cli) == 0)
		return trust_cert_each(txn, visit, l, err);
	for (int i = 0; i < cli_argc(l->cmd.cli) && !code; i++)
		code = visit_named(l, cli_arg(l->cmd.cli, i), err);
	return code;
}

static int list(struct listing *l, struct err *err)
{
	static const char *const headings[] = { "CERTIFICATE", "STATUS", "ASKED", "AGAIN IN", "FAILURES",
	                                        "PHONES ARE TOLD", "SOURCE", "SUBJECT" };
	int code = cmd_open_store(&l->cmd, STORE_READ, err);
	if (code)
		return code;
	l->now = clock_now();
	if (cli_json(l->cmd.cli))
		l->list = json_array();
	else
		l->table = out_table_new(headings, sizeof headings / sizeof *headings);
	if (!l->list && !l->table)
		return err_set(err, ERR_MEMORY, "no memory");
	code = store_read(l->cmd.store, list_all, l, err);
	if (code == ERR_MEMORY)
		err_set(err, code, "no memory");
	if (!code && l->table)
		out_table_print(l->table, stdout);
	else if (!code)
		return out_json(l->list, err);
	json_decref(l->list);
	return code;
}

int cmd_status(struct cli *cli)
{
	struct listing l = { .now = 0 };
	struct err err;
	int code = cmd_open(cli, &l.cmd, &err);
	if (!code)
		code = list(&l, &err);
	out_table_free(l.table);
	cmd_close(&l.cmd);
	if (code == ERR_NOT_FOUND && l.cmd.store) {
		cli_fail(cli, &err);
		return EXIT_NO;
	}
	return code ? cli_fail(cli, &err) : EXIT_YES;
}
