/* One request in, one response out: what the service knows, said in the phones' protocol.
 *
 * Never blocks, allocates nothing, parses no certificate: a verification is SHA-256 over the certificate as it
 * stands on the wire, one look-up and one judgement.
 */
#ifndef TVS_RESPOND_H
#define TVS_RESPOND_H

#include "truststore/answer.h"
#include "truststore/base/digest.h"
#include "truststore/store.h"
#include "tvs/proto.h"

/* What it works with; belongs to the caller, one a worker. */
struct respond {
	struct txn *reader;          /* of store_reader_new; begun and ended by each call */
	struct answer_policy policy;
};

/* What was asked and answered, for the log line and the counters. */
struct respond_result {
	enum proto_error error;       /* PROTO_OK unless the frame is malformed */
	struct proto_message request; /* borrows from the frame; all zero if that is malformed */
	bool has_cert;
	struct digest cert;           /* the certificate that was asked about (verification) or found (query) */
	struct verdict verdict;       /* not trusted unless everything says so */
};

/* Answers the request `frame` (exactly one frame) at the time `now`. `out` has room for PROTO_MAX_FRAME bytes and
 * must not overlap the frame; `*out_len` is the length of the response, 0 with any error. Returns
 * ERR_OK: there is a response (trusted or not: see result->verdict). A request that lacks an element it needs,
 *   or whose names are none, is answered "not trusted", reason malformed;
 * ERR_MALFORMED: the frame is none (result->error says why): close the connection;
 * another code (ERR_STORE ...): the store could not be asked, `err` says why: close the connection, so that the
 *   phone tries its next server. `result` is always filled. */
int respond(struct respond *self, int64_t now, const uint8_t *frame, size_t len,
            uint8_t *out, size_t *out_len, struct respond_result *result, struct err *err);

#endif
