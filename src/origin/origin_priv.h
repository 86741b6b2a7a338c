/* What origin.c (the pool), conn.c (one connection) and fetch.c (one request)
 * share. A connection belongs to its origin; while a fetch uses it each
 * points to the other. */
#ifndef FR_ORIGIN_ORIGIN_PRIV_H
#define FR_ORIGIN_ORIGIN_PRIV_H

#include "http/h1.h"
#include "net/resolver.h"
#include "net/transport.h"
#include "origin/fetch.h"
#include "origin/origin.h"
#include "origin/share.h"

#define FR_ORIGIN_CONN_MAGIC 0x6f636f6eu
#define FR_FETCH_MAGIC 0x66657463u

/* Bytes of a cause in words. */
#define FR_ORIGIN_CAUSE_BYTES 200u

struct fr_origin {
	struct fr_loop *loop;                  /* borrowed */
	const struct fr_config_origin *config; /* borrowed; NULL once closed */
	struct fr_tls_client *tls;             /* refcounted; NULL: plain */
	struct fr_origin_limits limits;
	struct fr_counters *counters; /* borrowed */
	struct fr_resolver *resolver; /* owned; NULL once closed */
	size_t next_address;          /* round robin */
	uint32_t connections;         /* open, closing ones included */
	uint32_t idle;
	struct fr_origin_conn *idle_list; /* owned, used last first */
	struct fr_shares shares;          /* what each address holds and waits for */
	struct fr_timer look_timer;       /* while somebody waits */
	struct fr_task evict_task;
	uint64_t warned_ms; /* that requests made way; 0: never */
	uint32_t fetches;
	char cause[FR_ORIGIN_CAUSE_BYTES]; /* why the failure under way happened; "" */
	bool is_draining;                  /* no connection is kept idle */
	bool is_closed;
};

enum fr_conn_state {
	FR_CONN_CONNECTING, /* TCP and TLS; has a fetch unless that was cancelled */
	FR_CONN_BUSY,       /* serves a fetch */
	FR_CONN_IDLE,       /* in the idle list */
	FR_CONN_CLOSING     /* stream closing; no fetch */
};

struct fr_origin_conn {
	uint32_t magic;
	enum fr_conn_state state;
	struct fr_origin *origin;             /* borrowed; outlives its connections */
	struct fr_transport *stream;          /* owned until on_closed */
	struct fr_h1_parser *parser;          /* owned */
	struct fr_fetch *fetch;               /* borrowed; NULL when idle or closing */
	struct fr_origin_conn *next, **pprev; /* borrowed, in the idle list */
	struct fr_timer keepalive;
	bool is_reused;      /* has served a fetch before this one */
	uint64_t taken_turn; /* of the loop, in which the fetch took it; if reused */
	char address[64];    /* for logs */
};

enum fr_fetch_state {
	FR_FETCH_WAITING,    /* in its share's queue */
	FR_FETCH_CONNECTING, /* has a connection that is not open yet */
	FR_FETCH_SENDING,    /* head written, no response head yet */
	FR_FETCH_RECEIVING,  /* response head handed over */
	FR_FETCH_TUNNEL,     /* after 101 */
	FR_FETCH_DONE        /* no more events; to be freed at the end of the turn */
};

