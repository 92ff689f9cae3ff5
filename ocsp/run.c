#include "ocsp/run.h"

#include <stdlib.h>
#include <string.h>

#include "ocsp/issuers.h"
#include "ocsp/queue.h"
#include "ocsp/recheck.h"
#include "truststore/base/clock.h"
#include "truststore/trust.h"

/* A certificate that is being checked. */
struct job {
	struct job *next, *previous;
	struct run *run;
	struct queue_item *item;
	struct cert *cert;
	struct issuer *issuer;
};

/* A result that waits to be written. */
struct found {
	struct digest cert;
	char *subject;
	struct outcome outcome;
	struct revocation_record record; /* its texts are not kept */
	bool written;
};

struct run {
	struct ev_loop *loop;
	struct store *store;
	struct checker *checker;
	const struct ocsp_settings *settings;
	struct run_events events;
	struct queue *queue;
	struct issuers *issuers;
	struct job *jobs;
	struct found *found; /* room for RUN_BATCH and all that may be under way then */
	size_t found_count;
	unsigned tries;
	ev_timer batch;
	bool pumping;
};

static void pump(struct run *run);

/* --- results */

static int write_found(struct txn *txn, struct found *found, int64_t interval, struct err *err)
{
	struct span value;
	struct revocation_record known;
	bool has = txn_get(txn, STORE_REVOCATION, found->cert.byte, DIGEST_SIZE, &value) == ERR_OK &&
	           revocation_record_decode(value, &known) == ERR_OK;
	outcome_merge(has ? &known : NULL, &found->outcome, clock_now(), interval, &found->cert,
	              &found->record);
	int code = trust_set_revocation(txn, &found->cert, &found->record, err);
	found->written = code == ERR_OK;
	found->record.source = found->record.error = text_of(NULL);
	return code == ERR_NOT_FOUND ? ERR_OK : code; /* removed in the meantime */
}

static int write_all(struct txn *txn, void *arg, struct err *err)
{
	struct run *run = arg;
	int code = ERR_OK;
	for (size_t i = 0; i < run->found_count && !code; i++)
		code = write_found(txn, &run->found[i], run->settings->interval, err);
	return code ? code : responders_save(checker_responders(run->checker), txn);
}

static void drop_found(struct run *run)
{
	for (size_t i = 0; i < run->found_count; i++)
		free(run->found[i].subject);
	run->found_count = 0;
	run->tries = 0;
}

bool run_finding_is_news(const struct run_finding *finding)
{
	enum revocation_status status = finding->outcome->status;
	return status == REVOCATION_REVOKED || status == REVOCATION_UNKNOWN ||
	       (finding->record && finding->record->failures == 1);
}

static void report_found(struct run *run)
{
	for (size_t i = 0; i < run->found_count && run->events.found; i++) {
		const struct found *found = &run->found[i];
		const struct run_finding finding = { found->cert, found->subject, &found->outcome,
		                                     found->written ? &found->record : NULL };
		run->events.found(&finding, run->events.arg);
	}
}

static void flush(struct run *run)
{
	struct err err;
	err_clear(&err);
	ev_timer_stop(run->loop, &run->batch);
	if (!run->found_count)
		return;
	if (store_write(run->store, write_all, run, &err) == ERR_OK) {
		responders_saved(checker_responders(run->checker));
		report_found(run);
		drop_found(run);
	} else if (++run->tries >= RUN_WRITE_TRIES) {
		if (run->events.failed)
			run->events.failed(&err, run->found_count, run->events.arg);
		drop_found(run);
	} else {
		ev_timer_set(&run->batch, RUN_BATCH_MS / 1000.0, 0);
		ev_timer_start(run->loop, &run->batch);
	}
}

static void on_batch(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	struct run *run = timer->data;
	flush(run);
	pump(run);
}

static void keep_result(struct run *run, const struct job *job, const struct outcome *outcome)
{
	struct found *found = &run->found[run->found_count++];
	found->cert = job->item->cert;
	found->subject = strdup(cert_subject(job->cert));
	found->outcome = *outcome;
	found->written = false;
	if (run->found_count == 1) {
		ev_timer_set(&run->batch, RUN_BATCH_MS / 1000.0, 0);
		ev_timer_start(run->loop, &run->batch);
	}
}

/* --- jobs */

static void end_job(struct job *job)
{
	struct run *run = job->run;
	if (job->previous)
		job->previous->next = job->next;
	else
		run->jobs = job->next;
	if (job->next)
		job->next->previous = job->previous;
	queue_done(run->queue, job->item);
	issuers_release(run->issuers, job->issuer);
	cert_free(job->cert);
	free(job);
}

