/* Memory: small fixed-size allocations that abort on failure, allocations
 * sized by a peer that may fail, and the arena that holds what lives exactly
 * as long as one exchange. */
#ifndef FR_BASE_MEM_H
#define FR_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Never return NULL: when memory is out they take from the reserve, and abort with a
 * message when that is gone, too. For sizes that no peer chooses. Free with free(). */
void *fr_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *fr_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* The same for what is there already; ptr may be NULL. */
void *fr_realloc(void *ptr, size_t size) __attribute__((returns_nonnull));

/* May return NULL; for sizes that a peer chooses (each such caller has a
 * named maximum). ptr may be NULL. Unit tests make these fail in turn with
 * fr_mem_fail_after(). */
void *fr_try_malloc(size_t size);
void *fr_try_calloc(size_t count, size_t size);
void *fr_try_realloc(void *ptr, size_t size);

/* Makes the n-th fallible allocation from now on fail, once, on this thread
 * (tests only; 0 turns it off). */
void fr_mem_fail_after(unsigned n);
/* Memory set aside, once for the process, for fr_malloc and fr_calloc: what they need until
 * connections have been closed. fr_mem_reserve makes it, or makes it anew after it was used;
 * false: there is none yet. Any thread. */
#define FR_MEM_RESERVE_BYTES (4u << 20)
bool fr_mem_reserve(void);
void fr_mem_drop_reserve(void);
/* Did an allocation fail since fr_mem_reserve? */
bool fr_mem_is_short(void);

/* What this thread holds for its peers, as those who take and give it say: arenas, queues,
 * pools, estimates for what libraries hold. May pass below 0 where another thread gives
 * something back. */
void fr_mem_took(size_t bytes);
void fr_mem_gave(size_t bytes);
int64_t fr_mem_held(void);
/* For pools of memory: must this allocation fail, though there would be memory? */
bool fr_mem_must_fail(void);

/* Defined under AddressSanitizer, where pools of memory keep nothing: else nobody
 * would see who uses what was given back. */
#if defined(__SANITIZE_ADDRESS__)
#define FR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FR_ASAN 1
#endif
#endif

/* May a pool that keeps n pieces for their next use keep one more, of at most max? */
static inline bool fr_mem_may_keep(size_t n, size_t max)
{
#ifdef FR_ASAN
	(void)n;
	(void)max;
	return false;
#else
	return n < max;
#endif
}

/* Bytes that live until the arena is reset or freed. The first block is
 * embedded in no one: it is allocated with the arena on first use.
 *
 *   arena -> [block | used ....... free] -> [block | ....]
 *
 * Not thread-safe. Allocations are aligned to 8 bytes. */
struct fr_arena_block;
struct fr_arena_held;
struct fr_arena_share;
struct fr_arena {
	struct fr_arena_block *blocks; /* owned, newest first */
	struct fr_arena_held *holds;   /* in the blocks: dropped with them */
	struct fr_arena_share *share;  /* reference; NULL: no other arena borrows from it */
	size_t total_bytes;            /* of all blocks */
	size_t max_bytes;              /* ceiling, from init */
};

/* max_bytes: no more than this is ever held; beyond it allocations fail. */
void fr_arena_init(struct fr_arena *a, size_t max_bytes);
void fr_arena_fini(struct fr_arena *a);
/* Forgets everything but keeps one block for reuse; freed bytes are poisoned
 * under AddressSanitizer. */
void fr_arena_reset(struct fr_arena *a);

/* NULL when the ceiling is reached or memory is out. size 0 gives a valid
 * pointer. */
void *fr_arena_alloc(struct fr_arena *a, size_t size);
/* NULL as above; zeroed. Checks count * size for overflow. */
void *fr_arena_calloc(struct fr_arena *a, size_t count, size_t size);
/* A copy with a NUL after it (not counted in len). Returns 0 or
 * FR_ERR_NOMEM with *out untouched. */
int fr_arena_copy(struct fr_arena *a, struct fr_str s, struct fr_str *out) FR_MUST_USE;
/* The n parts one after another, with a NUL; 0 or FR_ERR_NOMEM. */
int fr_arena_concat(struct fr_arena *a, const struct fr_str *parts, size_t n,
                    struct fr_str *out) FR_MUST_USE;
/* The decimal number; 0 or FR_ERR_NOMEM. */
int fr_arena_number(struct fr_arena *a, int64_t v, struct fr_str *out) FR_MUST_USE;
/* `drop` is called with `what` when the arena is reset or freed: for what is shared, and
 * borrowed by what lies in the arena. 0, or FR_ERR_NOMEM with nothing done. Takes
 * FR_ARENA_HOLD_BYTES. */
#define FR_ARENA_HOLD_BYTES (3 * sizeof(void *))
int fr_arena_hold(struct fr_arena *a, void (*drop)(void *what), void *what) FR_MUST_USE;
/* What lies in `from` now stays there until `to`, too, is reset or freed. Both on one
 * thread; not in circles. 0, or FR_ERR_NOMEM with nothing done. */
int fr_arena_borrow(struct fr_arena *to, struct fr_arena *from) FR_MUST_USE;
/* Does p point into the arena's own blocks? */
bool fr_arena_has(const struct fr_arena *a, const void *p);
/* Formatted text in the arena; 0 or FR_ERR_NOMEM. */
int fr_arena_printf(struct fr_arena *a, struct fr_str *out, const char *fmt, ...) FR_MUST_USE
	FR_PRINTF(3, 4);

#endif
