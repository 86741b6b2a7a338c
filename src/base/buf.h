/* A byte queue in one piece of memory: append at the tail, consume at the head, with a
 * hard ceiling. Used for output that waits for a socket, bodies in flight and heads being
 * parsed.
 *
 *   data: | consumed | waiting bytes | free |
 *         0         head           tail    cap
 *
 * Memory grows by doubling up to `max_bytes`. An empty queue keeps what it has for its
 * next use, up to FR_BUF_KEEP_ACTIVE; fr_buf_trim frees more, when the owner becomes idle.
 * Not thread-safe.
 *
 * Queues that are filled and emptied within a turn share a pool of blocks: they take one
 * of FR_BUF_BLOCK_BYTES when the first byte comes and give it back when the last one went,
 * so that an idle owner holds nothing and the next one finds a block that is still in the
 * processor's cache. An owner that keeps bytes for later calls fr_buf_settle. */
#ifndef FR_BASE_BUF_H
#define FR_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What an empty queue keeps while its owner is active, and when it is idle. */
#define FR_BUF_KEEP_ACTIVE 262144u
#define FR_BUF_KEEP_IDLE 4096u

/* A block holds the most that is encrypted ahead with what TLS adds to it. */
#define FR_BUF_BLOCK_BYTES 98304u
/* Blocks that wait for their next use: those that one turn has in use at once. */
#define FR_BUF_POOL_BLOCKS 4u

struct fr_buf_pool {
	uint8_t *free[FR_BUF_POOL_BLOCKS]; /* owned; n of them */
	size_t n;
};

/* A pool is empty when zeroed. Its buffers must have gone before. */
void fr_buf_pool_fini(struct fr_buf_pool *p);

struct fr_buf {
	uint8_t *data;            /* owned; NULL until first use */
	size_t head;              /* first waiting byte */
	size_t tail;              /* after the last one */
	size_t cap;               /* bytes allocated */
	size_t max_bytes;         /* ceiling for waiting bytes, from init */
	struct fr_buf_pool *pool; /* borrowed; NULL: memory of its own */
};

void fr_buf_init(struct fr_buf *b, size_t max_bytes);
/* One that takes its memory from the pool. */
void fr_buf_init_pooled(struct fr_buf *b, size_t max_bytes, struct fr_buf_pool *pool);
void fr_buf_fini(struct fr_buf *b);

static inline size_t fr_buf_len(const struct fr_buf *b)
{
	return b->tail - b->head;
}

static inline const uint8_t *fr_buf_data(const struct fr_buf *b)
{
	return b->data ? b->data + b->head : (const uint8_t *)"";
}

/* How many more bytes the ceiling allows. */
static inline size_t fr_buf_room(const struct fr_buf *b)
{
	size_t len = fr_buf_len(b);

	return len >= b->max_bytes ? 0 : b->max_bytes - len;
}

/* Appends all or nothing: 0, FR_ERR_LIMIT past the ceiling, FR_ERR_NOMEM. */
int fr_buf_append(struct fr_buf *b, const void *p, size_t len) FR_MUST_USE;

/* Space for `len` bytes at the tail, to be filled and then committed with
 * fr_buf_commit (of at most len). NULL past the ceiling or without memory.
 * Valid until the next call on the buffer. */
uint8_t *fr_buf_reserve(struct fr_buf *b, size_t len);
void fr_buf_commit(struct fr_buf *b, size_t len);

/* Drops `len` waiting bytes at the head (at most all). */
void fr_buf_consume(struct fr_buf *b, size_t len);
static inline void fr_buf_clear(struct fr_buf *b)
{
	fr_buf_consume(b, fr_buf_len(b));
}

/* The owner is idle: an empty queue gives its memory back. */
void fr_buf_trim(struct fr_buf *b);
/* What waits will wait for long: it moves out of a block of the pool that it does not
 * fill, into memory of its size. Invalidates what fr_buf_data returned. */
void fr_buf_settle(struct fr_buf *b);

#endif
