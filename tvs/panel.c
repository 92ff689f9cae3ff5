#include "config.h"

#include "tvs/panel.h"

#include <stdlib.h>

#include "tvs/proto.h"

struct member {
	struct target target;
	struct ask *ask;
};

struct panel {
	const struct client_setup *setup;
	const char *device;
	int64_t timeout_us;
	size_t count;
	struct member member[PANEL_MAX];
};

int panel_new(const struct client_setup *setup, const char *device, int64_t timeout_us,
              struct panel **out, struct err *err)
{
	struct panel *panel = *out = calloc(1, sizeof *panel);
	if (!panel)
		return err_set(err, ERR_MEMORY, "out of memory");
	panel->setup = setup;
	panel->device = device;
	panel->timeout_us = timeout_us;
	return 0;
}

void panel_free(struct panel *panel)
{
	if (!panel)
		return;
	for (size_t i = 0; i < panel->count; i++)
		ask_free(panel->member[i].ask);
	free(panel);
}

int panel_add(struct panel *panel, const char *server, struct err *err)
{
	if (panel->count == PANEL_MAX)
		return err_set(err, ERR_LIMIT, "more than %d servers", PANEL_MAX);
	int rc = target_parse(server, PROTO_PORT, &panel->member[panel->count].target, err);
	if (!rc)
		panel->count++;
	return rc;
}

size_t panel_count(const struct panel *panel)
{
	return panel->count;
}

const char *panel_name(const struct panel *panel, size_t i)
{
	return panel->member[i].target.text;
}

const struct client *panel_client(const struct panel *panel, size_t i)
{
	return panel->member[i].ask ? ask_client(panel->member[i].ask) : NULL;
}

static int ask_once(struct ask *ask, const struct question *question, struct reply *reply,
                    struct err *err)
{
	if (question->name)
		return ask_query(ask, question->name, &reply->answer, &reply->found, err);
	size_t len;
	const uint8_t *der = cert_der(question->cert, &len);
	return ask_verify(ask, der, len, &reply->answer, err);
}

int panel_ask(struct panel *panel, size_t i, const struct question *question, struct reply *reply,
              struct err *err)
{
	struct member *member = &panel->member[i];
	for (;;) {
		*reply = (struct reply){ 0 };
		int rc = member->ask ? 0
		                     : ask_open(panel->setup, &member->target, panel->device,
		                                panel->timeout_us, &member->ask, err);
		if (!rc)
			rc = ask_once(member->ask, question, reply, err);
		if (!rc)
			return 0;
		bool answered = member->ask && ask_answers(member->ask) > 0;
		ask_free(member->ask);
		member->ask = NULL;
		if (rc != ERR_NETWORK || !answered)
			return rc;
	}
}
