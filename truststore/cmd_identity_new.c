/* identity new, regenerate: own certificates that sign themselves. And what the other commands for own certificates
 * share with these. */
#include "config.h"

#include "truststore/cmd_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"

#define KEY_OPTIONS \
	{ "token", 0, "URI", false, false, "make the key in this PKCS#11 token instead of a file" }
#define RENEW_OPTIONS \
	{ "yes", 'y', NULL, false, false, "renew without asking" }, \
	{ "force", 0, NULL, false, false, \
	  "although another anchor was renewed a short while ago (asks for a confirmation)" }

const struct cli_option cmd_identity_new_options[] = {
	{ "cn", 0, "NAME", false, false, "common name (default: from the host's name)" },
	{ "san", 0, "NAME", true, true, "alternative names: hosts, addresses (default: the host)" },
	{ "bits", 0, "NUMBER", false, false, "length of the key: RSA 1024 to 4096, EC 256, 384, 521" },
	{ "hash", 0, "NAME", false, false, "hash of the signature: sha256, sha384, sha512, sha1" },
	KEY_OPTIONS,
	RENEW_OPTIONS,
	{ NULL, 0, NULL, false, false, NULL },
};

const struct cli_option cmd_identity_regenerate_options[] = {
	{ "hash", 0, "NAME", false, false, "hash of the signature: sha256, sha384, sha512, sha1" },
	KEY_OPTIONS,
	RENEW_OPTIONS,
	{ NULL, 0, NULL, false, false, NULL },
};

/* All values of --san, ending in NULL; NULL where it is not given. */
static int san_list(const struct cli *cli, const char ***out, struct err *err)
{
	int count = 0;
	*out = NULL;
	while (cli_option_at(cli, "san", count))
		count++;
	if (!count)
		return ERR_OK;
	*out = calloc((size_t)count + 1, sizeof **out);
	if (!*out)
		return err_set(err, ERR_MEMORY, "no memory for %d names", count);
	for (int i = 0; i < count; i++)
		(*out)[i] = cli_option_at(cli, "san", i);
	return ERR_OK;
}

static int parse_hash(const char *text, gnutls_digest_algorithm_t *hash, struct err *err)
{
	static const struct {
		const char *name;
		gnutls_digest_algorithm_t hash;
	} names[] = {
		{ "sha256", GNUTLS_DIG_SHA256 }, { "sha384", GNUTLS_DIG_SHA384 },
		{ "sha512", GNUTLS_DIG_SHA512 }, { "sha1", GNUTLS_DIG_SHA1 },
	};
	*hash = GNUTLS_DIG_UNKNOWN;
	if (!text)
		return ERR_OK;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcasecmp(text, names[i].name))
			*hash = names[i].hash;
	return *hash == GNUTLS_DIG_UNKNOWN
	               ? err_set(err, ERR_USAGE, "--hash \"%s\": sha256, sha384, sha512 or sha1 is wanted", text)
	               : ERR_OK;
}

static int read_wish(struct own *own, struct err *err)
{
	struct session *session = &own->session;
	const struct cli *cli = session->cli;
	int64_t bits = 0;
	own->wish = (struct identity_wish){
		.purpose = own->purpose,
		.common_name = cli_option(cli, "cn"),
		.multi_server = cli_has(cli, "multi-server"),
		.domain = cli_option(cli, "domain"),
		.token = cli_option(cli, "token"),
		.now = session->now,
		.anchor_wait = conf_number(session->conf, "truststore", "anchor-wait"),
		.security = &session->security,
	};
	int code = cmd_number(cli, "bits", 1, 65536, 0, &bits, err);
	own->wish.bits = (unsigned)bits;
	if (!code)
		code = parse_hash(cli_option(cli, "hash"), &own->wish.hash, err);
	if (!code)
		code = san_list(cli, &own->san, err);
	if (!code)
		code = keyfile_directory(session->conf, session->path, &own->keys, err);
	own->wish.san = own->san;
	own->wish.keys = own->keys;
	return code;
}

