/* Certificates that wait to be checked: one queue for each server, which take turns. */
#ifndef TVS_OCSP_QUEUE_H
#define TVS_OCSP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "ocsp/responder.h"
#include "truststore/base/digest.h"

struct queue_item {
	struct digest cert;
	struct queue_item *next;
	struct queue_group *group;
};

struct queue;

struct queue *queue_new(unsigned parallel, unsigned probes);
void queue_free(struct queue *queue);

/* Adds a certificate to the queue of the server that it names first (NULL: of those that name none). One that
 * waits or is under way already is left where it is. ERR_MEMORY. */
int queue_add(struct queue *queue, const struct digest *cert, struct responder *server, bool in_front);

/* True if it waits or is under way. */
bool queue_has(const struct queue *queue, const struct digest *cert);

/* Takes the next one that may be started; NULL when there is none for now. It stays known until queue_done. */
struct queue_item *queue_take(struct queue *queue);

/* Ends an item that was taken, and frees it. */
void queue_done(struct queue *queue, struct queue_item *item);

size_t queue_count(const struct queue *queue);  /* waiting and under way */
size_t queue_active(const struct queue *queue); /* under way */

#endif
