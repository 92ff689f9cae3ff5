#include "config.h"

#include "ocsp/queue.h"

#include <search.h>
#include <stdlib.h>

#include "truststore/base/err.h"

struct queue_group {
	struct queue_group *next; /* in a ring */
	struct responder *server; /* NULL: no server */
	struct queue_item *first, *last;
	unsigned active;
};

struct queue {
	struct queue_group *turn; /* of the ring: whose turn it is */
	void *items;              /* a tree (tsearch) of all items by their digest */
	size_t count, active;
	unsigned parallel, probes;
};

struct queue *queue_new(unsigned parallel, unsigned probes)
{
	struct queue *queue = calloc(1, sizeof *queue);
	if (!queue)
		return NULL;
	queue->parallel = parallel;
	queue->probes = probes < parallel ? probes : parallel;
	return queue;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	tdestroy(queue->items, free);
	struct queue_group *group = queue->turn;
	while (group) {
		struct queue_group *next = group->next;
		free(group);
		group = next == queue->turn ? NULL : next;
	}
	free(queue);
}

static int compare(const void *a, const void *b)
{
	const struct queue_item *x = a, *y = b;
	return digest_compare(&x->cert, &y->cert);
}

static struct queue_group *find_group(struct queue *queue, struct responder *server)
{
	struct queue_group *group = queue->turn;
	while (group && group->server != server)
		group = group->next == queue->turn ? NULL : group->next;
	if (group)
		return group;
	group = calloc(1, sizeof *group);
	if (!group)
		return NULL;
	group->server = server;
	group->next = queue->turn ? queue->turn->next : group;
	if (queue->turn)
		queue->turn->next = group;
	else
		queue->turn = group;
	return group;
}

static void insert(struct queue_group *group, struct queue_item *item, bool in_front)
{
	if (in_front || !group->first) {
		item->next = group->first;
		group->first = item;
		if (!item->next)
			group->last = item;
	} else {
		group->last->next = item;
		group->last = item;
	}
}

bool queue_has(const struct queue *queue, const struct digest *cert)
{
	const struct queue_item key = { .cert = *cert };
	return tfind(&key, &queue->items, compare) != NULL;
}

int queue_add(struct queue *queue, const struct digest *cert, struct responder *server, bool in_front)
{
	if (queue_has(queue, cert))
		return ERR_OK;
	struct queue_group *group = find_group(queue, server);
	struct queue_item *item = group ? calloc(1, sizeof *item) : NULL;
	if (!item)
		return ERR_MEMORY;
	item->cert = *cert;
	item->group = group;
	if (!tsearch(item, &queue->items, compare)) {
		free(item);
		return ERR_MEMORY;
	}
	insert(group, item, in_front);
	queue->count++;
	return ERR_OK;
}

/* A server that answers gets most of the places, but never all: one that is asked for the first time must not
 * wait until others have timed out. */
static unsigned places(const struct queue *queue, const struct queue_group *group)
{
	if (group->server && !group->server->answers)
		return queue->probes;
	return queue->parallel - queue->parallel / 8;
}

struct queue_item *queue_take(struct queue *queue)
{
	struct queue_group *group = queue->turn;
	if (!group || queue->active >= queue->parallel)
		return NULL;
	do {
		group = group->next;
		struct queue_item *item = group->first;
		if (!item || group->active >= places(queue, group))
			continue;
		group->first = item->next;
		if (!group->first)
			group->last = NULL;
		item->next = NULL;
		group->active++;
		queue->active++;
		queue->turn = group;
		return item;
	} while (group != queue->turn);
	return NULL;
}

void queue_done(struct queue *queue, struct queue_item *item)
{
	tdelete(item, &queue->items, compare);
	item->group->active--;
	queue->active--;
	queue->count--;
	free(item);
}

size_t queue_count(const struct queue *queue)
{
	return queue->count;
}

size_t queue_active(const struct queue *queue)
{
	return queue->active;
}
