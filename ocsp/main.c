/* ocspcheck: keeps the revocation status of stored certificates fresh. */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "ocsp/cmd.h"
#include "truststore/base/clock.h"

static const struct cli_option run_options[] = {
	{ .name = "all", .help = "check every certificate, due or not" },
	{ .name = "cert", .argument = "HASH", .repeat = true, .many = true,
	  .help = "check these certificates only, due or not" },
	{ .name = "since", .argument = "REVISION",
	  .help = "check what was added to the store after this revision" },
	{ 0 }
};

static const struct cli_option cert_options[] = {
	{ .name = "issuer", .argument = "FILE", .help = "certificates among which the issuer is" },
	{ .name = "url", .argument = "URL", .help = "ask this responder" },
	{ .name = "in", .argument = "FILE", .help = "judge a saved response instead of asking" },
	{ .name = "out", .argument = "FILE", .help = "save the response (DER)" },
	{ .name = "overwrite", .help = "let --out replace a file" },
	{ .name = "nonce", .help = "send a nonce and insist on getting it back" },
	{ .name = "no-nonce", .help = "send no nonce" },
	{ 0 }
};

static const struct cli_command commands[] = {
	{ "run", "", 0, 0, run_options, cmd_run, "check every stored certificate that is due; for a timer" },
	{ "watch", "", 0, 0, NULL, cmd_watch, "stay, check what gets due, and what is added at once" },
	{ "cert", "FILE", 1, 1, cert_options, cmd_cert, "ask about one certificate, stored or not" },
	{ "status", "[HASH...]", 0, -1, NULL, cmd_status, "print what is known of every certificate" },
	{ 0 }
};

static const struct cli_program program = {
	.name = "ocspcheck",
	.summary = "keeps the revocation status of stored certificates fresh",
	.commands = commands,
};

/* As many connections as `parallel` may ask for: a lack of descriptors must not look like a dead responder. */
static void raise_limit(void)
{
	struct rlimit limit;
	const rlim_t wanted = 4096;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct err err;
	if (clock_init(&err)) {
		fprintf(stderr, "ocspcheck: %s\n", err_text(&err));
		return EXIT_FAILED;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		fprintf(stderr, "ocspcheck: libcurl cannot be used\n");
		return EXIT_FAILED;
	}
	signal(SIGPIPE, SIG_IGN); /* a connection that breaks */
	raise_limit();
	int code = cli_main(&program, argc, argv, NULL);
	curl_global_cleanup();
	return code;
}
