/* Revocation checks that truststore wants at once: it starts ocspcheck for them, and tells what came of it. */
#ifndef TVS_REVOCATION_H
#define TVS_REVOCATION_H

#include <stdint.h>

#include "truststore/cmd.h"
#include "truststore/jsonw.h"

struct json_t;

/* With [ocsp] enable, and without the option --no-check, has ocspcheck look at what was added after `revision`: "ocspcheck --json
 * run --since REVISION", with our configuration and store. An array of what it found, one object a certificate
 * (ocspcheck(1), "JSON"), which the caller gives back with json_decref; NULL where nothing was checked. The
 * certificates are added already: a check that cannot be made is a warning, no failure. */
struct json_t *revocation_check(const struct session *session, uint64_t revision);

/* Tells it: a line for each that is not good, and the number of those that are; a warning for each that is revoked. */
void revocation_print(const struct cli *cli, const struct json_t *found);

/* The member "revocation" of a JSON object: an array of sha256, status, revocation_reason, error. */
void revocation_json(struct jsonw *out, const struct json_t *found);

#endif
