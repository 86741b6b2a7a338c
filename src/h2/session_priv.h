/* What the parts of the server session share. Each may call those below it:
 *
 *   session.c                         life, feed, drain
 *   session_in.c, session_out.c       nghttp2's callbacks; submissions and bodies
 *   frame_guard.c, priority_in.c      frames counted; what the client says of the order
 *   request.c, end.c                  fields into a request; faults and ends
 *   priority.c, keep.c, stream.c      the order of sending; fields kept; the streams */
#ifndef FR_H2_SESSION_PRIV_H
#define FR_H2_SESSION_PRIV_H

#include <nghttp2/nghttp2.h>

#include "h2/flood.h"
#include "h2/repeats.h"
#include "h2/session.h"
#include "http/priority.h"

#define FR_H2_STREAM_MAGIC 0x68327374u

/* Fields beyond `limit` are refused with 431 while the excess is one that a
 * clumsy site could cause; beyond this multiple the connection ends: HPACK
 * turns few bytes on the wire into many. */
#define FR_H2_FIELDS_FLOOD_FACTOR 4u

/* Frames without a body that wait for a client, whoever queued them: nghttp2 queues a
 * RST_STREAM for each stream that it refuses (CVE-2019-9514), acknowledgements and
 * WINDOW_UPDATEs by itself. Each stream may have some of its own. */
#define FR_H2_QUEUED_FRAMES 512u
#define FR_H2_QUEUED_FRAMES_PER_STREAM 4u
/* Fields of the informational responses that wait for a client. */
#define FR_H2_QUEUED_INTERIM_BYTES 65536u
/* The fields of a connection's requests may hold so many times what they took on the
 * wire, beyond limits.fields_connection_bytes: no more than HPACK makes of texts. */
#define FR_H2_HELD_FACTOR 16u
/* What nghttp2 holds, about: for a session with its tables and its room for a frame, for
 * a stream, for a frame that waits. */
#define FR_H2_SESSION_BYTES 28672u
#define FR_H2_STREAM_BYTES 1024u
#define FR_H2_FRAME_BYTES 512u
/* Of a header block that we send: nghttp2 would leave a stream without an answer at 64 KiB.
 * limits.response_fields is 1 MiB at most, the request of a push, too. */
#define FR_H2_SEND_BLOCK_BYTES (2u << 20)
/* What is left of a page whose length nobody said, at least: most are not longer,
 * compressed. */
#define FR_H2_PAGE_REST_BYTES 16384u
/* Frames that a client may have under way on streams that have ended: at once, and
 * for each KiB of the connection's window as much again. Refilled as control frames. */
#define FR_H2_GONE_FRAMES 1024u

enum fr_h2_stream_state {
	FR_H2_ST_HEAD,        /* request fields arrive */
	FR_H2_ST_OPEN,        /* handed over; body arrives */
	FR_H2_ST_HALF_CLOSED, /* request complete */
	FR_H2_ST_RESERVED,    /* promised; PUSH_PROMISE not sent yet */
	FR_H2_ST_CLOSED
};

/* A receive window (RFC 9113 §5.2), of a stream or the connection. */
struct fr_h2_window {
	uint32_t bytes;  /* how large it is now */
	size_t consumed; /* since it grew last */
};

/* A request that waits behind what the client asks for otherwise: fr_h2_hold_request. */
struct fr_h2_hold {
	bool is_on;
	uint64_t until_bytes; /* of the session's own_bytes: there it ends */
	int32_t weight;       /* in the tree, before */
};

/* An answer's body: what is known of its length, and where its place is to be found anew. */
struct fr_h2_answer {
	bool is_there;        /* the response was submitted */
	int64_t bytes;        /* its length; negative: not known */
	size_t look_again_at; /* framed bytes; 0: nowhere */
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
	struct fr_h2_window window;
	uint32_t cookies;              /* crumbs */
	size_t cookie_at;              /* the field that they become */
	size_t held_bytes, wire_bytes; /* of its fields: what is not shared; as they came */
	struct fr_priority priority;   /* of a client's stream, and of a push that is_pinned */
	size_t body_sent_bytes;        /* framed */
	char status[4];                /* of the answer: digits */
	size_t lead_bytes;             /* of the body: before BLOCKING pushes; 0: none */
	struct fr_h2_answer answer;
	struct fr_h2_hold hold;
	bool is_push;
	bool is_too_large; /* fields beyond the limit: stored no more */
	bool is_too_much;  /* for the connection, with those of other streams */
	bool is_malformed;
	bool is_reset_by_peer;
	bool is_reset_by_us; /* through fr_h2_reset */
	bool is_gone;        /* its RST_STREAM is queued: what comes for it is dropped */
	bool is_deferred;    /* on_read had nothing */
	bool has_ended;      /* the response was framed to its end */
	bool stops_request;  /* RST_STREAM follows that end, if the request is not complete */
	bool is_ranked;      /* has rank and page_id */
	bool has_assets;     /* others were ranked as its own */
	bool is_pinned;      /* a push of which the client said where it belongs */
	bool needs_order;    /* its place is to be found anew, with those of its pushes */
	enum fr_h2_rank rank;
	int32_t page_id;     /* the stream that it belongs to */
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
       FR_H2_BUCKET_GONE,
       FR_H2_BUCKET_COUNT
};

