#include "config.h"

#include "truststore/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
	FILE *stream;
	char *path;      /* NULL: standard output */
	char *temporary; /* NULL: it has no name yet */
	bool overwrite;
};

static void outfile_free(struct outfile *file)
{
	free(file->path);
	free(file->temporary);
	free(file);
}

/* The folder of `path` with its slash, "" for none. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Looks whether `path` may be taken. Only a regular file is ever replaced: a rename over /dev/null or a
 * symbolic link would destroy what others use. */
static int check_target(const char *path, bool overwrite, struct err *err)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s", path);
	if (!overwrite)
		return err_set(err, ERR_EXISTS, "%s: exists already", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_REFUSED, "%s: not a regular file, so it is not overwritten", path);
	return 0;
}

mode_t outfile_less_umask(mode_t mode)
{
	mode_t mask = umask(077);
	umask(mask);
	return mode & ~mask;
}

/* The folder of `path` as a name that can be opened; allocated. */
static char *folder_of(const char *path)
{
	size_t len = folder_length(path);
	return len ? strndup(path, len) : strdup(".");
}

static const char *link_of(int fd, char out[32])
{
	snprintf(out, 32, "/proc/self/fd/%d", fd);
	return out;
}

/* A file in that folder that has no name, so that nothing is left of it if the process ends. -1 where the file system
 * has no such files, or no name could be given to it. */
