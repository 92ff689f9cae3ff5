#include "config.h"

#include "truststore/exporter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/cert.h"
#include "truststore/base/outfile.h"
#include "truststore/exportdir.h"
#include "truststore/p12.h"
#include "truststore/subject_hash.h"

enum { NAME_MAX_BYTES = 64, NAME_SIZE = NAME_MAX_BYTES + 32 };

/* How often each subject hash was used: an open hash table. */
struct counters {
	struct counter {
		uint32_t hash, next; /* `next` 0: free */
	} *slots;
	size_t count, room;
};

struct exporter {
	enum exporter_format format;
	struct outfile *file;
	struct exportdir *dir;
	struct p12_writer *p12;
	struct counters counters;
	size_t count;
};

static const char *const formats[] = {
	[EXPORTER_PEM] = "pem",
	[EXPORTER_DER] = "der",
	[EXPORTER_DIR] = "dir",
	[EXPORTER_HASHED_DIR] = "hashed-dir",
	[EXPORTER_P12] = "p12",
};

int exporter_format_parse(const char *text, enum exporter_format *format, struct err *err)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (!strcmp(text, formats[i])) {
			*format = (enum exporter_format)i;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_USAGE, "no format \"%s\": the formats are pem, der, dir, hashed-dir, p12",
	               text);
}

const char *exporter_format_name(enum exporter_format format)
{
	return formats[format];
}

bool exporter_is_directory(enum exporter_format format)
{
	return format == EXPORTER_DIR || format == EXPORTER_HASHED_DIR;
}

/* "name-0123456789abcdef.pem", "01234567.0" */
static bool is_ours(const char *name)
{
	size_t len = strlen(name), digits = strspn(name, "0123456789abcdef");
	if (digits == 8 && name[8] == '.' && name[9] && strspn(name + 9, "0123456789") == len - 9)
		return true;
	return len > 21 && !strcmp(name + len - 4, ".pem") && name[len - 21] == '-' &&
	       strspn(name + len - 20, "0123456789abcdef") == 16;
}

int exporter_open(enum exporter_format format, const char *path, bool overwrite,
                  const char *password, struct exporter **out, struct err *err)
{
	struct exporter *exporter = calloc(1, sizeof *exporter);
	bool standard = !strcmp(path, "-");
	int code = ERR_OK;
	*out = NULL;
	if (!exporter)
		return err_set(err, ERR_MEMORY, "no memory for an export");
	exporter->format = format;
	if (exporter_is_directory(format) && standard)
		code = err_set(err, ERR_USAGE, "--format %s needs --out DIRECTORY", formats[format]);
	else if (format != EXPORTER_PEM && standard && isatty(STDOUT_FILENO))
		code = err_set(err, ERR_USAGE, "--format %s is nothing for a terminal: give --out FILE",
		               formats[format]);
	else if (exporter_is_directory(format))
		code = exportdir_open(path, overwrite, is_ours, &exporter->dir, err);
	else
		code = outfile_open(path, OUTFILE_BY_UMASK, overwrite, &exporter->file, err);
	if (!code && format == EXPORTER_P12)
		code = p12_writer_new(password, P12_MODERN, &exporter->p12, err);
	if (code)
		exporter_abort(exporter);
	else
		*out = exporter;
	return code;
}

void exporter_abort(struct exporter *exporter)
{
	if (!exporter)
		return;
	outfile_abort(exporter->file);
	exportdir_abort(exporter->dir);
	p12_writer_free(exporter->p12);
	free(exporter->counters.slots);
	free(exporter);
}

/* The slot of this hash, or the free one that it would take. */
static struct counter *find_slot(const struct counters *counters, uint32_t hash)
{
	size_t at = hash & (counters->room - 1);
	while (counters->slots[at].next && counters->slots[at].hash != hash)
		at = (at + 1) & (counters->room - 1);
	return &counters->slots[at];
}

static int grow(struct counters *counters)
{
	struct counters larger = { .room = counters->room ? 2 * counters->room : 256 };
	larger.slots = calloc(larger.room, sizeof *larger.slots);
	if (!larger.slots)
		return ERR_MEMORY;
	for (size_t i = 0; i < counters->room; i++)
		if (counters->slots[i].next)
			*find_slot(&larger, counters->slots[i].hash) = counters->slots[i];
	larger.count = counters->count;
	free(counters->slots);
	*counters = larger;
	return ERR_OK;
}

