/* Allocations that may fail or abort, what a thread's peers hold of it, the reserve for
 * small allocations, and arenas. */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"

#ifdef FR_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* One request head with a response head of ordinary size fits. */
#define BLOCK_BYTES 4096u

/* Set aside, so that what is small can be had when there is nothing else. */
static _Atomic(void *) reserve;
static _Atomic bool is_short, has_reserve;

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "forerun: out of memory (%zu bytes)\n", size);
	abort();
}

bool fr_mem_reserve(void)
{
	void *p = malloc(FR_MEM_RESERVE_BYTES), *none = NULL;

	if (!p)
		return false;
	memset(p, 1, FR_MEM_RESERVE_BYTES); /* there in fact */
	if (!atomic_compare_exchange_strong(&reserve, &none, p))
		free(p);
	atomic_store(&has_reserve, true);
	atomic_store(&is_short, false);
	return true;
}

void fr_mem_drop_reserve(void)
{
	atomic_store(&has_reserve, false);
	free(atomic_exchange(&reserve, NULL));
}

bool fr_mem_is_short(void)
{
	return atomic_load_explicit(&is_short, memory_order_relaxed);
}

/* A call of malloc failed. True: try again, there is the reserve now. */
static bool open_reserve(void)
{
	void *p = atomic_exchange(&reserve, NULL);

	atomic_store(&is_short, true);
	free(p);
	return p != NULL;
}

