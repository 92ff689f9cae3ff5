/* bulk: what its commands share. */
#include "config.h"

#include "truststore/cmd_bulk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/keyfile.h"

static void show_progress(void *arg, const char *what, size_t done, size_t total)
{
	cli_progress(arg, what, done, total);
}

bool cmd_bulk_named(const struct cli *cli, const struct cert *signer)
{
	const char *text;
	struct digest digest;
	size_t len;
	for (int i = 0; (text = cli_option_at(cli, "signer", i)); i++)
		if (!hex_decode(text, digest.byte, DIGEST_SIZE, &len) && len == DIGEST_SIZE &&
		    digest_equal(&digest, cert_sha256(signer)))
			return true;
	return false;
}

static int confirm(void *arg, const char *cluster, const struct cert *signer, struct err *err)
{
	const struct cli *cli = arg;
	char hex[DIGEST_HEX_SIZE];
	if (cmd_bulk_named(cli, signer))
		return ERR_OK;
	digest_hex(cert_sha256(signer), hex);
	return cli_ask(cli, false, "signer", err,
	               "Cluster %s signs with %s, SHA-256 %s, which is not known here: accept it from now on?", cluster,
	               cert_subject(signer), hex);
}

static int open_password(struct bulk_session *bs, struct err *err)
{
	if (conf_is_set(bs->session.conf, "bulk", "password-file"))
		return conf_secret(bs->session.conf, "bulk", "password-file", &bs->password, err);
	return ERR_OK;
}

static int open_profile(const struct cli *cli, struct bulk *bulk, struct err *err)
{
	const char *profile = cli_option(cli, "profile");
	bulk->legacy = profile && !strcmp(profile, "legacy");
	if (!profile || bulk->legacy || !strcmp(profile, "modern"))
		return ERR_OK;
	return err_set(err, ERR_USAGE, "--profile \"%.40s\": there are modern and legacy", profile);
}

static int open_cluster(const char *option, unsigned needs, struct bulk_session *bs, struct err *err)
{
	const char *name = option ? option : conf_text(bs->session.conf, "bulk", "cluster");
	bs->bulk.cluster = name;
	if (name)
		return bulk_cluster_check(option ? "--cluster" : "[bulk] cluster", name, err);
	return needs & CMD_BULK_CLUSTER
	               ? err_set(err, ERR_CONFIG, "[bulk] cluster is not set: what is this cluster's name?")
	               : ERR_OK;
}

static int open_all(struct cli *cli, unsigned needs, struct bulk_session *bs, struct err *err)
{
	const struct conf *conf = bs->session.conf;
	const char *where = cli_has(cli, "directory") ? cli_option(cli, "directory") : conf_text(conf, "bulk", "directory");
	bs->bulk.conf = conf;
	bs->bulk.store = bs->session.store;
	bs->bulk.now = bs->session.now;
	bs->bulk.wait = conf_number(conf, "truststore", "anchor-wait");
	bs->bulk.allow_expired = bs->session.policy.allow_expired;
	bs->bulk.security = &bs->session.security;
	bs->bulk.confirm = confirm;
	bs->bulk.confirm_arg = cli;
	bs->bulk.progress = (struct bulk_progress){ show_progress, cli };
	int code = open_cluster(needs & CMD_BULK_CLUSTER ? cli_option(cli, "cluster") : NULL, needs, bs, err);
	if (!code)
		code = open_profile(cli, &bs->bulk, err);
	if (!code)
		code = open_password(bs, err);
	bs->bulk.password = bs->password ? bs->password : "";
	if (!code)
		code = keyfile_directory(conf, bs->session.path, &bs->keys, err);
	bs->bulk.keys = bs->keys;
	if (!code && needs & CMD_BULK_PLACE)
		code = bulk_place_open(conf, where, &bs->bulk.place, err);
	return code;
}

int cmd_bulk_open(struct cli *cli, unsigned needs, struct bulk_session *bs)
{
	struct err err;
	*bs = (struct bulk_session){ .password = NULL };
	int code = cmd_open(cli, STORE_WRITE, &bs->session);
	if (!code && open_all(cli, needs, bs, &err))
		code = cli_fail(cli, &err);
	return code;
}

void cmd_bulk_close(struct bulk_session *bs)
{
	if (bs->session.cli)
		cli_progress_end(bs->session.cli);
	bulk_place_free(bs->bulk.place);
	conf_secret_free(bs->password);
	free(bs->keys);
	cmd_close(&bs->session);
}

int cmd_bulk_types(const struct cli *cli, const char *fallback, unsigned *types, struct err *err)
{
	const char *text = cli_option(cli, "type");
	return bulk_types_parse(text ? text : fallback, types, err);
}
