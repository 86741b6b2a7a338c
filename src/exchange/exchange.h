/* One request and its response, whatever the protocol. The exchange owns the arena in which
 * both heads live, the two bodies in flight, and the fetch. What happens to a request is up
 * to a row of stages (exchange/stage.h); the exchange knows none of them.
 *
 *   HEAD -> WAITING -> RESPONDING -> ENDED -> RELEASED
 *                  \-> TUNNEL ------/
 *
 * The client side (client/http1.c, client/http2.c) makes an exchange, feeds it the request,
 * takes the response through the operations in struct fr_exchange_ops, and says when it is
 * through (fr_exchange_leave). The exchange knows nothing of HTTP/2: it asks through the
 * operations what a client can do.
 *
 * A request with a body waits (in WAITING, without a fetch) until the body is worth an
 * origin connection: see exchange/request_body.c.
 *
 * Back-pressure, response: the fetch is paused while the body that waits for the client
 * holds half of its ceiling. When that lasts, the rest goes to a temporary file, so that the
 * origin's connection becomes free. Request: the client side opens its window (or reads on)
 * only for what `consumed` reported. */
#ifndef FR_EXCHANGE_EXCHANGE_H
#define FR_EXCHANGE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/chain.h"
#include "base/mem.h"
#include "cache/policy.h"
#include "config/config.h"
#include "exchange/body_source.h"
#include "exchange/canonical.h"
#include "exchange/connection.h"
#include "exchange/record.h"
#include "exchange/stage.h"
#include "exchange/whose.h"
#include "exchange/worker.h"
#include "hints/plan.h"
#include "http/codings.h"
#include "http/message.h"
#include "net/loop.h"
#include "origin/fetch.h"

struct fr_exchange;
struct fr_budget_path;
struct fr_pacing_page;
struct fr_page_load;
struct fr_spill;
struct fr_tally_entry;

/* Memory for both heads, the plan and what is made of them. Fields are bounded
 * by limits of their own; this is the last line. */
#define FR_EXCHANGE_ARENA_BYTES (2u << 20)

enum fr_exchange_state {
	FR_EXCHANGE_HEAD,       /* the request's fields arrive */
	FR_EXCHANGE_WAITING,    /* asked of the origin; no final head yet */
	FR_EXCHANGE_RESPONDING, /* the head went to the client side; the body flows */
	FR_EXCHANGE_TUNNEL,     /* after 101: bytes both ways */
	FR_EXCHANGE_ENDED,      /* nothing more comes from the origin side */
	FR_EXCHANGE_RELEASED    /* the client side left; freed at the turn's end */
};

/* What `timer` limits once the head is complete. */
enum fr_exchange_wait {
	FR_EXCHANGE_WAIT_NONE,
	FR_EXCHANGE_WAIT_SEND, /* the client has to send more of the request's body */
	FR_EXCHANGE_WAIT_TAKE, /* the client has to take of the response's body */
	FR_EXCHANGE_WAIT_LAST  /* the response is out; the request may still end by itself */
};

/* Why the edge itself ends an exchange before its response is complete. */
enum fr_abort {
	FR_ABORT_REFUSED,  /* not processed: the client may try again (REFUSED_STREAM) */
	FR_ABORT_INTERNAL, /* the response cannot be completed */
	FR_ABORT_CANCEL,   /* no longer of use: a push that is not wanted */
	FR_ABORT_TIMEOUT,  /* the client did not move */
	FR_ABORT_ANSWERED  /* the response is complete: the rest of the request is not wanted */
};

/* What an exchange asks of the client side. None of them frees the exchange
 * or calls it back before returning. */
