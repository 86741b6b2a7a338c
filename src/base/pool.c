#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct fr_pool_piece {
	union {
		struct fr_pool_piece *next; /* while it waits */
		size_t room;                /* bytes for the caller, while in use */
	};
	size_t size_class; /* 0: none */
	_Alignas(16) char data[];
};

static struct fr_pool_piece *piece_of(void *data)
{
	return (void *)((char *)data - offsetof(struct fr_pool_piece, data));
}

/* 0: malloc's */
static size_t class_of(size_t size)
{
#ifdef FR_ASAN
	(void)size;
	return 0;
#else
	size_t n = (size + FR_POOL_STEP_BYTES - 1) / FR_POOL_STEP_BYTES;

	return size > FR_POOL_CLASSES * FR_POOL_STEP_BYTES ? 0 : n + (n == 0);
#endif
}

static void *start_use(struct fr_pool_piece *piece, size_t c, size_t room)
{
	piece->size_class = c;
	piece->room = room;
	return piece->data;
}

/* One that waits, or NULL. */
static struct fr_pool_piece *next_waiting(struct fr_pool *p, size_t c, size_t room)
{
	struct fr_pool_piece *piece = p->waiting[c];

	if (!piece)
		return NULL;
	p->waiting[c] = piece->next;
	p->kept_bytes -= room;
	return piece;
}

void *fr_pool_alloc(struct fr_pool *p, size_t size)
{
	size_t c = class_of(size), room = c ? c * FR_POOL_STEP_BYTES : size;
	struct fr_pool_piece *piece;

	if (size > SIZE_MAX / 2 || fr_mem_must_fail())
		return NULL;
	piece = next_waiting(p, c, room);
	if (!piece)
		piece = malloc(sizeof *piece + room);
	return piece ? start_use(piece, c, room) : NULL;
}

void *fr_pool_take(struct fr_pool *p, size_t size)
{
	size_t c = class_of(size), room = c ? c * FR_POOL_STEP_BYTES : size;
	struct fr_pool_piece *piece = next_waiting(p, c, room);

	return start_use(piece ? piece : fr_malloc(sizeof *piece + room), c, room);
}

void fr_pool_free(struct fr_pool *p, void *data)
{
	struct fr_pool_piece *piece = data ? piece_of(data) : NULL;
	size_t c = piece ? piece->size_class : 0;

	if (c == 0 || p->kept_bytes >= FR_POOL_KEPT_BYTES) {
		free(piece);
		return;
	}
	p->kept_bytes += piece->room;
	piece->next = p->waiting[c];
	p->waiting[c] = piece;
}

void *fr_pool_realloc(struct fr_pool *p, void *old, size_t size)
{
	size_t room = old ? piece_of(old)->room : 0;
	void *data;

	if (old && size <= room && piece_of(old)->size_class)
		return old;
	data = fr_pool_alloc(p, size);
	if (!data)
		return NULL;
	if (old)
		memcpy(data, old, size < room ? size : room);
	fr_pool_free(p, old);
	return data;
}

void fr_pool_fini(struct fr_pool *p)
{
	for (size_t c = 1; c <= FR_POOL_CLASSES; c++) {
		struct fr_pool_piece *piece;

		while ((piece = p->waiting[c])) {
			p->waiting[c] = piece->next;
			free(piece);
		}
	}
	p->kept_bytes = 0;
}
