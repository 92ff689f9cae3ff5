#include "certmon/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "certmon/compose.h"
#include "certmon/notice.h"
#include "certmon/scan.h"
#include "certmon/send.h"
#include "certmon/ways.h"
#include "truststore/base/clock.h"
#include "truststore/owner.h"

enum { NOTICE_KEEP = 400 * SCHEDULE_DAY }; /* seconds for which a notice of what is gone is kept */

/* Made by the store's owner also when root runs certmon, or the timer's runs could not open it afterwards. */
static int open_lock(const struct store *store, const char *path, int *fd, struct err *err)
{
	struct owner before;
	int code = owner_enter(store_path(store), &before, err);
	if (code)
		return code;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (*fd < 0)
		code = err_errno(err, "%s", path);
	owner_leave(&before);
	return code;
}

int run_lock(const struct store *store, int *fd, struct err *err)
{
	char path[4096];
	*fd = -1;
	snprintf(path, sizeof path, "%s/certmon.lock", store_path(store));
	int code = open_lock(store, path, fd, err);
	if (code || !flock(*fd, LOCK_EX | LOCK_NB))
		return code;
	int busy = errno == EWOULDBLOCK;
	code = busy ? err_set(err, ERR_BUSY, "%s: another run is at work", path) : err_errno(err, "%s", path);
	close(*fd);
	*fd = -1;
	return code;
}

static int due_work(struct txn *txn, void *arg, struct err *err)
{
	return scan_due(arg, txn, err);
}

static struct scan scan_of(struct run *run, int64_t ahead)
{
	return (struct scan){ .settings = run->settings, .now = run->now, .horizon = run->now + ahead,
	                      .findings = &run->findings };
}

static int look(struct run *run, int64_t ahead, struct err *err)
{
	struct scan scan = scan_of(run, ahead);
	int code = scan_store(&scan, run->store, err);
	if (!code)
		code = scan_lists(&scan, run->store, err);
	if (!code)
		code = scan_files(&scan, err);
	if (!code)
		code = scan_servers(&scan, err);
	findings_sort(&run->findings, run->now, thresholds_of(run->settings->schedule.start));
	return code;
}

int run_look(struct run *run, int64_t ahead, struct err *err)
{
	int code = look(run, ahead, err);
	struct scan scan = scan_of(run, ahead);
	return code ? code : store_read(run->store, due_work, &scan, err);
}

static bool same_text(struct text text, const char *words)
{
	return text.len == strlen(words) && !memcmp(text.bytes ? text.bytes : "", words, text.len);
}

/* What is remembered of one finding after it was announced, or was there for the first time. */
static int remember(struct txn *txn, const struct run *run, const struct finding *finding)
{
	struct notice notice;
	int code = notice_get(txn, &finding->id, &notice);
	bool is_new = code == ERR_NOT_FOUND || (!code && notice.kind != finding->kind);
	if (code && code != ERR_NOT_FOUND)
		return code;
	if (is_new)
		notice = (struct notice){ .slot = SCHEDULE_NONE, .first = run->now };
	bool told = finding->slot != SCHEDULE_NONE && !finding_silent(finding) && !same_text(notice.told, finding->ways);
	if (!finding->due && !told && !(is_new && finding->kind == FINDING_SOURCE))
		return ERR_OK;
	notice.kind = (uint8_t)finding->kind;
	if (finding->due) {
		notice.slot = finding->slot;
		notice.count = finding_covered(finding) ? 0 : notice.count + 1;
	}
	if (finding->due || finding->open[0])
		notice.sent = run->now;
	if (told)
		notice.told = text_of(finding->ways); /* a way that is gone is new when it comes back */
	return notice_put(txn, &finding->id, &notice);
}

struct work {
	struct run *run;
	struct txn *txn;
};

static int to_outbox(const char *to, const char *subject, const char *bytes, size_t len, void *arg, struct err *err)
{
	struct work *work = arg;
	struct outbox message = { .state = OUTBOX_WAITING, .made = work->run->now, .to = text_of(to),
	                          .subject = text_of(subject), .reply = text_of(""), .message = { bytes, len } };
	uint64_t number;
	int code = outbox_add(work->txn, &message, &number);
	return code ? err_set(err, code, "the message cannot be stored") : ERR_OK;
}

/* A source that can be read again, or a certificate that is revoked no more, is new the next time, but for a day: one that comes and goes makes
 * no flood. Old notices of what is gone go, too. */
static int forget_one(const struct digest *id, const struct notice *notice, void *arg, struct err *err)
{
	(void)err;
	struct work *work = arg;
	bool short_lived = notice->kind == FINDING_SOURCE || notice->kind == FINDING_REVOKED;
	int64_t keep = short_lived ? SCHEDULE_DAY : NOTICE_KEEP;
	bool old = notice->sent + keep <= work->run->now && notice->ack_until < work->run->now;
	if (!old || findings_find(&work->run->findings, id))
		return ERR_OK;
	return notice_delete(work->txn, id);
}

static int announce(struct txn *txn, void *arg, struct err *err)
{
	struct run *run = arg;
	struct scan scan = scan_of(run, 0);
	struct work work = { run, txn };
	int code = scan_due(&scan, txn, err);
	if (!code)
		code = compose_all(run->settings, &run->findings, run->now, to_outbox, &work, err);
	run->due = 0;
	for (size_t i = 0; i < run->findings.count && !code; i++) {
		const struct finding *finding = &run->findings.list[i];
		run->due += (finding->due || finding->open[0]) && !finding_covered(finding);
		code = remember(txn, run, finding);
	}
	if (!code)
		code = notice_each(txn, forget_one, &work, err);
	return code ? code : outbox_trim(txn, err);
}