struct fr_fetch {
	uint32_t magic;
	enum fr_fetch_state state;
	struct fr_loop *loop;         /* borrowed */
	struct fr_counters *counters; /* borrowed */
	struct fr_origin *origin;     /* borrowed; NULL when done */
	struct fr_origin_conn *conn;  /* borrowed; NULL while waiting or done */
	const struct fr_request *req; /* borrowed from the owner */
	struct fr_response *resp;     /* borrowed from the owner */
	struct fr_arena *arena;       /* borrowed from the owner */
	const struct fr_fetch_handler *h;
	void *user;                     /* borrowed */
	struct fr_share *share;         /* borrowed; NULL when done */
	struct fr_fetch *next, **pprev; /* of its share: those that wait; or the origin's holders */
	uint64_t waits_since_ms;        /* for a connection */
	uint64_t moved_ms;              /* something did, either way, or its connection began */
	uint64_t paused_ms;             /* its response waits for the client since */
	uint64_t paid_us;               /* until when the upload kept FR_SHARE_RATE */
	struct fr_timer timer;          /* the time limit of the current state */
	struct fr_task task;            /* puts off a failure, then the release */
	enum fr_fetch_error error;      /* of a failure that was put off */
	struct fr_str failure;          /* in words; in the arena */
	bool has_failed_later;          /* such a failure is queued */
	bool is_retried;
	bool is_paused;
	bool is_held_up;    /* what was written waits for the origin */
	bool request_ended; /* head and body are written */
	bool response_ended;
	bool got_bytes; /* of a response: no retry any more */
	bool is_sloppy; /* faults in the response were borne, and counted */
	uint32_t n_informational;
	int addresses_tried;
	size_t address;      /* tried last, if any was */
	bool has_renewed;    /* the name was looked up again for it */
	uint64_t started_us; /* of the loop's clock */
	bool is_started;     /* fr_fetch_start has returned: events may come */
};

/* --- origin.c --- */
/* Gives a waiting or new fetch a connection if it can; else queues it, or
 * fails it later. */
void fr_origin_place(struct fr_origin *o, struct fr_fetch *f, bool fresh_only);
/* Takes a fetch out of its queue (it must be in it). */
void fr_origin_unqueue(struct fr_origin *o, struct fr_fetch *f);
/* A connection went away or became idle: serves a waiting fetch. */
void fr_origin_serve_waiting(struct fr_origin *o);
/* Frees a closed origin when nothing of it is left. */
void fr_origin_maybe_free(struct fr_origin *o);

/* --- conn.c --- */
struct fr_origin_conn *fr_conn_connect(struct fr_origin *o, const struct sockaddr *addr,
                                       struct fr_fetch *f);
/* Binds an idle connection to a fetch. */
void fr_conn_take(struct fr_origin_conn *c, struct fr_fetch *f);
/* The fetch is through with it: keeps it idle if `reusable`, else closes it. */
void fr_conn_give(struct fr_origin_conn *c, bool reusable);
void fr_conn_close(struct fr_origin_conn *c);

/* --- fetch_error.c --- */
enum fr_counter fr_fetch_error_counter(enum fr_fetch_error e);

/* --- fetch_report.c --- */
/* Keeps the cause of the failure that follows. */
void fr_fetch_note_cause(struct fr_fetch *f, const struct fr_origin_conn *c, const char *cause);
/* Makes f->failure of the error and the cause. */
void fr_fetch_find_words(struct fr_fetch *f, enum fr_fetch_error e);
/* Counts a failure of the origin's, and complains. After fr_fetch_find_words. */
void fr_fetch_note_failure(struct fr_fetch *f, enum fr_fetch_error e);
/* The final response's head came. */
void fr_fetch_note_answer(struct fr_fetch *f, int status);
/* Faults that were borne in the response count once. */
void fr_fetch_note_sloppy(struct fr_fetch *f);

/* --- fetch.c, called by conn.c --- */
void fr_fetch_on_open(struct fr_fetch *f);
/* Stops early when the fetch ends or is cancelled meanwhile. */
void fr_fetch_on_data(struct fr_fetch *f, const uint8_t *data, size_t len);
void fr_fetch_on_eof(struct fr_fetch *f);
void fr_fetch_on_drained(struct fr_fetch *f);
void fr_fetch_on_broken(struct fr_fetch *f, int err);
/* Fails with an event; not from within fr_fetch_start. */
void fr_fetch_fail(struct fr_fetch *f, enum fr_fetch_error e);
/* The same at the end of the turn. */
void fr_fetch_fail_later(struct fr_fetch *f, enum fr_fetch_error e);

#endif
