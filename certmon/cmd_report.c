#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "certmon/cmd.h"
#include "certmon/export.h"
#include "certmon/notice.h"
#include "certmon/page.h"
#include "certmon/textbuf.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/base/outfile.h"
#include "truststore/base/text.h"

enum { REPORT_AHEAD = 730 * SCHEDULE_DAY, MESSAGES_SHOWN = 10 };

/* Columns. */
enum { STATE_WIDTH = 8, DATE_WIDTH = 10, HASH_WIDTH = 16, WHERE_MAX = 32, SUBJECT_MIN = 30, GAP = 2 };

/* How the table is laid out: one line a finding, or two where a line would leave too little for the subject. */
struct layout {
	size_t columns;  /* of the terminal; 0: none, and nothing is wrapped or coloured */
	int when, where; /* widths */
	bool two;
	size_t indent;   /* where the subject begins */
};

static const char *state_of(const struct finding *finding)
{
	return finding->ack_until ? "silent" : finding_covered(finding) ? "covered" : finding_level_name(finding->level);
}

static const char *colour_of(const struct finding *finding)
{
	static const char *const colours[] = { "\033[31m", "\033[91m", "\033[33m", "\033[32m" };
	return finding_silent(finding) ? "\033[90m" : colours[finding->level];
}

/* The columns of the terminal; 0 where the output is none. */
static size_t terminal_columns(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO))
		return 0;
	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

static struct layout layout_of(const struct findings *findings, int64_t now)
{
	struct layout layout = { .columns = terminal_columns() };
	size_t when = 0, where = strlen("FOUND IN");
	for (size_t i = 0; i < findings->count; i++) {
		char words[64];
		size_t a = strlen(finding_when(&findings->list[i], now, words)), b = text_columns(findings->list[i].stores);
		when = a > when ? a : when;
		where = b > where ? b : where;
	}
	layout.when = (int)when;
	layout.where = !layout.columns && where > WHERE_MAX ? WHERE_MAX : (int)where;
	layout.indent = STATE_WIDTH + GAP + DATE_WIDTH + GAP + when + GAP + (size_t)layout.where + GAP + HASH_WIDTH + GAP;
	layout.two = layout.columns && layout.columns < layout.indent + SUBJECT_MIN;
	if (layout.two)
		layout.indent = STATE_WIDTH + GAP + when + GAP;
	return layout;
}

/* The bytes of `text` that fill at most so many columns, to a blank where there is one. */
static size_t bytes_of_columns(const char *text, size_t columns)
{
	size_t n = 0;
	for (; text[n]; n++)
		if (((unsigned char)text[n] & 0xc0) != 0x80 && !columns--)
			break;
	for (size_t blank = n; text[n] && blank; blank--)
		if (text[blank] == ' ')
			return blank;
	return n;
}

/* Text from column `indent` on, on as many lines as it needs. */
static void print_wrapped(const struct layout *layout, size_t indent, const char *text)
{
	size_t room = layout->columns > indent + SUBJECT_MIN ? layout->columns - indent : SUBJECT_MIN;
	while (layout->columns && text_columns(text) > room) {
		size_t n = bytes_of_columns(text, room);
		out_printf("%.*s\n%*s", (int)n, text, (int)indent, "");
		text += n;
		text += strspn(text, " ");
	}
	out_printf("%s", text);
}

/* "name  (until 2026-12-31: why)", allocated. */
static char *subject_of(const struct layout *layout, const struct finding *finding)
{
	char date[CLOCK_TEXT_SIZE];
	struct textbuf words;
	textbuf_begin(&words);
	textbuf_add(&words, "%s", layout->columns && finding_is_cert(finding) ? finding->name : finding->subject);
	if (finding->ack_until)
		textbuf_add(&words, "  (until %.10s: %s)", clock_format(finding->ack_until, date), finding->ack_reason);
	return textbuf_end(&words, NULL);
}

