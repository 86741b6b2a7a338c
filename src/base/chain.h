/* A byte queue in blocks of one size: append at the tail, consume at the head, with a hard
 * ceiling. For bodies in flight, of which a worker holds hundreds at once. Waiting bytes
 * are never moved. A queue takes at most one block more than its bytes need. The block
 * that was emptied last is filled next, in whatever queue.
 *
 *   first -> [ consumed | waiting ] -> [ waiting ] -> [ waiting | free ] <- last
 *                       head                                    tail
 *
 * The first bytes of a queue, up to FR_BLOCK_BYTES, lie together until they are consumed.
 * An empty queue holds no block. Not thread-safe. Under AddressSanitizer blocks are freed
 * at once instead of being kept. */
#ifndef FR_BASE_CHAIN_H
#define FR_BASE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FR_BLOCK_BYTES 16384u
/* Blocks of a pool that wait for their next use: 8 MiB. */
#define FR_BLOCK_POOL_BLOCKS 512u

struct fr_block;

struct fr_block_pool {
	struct fr_block *free; /* owned, linked; n of them */
	size_t n;
};

/* A pool is empty when zeroed. Its chains must have gone before. */
void fr_block_pool_fini(struct fr_block_pool *p);

struct fr_chain {
	struct fr_block *first, *last; /* owned; NULL while empty */
	size_t head;                   /* first waiting byte in `first` */
	size_t tail;                   /* after the last byte in `last` */
	size_t len;                    /* bytes that wait */
	size_t max_bytes;              /* ceiling for them */
	struct fr_block_pool *pool;    /* borrowed */
};

void fr_chain_init(struct fr_chain *c, size_t max_bytes, struct fr_block_pool *pool);
/* Drops what waits. */
void fr_chain_clear(struct fr_chain *c);

/* Appends all or nothing: 0, FR_ERR_LIMIT past the ceiling, FR_ERR_NOMEM. */
int fr_chain_append(struct fr_chain *c, const void *p, size_t len) FR_MUST_USE;
/* The waiting bytes that lie together at the head; 0 only if none wait. Valid until
 * they are consumed. */
size_t fr_chain_peek(const struct fr_chain *c, const uint8_t **data);
/* Drops `len` waiting bytes at the head (at most all). */
void fr_chain_consume(struct fr_chain *c, size_t len);

#endif
