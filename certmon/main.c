/* certmon: finds what expires and tells the administrators. */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

#include "certmon/cmd.h"
#include "truststore/base/clock.h"

static const struct cli_option run_options[] = {
	{ .name = "dry-run", .help = "print the messages instead of sending them; remember nothing" },
	{ 0 }
};

static const struct cli_option report_options[] = {
	{ .name = "html", .argument = "FILE", .help = "write a page with a timeline of the coming two years" },
	{ .name = "ics", .argument = "FILE", .help = "write a calendar" },
	{ .name = "prometheus", .argument = "FILE", .help = "write metrics for the textfile collector" },
	{ 0 }
};

static const struct cli_option check_options[] = {
	{ .name = "warning", .argument = "DURATION", .help = "how long before an expiry it is a warning (30d)" },
	{ .name = "critical", .argument = "DURATION", .help = "how long before an expiry it is critical (7d)" },
	{ 0 }
};

static const struct cli_option ack_options[] = {
	{ .name = "until", .argument = "TIME", .help = "when it is to be announced again" },
	{ .name = "reason", .argument = "TEXT", .help = "why nobody needs to be told" },
	{ 0 }
};

static const struct cli_command commands[] = {
	{ "run", "", 0, 0, run_options, cmd_run, "find what is due, notify, remember; for cron or a timer" },
	{ "watch", "", 0, 0, NULL, cmd_watch, "stay, and run every hour" },
	{ "report", "", 0, 0, report_options, cmd_report, "print the state, or write it to files" },
	{ "check", "", 0, 0, check_options, cmd_check, "a monitoring plugin: one line, exit 0 to 3" },
	{ "ack", "HASH", 1, 1, ack_options, cmd_ack, "silence one finding" },
	{ "unack", "HASH", 1, 1, NULL, cmd_unack, "announce it again" },
	{ "test-mail", "", 0, 0, NULL, cmd_test_mail, "send a test message with the configured settings" },
	{ 0 }
};

static const struct cli_program program = {
	.name = "certmon",
	.summary = "finds what expires and tells the administrators",
	.commands = commands,
};

int main(int argc, char **argv)
{
	struct err err;
	signal(SIGPIPE, SIG_IGN); /* a server or a command that is gone is an error like any other */
	if (clock_init(&err)) {
		fprintf(stderr, "certmon: %s\n", err_text(&err));
		return EXIT_FAILED;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		fprintf(stderr, "certmon: libcurl cannot be used\n");
		return EXIT_FAILED;
	}
	int code = cli_main(&program, argc, argv, NULL);
	curl_global_cleanup();
	return code;
}
