/* Makes a response from a stored object for a request: the whole, 304, 416, one range or
 * several (RFC 9110 §13, §14; RFC 9111 §4.3.2), and reads its body.
 *
 *   complete body:  [text][part][text][part]...[text]   each part has its own place
 *   filling body:   one place, which moves as the body grows
 *
 * A whole body may be sent in another form (`whole` below); ranges are of the stored bytes.
 *
 * The beginning checks that the object can be read; after that nothing can be refused. No
 * I/O, no clock. */
#ifndef FR_CACHE_SERVE_H
#define FR_CACHE_SERVE_H

#include "cache/object.h"

struct fr_segment;

struct fr_serving {
	struct fr_segment *segments; /* in the arena; of a complete body */
	size_t n, at;
	uint64_t done;           /* of the current segment */
	uint64_t left;           /* of all segments */
	struct fr_cursor cursor; /* of a filling body */
	bool is_filling;         /* reads the whole of a body that still grows */
};

struct fr_serve_how {
	const struct fr_request *req; /* borrowed for the call */
	struct fr_arena *arena;       /* where response and segments are made */
	int64_t now_s;
	uint64_t random; /* makes the boundary of several ranges */
	/* The body that is sent whole instead of the object's, when one is needed: a new
	 * reference, or NULL: the object's. NULL: always the object's. */
	struct fr_body *(*whole)(void *user);
	void *user; /* borrowed */
	/* The response has several forms with one date: If-Range with a date never holds. */
	bool has_forms;
};

/* Makes *resp, without Age, and gets ready to read its body. 0; FR_ERR_REFUSED:
 * the object takes no more readers (its body failed, or has outgrown what is
 * stored); FR_ERR_NOMEM. On failure nothing is held, and *s is empty. The object
 * must be held until fr_serving_fini. */
int fr_serving_begin(struct fr_serving *s, const struct fr_object *o,
                     const struct fr_serve_how *how, struct fr_response *resp) FR_MUST_USE;
/* Gives up its places; an empty one is allowed. */
void fr_serving_fini(struct fr_serving *s);

/* What is there now and not yet taken; a piece of it, borrowed until it is
 * taken; off with at most what peek returned. */
size_t fr_serving_len(const struct fr_serving *s);
size_t fr_serving_peek(struct fr_serving *s, const uint8_t **data);
void fr_serving_take(struct fr_serving *s, size_t len);

#endif
