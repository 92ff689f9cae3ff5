#include "config.h"

#include "tvs/rights.h"

#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The leak checker traces the process that it looks at, which must be dumpable for that. */
#if defined(__SANITIZE_ADDRESS__)
#define LEAK_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAK_CHECKED 1
#endif
#endif
#ifndef LEAK_CHECKED
#define LEAK_CHECKED 0
#endif

void rights_raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

unsigned long rights_descriptors(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
}

void rights_harden(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!LEAK_CHECKED)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int rights_drop(const struct settings *settings, struct err *err)
{
	if (!settings->become)
		return ERR_OK;
	bool same = settings->uid == getuid() && settings->uid == geteuid() &&
		settings->gid == getgid() && settings->gid == getegid();
	if (same && settings->uid != 0)
		return ERR_OK;
	if (setgroups(settings->group_count, settings->groups) < 0 ||
	    setresgid(settings->gid, settings->gid, settings->gid) < 0 ||
	    setresuid(settings->uid, settings->uid, settings->uid) < 0)
		return err_errno(err, "cannot become user %u, group %u", (unsigned)settings->uid,
		                 (unsigned)settings->gid);
	if (settings->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return err_set(err, ERR_SYSTEM, "the rights of root came back");
	rights_harden();
	return ERR_OK;
}

void rights_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		exit(EXIT_FAILURE);
}
