/* Chunks of a stored body with reference counts, cursors that read them, and the
 * watchers that wait for more. */
#include "cache/body.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"

struct fr_chunk {
	_Atomic uint32_t refs;         /* the chunk (or body) before it, and cursors */
	struct fr_chunk *_Atomic next; /* owned */
	_Atomic size_t *held;          /* borrowed */
	size_t cap;
	uint8_t data[];
};

struct fr_body {
	_Atomic uint32_t refs;
	_Atomic uint32_t asks; /* of a twin: who asked for it, about */
	_Atomic uint64_t len;
	_Atomic int state;
	_Atomic size_t bytes;
	_Atomic size_t *held;   /* borrowed */
	uint64_t expected;      /* FR_BODY_UNKNOWN: not known */
	struct fr_chunk *first; /* reference; NULL: empty, or loose. Under the lock */
	struct fr_chunk *last;  /* borrowed, the filler's: where bytes go */
	size_t used;            /* of last */
	_Atomic bool is_loose;
	pthread_mutex_t lock;                 /* of what follows */
	struct fr_watcher *watchers;          /* borrowed */
	struct fr_watcher *filler;            /* borrowed */
	struct fr_body *twins[FR_BODY_TWINS]; /* references; NULL: none */
};

static void chunk_unref(struct fr_chunk *c)
{
	/* the chain is released in a loop: it may be long */
	while (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1) {
		struct fr_chunk *next = atomic_load_explicit(&c->next, memory_order_relaxed);

		atomic_fetch_sub_explicit(c->held, sizeof *c + c->cap, memory_order_relaxed);
		free(c);
		c = next;
	}
}

