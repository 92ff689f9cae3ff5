#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "certmon/cmd.h"
#include "certmon/message.h"
#include "certmon/send.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"

enum { WATCH_INTERVAL_S = 3600 };

static int print_message(const char *to, const char *subject, const char *bytes, size_t len, void *arg, struct err *err)
{
	(void)subject;
	(void)arg;
	(void)err;
	printf("--- to %s\n", to);
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != '\r')
			putchar(bytes[i]);
	putchar('\n');
	return ERR_OK;
}

static void print_result(const struct cli *cli, const struct run *run)
{
	if (cli_json(cli)) {
		struct err err;
		out_json(json_pack("{s:I,s:I,s:I,s:I}", "found", (json_int_t)run->findings.count, "announced",
		                   (json_int_t)run->due, "delivered", (json_int_t)run->delivered, "waiting",
		                   (json_int_t)run->waiting), &err);
	} else if (!cli_quiet(cli) && (run->due || run->delivered || run->waiting || cli_verbose(cli))) {
		out_printf("%zu found, %zu announced, %zu messages delivered, %zu waiting\n", run->findings.count, run->due,
		           run->delivered, run->waiting);
	}
}

/* One run with everything opened and closed; the exit code. */
static int run_once(struct cli *cli)
{
	struct cmd cmd;
	struct err err;
	int lock = -1, code = cmd_open(cli, STORE_WRITE, &cmd, &err);
	if (!code)
		code = run_lock(cmd.store, &lock, &err);
	if (code == ERR_BUSY) { /* the other run does the work */
		if (cli_verbose(cli))
			cli_warn(cli, "%s", err_text(&err));
		cmd_close(&cmd);
		return EXIT_YES;
	}
	if (!code && conf_flag(cmd.conf, "certmon", "syslog"))
		cmd.run.log = log_new("certmon", LOG_TO_SYSLOG, LOG_LEVEL_INFO);
	if (!code)
		code = run_all(&cmd.run, &err);
	if (!code && !cmd.run.waiting)
		code = cmd_note_success(&cmd, &err);
	if (!code)
		print_result(cli, &cmd.run);
	if (!code && cmd.run.waiting)
		code = err_set(&err, ERR_NETWORK, "%zu messages could not be delivered and wait for the next run: %s",
		               cmd.run.waiting, cmd.run.trouble);
	log_free(cmd.run.log);
	if (lock >= 0)
		close(lock);
	cmd_close(&cmd);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}

static int run_dry_once(struct cli *cli)
{
	struct cmd cmd;
	struct err err;
	int code = cmd_open(cli, STORE_READ, &cmd, &err);
	if (!code)
		code = run_dry(&cmd.run, print_message, NULL, &err);
	cmd_close(&cmd);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}

int cmd_run(struct cli *cli)
{
	return cli_has(cli, "dry-run") ? run_dry_once(cli) : run_once(cli);
}

/* Runs every hour until it is told to stop. A run that fails is reported, and the next one tries again. */
int cmd_watch(struct cli *cli)
{
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	for (;;) {
		run_once(cli);
		fflush(stdout);
		if (sigtimedwait(&stop, NULL, &(struct timespec){ .tv_sec = WATCH_INTERVAL_S }) > 0)
			return EXIT_YES;
	}
}

int cmd_test_mail(struct cli *cli)
{
	struct conf *conf = NULL;
	struct settings settings;
	struct sender *sender = NULL;
	struct err err;
	int code = conf_load(cli_option(cli, "config"), &conf, &err);
	if (!code && !conf_flag(conf, "certmon", "email"))
		code = err_set(&err, ERR_CONFIG, "%s: [certmon] email = no: mail is off", conf_file(conf));
	if (!code)
		code = settings_read(conf, &settings, &err);
	if (!code)
		code = sender_new(conf, &sender, &err);
	for (const char *const *to = code ? NULL : conf_list(conf, "certmon", "to"); to && *to && !code; to++) {
		char reply[SEND_REPLY_SIZE], host[MESSAGE_HOST_SIZE];
		size_t len;
		char *message = message_test(conf_text(conf, "certmon", "from"), *to, message_host(host), clock_now(), &len);
		code = message ? sender_mail(sender, *to, message, len, reply, &err) : err_set(&err, ERR_MEMORY, "no memory");
		if (!code && !cli_quiet(cli))
			out_printf("%s: %s\n", *to, reply);
		free(message);
	}
	sender_free(sender);
	conf_free(conf);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}
