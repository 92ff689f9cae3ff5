#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/attribute.h"
#include "truststore/base/name.h"
#include "truststore/base/rdn.h"
#include "truststore/base/text.h"

/* One byte of DER becomes at most 6 of text: half a Latin-1 control as "\C2\9B". */
enum { MAX_GROWTH = 6 };

struct writer {
	char *out;
	size_t len;
	uint8_t *value; /* room for one value as UTF-8 */
	size_t value_size;
};

static void put(struct writer *writer, const void *bytes, size_t len)
{
	memcpy(writer->out + writer->len, bytes, len);
	writer->len += len;
}

static void put_hex(struct writer *writer, const uint8_t *bytes, size_t len, const char *before)
{
	for (size_t i = 0; i < len; i++) {
		char pair[3];
		put(writer, before, strlen(before));
		put(writer, hex_encode(bytes + i, 1, true, pair), 2);
	}
}

/* RFC 4514, 2.4; what could disturb a terminal or is no UTF-8 becomes hexadecimal pairs. */
static void put_escaped(struct writer *writer, const uint8_t *value, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		bool outer = i == 0 || i + 1 == len;
		n = text_printable(value + i, len - i);
		if (n == 0) {
			n = 1;
			put_hex(writer, value + i, n, "\\");
			continue;
		}
		if (strchr("\\\"+,;<>", value[i]) || (value[i] == ' ' && outer) ||
		    (value[i] == '#' && i == 0))
			put(writer, "\\", 1);
		put(writer, value + i, n);
	}
}

static void put_pair(struct writer *writer, const struct rdn_pair *pair, char separator)
{
	char type[ATTRIBUTE_MAX_DOTTED + 1];
	size_t len;
	if (writer->len)
		put(writer, &separator, 1);
	put(writer, type, attribute_text(pair->oid.at, pair->oid.left, type));
	put(writer, "=", 1);
	if (rdn_value_text(&pair->value, writer->value, writer->value_size, &len) == ERR_OK) {
		put_escaped(writer, writer->value, len);
	} else {
		put(writer, "#", 1);
		put_hex(writer, pair->value.whole, pair->value.whole_len, "");
	}
}

/* Writes the pairs whose rank is `rank`, or all of them if that is ATTRIBUTE_RANKS. */
static int put_rank(struct writer *writer, const uint8_t *der, size_t len, unsigned rank, char separator)
{
	struct rdn_walk walk;
	struct rdn_pair pair;
	int rc;
	if (!rdn_walk_init(&walk, der, len))
		return ERR_MALFORMED;
	while ((rc = rdn_walk_next(&walk, &pair)) == ERR_OK)
		if (rank == ATTRIBUTE_RANKS || attribute_rank(pair.oid.at, pair.oid.left) == rank)
			put_pair(writer, &pair, separator);
	return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

int name_text_der(const uint8_t *der, size_t len, enum name_form form, char **out)
{
	int rc = ERR_MEMORY;
	struct writer writer = { .value_size = 2 * len };
	writer.value = malloc(writer.value_size + 1);
	writer.out = malloc(MAX_GROWTH * len + 1);
	if (!writer.value || !writer.out)
		goto done;
	if (form == NAME_COMMA)
		rc = put_rank(&writer, der, len, ATTRIBUTE_RANKS, ',');
	else
		for (unsigned rank = 0; rank < ATTRIBUTE_RANKS; rank++)
			if ((rc = put_rank(&writer, der, len, rank, ';')) != ERR_OK)
				break;
	if (rc != ERR_OK)
		goto done;
	writer.out[writer.len] = '\0';
	*out = writer.out;
	writer.out = NULL;
done:
	free(writer.out);
	free(writer.value);
	return rc;
}

/* A value as text for people; one that is no text gives "". */
static int value_dup(const struct der_item *value, char **out)
{
	size_t size = 2 * value->value.left + 1, len;
	uint8_t *text = malloc(size);
	if (!text)
		return ERR_MEMORY;
	if (rdn_value_text(value, text, size, &len) != ERR_OK)
		len = 0;
	*out = text_escape_dup(text, len, NULL);
	free(text);
	return *out ? ERR_OK : ERR_MEMORY;
}

int name_common_der(const uint8_t *der, size_t len, char **out)
{
	static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };
	struct rdn_walk walk;
	struct rdn_pair pair;
	int rc = ERR_MALFORMED;
	*out = NULL;
	if (!rdn_walk_init(&walk, der, len))
		return rc;
	while ((rc = rdn_walk_next(&walk, &pair)) == ERR_OK)
		if (pair.oid.left == sizeof common_name &&
		    memcmp(pair.oid.at, common_name, sizeof common_name) == 0)
			return value_dup(&pair.value, out);
	if (rc != ERR_NOT_FOUND)
		return rc;
	return (*out = strdup("")) ? ERR_OK : ERR_MEMORY;
}
