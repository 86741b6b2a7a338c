#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_BYTES 2048u

void fr_buf_init(struct fr_buf *b, size_t max_bytes)
{
	*b = (struct fr_buf){.max_bytes = max_bytes};
}

void fr_buf_fini(struct fr_buf *b)
{
	free(b->data);
	*b = (struct fr_buf){.max_bytes = b->max_bytes};
}

uint8_t *fr_buf_reserve(struct fr_buf *b, size_t len)
{
	size_t used = fr_buf_len(b), cap = b->cap ? b->cap : FIRST_BYTES;
	uint8_t *data;

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
	data = fr_try_malloc(cap);
	if (!data)
		return NULL;
	if (b->data && used)
		memcpy(data, b->data + b->head, used);
	free(b->data);
	b->data = data;
	b->cap = cap;
	b->head = 0;
	b->tail = used;
	return b->data + used;
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
	free(b->data);
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
	shrink(b, FR_BUF_KEEP_ACTIVE);
}

void fr_buf_trim(struct fr_buf *b)
{
	shrink(b, FR_BUF_KEEP_IDLE);
}
