#include "ocsp/ocsp_settings.h"

#include <string.h>

#include "ocsp/source.h"
#include "truststore/base/clock.h"
#include "truststore/trust.h"

#define FROM_CERTIFICATE "from-certificate"

static int read_url(const struct conf *conf, const char *key, const char **out, struct err *err)
{
	const char *url = conf_text(conf, "ocsp", key);
	*out = NULL;
	if (!url || !strcmp(url, FROM_CERTIFICATE))
		return ERR_OK;
	if (!source_url_ok(url, strlen(url)))
		return conf_refuse(conf, "ocsp", key, err, "\"%s\" is no URL of http or https", url);
	*out = url;
	return ERR_OK;
}

static int read_proxy(const struct conf *conf, const char **out, struct err *err)
{
	*out = conf_text(conf, "ocsp", "proxy");
	if (!*out || strstr(*out, "://"))
		return read_url(conf, "proxy", out, err);
	return ERR_OK; /* host and port */
}

static int read_certificate(const struct conf *conf, struct cert **out, struct err *err)
{
	const char *file = conf_text(conf, "ocsp", "responder-certificate");
	struct err why;
	if (!file || !cert_read_one(file, out, &why))
		return ERR_OK;
	return conf_refuse(conf, "ocsp", "responder-certificate", err, "%s", err_text(&why));
}

int ocsp_settings_read(const struct conf *conf, struct ocsp_settings *out, struct err *err)
{
	*out = (struct ocsp_settings){
		.enable = conf_flag(conf, "ocsp", "enable"),
		.interval = conf_number(conf, "ocsp", "interval"),
		.timeout = conf_number(conf, "ocsp", "timeout"),
		.max_age = conf_number(conf, "ocsp", "max-age"),
		.skew = conf_number(conf, "ocsp", "skew"),
		.parallel = (unsigned)conf_number(conf, "ocsp", "parallel"),
		.get = !strcmp(conf_text(conf, "ocsp", "method"), "get"),
		.nonce = conf_flag(conf, "ocsp", "nonce"),
	};
	trust_policy(conf, &out->policy);
	int code = read_url(conf, "url", &out->url, err);
	if (!code)
		code = read_proxy(conf, &out->proxy, err);
	return code ? code : read_certificate(conf, &out->configured, err);
}

void ocsp_settings_free(struct ocsp_settings *settings)
{
	cert_free(settings->configured);
	memset(settings, 0, sizeof *settings);
}

struct rules ocsp_settings_rules(const struct ocsp_settings *settings)
{
	return (struct rules){ .now = clock_now(), .skew = settings->skew, .max_age = settings->max_age,
	                       .interval = settings->interval, .configured = settings->configured };
}