struct fr_exchange_ops {
	void (*informational)(struct fr_exchange *ex, const struct fr_response *resp);
	/* ex->resp is final; a body follows unless fr_exchange_has_body is false. */
	void (*head)(struct fr_exchange *ex);
	/* More of the body is there, or it ended, or failed (to_client.ended, failed). */
	void (*body)(struct fr_exchange *ex);
	/* Request body bytes were passed on. */
	void (*consumed)(struct fr_exchange *ex, size_t len);
	/* How much of the request's body may come before any of it is passed on; 0: nothing
	 * more, what the connection may send is used up by those that wait. NULL:
	 * limits.request_buffer. */
	size_t (*may_hold)(struct fr_exchange *ex);
	void (*abort)(struct fr_exchange *ex, enum fr_abort why);
	/* Push (capability; NULL where the protocol has none): is it accepted now? */
	bool (*push_is_enabled)(struct fr_exchange *ex);
	bool (*push_has_room)(struct fr_exchange *ex);
	/* Promises `push` (its req filled) to the client; 0 or negative. */
	int (*push)(struct fr_exchange *ex, struct fr_exchange *push, enum fr_rank rank);
	/* What is known of the connection's path. 0, or negative: nothing, *out untouched. */
	int (*path)(struct fr_exchange *ex, struct fr_budget_path *out);
	/* The page's response is expected; what leaves before leaves room for it. */
	void (*page_due)(struct fr_exchange *ex, const struct fr_pacing_page *page);
	/* So many bytes of the page's body go before what blocks its rendering. */
	void (*page_head_first)(struct fr_exchange *ex, size_t bytes);
	/* The request, on the page's connection, is for what blocks the page's rendering. */
	void (*after_page)(struct fr_exchange *ex, struct fr_exchange *page);
	/* The request is for what its page needs late: behind what the client asks for
	 * otherwise, for a while. */
	void (*needed_late)(struct fr_exchange *ex);
};

/* What the stages and the record need to know of the shared cache's part in it. */
struct fr_cache_facts {
	const struct fr_config_cache *rules; /* of its path; NULL until routed */
	const char *fwd;                     /* why the origin was asked (RFC 9211); NULL */
	enum fr_cache_result result;         /* known when it ends */
	enum fr_cache_store not_stored;      /* why its response was not; YES: nothing to say */
	bool is_keyed;  /* a store's key is of it: that much of the query is sent */
	bool is_hit;    /* answered from the store, without the origin */
	bool is_stored; /* its response comes from a stored object */
};

/* What its load is compared as (hints/proof). */
struct fr_page_arm {
	bool is_chosen;            /* else all that follows is 0 */
	uint8_t mark;              /* fr_mark_pack */
	const char *name;          /* static: of the arm; NULL: the page is not on trial */
	uint64_t visitor, network; /* keyed hashes: struct fr_visitor */
};

/* What the stages of hints share about it as a page. */
struct fr_page_facts {
	struct fr_page_load *load; /* in the arena; pages with hints only */
	struct fr_plan *plan;      /* the load's; NULL without */
	struct fr_str digest;      /* the client's digest cookie; p NULL: none */
	uint64_t asked_ms;         /* when the origin was asked; 0: it was not */
	uint32_t think_ms;         /* from then to its answer */
	uint32_t pushes;           /* promised for this page */
	bool has_relayed;          /* an origin's 103 */
	struct fr_page_arm arm;
};

#define FR_EXCHANGE_MAGIC 0x65786368u

/* The way of the request to the origin: exchange/request_body.c, and the fetch. */
struct fr_to_origin {
	struct fr_request req;            /* as the origin gets it; shares strings */
	struct fr_fetch *fetch;           /* owned; NULL when none is under way */
	void *watched;                    /* owned: what the row's watch looks with; NULL */
	struct fr_buf body;               /* waits for the origin */
	struct fr_spill *spill;           /* owned: what waits after `body`; NULL */
	const struct fr_fields *trailers; /* NULL or in the arena */
	struct fr_timer hold_timer;       /* of a body of unknown length, while it is held */
	uint64_t hold_bytes;              /* received when it was set */
	size_t granted;                   /* of what waits: the client side need not hear of it */
	struct fr_tally_entry *place;     /* held: among its client's requests; NULL: none */
	bool is_holding;                  /* the origin is asked when the body is worth it */
	bool ended;                       /* the client sent all of it */
	bool passed;                      /* the origin side has all of it */
	bool discards;                    /* the rest of the body is thrown away */
};

