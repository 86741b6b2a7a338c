/* Bodies as chains of equal blocks. The pool keeps free blocks for the next body of the
 * same worker. */
#include "base/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct fr_block {
	struct fr_block *next;
	uint8_t data[FR_BLOCK_BYTES];
};

/* --- blocks --- */

static struct fr_block *take_block(struct fr_block_pool *p)
{
	struct fr_block *b = p->free;

	if (!b) {
		b = fr_try_malloc(sizeof *b);
		if (b)
			fr_mem_took(sizeof *b);
		return b;
	}
	if (fr_mem_must_fail())
		return NULL;
	p->free = b->next;
	p->n--;
	return b;
}

static void give_block(struct fr_block_pool *p, struct fr_block *b)
{
	if (!fr_mem_may_keep(p->n, FR_BLOCK_POOL_BLOCKS)) {
		fr_mem_gave(sizeof *b);
		free(b);
		return;
	}
	b->next = p->free;
	p->free = b;
	p->n++;
}

static void give_blocks(struct fr_block_pool *p, struct fr_block *b)
{
	while (b) {
		struct fr_block *next = b->next;

		give_block(p, b);
		b = next;
	}
}

/* Linked blocks for `len` bytes; NULL without memory. */
static struct fr_block *take_blocks(struct fr_block_pool *p, size_t len)
{
	struct fr_block *all = NULL;

	for (size_t held = 0; held < len; held += FR_BLOCK_BYTES) {
		struct fr_block *b = take_block(p);

		if (!b) {
			give_blocks(p, all);
			return NULL;
		}
		b->next = all;
		all = b;
	}
	return all;
}

void fr_block_pool_fini(struct fr_block_pool *p)
{
	while (p->free) {
		struct fr_block *b = p->free;

		p->free = b->next;
		fr_mem_gave(sizeof *b);
		free(b);
	}
	p->n = 0;
}

/* --- the queue --- */

void fr_chain_init(struct fr_chain *c, size_t max_bytes, struct fr_block_pool *pool)
{
	*c = (struct fr_chain){.max_bytes = max_bytes, .pool = pool};
}

void fr_chain_clear(struct fr_chain *c)
{
	give_blocks(c->pool, c->first);
	fr_chain_init(c, c->max_bytes, c->pool);
}

static size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void link_last(struct fr_chain *c, struct fr_block *b)
{
	b->next = NULL;
	if (c->last)
		c->last->next = b;
	else
		c->first = b;
	c->last = b;
	c->tail = 0;
}

int fr_chain_append(struct fr_chain *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t fits = c->last ? FR_BLOCK_BYTES - c->tail : 0;
	struct fr_block *more = NULL;

	if (c->len > c->max_bytes || len > c->max_bytes - c->len)
		return FR_ERR_LIMIT;
	if (len > fits) {
		more = take_blocks(c->pool, len - fits);
		if (!more)
			return FR_ERR_NOMEM;
	}
	c->len += len;
	while (len) {
		size_t n;

		if (!fits) {
			struct fr_block *b = more;

			FR_ASSERT(b);
			more = b->next;
			link_last(c, b);
			fits = FR_BLOCK_BYTES;
		}
		n = at_most(fits, len);
		memcpy(c->last->data + c->tail, p, n);
		c->tail += n;
		p += n;
		len -= n;
		fits -= n;
	}
	return 0;
}

size_t fr_chain_peek(const struct fr_chain *c, const uint8_t **data)
{
	if (!c->first) {
		*data = (const uint8_t *)"";
		return 0;
	}
	*data = c->first->data + c->head;
	return (c->first == c->last ? c->tail : FR_BLOCK_BYTES) - c->head;
}

void fr_chain_consume(struct fr_chain *c, size_t len)
{
	FR_ASSERT(len <= c->len);
	while (len) {
		const uint8_t *data;
		size_t here = fr_chain_peek(c, &data), n = at_most(here, len);
		struct fr_block *b = c->first;

		c->head += n;
		c->len -= n;
		len -= n;
		if (n < here)
			return;
		c->first = b->next;
		c->head = 0;
		give_block(c->pool, b);
	}
	if (!c->first)
		c->last = NULL;
}
