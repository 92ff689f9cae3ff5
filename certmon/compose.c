#define _GNU_SOURCE /* strcasestr */
#include "certmon/compose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "certmon/message.h"
#include "truststore/base/clock.h"
#include "truststore/base/mail.h"
#include "truststore/base/out.h"

/* The due findings of one receiver, by whether they raise an alarm. */
struct pick {
	const struct finding **due, **covered;
	size_t due_count, covered_count;
};

static bool owned_by(const struct finding *finding, const char *address)
{
	size_t len = strlen(address);
	for (const char *at = finding->owner; at && (at = strcasestr(at, address)); at += len) {
		bool begins = at == finding->owner || strchr(",; ", at[-1]);
		if (begins && (!at[len] || strchr(",; ", at[len])))
			return true;
	}
	return false;
}

/* `owner` NULL: everybody's. */
static int pick(const struct findings *findings, const char *owner, struct pick *out)
{
	*out = (struct pick){ 0 };
	out->due = calloc(findings->count + 1, sizeof *out->due);
	out->covered = calloc(findings->count + 1, sizeof *out->covered);
	if (!out->due || !out->covered)
		return ERR_MEMORY;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (!finding->due || (owner && !owned_by(finding, owner)))
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

static int mail_to(const struct composer *composer, const char *to, const char *owner, struct err *err)
{
	struct pick picked;
	int code = pick(composer->findings, owner, &picked);
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

static bool among(const char *const *list, const char *word, size_t len)
{
	for (; *list; list++)
		if (strlen(*list) == len && !strncasecmp(*list, word, len))
			return true;
	return false;
}

/* The owners of what is due, each once; an allocated list that ends in NULL. */
static char **owners_of(const struct findings *findings)
{
	size_t count = 0;
	char **list = calloc(1, sizeof *list);
	for (size_t i = 0; list && i < findings->count; i++) {
		const char *at = findings->list[i].due ? findings->list[i].owner : NULL;
		for (size_t len; list && at && *(at += strspn(at, ",; ")); at += len) {
			len = strcspn(at, ",; ");
			char *word = strndup(at, len);
			if (!word || !mail_address_valid(word) || among((const char *const *)list, at, len)) {
				free(word);
				continue;
			}
			char **longer = realloc(list, (count + 2) * sizeof *list);
			if (!longer) {
				free(word);
				return list;
			}
			list = longer;
			list[count++] = word;
			list[count] = NULL;
		}
	}
	return list;
}

static int mails(const struct composer *composer, struct err *err)
{
	const char *const *to = conf_list(composer->settings->conf, "certmon", "to");
	int code = ERR_OK;
	for (const char *const *one = to; *one && !code; one++)
		code = mail_to(composer, *one, NULL, err);
	char **owners = owners_of(composer->findings);
	for (char **owner = owners; owner && *owner; owner++) {
		if (!code && !among(to, *owner, strlen(*owner)))
			code = mail_to(composer, *owner, *owner, err);
		free(*owner);
	}
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

static int as_json(const struct composer *composer, const char *const *receivers, struct err *err)
{
	struct pick picked;
	char *text = NULL;
	int code = *receivers ? pick(composer->findings, NULL, &picked) : ERR_OK;
	if (!*receivers)
		return ERR_OK;
	if (!code && picked.due_count) {
		json_t *object = json_object();
		json_object_set_new(object, "time", out_time(composer->now));
		json_object_set_new(object, "due", json_list(composer, picked.due, picked.due_count));
		json_object_set_new(object, "covered", json_list(composer, picked.covered, picked.covered_count));
		text = json_dumps(object, JSON_INDENT(1));
		json_decref(object);
		code = text ? ERR_OK : ERR_MEMORY;
	}
	for (; text && *receivers && !code; receivers++)
		code = composer->each(*receivers, "findings", text, strlen(text), composer->arg, err);
	free(text);
	pick_deinit(&picked);
	return code == ERR_MEMORY ? err_set(err, code, "no memory for a message") : code;
}

int compose_all(const struct settings *settings, const struct findings *findings, int64_t now,
                compose_fn *each, void *arg, struct err *err)
{
	char host[MESSAGE_HOST_SIZE];
	struct composer composer = { settings, findings, message_host(host), now, each, arg };
	const char *receivers[3] = { NULL };
	size_t count = 0;
	if (conf_text(settings->conf, "certmon", "command"))
		receivers[count++] = COMPOSE_TO_COMMAND;
	if (conf_text(settings->conf, "certmon", "webhook"))
		receivers[count++] = COMPOSE_TO_WEBHOOK;
	int code = conf_flag(settings->conf, "certmon", "email") ? mails(&composer, err) : ERR_OK;
	return code ? code : as_json(&composer, receivers, err);
}