/* The way of the response to the client side: exchange/response_body.c. */
struct fr_to_client {
	struct fr_body_source source;     /* where the body comes from */
	struct fr_body_source filter;     /* what changes it on the way; ops NULL: nothing does */
	enum fr_coding coding;            /* that the edge gave to the body */
	struct fr_chain body;             /* the exchange's own source: waits for the client */
	struct fr_spill *spill;           /* owned: what waits after `body`; NULL */
	struct fr_timer spill_timer;      /* the fetch is paused: how long yet, in memory */
	const struct fr_fields *trailers; /* NULL or in the arena */
	uint64_t sent_bytes;              /* handed to the client side's output */
	bool head_sent;                   /* ops->head was called */
	bool complete;                    /* `spill` holds the last bytes */
	bool ended;                       /* no bytes follow those that `source` has */
	bool failed;                      /* the body cannot be completed */
};

/* What the client side has to do, and until when. */
struct fr_client_limit {
	struct fr_timer timer;
	enum fr_exchange_wait waits; /* what timer limits */
	uint64_t interval_bytes;     /* SEND: received when the interval began */
};

/* The stages that it goes through. */
struct fr_exchange_stages {
	const struct fr_stage_row *row; /* of the worker's tables */
	void *slots[FR_STAGES_MAX];     /* of its stages, as in the row */
	uint32_t wants_body;            /* bit i: stage i looks at the body */
};

/* What is everybody's: identity and state, then one struct for each way.
 * members: one for each part of an exchange, which are structs where they have several. */
struct fr_exchange {
	uint32_t magic;
	enum fr_exchange_state state;
	struct fr_worker *worker;     /* borrowed */
	struct fr_connection *client; /* borrowed; outlives it */
	struct fr_whose whose;        /* the client: of the request, not of the connection */
	const struct fr_exchange_ops *ops;
	int32_t stream_id;         /* client side's; 0 for HTTP/1.1 */
	struct fr_generation *gen; /* reference: the configuration it runs under */
	struct fr_site *site;      /* borrowed from gen; NULL until chosen */
	struct fr_arena arena;
	struct fr_request req;         /* the client's; canonical once it is routed */
	struct fr_canonical canonical; /* what its form left out */
	struct fr_response resp;       /* from the origin or our own */
	struct fr_cache_facts cache;
	struct fr_exchange_stages stages;
	struct fr_to_origin to_origin;
	struct fr_to_client to_client;
	struct fr_client_limit limit;
	struct fr_page_facts page;
	struct fr_seen seen;      /* its moments, for exchange/record.c */
	struct fr_task step_task; /* begun by the loop's next step */
	struct fr_task release_task;
	struct fr_exchange *next, **pprev; /* among the client's; next: also when kept */
	bool is_push;                      /* the promised stream of another exchange */
	bool is_broken;                    /* a fault of ours: it is aborted at once */
};

/* A new exchange in state HEAD, under the worker's current configuration. NULL: no memory. */
struct fr_exchange *fr_exchange_new(struct fr_connection *c, const struct fr_exchange_ops *ops,
                                    int32_t stream_id);
/* One that a page causes: with the page's client, and with its site and the generation
 * that the site belongs to, whatever the current one is. NULL: no memory. */
struct fr_exchange *fr_exchange_new_for(const struct fr_exchange *page);

/* The request's head is complete in ex->req. Runs the pipeline; ops may be
 * called at once. body_ended: no body bytes follow. */
void fr_exchange_begin(struct fr_exchange *ex, bool body_ended);
/* The same for the request that was made in ex->req, which has no body, by the loop's next
 * step: so nothing begins inside another exchange's transition. Until then it counts as a
 * request to the origin. */
void fr_exchange_begin_later(struct fr_exchange *ex);
/* Has what ex->req asks for fetched into the row's store by the loop's next step, and leaves. */
void fr_exchange_warm_later(struct fr_exchange *ex);
/* Answers without an origin: a response of our own with that status. For
 * requests that the client side found malformed, too. */
