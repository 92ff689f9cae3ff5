/* What the commands of truststore share: their session with the store, and their rows in the table. */
#ifndef TVS_CMD_H
#define TVS_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/answer.h"
#include "truststore/base/cert.h"
#include "truststore/base/cli.h"
#include "truststore/base/conf.h"
#include "truststore/base/digest.h"
#include "truststore/security.h"
#include "truststore/store.h"

/* Configuration and store as one call of the program uses them. */
struct session {
	struct cli *cli;
	struct conf *conf;
	const char *path; /* the store's directory */
	struct store *store;
	struct answer_policy policy;
	struct security security;
	int64_t now;
};

/* Reads the configuration; cmd_open opens the store as well. On failure the sentence was printed and
 * EXIT_FAILED is returned, else 0. cmd_close may be called in every case. */
int cmd_configure(struct cli *cli, struct session *session);
int cmd_open(struct cli *cli, enum store_mode mode, struct session *session);
void cmd_close(struct session *session);

/* Prints the sentence. EXIT_NO where the thing that was asked for is not there, else EXIT_FAILED. */
int cmd_fail(const struct cli *cli, const struct err *err);

/* For a failure whose ERR_NOT_FOUND is a file, or a wrong word, and no answer: makes cmd_fail give EXIT_FAILED. */
int cmd_hard(int code, struct err *err);

/* The certificate that HASH names: a stored or blocked one (trust_resolve); with `any`, 64 digits
 * name one that the store has never heard of. */
int cmd_resolve(struct txn *txn, const char *hash, bool any, struct digest *out, struct err *err);

/* The certificate that a command is about: HASH, or the only one in --file FILE, which is read before any
 * transaction and which the caller frees; `*cert` is NULL for a HASH. */
int cmd_target(const struct cli *cli, struct cert **cert, struct err *err);
int cmd_target_id(struct txn *txn, const struct cli *cli, const struct cert *cert, bool any,
                  struct digest *out, struct err *err);

/* What an option of these types says; `fallback` where it is not given. */
int cmd_number(const struct cli *cli, const char *option, int64_t min, int64_t max,
               int64_t fallback, int64_t *out, struct err *err);
int cmd_duration(const struct cli *cli, const char *option, int64_t fallback, int64_t *out,
                 struct err *err);
/* One of SECONDS, from `min` to `max`: a bare number, or a duration. */
int cmd_seconds(const struct cli *cli, const char *option, int64_t min, int64_t max, int64_t fallback, int64_t *out,
                struct err *err);
int cmd_time(const struct cli *cli, const char *option, int64_t fallback, int64_t *out,
             struct err *err);
/* All values of --role as one set; 0 where it is not given, or is "none". */
int cmd_roles(const struct cli *cli, uint32_t *out, struct err *err);

/* --owner: addresses of mail, "" to take them away; NULL where it is not given. */
int cmd_owner(const struct cli *cli, const char **out, struct err *err);

enum { CMD_MAX_TTL = 366 * 86400 };

/* The first digits of a digest, as lists show it. */
enum { CMD_SHORT_HASH = 17 };
char *cmd_short_hash(const struct digest *digest, char out[CMD_SHORT_HASH]);

/* For completion. */
extern const struct cli_words cmd_words[];

int cmd_init(struct cli *cli);
int cmd_stores(struct cli *cli);
int cmd_stores_add(struct cli *cli);
int cmd_stores_set(struct cli *cli);
int cmd_add(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_show(struct cli *cli);
int cmd_export(struct cli *cli);
int cmd_remove(struct cli *cli);
int cmd_block(struct cli *cli);
int cmd_unblock(struct cli *cli);
int cmd_explain(struct cli *cli);
int cmd_history(struct cli *cli);
int cmd_verify(struct cli *cli);
int cmd_backup(struct cli *cli);
int cmd_restore(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_fetch(struct cli *cli);
int cmd_usecallmanager(struct cli *cli);
int cmd_identity_new(struct cli *cli);
int cmd_identity_csr(struct cli *cli);
int cmd_identity_install(struct cli *cli);
int cmd_identity_regenerate(struct cli *cli);
int cmd_identity_list(struct cli *cli);
int cmd_identity_show(struct cli *cli);
int cmd_identity_export(struct cli *cli);

extern const struct cli_option cmd_stores_options[], cmd_add_options[], cmd_list_options[],
	cmd_show_options[], cmd_export_options[], cmd_remove_options[], cmd_block_options[],
	cmd_explain_options[], cmd_history_options[], cmd_identity_new_options[],
	cmd_identity_csr_options[], cmd_identity_export_options[], cmd_identity_install_options[],
	cmd_identity_regenerate_options[], cmd_backup_options[], cmd_restore_options[], cmd_fetch_options[],
	cmd_usecallmanager_options[];

#endif
