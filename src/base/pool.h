/* A pool for small memory that every request needs: freed pieces wait in lists by size for
 * their next use, which costs a few instructions instead of malloc's hundred. Not
 * thread-safe. The pool keeps a bounded amount, so a burst does not hold memory for ever.
 * nghttp2 allocates through it (h2/session.h), about a dozen pieces per stream. Its 16 KiB
 * for a frame lie in fresh pages of the kernel, because an idle connection has used at
 * most the first of them; from the heap it would hold pages that were used before.
 *
 *   piece: | size class, bytes | memory ... |
 *                              ^ what the caller sees, aligned to 16 bytes
 *
 * Under AddressSanitizer nothing is kept, and pieces have exactly the requested size. */
#ifndef FR_BASE_POOL_H
#define FR_BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

/* Sizes are rounded up to a multiple of this; larger ones than the last class go to malloc. */
#define FR_POOL_STEP_BYTES 32u
#define FR_POOL_CLASSES 32u
/* Pieces of these sizes are pages of their own. */
#define FR_POOL_PAGES_MIN_BYTES 8192u
#define FR_POOL_PAGES_BYTES 20480u
#define FR_POOL_KEPT_PAGES 32u /* such pieces that wait */
/* All other waiting pieces of a pool together: what a few hundred streams use. */
#define FR_POOL_KEPT_BYTES (1u << 20)

struct fr_pool_piece;
struct fr_pool {
	struct fr_pool_piece *waiting[FR_POOL_CLASSES + 2]; /* owned, by class; [0] is not used */
	size_t kept_bytes;                                  /* of all that wait, but for */
	size_t kept_pages;                                  /* pages: how many pieces */
};

/* A pool is empty when zeroed. Frees what waits; pieces in use must have come back. */
void fr_pool_fini(struct fr_pool *p);

/* Like malloc, fallible (base/mem.h). */
void *fr_pool_alloc(struct fr_pool *p, size_t size) FR_MUST_USE;
/* Like realloc. old: NULL or a piece of this pool; it stays as it was on failure. */
void *fr_pool_realloc(struct fr_pool *p, void *old, size_t size) FR_MUST_USE;
/* piece: NULL or of this pool. */
void fr_pool_free(struct fr_pool *p, void *piece);

#endif
