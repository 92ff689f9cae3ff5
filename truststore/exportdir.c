#include "config.h"

#include "truststore/exportdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truststore/base/outfile.h"

struct exportdir {
	char *path, *temporary;
	int fd; /* of the temporary one */
	bool overwrite;
	exportdir_ours_fn *ours;
};

/* Deletes a directory of ours: files only, never what lies deeper. */
static void delete_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void exportdir_free(struct exportdir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	free(dir->path);
	free(dir->temporary);
	free(dir);
}

void exportdir_abort(struct exportdir *dir)
{
	if (!dir)
		return;
	if (dir->temporary)
		delete_files(dir->temporary);
	exportdir_free(dir);
}

static int check_entry(DIR *handle, const struct exportdir *dir, const char *name, struct err *err)
{
	struct stat st;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return ERR_OK;
	if (!dir->overwrite)
		return err_set(err, ERR_EXISTS, "%s: is there already, and not empty", dir->path);
	if (fstatat(dirfd(handle), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    dir->ours(name))
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	               "%s: holds \"%s\", which is no file of an export: it is not overwritten",
	               dir->path, name);
}

/* Looks whether what stands at the place may go. */
static int check_place(const struct exportdir *dir, struct err *err)
{
	struct dirent *entry;
	DIR *handle = opendir(dir->path);
	int code = ERR_OK;
	if (!handle && errno == ENOENT)
		return ERR_OK;
	if (!handle && errno == ENOTDIR)
		return err_set(err, ERR_EXISTS, "%s: is there already, and no directory", dir->path);
	if (!handle)
		return err_errno(err, "%s", dir->path);
	while (!code && (entry = readdir(handle)))
		code = check_entry(handle, dir, entry->d_name, err);
	closedir(handle);
	return code;
}

static int make_temporary(struct exportdir *dir, struct err *err)
{
	const char *slash = strrchr(dir->path, '/');
	int parent = slash ? (int)(slash - dir->path) + 1 : 0;
	if (asprintf(&dir->temporary, "%.*s.tvs-XXXXXX", parent, dir->path) < 0) {
		dir->temporary = NULL;
		return err_set(err, ERR_MEMORY, "%s: no memory", dir->path);
	}
	if (!mkdtemp(dir->temporary)) {
		int code = err_errno(err, "%s: no directory can be made beside it", dir->path);
		free(dir->temporary);
		dir->temporary = NULL;
		return code;
	}
	dir->fd = open(dir->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0 || fchmod(dir->fd, outfile_less_umask(0777)) < 0)
		return err_errno(err, "%s", dir->temporary);
	return ERR_OK;
}

int exportdir_open(const char *path, bool overwrite, exportdir_ours_fn *ours,
                   struct exportdir **out, struct err *err)
{
	struct exportdir *dir = calloc(1, sizeof *dir);
	*out = NULL;
	if (!dir)
		return err_set(err, ERR_MEMORY, "%s: no memory", path);
	dir->fd = -1;
	dir->overwrite = overwrite;
	dir->ours = ours;
	dir->path = strdup(path);
	int code = dir->path ? ERR_OK : err_set(err, ERR_MEMORY, "%s: no memory", path);
	size_t len = strlen(path);
	while (!code && len > 1 && path[len - 1] == '/')
		dir->path[--len] = '\0';
	if (!code)
		code = check_place(dir, err);
	if (!code)
		code = make_temporary(dir, err);
	if (code)
		exportdir_abort(dir);
	else
		*out = dir;
	return code;
}

int exportdir_write(struct exportdir *dir, const char *name, const void *bytes, size_t len,
                    struct err *err)
{
	const char *at = bytes;
	int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OUTFILE_BY_UMASK);
	if (fd < 0)
		return err_errno(err, "%s/%s", dir->path, name);
	int code = ERR_OK;
	while (!code && len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			code = err_errno(err, "%s/%s: cannot be written", dir->path, name);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	if (close(fd) < 0 && !code)
		code = err_errno(err, "%s/%s: cannot be written", dir->path, name);
	return code;
}

/* Puts the new one in the place of the old one, and the old one where the new one was; where the file system
 * cannot exchange two, with a moment in between when there is none. */
static int exchange(struct exportdir *dir)
{
	char away[4096];
	if (renameat2(AT_FDCWD, dir->temporary, AT_FDCWD, dir->path, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if ((size_t)snprintf(away, sizeof away, "%s-old", dir->temporary) >= sizeof away) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (rename(dir->path, away) < 0 || rename(dir->temporary, dir->path) < 0)
		return -1;
	return rename(away, dir->temporary);
}

int exportdir_commit(struct exportdir *dir, struct err *err)
{
	int code = syncfs(dir->fd) < 0 ? err_errno(err, "%s: cannot be written", dir->path)
	                               : check_place(dir, err);
	if (code) {
		exportdir_abort(dir);
		return code;
	}
	/* onto nothing or an empty directory; a filled one makes it fail, and is exchanged */
	if (rename(dir->temporary, dir->path) == 0) {
		free(dir->temporary);
		dir->temporary = NULL;
	} else if ((errno != ENOTEMPTY && errno != EEXIST) || exchange(dir) < 0) {
		code = err_errno(err, "%s: the new directory cannot be put there", dir->path);
	}
	exportdir_abort(dir);
	return code;
}
