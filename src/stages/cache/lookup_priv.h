/* What the two halves of stages/cache/lookup share: cached.c looks for an answer and
 * waits for it, cached_send.c makes the response and reads the body. Nobody
 * else includes this. */
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
	struct fr_flight *flight; /* reference; WAITING */
	struct fr_fill *fill;     /* borrowed; LEADING */
	struct fr_fill *adopted;  /* owned: the exchange has its fetch and response; NULL */
	struct fr_object *object; /* reference; while READING */
	struct fr_object *stale;  /* reference: to be validated; NULL */
	struct fr_wakeup *note;   /* owned */
	struct fr_timer patience; /* WAITING: cache.wait_timeout */
	struct fr_serving serving;
	const char *fwd; /* why it was asked of the origin; NULL: a hit */
	int fwd_status;  /* what the origin said; 0: nothing */
	unsigned waits;  /* for other requests' fetches, so far */
	bool watches_body;
	bool is_joined, is_stored;
	bool is_validated; /* by the origin, for this exchange */
	bool is_stale;     /* what answers was no longer fresh */
	bool is_refused;   /* not asked of the origin: only-if-cached */
};

/* What is in the stage's slot; NULL: the store was not asked. */
static inline struct fr_cached *fr_cached_of(struct fr_exchange *ex)
{
	return *fr_stage_slot(ex, &fr_cache_stage);
}

const struct fr_config_cache *fr_cached_rules(const struct fr_exchange *ex);
/* The key of a request for ex's site, in ex's arena. 0, FR_ERR_NOMEM, FR_ERR_SYNTAX. */
int fr_cached_key(struct fr_exchange *ex, const struct fr_request *req, struct fr_str *out);
/* What it waits for has changed; a note's function. */
void fr_cached_changed(void *user);
/* Answers with the object. False: it takes no more readers. */
bool fr_cached_serve(struct fr_exchange *ex, struct fr_object *o);
/* Gives up what is held of the object that answers. */
void fr_cached_forget_object(struct fr_exchange *ex, struct fr_cached *c);
/* How far the body is; tells the client side. */
void fr_cached_poll(struct fr_exchange *ex);

#endif
