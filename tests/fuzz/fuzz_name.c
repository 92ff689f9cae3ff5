/* Canonical names, from text and from DER. What name_text_der writes must be read back as the
 * same name. */
#include <stdlib.h>
#include <string.h>

#include "truststore/base/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const uint8_t *data, size_t size, enum name_form form, const struct digest *expected)
{
	struct digest digest;
	char *text;
	if (name_text_der(data, size, form, &text) != ERR_OK)
		abort();
	size_t len = strlen(text);
	int rc = name_digest_text(text, len, &digest);
	if (len > NAME_MAX_TEXT ? rc != ERR_LIMIT : len == 0 ? rc != ERR_MALFORMED
	                                                     : rc != ERR_OK || !digest_equal(&digest, expected))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest digest;
	char *common;
	name_digest_text((const char *)data, size, &digest);
	if (name_digest_der(data, size, &digest) != ERR_OK)
		return 0;
	round_trip(data, size, NAME_COMMA, &digest);
	round_trip(data, size, NAME_SEMICOLON, &digest);
	if (name_common_der(data, size, &common) != ERR_OK)
		abort();
	free(common);
	return 0;
}