/* How many there were of this hash before. */
static int count_hash(struct counters *counters, uint32_t hash, uint32_t *before)
{
	if (2 * counters->count >= counters->room && grow(counters))
		return ERR_MEMORY;
	struct counter *slot = find_slot(counters, hash);
	counters->count += !slot->next;
	slot->hash = hash;
	*before = slot->next++;
	return ERR_OK;
}

static int hashed_name(struct exporter *exporter, const struct exporter_item *item,
                       char out[NAME_SIZE], struct err *err)
{
	uint32_t hash, before;
	int code = subject_hash(item->subject, item->subject_len, &hash);
	if (!code)
		code = count_hash(&exporter->counters, hash, &before);
	if (code)
		return err_set(err, code, "the subject hash of %s: %s", item->name, err_str(code));
	snprintf(out, NAME_SIZE, "%08lx.%lu", (unsigned long)hash, (unsigned long)before);
	return ERR_OK;
}

/* Letters, digits, '.', '-' and '_' of the name, and the fingerprint, which makes it the only one. */
static void plain_name(const struct exporter_item *item, char out[NAME_SIZE])
{
	char hex[17], safe[NAME_MAX_BYTES + 1];
	size_t n = 0;
	for (const char *p = item->name; *p && n < NAME_MAX_BYTES; p++) {
		bool plain = isalnum((unsigned char)*p) || *p == '_' ||
		             ((*p == '.' || *p == '-') && n > 0);
		if (plain && (unsigned char)*p < 0x80)
			safe[n++] = *p;
		else if (n == 0 || safe[n - 1] != '_')
			safe[n++] = '_';
	}
	safe[n] = '\0';
	snprintf(out, NAME_SIZE, "%s-%s.pem", n ? safe : "certificate",
	         hex_encode(item->id.byte, 8, false, hex));
}

static int add_file(struct exporter *exporter, const struct exporter_item *item, const char *pem,
                    size_t len, struct err *err)
{
	char name[NAME_SIZE];
	if (exporter->format == EXPORTER_HASHED_DIR) {
		int code = hashed_name(exporter, item, name, err);
		if (code)
			return code;
	} else {
		plain_name(item, name);
	}
	return exportdir_write(exporter->dir, name, pem, len, err);
}

/* Named with its fingerprint: Java takes two of one name for the same, whatever their case. */
static int add_to_archive(struct exporter *exporter, const struct exporter_item *item, struct err *err)
{
	char hex[17], *name;
	if (asprintf(&name, "%s %s", item->name, hex_encode(item->id.byte, 8, false, hex)) < 0)
		return err_set(err, ERR_MEMORY, "no memory for an archive");
	int code = p12_writer_add(exporter->p12, item->der, item->der_len, name, err);
	free(name);
	return code;
}

int exporter_add(struct exporter *exporter, const struct exporter_item *item, struct err *err)
{
	char *pem;
	size_t len;
	exporter->count++;
	if (exporter->format == EXPORTER_P12 && exporter->count > EXPORTER_P12_MAX)
		return err_set(err, ERR_LIMIT,
		               "more than %d certificates are too many for PKCS#12: use --format pem",
		               EXPORTER_P12_MAX);
	if (exporter->format == EXPORTER_P12)
		return add_to_archive(exporter, item, err);
	if (exporter->format == EXPORTER_DER && exporter->count > 1)
		return err_set(err, ERR_REFUSED, "--format der holds one certificate only; pem and p12 hold many");
	if (exporter->format == EXPORTER_DER) {
		fwrite(item->der, 1, item->der_len, outfile_stream(exporter->file));
		return ERR_OK;
	}
	if (cert_pem(item->der, item->der_len, &pem, &len))
		return err_set(err, ERR_MEMORY, "no memory for a certificate as PEM");
	int code = ERR_OK;
	if (exporter->dir)
		code = add_file(exporter, item, pem, len, err);
	else
		fwrite(pem, 1, len, outfile_stream(exporter->file));
	free(pem);
	return code;
}

int exporter_commit(struct exporter *exporter, struct err *err)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int code = ERR_OK;
	if (exporter->p12 && !(code = p12_writer_end(exporter->p12, &bytes, &len, err)))
		fwrite(bytes, 1, len, outfile_stream(exporter->file));
	exporter->p12 = NULL;
	free(bytes);
	if (!code && exporter->dir) {
		code = exportdir_commit(exporter->dir, err);
		exporter->dir = NULL;
	} else if (!code) {
		code = outfile_commit(exporter->file, err);
		exporter->file = NULL;
	}
	exporter_abort(exporter);
	return code;
}
