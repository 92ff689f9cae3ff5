/* The shared place over SFTP, through libcurl. */
#ifndef TVS_BULK_SFTP_H
#define TVS_BULK_SFTP_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/bulk_place.h"
#include "truststore/target.h"

struct bulk_sftp;

/* See bulk_place_open. */
int bulk_sftp_open(const struct conf *conf, const char *url, struct bulk_sftp **out, struct err *err);
void bulk_sftp_free(struct bulk_sftp *sftp);

/* `parts`, `part`: of bulk_place_list_parts. */
int bulk_sftp_list(struct bulk_sftp *sftp, bool parts, bulk_place_fn *each, void *arg, struct err *err);
int bulk_sftp_get(struct bulk_sftp *sftp, const char *name, size_t max, char **out, size_t *len, struct err *err);
int bulk_sftp_put(struct bulk_sftp *sftp, const char *name, const void *bytes, size_t len, struct err *err);
int bulk_sftp_delete(struct bulk_sftp *sftp, bool part, const char *name, struct err *err);

/* "sftp://user@host[:port]/path", without a password, escapes, "..", or characters that a shell or SFTP's
 * commands know. */
struct bulk_url {
	char user[65];
	struct target target;
	char path[1025]; /* without a slash at its end; "" for the root */
};
int bulk_url_parse(const char *url, struct bulk_url *out, struct err *err);

/* A host key's SHA-256 as people have it (hexadecimal, base64, "SHA256:..." as ssh-keygen prints it), as base64
 * without '='. */
enum { BULK_HOST_KEY_SIZE = 44 };
int bulk_host_key_parse(const char *text, char out[BULK_HOST_KEY_SIZE], struct err *err);

/* Looks at a private key for SFTP without using it: ERR_REFUSED for RSA (the library signs with SHA-1, which
 * servers refuse), for one that has a passphrase, and for a file that everybody may read. */
int bulk_user_key_check(const char *file, struct err *err);

#endif
