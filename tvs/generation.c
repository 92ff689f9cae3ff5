#include "config.h"

#include "tvs/generation.h"

#include <stdlib.h>

static int read_settings(const char *file, const char *store, struct settings **out, struct err *err)
{
	struct conf *conf;
	int code = conf_load(file, &conf, err);
	if (code != ERR_OK)
		return code;
	if (store)
		code = conf_override(conf, "store", "path", store, err);
	if (code == ERR_OK)
		code = settings_new(conf, NULL, NULL, out, err);
	conf_free(conf);
	return code;
}

int generation_new(const char *file, const char *store, const struct generation *old,
                   struct generation **out, struct err *err)
{
	struct generation *made = calloc(1, sizeof *made);
	if (!made)
		return err_set(err, ERR_MEMORY, "out of memory");
	made->references = 1;
	int code = read_settings(file, store, &made->settings, err);
	if (code == ERR_OK)
		code = listeners_open(made->settings, old ? &old->listeners : NULL, &made->listeners, err);
	if (code != ERR_OK) {
		generation_drop(made, old);
		return code;
	}
	*out = made;
	return ERR_OK;
}

struct generation *generation_keep(struct generation *generation)
{
	generation->references++;
	return generation;
}

void generation_drop(struct generation *generation, const struct generation *other)
{
	if (!generation || --generation->references > 0)
		return;
	listeners_close(&generation->listeners, other ? &other->listeners : NULL);
	settings_free(generation->settings);
	free(generation);
}
