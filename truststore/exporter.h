/* Writing certificates out: one file of PEM, DER or PKCS#12, or a directory of PEM files. */
#ifndef TVS_EXPORTER_H
#define TVS_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truststore/base/digest.h"
#include "truststore/base/err.h"

enum exporter_format {
	EXPORTER_PEM,
	EXPORTER_DER,        /* one certificate */
	EXPORTER_DIR,        /* NAME-FINGERPRINT.pem, one a certificate */
	EXPORTER_HASHED_DIR, /* HASH.NUMBER as OpenSSL's -CApath wants it */
	EXPORTER_P12
};
int exporter_format_parse(const char *text, enum exporter_format *format, struct err *err);
const char *exporter_format_name(enum exporter_format format);
bool exporter_is_directory(enum exporter_format format);

enum { EXPORTER_P12_MAX = 250000 }; /* certificates in an archive: more than that no reader bounds its work for, ours either */

struct exporter;

struct exporter_item {
	struct digest id;
	const uint8_t *der, *subject; /* `subject`: the DER of the name, for EXPORTER_HASHED_DIR alone */
	size_t der_len, subject_len;
	const char *name; /* for people: a file's or an archive's */
};

/* Begins at `path` ("-": standard output), which appears only with exporter_commit, whole. An existing file or directory is
 * ERR_EXISTS without `overwrite`; an empty directory may be filled. With it a directory is exchanged only if it
 * holds nothing but files of such an export. `password` is for PKCS#12 alone. */
int exporter_open(enum exporter_format format, const char *path, bool overwrite,
                  const char *password, struct exporter **out, struct err *err);
int exporter_add(struct exporter *exporter, const struct exporter_item *item, struct err *err);

/* Frees in every case. */
int exporter_commit(struct exporter *exporter, struct err *err);
void exporter_abort(struct exporter *exporter); /* NULL is allowed */

#endif
