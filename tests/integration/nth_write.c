/* Runs a program and strikes at its Nth step on the disk: kills it there (kill -9), or lets that step and all
 * after it fail as on a full disk.
 *
 *	nth_write kill|full N PROGRAM ARGUMENT...
 *
 * A step is a system call that changes a file or a directory. Exit: as the program, or 137 where it was killed; 90 if it ended
 * before its Nth step; 77 where the system does not let processes be traced. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENDED_BEFORE = 90, NOT_POSSIBLE = 77 };

struct tracer {
	bool full;
	unsigned long nth, seen;
	bool struck, failing; /* `failing`: the call that is under way gets ENOSPC */
};

/* A regular file that the program opened itself. */
static bool is_file(pid_t child, unsigned long fd)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/fd/%lu", (int)child, fd);
	return fd > STDERR_FILENO && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_step(pid_t child, const struct __ptrace_syscall_info *info)
{
	const uint64_t *args = info->entry.args;
	switch (info->entry.nr) {
	case SYS_write:
	case SYS_pwrite64:
	case SYS_writev:
	case SYS_pwritev:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_ftruncate:
		return is_file(child, args[0]);
	case SYS_openat:
		return args[2] & O_CREAT || (args[2] & O_TMPFILE) == O_TMPFILE;
#ifdef SYS_open
	case SYS_open:
		return args[1] & O_CREAT;
	case SYS_rename:
	case SYS_link:
	case SYS_unlink:
	case SYS_mkdir:
#endif
	case SYS_renameat2:
	case SYS_linkat:
	case SYS_unlinkat:
	case SYS_mkdirat:
	case SYS_fchmod:
		return true;
	default:
		return false;
	}
}

/* What needs room on the disk fails when that is full; names can still be taken away. */
static bool needs_room(uint64_t nr)
{
	switch (nr) {
	case SYS_unlinkat:
	case SYS_fchmod:
	case SYS_ftruncate:
#ifdef SYS_unlink
	case SYS_unlink:
#endif
		return false;
	default:
		return true;
	}
}

#if defined __x86_64__
static void skip_call(pid_t child)
{
	struct user_regs_struct regs;
	ptrace(PTRACE_GETREGS, child, NULL, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, child, NULL, &regs);
}

static void set_result(pid_t child)
{
	struct user_regs_struct regs;
	ptrace(PTRACE_GETREGS, child, NULL, &regs);
	regs.rax = (unsigned long long)-ENOSPC;
	ptrace(PTRACE_SETREGS, child, NULL, &regs);
}
static const bool can_fail = true;
#else
static void skip_call(pid_t child) { (void)child; }
static void set_result(pid_t child) { (void)child; }
static const bool can_fail = false;
#endif

static void at_call(struct tracer *tracer, pid_t child)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracer->failing) {
		set_result(child);
		tracer->failing = false;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_step(child, &info))
		return;
	if (++tracer->seen < tracer->nth)
		return;
	tracer->struck = true;
	if (!tracer->full) {
		kill(child, SIGKILL);
	} else if (needs_room(info.entry.nr)) {
		skip_call(child);
		tracer->failing = true;
	}
}

static int trace(struct tracer *tracer, pid_t child)
{
	int status;
	if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
		return NOT_POSSIBLE;
	int signal = 0;
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, child, NULL, (void *)(long)signal) < 0 && errno != ESRCH)
			return NOT_POSSIBLE;
		if (waitpid(child, &status, 0) < 0)
			return NOT_POSSIBLE;
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (WIFEXITED(status))
			return tracer->struck ? WEXITSTATUS(status) : ENDED_BEFORE;
		signal = WSTOPSIG(status) & 0x7f;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			signal = 0;
			at_call(tracer, child);
		} else if (signal == SIGTRAP) {
			signal = 0;
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 4 || (strcmp(argv[1], "kill") && strcmp(argv[1], "full"))) {
		fprintf(stderr, "usage: nth_write kill|full N PROGRAM ARGUMENT...\n");
		return 2;
	}
	struct tracer tracer = { .full = !strcmp(argv[1], "full"), .nth = strtoul(argv[2], NULL, 10) };
	if (tracer.full && !can_fail)
		return NOT_POSSIBLE;
	pid_t child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(NOT_POSSIBLE);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	return child < 0 ? NOT_POSSIBLE : trace(&tracer, child);
}