static struct fr_chunk *chunk_ref(struct fr_chunk *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void fr_body_ref(struct fr_body *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

void fr_body_unref(struct fr_body **bp)
{
	struct fr_body *b = *bp;

	*bp = NULL;
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	/* nobody watches: watchers hold references */
	for (unsigned i = 0; i < FR_BODY_TWINS; i++)
		fr_body_unref(&b->twins[i]);
	chunk_unref(b->first);
	if (b->is_loose)
		chunk_unref(b->last);
	atomic_fetch_sub_explicit(b->held, sizeof *b, memory_order_relaxed);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

static void wake_all(struct fr_body *b)
{
	(void)pthread_mutex_lock(&b->lock);
	for (struct fr_watcher *w = b->watchers; w; w = w->next)
		w->wake(w);
	(void)pthread_mutex_unlock(&b->lock);
}

/* --- filling --- */

/* One chunk holds a small body exactly; of an unknown length the first is small. */
static size_t next_cap(const struct fr_body *b)
{
	uint64_t so_far = atomic_load_explicit(&b->len, memory_order_relaxed);

	if (b->expected == FR_BODY_UNKNOWN)
		return so_far ? FR_CHUNK_BYTES : FR_CHUNK_BYTES / 8;
	return b->expected > so_far && b->expected - so_far < FR_CHUNK_BYTES
	               ? (size_t)(b->expected - so_far)
	               : FR_CHUNK_BYTES;
}

static int add_chunk(struct fr_body *b)
{
	size_t cap = next_cap(b);
	struct fr_chunk *c = fr_try_malloc(sizeof *c + cap), *before = b->last;

	if (!c)
		return FR_ERR_NOMEM;
	atomic_init(&c->refs, 1);
	atomic_init(&c->next, NULL);
	c->held = b->held;
	c->cap = cap;
	atomic_fetch_add_explicit(b->held, sizeof *c + cap, memory_order_relaxed);
	atomic_fetch_add_explicit(&b->bytes, sizeof *c + cap, memory_order_relaxed);
	if (before)
		atomic_store_explicit(&before->next, c, memory_order_release);
	else
		b->first = c;
	b->last = c;
	b->used = 0;
	if (atomic_load_explicit(&b->is_loose, memory_order_relaxed)) {
		/* the filler holds the chunk it writes to */
		chunk_ref(c);
		chunk_unref(before);
	}
	return 0;
}

struct fr_body *fr_body_new(_Atomic size_t *held, uint64_t expected)
{
	struct fr_body *b = fr_calloc(1, sizeof *b);

	atomic_init(&b->refs, 1);
	b->held = held;
	b->expected = expected;
	atomic_fetch_add_explicit(held, sizeof *b, memory_order_relaxed);
	atomic_init(&b->bytes, sizeof *b);
	(void)pthread_mutex_init(&b->lock, NULL);
	/* at once, so that every reader holds on to where the body begins */
	if (expected && add_chunk(b) < 0)
		fr_body_unref(&b);
	return b;
}

int fr_body_append(struct fr_body *b, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t left = len;

	while (left) {
		size_t n;

		if ((!b->last || b->used == b->last->cap) && add_chunk(b) < 0)
			return FR_ERR_NOMEM;
		n = b->last->cap - b->used;
		if (n > left)
			n = left;
		memcpy(b->last->data + b->used, p, n);
		b->used += n;
		p += n;
		left -= n;
		atomic_fetch_add_explicit(&b->len, n, memory_order_release);
	}
	if (len)
		wake_all(b);
	return 0;
}

void fr_body_end(struct fr_body *b, bool complete)
{
	atomic_store_explicit(&b->state, complete ? FR_BODY_COMPLETE : FR_BODY_FAILED,
	                      memory_order_release);
	wake_all(b);
}

void fr_body_cut_loose(struct fr_body *b)
{
	struct fr_chunk *first;

	if (b->is_loose)
		return;
	if (b->last)
		chunk_ref(b->last);
	(void)pthread_mutex_lock(&b->lock);
	atomic_store_explicit(&b->is_loose, true, memory_order_relaxed);
	first = b->first;
	b->first = NULL;
	(void)pthread_mutex_unlock(&b->lock);
	chunk_unref(first);
}

uint64_t fr_body_backlog(struct fr_body *b)
{
	uint64_t len = fr_body_len(b), least = len;

	(void)pthread_mutex_lock(&b->lock);
	for (const struct fr_watcher *w = b->watchers; w; w = w->next) {
		uint64_t pos = atomic_load_explicit(&w->pos, memory_order_relaxed);

		if (pos < least)
			least = pos;
	}
	(void)pthread_mutex_unlock(&b->lock);
	return len - least;
}

bool fr_body_has_readers(struct fr_body *b)
{
	bool any;

	(void)pthread_mutex_lock(&b->lock);
	any = b->watchers != NULL;
	(void)pthread_mutex_unlock(&b->lock);
	return any;
}

void fr_body_set_filler(struct fr_body *b, struct fr_watcher *w)
{
	(void)pthread_mutex_lock(&b->lock);
	b->filler = w;
	(void)pthread_mutex_unlock(&b->lock);
}

/* --- twins --- */

struct fr_body *fr_body_twin(struct fr_body *b, unsigned place)
{
	struct fr_body *found;

	(void)pthread_mutex_lock(&b->lock);
	found = b->twins[place];
	if (found)
		fr_body_ref(found);
	(void)pthread_mutex_unlock(&b->lock);
	return found;
}

bool fr_body_set_twin(struct fr_body *b, unsigned place, struct fr_body *twin,
                      const struct fr_body *old)
{
	struct fr_body *gone = NULL;
	bool is_set;

	(void)pthread_mutex_lock(&b->lock);
	is_set = b->twins[place] == old;
	if (is_set) {
		gone = b->twins[place];
		if (twin)
			fr_body_ref(twin);
		b->twins[place] = twin;
	}
	(void)pthread_mutex_unlock(&b->lock);
	fr_body_unref(&gone);
	return is_set;
}

/* What is asked for often stays unwritten: workers share the line it is in. */
bool fr_body_ask(struct fr_body *b, uint32_t often)
{
	uint32_t n = atomic_load_explicit(&b->asks, memory_order_relaxed);

	if (n >= often)
		return false;
	atomic_store_explicit(&b->asks, n + 1, memory_order_relaxed);
	return n + 1 == often;
}

void fr_body_set_asks(struct fr_body *b, uint32_t n)
{
	atomic_store_explicit(&b->asks, n, memory_order_relaxed);
}

/* --- reading --- */

bool fr_body_is_loose(const struct fr_body *b)
{
	return atomic_load_explicit(&b->is_loose, memory_order_relaxed);
}

bool fr_body_is_shared(const struct fr_body *b)
{
	return atomic_load_explicit(&b->refs, memory_order_acquire) > 1;
}

_Atomic size_t *fr_body_account(const struct fr_body *b)
{
	return b->held;
}

enum fr_body_state fr_body_state(const struct fr_body *b)
{
	return (enum fr_body_state)atomic_load_explicit(&b->state, memory_order_acquire);
}

uint64_t fr_body_len(const struct fr_body *b)
{
	return atomic_load_explicit(&b->len, memory_order_acquire);
}

size_t fr_body_bytes(const struct fr_body *b)
{
	return atomic_load_explicit(&b->bytes, memory_order_relaxed);
}

int fr_cursor_init(struct fr_cursor *c, struct fr_body *b, uint64_t from)
{
	*c = (struct fr_cursor){0};
	(void)pthread_mutex_lock(&b->lock);
	if (atomic_load_explicit(&b->is_loose, memory_order_relaxed)) {
		(void)pthread_mutex_unlock(&b->lock);
		return FR_ERR_REFUSED;
	}
	if (b->first)
		c->chunk = chunk_ref(b->first);
	(void)pthread_mutex_unlock(&b->lock);
	fr_body_ref(b);
	c->body = b;
	while (c->pos < from) {
		const uint8_t *data;
		size_t n = fr_cursor_peek(c, &data);

		if (n == 0) { /* not there, or not yet */
			fr_cursor_fini(c);
			return FR_ERR_REFUSED;
		}
		fr_cursor_skip(c, from - c->pos < n ? (size_t)(from - c->pos) : n);
	}
	return 0;
}

void fr_cursor_fini(struct fr_cursor *c)
{
	chunk_unref(c->chunk);
	c->chunk = NULL;
	if (c->body)
		fr_body_unref(&c->body);
}

/* To the chunk that has the byte at pos, which has been published. */
static void step(struct fr_cursor *c)
{
	struct fr_chunk *next;

	if (c->offset < c->chunk->cap)
		return;
	next = atomic_load_explicit(&c->chunk->next, memory_order_acquire);
	if (!next)
		return;
	chunk_ref(next);
	chunk_unref(c->chunk);
	c->chunk = next;
	c->offset = 0;
}

size_t fr_cursor_peek(struct fr_cursor *c, const uint8_t **data)
{
	uint64_t left = fr_body_len(c->body) - c->pos;
	size_t n;

	if (left == 0 || !c->chunk)
		return 0;
	step(c);
	n = c->chunk->cap - c->offset;
	*data = c->chunk->data + c->offset;
	return left < n ? (size_t)left : n;
}

void fr_cursor_skip(struct fr_cursor *c, size_t len)
{
	c->offset += len;
	c->pos += len;
}

void fr_body_watch(struct fr_body *b, struct fr_watcher *w)
{
	fr_body_ref(b);
	(void)pthread_mutex_lock(&b->lock);
	FR_LIST_PUSH(b->watchers, w);
	if (fr_body_len(b) > atomic_load_explicit(&w->pos, memory_order_relaxed) ||
	    fr_body_state(b) != FR_BODY_FILLING)
		w->wake(w);
	(void)pthread_mutex_unlock(&b->lock);
}

void fr_body_unwatch(struct fr_body *b, struct fr_watcher *w)
{
	bool was_registered;

	(void)pthread_mutex_lock(&b->lock);
	was_registered = w->pprev != NULL;
	if (was_registered) {
		FR_LIST_REMOVE(w);
	}
	if (b->filler)
		b->filler->wake(b->filler);
	(void)pthread_mutex_unlock(&b->lock);
	if (was_registered)
		fr_body_unref(&b);
}

void fr_body_moved(struct fr_body *b, struct fr_watcher *w, uint64_t pos)
{
	atomic_store_explicit(&w->pos, pos, memory_order_relaxed);
	if (!atomic_load_explicit(&b->is_loose, memory_order_relaxed))
		return;
	(void)pthread_mutex_lock(&b->lock);
	if (b->filler)
		b->filler->wake(b->filler);
	(void)pthread_mutex_unlock(&b->lock);
}
