/* A fresh store in a directory of its own, and certificates made on the spot. */
#ifndef TVS_STORE_FIXTURE_H
#define TVS_STORE_FIXTURE_H

#include "tests/unit/fixture.h"
#include "truststore/base/cert.h"
#include "truststore/trust.h"

enum { NOW = 1800000000, DAY = 86400 }; /* the clock stands here */

/* Opened by fixture_setup, closed and wiped by fixture_teardown: for checked fixtures. */
extern struct store *fixture_store;
extern char fixture_path[64];
void fixture_setup(void);
void fixture_teardown(void);

void fixture_clock(int64_t now);
void fixture_reopen(enum store_mode mode);
void fixture_wipe(const char *directory);

struct made {
	const char *subject; /* "CN=a,O=b" */
	const char *common_name; /* instead of `subject`: any bytes */
	const char *issuer;  /* NULL: self-signed */
	int64_t from, to;    /* 0: a year ago, in a year */
	unsigned serial;     /* 0: 1 */
	unsigned rsa_bits;   /* 0: EC, P-256 */
	bool ca;
};

/* Fails the test rather than returning NULL. */
struct cert *fixture_cert(const struct made *how);
struct cert *fixture_file(const char *name); /* of tests/data/store */
struct cert *fixture_named(const char *subject); /* all else as it comes */

/* One operation in a transaction of its own; the result is in fixture_err, too. */
extern struct err fixture_err;
extern struct trust_added fixture_added;
int fixture_add(const struct cert *cert, const struct trust_add *how);
int fixture_add_to(const char *store, const struct cert *cert);
int fixture_remove(const char *store, const struct cert *cert);
int fixture_block(const struct digest *cert);
int fixture_unblock(const struct digest *cert);
int fixture_sweep(int64_t now);
int fixture_put_store(const struct store_record *store);
int fixture_revoke(const struct digest *cert, const struct revocation_record *found);

/* What a phone would be told at `now`, with a policy that allows doubtful revocation. */
struct verdict fixture_judge(const struct cert *cert, int64_t now);
bool fixture_stored(const struct cert *cert);
bool fixture_member(const char *store, const struct cert *cert, struct member_record *out);
size_t fixture_count(enum store_db db);
uint64_t fixture_revision(void);

/* trust_verify: fails the test and prints each difference, if there is one. */
void fixture_verify(void);
/* The number of differences, the first of which begins with `text` or fails the test. */
size_t fixture_differences(const char *text);

#endif