static int open_nameless(const char *path)
{
	char link[32], *folder = folder_of(path);
	int fd = folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
	free(folder);
	if (fd >= 0 && access(link_of(fd, link), F_OK) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_named(struct outfile *file, struct err *err)
{
	size_t folder = folder_length(file->path);
	static const char pattern[] = ".tvs-XXXXXX";
	file->temporary = malloc(folder + sizeof pattern);
	if (!file->temporary)
		return err_set(err, ERR_MEMORY, "%s: out of memory", file->path);
	memcpy(file->temporary, file->path, folder);
	memcpy(file->temporary + folder, pattern, sizeof pattern);
	int fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0) {
		free(file->temporary);
		file->temporary = NULL;
		return err_errno(err, "%s: cannot create a file beside it", file->path);
	}
	return fd;
}

static int open_temporary(struct outfile *file, mode_t mode, struct err *err)
{
	int fd = file->overwrite ? -1 : open_nameless(file->path); /* a name that is taken can only be renamed over */
	if (fd < 0)
		fd = open_named(file, err);
	if (fd < 0)
		return fd;
	if (mode == OUTFILE_BY_UMASK)
		mode = outfile_less_umask(mode);
	if (fchmod(fd, mode) < 0 || !(file->stream = fdopen(fd, "w"))) {
		int rc = err_errno(err, "%s", file->path);
		close(fd);
		return rc;
	}
	return 0;
}

int outfile_open(const char *path, mode_t mode, bool overwrite, struct outfile **out, struct err *err)
{
	*out = NULL;
	struct outfile *file = calloc(1, sizeof *file);
	if (!file)
		return err_set(err, ERR_MEMORY, "%s: out of memory", path);
	int rc = 0;
	file->overwrite = overwrite;
	if (!strcmp(path, "-")) {
		file->stream = stdout;
		goto done;
	}
	if (!path[folder_length(path)]) {
		rc = err_set(err, ERR_USAGE, "'%s' is not the name of a file", path);
		goto done;
	}
	file->path = strdup(path);
	if (!file->path)
		rc = err_set(err, ERR_MEMORY, "%s: out of memory", path);
	if (!rc)
		rc = check_target(path, overwrite, err);
	if (!rc)
		rc = open_temporary(file, mode, err);
done:
	if (rc)
		outfile_abort(file);
	else
		*out = file;
	return rc;
}

FILE *outfile_stream(struct outfile *file)
{
	return file->stream;
}

void outfile_abort(struct outfile *file)
{
	if (!file)
		return;
	if (file->path && file->stream)
		fclose(file->stream);
	if (file->temporary)
		unlink(file->temporary);
	outfile_free(file);
}

/* Everything out of stdio; 0 or -1 with errno. Where a write failed earlier its errno is gone: a temporary
 * file, which is lost now anyway, takes another byte to say it again. */
static int flush_stream(const struct outfile *file)
{
	errno = 0;
	if (fflush(file->stream) == 0 && !ferror(file->stream))
		return 0;
	if (!errno && (!file->path || write(fileno(file->stream), "", 1) == 1))
		errno = EIO;
	return -1;
}

/* Gives the temporary file its name, never over another file; file systems without
 * RENAME_NOREPLACE get a second link instead. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(from, to) < 0)
		return -1;
	unlink(from);
	return 0;
}

static int give_name(const struct outfile *file)
{
	char link[32];
	if (!file->temporary)
		return linkat(AT_FDCWD, link_of(fileno(file->stream), link), AT_FDCWD, file->path, AT_SYMLINK_FOLLOW);
	return (file->overwrite ? rename : rename_new)(file->temporary, file->path);
}

/* Makes the new name survive a power cut. A folder that cannot be opened or synced as such (no right to
 * read it, a network file system) is left to the system. */
static int sync_folder(const char *path)
{
	char *folder = folder_of(path);
	if (!folder)
		return -1;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	free(folder);
	if (fd < 0)
		return 0;
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		rc = -1;
	close(fd);
	return rc;
}

int outfile_commit(struct outfile *file, struct err *err)
{
	int rc = 0;
	if (!file->path) {
		if (flush_stream(file) < 0)
			rc = err_errno(err, "cannot write to standard output");
		goto done;
	}
	if (flush_stream(file) < 0 || fsync(fileno(file->stream)) < 0) {
		rc = err_errno(err, "%s: cannot write", file->path);
		goto done;
	}
	rc = check_target(file->path, file->overwrite, err);
	if (rc)
		goto done;
	if (give_name(file) < 0) {
		rc = err_errno(err, "%s: cannot put the new file there", file->path);
		goto done;
	}
	free(file->temporary);
	file->temporary = NULL;
	if (sync_folder(file->path) < 0)
		rc = err_errno(err, "%s: written, but its folder cannot be synced", file->path);
done:
	outfile_abort(file);
	return rc;
}

int outfile_write(const char *path, mode_t mode, bool overwrite, const void *bytes, size_t len,
                  struct err *err)
{
	struct outfile *file;
	int rc = outfile_open(path, mode, overwrite, &file, err);
	if (rc)
		return rc;
	fwrite(bytes, 1, len, outfile_stream(file)); /* what fails here, commit finds */
	return outfile_commit(file, err);
}

/* Reads to the end of `fd`, into a buffer that grows up to `max` and one byte that shows there is more. */
static int read_all(int fd, const char *name, size_t max, char **out, size_t *len, struct err *err)
{
	size_t used = 0, size = 0;
	char *buffer = NULL;
	int rc = 0;
	for (;;) {
		if (used + 1 >= size) {
			size_t larger = size ? 2 * size : 8192;
			if (larger > max + 2)
				larger = max + 2;
			char *grown = realloc(buffer, larger);
			if (!grown) {
				rc = err_set(err, ERR_MEMORY, "%s: out of memory", name);
				goto done;
			}
			buffer = grown;
			size = larger;
		}
		ssize_t n = read(fd, buffer + used, size - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = err_errno(err, "%s: cannot read", name);
			goto done;
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max) {
			rc = err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", name, max);
			goto done;
		}
	}
	buffer[used] = '\0';
	*out = buffer;
	*len = used;
	buffer = NULL;
done:
	free(buffer);
	return rc;
}

int infile_read(const char *path, size_t max, char **out, size_t *len, struct err *err)
{
	*out = NULL;
	*len = 0;
	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", max, out, len, err);
	if (!*path)
		return err_set(err, ERR_USAGE, "'' is not the name of a file");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, "%s: cannot open", path);
	int rc = read_all(fd, path, max, out, len, err);
	close(fd);
	return rc;
}

int infile_open_regular(const char *path, FILE **out, struct err *err)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), code = ERR_OK;
	*out = NULL;
	if (fd < 0)
		return err_errno(err, "%s: cannot open", path);
	if (fstat(fd, &status) < 0)
		code = err_errno(err, "%s: cannot read", path);
	else if (!S_ISREG(status.st_mode))
		code = err_set(err, ERR_REFUSED, "%s is not a regular file", path);
	else if (!(*out = fdopen(fd, "r")))
		code = err_errno(err, "%s: cannot read", path);
	if (code)
		close(fd);
	return code;
}

int infile_read_regular(const char *path, size_t max, char **out, size_t *len, struct err *err)
{
	FILE *stream;
	*out = NULL;
	*len = 0;
	int code = infile_open_regular(path, &stream, err);
	if (code)
		return code;
	code = read_all(fileno(stream), path, max, out, len, err);
	fclose(stream);
	return code;
}
