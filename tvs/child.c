#include "config.h"

#include "tvs/child.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "truststore/base/clock.h"

enum { STALE_TICKS = 3, HANGS_TICKS = 10 };

/* What the supervisor has open and watches is not the new process's. */
static void leave_supervisor(const struct child_start *start, int parents_end)
{
	struct child *child;
	for (size_t i = 0; i < start->signal_count; i++)
		ev_signal_stop(start->loop, &start->signals[i]);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	close(parents_end);
	LIST_FOREACH(child, start->others, link)
		close(child->channel.fd);
	if (start->other && start->other != start->generation)
		listeners_close(&start->other->listeners, &start->generation->listeners);
	ev_loop_destroy(start->loop);
}

_Noreturn static void run_child(const struct child_start *start, int slot, const int pair[2],
                                pid_t supervisor, const sigset_t *mask)
{
	const struct worker_config config = {
		.settings = start->generation->settings, .listeners = &start->generation->listeners,
		.limits = start->limits, .slot = slot, .channel = pair[1], .supervisor = supervisor,
		.level = start->level,
	};
	leave_supervisor(start, pair[0]);
	sigprocmask(SIG_SETMASK, mask, NULL);
	exit(start->role == CHILD_PROBE ? worker_probe(&config) : worker_run(&config));
}

static int fork_one(const struct child_start *start, struct child *child, struct err *err)
{
	int pair[2];
	sigset_t all, before;
	pid_t supervisor = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_errno(err, "cannot make a socket pair");
	/* A signal between fork and leave_supervisor would be handled in the supervisor's name. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	child->pid = fork();
	if (child->pid == 0)
		run_child(start, child->slot, pair, supervisor, &before);
	int code = child->pid < 0 ? err_errno(err, "cannot start a process") : ERR_OK;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pair[1]);
	if (code != ERR_OK) {
		close(pair[0]);
		return code;
	}
	ev_io_init(&child->channel, start->on_channel, pair[0], EV_READ);
	child->channel.data = child;
	ev_io_start(start->loop, &child->channel);
	return ERR_OK;
}

int child_fork(const struct child_start *start, struct child **out, struct err *err)
{
	struct child *child = calloc(1, sizeof *child);
	if (!child)
		return err_set(err, ERR_MEMORY, "out of memory");
	child->role = start->role;
	child->generation = start->number;
	child->started_us = clock_monotonic_us();
	child->slot = start->role == CHILD_WORKER ? limits_slot_take(start->limits) : -1;
	int code = ERR_OK;
	if (start->role == CHILD_WORKER && child->slot < 0)
		code = err_set(err, ERR_LIMIT, "more than %d worker processes", LIMITS_SLOTS);
	if (code == ERR_OK)
		code = fork_one(start, child, err);
	if (code != ERR_OK) {
		if (child->slot >= 0)
			limits_slot_release(start->limits, child->slot);
		free(child);
		return code;
	}
	LIST_INSERT_HEAD(start->others, child, link);
	*out = child;
	return ERR_OK;
}

bool child_hear(struct child *child, enum worker_message *message, char text[ERR_TEXT_MAX])
{
	char bytes[1 + ERR_TEXT_MAX];
	ssize_t n = recv(child->channel.fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
	if (n <= 0)
		return false;
	bytes[n] = '\0';
	*message = (enum worker_message)bytes[0];
	memcpy(text, bytes + 1, (size_t)n);
	return true;
}

void child_tell(struct child *child, enum worker_message message)
{
	char byte = (char)message;
	child->told = true;
	if (child->role == CHILD_PROBE)
		kill(child->pid, SIGKILL);
	else
		(void)!send(child->channel.fd, &byte, 1, MSG_NOSIGNAL);
}

unsigned child_count(const struct child_list *children, unsigned generation, bool ready_only)
{
	unsigned n = 0;
	struct child *child;
	LIST_FOREACH(child, children, link)
		n += child->role == CHILD_WORKER && child->generation == generation && !child->told &&
			(child->ready || !ready_only);
	return n;
}

enum child_pulse child_pulse(struct child *child, struct limits *limits)
{
	int64_t age_us = clock_monotonic_us() - child->started_us;
	if (child->role != CHILD_WORKER ||
	    (!child->ready && age_us <= CHILD_START_SECONDS * INT64_C(1000000)))
		return CHILD_BEATS;
	uint64_t heartbeat = limits_slot(limits, child->slot)->heartbeat;
	child->missed = heartbeat == child->heartbeat ? child->missed + 1 : 0;
	child->heartbeat = heartbeat;
	if (child->missed == HANGS_TICKS)
		return CHILD_HANGS;
	return child->missed < STALE_TICKS ? CHILD_BEATS : CHILD_STALE;
}

void child_free(struct child *child, struct ev_loop *loop, struct limits *limits)
{
	LIST_REMOVE(child, link);
	ev_io_stop(loop, &child->channel);
	close(child->channel.fd);
	if (child->slot >= 0)
		limits_slot_release(limits, child->slot);
	free(child);
}