void fr_exchange_refuse(struct fr_exchange *ex, int status, const char *why);
/* The same with a body of our own; text: in the arena. */
void fr_exchange_answer(struct fr_exchange *ex, int status, const char *type, struct fr_str text);
/* A response of our own whose body comes by fr_exchange_put, without an end. */
void fr_exchange_open(struct fr_exchange *ex, const char *type);
/* False: it does not fit. */
bool fr_exchange_put(struct fr_exchange *ex, const void *data, size_t len);
/* Request body (or tunnel) bytes. All are taken: what the client side may
 * send ahead is bounded by its window (request_buffer_bytes). */
void fr_exchange_body(struct fr_exchange *ex, const uint8_t *data, size_t len);
/* The request is complete; trailers NULL or in the arena. */
void fr_exchange_request_end(struct fr_exchange *ex, const struct fr_fields *trailers);
/* How much of the request may still be buffered (0: stop reading). */
size_t fr_exchange_request_room(const struct fr_exchange *ex);

/* True if the response in ex->resp has a body for this request. */
bool fr_exchange_has_body(const struct fr_exchange *ex);
/* The response's body as far as it is there: how much, a piece of it in one
 * (borrowed until bytes are taken), and off with bytes that were peeked at. ready: for who
 * reads next, exact; len: for others, more than 0 if anything is there. */
size_t fr_exchange_body_ready(struct fr_exchange *ex);
size_t fr_exchange_body_len(const struct fr_exchange *ex);
size_t fr_exchange_body_peek(struct fr_exchange *ex, const uint8_t **data);
void fr_exchange_body_take(struct fr_exchange *ex, size_t len);
/* Nothing follows what fr_exchange_body_ready said. */
bool fr_exchange_body_ended(const struct fr_exchange *ex);

/* Gives the request of a routed exchange its canonical form, and looks up the rules
 * of its path. Before anything looks at it. Errors as fr_canonical_make. */
int fr_exchange_settle(struct fr_exchange *ex) FR_MUST_USE;

/* --- for stages --- */

/* Asks the origin, alone. */
void fr_exchange_fetch(struct fr_exchange *ex);
/* Not processed, since its client has too many requests under way: it may try again. */
void fr_exchange_turn_away(struct fr_exchange *ex);
/* Somebody asks the origin, or we do by a fill. */
void fr_exchange_await(struct fr_exchange *ex);
void fr_exchange_informational(struct fr_exchange *ex, const struct fr_response *resp);
/* ex->resp is the final response, from the store: sends its head. */
void fr_exchange_deliver(struct fr_exchange *ex);
/* The body is read from this source from now on; NULL: from the exchange's own queue. */
void fr_exchange_read_from(struct fr_exchange *ex, const struct fr_body_source_ops *ops, void *of);
/* The client side reads through this filter, which reads from ex->to_client.source. ops NULL:
 * there is none any more. */
void fr_exchange_filter_body(struct fr_exchange *ex, const struct fr_body_source_ops *ops,
                             void *of);
/* For want of memory its response cannot be what it must be: it is aborted soon. */
void fr_exchange_break(struct fr_exchange *ex);
/* The rest of the body cannot be had: told when the client side asked for more. */
void fr_exchange_lose_body(struct fr_exchange *ex);
/* A source that is not the exchange's own has more, or is complete, or failed. */
void fr_exchange_source_moved(struct fr_exchange *ex);
/* Keyed hash of the client's address. */
uint64_t fr_exchange_client_hash(const struct fr_exchange *ex);
/* The fetch is ours from now on, at its response's head. */
void fr_exchange_adopt(struct fr_exchange *ex, struct fr_fetch *fetch,
                       const struct fr_response *resp);

/* The client side is through with it: complete, reset or disconnected. The fetch is
 * cancelled if it still runs; no operation is called any more; freed at the
 * end of the turn. complete: the client got the whole response. by_peer: the client
 * ended it. refused: with REFUSED_STREAM. */
void fr_exchange_leave(struct fr_exchange *ex, bool complete, bool by_peer, bool refused);

/* Frees the worker's list of exchanges kept for reuse. */
void fr_exchange_free_list(struct fr_exchange **list);

#endif
