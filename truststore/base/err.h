/* Errors: one list of codes for all programs, and a sentence for people.
 *
 * A function that can fail returns 0 (ERR_OK) or a negative code. Where the code
 * alone does not tell a person what to do, the function takes a struct err as its
 * last parameter and writes one sentence there: which file, line or certificate,
 * and why. Libraries never print; programs print that sentence.
 */
#ifndef TVS_BASE_ERR_H
#define TVS_BASE_ERR_H

#include <stdarg.h>

enum err_code {
	ERR_OK = 0,
	ERR_USAGE = -1,      /* wrong options or arguments */
	ERR_MEMORY = -2,     /* no memory */
	ERR_SYSTEM = -3,     /* a system call failed; the text names it */
	ERR_CONFIG = -4,     /* the configuration is not valid */
	ERR_MALFORMED = -5,  /* input is not what it should be */
	ERR_REFUSED = -6,    /* a rule forbids it */
	ERR_NOT_FOUND = -7,  /* there is no such thing */
	ERR_AMBIGUOUS = -8,  /* more than one thing fits */
	ERR_EXISTS = -9,     /* it is there already */
	ERR_BUSY = -10,      /* somebody else holds it */
	ERR_STORE = -11,     /* the database failed or contradicts itself */
	ERR_FULL = -12,      /* no space on the device */
	ERR_VERSION = -13,   /* a format of another version */
	ERR_TLS = -14,       /* handshake or record layer */
	ERR_NETWORK = -15,   /* no connection, or it broke */
	ERR_TIMEOUT = -16,   /* it took too long */
	ERR_LIMIT = -17,     /* larger or more than is allowed */
	ERR_CRYPTO = -18,    /* a cryptographic operation failed */
	ERR_AGAIN = -19,     /* would block; try again later */
	ERR_STOPPED = -20    /* a callback ended an iteration, not a failure */
};

enum { ERR_TEXT_MAX = 768 };

/* Room for one error: belongs to the caller, needs no clean-up. */
struct err {
	int code;
	char text[ERR_TEXT_MAX]; /* one line, never with control characters */
};

/* The fixed words for a code, "unknown error" for one that is not in the list. */
const char *err_str(int code);

/* Makes an err empty: ERR_OK, "". */
void err_clear(struct err *err);

/* Writes code and sentence and returns code, so that "return err_set(...)" works.
 * Control characters are escaped, what is too long is cut. `err` may be NULL. */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int err_setv(struct err *err, int code, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* Like err_set, and adds ": " and the words of errno, with code ERR_SYSTEM
 * (ERR_MEMORY, ERR_FULL, ERR_NOT_FOUND or ERR_EXISTS where errno says so). */
int err_errno(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts context and ": " before the sentence that is there; returns err's code. */
int err_prefix(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The sentence, or the fixed words of the code where there is none. */
const char *err_text(const struct err *err);

#endif
