#include "config.h"

#include "truststore/bulk_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/role.h"

#define CONSOLIDATED "_all"

static const struct bulk_rule rules[BULK_TYPE_COUNT] = {
	[BULK_TFTP] = { "tftp", "CallManager-trust", { "CallManager-trust", "Phone-SAST-trust", NULL },
	                { PURPOSE_CALLMANAGER, PURPOSE_CALLMANAGER_ECDSA, PURPOSE_COUNT },
	                ROLE_BIT(ROLE_SAST) | ROLE_BIT(ROLE_TFTP) },
	[BULK_TOMCAT] = { "tomcat", "tomcat-trust", { "tomcat-trust", NULL, NULL },
	                  { PURPOSE_TOMCAT, PURPOSE_TOMCAT_ECDSA, PURPOSE_COUNT }, ROLE_BIT(ROLE_APP_SERVER) },
	[BULK_CAPF] = { "capf", "CAPF-trust", { "CAPF-trust", NULL, NULL },
	                { PURPOSE_CAPF, PURPOSE_COUNT, PURPOSE_COUNT }, ROLE_BIT(ROLE_CAPF) },
	[BULK_ITLRECOVERY] = { "itlrecovery", "Phone-SAST-trust", { "Phone-SAST-trust", "CallManager-trust", NULL },
	                       { PURPOSE_ITLRECOVERY, PURPOSE_COUNT, PURPOSE_COUNT }, ROLE_BIT(ROLE_SAST) },
};

const struct bulk_rule *bulk_rule(enum bulk_type type)
{
	return &rules[type];
}

int bulk_store_index(enum bulk_type type, const char *name, size_t len)
{
	for (int i = 0; rules[type].stores[i]; i++)
		if (strlen(rules[type].stores[i]) == len && !strncasecmp(rules[type].stores[i], name, len))
			return i;
	return -1;
}

int bulk_types_parse(const char *text, unsigned *types, struct err *err)
{
	*types = 0;
	if (text && !strcasecmp(text, "all"))
		*types = (1u << BULK_TYPE_COUNT) - 1;
	for (int i = 0; text && i < BULK_TYPE_COUNT; i++)
		if (!strcasecmp(text, rules[i].name))
			*types = 1u << i;
	if (*types)
		return ERR_OK;
	return err_set(err, ERR_USAGE, "%s%s%s: the types are tftp, tomcat, capf, itlrecovery and all",
	               text ? "--type \"" : "--type is missing", text ? text : "", text ? "\"" : "");
}

static bool cluster_char(char c, bool first)
{
	bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	return alnum || (!first && (c == '_' || c == '.' || c == '-'));
}

static bool cluster_good(const char *name, size_t len)
{
	if (!len || len > BULK_CLUSTER_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!cluster_char(name[i], !i))
			return false;
	return true;
}

int bulk_cluster_check(const char *what, const char *name, struct err *err)
{
	if (cluster_good(name, strlen(name)))
		return ERR_OK;
	return err_set(err, ERR_USAGE,
	               "%s \"%.100s\": a cluster's name is 1 to %d letters, digits, '_', '.' and '-', and begins with a letter or a digit",
	               what, name, BULK_CLUSTER_MAX);
}

char *bulk_name_format(const struct bulk_name *name, const char *ending, char out[BULK_NAME_SIZE])
{
	char archive[DIGEST_HEX_SIZE], inputs[DIGEST_HEX_SIZE];
	bool all = name->consolidated;
	snprintf(out, BULK_NAME_SIZE, "%s-%s-%08" PRIu64 "-%s%s%s%s", all ? CONSOLIDATED : name->cluster, rules[name->type].name,
	         name->sequence, digest_hex(&name->archive, archive), all ? "-" : "", all ? digest_hex(&name->inputs, inputs) : "",
	         ending);
	return out;
}

/* Takes "-<64 digits>" off the end of the text. */
static bool take_digest(const char *text, size_t *len, struct digest *out)
{
	char hex[DIGEST_HEX_SIZE];
	size_t got;
	if (*len <= DIGEST_HEX_SIZE || text[*len - DIGEST_HEX_SIZE] != '-')
		return false;
	memcpy(hex, text + *len - DIGEST_HEX_SIZE + 1, DIGEST_HEX_SIZE - 1);
	hex[DIGEST_HEX_SIZE - 1] = '\0';
	*len -= DIGEST_HEX_SIZE;
	return !hex_decode(hex, out->byte, DIGEST_SIZE, &got) && got == DIGEST_SIZE;
}

static bool take_sequence(const char *text, size_t *len, uint64_t *out)
{
	size_t start = *len;
	while (start && text[start - 1] >= '0' && text[start - 1] <= '9')
		start--;
	size_t digits = *len - start;
	if (digits < 8 || digits > 18 || !start || text[start - 1] != '-')
		return false;
	*out = strtoull(text + start, NULL, 10);
	*len = start - 1;
	return *out > 0;
}

static bool take_type(const char *text, size_t *len, enum bulk_type *out)
{
	for (int i = 0; i < BULK_TYPE_COUNT; i++) {
		size_t n = strlen(rules[i].name);
		if (*len > n + 1 && text[*len - n - 1] == '-' && !memcmp(text + *len - n, rules[i].name, n)) {
			*out = (enum bulk_type)i;
			*len -= n + 1;
			return true;
		}
	}
	return false;
}

bool bulk_name_parse(const char *text, const char *ending, struct bulk_name *out)
{
	char again[BULK_NAME_SIZE];
	size_t len = strlen(text), tail = strlen(ending);
	*out = (struct bulk_name){ .consolidated = text[0] == CONSOLIDATED[0] };
	if (len <= tail || len >= BULK_NAME_SIZE || strcmp(text + len - tail, ending))
		return false;
	len -= tail;
	if (out->consolidated && !take_digest(text, &len, &out->inputs))
		return false;
	if (!take_digest(text, &len, &out->archive) || !take_sequence(text, &len, &out->sequence) ||
	    !take_type(text, &len, &out->type))
		return false;
	if (!out->consolidated) {
		if (!cluster_good(text, len))
			return false;
		memcpy(out->cluster, text, len);
	}
	return !strcmp(text, bulk_name_format(out, ending, again)); /* one spelling only */
}
