/* bulk diff: two stores or archives. */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include "truststore/base/out.h"
#include "truststore/bulk_diff.h"
#include "truststore/jsonw.h"
#include "truststore/role.h"

const struct cli_option cmd_bulk_diff_options[] = {
	{ NULL, 0, NULL, false, false, NULL },
};

struct telling {
	const struct cli *cli;
	struct jsonw json;
	size_t count;
};

static void tell_json(struct jsonw *w, const struct bulk_item *a, const struct bulk_item *b)
{
	const struct bulk_item *any = a ? a : b;
	char hex[DIGEST_HEX_SIZE], roles[ROLES_TEXT_SIZE];
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "sha256", digest_hex(&any->id, hex));
	jsonw_string(w, "subject", any->subject);
	jsonw_string(w, "store", any->store[0] ? any->store : NULL);
	jsonw_string(w, "in", a && b ? "both" : a ? "a" : "b");
	if (a)
		jsonw_words(w, "roles_a", a->roles ? roles_format(a->roles, roles) : "");
	if (b)
		jsonw_words(w, "roles_b", b->roles ? roles_format(b->roles, roles) : "");
	jsonw_close(w, '}');
}

static void tell_text(const struct bulk_item *a, const struct bulk_item *b)
{
	const struct bulk_item *any = a ? a : b;
	char hash[CMD_SHORT_HASH], left[ROLES_TEXT_SIZE], right[ROLES_TEXT_SIZE];
	out_printf("%s %s %s%s%s", a && b ? "!" : a ? "<" : ">", cmd_short_hash(&any->id, hash), any->subject ? any->subject : "",
	           any->store[0] ? " in " : "", any->store);
	if (a && b)
		out_printf(": %s against %s", roles_format(a->roles, left), roles_format(b->roles, right));
	out_printf("\n");
}

static int tell(const struct bulk_item *a, const struct bulk_item *b, void *arg, struct err *err)
{
	struct telling *t = arg;
	(void)err;
	t->count++;
	if (cli_json(t->cli))
		tell_json(&t->json, a, b);
	else if (!cli_quiet(t->cli))
		tell_text(a, b);
	return ERR_OK;
}

int cmd_bulk_diff(struct cli *cli)
{
	struct session session;
	struct telling t = { .cli = cli };
	struct bulk_set a = { .count = 0 }, b = { .count = 0 };
	struct err err;
	char *password = NULL;
	int rc = ERR_OK, code = cmd_configure(cli, &session);
	if (!code && conf_is_set(session.conf, "bulk", "password-file"))
		rc = conf_secret(session.conf, "bulk", "password-file", &password, &err);
	if (!code && !rc)
		rc = bulk_set_read(cli_arg(cli, 0), password ? password : "", &a, &err);
	if (!code && !rc)
		rc = bulk_set_read(cli_arg(cli, 1), password ? password : "", &b, &err);
	jsonw_open(&t.json, NULL, '[');
	if (!code && !rc)
		rc = bulk_diff(&a, &b, tell, &t, &err);
	jsonw_close(&t.json, ']');
	if (!code && !rc && cli_json(cli))
		rc = jsonw_flush(&t.json, stdout, &err);
	if (!code)
		code = rc ? cli_fail(cli, &err) : t.count ? EXIT_NO : EXIT_YES;
	jsonw_deinit(&t.json);
	bulk_set_deinit(&a);
	bulk_set_deinit(&b);
	conf_secret_free(password);
	cmd_close(&session);
	return code;
}