static void checked(const struct check_result *result, void *arg)
{
	struct job *job = arg;
	struct run *run = job->run;
	keep_result(run, job, &result->outcome);
	end_job(job);
	pump(run);
}

static int load(struct txn *txn, void *arg, struct err *err)
{
	struct job *job = arg;
	struct cert_record record;
	int code = trust_cert_get(txn, &job->item->cert, &record);
	if (!code)
		code = cert_parse(record.der.bytes, record.der.len, &job->cert, err);
	return code ? code : issuers_find(job->run->issuers, txn, job->cert, &job->issuer, err);
}

static void start_job(struct run *run, struct queue_item *item)
{
	struct job *job = calloc(1, sizeof *job);
	if (!job) {
		queue_done(run->queue, item);
		return;
	}
	*job = (struct job){ .next = run->jobs, .run = run, .item = item };
	if (run->jobs)
		run->jobs->previous = job;
	run->jobs = job;
	if (store_read(run->store, load, job, NULL) != ERR_OK) {
		end_job(job); /* it has left the store */
		return;
	}
	const struct check_how how = { .cert = job->cert, .issuer = issuer_cert(job->issuer),
	                               .done = checked, .arg = job };
	if (check_start(run->checker, &how) != ERR_OK)
		end_job(job);
}

/* Starts what may be started now. A check can end at once: the loop takes its place up, not the callback. */
static void pump(struct run *run)
{
	if (run->pumping)
		return;
	run->pumping = true;
	for (;;) {
		if (run->found_count >= RUN_BATCH)
			flush(run);
		if (run->found_count >= RUN_BATCH)
			break; /* could not be written: the timer tries again */
		struct queue_item *item = queue_take(run->queue);
		if (!item)
			break;
		start_job(run, item);
	}
	if (!queue_count(run->queue) && run->found_count && !run->tries)
		flush(run);
	run->pumping = false;
	if (!queue_count(run->queue) && !run->found_count && run->events.idle)
		run->events.idle(run->events.arg);
}

void run_start(struct run *run)
{
	pump(run);
}

size_t run_waiting(const struct run *run)
{
	return queue_count(run->queue);
}

/* --- what is due */

struct due {
	struct digest cert;
	bool first_time;
};

struct collecting {
	struct run *run;
	struct txn *txn;
	bool all;
	uint64_t since;  /* of those that are new: the revision after which they came */
	bool restored;   /* since then: any one may be new */
	int64_t now, next;
	struct due *due;
	size_t count, room;
};

static int add_due(struct collecting *c, const struct digest *cert, bool first_time)
{
	if (c->count == c->room) {
		size_t room = 2 * c->room + 64;
		struct due *due = realloc(c->due, room * sizeof *due);
		if (!due)
			return ERR_MEMORY;
		c->due = due;
		c->room = room;
	}
	c->due[c->count++] = (struct due){ *cert, first_time };
	return ERR_OK;
}

static int collect(const struct digest *id, const struct cert_record *cert, void *arg, struct err *err)
{
	(void)err;
	struct collecting *c = arg;
	struct span value;
	struct revocation_record known;
	if (cert->self_signed || (cert->not_after < c->now && !c->run->settings->policy.allow_expired) ||
	    queue_has(c->run->queue, id))
		return ERR_OK;
	bool has = txn_get(c->txn, STORE_REVOCATION, id->byte, DIGEST_SIZE, &value) == ERR_OK &&
	           revocation_record_decode(value, &known) == ERR_OK;
	if (c->all || recheck_due(has ? &known : NULL, c->now, c->run->settings->interval))
		return add_due(c, id, !has);
	if (known.next_check < c->next)
		c->next = known.next_check;
	return ERR_OK;
}

static int collect_all(struct txn *txn, void *arg, struct err *err)
{
	struct collecting *c = arg;
	c->txn = txn;
	return trust_cert_each(txn, collect, c, err);
}

bool run_change_adds(const struct change_record *change)
{
	return change->has_cert && (change->action == CHANGE_ADD || change->action == CHANGE_REPLACE ||
	                            change->action == CHANGE_IDENTITY);
}

static int collect_change(uint64_t revision, const struct change_record *change, void *arg, struct err *err)
{
	(void)revision;
	struct collecting *c = arg;
	struct cert_record cert;
	c->restored = c->restored || change->action == CHANGE_RESTORE;
	if (!run_change_adds(change))
		return ERR_OK;
	int code = trust_cert_get(c->txn, &change->cert, &cert);
	if (code)
		return code == ERR_NOT_FOUND ? ERR_OK : code; /* it has left the store since */
	return collect(&change->cert, &cert, c, err);
}

