/* What the two halves of stages/cache/fill share: fill.c asks the origin and fills the body,
 * fill_head.c decides about the response. Nobody else includes this. */
#ifndef FR_STAGES_CACHE_FILL_PRIV_H
#define FR_STAGES_CACHE_FILL_PRIV_H

#include "exchange/origin_watch.h"
#include "stages/cache/fill.h"

/* A body that nobody needs is read if it is no longer than this, so that the
 * connection can be used again; else the connection is closed. */
#define FR_FILL_DRAIN_BYTES 65536u

enum fr_fill_state {
	FR_FILL_ASKING,   /* the origin is asked; what answers is not known yet */
	FR_FILL_FILLING,  /* `object` is stored or was; its body arrives */
	FR_FILL_DRAINING, /* everybody is answered: the rest of the body is thrown away */
	FR_FILL_ADOPTED,  /* the leader's exchange has the fetch, and frees this */
	FR_FILL_OVER      /* freed at the turn's end */
};

struct fr_fill {
	struct fr_fill *next, **pprev; /* borrowed, among the worker's; next: also when kept */
	enum fr_fill_state state;
	struct fr_worker *worker;  /* borrowed */
	struct fr_generation *gen; /* reference */
	struct fr_site *site;      /* borrowed from gen */
	const struct fr_config_cache *rules;
	struct fr_arena arena;
	struct fr_request req;        /* the client's, canonical: what Vary looks at */
	struct fr_request origin_req; /* as the origin gets it */
	struct fr_response resp;
	struct fr_fetch *fetch;   /* owned; NULL when it has ended */
	struct fr_flight *flight; /* reference; NULL when landed */
	struct fr_str key;
	struct fr_object *stale;  /* reference: what is validated, or stands in for an error */
	struct fr_object *object; /* reference: what is filled */
	struct fr_wakeup *note;   /* owned: readers of a loose body moved */
	const struct fr_origin_watch *watch;         /* of the row of who caused it; NULL */
	void *watched;                               /* owned: the watch looks at the body; NULL */
	struct fr_exchange *leader;                  /* borrowed; NULL: gone or never was */
	const struct fr_fill_leader_ops *leader_ops; /* what it is told by */
	struct fr_task release_task;
	struct fr_asker asker; /* whose share of the origin's connections it has */
	int64_t request_s;
	uint64_t drained_bytes;
	uint64_t client;     /* keyed hash of the address of who caused it */
	bool is_ours;        /* no client's own request: a push, or behind */
	bool is_behind;      /* counted among those that nobody waits for */
	bool is_loose;       /* the body outgrew what may be stored */
	bool is_stored;      /* since this fill */
	bool is_conditional; /* asks whether `stale` is still good */
	bool asks_anew;      /* when this answer ends, the same without conditions */
};

struct fr_store *fr_fill_store(const struct fr_fill *f);
/* The leader is taken: it is told one end, once. NULL: none. */
struct fr_exchange *fr_fill_take_leader(struct fr_fill *f);
void fr_fill_set_state(struct fr_fill *f, enum fr_fill_state to);
/* Nothing more is to be done; freed at the turn's end. */
void fr_fill_over(struct fr_fill *f);
/* No longer among the worker's. */
void fr_fill_unlink(struct fr_fill *f);
/* As fr_flight_land; once. */
void fr_fill_land(struct fr_fill *f, enum fr_flight_state how, struct fr_object *o, int error);
/* Tells the watch of the answer; bytes: of its body, 0 until that has ended. */
void fr_fill_report(const struct fr_fill *f, uint64_t bytes, bool is_storable);

/* --- fill_head.c --- */

/* The final head is in f->resp: the fill is in its next state then, or waits
 * for this answer's end to ask anew. */
void fr_fill_take_head(struct fr_fill *f);
/* Something stale at hand answers instead of an error: the leader, and others if
 * the error would have been anybody's. is_answer: the origin answered 5xx. False:
 * there is none. */
bool fr_fill_serve_stale(struct fr_fill *f, bool is_answer, bool is_anybodys);

#endif
