#include "truststore/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/base/clock.h"
#include "truststore/base/mail.h"
#include "truststore/role.h"
#include "truststore/trust.h"

int cmd_configure(struct cli *cli, struct session *session)
{
	struct err err;
	*session = (struct session){ .cli = cli, .now = clock_now() };
	int code = conf_load(cli_option(cli, "config"), &session->conf, &err);
	if (!code && cli_has(cli, "store"))
		code = conf_override(session->conf, "store", "path", cli_option(cli, "store"), &err);
	if (code)
		return cli_fail(cli, &err);
	session->path = conf_text(session->conf, "store", "path");
	trust_policy(session->conf, &session->policy);
	security_load(session->conf, &session->security);
	return 0;
}

int cmd_open(struct cli *cli, enum store_mode mode, struct session *session)
{
	struct err err;
	int code = cmd_configure(cli, session);
	if (code)
		return code;
	if (store_open(session->path, mode, &session->store, &err))
		return cli_fail(cli, &err);
	return 0;
}

void cmd_close(struct session *session)
{
	store_close(session->store);
	conf_free(session->conf);
	session->store = NULL;
	session->conf = NULL;
}

int cmd_fail(const struct cli *cli, const struct err *err)
{
	cli_fail(cli, err);
	return err->code == ERR_NOT_FOUND ? EXIT_NO : EXIT_FAILED;
}

int cmd_hard(int code, struct err *err)
{
	return code == ERR_NOT_FOUND ? err->code = ERR_USAGE : code;
}

int cmd_resolve(struct txn *txn, const char *hash, bool any, struct digest *out, struct err *err)
{
	struct digest_prefix prefix;
	int code = digest_prefix_parse(hash, &prefix, err);
	if (code)
		return code;
	code = trust_resolve(txn, &prefix, out, err);
	if (code == ERR_NOT_FOUND && any && prefix.digits == 2 * DIGEST_SIZE) {
		memcpy(out->byte, prefix.byte, sizeof out->byte);
		return ERR_OK;
	}
	return code;
}

int cmd_target(const struct cli *cli, struct cert **cert, struct err *err)
{
	const char *file = cli_option(cli, "file");
	*cert = NULL;
	if (!file == !cli_argc(cli))
		return err_set(err, ERR_USAGE, "either HASH or --file FILE is wanted");
	return file ? cert_read_one(file, cert, err) : ERR_OK;
}

int cmd_target_id(struct txn *txn, const struct cli *cli, const struct cert *cert, bool any,
                  struct digest *out, struct err *err)
{
	if (!cert)
		return cmd_resolve(txn, cli_arg(cli, 0), any, out, err);
	*out = *cert_sha256(cert);
	return ERR_OK;
}

int cmd_number(const struct cli *cli, const char *option, int64_t min, int64_t max,
               int64_t fallback, int64_t *out, struct err *err)
{
	const char *text = cli_option(cli, option);
	char *end;
	*out = fallback;
	if (!text)
		return ERR_OK;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (!(*text >= '0' && *text <= '9') || *end || errno || value < min || value > max)
		return err_set(err, ERR_USAGE, "--%s \"%s\": a number from %lld to %lld is wanted", option,
		               text, (long long)min, (long long)max);
	*out = value;
	return ERR_OK;
}

int cmd_duration(const struct cli *cli, const char *option, int64_t fallback, int64_t *out,
                 struct err *err)
{
	const char *text = cli_option(cli, option);
	*out = fallback;
	if (!text)
		return ERR_OK;
	int code = duration_parse(text, out, err);
	return code ? err_prefix(err, "--%s", option) : ERR_OK;
}

int cmd_seconds(const struct cli *cli, const char *option, int64_t min, int64_t max, int64_t fallback, int64_t *out,
                struct err *err)
{
	const char *text = cli_option(cli, option);
	int64_t value;
	*out = fallback;
	if (!text)
		return ERR_OK;
	if (seconds_parse(text, &value, NULL) || value < min || value > max)
		return err_set(err, ERR_USAGE, "--%s \"%s\": seconds from %lld to %lld are wanted, or a duration (12h)", option,
		               text, (long long)min, (long long)max);
	*out = value;
	return ERR_OK;
}

int cmd_time(const struct cli *cli, const char *option, int64_t fallback, int64_t *out,
             struct err *err)
{
	const char *text = cli_option(cli, option);
	*out = fallback;
	if (!text)
		return ERR_OK;
	int code = clock_parse(text, out, err);
	return code ? err_prefix(err, "--%s", option) : ERR_OK;
}

int cmd_owner(const struct cli *cli, const char **out, struct err *err)
{
	*out = cli_option(cli, "owner");
	if (!*out || !**out || mail_addresses_valid(*out))
		return ERR_OK;
	return err_set(err, ERR_USAGE, "--owner: '%.100s' is not an e-mail address", *out);
}

int cmd_roles(const struct cli *cli, uint32_t *out, struct err *err)
{
	const char *text;
	*out = 0;
	for (int i = 0; (text = cli_option_at(cli, "role", i)); i++) {
		uint32_t roles = 0;
		if (strcasecmp(text, "none")) {
			int code = roles_parse(text, &roles, err);
			if (code)
				return code;
		}
		*out |= roles;
	}
	return ERR_OK;
}

char *cmd_short_hash(const struct digest *digest, char out[CMD_SHORT_HASH])
{
	return hex_encode(digest->byte, (CMD_SHORT_HASH - 1) / 2, false, out);
}
