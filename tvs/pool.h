/* Buffers of one fixed size, for frames in progress: kept on a free list, so that an idle connection holds none. */
#ifndef TVS_POOL_H
#define TVS_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "tvs/proto.h"

struct frame {
	struct frame *next; /* on the free list */
	uint8_t bytes[PROTO_MAX_FRAME];
};

struct pool {
	struct frame *free;
	size_t spare; /* on the free list */
};

/* NULL when there is no memory. */
struct frame *pool_take(struct pool *pool);
void pool_give(struct pool *pool, struct frame *frame); /* takes NULL */

/* Frees what is spare. */
void pool_trim(struct pool *pool);

#endif
