/* What other clusters write: manifests, consolidated ones, names of files; and trust lists of phones. The first byte says which. What is taken
 * must come back the same when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "truststore/bulk_manifest.h"
#include "truststore/trustlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len || memcmp(a, b, a_len) != 0)
		abort();
}

static void manifest(const char *text, size_t len)
{
	struct bulk_manifest first, second;
	struct err err;
	char *once, *twice;
	size_t once_len, twice_len;
	if (!bulk_manifest_decode("m", text, len, &first, &err)) {
		if (bulk_manifest_encode(&first, &once, &once_len, &err) || bulk_manifest_decode("m", once, once_len, &second, &err) ||
		    bulk_manifest_encode(&second, &twice, &twice_len, &err))
			abort();
		same(once, once_len, twice, twice_len);
		free(once);
		free(twice);
		bulk_manifest_deinit(&second);
	} else if (!err.text[0]) {
		abort();
	}
	bulk_manifest_deinit(&first);
}

static void parts(const char *text, size_t len)
{
	struct bulk_parts first, second;
	struct err err;
	char *once, *twice;
	size_t once_len, twice_len;
	if (!bulk_parts_decode("p", text, len, &first, &err)) {
		if (bulk_parts_encode(&first, &once, &once_len, &err) || bulk_parts_decode("p", once, once_len, &second, &err) ||
		    bulk_parts_encode(&second, &twice, &twice_len, &err))
			abort();
		same(once, once_len, twice, twice_len);
		free(once);
		free(twice);
		bulk_parts_deinit(&second);
	}
	bulk_parts_deinit(&first);
}

static void name(const char *bytes, size_t len)
{
	char text[BULK_NAME_SIZE + 16], again[BULK_NAME_SIZE];
	struct bulk_name out;
	if (len >= sizeof text)
		len = sizeof text - 1;
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (bulk_name_parse(text, BULK_MANIFEST, &out) && (strchr(text, '/') || strcmp(text, bulk_name_format(&out, BULK_MANIFEST, again)) != 0))
		abort();
}

static void trust_list(const uint8_t *bytes, size_t len)
{
	struct trustlist *list = malloc(sizeof *list);
	struct err err;
	if (list && !trustlist_parse("t", bytes, len, list, &err)) {
		if (strlen(list->signer) > len || strlen(list->issuer) > len)
			abort();
		trustlist_signer(list);
	}
	free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;
	if (!size || !(copy = malloc(size)))
		return 0;
	memcpy(copy, data + 1, size - 1); /* of its own, so that reading past it is seen */
	switch (data[0]) {
	case 'm': manifest(copy, size - 1); break;
	case 'p': parts(copy, size - 1); break;
	case 'n': name(copy, size - 1); break;
	default: trust_list(data + 1, size - 1); break;
	}
	free(copy);
	return 0;
}
