#include "certmon/compose.h"

#include <stdlib.h>
#include <string.h>

#include "certmon/message.h"
#include "certmon/ways.h"
#include "truststore/base/clock.h"
#include "truststore/base/out.h"

/* What one receiver is told of, by whether it raises an alarm. */
struct pick {
	const struct finding **due, **covered;
	size_t due_count, covered_count;
};

static int pick(const struct findings *findings, const char *way, struct pick *out)
{
	*out = (struct pick){ 0 };
	out->due = calloc(findings->count + 1, sizeof *out->due);
	out->covered = calloc(findings->count + 1, sizeof *out->covered);
	if (!out->due || !out->covered)
		return ERR_MEMORY;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (!ways_among(finding->open, way))
			continue;
		if (finding_covered(finding))
			out->covered[out->covered_count++] = finding;
		else
			out->due[out->due_count++] = finding;
	}
	return ERR_OK;
}

static void pick_deinit(struct pick *pick)
{
	free(pick->due);
	free(pick->covered);
}

/* What all messages of one composing share. */
struct composer {
	const struct settings *settings;
	const struct findings *findings;
	const char *host;
	int64_t now;
	compose_fn *each;
	void *arg;
};

static int mail_to(const struct composer *composer, const char *to, struct err *err)
{
	struct pick picked;
	int code = pick(composer->findings, to, &picked);
	if (!code && picked.due_count) {
		struct message message = {
			.from = conf_text(composer->settings->conf, "certmon", "from"), .to = to,
			.host = composer->host, .now = composer->now,
			.due = picked.due, .due_count = picked.due_count,
			.covered = picked.covered, .covered_count = picked.covered_count,
		};
		char *subject;
		size_t len;
		char *bytes = message_build(&message, &len, &subject);
		if (bytes) {
			code = composer->each(to, subject, bytes, len, composer->arg, err);
			free(bytes);
			free(subject);
		} else {
			code = ERR_MEMORY;
		}
	}
	pick_deinit(&picked);
	return code == ERR_MEMORY ? err_set(err, code, "no memory for a message") : code;
}

/* The owners of what they are to be told of, each once, but for those that every message goes to. NULL: no memory. */
static char *owners_of(const struct composer *composer)
{
	char *common = ways_of(composer->settings, NULL), *list = strdup("");
	int code = common && list ? ERR_OK : ERR_MEMORY;
	for (size_t i = 0; i < composer->findings->count && !code; i++)
		code = ways_add(&list, composer->findings->list[i].open, common);
	free(common);
	if (!code)
		return list;
	free(list);
	return NULL;
}

static int mails(const struct composer *composer, struct err *err)
{
	char *rest = NULL, *owners = owners_of(composer);
	int code = owners ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a message");
	for (const char *const *to = conf_list(composer->settings->conf, "certmon", "to"); *to && !code; to++)
		code = mail_to(composer, *to, err);
	for (char *one = owners ? strtok_r(owners, ", ", &rest) : NULL; one && !code; one = strtok_r(NULL, ", ", &rest))
		code = mail_to(composer, one, err);
	free(owners);
	return code;
}

static json_t *json_list(const struct composer *composer, const struct finding *const *list, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, finding_json(list[i], composer->now));
	return array;
}

static int as_json(const struct composer *composer, const char *to, struct err *err)
{
	struct pick picked;
	char *text = NULL;
	int code = pick(composer->findings, to, &picked);
	if (!code && picked.due_count) {
		json_t *object = json_object();
		json_object_set_new(object, "time", out_time(composer->now));
		json_object_set_new(object, "due", json_list(composer, picked.due, picked.due_count));
		json_object_set_new(object, "covered", json_list(composer, picked.covered, picked.covered_count));
		text = json_dumps(object, JSON_INDENT(1));
		json_decref(object);
		code = text ? composer->each(to, "findings", text, strlen(text), composer->arg, err) : ERR_MEMORY;
	}
	free(text);
	pick_deinit(&picked);
	return code == ERR_MEMORY ? err_set(err, code, "no memory for a message") : code;
}

int compose_all(const struct settings *settings, const struct findings *findings, int64_t now,
                compose_fn *each, void *arg, struct err *err)
{
	char host[MESSAGE_HOST_SIZE];
	struct composer composer = { settings, findings, message_host(host), now, each, arg };
	int code = conf_flag(settings->conf, "certmon", "email") ? mails(&composer, err) : ERR_OK;
	if (!code && conf_text(settings->conf, "certmon", WAYS_COMMAND))
		code = as_json(&composer, WAYS_COMMAND, err);
	if (!code && conf_text(settings->conf, "certmon", WAYS_WEBHOOK))
		code = as_json(&composer, WAYS_WEBHOOK, err);
	return code;
}
