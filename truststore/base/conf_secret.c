#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truststore/base/conf.h"

enum { MAX_SECRET = 4096 };

/* Opens the file, in the service manager's directory (systemd.exec(5), LoadCredential=) first. */
static int open_secret(const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	if (folder && !strchr(name, '/')) {
		int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int fd = at < 0 ? -1 : openat(at, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (at >= 0)
			close(at);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	return open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* Reads until `size` or the end; -1 with errno. */
static ssize_t read_up_to(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	while (used < size) {
		ssize_t n = read(fd, buffer + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* The first line of what was read, allocated. */
static int first_line(const char *text, size_t len, char **out, struct err *err)
{
	const char *end = memchr(text, '\n', len);
	if (!end && len == MAX_SECRET)
		return err_set(err, ERR_LIMIT, "the first line is longer than %d bytes", MAX_SECRET - 1);
	size_t n = end ? (size_t)(end - text) : len;
	if (n && text[n - 1] == '\r')
		n--;
	if (!n)
		return err_set(err, ERR_MALFORMED, "the first line, which shall be the secret, is empty");
	if (memchr(text, '\0', n))
		return err_set(err, ERR_MALFORMED, "a NUL byte in the first line");
	*out = strndup(text, n);
	return *out ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int read_secret(int fd, char **out, struct err *err)
{
	struct stat st;
	char text[MAX_SECRET];
	if (fstat(fd, &st) < 0)
		return err_errno(err, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_REFUSED, "is not a regular file");
	if (st.st_mode & S_IRWXO)
		return err_set(err, ERR_REFUSED,
		               "is open to every user (mode %04o); chmod o= would close it",
		               st.st_mode & 07777);
	ssize_t len = read_up_to(fd, text, sizeof text);
	int rc = len < 0 ? err_errno(err, "cannot be read") : first_line(text, (size_t)len, out, err);
	explicit_bzero(text, sizeof text);
	return rc;
}

int conf_secret(const struct conf *conf, const char *section, const char *key, char **out,
                struct err *err)
{
	*out = NULL;
	struct err why;
	const char *name = conf_text(conf, section, key);
	if (!name)
		return err_set(err, ERR_NOT_FOUND, "%s: [%s] %s: not set", conf_file(conf), section, key);
	int rc = conf_secret_file(name, out, &why);
	if (rc) {
		conf_refuse(conf, section, key, &why, "%s", why.text);
		err_set(err, rc, "%s", why.text);
	}
	return rc;
}

int conf_secret_file(const char *name, char **out, struct err *err)
{
	*out = NULL;
	int fd = open_secret(name), rc;
	if (fd < 0) {
		err_errno(err, "%s: cannot be opened", name);
		return err->code = ERR_SYSTEM;
	}
	rc = read_secret(fd, out, err);
	close(fd);
	return rc ? err_prefix(err, "%s", name) : 0;
}

void conf_secret_free(char *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}