void *fr_malloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	while (!p && open_reserve())
		p = malloc(size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

void *fr_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	while (!p && open_reserve())
		p = calloc(count ? count : 1, size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

void *fr_realloc(void *ptr, size_t size)
{
	size_t had = ptr ? malloc_usable_size(ptr) : 0;
	void *p = fr_malloc(size);

	if (had)
		memcpy(p, ptr, had < size ? had : size);
	free(ptr);
	return p;
}

static _Thread_local unsigned fail_after;
static _Thread_local int64_t held_bytes;

void fr_mem_took(size_t bytes)
{
	held_bytes += (int64_t)bytes;
}

void fr_mem_gave(size_t bytes)
{
	held_bytes -= (int64_t)bytes;
}

int64_t fr_mem_held(void)
{
	return held_bytes;
}

void fr_mem_fail_after(unsigned n)
{
	fail_after = n;
}

bool fr_mem_must_fail(void)
{
	/* what is left of the reserve is for what cannot fail */
	if (fr_mem_is_short() && !atomic_load_explicit(&reserve, memory_order_relaxed))
		return atomic_load_explicit(&has_reserve, memory_order_relaxed);
	return fail_after && --fail_after == 0;
}

/* What a peer asked for is not there: nothing is taken from the reserve for it. */
static void *note_failure(void *p)
{
	if (!p)
		atomic_store_explicit(&is_short, true, memory_order_relaxed);
	return p;
}

void *fr_try_malloc(size_t size)
{
	return fr_mem_must_fail() ? NULL : note_failure(malloc(size ? size : 1));
}

void *fr_try_calloc(size_t count, size_t size)
{
	return fr_mem_must_fail() ? NULL : note_failure(calloc(count, size));
}

void *fr_try_realloc(void *ptr, size_t size)
{
	return fr_mem_must_fail() ? NULL : note_failure(realloc(ptr, size ? size : 1));
}

struct fr_arena_block {
	struct fr_arena_block *next; /* owned, older */
	size_t size;                 /* of data */
	size_t used;
	_Alignas(8) char data[];
};

struct fr_arena_held {
	struct fr_arena_held *next;
	void (*drop)(void *what);
	void *what; /* reference, given back by drop */
};
_Static_assert(sizeof(struct fr_arena_held) == FR_ARENA_HOLD_BYTES, "callers count it");

void fr_arena_init(struct fr_arena *a, size_t max_bytes)
{
	*a = (struct fr_arena){.max_bytes = max_bytes};
}

static void free_blocks(struct fr_arena_block *b)
{
	while (b) {
		struct fr_arena_block *next = b->next;

		UNPOISON(b->data, b->size);
		fr_mem_gave(sizeof *b + b->size);
		free(b);
		b = next;
	}
}

/* What another arena borrows from, once its own has gone. */
struct fr_arena_share {
	size_t refs; /* of the arena itself, and of those that borrow */
	struct fr_arena_block *blocks;
	struct fr_arena_held *holds;
};

static void drop_held(struct fr_arena_held *h)
{
	for (; h; h = h->next)
		h->drop(h->what);
}

static void unref_share(void *what)
{
	struct fr_arena_share *s = what;

	if (--s->refs)
		return;
	drop_held(s->holds);
	free_blocks(s->blocks);
	free(s);
}

/* The end of what is in the arena, but for its blocks; those, too, if others need them. */
static void end_contents(struct fr_arena *a)
{
	struct fr_arena_share *s = a->share;
	struct fr_arena_held *holds = a->holds;

	a->share = NULL;
	a->holds = NULL;
	if (s && s->refs > 1) {
		s->holds = holds;
		s->blocks = a->blocks;
		a->blocks = NULL;
		a->total_bytes = 0;
		holds = NULL;
	}
	if (s)
		unref_share(s);
	drop_held(holds);
}

void fr_arena_fini(struct fr_arena *a)
{
	end_contents(a);
	free_blocks(a->blocks);
	a->blocks = NULL;
	a->total_bytes = 0;
}

void fr_arena_reset(struct fr_arena *a)
{
	struct fr_arena_block *keep;

	end_contents(a);
	keep = a->blocks;
	if (!keep)
		return;
	free_blocks(keep->next);
	keep->next = NULL;
	if (keep->size > BLOCK_BYTES) {
		free_blocks(keep);
		a->blocks = NULL;
		a->total_bytes = 0;
		return;
	}
	keep->used = 0;
	a->total_bytes = keep->size;
	POISON(keep->data, keep->size);
}

static struct fr_arena_block *add_block(struct fr_arena *a, size_t want)
{
	size_t size = want > BLOCK_BYTES ? want : BLOCK_BYTES;
	struct fr_arena_block *b;

	if (size > a->max_bytes - a->total_bytes || a->total_bytes > a->max_bytes) {
		size = want; /* near the ceiling: exactly what is asked */
		if (a->total_bytes > a->max_bytes || size > a->max_bytes - a->total_bytes)
			return NULL;
	}
	b = fr_try_malloc(sizeof *b + size);
	if (!b)
		return NULL;
	fr_mem_took(sizeof *b + size);
	b->size = size;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	a->total_bytes += size;
	POISON(b->data, b->size);
	return b;
}

void *fr_arena_alloc(struct fr_arena *a, size_t size)
{
	struct fr_arena_block *b = a->blocks;
	size_t need;
	void *p;

	if (size > SIZE_MAX - 8)
		return NULL;
	need = (size + 7) & ~(size_t)7;
	if (!b || b->size - b->used < need) {
		b = add_block(a, need);
		if (!b)
			return NULL;
	}
	p = b->data + b->used;
	b->used += need;
	UNPOISON(p, size);
	return p;
}

void *fr_arena_calloc(struct fr_arena *a, size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size)
		return NULL;
	p = fr_arena_alloc(a, count * size);
	if (p)
		memset(p, 0, count * size);
	return p;
}

int fr_arena_hold(struct fr_arena *a, void (*drop)(void *what), void *what)
{
	struct fr_arena_held *h = fr_arena_alloc(a, sizeof *h);

	if (!h)
		return FR_ERR_NOMEM;
	*h = (struct fr_arena_held){.next = a->holds, .drop = drop, .what = what};
	a->holds = h;
	return 0;
}

int fr_arena_borrow(struct fr_arena *to, struct fr_arena *from)
{
	struct fr_arena_share *s = from->share;

	if (!s) {
		s = fr_try_malloc(sizeof *s);
		if (!s)
			return FR_ERR_NOMEM;
		*s = (struct fr_arena_share){.refs = 1};
		from->share = s;
	}
	if (fr_arena_hold(to, unref_share, s) < 0)
		return FR_ERR_NOMEM;
	s->refs++;
	return 0;
}

bool fr_arena_has(const struct fr_arena *a, const void *p)
{
	for (const struct fr_arena_block *b = a->blocks; b; b = b->next)
		if ((uintptr_t)p - (uintptr_t)b->data < b->size)
			return true;
	return false;
}

int fr_arena_copy(struct fr_arena *a, struct fr_str s, struct fr_str *out)
{
	char *p = s.len < SIZE_MAX ? fr_arena_alloc(a, s.len + 1) : NULL;

	if (!p)
		return FR_ERR_NOMEM;
	if (s.len)
		memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	*out = fr_str_make(p, s.len);
	return 0;
}

int fr_arena_concat(struct fr_arena *a, const struct fr_str *parts, size_t n, struct fr_str *out)
{
	size_t len = 0, at = 0;
	char *p;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].len > SIZE_MAX - 16 - len)
			return FR_ERR_NOMEM;
		len += parts[i].len;
	}
	p = fr_arena_alloc(a, len + 1);
	if (!p)
		return FR_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(p + at, parts[i].p, parts[i].len);
		at += parts[i].len;
	}
	p[len] = '\0';
	*out = fr_str_make(p, len);
	return 0;
}

int fr_arena_number(struct fr_arena *a, int64_t v, struct fr_str *out)
{
	char digits[FR_I64_DIGITS];

	return fr_arena_copy(a, fr_str_make(digits, fr_i64_format(digits, v)), out);
}

int fr_arena_printf(struct fr_arena *a, struct fr_str *out, const char *fmt, ...)
{
	va_list ap, ap2;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(ap2, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : fr_arena_alloc(a, (size_t)n + 1);
	if (p)
		(void)vsnprintf(p, (size_t)n + 1, fmt, ap2);
	va_end(ap2);
	if (!p)
		return FR_ERR_NOMEM;
	*out = fr_str_make(p, (size_t)n);
	return 0;
}
