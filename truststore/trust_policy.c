#include <string.h>

#include "truststore/base/conf.h"
#include "truststore/trust.h"

static bool denies(const struct conf *conf, const char *key)
{
	return !strcmp(conf_text(conf, "ocsp", key), "deny");
}

void trust_policy(const struct conf *conf, struct answer_policy *out)
{
	bool strict = conf_flag(conf, "security", "common-criteria");
	out->allow_expired = !strict && !strcmp(conf_text(conf, "security", "expired"), "allow");
	out->deny_unknown = strict || denies(conf, "on-unknown");
	out->deny_unreachable = strict || denies(conf, "on-unreachable");
	out->deny_no_source = strict || denies(conf, "on-no-source");
	out->checking = conf_flag(conf, "ocsp", "enable");
}
