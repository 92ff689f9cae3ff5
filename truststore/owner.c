#include "truststore/owner.h"

#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int owner_enter(const char *directory, struct owner *saved, struct err *err)
{
	struct stat st;
	saved->changed = false;
	if (geteuid() != 0)
		return ERR_OK;
	if (stat(directory, &st) < 0)
		return err_errno(err, "%s", directory);
	if (st.st_uid == 0)
		return ERR_OK;
	saved->gid = getegid();
	saved->group_count = getgroups(OWNER_GROUPS_MAX, saved->groups);
	if (saved->group_count < 0)
		return err_errno(err, "cannot read the process's groups");
	saved->changed = true;
	if (setgroups(0, NULL) < 0 || setegid(st.st_gid) < 0 || seteuid(st.st_uid) < 0) {
		int code = err_errno(err, "cannot become the owner of %s", directory);
		owner_leave(saved);
		return code;
	}
	return ERR_OK;
}

/* A process that could not get back would go on with other rights than its caller thinks. */
void owner_leave(struct owner *saved)
{
	if (!saved->changed)
		return;
	saved->changed = false;
	if (seteuid(0) < 0 || setegid(saved->gid) < 0 ||
	    setgroups((size_t)saved->group_count, saved->groups) < 0)
		abort();
}
