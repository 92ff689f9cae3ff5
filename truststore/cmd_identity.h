/* What the commands for own certificates share. */
#ifndef TVS_CMD_IDENTITY_H
#define TVS_CMD_IDENTITY_H

#include "truststore/advice.h"
#include "truststore/cmd.h"
#include "truststore/identity.h"

/* One call of such a command. */
struct own {
	struct session session;
	enum purpose purpose;
	struct identity_wish wish;
	char *keys;
	const char **san;
	/* of own_names */
	struct identity_model names, names_in_use;
	char *names_text;        /* NULL: it was not called */
	char *names_in_use_text; /* NULL: there is no certificate */
};

/* Reads purpose and options, opens the store. On failure the sentence was printed. own_close may be called in every case. */
int own_open(struct cli *cli, enum store_mode mode, struct own *own);
void own_close(struct own *own);

/* Asks what must be known before an anchor or a certificate is renewed: `question` (NULL: none) once more, and with --force the
 * interlock away. ERR_REFUSED is a no. */
int own_may_renew(struct own *own, const char *question, struct err *err);

/* What names the certificate or request will have, fixed in the wish, and what names the certificate in use has. */
int own_names(struct own *own, struct err *err);
bool own_names_differ(const struct own *own); /* from those of a certificate in use */
struct json_t *own_names_json(const struct own *own); /* `names`, and `names_in_use` or null */
void own_names_deinit(struct own *own);

/* The state of the purpose before. */
struct own_state {
	bool certificate, self_signed;
	struct digest cert;
	int64_t csr_created; /* 0: none is pending */
};
int own_state(struct own *own, struct own_state *state, struct err *err);

/* "certificate for TVS: DIGEST", the names if own_names was called, and the steps that follow, or JSON with `more` (stolen, may be NULL) beside. */
struct json_t;
int own_report(const struct own *own, const struct identity_result *result, enum advice_when when,
               struct json_t *more, struct err *err);

/* The steps as JSON, or as numbered lines to a stream. */
struct json_t *own_advice_json(const struct own *own, enum advice_when when);
void own_advice_print(const struct own *own, enum advice_when when, FILE *stream);

#endif
