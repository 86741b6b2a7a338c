/* Free lists of pieces by size class, and pages of their own for large pieces. */
#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

#define PAGES (FR_POOL_CLASSES + 1) /* a class */

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

	if (size >= FR_POOL_PAGES_MIN_BYTES &&
	    size <= FR_POOL_PAGES_BYTES - sizeof(struct fr_pool_piece))
		return PAGES;
	return size > FR_POOL_CLASSES * FR_POOL_STEP_BYTES ? 0 : n + (n == 0);
#endif
}

static size_t room_of(size_t c, size_t size)
{
	if (c == PAGES)
		return FR_POOL_PAGES_BYTES - sizeof(struct fr_pool_piece);
	return c ? c * FR_POOL_STEP_BYTES : size;
}

static void *map_pages(void)
{
	void *p = mmap(NULL, FR_POOL_PAGES_BYTES, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* What a piece of the class takes. */
static size_t size_of(size_t c, size_t room)
{
	return c == PAGES ? FR_POOL_PAGES_BYTES : sizeof(struct fr_pool_piece) + room;
}

static void keep(struct fr_pool *p, struct fr_pool_piece *piece)
{
	size_t c = piece->size_class;

	piece->next = p->waiting[c];
	p->waiting[c] = piece;
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
	if (c == PAGES)
		p->kept_pages--;
	else
		p->kept_bytes -= room;
	return piece;
}

void *fr_pool_alloc(struct fr_pool *p, size_t size)
{
	size_t c = class_of(size), room = room_of(c, size);
	struct fr_pool_piece *piece;

	if (size > SIZE_MAX / 2 || fr_mem_must_fail())
		return NULL;
	piece = next_waiting(p, c, room);
	if (piece)
		return start_use(piece, c, room);
	if (c == PAGES) {
		piece = map_pages();
		if (!piece) /* too many mappings, perhaps */
			c = 0;
	}
	if (!piece)
		piece = malloc(sizeof *piece + room);
	if (!piece)
		return NULL;
	fr_mem_took(size_of(c, room));
	return start_use(piece, c, room);
}

void fr_pool_free(struct fr_pool *p, void *data)
{
	struct fr_pool_piece *piece = data ? piece_of(data) : NULL;
	size_t c = piece ? piece->size_class : 0;

	if (c == PAGES) {
		/* the kernel may have no room to cut a mapping in two: then it waits */
		if (p->kept_pages < FR_POOL_KEPT_PAGES || munmap(piece, FR_POOL_PAGES_BYTES) < 0) {
			p->kept_pages++;
			keep(p, piece);
		} else {
			fr_mem_gave(FR_POOL_PAGES_BYTES);
		}
	} else if (!piece) {
		return;
	} else if (c == 0 || p->kept_bytes >= FR_POOL_KEPT_BYTES) {
		fr_mem_gave(size_of(c, piece->room));
		free(piece);
	} else {
		p->kept_bytes += piece->room;
		keep(p, piece);
	}
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
	for (size_t c = 1; c <= PAGES; c++) {
		struct fr_pool_piece *piece;

		while ((piece = p->waiting[c])) {
			p->waiting[c] = piece->next;
			fr_mem_gave(size_of(c, room_of(c, c * FR_POOL_STEP_BYTES)));
			if (c == PAGES)
				(void)munmap(piece, FR_POOL_PAGES_BYTES);
			else
				free(piece);
		}
	}
	p->kept_bytes = p->kept_pages = 0;
}
