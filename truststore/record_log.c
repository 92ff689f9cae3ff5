/* Records of what happens: changes, revocation, own certificates. */
#include "truststore/record.h"

#include "truststore/record_priv.h"

enum { VERSION = 1 };

int revocation_record_encode(const struct revocation_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 64 + in->source.len + in->error.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->status, 1);
	writer_number(&w, in->reason, 1);
	writer_number(&w, in->failures, 2);
	writer_time(&w, in->until);
	writer_time(&w, in->this_update);
	writer_time(&w, in->next_update);
	writer_time(&w, in->checked);
	writer_time(&w, in->next_check);
	writer_time(&w, in->revoked_at);
	writer_text(&w, in->source);
	writer_text(&w, in->error);
	return writer_end(&w, out);
}

int revocation_record_decode(struct span bytes, struct revocation_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	uint8_t status = (uint8_t)reader_number(&r, 1);
	if (status >= REVOCATION_STATUS_COUNT) {
		r.bad = true;
		status = REVOCATION_UNCHECKED;
	}
	out->status = (enum revocation_status)status;
	out->reason = (uint8_t)reader_number(&r, 1);
	out->failures = (uint16_t)reader_number(&r, 2);
	out->until = reader_time(&r);
	out->this_update = reader_time(&r);
	out->next_update = reader_time(&r);
	out->checked = reader_time(&r);
	out->next_check = reader_time(&r);
	out->revoked_at = reader_time(&r);
	out->source = reader_text(&r);
	out->error = reader_text(&r);
	return reader_end(&r);
}

enum { IDENTITY_HAS_CERT = 1 };

int identity_record_encode(const struct identity_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 96 + in->purpose.len + in->key.len + in->csr.len + in->csr_key.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->has_cert ? IDENTITY_HAS_CERT : 0, 1);
	if (in->has_cert)
		writer_digest(&w, &in->cert);
	writer_time(&w, in->created);
	writer_time(&w, in->renewed);
	writer_time(&w, in->csr_created);
	writer_text(&w, in->purpose);
	writer_text(&w, in->key);
	writer_text(&w, in->csr_key);
	writer_bytes(&w, in->csr);
	return writer_end(&w, out);
}

int identity_record_decode(struct span bytes, struct identity_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	out->has_cert = reader_flags(&r, IDENTITY_HAS_CERT);
	out->cert = (struct digest){ { 0 } };
	if (out->has_cert)
		reader_digest(&r, &out->cert);
	out->created = reader_time(&r);
	out->renewed = reader_time(&r);
	out->csr_created = reader_time(&r);
	out->purpose = reader_text(&r);
	out->key = reader_text(&r);
	out->csr_key = reader_text(&r);
	out->csr = reader_bytes(&r);
	return reader_end(&r);
}

static const char *const action_names[CHANGE_ACTION_COUNT] = {
	[CHANGE_ADD] = "add",
	[CHANGE_REMOVE] = "remove",
	[CHANGE_REPLACE] = "replace",
	[CHANGE_END] = "end",
	[CHANGE_BLOCK] = "block",
	[CHANGE_UNBLOCK] = "unblock",
	[CHANGE_STORE] = "store",
	[CHANGE_IDENTITY] = "identity",
	[CHANGE_REVOCATION] = "revocation",
	[CHANGE_LABEL] = "label",
	[CHANGE_RESTORE] = "restore",
	[CHANGE_UPDATE] = "update",
	[CHANGE_OTHER] = "other",
};

const char *change_action_name(enum change_action action)
{
	return action >= CHANGE_ADD && action < CHANGE_ACTION_COUNT ? action_names[action] : "?";
}

enum { CHANGE_HAS_CERT = 1, CHANGE_HAS_LEFT = 2 };

int change_record_encode(const struct change_record *in, struct record *out)
{
	struct writer w;
	writer_begin(&w, 64 + in->store.len + in->who.len + in->detail.len + in->before.len + in->left.len + in->left_revocation.len);
	writer_number(&w, VERSION, 1);
	writer_number(&w, in->action, 1);
	writer_number(&w, (in->has_cert ? CHANGE_HAS_CERT : 0) | (in->left.len ? CHANGE_HAS_LEFT : 0), 1);
	if (in->has_cert)
		writer_digest(&w, &in->cert);
	writer_time(&w, in->when);
	writer_number(&w, in->batch, 8);
	writer_text(&w, in->store);
	writer_text(&w, in->who);
	writer_text(&w, in->detail);
	writer_bytes(&w, in->before);
	if (in->left.len) {
		writer_bytes(&w, in->left);
		writer_bytes(&w, in->left_revocation);
	}
	return writer_end(&w, out);
}

int change_record_decode(struct span bytes, struct change_record *out)
{
	struct reader r;
	reader_begin(&r, bytes, VERSION);
	uint8_t action = (uint8_t)reader_number(&r, 1);
	if (action < CHANGE_ADD || action >= CHANGE_ACTION_COUNT) {
		r.bad = true;
		action = CHANGE_OTHER;
	}
	out->action = (enum change_action)action;
	uint8_t flags = reader_flags(&r, CHANGE_HAS_CERT | CHANGE_HAS_LEFT);
	out->has_cert = flags & CHANGE_HAS_CERT;
	out->cert = (struct digest){ { 0 } };
	if (out->has_cert)
		reader_digest(&r, &out->cert);
	out->when = reader_time(&r);
	out->batch = reader_number(&r, 8);
	out->store = reader_text(&r);
	out->who = reader_text(&r);
	out->detail = reader_text(&r);
	out->before = reader_bytes(&r);
	out->left = out->left_revocation = (struct span){ NULL, 0 };
	if (flags & CHANGE_HAS_LEFT) {
		out->left = reader_bytes(&r);
		out->left_revocation = reader_bytes(&r);
		r.bad |= !out->left.len;
	}
	return reader_end(&r);
}
