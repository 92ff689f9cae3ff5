#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/cert.h"

enum {
	MAX_BODY = (CERT_MAX_DER + 2) / 3 * 4, /* base64 of the largest certificate */
	MAX_LINE = 2 * MAX_BODY,               /* a whole body may stand in one line */
	MAX_LABEL = 48
};

/* A file being read: one line and one block at a time. */
struct certfile {
	FILE *stream;
	const char *name;          /* for messages */
	int ahead[2];              /* read already to tell PEM from DER; EOF: nothing */
	uint64_t total;            /* bytes read so far */
	unsigned line;             /* the line at hand, from 1 */
	unsigned found;            /* certificates so far */
	char other[MAX_LABEL + 1]; /* the first label that was not a certificate's */
	char label[MAX_LABEL + 1]; /* of the block at hand; "" outside */
	struct cert_place place;   /* of the block at hand */
	bool too_long;             /* its body, or a line of it */
	size_t body_len;
	char body[MAX_BODY + 1];
	char text[MAX_LINE + 1];
};

enum kind { KIND_CERTIFICATE, KIND_TRUSTED, KIND_OTHER };

static int fail_file(const struct certfile *file, int code, struct err *err, const char *why)
{
	return err_set(err, code, "%s: %s", file->name, why);
}

static int fail_block(const struct certfile *file, int code, struct err *err, const char *why)
{
	return err_set(err, code, "%s: line %u: certificate %u: %s", file->name, file->place.line,
	               file->found + 1, why);
}

static int next_byte(struct certfile *file)
{
	int c = file->ahead[0];
	if (c == EOF)
		return getc_unlocked(file->stream);
	file->ahead[0] = file->ahead[1];
	file->ahead[1] = EOF;
	return c;
}

/* Reads a line into `text` without its end; `*len` is larger than MAX_LINE if it was cut.
 * ERR_NOT_FOUND at the end of the file. */
