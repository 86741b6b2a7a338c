/* Byte buffers with a ceiling. A buffer grows by doubling or in blocks from a pool, and
 * gives its memory back when it is empty. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_BYTES 2048u

/* --- memory --- */

static uint8_t *take_memory(struct fr_buf *b, size_t cap)
{
	struct fr_buf_pool *p = b->pool;

	if (!p || cap != FR_BUF_BLOCK_BYTES || !p->n) {
		uint8_t *data = fr_try_malloc(cap);

		if (data)
			fr_mem_took(cap);
		return data;
	}
	return fr_mem_must_fail() ? NULL : p->free[--p->n];
}

static void free_memory(uint8_t *data, size_t cap)
{
	if (data)
		fr_mem_gave(cap);
	free(data);
}

static void give_memory(struct fr_buf *b)
{
	struct fr_buf_pool *p = b->pool;

	if (p && b->cap == FR_BUF_BLOCK_BYTES && fr_mem_may_keep(p->n, FR_BUF_POOL_BLOCKS))
		p->free[p->n++] = b->data;
	else
		free_memory(b->data, b->cap);
}

void fr_buf_pool_fini(struct fr_buf_pool *p)
{
	while (p->n)
		free_memory(p->free[--p->n], FR_BUF_BLOCK_BYTES);
}

void fr_buf_init(struct fr_buf *b, size_t max_bytes)
{
	fr_buf_init_pooled(b, max_bytes, NULL);
}

void fr_buf_init_pooled(struct fr_buf *b, size_t max_bytes, struct fr_buf_pool *pool)
{
	*b = (struct fr_buf){.max_bytes = max_bytes, .pool = pool};
}

void fr_buf_fini(struct fr_buf *b)
{
	give_memory(b);
	fr_buf_init_pooled(b, b->max_bytes, b->pool);
}

/* --- bytes --- */

static size_t first_bytes(const struct fr_buf *b)
{
	if (b->cap)
		return b->cap;
	return b->pool ? FR_BUF_BLOCK_BYTES : FIRST_BYTES;
}

/* Moves what waits into memory of `cap` bytes; false without. */
static bool move(struct fr_buf *b, size_t cap)
{
	size_t used = fr_buf_len(b);
	uint8_t *data = take_memory(b, cap);

	if (!data)
		return false;
	if (b->data)
		memcpy(data, b->data + b->head, used);
	give_memory(b);
	b->data = data;
	b->cap = cap;
	b->head = 0;
	b->tail = used;
	return true;
}

uint8_t *fr_buf_reserve(struct fr_buf *b, size_t len)
{
	size_t used = fr_buf_len(b), cap = first_bytes(b);

	if (len > fr_buf_room(b))
		return NULL;
	if (b->cap - b->tail >= len && b->data)
		return b->data + b->tail;
	if (b->data && b->head && b->cap - used >= len && used <= b->head) {
		memcpy(b->data, b->data + b->head, used);
		b->head = 0;
		b->tail = used;
		return b->data + used;
	}
	while (cap < used + len)
		cap = cap > SIZE_MAX / 2 ? used + len : cap * 2;
	return move(b, cap) ? b->data + used : NULL;
}

void fr_buf_commit(struct fr_buf *b, size_t len)
{
	FR_ASSERT(len <= b->cap - b->tail);
	b->tail += len;
}

int fr_buf_append(struct fr_buf *b, const void *p, size_t len)
{
	uint8_t *at;

	if (len > fr_buf_room(b))
		return FR_ERR_LIMIT;
	if (len == 0)
		return 0;
	at = fr_buf_reserve(b, len);
	if (!at)
		return FR_ERR_NOMEM;
	memcpy(at, p, len);
	fr_buf_commit(b, len);
	return 0;
}

static void shrink(struct fr_buf *b, size_t keep)
{
	if (b->head != b->tail || b->cap <= keep)
		return;
	give_memory(b);
	b->data = NULL;
	b->cap = b->head = b->tail = 0;
}

void fr_buf_consume(struct fr_buf *b, size_t len)
{
	FR_ASSERT(len <= fr_buf_len(b));
	b->head += len;
	if (b->head != b->tail)
		return;
	b->head = b->tail = 0;
	shrink(b, b->pool ? 0 : FR_BUF_KEEP_ACTIVE);
}

void fr_buf_trim(struct fr_buf *b)
{
	shrink(b, FR_BUF_KEEP_IDLE);
}

void fr_buf_settle(struct fr_buf *b)
{
	size_t used = fr_buf_len(b);

	/* without memory it stays where it is */
	if (b->pool && b->cap == FR_BUF_BLOCK_BYTES && used && used <= FR_BUF_BLOCK_BYTES / 2)
		(void)move(b, used);
}
