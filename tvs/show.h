/* How tvsc shows an answer. */
#ifndef TVS_SHOW_H
#define TVS_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "truststore/base/cert.h"
#include "tvs/ask.h"
#include "tvs/panel.h"

/* Where the certificate of a question came from. */
struct about {
	const char *key;  /* "file", "host"; NULL: nothing to say */
	const char *text;
	unsigned number;  /* of the certificate in the file, from 1 */
};

struct shown {
	const struct panel *panel;
	size_t server;                   /* that answered */
	const struct ask_answer *answer;
	const struct cert *cert;         /* that was asked about or found; NULL: none was found */
	const struct about *about;
	bool verbose;                    /* the connection too */
};

/* On standard output, some lines. */
void show_text(const struct shown *shown);

/* The object of tvsc(1), for the caller to free. */
json_t *show_json(const struct shown *shown);

#endif
