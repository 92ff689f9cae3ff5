#include "config.h"

#include "tvs/check.h"

#include "truststore/base/conf.h"
#include "truststore/store.h"
#include "tvs/credentials.h"
#include "tvs/settings.h"

struct check {
	void (*each)(const char *mistake, void *arg);
	void *arg;
	unsigned mistakes;
};

static void tell(const char *mistake, void *arg)
{
	struct check *check = arg;
	check->mistakes++;
	check->each(mistake, check->arg);
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
	credentials_free(credentials);
	store_close(store);
}

unsigned check_all(const char *file, const char *store, void (*each)(const char *mistake, void *arg),
                   void *arg)
{
	struct check check = { each, arg, 0 };
	struct settings *settings = check_settings(&check, file, store);
	if (settings)
		check_credentials(&check, settings);
	settings_free(settings);
	return check.mistakes;
}
