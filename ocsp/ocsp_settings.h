/* What [ocsp] of the configuration says. */
#ifndef TVS_OCSP_SETTINGS_H
#define TVS_OCSP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "ocsp/rules.h"
#include "truststore/answer.h"
#include "truststore/base/conf.h"

struct ocsp_settings {
	bool enable;
	const char *url;       /* of the responder for all certificates; NULL: the certificates' own */
	const char *proxy;     /* NULL: none */
	int64_t interval, timeout, max_age, skew; /* seconds */
	unsigned parallel;
	bool get;              /* `method = get`: small requests by GET */
	bool nonce;            /* requests have one */
	struct cert *configured; /* `responder-certificate`, or NULL */
	struct answer_policy policy;
};

/* Texts are borrowed from `conf`. ERR_CONFIG where a URL is none of http or https, or the certificate cannot be
 * read. Freed with ocsp_settings_free, which takes one that is all zero. */
int ocsp_settings_read(const struct conf *conf, struct ocsp_settings *out, struct err *err);
void ocsp_settings_free(struct ocsp_settings *settings);

/* The rules of this moment. */
struct rules ocsp_settings_rules(const struct ocsp_settings *settings);

#endif