/* PRIORITY_UPDATE frames for streams that are not open yet (RFC 9218 §7.1):
 * the latest ones are kept, so that a client cannot make us remember more. */
#define FR_H2_EARLY_PRIORITIES 16u
/* Of one frame's value; a longer one says nothing. */
#define FR_H2_PRIORITY_VALUE_BYTES 256u

struct fr_h2_updates {                                 /* PRIORITY_UPDATE */
	uint8_t frame[4 + FR_H2_PRIORITY_VALUE_BYTES]; /* being received */
	size_t len;                                    /* may be beyond the room */
	struct {
		int32_t id; /* 0: free */
		struct fr_priority priority;
	} early[FR_H2_EARLY_PRIORITIES];
	size_t next_early; /* overwritten next */
};

#define FR_H2_AUTHORITY_BYTES 64u /* a longer one is not remembered */

#define FR_H2_FRAME_HEAD_BYTES 9u
#define FR_H2_SETTINGS_ENTRY_BYTES 6u

struct fr_h2_frame_guard { /* where in the client's frames we are */
	uint64_t skip;     /* bytes until the next frame's header */
	uint8_t head[FR_H2_FRAME_HEAD_BYTES];
	size_t n_head;
	uint32_t continuations;   /* in this header block */
	int32_t last_id, read_id; /* the newest stream of the client: begun; known to nghttp2 */
	bool in_first;            /* inside the client's first SETTINGS */
	uint8_t entry[FR_H2_SETTINGS_ENTRY_BYTES];
	size_t n_entry;
	bool no_tree; /* it has SETTINGS_NO_RFC7540_PRIORITIES=1 */
};

struct fr_h2_session {
	nghttp2_session *ng; /* owned */
	struct fr_h2_limits limits;
	struct fr_h2_events events;
	void *user;           /* borrowed */
	struct fr_pool *pool; /* borrowed */
	uint64_t now_ms;
	struct fr_h2_stream *streams; /* owned; the newest first */
	struct fr_h2_stream *recent;  /* borrowed: found last; NULL */
	size_t n_streams, n_pushes;
	size_t unconsumed; /* of all streams */
	struct fr_h2_window window;
	struct fr_bucket buckets[FR_H2_BUCKET_COUNT];
	struct fr_h2_frame_guard walk;
	struct fr_h2_stats stats;
	struct fr_buf *out; /* borrowed during a drain */
	size_t out_until;   /* no further DATA frame beyond this length */
	size_t n_held;      /* streams with a hold */
	uint64_t own_bytes; /* body bytes framed while streams were held: of requests of the
	                       client's own that are no page and have no rank */
	bool has_settings;  /* ours are queued */
	bool order_pending; /* streams have needs_order: no body is framed before */
	int32_t last_client_id, last_push_id; /* opened; promised */
	size_t interim_bytes;                 /* of queued informational responses */
	size_t held_bytes, wire_bytes;        /* of all streams' fields */
	struct fr_buf crumbs;                 /* of the cookie of the block that is being read */
	struct fr_h2_cookie *cookie;          /* reference: the last one joined; NULL */
	struct fr_h2_updates updates;
	struct fr_h2_repeats repeats;
	/* The authority that was found valid last: nearly all requests have it. */
	char authority[FR_H2_AUTHORITY_BYTES];
	size_t authority_len; /* 0: none yet */
	bool is_terminated;   /* GOAWAY with an error is queued */
	bool goaway_sent, goaway_received;
	bool is_draining_now; /* inside fr_h2_drain */
};

/* --- stream.c --- */
/* NULL without memory. */
struct fr_h2_stream *fr_h2_stream_new(struct fr_h2_session *s, int32_t id);
/* Unlinks and frees; fires nothing. */
void fr_h2_stream_free(struct fr_h2_stream *st);
/* By id, as nghttp2 knows it; NULL if it does not. */
struct fr_h2_stream *fr_h2_lookup(struct fr_h2_session *s, int32_t id);
/* By id, promised ones included; NULL if gone. */
struct fr_h2_stream *fr_h2_find(struct fr_h2_session *s, int32_t id);