static void print_finding(const struct layout *layout, const struct finding *finding, int64_t now)
{
	char hex[DIGEST_HEX_SIZE], when[64], date[CLOCK_TEXT_SIZE] = "-";
	char *subject = subject_of(layout, finding);
	int pad = layout->where - (int)text_columns(finding->stores);
	if (finding->end != CLOCK_NEVER)
		clock_format(finding->end, date);
	digest_hex(&finding->id, hex);
	finding_when(finding, now, when);
	printf("%s%-*s  ", layout->columns ? colour_of(finding) : "", STATE_WIDTH, state_of(finding));
	if (layout->two)
		printf("%-*s  ", layout->when, when);
	else
		out_printf("%-*.*s  %-*s  %s%*s  %.*s  ", DATE_WIDTH, DATE_WIDTH, date, layout->when, when, finding->stores,
		           pad > 0 ? pad : 0, "", HASH_WIDTH, hex);
	print_wrapped(layout, layout->indent, subject ? subject : finding->name);
	puts(layout->columns ? "\033[0m" : "");
	if (layout->two) {
		printf("%*s%-*.*s  %.*s  ", STATE_WIDTH + GAP, "", DATE_WIDTH, DATE_WIDTH, date, HASH_WIDTH, hex);
		print_wrapped(layout, STATE_WIDTH + GAP + DATE_WIDTH + GAP + HASH_WIDTH + GAP, finding->stores);
		putchar('\n');
	}
	free(subject);
}

static void print_head(const struct layout *layout)
{
	if (layout->two)
		printf("%-*s  %-*s  SUBJECT\n%*s%-*s  %-*s  FOUND IN\n", STATE_WIDTH, "STATE", layout->when, "", STATE_WIDTH + GAP, "",
		       DATE_WIDTH, "EXPIRY", HASH_WIDTH, "SHA-256");
	else
		printf("%-*s  %-*s  %-*s  %-*s  %-*s  SUBJECT\n", STATE_WIDTH, "STATE", DATE_WIDTH, "EXPIRY", layout->when, "",
		       layout->where, "FOUND IN", HASH_WIDTH, "SHA-256");
}

static void print_findings(const struct run *run)
{
	struct layout layout = layout_of(&run->findings, run->now);
	if (!run->findings.count) {
		puts("nothing expires within two years");
		return;
	}
	print_head(&layout);
	for (size_t i = 0; i < run->findings.count; i++)
		print_finding(&layout, &run->findings.list[i], run->now);
}

struct messages {
	json_t *array; /* NULL: print as text */
	size_t skip;
};

static const char *message_state(const struct outbox *message)
{
	return message->state == OUTBOX_WAITING ? "waiting" : message->state == OUTBOX_DELIVERED ? "delivered" : "given up";
}

static int show_message(uint64_t number, const struct outbox *message, void *arg, struct err *err)
{
	(void)err;
	struct messages *messages = arg;
	char made[CLOCK_TEXT_SIZE];
	if (messages->skip) {
		messages->skip--;
		return ERR_OK;
	}
	if (!messages->array) {
		out_printf("%llu  %s  %-9s  %.*s  %.*s\n", (unsigned long long)number, clock_format(message->made, made),
		           message_state(message), (int)message->to.len, message->to.bytes, (int)message->reply.len,
		           message->reply.bytes);
		return ERR_OK;
	}
	json_t *object = json_object();
	json_object_set_new(object, "number", json_integer((json_int_t)number));
	json_object_set_new(object, "made", out_time(message->made));
	json_object_set_new(object, "tried", message->tried ? out_time(message->tried) : json_null());
	json_object_set_new(object, "attempts", json_integer(message->attempts));
	json_object_set_new(object, "state", json_string(message_state(message)));
	json_object_set_new(object, "to", out_text(message->to.bytes, message->to.len));
	json_object_set_new(object, "subject", out_text(message->subject.bytes, message->subject.len));
	json_object_set_new(object, "reply", out_text(message->reply.bytes, message->reply.len));
	json_array_append_new(messages->array, object);
	return ERR_OK;
}

