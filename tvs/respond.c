#include "tvs/respond.h"

#include <string.h>

#include "truststore/base/name.h"
#include "truststore/record.h"
#include "truststore/role.h"
#include "truststore/trust.h"

/* Judges one certificate by its answer record. */
static int judge(struct respond *self, const struct digest *cert, int64_t now,
                 struct verdict *out, struct err *err)
{
	struct answer answer;
	int code = trust_answer(self->reader, cert, &answer);
	if (code && code != ERR_NOT_FOUND)
		return err_set(err, code, "the store could not be asked: %s", err_str(code));
	answer_judge(code ? NULL : &answer, now, &self->policy, out);
	return ERR_OK;
}

static int verify(struct respond *self, int64_t now, struct respond_result *result,
                  struct err *err)
{
	struct span certificate = result->request.certificate;
	if (!certificate.len) {
		result->verdict.reason = REASON_MALFORMED;
		return ERR_OK;
	}
	digest_of(certificate.bytes, certificate.len, &result->cert);
	result->has_cert = true;
	return judge(self, &result->cert, now, &result->verdict, err);
}

/* A query while it walks over the certificates that fit issuer and serial. */
struct search {
	struct respond *self;
	int64_t now;
	bool by_subject;
	struct digest subject;
	struct respond_result *result;
	struct span der; /* of the certificate in `result` */
};

/* True if the certificate's subject is the one that was asked for. */
static bool subject_fits(const struct search *search, const struct cert_record *cert)
{
	struct digest subject;
	return !search->by_subject ||
	       (!name_digest_text(cert->subject.bytes, cert->subject.len, &subject) &&
	        digest_equal(&subject, &search->subject));
}

/* Keeps the first certificate that fits, or the first trusted one. */
static int visit(const struct digest *id, void *arg, struct err *err)
{
	struct search *search = arg;
	struct respond_result *result = search->result;
	struct cert_record cert;
	int code = trust_cert_get(search->self->reader, id, &cert);
	if (code)
		return err_set(err, ERR_STORE, "the index names a certificate that is not there");
	if (!subject_fits(search, &cert))
		return ERR_OK;
	struct verdict verdict;
	code = judge(search->self, id, search->now, &verdict, err);
	if (code)
		return code;
	if (!result->has_cert || verdict.trusted) {
		result->has_cert = true;
		result->cert = *id;
		result->verdict = verdict;
		search->der = cert.der;
	}
	return verdict.trusted ? ERR_STOPPED : ERR_OK;
}

static int query(struct respond *self, int64_t now, struct respond_result *result,
                 struct span *der, struct err *err)
{
	const struct proto_message *request = &result->request;
	struct search search = { .self = self, .now = now, .result = result,
	                         .by_subject = request->subject.len > 0 };
	struct digest issuer, key;
	if (!request->serial.len || !request->issuer.len ||
	    name_digest_text((const char *)request->issuer.bytes, request->issuer.len, &issuer) ||
	    (search.by_subject && name_digest_text((const char *)request->subject.bytes,
	                                           request->subject.len, &search.subject))) {
		result->verdict.reason = REASON_MALFORMED;
		return ERR_OK;
	}
	name_issuer_serial(&issuer, request->serial.bytes, request->serial.len, &key);
	int code = trust_each_by_issuer_serial(self->reader, &key, visit, &search, err);
	*der = search.der;
	return code == ERR_STOPPED || code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* The roles as on the wire, in the order of their bytes. */
static size_t role_bytes(uint32_t roles, uint8_t out[ROLE_COUNT])
{
	size_t count = 0;
	for (int role = 0; role < ROLE_COUNT; role++)
		if (roles & ROLE_BIT(role))
			out[count++] = role_byte((enum role)role);
	return count;
}

static size_t write_response(const struct respond_result *result, struct span der, uint8_t *out)
{
	const struct verdict *verdict = &result->verdict;
	bool is_query = result->request.type == PROTO_QUERY_REQ;
	struct proto_message response = {
		.type = is_query ? PROTO_QUERY_RES : PROTO_VERIFY_RES,
		.session = result->request.session,
		.has_status = true,
		.status = verdict->trusted ? PROTO_TRUSTED : PROTO_NOT_TRUSTED,
	};
	uint8_t roles[ROLE_COUNT];
	if (verdict->trusted) {
		if (is_query)
			response.certificate = der;
		response.roles = (struct span){ roles, role_bytes(verdict->roles, roles) };
		response.has_ttl = true;
		response.ttl = verdict->ttl;
	}
	return proto_write(&response, out, PROTO_MAX_FRAME);
}

static int answer(struct respond *self, int64_t now, struct respond_result *result,
                  uint8_t *out, size_t *out_len, struct err *err)
{
	int code = store_reader_begin(self->reader, err);
	if (code)
		return code;
	struct span der = { NULL, 0 };
	if (result->request.type == PROTO_QUERY_REQ)
		code = query(self, now, result, &der, err);
	else
		code = verify(self, now, result, err);
	if (!code)
		*out_len = write_response(result, der, out);
	store_reader_end(self->reader);
	if (code)
		return code;
	if (!*out_len)
		return err_set(err, ERR_LIMIT, "the answer is too long for the protocol");
	return ERR_OK;
}

int respond(struct respond *self, int64_t now, const uint8_t *frame, size_t len,
            uint8_t *out, size_t *out_len, struct respond_result *result, struct err *err)
{
	memset(result, 0, sizeof *result);
	result->verdict.reason = REASON_UNKNOWN;
	*out_len = 0;
	result->error = proto_read(frame, len, PROTO_TO_SERVER, &result->request);
	if (result->error) {
		result->verdict.reason = REASON_MALFORMED;
		return err_set(err, ERR_MALFORMED, "malformed request: %s",
		               proto_error_name(result->error));
	}
	int code = answer(self, now, result, out, out_len, err);
	if (code) {
		enum reason reason = result->verdict.reason;
		result->verdict = (struct verdict){ .reason = reason };
	}
	return code;
}
