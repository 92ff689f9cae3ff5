#include "config.h"

#include "truststore/bulk_json.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"

/* An upper bound of the values: each has a comma or an opening bracket before it. */
static size_t count_values(const char *bytes, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++)
		count += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
	return count;
}

int bulk_json_parse(const char *name, const char *bytes, size_t len, size_t values, json_t **out, struct err *err)
{
	json_error_t why;
	*out = NULL;
	if (count_values(bytes, len) > values)
		return err_set(err, ERR_LIMIT, "%s: more than %zu values", name, values);
	*out = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	if (!*out)
		return err_set(err, ERR_MALFORMED, "%s:%d: %s", name, why.line, why.text);
	if (json_is_object(*out))
		return ERR_OK;
	json_decref(*out);
	*out = NULL;
	return err_set(err, ERR_MALFORMED, "%s: not a JSON object", name);
}

static int wants(const char *name, const char *key, const char *what, struct err *err)
{
	return err_set(err, ERR_MALFORMED, "%s: \"%s\" is missing or not %s", name, key, what);
}

int bulk_json_text(const char *name, const json_t *object, const char *key, const char **out, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	*out = json_string_value(value);
	if (!*out || strlen(*out) != json_string_length(value))
		return wants(name, key, "a text", err);
	return ERR_OK;
}

int bulk_json_number(const char *name, const json_t *object, const char *key, uint64_t max, uint64_t *out, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	*out = 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max)
		return wants(name, key, "a number in its bounds", err);
	*out = (uint64_t)json_integer_value(value);
	return ERR_OK;
}

int bulk_json_array(const char *name, const json_t *object, const char *key, size_t max, const json_t **out, struct err *err)
{
	*out = json_object_get(object, key);
	if (!json_is_array(*out))
		return wants(name, key, "an array", err);
	return json_array_size(*out) <= max ? ERR_OK : err_set(err, ERR_LIMIT, "%s: more than %zu \"%s\"", name, max, key);
}

int bulk_json_time(const char *name, const json_t *object, const char *key, int64_t *out, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	*out = CLOCK_NEVER;
	if (json_is_null(value))
		return ERR_OK;
	/* only a moment as such: clock_parse knows "now" and the like as well */
	if (!text || strlen(text) != 20 || text[19] != 'Z' || clock_parse(text, out, NULL))
		return wants(name, key, "a time such as 2026-11-20T19:23:31Z", err);
	return ERR_OK;
}

int bulk_json_hex(const char *name, const json_t *value, struct digest *out, struct err *err)
{
	const char *text = json_string_value(value);
	size_t len;
	if (!text || strlen(text) != DIGEST_HEX_SIZE - 1 || hex_decode(text, out->byte, DIGEST_SIZE, &len) || len != DIGEST_SIZE)
		return err_set(err, ERR_MALFORMED, "%s: a SHA-256 of 64 hexadecimal digits is wanted", name);
	return ERR_OK;
}

int bulk_json_digest(const char *name, const json_t *object, const char *key, struct digest *out, struct err *err)
{
	return bulk_json_hex(name, json_object_get(object, key), out, NULL)
	               ? wants(name, key, "a SHA-256 of 64 hexadecimal digits", err)
	               : ERR_OK;
}

int bulk_json_base64(const char *name, const json_t *object, const char *key, void *out, size_t *len, struct err *err)
{
	const char *text;
	gnutls_datum_t bytes;
	char **at = out;
	*len = 0;
	int code = bulk_json_text(name, object, key, &text, err);
	if (code)
		return code;
	gnutls_datum_t in = { (void *)text, (unsigned)strlen(text) };
	if (!in.size || gnutls_base64_decode2(&in, &bytes))
		return wants(name, key, "base64", err);
	*at = malloc(bytes.size + 1);
	if (*at) {
		memcpy(*at, bytes.data, bytes.size);
		(*at)[bytes.size] = '\0';
		*len = bytes.size;
	}
	gnutls_free(bytes.data);
	return *at ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a manifest");
}
