/* The names that an own certificate or a request gets, beside those of the certificate in use. */
#include "config.h"

#include "truststore/cmd_identity.h"

#include <stdlib.h>
#include <string.h>

#include "truststore/base/out.h"

/* "CN=a.example.test (alternative names: a.example.test, 192.0.2.1)" */
static char *names_text(const struct identity_model *model)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	if (!stream)
		return NULL;
	if (model->common_name)
		fprintf(stream, "CN=%s (", model->common_name);
	else
		fprintf(stream, "no common name (");
	bool any = model->san && model->san[0];
	fputs(any ? "alternative names: " : "no alternative names", stream);
	for (size_t i = 0; any && model->san[i]; i++)
		fprintf(stream, "%s%s", i ? ", " : "", model->san[i]);
	fputc(')', stream);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

struct in_use {
	enum purpose purpose;
	struct identity_model *model;
};

static int in_use_work(struct txn *txn, void *arg, struct err *err)
{
	const struct in_use *work = arg;
	identity_model_deinit(work->model);
	return identity_model_get(txn, work->purpose, work->model, err);
}

int own_names(struct own *own, struct err *err)
{
	struct in_use work = { own->purpose, &own->names_in_use };
	int code = store_read(own->session.store, in_use_work, &work, err);
	bool used = !code;
	if (code == ERR_NOT_FOUND)
		code = ERR_OK;
	if (!code)
		code = identity_wish_names(&own->wish, &own->names, err);
	if (code)
		return code;
	own->names_text = names_text(&own->names);
	own->names_in_use_text = used ? names_text(&own->names_in_use) : NULL;
	if (!own->names_text || (used && !own->names_in_use_text))
		return err_set(err, ERR_MEMORY, "no memory for the names of a certificate");
	if (!own->wish.multi_server) { /* a default may be different each time */
		own->wish.common_name = own->names.common_name;
		own->wish.san = (const char *const *)own->names.san;
	}
	return ERR_OK;
}

bool own_names_differ(const struct own *own)
{
	return own->names_in_use_text && strcmp(own->names_text, own->names_in_use_text) != 0;
}

static json_t *names_json(const struct identity_model *model)
{
	json_t *san = json_array();
	for (size_t i = 0; san && model->san && model->san[i]; i++)
		json_array_append_new(san, out_text(model->san[i], strlen(model->san[i])));
	return json_pack("{s:o?, s:o}", "common_name",
	                 model->common_name ? out_text(model->common_name, strlen(model->common_name)) : NULL, "san", san);
}

json_t *own_names_json(const struct own *own)
{
	return json_pack("{s:o, s:o?}", "names", names_json(&own->names), "names_in_use",
	                 own->names_in_use_text ? names_json(&own->names_in_use) : NULL);
}

void own_names_deinit(struct own *own)
{
	identity_model_deinit(&own->names);
	identity_model_deinit(&own->names_in_use);
	free(own->names_text);
	free(own->names_in_use_text);
}
