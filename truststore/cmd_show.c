/* show: everything that is known of one certificate. */
#include "config.h"

#include "truststore/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/name.h"
#include "truststore/certinfo.h"
#include "truststore/identity.h"
#include "truststore/sheet.h"
#include "truststore/view.h"

const struct cli_option cmd_show_options[] = {
	{ "file", 0, "FILE", false, false, "the certificate in this file (\"-\": standard input)" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct showing {
	struct session *session;
	struct cert *file; /* of --file */
	int purpose;       /* its own certificate is meant; -1: none */
	struct view_scene scene;
	struct view view;
	struct sheet sheet;
	struct jsonw out;
	bool stored, none; /* none: of a block nothing but the digest is known */
};

static void show_name(struct sheet *sheet, const char *key, const uint8_t *der, size_t len)
{
	char *text;
	if (name_text_der(der, len, NAME_SEMICOLON, &text))
		return;
	sheet_string(sheet, key, "  to phones", text);
	free(text);
}

static void show_file(struct showing *showing, const struct cert *cert)
{
	struct sheet *sheet = &showing->sheet;
	const struct cert_record *record = &showing->view.cert;
	char hex[2 * 20 + 1], key[VIEW_KEY_SIZE];
	uint8_t sha1[20];
	size_t len;
	cert_sha1(cert, sha1);
	sheet_string(sheet, "sha1", "SHA-1", hex_encode(sha1, sizeof sha1, false, hex));
	sheet_text(sheet, NULL, "Subject", record->subject.bytes, record->subject.len);
	const uint8_t *name = cert_subject_der(cert, &len);
	show_name(sheet, "subject_semicolon", name, len);
	sheet_text(sheet, NULL, "Issuer", record->issuer.bytes, record->issuer.len);
	name = cert_issuer_der(cert, &len);
	show_name(sheet, "issuer_semicolon", name, len);
	sheet_text(sheet, NULL, "Serial number", record->serial.bytes, record->serial.len);
	sheet_number(sheet, "version", "Version", cert_version(cert));
	sheet_time(sheet, NULL, "Not before", record->not_before);
	sheet_time(sheet, NULL, "Not after", record->not_after);
	sheet_string(sheet, NULL, "Key", view_key(record, key));
	sheet_text(sheet, NULL, "Signature", record->signature.bytes, record->signature.len);
	sheet_flag(sheet, "self_signed", "Self-signed", cert_self_signed(cert));
	sheet_flag(sheet, "ca", "CA", cert_is_ca(cert));
	sheet_list(sheet, "key_usage", "Key usage");
	certinfo_key_usages(cert, sheet_word, sheet);
	sheet_list_end(sheet);
	sheet_list(sheet, "extended_key_usage", "Extended usage");
	certinfo_extended(cert, sheet_word, sheet);
	sheet_list_end(sheet);
	sheet_list(sheet, "names", "Names");
	certinfo_names(cert, sheet_word, sheet);
	sheet_list_end(sheet);
	sheet_list(sheet, "extensions", "Extensions");
	certinfo_extensions(cert, sheet_word, sheet);
	sheet_list_end(sheet);
}

static int show_member(const struct store_record *store, const struct digest *cert,
                       const struct member_record *member, void *arg, struct err *err)
{
	struct showing *showing = arg;
	struct jsonw *out = &showing->out;
	char roles[ROLES_TEXT_SIZE], since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
	uint32_t given = member->own_roles ? member->roles & store->roles : store->roles;
	uint32_t ttl = member->ttl ? member->ttl : store->ttl;
	(void)cert;
	(void)err;
	if (showing->sheet.json) {
		jsonw_open(out, NULL, '{');
		jsonw_text(out, "store", store->name.bytes, store->name.len);
		jsonw_words(out, "roles", given ? roles_format(given, roles) : "");
		jsonw_number(out, "ttl", ttl);
		jsonw_time(out, "since", member->since);
		jsonw_time(out, "until", member->until);
		jsonw_text(out, "origin", member->origin.bytes, member->origin.len);
		jsonw_close(out, '}');
		return ERR_OK;
	}
	clock_format(member->until, until);
	sheet_printf(&showing->sheet, "In store", "%.*s: %s %s, TTL %lu s, since %s%s%s, origin %.*s",
	             (int)store->name.len, store->name.bytes, given ? "roles" : "role",
	             roles_format(given, roles), (unsigned long)ttl,
	             clock_format(member->since, since),
	             member->until == CLOCK_NEVER ? "" : ", until ",
	             member->until == CLOCK_NEVER ? "" : until, (int)member->origin.len,
	             member->origin.bytes);
	return ERR_OK;
}

static int show_removed(const struct store_record *store, void *arg, struct err *err)
{
	struct showing *showing = arg;
	struct jsonw *out = &showing->out;
	uint8_t key[MEMBER_KEY_MAX];
	char name[RECORD_NAME_MAX + 1], when[CLOCK_TEXT_SIZE];
	struct mark_record mark;
	struct span value;
	snprintf(name, sizeof name, "%.*s", (int)store->name.len, store->name.bytes);
	size_t len = member_key(name, &showing->view.id, key);
	if (txn_get(showing->scene.txn, STORE_TOMBSTONE, key, len, &value))
		return ERR_OK;
	if (mark_record_decode(value, &mark))
		return err_set(err, ERR_STORE, "a tombstone is broken: run `truststore verify`");
	if (showing->sheet.json) {
		jsonw_open(out, NULL, '{');
		jsonw_string(out, "store", name);
		jsonw_time(out, "when", mark.when);
		jsonw_text(out, "why", mark.why.bytes, mark.why.len);
		jsonw_close(out, '}');
	} else {
		sheet_printf(&showing->sheet, "Removed from", "%s at %s%s%.*s", name,
		             clock_format(mark.when, when), mark.why.len ? ": " : "",
		             (int)mark.why.len, mark.why.bytes);
	}
	return ERR_OK;
}

static int show_block(struct showing *showing, struct err *err)
{
	struct jsonw *out = &showing->out;
	char when[CLOCK_TEXT_SIZE];
	struct mark_record mark;
	struct span value;
	if (txn_get(showing->scene.txn, STORE_BLOCK, showing->view.id.byte, DIGEST_SIZE, &value)) {
		if (showing->sheet.json)
			jsonw_string(out, "block", NULL);
		return ERR_OK;
	}
	if (mark_record_decode(value, &mark))
		return err_set(err, ERR_STORE, "a block is broken: run `truststore verify`");
	if (showing->sheet.json) {
		jsonw_open(out, "block", '{');
		jsonw_time(out, "since", mark.when);
		jsonw_text(out, "why", mark.why.bytes, mark.why.len);
		jsonw_close(out, '}');
	} else {
		sheet_printf(&showing->sheet, "Blocked", "since %s%s%.*s", clock_format(mark.when, when),
		             mark.why.len ? ": " : "", (int)mark.why.len, mark.why.bytes);
	}
	return ERR_OK;
}

static int show_revocation(struct showing *showing, struct err *err)
{
	const struct answer *answer = &showing->view.answer;
	struct jsonw *out = &showing->out;
	struct revocation_record record = { .source = text_of(NULL), .error = text_of(NULL) };
	struct span value;
	int code = txn_get(showing->scene.txn, STORE_REVOCATION, showing->view.id.byte, DIGEST_SIZE,
	                   &value);
	if (!code && revocation_record_decode(value, &record))
		return err_set(err, ERR_STORE,
		               "a record of a revocation is broken: run `truststore verify`");
	const char *status = revocation_status_name(answer->revocation);
	if (!showing->sheet.json) {
		sheet_printf(&showing->sheet, "Revocation", "%s%s%.*s", status,
		             record.source.len ? ", from " : "", (int)record.source.len,
		             record.source.bytes);
		return ERR_OK;
	}
	jsonw_open(out, "revocation", '{');
	jsonw_string(out, "status", status);
	jsonw_time(out, "until", answer->revocation_until);
	jsonw_time(out, "checked", code ? CLOCK_NEVER : record.checked);
	jsonw_time(out, "next_check", code ? CLOCK_NEVER : record.next_check);
	jsonw_text(out, "source", record.source.bytes, record.source.len);
	jsonw_text(out, "error", record.error.bytes, record.error.len);
	jsonw_close(out, '}');
	return ERR_OK;
}

static int show_own(struct showing *showing, struct err *err)
{
	struct sheet *sheet = &showing->sheet;
	enum purpose purpose = (enum purpose)showing->view.purpose;
	struct identity_record record;
	int code = identity_record_get(showing->scene.txn, purpose, &record, err);
	if (code)
		return code;
	sheet_string(sheet, NULL, "Own certificate", purpose_rule(purpose)->name);
	sheet_text(sheet, "key", "Private key", record.key.bytes, record.key.len);
	sheet_time(sheet, "renewed", record.renewed ? "Renewed" : NULL,
	           record.renewed ? record.renewed : CLOCK_NEVER);
	sheet_time(sheet, "csr_created", record.csr.len ? "Request pending" : NULL,
	           record.csr.len ? record.csr_created : CLOCK_NEVER);
	return ERR_OK;
}

/* What a store says of the certificate, and what a phone would be told now. */
static int show_trust(struct showing *showing, struct err *err)
{
	struct sheet *sheet = &showing->sheet;
	struct view *view = &showing->view;
	struct txn *txn = showing->scene.txn;
	char roles[ROLES_TEXT_SIZE];
	if (view->cert.label.len)
		sheet_text(sheet, NULL, "Label", view->cert.label.bytes, view->cert.label.len);
	if (view->cert.owner.len)
		sheet_text(sheet, NULL, "Owner", view->cert.owner.bytes, view->cert.owner.len);
	if (showing->stored)
		sheet_time(sheet, NULL, "Added", view->cert.added);
	int code = view->purpose >= 0 ? show_own(showing, err) : ERR_OK;
	if (code)
		return code;
	sheet_list(sheet, "memberships", NULL);
	code = trust_member_each_of_cert(txn, &view->id, show_member, showing, err);
	sheet_list_end(sheet);
	sheet_list(sheet, "removed", NULL);
	if (!code)
		code = trust_store_each(txn, show_removed, showing, err);
	sheet_list_end(sheet);
	if (!code)
		code = show_block(showing, err);
	if (!code && showing->stored)
		code = show_revocation(showing, err);
	if (view->verdict.trusted)
		sheet_printf(sheet, "Answer now", "trusted as %s, to be remembered for %lu s",
		             roles_format(view->verdict.roles, roles), (unsigned long)view->verdict.ttl);
	else
		sheet_printf(sheet, "Answer now", "not trusted: %s", reason_name(view->verdict.reason));
	return code;
}

/* Fills the view; for a certificate that is not stored from the file, for a block from nothing. */
static int look(struct showing *showing, const struct digest *id, struct err *err)
{
	struct cert_record record = { .added = CLOCK_NEVER };
	showing->stored = trust_cert_get(showing->scene.txn, id, &record) == ERR_OK;
	showing->none = !showing->stored && !showing->file;
	if (!showing->stored && showing->file)
		view_record(showing->file, &record);
	return view_fill(&showing->view, &showing->scene, id, &record, err);
}

static int show_all(struct showing *showing, struct err *err)
{
	struct sheet *sheet = &showing->sheet;
	struct span der = showing->view.cert.der;
	char hex[DIGEST_HEX_SIZE];
	struct cert *cert = NULL;
	int code = showing->none ? ERR_OK : cert_parse(der.bytes, der.len, &cert, err);
	if (code)
		return code;
	if (sheet->json)
		jsonw_open(&showing->out, NULL, '{');
	if (sheet->json && cert)
		view_json(&showing->out, &showing->view);
	else
		sheet_string(sheet, "sha256", "SHA-256", digest_hex(&showing->view.id, hex));
	if (!cert) {
		sheet_flag(sheet, "trusted", NULL, showing->view.verdict.trusted);
		sheet_string(sheet, "reason", NULL, reason_name(showing->view.verdict.reason));
	} else {
		show_file(showing, cert);
	}
	code = show_trust(showing, err);
	if (sheet->json)
		jsonw_close(&showing->out, '}');
	cert_free(cert);
	return code;
}

static int target(struct showing *showing, struct digest *id, struct err *err)
{
	const struct view_scene *scene = &showing->scene;
	if (showing->purpose < 0)
		return cmd_target_id(scene->txn, showing->session->cli, showing->file, false, id, err);
	if (!scene->own[showing->purpose])
		return err_set(err, ERR_NOT_FOUND, "there is no own certificate for %s",
		               purpose_rule((enum purpose)showing->purpose)->name);
	*id = scene->own_cert[showing->purpose];
	return ERR_OK;
}

static int show_work(struct txn *txn, void *arg, struct err *err)
{
	struct showing *showing = arg;
	struct session *session = showing->session;
	struct digest id;
	int code = view_scene_init(&showing->scene, txn, &session->policy, session->now, err);
	if (!code)
		code = target(showing, &id, err);
	if (!code)
		code = look(showing, &id, err);
	return code ? code : show_all(showing, err);
}

static int show(struct showing *showing, struct cli *cli)
{
	struct session session;
	struct err err;
	showing->session = &session;
	showing->sheet = (struct sheet){ .out = &showing->out, .json = cli_json(cli) };
	int code = cmd_open(cli, STORE_READ, &session);
	if (!code && (store_read(session.store, show_work, showing, &err) ||
	              jsonw_flush(&showing->out, stdout, &err)))
		code = cmd_fail(cli, &err);
	view_deinit(&showing->view);
	jsonw_deinit(&showing->out);
	cert_free(showing->file);
	cmd_close(&session);
	return code;
}

int cmd_show(struct cli *cli)
{
	struct showing showing = { .purpose = -1 };
	struct err err;
	if (cmd_target(cli, &showing.file, &err))
		return cli_fail(cli, &err);
	return show(&showing, cli);
}

int cmd_identity_show(struct cli *cli)
{
	struct showing showing = { .purpose = -1 };
	enum purpose purpose;
	struct err err;
	if (purpose_parse(cli_arg(cli, 0), &purpose, &err))
		return cli_fail(cli, &err);
	showing.purpose = (int)purpose;
	return show(&showing, cli);
}