static int collect_new(struct txn *txn, void *arg, struct err *err)
{
	struct collecting *c = arg;
	c->txn = txn;
	int code = change_each(txn, c->since + 1, collect_change, c, err);
	return code || !c->restored ? code : trust_cert_each(txn, collect, c, err);
}

struct naming {
	const struct digest *id;
	struct source source;
	bool self_signed;
	char *subject; /* of one that is self-signed */
	const char *responder;
};

static int read_source(struct txn *txn, void *arg, struct err *err)
{
	(void)err;
	struct naming *n = arg;
	struct cert_record record;
	int code = trust_cert_get(txn, n->id, &record);
	if (code)
		return code;
	n->self_signed = record.self_signed;
	if (n->self_signed)
		n->subject = strndup(record.subject.bytes, record.subject.len);
	return source_of_der(record.der.bytes, record.der.len, n->responder, &n->source);
}

static void report_self_signed(struct run *run, const struct naming *n)
{
	const struct outcome outcome = { .status = REVOCATION_NOT_APPLICABLE };
	const struct run_finding finding = { *n->id, n->subject ? n->subject : "", &outcome, NULL };
	if (run->events.found)
		run->events.found(&finding, run->events.arg);
}

static int enqueue(struct run *run, const struct digest *cert, bool in_front, struct err *err)
{
	struct naming n = { .id = cert, .responder = run->settings->url };
	int code = store_read(run->store, read_source, &n, err);
	if (!code && n.self_signed) {
		report_self_signed(run, &n);
	} else if (!code) {
		const char *url = n.source.ocsp_count ? n.source.ocsp[0] : n.source.crl_count ? n.source.crl[0] : NULL;
		struct responder *server = url ? responders_get(checker_responders(run->checker), url) : NULL;
		code = queue_add(run->queue, cert, server, in_front);
	}
	source_free(&n.source);
	free(n.subject);
	return code;
}

int run_add(struct run *run, const struct digest *cert, struct err *err)
{
	return enqueue(run, cert, true, err);
}

static int enqueue_due(struct run *run, struct collecting *c, int64_t *next, struct err *err)
{
	int code = ERR_OK;
	for (size_t i = 0; i < c->count && !code; i++) {
		code = enqueue(run, &c->due[i].cert, c->due[i].first_time, err);
		if (code == ERR_NOT_FOUND)
			code = ERR_OK; /* removed in the meantime */
	}
	if (next && c->next < *next)
		*next = c->next;
	return code;
}

static int add_collected(struct run *run, store_work_fn *collect_what, struct collecting *c, int64_t *next, struct err *err)
{
	c->run = run;
	c->now = clock_now();
	c->next = CLOCK_NEVER;
	int code = store_read(run->store, collect_what, c, err);
	if (!code)
		code = enqueue_due(run, c, next, err);
	free(c->due);
	return code;
}

int run_add_due(struct run *run, bool all, int64_t *next, struct err *err)
{
	struct collecting c = { .all = all };
	return add_collected(run, collect_all, &c, next, err);
}

int run_add_new(struct run *run, uint64_t revision, int64_t *next, struct err *err)
{
	struct collecting c = { .since = revision };
	return add_collected(run, collect_new, &c, next, err);
}

/* --- the whole */

struct run *run_new(struct ev_loop *loop, struct store *store, struct checker *checker,
                    const struct ocsp_settings *settings, const struct run_events *events)
{
	struct run *run = calloc(1, sizeof *run);
	if (!run)
		return NULL;
	run->loop = loop;
	run->store = store;
	run->checker = checker;
	run->settings = settings;
	run->events = *events;
	ev_timer_init(&run->batch, on_batch, 0, 0);
	run->batch.data = run;
	run->queue = queue_new(settings->parallel, RUN_PROBES);
	run->issuers = issuers_new();
	run->found = calloc(RUN_BATCH + settings->parallel, sizeof *run->found);
	if (run->queue && run->issuers && run->found)
		return run;
	run_free(run);
	return NULL;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	flush(run);
	ev_timer_stop(run->loop, &run->batch);
	drop_found(run);
	while (run->jobs)
		end_job(run->jobs);
	issuers_free(run->issuers);
	queue_free(run->queue);
	free(run->found);
	free(run);
}
