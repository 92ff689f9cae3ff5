#include "config.h"

#include "tvs/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "truststore/base/outfile.h"

static void fill_state(const struct report *report, struct metrics_state *state)
{
	struct child *child;
	*state = (struct metrics_state){
		.connections = limits_connections(report->limits),
		.workers = child_count(report->children, report->generation, true),
		.restarts = report->restarts, .reloads = report->reloads,
		.reloads_failed = report->reloads_failed, .started = report->started,
	};
	LIST_FOREACH(child, report->children, link) {
		if (child->role != CHILD_WORKER || !child->ready)
			continue;
		const struct limits_slot *slot = limits_slot(report->limits, child->slot);
		if (slot->revision >= state->store_revision) {
			state->store_revision = slot->revision;
			state->store_certificates = slot->certificates;
		}
		if (child->generation == report->generation)
			state->certificate_not_after = slot->not_after;
	}
}

int report_write(const struct report *report, const char *file, struct err *err)
{
	struct metrics *sum = calloc(1, sizeof *sum);
	struct metrics_state state;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = sum ? open_memstream(&text, &len) : NULL;
	if (!stream) {
		free(sum);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	fill_state(report, &state);
	limits_metrics(report->limits, sum);
	metrics_add(&sum->log_lost, report->log_lost);
	metrics_write(stream, sum, &state);
	free(sum);
	int code = fclose(stream) == 0 ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
	if (code == ERR_OK)
		code = outfile_write(file, 0644, true, text, len, err);
	free(text);
	return code;
}
