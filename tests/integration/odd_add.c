/* odd_add STORE DIRECTORY: adds every file of the directory (*.der, by name) to CallManager-trust, one transaction each,
 * and prints a line each: name, "accepted" or "refused", why. What `truststore add` does, without a process for each. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/cert.h"
#include "truststore/base/clock.h"
#include "truststore/base/outfile.h"
#include "truststore/trust.h"

struct adding {
	const struct cert *cert;
	struct trust_added added;
};

static int work(struct txn *txn, void *arg, struct err *err)
{
	struct adding *adding = arg;
	struct trust_add how = { .store = "CallManager-trust", .until = CLOCK_NEVER };
	return trust_add(txn, adding->cert, &how, &adding->added, err);
}

static int add(struct store *store, const char *path, struct err *err)
{
	struct adding adding = { .cert = NULL };
	struct cert *cert = NULL;
	char *bytes;
	size_t len;
	int code = infile_read(path, 1 << 20, &bytes, &len, err);
	if (code)
		return code;
	code = cert_parse((const uint8_t *)bytes, len, &cert, err);
	free(bytes);
	adding.cert = cert;
	if (!code)
		code = store_write(store, work, &adding, err);
	cert_free(cert);
	return code;
}

static int is_der(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && !strcmp(dot, ".der");
}

int main(int argc, char **argv)
{
	struct store *store;
	struct dirent **names;
	struct err err;
	if (argc != 3 || clock_init(&err) || store_open(argv[1], STORE_WRITE, &store, &err)) {
		fprintf(stderr, "odd_add: %s\n", argc == 3 ? err_text(&err) : "STORE DIRECTORY");
		return 2;
	}
	int count = scandir(argv[2], &names, is_der, alphasort);
	for (int i = 0; i < count; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", argv[2], names[i]->d_name);
		err_clear(&err);
		int code = add(store, path, &err);
		printf("%s\t%s\t%s\n", names[i]->d_name, code ? "refused" : "accepted", code ? err_text(&err) : "");
		free(names[i]);
	}
	free(names);
	store_close(store);
	return count > 0 ? 0 : 2;
}
