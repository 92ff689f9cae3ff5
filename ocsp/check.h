/* One certificate's way: whom to ask, the request, the response, else the list, and the outcome. */
#ifndef TVS_OCSP_CHECK_H
#define TVS_OCSP_CHECK_H

#include <ev.h>
#include <stdbool.h>

#include "ocsp/certid.h"
#include "ocsp/lists.h"
#include "ocsp/ocsp_settings.h"
#include "ocsp/outcome.h"
#include "ocsp/responder.h"
#include "ocsp/response.h"

/* What all checks of a process share. */
struct checker;

/* `store` may be NULL. `force`: neither pauses nor lists from before this process count. The arguments are borrowed.
 * NULL when there is no memory. checker_free ends what is under way without calling anybody back. */
struct checker *checker_new(struct ev_loop *loop, struct store *store, const struct ocsp_settings *settings,
                            bool force);
void checker_free(struct checker *checker);
struct responders *checker_responders(struct checker *checker);

enum { CHECK_MAX_ATTEMPTS = 3 * SOURCE_MAX };

/* One question to one server. */
struct check_attempt {
	const char *url;
	bool list;              /* a CRL; else OCSP */
	enum certid_hash hash;  /* of the CertID */
	enum fault fault;       /* FAULT_NONE: a usable and fresh answer */
	long http_status;       /* 0: none */
};

struct check_result {
	struct outcome outcome;
	struct check_attempt attempts[CHECK_MAX_ATTEMPTS];
	size_t attempt_count;
	enum signer_kind signer;        /* of the response that counts */
	enum response_nonce nonce;
	const uint8_t *response;        /* the last OCSP response that came, whatever it was worth; NULL: none */
	size_t response_len;
};
/* What is borrowed lives for the call. */
typedef void check_done_fn(const struct check_result *result, void *arg);

enum check_nonce { CHECK_NONCE_AS_SET, CHECK_NONCE_REQUIRED, CHECK_NONCE_OFF };

struct check_how {
	const struct cert *cert;
	const struct cert *issuer; /* NULL: not known. Both must live until `done` was called */
	const char *url;           /* asked instead of all that settings and certificate name; NULL: not */
	enum check_nonce nonce;
	check_done_fn *done;       /* called once, perhaps before check_start returns */
	void *arg;
};

/* ERR_MEMORY: `done` will not be called. */
int check_start(struct checker *checker, const struct check_how *how);

#endif