int own_open(struct cli *cli, enum store_mode mode, struct own *own)
{
	struct err err;
	*own = (struct own){ .keys = NULL };
	if (purpose_parse(cli_arg(cli, 0), &own->purpose, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, mode, &own->session);
	if (!code && read_wish(own, &err))
		code = cli_fail(cli, &err);
	return code;
}

void own_close(struct own *own)
{
	own_names_deinit(own);
	free(own->keys);
	free(own->san);
	cmd_close(&own->session);
}

struct state_work {
	enum purpose purpose;
	struct own_state *state;
};

static int state_work(struct txn *txn, void *arg, struct err *err)
{
	const struct state_work *work = arg;
	struct own_state *state = work->state;
	struct identity_record record;
	struct identity_model model;
	*state = (struct own_state){ .csr_created = 0 };
	int code = identity_record_get(txn, work->purpose, &record, err);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	state->csr_created = record.csr.len ? record.csr_created : 0;
	state->certificate = record.has_cert;
	state->cert = record.cert;
	if (!record.has_cert)
		return ERR_OK;
	code = identity_model_get(txn, work->purpose, &model, err);
	state->self_signed = model.self_signed;
	identity_model_deinit(&model);
	return code;
}

int own_state(struct own *own, struct own_state *state, struct err *err)
{
	struct state_work work = { own->purpose, state };
	return store_read(own->session.store, state_work, &work, err);
}

static int interlock_work(struct txn *txn, void *arg, struct err *err)
{
	const struct identity_wish *wish = arg;
	return identity_interlock(txn, wish->purpose, wish->now, wish->anchor_wait, err);
}

/* A confirmation that nobody gives by habit: the purpose's name. */
static int typed(const struct own *own, struct err *err)
{
	const char *name = purpose_rule(own->purpose)->name;
	const struct cli *cli = own->session.cli;
	char line[64];
	if (cli_has(cli, "yes"))
		return ERR_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(err, ERR_REFUSED,
		               "%s is not renewed in spite of that without a confirmation: without a terminal to type it on, pass --yes as well",
		               name);
	fflush(stdout);
	fprintf(stderr, "To renew %s all the same, type its name: ", name);
	fflush(stderr);
	if (!fgets(line, sizeof line, stdin))
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, name) ? err_set(err, ERR_REFUSED, "not confirmed") : ERR_OK;
}

static int past_interlock(struct own *own, struct err *err)
{
	const struct cli *cli = own->session.cli;
	int code = store_read(own->session.store, interlock_work, &own->wish, err);
	if (code != ERR_REFUSED || !cli_has(cli, "force"))
		return code;
	cli_warn(cli, "%s", err_text(err));
	code = typed(own, err);
	own->wish.force = !code;
	return code;
}

int own_may_renew(struct own *own, const char *question, struct err *err)
{
	const struct cli *cli = own->session.cli;
	const char *before = advice_before(own->purpose);
	int code = past_interlock(own, err);
	if (code)
		return code;
	if (before)
		cli_warn(cli, "%s", before);
	return question ? cli_ask(cli, true, "yes", err, "%s", question) : ERR_OK;
}

struct printing {
	FILE *stream;
	int number;
};

static void print_step(const char *step, void *arg)
{
	struct printing *printing = arg;
	fprintf(printing->stream, "%s%d. %s\n", printing->number ? "" : "what else is to be done:\n",
	        printing->number + 1, step);
	printing->number++;
}

void own_advice_print(const struct own *own, enum advice_when when, FILE *stream)
{
	struct printing printing = { stream, 0 };
	advice_each(own->purpose, when, print_step, &printing);
}

static void append_step(const char *step, void *arg)
{
	json_array_append_new(arg, json_string(step));
}

json_t *own_advice_json(const struct own *own, enum advice_when when)
{
	json_t *steps = json_array();
	if (steps)
		advice_each(own->purpose, when, append_step, steps);
	return steps;
}

int own_report(const struct own *own, const struct identity_result *result, enum advice_when when,
               json_t *more, struct err *err)
{
	const struct cli *cli = own->session.cli;
	char cert[DIGEST_HEX_SIZE], old[DIGEST_HEX_SIZE];
	const char *name = purpose_rule(own->purpose)->name;
	if (result->unannounced.code && conf_is_set(own->session.conf, "bulk", "directory"))
		cli_warn(cli, "other clusters must accept the new signer of exports by hand, since the old one cannot tell them of it: %s",
		         err_text(&result->unannounced));
	digest_hex(&result->cert, cert);
	digest_hex(&result->old, old);
	if (cli_json(cli)) {
		json_t *all = json_pack("{s:s, s:s, s:s?, s:o}", "purpose", name, "sha256", cert, "replaced",
		                        result->replaced ? old : NULL, "advice", own_advice_json(own, when));
		json_t *names = own->names_text ? own_names_json(own) : NULL;
		if (all && more)
			json_object_update(all, more);
		if (all && names)
			json_object_update(all, names);
		json_decref(more);
		json_decref(names);
		return out_json(all, err);
	}
	json_decref(more);
	if (cli_quiet(cli))
		return ERR_OK;
	out_printf("own certificate for %s: %s\n", name, cert);
	if (own->names_text)
		out_printf("names: %s\n", own->names_text);
	if (result->replaced)
		out_printf("in the place of %s\n", old);
	if (result->replaced && own_names_differ(own))
		out_printf("which had: %s\n", own->names_in_use_text);
	own_advice_print(own, when, stdout);
	return ERR_OK;
}

