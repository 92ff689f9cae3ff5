#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "certmon/cmd.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"

/* The exit codes of monitoring plugins, which are not those of the other commands. */
enum { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN };

struct tally {
	size_t expired, critical, warning, unreadable, anchors;
	const struct finding *first; /* that counts */
	const struct finding *next;  /* that has an end */
};

static int duration(struct cli *cli, const char *option, int64_t fallback, int64_t *out, struct err *err)
{
	const char *text = cli_option(cli, option);
	*out = fallback;
	int code = text ? duration_parse(text, out, err) : ERR_OK;
	return code ? err_prefix(err, "--%s", option) : ERR_OK;
}

/* --warning and --critical, else what the report goes by. */
static int thresholds(struct cli *cli, const struct settings *settings, struct thresholds *out, struct err *err)
{
	*out = thresholds_of(settings->schedule.start);
	int code = duration(cli, "warning", out->warning, &out->warning, err);
	if (!code)
		code = duration(cli, "critical", thresholds_of(out->warning).critical, &out->critical, err);
	if (!code && out->critical > out->warning)
		code = err_set(err, ERR_USAGE, "--critical is longer than --warning");
	return code;
}

static struct tally count(const struct findings *findings)
{
	struct tally tally = { 0 };
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (finding_silent(finding))
			continue;
		tally.unreadable += finding->kind == FINDING_SOURCE;
		tally.anchors += finding->kind == FINDING_ANCHORS;
		if (finding->kind == FINDING_SOURCE || finding->kind == FINDING_ANCHORS)
			continue;
		if (!tally.first)
			tally.first = finding;
		if (!tally.next && (finding->kind == FINDING_CERT || finding->kind == FINDING_CRL))
			tally.next = finding;
		tally.expired += finding->level == FINDING_EXPIRED;
		tally.critical += finding->level == FINDING_CRITICAL;
		tally.warning += finding->level == FINDING_WARNING;
	}
	return tally;
}

static int verdict(const struct tally *tally)
{
	if (tally->expired || tally->critical)
		return PLUGIN_CRITICAL;
	return tally->warning || tally->unreadable || tally->anchors ? PLUGIN_WARNING : PLUGIN_OK;
}

/* A bar would begin the performance data, and the line must stay one. */
static void print_subject(const char *subject)
{
	char clean[200];
	size_t n = 0;
	for (; *subject && n < sizeof clean - 1; subject++)
		clean[n++] = *subject == '|' ? '/' : *subject;
	clean[n] = '\0';
	out_printf("%s", clean);
}

static void print(const struct run *run, const struct tally *tally, const struct thresholds *limits)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL" };
	int code = verdict(tally);
	printf("CERTMON %s - ", words[code]);
	if (code == PLUGIN_OK)
		printf("no certificate needs attention");
	else
		printf("%zu expired, %zu critical, %zu warning, %zu unreadable", tally->expired, tally->critical, tally->warning,
		       tally->unreadable);
	if (tally->anchors)
		printf(", anchors of the phones expire together");
	if (tally->first) {
		char when[64];
		printf("; first: ");
		print_subject(tally->first->subject);
		printf(" %s", finding_when(tally->first, run->now, when));
	}
	printf(" | expired=%zu;;0 critical=%zu;;0 warning=%zu;0 unreadable=%zu;0", tally->expired, tally->critical,
	       tally->warning, tally->unreadable);
	if (tally->next)
		printf(" next=%" PRId64 "s;%" PRId64 ":;%" PRId64 ":", tally->next->end - run->now, limits->warning, limits->critical);
	putchar('\n');
}

static int print_json(const struct tally *tally, struct err *err)
{
	json_t *object = json_pack("{s:i,s:I,s:I,s:I,s:I,s:b}", "status", verdict(tally), "expired", (json_int_t)tally->expired,
	                           "critical", (json_int_t)tally->critical, "warning", (json_int_t)tally->warning,
	                           "unreadable", (json_int_t)tally->unreadable, "anchors", tally->anchors != 0);
	json_object_set_new(object, "next", tally->next ? out_time(tally->next->end) : json_null());
	return out_json(object, err);
}

int cmd_check(struct cli *cli)
{
	struct cmd cmd;
	struct err err;
	struct thresholds limits;
	int code = cmd_open(cli, STORE_READ, &cmd, &err);
	if (!code)
		code = thresholds(cli, &cmd.settings, &limits, &err);
	if (!code)
		code = run_look(&cmd.run, limits.warning + 1, &err);
	int result = PLUGIN_UNKNOWN;
	if (!code) {
		findings_sort(&cmd.run.findings, cmd.run.now, limits);
		struct tally tally = count(&cmd.run.findings);
		result = verdict(&tally);
		if (!cli_json(cli))
			print(&cmd.run, &tally, &limits);
		else if (print_json(&tally, &err))
			result = PLUGIN_UNKNOWN;
	} else {
		printf("CERTMON UNKNOWN - ");
		out_printf("%s\n", err_text(&err));
	}
	cmd_close(&cmd);
	return result;
}
