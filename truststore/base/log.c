#include "config.h"

#include "truststore/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/base/log_priv.h"
#include "truststore/base/text.h"

enum {
	BUFFER_SIZE = 65536,
	LINE_MAX_TEXT = 2048,              /* of one line without its prefix; under PIPE_BUF with it */
	PREFIX_MAX = 160,
	LOST_MAX = 96,
	NAME_MAX_TEXT = 32,
	FACILITY_DAEMON = 3 << 3           /* RFC 5424 section 6.2.1 */
};

/* How a descriptor is written to without waiting. */
enum log_way {
	WAY_FILE,     /* a regular file: as fast as the disk; also /dev/null */
	WAY_NONBLOCK, /* opened anew with O_NONBLOCK: nobody else's flags are changed */
	WAY_POLL,     /* could not be opened anew: written only while it polls writable */
	WAY_SEND,     /* a stream socket, the journal's say */
	WAY_SYSLOG    /* datagrams to syslogd, one a line */
};

struct log {
	char name[NAME_MAX_TEXT];
	enum log_level level;
	enum log_way way;
	int fd;
	bool own;        /* fd is closed with the log */
	bool priorities; /* "<N>" instead of time and level */
	bool hold;
	bool torn;       /* the first line in the buffer was written in part */
	uint64_t lost, reported;
	char *socket;    /* of syslogd */
	int64_t stamp_at; /* the second that `stamp` says */
	char stamp[CLOCK_TEXT_SIZE];
	enum log_level head_level; /* of `head`, which begins lines of that level in that second */
	size_t head_len;           /* 0: to be made */
	char head[PREFIX_MAX];
	size_t used;
	char buffer[BUFFER_SIZE];
};

static const char *level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR: return "error";
	case LOG_LEVEL_WARNING: return "warning";
	case LOG_LEVEL_NOTICE: return "notice";
	case LOG_LEVEL_INFO: return "info";
	case LOG_LEVEL_DEBUG: return "debug";
	}
	return "info";
}

/* The journal names the socket that it made for this process by device and inode (systemd.exec(5)). */
static bool is_journal(int fd)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long dev, inode;
	struct stat st;
	return text && sscanf(text, "%llu:%llu", &dev, &inode) == 2 && fstat(fd, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == inode;
}

/* Opens a pipe or terminal anew, so that O_NONBLOCK is this log's alone: the flags of `fd` itself are
 * shared with everyone who inherited it. */
static void choose_way(struct log *log, int fd)
{
	struct stat st;
	log->fd = fd;
	log->way = WAY_FILE;
	if (fstat(fd, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode)) {
		log->way = WAY_SEND;
		return;
	}
	if (!S_ISFIFO(st.st_mode) && !isatty(fd))
		return;
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	log->way = again < 0 ? WAY_POLL : WAY_NONBLOCK;
	if (again >= 0) {
		log->fd = again;
		log->own = true;
	}
}

static struct log *log_base(const char *name, enum log_level level)
{
	struct log *log = calloc(1, sizeof *log);
	if (!log)
		return NULL;
	snprintf(log->name, sizeof log->name, "%s", name);
	log->level = level;
	log->fd = -1;
	log->stamp_at = CLOCK_NEVER;
	return log;
}

struct log *log_new_fd(const char *name, int fd, bool priorities, enum log_level level)
{
	struct log *log = log_base(name, level);
	if (!log)
		return NULL;
	log->priorities = priorities;
	choose_way(log, fd);
	return log;
}

/* Connects to syslogd, which may have been restarted or not be there yet. */
static bool syslog_connect(struct log *log)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (log->fd >= 0)
		close(log->fd);
	log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(to.sun_path, sizeof to.sun_path, "%s", log->socket);
	return log->fd >= 0 && connect(log->fd, (struct sockaddr *)&to, sizeof to) == 0;
}

struct log *log_new_syslog(const char *name, const char *path, enum log_level level)
{
	struct log *log = log_base(name, level);
	if (!log)
		return NULL;
	log->way = WAY_SYSLOG;
	log->own = true;
	log->socket = strdup(path);
	if (!log->socket) {
		free(log);
		return NULL;
	}
	syslog_connect(log);
	return log;
}

struct log *log_new(const char *name, enum log_target target, enum log_level level)
{
	if (target == LOG_TO_SYSLOG)
		return log_new_syslog(name, "/dev/log", level);
	return log_new_fd(name, STDERR_FILENO, is_journal(STDERR_FILENO), level);
}

void log_free(struct log *log)
{
	if (!log)
		return;
	log_flush(log);
	if (log->own && log->fd >= 0)
		close(log->fd);
	free(log->socket);
	free(log);
}

bool log_shows(const struct log *log, enum log_level level)
{
	return log && level <= log->level;
}

/* The time as text, made once a second. */
static const char *stamp(struct log *log)
{
	int64_t now = clock_now();
	if (now == log->stamp_at)
		return log->stamp;
	log->stamp_at = now;
	log->head_len = 0;
	if (log->way == WAY_SYSLOG) { /* RFC 3164 section 4.1.2: local time */
		time_t seconds = now;
		struct tm tm;
		static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
		localtime_r(&seconds, &tm);
		snprintf(log->stamp, sizeof log->stamp, "%.3s %2d %02d:%02d:%02d",
		         months + 3 * (tm.tm_mon % 12), tm.tm_mday % 100, tm.tm_hour % 100,
		         tm.tm_min % 100, tm.tm_sec % 100);
	} else {
		clock_format(now, log->stamp);
	}
	return log->stamp;
}

