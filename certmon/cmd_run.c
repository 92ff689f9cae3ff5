#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certmon/cmd.h"
#include "certmon/message.h"
#include "certmon/send.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"

enum { WATCH_INTERVAL_S = 3600 };

/* Messages that a dry run shows. */
struct shown {
	json_t *array; /* NULL: as text */
	size_t count;
};

static int show_message(const char *to, const char *subject, const char *bytes, size_t len, void *arg, struct err *err)
{
	struct shown *shown = arg;
	(void)err;
	shown->count++;
	if (shown->array) {
		json_t *object = json_object();
		json_object_set_new(object, "to", out_text(to, strlen(to)));
		json_object_set_new(object, "subject", out_text(subject, strlen(subject)));
		json_object_set_new(object, "message", json_stringn(bytes, len));
		return json_array_append_new(shown->array, object) ? err_set(err, ERR_MEMORY, "no memory") : ERR_OK;
	}
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
	struct shown shown = { .array = cli_json(cli) ? json_array() : NULL };
	if (!code)
		code = run_dry(&cmd.run, show_message, &shown, &err);
	if (!code && shown.array)
		code = out_json(json_incref(shown.array), &err);
	else if (!code && !shown.count && !cli_quiet(cli))
		puts("nothing is due");
	json_decref(shown.array);
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

static int test_one(const struct cli *cli, struct sender *sender, const char *from, const char *to, json_t *results, struct err *err)
{
	char reply[SEND_REPLY_SIZE], host[MESSAGE_HOST_SIZE];
	size_t len;
	char *message = message_test(from, to, message_host(host), clock_now(), &len);
	int code = message ? sender_mail(sender, to, message, len, reply, err) : err_set(err, ERR_MEMORY, "no memory");
	free(message);
	if (code)
		return code;
	if (results)
		json_array_append_new(results, json_pack("{s:o,s:o}", "to", out_text(to, strlen(to)), "reply", out_text(reply, strlen(reply))));
	else if (!cli_quiet(cli))
		out_printf("%s: %s\n", to, reply);
	return ERR_OK;
}

int cmd_test_mail(struct cli *cli)
{
	struct conf *conf = NULL;
	struct settings settings;
	struct sender *sender = NULL;
	struct err err;
	json_t *results = cli_json(cli) ? json_array() : NULL;
	int code = conf_load(cli_option(cli, "config"), &conf, &err);
	if (!code && !conf_flag(conf, "certmon", "email"))
		code = err_set(&err, ERR_CONFIG, "%s: [certmon] email = no: mail is off", conf_file(conf));
	if (!code)
		code = settings_read(conf, &settings, &err);
	if (!code)
		code = sender_new(conf, SEND_TIMEOUT_S, &sender, &err);
	for (const char *const *to = code ? NULL : conf_list(conf, "certmon", "to"); to && *to && !code; to++)
		code = test_one(cli, sender, conf_text(conf, "certmon", "from"), *to, results, &err);
	if (!code && results)
		code = out_json(json_incref(results), &err);
	json_decref(results);
	sender_free(sender);
	conf_free(conf);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}
