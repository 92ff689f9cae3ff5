/* The mail: one digest a recipient, as plain text and as HTML (RFC 5322, RFC 2045 to 2047). */
#ifndef TVS_CERTMON_MESSAGE_H
#define TVS_CERTMON_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "certmon/finding.h"

enum {
	MESSAGE_IN_FULL = 100,  /* findings of one list that are told in full; */
	MESSAGE_IN_SHORT = 1000 /* so many more in one line each; the rest is counted: mail servers refuse what is too large */
};

struct message {
	const char *from, *to;        /* addresses */
	const char *host;             /* where certmon runs */
	int64_t now;
	const struct finding *const *due;     /* what is announced, most urgent first */
	size_t due_count;
	const struct finding *const *covered; /* what has a successor: listed apart */
	size_t covered_count;
};

/* The whole message with CR LF line ends, allocated; `*subject` as text, allocated. A certificate's words never become
 * a header or markup. NULL when there is no memory. */
char *message_build(const struct message *message, size_t *len, char **subject);

/* What both parts of a digest say of one finding besides its subject and state, as pairs of a label and words that are not
 * empty. */
typedef void message_fact_fn(const char *label, const char *text, void *arg);
void message_facts(const struct finding *finding, message_fact_fn *each, void *arg);

/* A message of fixed words for `certmon test-mail`. */
char *message_test(const char *from, const char *to, const char *host, int64_t now, size_t *len);

enum { MESSAGE_HOST_SIZE = 256 };

/* This host's name, for people. Returns `out`. */
char *message_host(char out[MESSAGE_HOST_SIZE]);

#endif
