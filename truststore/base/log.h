/* The log of a process: one line an event, "text key=value key=value".
 *
 * A line goes to standard error, with a journal priority "<N>" in front where standard error is the journal's
 * (JOURNAL_STREAM names it), else with time, program and level for a person to read:
 * "2026-11-20T19:23:31Z tvsd info: text"; or to syslog. Writing never blocks (a regular file is as fast as its
 * disk): lines wait in a buffer of fixed size, and what has no room there is counted, and the count reported
 * with the next line that gets through. Lines of several processes on one pipe never mix.
 *
 * The program ignores SIGPIPE. A log belongs to one process: after a fork the child makes its own, before it gives
 * up rights (a pipe or terminal that cannot be opened anew is written to only while it polls writable, which
 * others who write to it at the same moment can make wrong).
 */
#ifndef TVS_BASE_LOG_H
#define TVS_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { /* the numbers of syslog(3), RFC 5424 section 6.2.1 */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

struct log;

/* A log for the program `name`, which shows what is at least as urgent as
 * `level`. NULL when there is no memory. log_free flushes what it can. */
struct log *log_new(const char *name, enum log_target target, enum log_level level);
void log_free(struct log *log);

/* A log that writes to descriptor `fd` (not closed by log_free), for tests and
 * for programs that hand their standard error on. */
struct log *log_new_fd(const char *name, int fd, bool priorities, enum log_level level);

/* True if a line of this level would be shown; lets a caller skip the work. */
bool log_shows(const struct log *log, enum log_level level);

/* Adds one line. Control characters in it are escaped. A NULL log drops it. The
 * line is written at once unless log_hold is in force. */
void log_line(struct log *log, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a line that is ready: what is written at each answer is put together without printf. */
void log_text(struct log *log, enum log_level level, const char *text, size_t len);

/* From log_hold(log, true) on, lines are gathered until log_flush is called or
 * the buffer is nearly full: one write for many answers. */
void log_hold(struct log *log, bool hold);

/* Writes what is gathered, as far as that does not block. */
void log_flush(struct log *log);

/* How many lines were lost so far because nobody took them. */
uint64_t log_lost(const struct log *log);

/* Copies peer-supplied bytes as text that cannot break a line or a key=value
 * pair: printable ASCII and valid UTF-8 stay, but for blank, quote, backslash and '='
 * that would end a value, which become \xHH like all the rest. Always ends in NUL; what does not fit is
 * cut, with "..." at its end. Returns `out`. */
char *log_escape(char *out, size_t out_size, const void *bytes, size_t len);

#endif
