/* The body of a stored response: a chain of reference-counted chunks that one thread fills
 * while any number of others read, each at its own pace. Bytes never move and are never
 * copied here.
 *
 *   body -> [chunk] -> [chunk] -> [chunk]      len: bytes that may be read
 *            ^ reader A            ^ reader B
 *
 * FILLING -> COMPLETE | FAILED. A body that outgrows what may be stored is cut loose:
 * no new reader may begin, chunks are freed after the slowest reader has passed them, and
 * the filler stops while that reader is too far behind.
 *
 * A body may have twins: the same bytes in a content coding, bodies by themselves. They count
 * as the body does, and go with it, whatever object it is the body of.
 *
 * A reader that waits for more registers a watcher; wake comes from the filler's thread,
 * with the body's lock held. No I/O. */
#ifndef FR_CACHE_BODY_H
#define FR_CACHE_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FR_CHUNK_BYTES 65536u

enum fr_body_state { FR_BODY_FILLING, FR_BODY_COMPLETE, FR_BODY_FAILED };

struct fr_body; /* refcounted: objects, readers, the filler */
struct fr_chunk;

struct fr_watcher {
	struct fr_watcher *next, **pprev; /* borrowed; pprev NULL: not registered */
	/* Something changed. Any thread, under a lock: may only note it. */
	void (*wake)(struct fr_watcher *w);
	_Atomic uint64_t pos; /* read so far; what a loose body's filler looks at */
};

#define FR_BODY_UNKNOWN UINT64_MAX

/* held: sum of the bytes of all bodies, kept up to date (borrowed; must
 * outlive the body). expected: the length, or FR_BODY_UNKNOWN. NULL without memory. */
struct fr_body *fr_body_new(_Atomic size_t *held, uint64_t expected);
void fr_body_ref(struct fr_body *b);
void fr_body_unref(struct fr_body **b);

/* --- the filler's thread --- */

/* 0 or FR_ERR_NOMEM, with nothing appended. */
int fr_body_append(struct fr_body *b, const void *data, size_t len) FR_MUST_USE;
/* No more will come: COMPLETE or FAILED. */
void fr_body_end(struct fr_body *b, bool complete);
void fr_body_cut_loose(struct fr_body *b);
/* How far the slowest reader is behind; 0 without readers. */
uint64_t fr_body_backlog(struct fr_body *b);
bool fr_body_has_readers(struct fr_body *b);
/* What is woken when a reader leaves, or one of a loose body moved on; NULL: nobody. */
void fr_body_set_filler(struct fr_body *b, struct fr_watcher *w);

/* --- any thread --- */

enum fr_body_state fr_body_state(const struct fr_body *b);
uint64_t fr_body_len(const struct fr_body *b);
/* Takes no new readers any more. */
bool fr_body_is_loose(const struct fr_body *b);
/* Bytes of memory held, chunks with their heads. */
size_t fr_body_bytes(const struct fr_body *b);

/* Does anybody but the caller have a reference? */
bool fr_body_is_shared(const struct fr_body *b);

/* Where bytes of this body, and of its twins, are counted. */
_Atomic size_t *fr_body_account(const struct fr_body *b);

/* --- twins, any thread --- */

#define FR_BODY_TWINS 3u
/* The twin in that place: a new reference; NULL: none. */
struct fr_body *fr_body_twin(struct fr_body *b, unsigned place);
/* Puts `twin` (a reference is taken; NULL: nothing) where `old` (NULL: nothing) is. False: there
 * is something else by now, and nothing was done. */
bool fr_body_set_twin(struct fr_body *b, unsigned place, struct fr_body *twin,
                      const struct fr_body *old);

/* One more asks for this twin. True for the one with whom there are `often`, about: it is counted
 * without a lock, up to there. */
bool fr_body_ask(struct fr_body *b, uint32_t often);
void fr_body_set_asks(struct fr_body *b, uint32_t n);

/* A place in a body; owns a reference to its chunk. */
struct fr_cursor {
	struct fr_body *body;   /* reference */
	struct fr_chunk *chunk; /* reference; NULL: an empty body */
	size_t offset;          /* in the chunk */
	uint64_t pos;           /* in the body */
};

/* At the body's begin, or anywhere in what is there. FR_ERR_REFUSED, with an
 * empty cursor: a loose body takes no more readers, or it is not as long. */
int fr_cursor_init(struct fr_cursor *c, struct fr_body *b, uint64_t from) FR_MUST_USE;
void fr_cursor_fini(struct fr_cursor *c);
/* The bytes in one piece at the cursor; 0: none now. Borrowed until the cursor moves. */
size_t fr_cursor_peek(struct fr_cursor *c, const uint8_t **data);
/* Moves on by at most what peek returned. */
void fr_cursor_skip(struct fr_cursor *c, size_t len);

/* Registers, with a reference to the body; if something changed since `pos` and
 * `state` were looked at, wake comes at once (from within). */
void fr_body_watch(struct fr_body *b, struct fr_watcher *w);
void fr_body_unwatch(struct fr_body *b, struct fr_watcher *w);
/* The watcher's reader has read up to pos. */
void fr_body_moved(struct fr_body *b, struct fr_watcher *w, uint64_t pos);

#endif
