/* block, unblock: distrust that wins over every store. */
#include "truststore/cmd.h"

#include "truststore/base/out.h"
#include "truststore/trust.h"

const struct cli_option cmd_block_options[] = {
	{ "file", 0, "FILE", false, false,
	  "the certificate in this file, stored or not (\"-\": standard input)" },
	{ "why", 0, "TEXT", false, false, "the reason (block)" },
	{ NULL, 0, NULL, false, false, NULL },
};

struct blocking {
	struct cli *cli;
	struct cert *file;
	bool unblock;
	struct digest id;
	bool already; /* blocked before */
};

static int block_work(struct txn *txn, void *arg, struct err *err)
{
	struct blocking *blocking = arg;
	int code = cmd_target_id(txn, blocking->cli, blocking->file, true, &blocking->id, err);
	if (code)
		return code;
	if (blocking->unblock)
		return trust_unblock(txn, &blocking->id, err);
	code = trust_block(txn, &blocking->id, cli_option(blocking->cli, "why"), err);
	blocking->already = code == ERR_EXISTS;
	return blocking->already ? ERR_OK : code;
}

static int report(const struct blocking *blocking, struct err *err)
{
	char hex[DIGEST_HEX_SIZE];
	const char *word = blocking->unblock ? "unblocked" : blocking->already ? "blocked already:"
	                                                                       : "blocked";
	digest_hex(&blocking->id, hex);
	if (cli_json(blocking->cli))
		return out_json(json_pack("{s:s, s:b, s:b}", "sha256", hex, "blocked",
		                          !blocking->unblock, "changed", !blocking->already),
		                err);
	if (!cli_quiet(blocking->cli))
		out_printf("%s %s\n", word, hex);
	return ERR_OK;
}

static int run(struct cli *cli, bool unblock)
{
	struct session session;
	struct blocking blocking = { .cli = cli, .unblock = unblock };
	struct err err;
	if (cmd_target(cli, &blocking.file, &err))
		return cli_fail(cli, &err);
	int code = cmd_open(cli, STORE_WRITE, &session);
	if (!code && (store_write(session.store, block_work, &blocking, &err) || report(&blocking, &err)))
		code = cmd_fail(cli, &err);
	cert_free(blocking.file);
	cmd_close(&session);
	return code;
}

int cmd_block(struct cli *cli)
{
	return run(cli, false);
}

int cmd_unblock(struct cli *cli)
{
	return run(cli, true);
}
