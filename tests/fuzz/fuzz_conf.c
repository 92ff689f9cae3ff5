/* Configuration files. Where one loads, every line that is not empty, a section or a comment must be a value
 * that was kept whole, with its line: nothing cut, merged or dropped. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "truststore/base/conf_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t trim(const char **text, size_t len)
{
	while (len && strchr(" \t\r", (*text)[len - 1]))
		len--;
	for (; len && strchr(" \t", **text); len--)
		++*text;
	return len;
}

static const struct conf_value *value_of_line(const struct conf *conf, unsigned line)
{
	for (size_t i = 0; i < conf->value_count; i++)
		if (conf->values[i].set && conf->values[i].line == line)
			return &conf->values[i];
	return NULL;
}

static bool is_text(const char *expected, const char *text, size_t len)
{
	len = trim(&text, len);
	return strlen(expected) == len && !memcmp(expected, text, len);
}

static void check_line(const struct conf *conf, unsigned line, const char *text, size_t len)
{
	const char *at = text, *equal = memchr(text, '=', len);
	size_t n = trim(&at, len);
	if (!n || *text == '#' || *text == ';' || *text == '[')
		return;
	const struct conf_value *value = value_of_line(conf, line);
	if (!value || !equal || !is_text(value->key->key, text, (size_t)(equal - text)) ||
	    !is_text(value->text, equal + 1, len - (size_t)(equal + 1 - text)))
		abort();
}

static void check_all(const struct conf *conf, const char *text, size_t len)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	for (unsigned line = 1; len; line++) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		check_line(conf, line, text, n);
		n += end != NULL;
		text += n;
		len -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct conf *conf;
	struct err err;
	char path[32];
	if (fd < 0)
		fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (conf_load(path, &conf, &err)) {
		if (!err.text[0])
			abort();
		return 0;
	}
	check_all(conf, (const char *)data, size);
	conf_free(conf);
	return 0;
}
