#include "truststore/revocation.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "truststore/base/out.h"
#include "truststore/base/program.h"

static int check_since(const struct session *session, uint64_t revision, json_t **out, struct err *err)
{
	char since[24];
	const char *config = cli_option(session->cli, "config");
	const char *arguments[10];
	size_t n = 0;
	json_t *printed;
	int exit_code;
	snprintf(since, sizeof since, "%" PRIu64, revision);
	if (config) {
		arguments[n++] = "--config";
		arguments[n++] = config;
	}
	arguments[n++] = "--store";
	arguments[n++] = session->path;
	arguments[n++] = "--json";
	arguments[n++] = "run";
	arguments[n++] = "--since";
	arguments[n++] = since;
	arguments[n] = NULL;
	*out = NULL;
	int code = program_json("ocspcheck", arguments, &exit_code, &printed, err);
	if (code)
		return code;
	if (exit_code || !json_is_array(json_object_get(printed, "certificates")))
		code = err_set(err, ERR_SYSTEM, "ocspcheck ended with %d", exit_code);
	else
		*out = json_incref(json_object_get(printed, "certificates"));
	json_decref(printed);
	return code;
}

json_t *revocation_check(const struct session *session, uint64_t revision)
{
	json_t *found = NULL;
	struct err err;
	if (cli_has(session->cli, "no-check") || !conf_flag(session->conf, "ocsp", "enable"))
		return NULL;
	if (check_since(session, revision, &found, &err))
		cli_warn(session->cli, "whether what was added is revoked was not found out: %s", err_text(&err));
	return found;
}

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

void revocation_print(const struct cli *cli, const json_t *found)
{
	size_t good = 0, i;
	json_t *one;
	json_array_foreach((json_t *)found, i, one) {
		const char *status = member(one, "status"), *error = member(one, "error");
		if (!strcmp(status, "good"))
			good++;
		else if (!strcmp(status, "revoked"))
			cli_warn(cli, "%s is revoked (%s): phones are told not to trust it", member(one, "subject"),
			         member(one, "revocation_reason"));
		else if (!cli_quiet(cli) && strcmp(status, "not-applicable") != 0)
			out_printf("revocation %s%s%s%s: %s\n", status, *error ? " (" : "", error, *error ? ")" : "",
			           member(one, "subject"));
	}
	if (good && !cli_quiet(cli))
		out_printf("%zu checked and not revoked\n", good);
}

void revocation_json(struct jsonw *out, const json_t *found)
{
	static const char *const keys[] = { "sha256", "status", "revocation_reason", "error" };
	size_t i;
	json_t *one;
	jsonw_open(out, "revocation", '[');
	json_array_foreach((json_t *)found, i, one) {
		jsonw_open(out, NULL, '{');
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			jsonw_string(out, keys[k], json_string_value(json_object_get(one, keys[k])));
		jsonw_close(out, '}');
	}
	jsonw_close(out, ']');
}
