#include "config.h"

#include "tvs/pool.h"

#include <stdlib.h>

enum { SPARE_MAX = 64 };

struct frame *pool_take(struct pool *pool)
{
	struct frame *frame = pool->free;
	if (frame) {
		pool->free = frame->next;
		pool->spare--;
	} else {
		frame = malloc(sizeof *frame);
	}
	return frame;
}

void pool_give(struct pool *pool, struct frame *frame)
{
	if (!frame)
		return;
	if (pool->spare == SPARE_MAX) {
		free(frame);
		return;
	}
	frame->next = pool->free;
	pool->free = frame;
	pool->spare++;
}

void pool_trim(struct pool *pool)
{
	while (pool->free) {
		struct frame *frame = pool->free;
		pool->free = frame->next;
		free(frame);
	}
	pool->spare = 0;
}
