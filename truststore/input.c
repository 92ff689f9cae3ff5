#include "truststore/input.h"

#include <string.h>
#include <sys/stat.h>

static int copy(FILE *from, FILE *to, const char *name, size_t max, struct err *err)
{
	char block[65536];
	size_t n, total = 0;
	while ((n = fread(block, 1, sizeof block, from)) > 0) {
		total += n;
		if (max && total > max)
			return err_set(err, ERR_LIMIT, "%s: more than %zu bytes", name, max);
		if (fwrite(block, 1, n, to) != n)
			return err_errno(err, "%s: cannot be copied to a temporary file", name);
	}
	return ferror(from) ? err_errno(err, "%s: cannot be read", name) : ERR_OK;
}

/* Puts a copy in the place of the stream. */
static int spool(FILE **stream, const char *name, size_t max, struct err *err)
{
	FILE *to = tmpfile();
	if (!to)
		return err_errno(err, "%s: no temporary file for it", name);
	int code = copy(*stream, to, name, max, err);
	input_close(*stream);
	*stream = to;
	return code;
}

int input_open(const char *name, size_t max, FILE **out, struct err *err)
{
	struct stat st;
	int code = ERR_OK;
	*out = NULL;
	if (!*name)
		return err_set(err, ERR_USAGE, "'' is not the name of a file");
	FILE *stream = !strcmp(name, "-") ? stdin : fopen(name, "re");
	if (!stream || fstat(fileno(stream), &st))
		code = err_errno(err, "%s: cannot be opened", name);
	else if (S_ISDIR(st.st_mode))
		code = err_set(err, ERR_MALFORMED, "%s: is a directory", name);
	else if (stream == stdin || !S_ISREG(st.st_mode))
		code = spool(&stream, name, max, err);
	if (code)
		input_close(stream);
	else
		*out = stream;
	return code;
}

void input_close(FILE *stream)
{
	if (stream && stream != stdin)
		fclose(stream);
}