static void warn_unfit(const struct own *own)
{
	const struct cli *cli = own->session.cli;
	const char *name = purpose_rule(own->purpose)->name;
	unsigned bits = own->wish.bits;
	if (purpose_rule(own->purpose)->algorithm == GNUTLS_PK_RSA && bits > 2048)
		cli_warn(cli, "%s with an RSA key of %u bits: some phones, those of the 7900 series among them, may not register",
		         name, bits);
	if (own->wish.hash == GNUTLS_DIG_SHA1 || (bits && bits < 2048 && bits > 521))
		cli_warn(cli, "%s with %s: weak, and phones of newer firmware may refuse it", name,
		         own->wish.hash == GNUTLS_DIG_SHA1 ? "a SHA-1 signature" : "a short RSA key");
}

static int make(struct own *own, struct err *err)
{
	struct identity_result result;
	warn_unfit(own);
	int code = identity_new(own->session.store, &own->wish, &result, err);
	return code ? code : own_report(own, &result, result.replaced ? ADVICE_RENEWED : ADVICE_FIRST, NULL, err);
}

/* `question` NULL: it is not asked once more. */
static int renew(struct own *own, const char *question, struct err *err)
{
	int code = identity_wish_check(&own->wish, err);
	if (!code)
		code = own_may_renew(own, question, err);
	return code ? code : make(own, err);
}

/* The names stand in the question: the defaults need not be those that the old one has. */
static int replace(struct own *own, const struct own_state *state, struct err *err)
{
	char question[ERR_TEXT_MAX], hash[CMD_SHORT_HASH];
	const char *name = purpose_rule(own->purpose)->name;
	cmd_short_hash(&state->cert, hash);
	if (own_names_differ(own))
		snprintf(question, sizeof question, "Replace the own certificate for %s (%s), %.300s, and its key by one with other names, %.300s?",
		         name, hash, own->names_in_use_text, own->names_text);
	else
		snprintf(question, sizeof question, "Replace the own certificate for %s (%s) and its key by one with the same names, %.300s?",
		         name, hash, own->names_text);
	return renew(own, question, err);
}

static int make_new(struct own *own, struct err *err)
{
	struct own_state state;
	int code = own_state(own, &state, err);
	if (!code)
		code = own_names(own, err);
	if (code)
		return code;
	return state.certificate ? replace(own, &state, err) : make(own, err);
}

int cmd_identity_new(struct cli *cli)
{
	struct own own;
	struct err err;
	int code = own_open(cli, STORE_WRITE, &own);
	if (!code && make_new(&own, &err))
		code = cli_fail(cli, &err);
	own_close(&own);
	return code;
}

struct model_work {
	enum purpose purpose;
	struct identity_model model;
};

static int model_work(struct txn *txn, void *arg, struct err *err)
{
	struct model_work *work = arg;
	identity_model_deinit(&work->model);
	return identity_model_get(txn, work->purpose, &work->model, err);
}

/* Names, length and place of the key as before; its number and dates, and what signs it, are others. */
static int regenerate(struct own *own, struct err *err)
{
	struct model_work work = { .purpose = own->purpose };
	char question[192];
	const char *name = purpose_rule(own->purpose)->name;
	int code = store_read(own->session.store, model_work, &work, err);
	if (code)
		goto out;
	own->wish.common_name = work.model.common_name;
	own->wish.san = (const char *const *)work.model.san;
	own->wish.bits = work.model.bits;
	if (!own->wish.token)
		own->wish.token = work.model.token;
	bool ask = own->purpose == PURPOSE_ITLRECOVERY || !work.model.self_signed;
	snprintf(question, sizeof question, "Renew %s%s?", name,
	         work.model.self_signed ? "" : ", whose certificate a CA signed, with one that signs itself");
	code = renew(own, ask ? question : NULL, err);
out:
	identity_model_deinit(&work.model);
	return code;
}

int cmd_identity_regenerate(struct cli *cli)
{
	struct own own;
	struct err err;
	int code = own_open(cli, STORE_WRITE, &own);
	if (!code && regenerate(&own, &err))
		code = cli_fail(cli, &err);
	own_close(&own);
	return code;
}
