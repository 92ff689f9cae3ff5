/* The files of tests/data/ocsp, for the unit tests of ocsp. */
#ifndef TVS_TESTS_OCSP_DATA_H
#define TVS_TESTS_OCSP_DATA_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "ocsp/rules.h"
#include "truststore/base/cert.h"
#include "truststore/base/outfile.h"

enum { HOUR = 3600, DAY = 86400 };
static const int64_t NOW = INT64_C(1800000000); /* as in generate.py */

static inline const struct rules *data_rules(void)
{
	static const struct rules rules = {
		.now = INT64_C(1800000000), .skew = 300, .max_age = 7 * DAY, .interval = DAY
	};
	return &rules;
}

static inline void data_path(const char *name, char *out, size_t size)
{
	const char *top = getenv("top_srcdir");
	snprintf(out, size, "%s/tests/data/ocsp/%s", top ? top : ".", name);
}

/* Allocated, ends in NUL; the caller frees it. */
static inline char *data_read(const char *name, size_t *len)
{
	char path[1024], *bytes;
	struct err err;
	data_path(name, path, sizeof path);
	ck_assert_msg(infile_read(path, 1 << 26, &bytes, len, &err) == 0, "%s", err.text);
	return bytes;
}

/* NULL gives NULL. The caller frees it. */
static inline struct cert *data_cert(const char *name)
{
	char path[1024];
	struct cert *cert = NULL;
	struct err err;
	if (!name)
		return NULL;
	data_path(name, path, sizeof path);
	ck_assert_msg(cert_read_one(path, &cert, &err) == 0, "%s", err.text);
	return cert;
}

#endif
