/* A passphrase from the terminal, or from the file that an option names. */
#ifndef TVS_PASSPHRASE_H
#define TVS_PASSPHRASE_H

#include "truststore/base/cli.h"

/* The first line of the file that `option` names, if it was given; else it is asked for on the terminal
 * without echo, twice where `twice`. Without a terminal ERR_REFUSED, which names the option. The caller wipes and frees
 * `*out` with conf_secret_free. */
int passphrase_get(const struct cli *cli, const char *option, const char *what, bool twice,
                   char **out, struct err *err);

#endif
