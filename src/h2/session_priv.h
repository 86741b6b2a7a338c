/* What the parts of the server session share: session.c (life, feed, drain),
 * session_in.c (nghttp2's callbacks for what is received), session_out.c
 * (submissions and bodies), request.c (fields into a request), priority.c. */
#ifndef FR_H2_SESSION_PRIV_H
#define FR_H2_SESSION_PRIV_H

#include <nghttp2/nghttp2.h>

#include "h2/flood.h"
#include "h2/session.h"

#define FR_H2_STREAM_MAGIC 0x68327374u

/* Fields beyond `limit` are refused with 431 while the excess is one that a
 * clumsy site could cause; beyond this multiple the connection ends: HPACK
 * turns few bytes on the wire into many. */
#define FR_H2_FIELDS_FLOOD_FACTOR 4u

enum fr_h2_stream_state {
	FR_H2_ST_HEAD,        /* request fields arrive */
	FR_H2_ST_OPEN,        /* handed over; body arrives */
	FR_H2_ST_HALF_CLOSED, /* request complete */
	FR_H2_ST_RESERVED,    /* promised; PUSH_PROMISE not sent yet */
	FR_H2_ST_CLOSED
};

struct fr_h2_stream {
	uint32_t magic;
	enum fr_h2_stream_state state;
	int32_t id;
	struct fr_h2_session *session;      /* borrowed */
	struct fr_h2_stream *next, **pprev; /* owned by the session's list */
	void *user;                         /* borrowed: the handler's context */
	struct fr_arena *arena;             /* borrowed from the handler */
	struct fr_request *req;             /* borrowed from the handler */
	struct fr_fields *trailers;         /* in the arena; NULL: none */
	size_t fields_bytes, fields_count;  /* decoded so far, this block */
	size_t unconsumed;                  /* body bytes handed over, window not opened */
	uint32_t cookies;                   /* crumbs */
	uint8_t urgency;                    /* RFC 9218, from the request's priority field */
	bool is_push;
	bool is_too_large; /* fields beyond the limit: stored no more */
	bool is_malformed;
	bool is_reset_by_peer;
	bool is_reset_by_us; /* through fr_h2_reset */
	bool is_deferred;    /* on_read had nothing */
	bool has_rank;       /* rank is to be applied once promised */
	enum fr_h2_rank rank;
	int32_t page_id;     /* the stream that the push belongs to */
	uint32_t reset_code; /* RESERVED: reset as soon as promised */
	bool reset_wanted;
};

enum { /* buckets for control frames */
       FR_H2_BUCKET_PING,
       FR_H2_BUCKET_SETTINGS,
       FR_H2_BUCKET_PRIORITY,
       FR_H2_BUCKET_EMPTY,
       FR_H2_BUCKET_UNKNOWN,
       FR_H2_BUCKET_WINDOW_UPDATE,
       FR_H2_BUCKET_RESET,
       FR_H2_BUCKET_COUNT
};

#define FR_H2_FRAME_HEAD_BYTES 9u
#define FR_H2_SETTINGS_ENTRY_BYTES 6u

struct fr_h2_walk {    /* where in the client's frames we are */
	uint64_t skip; /* bytes until the next frame's header */
	uint8_t head[FR_H2_FRAME_HEAD_BYTES];
	size_t n_head;
	uint32_t continuations; /* in this header block */
	bool in_first;          /* inside the client's first SETTINGS */
	uint8_t entry[FR_H2_SETTINGS_ENTRY_BYTES];
	size_t n_entry;
	bool no_tree; /* it has SETTINGS_NO_RFC7540_PRIORITIES=1 */
};

struct fr_h2_session {
	nghttp2_session *ng; /* owned */
	struct fr_h2_limits limits;
	struct fr_h2_events events;
	void *user; /* borrowed */
	uint64_t now_ms;
	struct fr_h2_stream *streams; /* owned */
	struct fr_h2_stream *spare;   /* owned: freed streams for reuse */
	size_t n_streams, n_pushes, n_spare;
	struct fr_bucket buckets[FR_H2_BUCKET_COUNT];
	struct fr_h2_walk walk;
	struct fr_h2_stats stats;
	struct fr_buf *out; /* borrowed during a drain */
	size_t out_until;   /* no further DATA frame beyond this length */
	bool has_settings;  /* ours are queued */
	bool ranks_pending; /* promised streams wait for their rank */
	bool is_terminated; /* GOAWAY with an error is queued */
	bool goaway_sent, goaway_received;
	bool is_draining_now; /* inside fr_h2_drain */
};

/* --- session.c --- */
struct fr_h2_stream *fr_h2_stream_new(struct fr_h2_session *s, int32_t id);
/* Queues our SETTINGS, once. They wait for the client's, which come at once
 * and say who orders the sending: nghttp2 lets us move streams in the tree of
 * RFC 7540 only if we did not renounce it. no_tree: the client did. */
void fr_h2_settle(struct fr_h2_session *s, bool no_tree);
/* Unlinks and frees; fires nothing. */
void fr_h2_stream_free(struct fr_h2_stream *st);
/* By id, promised ones included; NULL if gone. */
struct fr_h2_stream *fr_h2_find(const struct fr_h2_session *s, int32_t id);
/* Counts the fault and reports it; a connection fault queues GOAWAY. */
void fr_h2_report(struct fr_h2_session *s, struct fr_h2_stream *st, enum fr_h2_fault f);
/* The last event of a stream, then frees it. */
void fr_h2_stream_close(struct fr_h2_stream *st, uint32_t code);

/* --- walk.c --- */
void fr_h2_walk_init(struct fr_h2_walk *w);
/* Counts the frames in these bytes; reports floods. */
void fr_h2_walk(struct fr_h2_session *s, const uint8_t *data, size_t len);
/* Takes a token for something that a peer did; none left is that fault. */
void fr_h2_take_token(struct fr_h2_session *s, int bucket, enum fr_h2_fault f);

/* --- session_in.c --- */
void fr_h2_set_receive_callbacks(nghttp2_session_callbacks *cb);

/* --- session_out.c --- */
void fr_h2_set_send_callbacks(nghttp2_session_callbacks *cb);

/* --- request.c --- */
/* Stores one field of the current block; notes faults in the stream. */
void fr_h2_take_field(struct fr_h2_stream *st, struct fr_str name, struct fr_str value);
/* The request's block is complete: checks and finishes it. False: malformed. */
bool fr_h2_finish_request(struct fr_h2_stream *st);

/* --- priority.c --- */
/* Gives the promised streams that wait for it their place. */
void fr_h2_apply_ranks(struct fr_h2_session *s);

#endif
