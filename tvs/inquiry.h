/* One call of tvsc: the servers and options of the command line, questions to them, and the exit code that follows. */
#ifndef TVS_INQUIRY_H
#define TVS_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/cli.h"
#include "tvs/panel.h"
#include "tvs/show.h"

#define INQUIRY_SERVER "127.0.0.1"               /* without --server */
#define INQUIRY_DEVICE "CP-0000-SEP000000000000" /* without --device */

struct inquiry;

/* Reads the options that all commands have, and --out and --overwrite of a query. No server is asked yet. ERR_USAGE and
 * the errors of the files that are named. The caller frees *out with inquiry_free, also after an error. */
int inquiry_new(struct cli *cli, struct inquiry **out, struct err *err);
void inquiry_free(struct inquiry *inquiry);

/* --timeout */
int64_t inquiry_timeout_us(const struct inquiry *inquiry);

/* Asks as a phone does, the next server when one does not answer, or with --all every server; shows each
 * answer, or keeps it for --json. An error only if nobody answered, or an answer could not be shown. */
int inquiry_ask(struct inquiry *inquiry, const struct question *question, const struct about *about,
                struct err *err);

/* After the last question: prints what was kept for --json, as an array where there can be `several` verdicts.
 * Returns the exit code; NULL is a failure. */
int inquiry_end(struct inquiry *inquiry, bool several);

#endif
