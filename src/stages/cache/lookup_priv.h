/* What the parts of stages/cache/lookup share: lookup.c looks for an answer and waits for
 * it, deliver.c makes the response and reads the body, direct.c sees to responses that
 * came past the store. */
#ifndef FR_STAGES_CACHE_LOOKUP_PRIV_H
#define FR_STAGES_CACHE_LOOKUP_PRIV_H

#include "cache/conditional.h"
#include "cache/serve.h"
#include "cache/store.h"
#include "net/loop.h"
#include "stages/cache/lookup.h"
#include "stages/cache/stage.h"

#define FR_CACHE_NAME "forerun"

enum fr_cached_state {
	FR_CACHED_IDLE,
	FR_CACHED_WAITING, /* for another request's fetch */
	FR_CACHED_LEADING, /* our own fill asks the origin */
	FR_CACHED_READING  /* an object answers */
};

struct fr_cached {
	enum fr_cached_state state;
	struct fr_str key;
	struct fr_flight *flight;    /* reference; WAITING */
	struct fr_fill *fill;        /* borrowed; LEADING */
	struct fr_fill *adopted;     /* owned: the exchange has its fetch and response; NULL */
	struct fr_object *object;    /* reference; while READING */
	struct fr_object *stale;     /* reference: to be validated; NULL */
	struct fr_wakeup *note;      /* owned */
	void (*changed)(void *user); /* the note's function: what is waited for has changed */
	struct fr_timer patience;    /* WAITING: cache.wait_timeout */
	struct fr_serving serving;
	const char *fwd; /* why it was asked of the origin; NULL: a hit */
	int fwd_status;  /* what the origin said; 0: nothing */
	unsigned waits;  /* for other requests' fetches, so far */
	bool watches_body;
	bool is_joined, is_stored;
	bool is_validated; /* by the origin, for this exchange */
	bool is_stale;     /* what answers was no longer fresh */
	bool is_refused;   /* not asked of the origin: only-if-cached */
	bool is_known;     /* the request identifies its client */
	bool is_declined;  /* because of that, nothing stored answers */
};

/* What is in the stage's slot; NULL: the store was not asked. */
static inline struct fr_cached *fr_cached_of(struct fr_exchange *ex)
{
	return *fr_stage_slot(ex, &fr_cache_stage);
}

/* The key of a request for ex's site, in ex's arena. 0, FR_ERR_NOMEM, FR_ERR_SYNTAX. */
static inline int fr_cached_key(struct fr_exchange *ex, const struct fr_request *req,
                                struct fr_str *out)
{
	struct fr_query_rule rule = fr_canonical_query_rule(ex->cache.rules);

	return fr_cache_key(&ex->arena, req, &rule, out);
}

/* Answers with the object. False: it takes no more readers. */
bool fr_cached_serve(struct fr_exchange *ex, struct fr_object *o);
/* What Cache-Status says of why the response was not stored (RFC 9211 §2.8): "; detail=...",
 * or nothing. */
struct fr_str fr_cached_detail(struct fr_exchange *ex);
/* Gives up what is held of the object that answers. */
void fr_cached_forget_object(struct fr_exchange *ex, struct fr_cached *c);
/* How far the body is; tells the client side. */
void fr_cached_poll(struct fr_exchange *ex);

#endif
