#include "truststore/role.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint8_t byte;
} table[ROLE_COUNT] = {
	[ROLE_SAST] = { "SAST", 0 },
	[ROLE_CCM] = { "CCM", 1 },
	[ROLE_CCM_TFTP] = { "CCM+TFTP", 2 },
	[ROLE_TFTP] = { "TFTP", 3 },
	[ROLE_CAPF] = { "CAPF", 4 },
	[ROLE_APP_SERVER] = { "APP-SERVER", 7 },
	[ROLE_TVS] = { "TVS", 21 },
};

uint8_t role_byte(enum role role)
{
	return table[role].byte;
}

int role_from_byte(uint8_t byte)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (table[i].byte == byte)
			return i;
	return -1;
}

const char *role_name(enum role role)
{
	return table[role].name;
}

static int parse_word(const char *word, size_t len, enum role *role, struct err *err)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (strlen(table[i].name) == len && !strncasecmp(table[i].name, word, len)) {
			*role = (enum role)i;
			return ERR_OK;
		}
	}
	char names[ROLES_TEXT_SIZE];
	return err_set(err, ERR_NOT_FOUND, "no role \"%.*s\": the roles are %s", (int)len, word,
	               roles_format(ROLE_ALL, names));
}

int role_parse(const char *text, enum role *role, struct err *err)
{
	return parse_word(text, strlen(text), role, err);
}

char *roles_format(uint32_t roles, char out[ROLES_TEXT_SIZE])
{
	size_t n = 0;
	for (int i = 0; i < ROLE_COUNT; i++)
		if (roles & ROLE_BIT(i))
			n += (size_t)snprintf(out + n, ROLES_TEXT_SIZE - n, "%s%s", n ? "," : "",
			                      table[i].name);
	if (!n)
		strcpy(out, "none");
	return out;
}

int roles_parse(const char *text, uint32_t *roles, struct err *err)
{
	*roles = 0;
	for (;;) {
		text += strspn(text, ", \t");
		size_t len = strcspn(text, ", \t");
		if (!len)
			return ERR_OK;
		enum role role;
		int code = parse_word(text, len, &role, err);
		if (code)
			return code;
		*roles |= ROLE_BIT(role);
		text += len;
	}
}