static int show_messages(struct txn *txn, void *arg, struct err *err)
{
	struct messages *messages = arg;
	size_t count = txn_count(txn, STORE_OUTBOX);
	messages->skip = !messages->array && count > MESSAGES_SHOWN ? count - MESSAGES_SHOWN : 0;
	if (!messages->array && count)
		printf("\nmessages\n");
	return outbox_each(txn, show_message, arg, err);
}

static int print_json(struct cmd *cmd, const struct export_state *state, struct err *err)
{
	json_t *findings = json_array();
	struct messages messages = { .array = json_array() };
	for (size_t i = 0; i < cmd->run.findings.count; i++)
		json_array_append_new(findings, finding_json(&cmd->run.findings.list[i], cmd->run.now));
	json_t *object = json_object();
	json_object_set_new(object, "time", out_time(cmd->run.now));
	json_object_set_new(object, "last_success", state->last_success ? out_time(state->last_success) : json_null());
	json_object_set_new(object, "findings", findings);
	int code = store_read(cmd->store, show_messages, &messages, err);
	json_object_set_new(object, "messages", messages.array);
	if (code) {
		json_decref(object);
		return code;
	}
	return out_json(object, err);
}

static int print_text(struct cmd *cmd, const struct export_state *state, struct err *err)
{
	struct messages messages = { 0 };
	char when[CLOCK_TEXT_SIZE];
	print_findings(&cmd->run);
	int code = store_read(cmd->store, show_messages, &messages, err);
	printf("\nlast complete run: %s\n", state->last_success ? clock_format(state->last_success, when) : "none yet");
	return code;
}

/* A file of its own; these are written again and again, so an old one is replaced. */
static int write_file(const char *path, char *text, size_t len, struct err *err)
{
	enum { READABLE = 0644 };
	int code = text ? outfile_write(path, READABLE, true, text, len, err) : err_set(err, ERR_MEMORY, "no memory");
	free(text);
	return code;
}

static int write_files(struct cli *cli, struct cmd *cmd, const struct export_state *state, struct err *err)
{
	const struct run *run = &cmd->run;
	size_t len = 0;
	int code = ERR_OK;
	if (cli_option(cli, "html")) {
		char host[MESSAGE_HOST_SIZE];
		char *page = page_report(&run->findings, message_host(host), run->now, &len);
		code = write_file(cli_option(cli, "html"), page, len, err);
	}
	if (!code && cli_option(cli, "ics")) {
		char *calendar = export_ics(&run->findings, run->now, cmd->settings.schedule.start, &len);
		code = write_file(cli_option(cli, "ics"), calendar, len, err);
	}
	if (!code && cli_option(cli, "prometheus")) {
		char *metrics = export_prometheus(&run->findings, state, run->now, &len);
		code = write_file(cli_option(cli, "prometheus"), metrics, len, err);
	}
	return code;
}

int cmd_report(struct cli *cli)
{
	struct cmd cmd;
	struct err err;
	struct export_state state = { 0 };
	bool files = cli_has(cli, "html") || cli_has(cli, "ics") || cli_has(cli, "prometheus");
	int code = cmd_open(cli, STORE_READ, &cmd, &err);
	if (!code)
		code = run_look(&cmd.run, REPORT_AHEAD, &err);
	if (!code)
		code = cmd_state(&cmd, &state.last_success, &state.waiting, &err);
	if (!code)
		code = write_files(cli, &cmd, &state, &err);
	if (!code && cli_json(cli))
		code = print_json(&cmd, &state, &err);
	else if (!code && !files)
		code = print_text(&cmd, &state, &err);
	cmd_close(&cmd);
	return code ? cli_fail(cli, &err) : EXIT_YES;
}