/* --- end.c --- */
/* Queues our SETTINGS, once: the first frame of ours, an error's GOAWAY included. They wait
 * for the client's, which come at once and say who orders the sending: nghttp2 lets us move
 * streams in the tree of RFC 7540 only if we did not renounce it. no_tree: the client did. */
void fr_h2_settle(struct fr_h2_session *s, bool no_tree);
/* Queues RST_STREAM. */
void fr_h2_reset_now(struct fr_h2_stream *st, uint32_t code);
/* Counts the fault and reports it; a connection fault queues GOAWAY. */
void fr_h2_report(struct fr_h2_session *s, struct fr_h2_stream *st, enum fr_h2_fault f);
/* The last event of a stream, then frees it. */
void fr_h2_stream_close(struct fr_h2_stream *st, uint32_t code);

/* --- frame_guard.c --- */
void fr_h2_frame_guard_init(struct fr_h2_frame_guard *w);
/* Counts the frames in these bytes; reports floods. */
void fr_h2_frame_guard(struct fr_h2_session *s, const uint8_t *data, size_t len);
/* Takes a token for something that a peer did; none left is that fault. */
void fr_h2_take_token(struct fr_h2_session *s, int bucket, enum fr_h2_fault f);

/* --- session_in.c --- */
void fr_h2_set_receive_callbacks(nghttp2_session_callbacks *cb);

/* --- session_out.c --- */
void fr_h2_set_send_callbacks(nghttp2_session_callbacks *cb);

/* --- keep.c --- */
/* Puts the string, or a reference to it, where it lives as long as the stream's arena.
 * False without memory. */
bool fr_h2_keep(struct fr_h2_stream *st, nghttp2_rcbuf *from, struct fr_str *out);
/* The same for a field of the list. */
bool fr_h2_keep_field(struct fr_h2_stream *st, struct fr_fields *f, nghttp2_rcbuf *name,
                      nghttp2_rcbuf *value);
/* A field Cookie of the request, one of several perhaps. */
bool fr_h2_keep_crumb(struct fr_h2_stream *st, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
/* All crumbs are there: they become one field, in the first one's place. False without
 * memory. */
bool fr_h2_join_crumbs(struct fr_h2_stream *st);
/* No stream is left that could share it. */
void fr_h2_forget_cookie(struct fr_h2_session *s);
/* Is what all streams' fields hold within fields_connection_bytes? */
bool fr_h2_may_hold(const struct fr_h2_session *s);

/* --- request.c --- */
/* Stores one field of the current block; notes faults in the stream. */
void fr_h2_take_field(struct fr_h2_stream *st, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
/* The request's block is complete: checks and finishes it. False: malformed. */
bool fr_h2_finish_request(struct fr_h2_stream *st);

/* --- priority.c --- */
/* Its place, and those of its pushes or of its page, are found before the next
 * body is framed. */
void fr_h2_needs_order(struct fr_h2_stream *st);
/* A client's request has no rank or hold any more: it stands where the client puts it. */
void fr_h2_unrank(struct fr_h2_stream *st);
/* The client's request has come, and may hang below one that is held. */
void fr_h2_order_arrived(struct fr_h2_session *s);
/* The response of the stream was submitted: its length counts. */
void fr_h2_order_answered(struct fr_h2_stream *st, const struct fr_response *resp);
/* The stream is about to go: what hung on it is placed anew. */
void fr_h2_order_without(struct fr_h2_stream *st);
/* Body bytes of it were framed. */
void fr_h2_body_framed(struct fr_h2_stream *st, size_t len);
/* Body bytes until the next change of order; SIZE_MAX: none to come. */
size_t fr_h2_lead_left(const struct fr_h2_stream *st);
/* Not from within nghttp2's callbacks. */
void fr_h2_apply_order(struct fr_h2_session *s);

/* --- priority_in.c --- */
/* The request's fields are complete: its Priority field, or the client's earlier
 * PRIORITY_UPDATE, counts. */
void fr_h2_take_request_priority(struct fr_h2_stream *st);
/* The origin's Priority field (RFC 9218 §8). */
void fr_h2_take_response_priority(struct fr_h2_stream *st, const struct fr_response *resp);
/* A PRIORITY_UPDATE frame is complete. stream_id: of the frame, which must be 0. */
void fr_h2_take_priority_update(struct fr_h2_session *s, int32_t stream_id);
/* A PRIORITY frame of the RFC 7540 tree, which nghttp2 has applied. */
void fr_h2_take_tree_priority(struct fr_h2_stream *st);
void fr_h2_set_priority_callbacks(nghttp2_session_callbacks *cb);
/* Does the client order by urgency (RFC 9218 §2.1)? */
bool fr_h2_is_by_urgency(const struct fr_h2_session *s);

#endif
