#include "config.h"

#include "tvs/check.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/conf.h"
#include "truststore/owner.h"
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

/* The file is replaced in its directory, by who starts the daemon: root with `user` or `group`, else, when root asks,
 * presumably the store's owner. */
static int check_directory(const char *directory, const struct settings *settings, struct err *err)
{
	struct owner owner = { .changed = false };
	int code = settings->become ? ERR_OK : owner_enter(settings->store, &owner, err);
	if (code != ERR_OK)
		return ERR_OK; /* of the store more is said elsewhere */
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int missing = fd < 0 || faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	bool owns = owner.changed;
	owner_leave(&owner);
	if (!missing)
		return ERR_OK;
	return err_set(err, ERR_SYSTEM, "%s cannot write into the directory %s: %s",
	               owns ? "the store's owner" : "this user", directory, strerror(missing));
}

static void check_metrics(struct check *check, const struct conf *conf, const struct settings *settings)
{
	struct err why, placed;
	char *copy = settings->metrics ? strdup(settings->metrics) : NULL;
	if (copy && check_directory(dirname(copy), settings, &why) != ERR_OK) {
		conf_refuse(conf, "tvsd", "metrics", &placed, "%s", err_text(&why));
		warn(check, err_text(&placed));
	}
	free(copy);
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
	else if (settings)
		check_metrics(check, conf, settings);
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
