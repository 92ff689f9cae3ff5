/* explain: what a phone would be told, and why, in words. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/view.h"

const struct cli_option cmd_explain_options[] = {
	{ "file", 0, "FILE", false, false, "the certificate in this file (\"-\": standard input)" },
	{ "at", 0, "TIME", false, false, "at another moment: 2026-11-20T12:00:00Z, +30d, -1h" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct explaining {
	struct session *session;
	struct cert *file; /* of --file */
	int64_t at;
	struct view_scene scene;
	struct view view;
	bool stored;
	struct jsonw detail; /* sentences, one a line */
};

/* Adds one sentence; what comes from a certificate is escaped already. */
#define say(explaining, ...) \
	(jsonw_printf(&(explaining)->detail, __VA_ARGS__), jsonw_plain(&(explaining)->detail, "\n"))

static int say_member(const struct store_record *store, const struct digest *cert,
                      const struct member_record *member, void *arg, struct err *err)
{
	struct explaining *e = arg;
	char roles[ROLES_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
	uint32_t given = member->own_roles ? member->roles & store->roles : store->roles;
	(void)cert;
	(void)err;
	clock_format(member->until, until);
	if (member->until <= e->at)
		say(e, "It was in %.*s, but that ended at %s.", (int)store->name.len, store->name.bytes,
		    until);
	else if (!given)
		say(e, "It is in %.*s, which gives it no role.", (int)store->name.len,
		    store->name.bytes);
	else
		say(e, "It is in %.*s, which gives it %s%s%s.", (int)store->name.len, store->name.bytes,
		    roles_format(given, roles), member->until == CLOCK_NEVER ? "" : " until ",
		    member->until == CLOCK_NEVER ? "" : until);
	return ERR_OK;
}

static int say_removed(const struct store_record *store, void *arg, struct err *err)
{
	struct explaining *e = arg;
	uint8_t key[MEMBER_KEY_MAX];
	char name[RECORD_NAME_MAX + 1], when[CLOCK_TEXT_SIZE];
	struct mark_record mark;
	struct span value;
	(void)err;
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	if (txn_get(e->scene.txn, STORE_TOMBSTONE, key, member_key(name, &e->view.id, key), &value) ||
	    mark_record_decode(value, &mark))
		return ERR_OK;
	say(e, "It was removed from %s at %s.", name, clock_format(mark.when, when));
	return ERR_OK;
}

/* Others that look as if they should help: the store knows each by its whole bytes alone. */
static int say_other(const struct digest *id, void *arg, struct err *err)
{
	struct explaining *e = arg;
	struct cert_record record;
	char hash[CMD_SHORT_HASH];
	(void)err;
	if (digest_equal(id, &e->view.id) || trust_cert_get(e->scene.txn, id, &record))
		return ERR_OK;
	say(e, "Another certificate with the same subject is stored: %s, valid from %.10s.",
	    cmd_short_hash(id, hash), clock_format(record.not_before, (char[CLOCK_TEXT_SIZE]){ 0 }));
	return ERR_OK;
}

static int say_issuer(const struct digest *id, void *arg, struct err *err)
{
	struct explaining *e = arg;
	struct cert_record record;
	struct cert *issuer = NULL;
	char hash[CMD_SHORT_HASH];
	if (trust_cert_get(e->scene.txn, id, &record) ||
	    cert_parse(record.der.bytes, record.der.len, &issuer, err))
		return ERR_OK;
	bool issued = cert_issued_by(e->file, issuer);
	cert_free(issuer);
	if (!issued)
		return ERR_OK;
	say(e, "Its issuer is stored (%s), but that does not count: a phone asks about this very certificate, and chains are not followed.",
	    cmd_short_hash(id, hash));
	return ERR_STOPPED;
}

static int say_unknown(struct explaining *e, struct err *err)
{
	if (!e->stored)
		say(e, "It is in no store.");
	int code = trust_store_each(e->scene.txn, say_removed, e, err);
	if (code || !e->file || e->stored)
		return code;
	code = trust_each_by_subject(e->scene.txn, cert_subject_key(e->file), say_other, e, err);
	if (!code && !cert_self_signed(e->file))
		code = trust_each_by_subject(e->scene.txn, cert_issuer_key(e->file), say_issuer, e, err);
	return code == ERR_STOPPED ? ERR_OK : code;
}

static void say_block(struct explaining *e)
{
	struct mark_record mark;
	struct span value;
	char when[CLOCK_TEXT_SIZE];
	if (txn_get(e->scene.txn, STORE_BLOCK, e->view.id.byte, DIGEST_SIZE, &value) ||
	    mark_record_decode(value, &mark))
		return;
	say(e, "It was blocked at %s%s%.*s; that wins over every store.", clock_format(mark.when, when),
	    mark.why.len ? ": " : "", (int)mark.why.len, mark.why.bytes);
}

static void say_revoked(struct explaining *e)
{
	struct revocation_record record;
	struct span value;
	char when[CLOCK_TEXT_SIZE];
	if (txn_get(e->scene.txn, STORE_REVOCATION, e->view.id.byte, DIGEST_SIZE, &value) ||
	    revocation_record_decode(value, &record) || !record.revoked_at)
		say(e, "Its issuer revoked it.");
	else
		say(e, "Its issuer revoked it at %s.", clock_format(record.revoked_at, when));
}

static void say_revocation(struct explaining *e)
{
	const struct answer *answer = &e->view.answer;
	const char *status = revocation_status_name(answer->revocation);
	char when[CLOCK_TEXT_SIZE];
	if (answer->revocation == REVOCATION_NOT_APPLICABLE)
		say(e, "It is self-signed, so nobody could revoke it.");
	else if (answer->revocation == REVOCATION_REVOKED)
		say_revoked(e);
	else if (answer->revocation_until != CLOCK_NEVER && answer->revocation_until <= e->at)
		say(e, "Its revocation status was \"%s\", but that lapsed at %s; the settings %s.", status,
		    clock_format(answer->revocation_until, when),
		    e->view.verdict.reason == REASON_REVOCATION_UNKNOWN ? "do not let that pass"
		                                                        : "let that pass");
	else if (answer->revocation == REVOCATION_GOOD)
		say(e, "Its issuer says that it is not revoked.");
	else
		say(e, "Its revocation status is \"%s\"; the settings %s.", status,
		    e->view.verdict.reason == REASON_REVOCATION_UNKNOWN ? "do not let that pass"
		                                                        : "let that pass");
}

/* True if the revocation status should have been asked for by now. */
static bool check_is_due(const struct explaining *e)
{
	const struct answer *answer = &e->view.answer;
	return answer->revocation_until <= e->at || answer->revocation_next <= e->at ||
	       (answer->revocation == REVOCATION_UNCHECKED && e->scene.policy->checking);
}

/* Which of the bounds of answer_judge decided. */
static const char *ttl_bound(const struct explaining *e)
{
	const struct answer *answer = &e->view.answer;
	uint32_t ttl = e->view.verdict.ttl;
	int64_t end = e->at + ttl;
	if (answer->not_after == end || (answer->not_after == e->at && ttl == 1))
		return "its validity ends then";
	if (answer->not_after < e->at && ttl == ANSWER_PAST_TTL)
		return "it has expired, which the settings allow for a short while at a time";
	if (answer->revocation_next == end)
		return "its revocation status must be asked anew then";
	if (answer->revocation_until == end)
		return "its revocation status lapses then";
	if (answer->revocation != REVOCATION_NOT_APPLICABLE && ttl == ANSWER_PAST_TTL && check_is_due(e))
		return "its revocation status must be asked now";
	for (int role = 0; role < ROLE_COUNT; role++)
		if (answer->role[role].until == end)
			return "its membership ends then";
	return "the TTL of its membership";
}

static int say_why(struct explaining *e, struct err *err)
{
	const struct cert_record *cert = &e->view.cert;
	char when[CLOCK_TEXT_SIZE];
	int code = ERR_OK;
	if (e->stored)
		code = trust_member_each_of_cert(e->scene.txn, &e->view.id, say_member, e, err);
	if (code)
		return code;
	switch (e->view.verdict.reason) {
	case REASON_UNKNOWN:
		return say_unknown(e, err);
	case REASON_BLOCKED:
		say_block(e);
		break;
	case REASON_EXPIRED:
		say(e, "Its validity ended at %s.", clock_format(cert->not_after, when));
		break;
	case REASON_NOT_YET_VALID:
		say(e, "Its validity begins only at %s.", clock_format(cert->not_before, when));
		break;
	case REASON_NO_ROLE:
		say(e, "No store that it is in gives a role, so a phone would trust it for nothing.");
		break;
	case REASON_TRUSTED:
		say(e, "It is valid until %s.", clock_format(cert->not_after, when));
		say_revocation(e);
		say(e, "A phone may remember this for %lu seconds: %s.",
		    (unsigned long)e->view.verdict.ttl, ttl_bound(e));
		break;
	default:
		say_revocation(e);
	}
	return ERR_OK;
}

static int explain_work(struct txn *txn, void *arg, struct err *err)
{
	struct explaining *e = arg;
	struct session *session = e->session;
	struct cert_record record = { .added = CLOCK_NEVER };
	struct digest id;
	int code = view_scene_init(&e->scene, txn, &session->policy, e->at, err);
	if (!code)
		code = cmd_target_id(txn, session->cli, e->file, true, &id, err);
	if (code)
		return code;
	e->stored = trust_cert_get(txn, &id, &record) == ERR_OK;
	if (!e->stored && e->file)
		view_record(e->file, &record);
	code = view_fill(&e->view, &e->scene, &id, &record, err);
	return code ? code : say_why(e, err);
}

static int print_json(struct explaining *e, struct err *err)
{
	const struct verdict *verdict = &e->view.verdict;
	struct jsonw out = { 0 };
	char hex[DIGEST_HEX_SIZE], roles[ROLES_TEXT_SIZE];
	size_t len = e->detail.len;
	if (e->detail.failed)
		return err_set(err, ERR_MEMORY, "no memory for the explanation");
	for (size_t i = 0; i < len; i++)
		if (e->detail.bytes[i] == '\n')
			e->detail.bytes[i] = ' ';
	jsonw_open(&out, NULL, '{');
	jsonw_string(&out, "sha256", digest_hex(&e->view.id, hex));
	jsonw_time(&out, "at", e->at);
	jsonw_flag(&out, "trusted", verdict->trusted);
	jsonw_string(&out, "reason", reason_name(verdict->reason));
	jsonw_words(&out, "roles", verdict->roles ? roles_format(verdict->roles, roles) : "");
	jsonw_number(&out, "ttl", verdict->ttl);
	jsonw_words(&out, "stores", e->view.stores ? e->view.stores : "");
	jsonw_text(&out, "detail", e->detail.bytes, len ? len - 1 : 0);
	jsonw_close(&out, '}');
	int code = jsonw_flush(&out, stdout, err);
	jsonw_deinit(&out);
	return code;
}

static int print_text(struct explaining *e, struct err *err)
{
	const struct verdict *verdict = &e->view.verdict;
	char hex[DIGEST_HEX_SIZE], roles[ROLES_TEXT_SIZE], at[CLOCK_TEXT_SIZE];
	out_printf("certificate %s\n", digest_hex(&e->view.id, hex));
	if (e->view.cert.subject.len)
		out_printf("%.*s\n", (int)e->view.cert.subject.len, e->view.cert.subject.bytes);
	if (cli_has(e->session->cli, "at"))
		out_printf("At %s, as the store stands now, a phone would be told:\n",
		           clock_format(e->at, at));
	else
		out_printf("A phone would be told:\n");
	if (verdict->trusted)
		out_printf("trusted, as %s\n", roles_format(verdict->roles, roles));
	else
		out_printf("not trusted: %s\n", reason_name(verdict->reason));
	if (e->detail.failed)
		return err_set(err, ERR_MEMORY, "no memory for the explanation");
	for (size_t at_byte = 0, len; at_byte < e->detail.len; at_byte += len + 1) {
		const char *line = e->detail.bytes + at_byte;
		len = (size_t)((const char *)memchr(line, '\n', e->detail.len - at_byte) - line);
		out_printf("%.*s\n", (int)len, line);
	}
	return ERR_OK;
}

int cmd_explain(struct cli *cli)
{
	struct session session;
	struct explaining e = { .session = &session };
	struct err err;
	int rc = cmd_target(cli, &e.file, &err);
	if (!rc)
		rc = cmd_time(cli, "at", clock_now(), &e.at, &err);
	int code = rc ? cli_fail(cli, &err) : 0;
	if (code)
		goto out;
	code = cmd_open(cli, STORE_READ, &session);
	if (!code) {
		rc = store_read(session.store, explain_work, &e, &err);
		if (!rc)
			rc = cli_json(cli) ? print_json(&e, &err) : print_text(&e, &err);
		code = rc ? cmd_fail(cli, &err) : e.view.verdict.trusted ? EXIT_YES : EXIT_NO;
	}
	cmd_close(&session);
out:
	view_deinit(&e.view);
	jsonw_deinit(&e.detail);
	cert_free(e.file);
	return code;
}
