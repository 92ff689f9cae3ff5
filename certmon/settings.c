#include "certmon/settings.h"

#include <string.h>

#include "truststore/base/mail.h"

static int wrong(const struct conf *conf, const char *key, struct err *err, const char *why)
{
	unsigned line = conf_line(conf, "certmon", key);
	return line ? err_set(err, ERR_CONFIG, "%s:%u: [certmon] %s: %s", conf_file(conf), line, key, why)
	            : err_set(err, ERR_CONFIG, "%s: [certmon] %s: %s", conf_file(conf), key, why);
}

static int check_mail(const struct conf *conf, struct err *err)
{
	const char *from = conf_text(conf, "certmon", "from"), *smtp = conf_text(conf, "certmon", "smtp");
	if (!*conf_list(conf, "certmon", "to"))
		return wrong(conf, "to", err, "email is on, and nobody is named to get it");
	if (!from || !mail_address_valid(from))
		return wrong(conf, "from", err, "email is on, and needs an address like name@example.com as its sender");
	if (!smtp && !conf_text(conf, "certmon", "sendmail"))
		return wrong(conf, "smtp", err, "email is on, and neither smtp nor sendmail says how to send it");
	if (smtp && strncmp(smtp, "smtp://", 7) && strncmp(smtp, "smtps://", 8))
		return wrong(conf, "smtp", err, "not smtp://HOST:PORT or smtps://HOST:PORT");
	if (smtp && !conf_text(conf, "certmon", "user") != !conf_text(conf, "certmon", "password-file"))
		return wrong(conf, conf_text(conf, "certmon", "user") ? "user" : "password-file", err,
		             "user and password-file belong together");
	if (smtp && conf_text(conf, "certmon", "password-file") && !strncmp(smtp, "smtp://", 7) &&
	    !strcmp(conf_text(conf, "certmon", "starttls"), "off"))
		return wrong(conf, "starttls", err, "a password is never sent without TLS: required, or no password-file");
	return ERR_OK;
}

int settings_read(const struct conf *conf, struct settings *out, struct err *err)
{
	*out = (struct settings){ .conf = conf };
	out->schedule.start = conf_number(conf, "certmon", "start");
	out->schedule.frequency = conf_number(conf, "certmon", "frequency");
	const char *webhook = conf_text(conf, "certmon", "webhook");
	if (webhook && strncmp(webhook, "http://", 7) && strncmp(webhook, "https://", 8))
		return wrong(conf, "webhook", err, "not http://... or https://...");
	if (conf_flag(conf, "certmon", "lsc") && !conf_text(conf, "certmon", "lsc-directory"))
		return wrong(conf, "lsc", err, "lsc is on, and lsc-directory does not say where the phones' certificates are");
	return conf_flag(conf, "certmon", "email") ? check_mail(conf, err) : ERR_OK;
}

int64_t settings_ahead(const struct settings *settings)
{
	int64_t start = settings->schedule.start;
	return (start > SCHEDULE_DAY ? start : SCHEDULE_DAY) + 1;
}