static int read_line(struct certfile *file, size_t *len, struct err *err)
{
	size_t n = 0;
	int c;
	while ((c = next_byte(file)) != EOF && c != '\n') {
		if (n < MAX_LINE)
			file->text[n] = (char)(c ? c : '?'); /* a NUL would hide what follows */
		if (n <= MAX_LINE)
			n++;
		if (++file->total > CERT_MAX_FILE)
			return fail_file(file, ERR_LIMIT, err, "larger than 1 GiB");
	}
	if (ferror(file->stream))
		return err_errno(err, "cannot read %s", file->name);
	if (c == EOF && n == 0)
		return ERR_NOT_FOUND;
	file->total++;
	file->line++;
	*len = n;
	return ERR_OK;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The line without blanks around it, and without the byte order mark that some editors put first. */
static char *trim(struct certfile *file, size_t len)
{
	char *start = file->text;
	if (len > MAX_LINE)
		len = MAX_LINE;
	while (len && is_blank(start[len - 1]))
		len--;
	start[len] = '\0';
	if (file->line == 1 && strncmp(start, "\xef\xbb\xbf", 3) == 0)
		start += 3;
	while (is_blank(*start))
		start++;
	return start;
}

/* RFC 7468, 2: copies LABEL out of "-----BEGIN LABEL-----". */
static bool boundary(const char *line, const char *what, char label[MAX_LABEL + 1])
{
	size_t before = strlen(what), len = strlen(line);
	if (strncmp(line, what, before) != 0 || len < before + 5 ||
	    strcmp(line + len - 5, "-----") != 0)
		return false;
	len -= before + 5;
	if (len > MAX_LABEL)
		len = MAX_LABEL;
	memcpy(label, line + before, len);
	label[len] = '\0';
	return true;
}

static enum kind kind_of(const char *label)
{
	if (strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0)
		return KIND_CERTIFICATE;
	return strcmp(label, "TRUSTED CERTIFICATE") == 0 ? KIND_TRUSTED : KIND_OTHER;
}

/* Hands one certificate to the caller. */
static int deliver(struct certfile *file, const uint8_t *der, size_t len, cert_each_fn *each,
                   void *arg, struct err *err)
{
	struct cert *cert;
	int rc = cert_parse(der, len, &cert, err);
	if (rc != ERR_OK) {
		if (file->place.line)
			err_prefix(err, "%s: line %u: certificate %u", file->name,
			           file->place.line, file->found + 1);
		else
			err_prefix(err, "%s", file->name);
		return rc;
	}
	file->place.number = ++file->found;
	return each(cert, &file->place, arg, err);
}

/* GnuTLS skips characters that are none of base64's. */
static bool is_base64(const char *text, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	return strspn(text, alphabet) == len;
}

static int end_block(struct certfile *file, cert_each_fn *each, void *arg, struct err *err)
{
	gnutls_datum_t text = { (unsigned char *)file->body, (unsigned)file->body_len }, der;
	file->body[file->body_len] = '\0';
	if (file->too_long)
		return fail_block(file, ERR_LIMIT, err, "larger than 60000 bytes");
	if (file->body_len == 0)
		return fail_block(file, ERR_MALFORMED, err, "empty");
	/* GnuTLS overlooks an incomplete last group. */
	if (!is_base64(file->body, file->body_len) || gnutls_base64_decode2(&text, &der) < 0)
		return fail_block(file, ERR_MALFORMED, err, "broken base64");
	int rc = deliver(file, der.data, der.size, each, arg, err);
	gnutls_free(der.data);
	return rc;
}

static int begin_block(struct certfile *file, const char *label, struct err *err)
{
	strcpy(file->label, label);
	file->place.line = file->line;
	file->body_len = 0;
	file->too_long = false;
	switch (kind_of(label)) {
	case KIND_TRUSTED:
		return fail_block(file, ERR_MALFORMED, err,
		                  "a TRUSTED CERTIFICATE carries settings of OpenSSL that would be "
		                  "lost; convert it with \"openssl x509\"");
	case KIND_OTHER:
		if (!file->other[0])
			strcpy(file->other, label);
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static void add_body(struct certfile *file, const char *line)
{
	size_t len = strlen(line);
	if (file->too_long || kind_of(file->label) == KIND_OTHER)
		return;
	if (len > MAX_BODY - file->body_len) {
		file->too_long = true;
		return;
	}
	memcpy(file->body + file->body_len, line, len);
	file->body_len += len;
}

static int take_line(struct certfile *file, const char *line, cert_each_fn *each, void *arg,
                     struct err *err)
{
	char label[MAX_LABEL + 1];
	bool inside = file->label[0];
	if (boundary(line, "-----BEGIN ", label)) {
		if (inside && kind_of(file->label) == KIND_CERTIFICATE)
			return fail_block(file, ERR_MALFORMED, err, "it has no END line");
		return begin_block(file, label, err);
	}
	if (!inside)
		return ERR_OK;
	if (!boundary(line, "-----END ", label)) {
		add_body(file, line);
		return ERR_OK;
	}
	int rc = ERR_OK;
	if (kind_of(file->label) == KIND_CERTIFICATE)
		rc = strcmp(label, file->label) == 0
		             ? end_block(file, each, arg, err)
		             : fail_block(file, ERR_MALFORMED, err,
		                          "its END line does not fit its BEGIN line");
	file->label[0] = '\0';
	return rc;
}

static int read_pem(struct certfile *file, cert_each_fn *each, void *arg, struct err *err)
{
	size_t len = 0;
	int rc;
	while ((rc = read_line(file, &len, err)) == ERR_OK) {
		if (len > MAX_LINE && file->label[0])
			file->too_long = true;
		if ((rc = take_line(file, trim(file, len), each, arg, err)) != ERR_OK)
			return rc;
	}
	if (rc != ERR_NOT_FOUND)
		return rc;
	if (file->label[0] && kind_of(file->label) == KIND_CERTIFICATE)
		return fail_block(file, ERR_MALFORMED, err, "it has no END line");
	if (file->found)
		return ERR_OK;
	if (file->other[0])
		return err_set(err, ERR_MALFORMED, "%s: holds no certificate, only a %s", file->name,
		               file->other);
	return fail_file(file, ERR_MALFORMED, err, "holds no certificate, neither PEM nor DER");
}

static int read_der(struct certfile *file, cert_each_fn *each, void *arg, struct err *err)
{
	uint8_t der[CERT_MAX_DER + 1] = { (uint8_t)file->ahead[0], (uint8_t)file->ahead[1] };
	size_t len = 2 + fread(der + 2, 1, sizeof der - 2, file->stream);
	if (ferror(file->stream))
		return err_errno(err, "cannot read %s", file->name);
	if (len > CERT_MAX_DER)
		return fail_file(file, ERR_LIMIT, err, "a DER file of more than 60000 bytes");
	return deliver(file, der, len, each, arg, err);
}

int cert_read_stream(FILE *stream, const char *name, cert_each_fn *each, void *arg, struct err *err)
{
	struct certfile *file = calloc(1, sizeof *file);
	if (!file)
		return err_set(err, ERR_MEMORY, "%s: out of memory", name);
	file->stream = stream;
	file->name = strcmp(name, "-") == 0 ? "standard input" : name;
	file->place.file = name;
	file->ahead[0] = getc(stream);
	file->ahead[1] = file->ahead[0] == EOF ? EOF : getc(stream);
	/* DER begins with a SEQUENCE whose length needs more than one byte: no text does. */
	int rc = file->ahead[0] == '0' && file->ahead[1] >= 0x80 ? read_der(file, each, arg, err)
	                                                         : read_pem(file, each, arg, err);
	free(file);
	return rc;
}

int cert_read_file(const char *name, cert_each_fn *each, void *arg, struct err *err)
{
	if (strcmp(name, "-") == 0)
		return cert_read_stream(stdin, "-", each, arg, err);
	if (!*name)
		return err_set(err, ERR_USAGE, "'' is not the name of a file");
	FILE *stream = fopen(name, "re");
	if (!stream)
		return err_errno(err, "cannot open %s", name);
	int rc = cert_read_stream(stream, name, each, arg, err);
	fclose(stream);
	return rc;
}

static int keep_one(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	struct cert **only = arg;
	if (!*only) {
		*only = cert;
		return ERR_OK;
	}
	cert_free(cert);
	return err_set(err, ERR_MALFORMED, "%s: line %u: a second certificate, where only one is expected",
	               strcmp(place->file, "-") == 0 ? "standard input" : place->file, place->line);
}

int cert_read_one(const char *file, struct cert **out, struct err *err)
{
	struct cert *only = NULL;
	int rc = cert_read_file(file, keep_one, &only, err);
	if (rc != ERR_OK) {
		cert_free(only);
		return rc;
	}
	*out = only;
	return ERR_OK;
}

int cert_pem(const uint8_t *der, size_t len, char **out, size_t *out_len)
{
	gnutls_datum_t bytes = { (unsigned char *)der, (unsigned)len }, text;
	if (gnutls_pem_base64_encode2("CERTIFICATE", &bytes, &text) < 0)
		return ERR_MEMORY;
	*out = malloc(text.size + 1);
	if (*out) {
		memcpy(*out, text.data, text.size);
		(*out)[text.size] = '\0';
		*out_len = text.size;
	}
	gnutls_free(text.data);
	return *out ? ERR_OK : ERR_MEMORY;
}