/* Makes `head` for a line of this level now, or leaves the last one. */
static void make_head(struct log *log, enum log_level level)
{
	const char *when = log->priorities ? "" : stamp(log);
	int n;
	if (log->head_len && log->head_level == level)
		return;
	if (log->way == WAY_SYSLOG)
		n = snprintf(log->head, PREFIX_MAX, "<%d>%s %s[%d]: ", FACILITY_DAEMON | level, when,
		             log->name, (int)getpid());
	else if (log->priorities)
		n = snprintf(log->head, PREFIX_MAX, "<%d>", level);
	else
		n = snprintf(log->head, PREFIX_MAX, "%s %s %s: ", when, log->name, level_word(level));
	log->head_len = n > 0 ? (size_t)n : 0;
	log->head_level = level;
}

/* True if all of it may stand in a line as it is: the usual case, and quick to see. */
static bool is_plain(const char *text, size_t len)
{
	unsigned char bad = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bad |= c < 0x20 || c > 0x7e;
	}
	return !bad;
}

/* Adds a whole line to the buffer, which has room for it. */
static void put(struct log *log, enum log_level level, const char *text, size_t len)
{
	make_head(log, level);
	memcpy(log->buffer + log->used, log->head, log->head_len);
	log->used += log->head_len;
	memcpy(log->buffer + log->used, text, len);
	log->used += len;
	log->buffer[log->used++] = '\n';
}

/* Adds the count of what was lost since it was last told. */
static void put_lost(struct log *log)
{
	char text[LOST_MAX];
	if (log->lost == log->reported)
		return;
	int n = snprintf(text, sizeof text, "log lines lost because nobody took them lost=%llu",
	                 (unsigned long long)(log->lost - log->reported));
	put(log, LOG_LEVEL_WARNING, text, (size_t)n);
	log->reported = log->lost;
}

void log_line(struct log *log, enum log_level level, const char *format, ...)
{
	char raw[LINE_MAX_TEXT];
	if (!log_shows(log, level))
		return;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(raw, sizeof raw, format, args);
	va_end(args);
	if (n < 0)
		return;
	size_t len = (size_t)n;
	if (len >= sizeof raw) {
		len = sizeof raw - 1;
		memcpy(raw + len - 3, "...", 3);
	}
	log_text(log, level, raw, len);
}

void log_text(struct log *log, enum log_level level, const char *text, size_t len)
{
	char clean[LINE_MAX_TEXT];
	if (!log_shows(log, level))
		return;
	if (len >= sizeof clean || !is_plain(text, len)) {
		len = text_escape(clean, sizeof clean, text, len, NULL);
		text = clean;
	}
	if (log->used > sizeof log->buffer - 2 * (LINE_MAX_TEXT + PREFIX_MAX))
		log_flush(log);
	if (sizeof log->buffer - log->used > len + LOST_MAX + 2 * PREFIX_MAX) {
		put_lost(log);
		put(log, level, text, len);
	} else {
		log->lost++;
	}
	if (!log->hold)
		log_flush(log);
}

void log_hold(struct log *log, bool hold)
{
	if (!log)
		return;
	log->hold = hold;
	if (!hold)
		log_flush(log);
}

/* How much to write at once: whole lines, together at most PIPE_BUF, so that a pipe takes them wholly or
 * not at all and the lines of several processes never mix. Syslog: one line. */
static size_t next_piece(const struct log *log, size_t from)
{
	const char *at = log->buffer + from;
	size_t left = log->used - from;
	if (log->way == WAY_SYSLOG || log->torn)
		return (size_t)((const char *)memchr(at, '\n', left) - at) + 1;
	if (log->way == WAY_FILE || left <= PIPE_BUF)
		return left;
	return (size_t)((const char *)memrchr(at, '\n', PIPE_BUF) - at) + 1;
}

static ssize_t send_line(struct log *log, const char *at, size_t len)
{
	ssize_t n = send(log->fd, at, len - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != ENOBUFS && syslog_connect(log))
		n = send(log->fd, at, len - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? n : (ssize_t)len;
}

/* One write; -1 with EAGAIN if it would have to wait. */
static ssize_t write_piece(struct log *log, const char *at, size_t len)
{
	struct pollfd poller = { .fd = log->fd, .events = POLLOUT };
	switch (log->way) {
	case WAY_SYSLOG:
		return send_line(log, at, len);
	case WAY_SEND:
		return send(log->fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case WAY_POLL:
		if (poll(&poller, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		return write(log->fd, at, len);
	case WAY_FILE:
	case WAY_NONBLOCK:
		break;
	}
	return write(log->fd, at, len);
}

/* Nobody will ever take what is gathered: counted, and dropped. */
static void drop(struct log *log, size_t from)
{
	for (; from < log->used; from++)
		log->lost += log->buffer[from] == '\n';
	log->used = 0;
	log->torn = false;
}

void log_flush(struct log *log)
{
	if (!log)
		return;
	size_t done = 0;
	while (done < log->used) {
		size_t len = next_piece(log, done);
		ssize_t n = write_piece(log, log->buffer + done, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != ENOBUFS) {
			drop(log, done);
			return;
		}
		if (n > 0) {
			done += (size_t)n;
			log->torn = log->buffer[done - 1] != '\n';
		}
		if (n < (ssize_t)len)
			break;
	}
	if (done)
		memmove(log->buffer, log->buffer + done, log->used - done);
	log->used -= done;
}

uint64_t log_lost(const struct log *log)
{
	return log ? log->lost : 0;
}

char *log_escape(char *out, size_t out_size, const void *bytes, size_t len)
{
	text_escape(out, out_size, bytes, len, " \"\\=");
	return out;
}
