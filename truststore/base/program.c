#include "config.h"

#include "truststore/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Where `name` stands beside this program; `name` itself, to be found in PATH, if it does not. */
static const char *find(const char *name, char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	if (len <= 0)
		return name;
	path[len] = '\0';
	char *slash = strrchr(path, '/');
	size_t room = slash ? (size_t)(path + PATH_MAX - slash - 1) : 0;
	if (!slash || (size_t)snprintf(slash + 1, room, "%s", name) >= room)
		return name;
	return access(path, X_OK) ? name : path;
}

static int spawn(const char *name, char *const *words, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	char path[PATH_MAX];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	int code = posix_spawnp(pid, find(name, path), &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

static int start(const char *name, const char *const *arguments, pid_t *pid, FILE **out, struct err *err)
{
	size_t count = 0;
	int ends[2];
	while (arguments[count])
		count++;
	const char **words = calloc(count + 2, sizeof *words);
	if (!words)
		return err_set(err, ERR_MEMORY, "no memory to start %s", name);
	words[0] = name;
	memcpy(words + 1, arguments, count * sizeof *words);
	if (pipe2(ends, O_CLOEXEC)) {
		free(words);
		return err_errno(err, "%s cannot be started", name);
	}
	int code = spawn(name, (char *const *)words, ends[1], pid);
	free(words);
	close(ends[1]);
	*out = code ? NULL : fdopen(ends[0], "r");
	if (*out)
		return ERR_OK;
	close(ends[0]);
	return err_set(err, ERR_NOT_FOUND, "%s cannot be started: %s", name, strerror(code ? code : errno));
}

struct reading {
	FILE *stream;
	size_t total;
};

static size_t take(void *buffer, size_t len, void *arg)
{
	struct reading *r = arg;
	size_t n = fread(buffer, 1, len, r->stream);
	r->total += n;
	return r->total > PROGRAM_MAX_OUTPUT ? (size_t)-1 : n;
}

static int read_json(const char *name, FILE *stream, json_t **out, struct err *err)
{
	struct reading r = { .stream = stream };
	json_error_t why;
	*out = json_load_callback(take, &r, 0, &why);
	if (*out || !r.total)
		return ERR_OK;
	if (r.total > PROGRAM_MAX_OUTPUT)
		return err_set(err, ERR_LIMIT, "%s printed more than %d bytes", name, PROGRAM_MAX_OUTPUT);
	return err_set(err, ERR_MALFORMED, "%s printed no JSON: %s", name, why.text);
}

int program_json(const char *name, const char *const *arguments, int *exit_code, json_t **out,
                 struct err *err)
{
	FILE *stream;
	pid_t pid;
	int status;
	*out = NULL;
	int code = start(name, arguments, &pid, &stream, err);
	if (code)
		return code;
	code = read_json(name, stream, out, err);
	fclose(stream);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, "waiting for %s", name);
	*exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code;
}

int program_streams(struct err *err)
{
	static const int mode[] = { O_WRONLY, O_RDONLY, O_RDONLY }; /* the wrong one, so that using it fails as before */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode[fd]) != fd)
			return err_errno(err, "cannot open /dev/null for a closed standard stream");
	return ERR_OK;
}
