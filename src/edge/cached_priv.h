/* What the two halves of edge/cached share: cached.c looks for an answer and
 * waits for it, cached_send.c makes the response and reads the body. Nobody
 * else includes this. */
#ifndef FR_EDGE_CACHED_PRIV_H
#define FR_EDGE_CACHED_PRIV_H

#include "cache/conditional.h"
#include "cache/store.h"
#include "edge/cached.h"

#define FR_CACHE_NAME "forerun"

enum fr_cached_state {
	FR_CACHED_IDLE,
	FR_CACHED_WAITING, /* for another request's fetch */
	FR_CACHED_LEADING, /* our own fill asks the origin */
	FR_CACHED_READING  /* an object answers */
};

struct fr_segment { /* a piece of what is sent: text of ours, or of the body */
	struct fr_str text;
	uint64_t from, len;
	bool is_text;
};

struct fr_cached {
	enum fr_cached_state state;
	struct fr_str key;
	struct fr_flight *flight; /* reference; WAITING */
	struct fr_fill *fill;     /* borrowed; LEADING */
	struct fr_object *object; /* reference; while READING */
	struct fr_note *note;     /* owned */
	bool watches_body;
	bool is_filling; /* the whole of a body that still grows */
	struct fr_cursor cursor;
	struct fr_segment *segments; /* in the arena */
	size_t n, at;
	uint64_t done;   /* of the current segment */
	uint64_t left;   /* of all segments */
	const char *fwd; /* why it was asked of the origin; NULL: a hit */
	int fwd_status;
	bool is_joined, is_stored;
	bool is_validated; /* by the origin, for this exchange */
	bool is_stale;     /* what answers was no longer fresh */
};

/* What it waits for has changed; a note's function. */
void fr_cached_changed(void *user);
/* Answers with the object. False: it takes no more readers. */
bool fr_cached_serve(struct fr_exchange *ex, struct fr_object *o);
/* How far the body is; tells the client side. */
void fr_cached_poll(struct fr_exchange *ex);

#endif
