/* Changes a store as it is told, from a small map that must grow: lines "add FILE" and "remove FILE" on standard
 * input, for each of which it says "done" when the change is durable. What is so already is as good. Other records grow with
 * every change. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/store_priv.h"
#include "truststore/trust.h"

enum { MAP_SIZE = 1 << 20, BALLAST = 16384 };

struct change {
	const struct cert *cert;
	bool add;
	uint32_t number;
};

static int work(struct txn *txn, void *arg, struct err *err)
{
	static const uint8_t ballast[BALLAST];
	const struct change *change = arg;
	const struct trust_add how = { .store = "CallManager-trust", .until = CLOCK_NEVER, .again = true };
	int code = txn_put(txn, STORE_NOTICE, &change->number, sizeof change->number, ballast, sizeof ballast);
	if (code != ERR_OK)
		return err_set(err, code, "no ballast");
	if (change->add)
		return trust_add(txn, change->cert, &how, NULL, err);
	code = trust_remove(txn, how.store, cert_sha256(change->cert), "", false, err);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

int main(int argc, char **argv)
{
	char line[512];
	struct err err = { 0 };
	struct store *store;
	if (argc != 2 || store_open_sized(argv[1], STORE_WRITE, MAP_SIZE, 5000, &store, &err) != ERR_OK) {
		fprintf(stderr, "churn: %s\n", err_text(&err));
		return 2;
	}
	for (uint32_t n = 0; fgets(line, sizeof line, stdin); n++) {
		struct cert *cert;
		line[strcspn(line, "\n")] = '\0';
		struct change change = { .add = line[0] == 'a', .number = n };
		int code = cert_read_one(strchr(line, ' ') + 1, &cert, &err);
		change.cert = cert;
		if (code == ERR_OK)
			code = store_write(store, work, &change, &err);
		if (code != ERR_OK) {
			fprintf(stderr, "churn: %s\n", err_text(&err));
			return 2;
		}
		cert_free(cert);
		puts("done");
		fflush(stdout);
	}
	store_close(store);
	return 0;
}