/* One message that waits, copied out of the transaction. */
struct waiting {
	uint64_t after, number;
	struct outbox head;
	char *to, *message;
	size_t len;
};

static int take_waiting(uint64_t number, const struct outbox *message, void *arg, struct err *err)
{
	struct waiting *waiting = arg;
	if (number <= waiting->after || message->state != OUTBOX_WAITING)
		return ERR_OK;
	waiting->number = number;
	waiting->head = *message;
	waiting->to = strndup(message->to.bytes, message->to.len);
	waiting->message = malloc(message->message.len + 1);
	waiting->len = message->message.len;
	if (!waiting->to || !waiting->message)
		return err_set(err, ERR_MEMORY, "no memory");
	memcpy(waiting->message, message->message.bytes, message->message.len);
	waiting->message[waiting->len] = '\0';
	return ERR_STOPPED;
}

static int next_work(struct txn *txn, void *arg, struct err *err)
{
	return outbox_each(txn, take_waiting, arg, err);
}

struct outcome {
	const struct run *run;
	uint64_t number;
	bool delivered, given_up;
	const char *reply;
};

static int outcome_work(struct txn *txn, void *arg, struct err *err)
{
	const struct outcome *outcome = arg;
	struct outbox message;
	int code = outbox_get(txn, outcome->number, &message);
	if (code)
		return err_set(err, code, "message %llu is gone", (unsigned long long)outcome->number);
	message.tried = outcome->run->now;
	message.attempts++;
	message.reply = text_of(outcome->reply);
	if (outcome->delivered)
		message.state = OUTBOX_DELIVERED;
	else if (outcome->given_up || message.made + OUTBOX_PATIENCE < outcome->run->now)
		message.state = OUTBOX_GIVEN_UP;
	if (message.state != OUTBOX_WAITING)
		message.message = text_of("");
	return outbox_put(txn, outcome->number, &message);
}

static int send_one(struct sender *sender, const struct waiting *waiting, char reply[SEND_REPLY_SIZE], struct err *err)
{
	if (!strcmp(waiting->to, WAYS_COMMAND))
		return sender_command(sender, waiting->message, waiting->len, reply, err);
	if (!strcmp(waiting->to, WAYS_WEBHOOK))
		return sender_webhook(sender, waiting->message, waiting->len, reply, err);
	return sender_mail(sender, waiting->to, waiting->message, waiting->len, reply, err);
}

/* The way that a message of an earlier run was to go may have been taken out of the configuration. */
static bool has_way(const struct run *run, const struct waiting *waiting)
{
	const struct conf *conf = run->settings->conf;
	if (!strcmp(waiting->to, WAYS_COMMAND) || !strcmp(waiting->to, WAYS_WEBHOOK))
		return conf_text(conf, "certmon", waiting->to) != NULL;
	return conf_flag(conf, "certmon", "email");
}

static int deliver_one(struct run *run, struct sender *sender, const struct waiting *waiting, struct err *err)
{
	char reply[SEND_REPLY_SIZE] = "";
	struct err why;
	if (!has_way(run, waiting)) {
		struct outcome outcome = { .run = run, .number = waiting->number, .given_up = true,
		                           .reply = "the configuration no longer says how to send it" };
		return store_write(run->store, outcome_work, &outcome, err);
	}
	int code = send_one(sender, waiting, reply, &why);
	if (code) {
		run->waiting++;
		snprintf(run->trouble, sizeof run->trouble, "%s", err_text(&why));
	} else {
		run->delivered++;
	}
	struct outcome outcome = { .run = run, .number = waiting->number, .delivered = !code,
	                           .reply = code ? err_text(&why) : reply };
	return store_write(run->store, outcome_work, &outcome, err);
}

static int deliver(struct run *run, struct err *err)
{
	struct sender *sender = NULL;
	struct waiting waiting = { 0 };
	int code = ERR_OK;
	for (;;) {
		code = store_read(run->store, next_work, &waiting, err);
		if (code != ERR_STOPPED)
			break;
		code = sender ? ERR_OK : sender_new(run->settings->conf, SEND_TIMEOUT_S, &sender, err);
		if (!code)
			code = deliver_one(run, sender, &waiting, err);
		waiting.after = waiting.number;
		free(waiting.to);
		free(waiting.message);
		waiting.to = waiting.message = NULL;
		if (code)
			break;
	}
	sender_free(sender);
	return code;
}

static void log_findings(const struct run *run)
{
	for (size_t i = 0; i < run->findings.count; i++) {
		const struct finding *finding = &run->findings.list[i];
		char hex[DIGEST_HEX_SIZE], when[64], subject[512], stores[256];
		if (!finding->due || finding_covered(finding))
			continue;
		log_line(run->log, finding->level <= FINDING_CRITICAL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
		         "%s %s level=%s subject=%s found_in=%s sha256=%s",
		         finding_is_cert(finding) ? "certificate" : finding_kind_name(finding->kind),
		         finding_when(finding, run->now, when), finding_level_name(finding->level),
		         log_escape(subject, sizeof subject, finding->subject, strlen(finding->subject)),
		         log_escape(stores, sizeof stores, finding->stores, strlen(finding->stores)), digest_hex(&finding->id, hex));
	}
}

int run_all(struct run *run, struct err *err)
{
	int code = look(run, settings_ahead(run->settings), err);
	if (!code)
		code = store_write(run->store, announce, run, err);
	if (code)
		return code;
	log_findings(run);
	return deliver(run, err);
}

int run_dry(struct run *run, compose_fn *each, void *arg, struct err *err)
{
	int code = run_look(run, settings_ahead(run->settings), err);
	return code ? code : compose_all(run->settings, &run->findings, run->now, each, arg, err);
}

void run_deinit(struct run *run)
{
	findings_deinit(&run->findings);
}
