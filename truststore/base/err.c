#include "truststore/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	const char *words;
} table[] = {
	{ ERR_OK, "no error" },
	{ ERR_USAGE, "wrong usage" },
	{ ERR_MEMORY, "out of memory" },
	{ ERR_SYSTEM, "system error" },
	{ ERR_CONFIG, "configuration error" },
	{ ERR_MALFORMED, "malformed input" },
	{ ERR_REFUSED, "refused" },
	{ ERR_NOT_FOUND, "not found" },
	{ ERR_AMBIGUOUS, "ambiguous" },
	{ ERR_EXISTS, "already exists" },
	{ ERR_BUSY, "in use by another process" },
	{ ERR_STORE, "the store is damaged" },
	{ ERR_FULL, "no space left" },
	{ ERR_VERSION, "another format version" },
	{ ERR_TLS, "TLS error" },
	{ ERR_NETWORK, "network error" },
	{ ERR_TIMEOUT, "timed out" },
	{ ERR_LIMIT, "limit exceeded" },
	{ ERR_CRYPTO, "cryptographic operation failed" },
	{ ERR_AGAIN, "try again" },
	{ ERR_STOPPED, "stopped" },
};

const char *err_str(int code)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].code == code)
			return table[i].words;
	return "unknown error";
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	err->code = ERR_OK;
	err->text[0] = '\0';
}

/* Copies `from` with control characters as \xHH; what is too long ends in "...". */
static void copy_clean(char *to, size_t size, const char *from)
{
	size_t n = 0;
	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;
		size_t need = c < 0x20 || c == 0x7f ? 4 : 1;
		if (n + need + 4 > size) {
			memcpy(to + n, "...", 3);
			n += 3;
			break;
		}
		if (need == 1)
			to[n] = (char)c;
		else
			snprintf(to + n, 5, "\\x%02x", c);
		n += need;
	}
	to[n] = '\0';
}

int err_setv(struct err *err, int code, const char *format, va_list args)
{
	if (!err)
		return code;
	char raw[2 * ERR_TEXT_MAX];
	vsnprintf(raw, sizeof raw, format, args);
	copy_clean(err->text, sizeof err->text, raw);
	err->code = code;
	return code;
}

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	err_setv(err, code, format, args);
	va_end(args);
	return code;
}

static int code_of_errno(int number)
{
	switch (number) {
	case ENOMEM: return ERR_MEMORY;
	case ENOSPC:
	case EDQUOT: return ERR_FULL;
	case ENOENT: return ERR_NOT_FOUND;
	case EEXIST: return ERR_EXISTS;
	default: return ERR_SYSTEM;
	}
}

int err_errno(struct err *err, const char *format, ...)
{
	int number = errno;
	char what[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return err_set(err, code_of_errno(number), "%s: %s", what, strerror(number));
}

int err_prefix(struct err *err, const char *format, ...)
{
	if (!err)
		return ERR_SYSTEM;
	char before[ERR_TEXT_MAX], after[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(before, sizeof before, format, args);
	va_end(args);
	memcpy(after, err_text(err), strlen(err_text(err)) + 1);
	return err_set(err, err->code, "%s: %s", before, after);
}

const char *err_text(const struct err *err)
{
	return err->text[0] ? err->text : err_str(err->code);
}
