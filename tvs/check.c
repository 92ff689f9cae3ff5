#include "config.h"

#include "tvs/check.h"

#include "truststore/base/conf.h"
#include "truststore/store.h"
#include "tvs/credentials.h"
#include "tvs/settings.h"

struct check {
	check_fn *each;
	void *arg;
	unsigned mistakes, warnings;
};

static void tell(const char *mistake, void *arg)
{
	struct check *check = arg;
	check->mistakes++;
	check->each(false, mistake, check->arg);
}

static void warn(struct check *check, const char *text)
{
	check->warnings++;
	check->each(true, text, check->arg);
}

static struct settings *check_settings(struct check *check, const char *file, const char *store)
{
	struct conf *conf = NULL;
	struct settings *settings = NULL;
	struct err err;
	if (conf_check(file, tell, check) != ERR_OK)
		return NULL;
	int code = conf_load(file, &conf, &err);
	if (code == ERR_OK && store)
		code = conf_override(conf, "store", "path", store, &err);
	if (code != ERR_OK)
		tell(err_text(&err), check);
	else if (settings_new(conf, tell, check, &settings, &err) != ERR_OK && check->mistakes == 0)
		tell(err_text(&err), check);
	conf_free(conf);
	return settings;
}

static void check_credentials(struct check *check, const struct settings *settings)
{
	struct store *store = NULL;
	struct credentials *credentials = NULL;
	struct err err;
	int code = store_open(settings->store, STORE_READ, &store, &err);
	if (code == ERR_OK)
		code = credentials_read(settings, store, &credentials, &err);
	if (code == ERR_OK)
		code = credentials_load(credentials, settings, &err);
	if (code != ERR_OK)
		tell(err_text(&err), check);
	else if (credentials_distrust(credentials) != REASON_TRUSTED) {
		err_set(&err, ERR_REFUSED, "the own certificate (%s) is %s in the store: phones that ask about it are told not to trust it",
		        settings->certificate ? settings->certificate : "identity TVS",
		        reason_name(credentials_distrust(credentials)));
		warn(check, err_text(&err));
	}
	credentials_free(credentials);
	store_close(store);
}

unsigned check_all(const char *file, const char *store, check_fn *each, void *arg, unsigned *warnings)
{
	struct check check = { .each = each, .arg = arg };
	struct settings *settings = check_settings(&check, file, store);
	if (settings)
		check_credentials(&check, settings);
	settings_free(settings);
	*warnings = check.warnings;
	return check.mistakes;
}
