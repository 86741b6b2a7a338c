/* One HTTP/2 connection seen from the server (RFC 9113), over libnghttp2:
 * bytes in, events out; submissions in, bytes out. No I/O, no clock (the time
 * is passed in). The edge's client connections use it; the fuzz target and
 * unit tests drive it with byte strings.
 *
 * Besides framing and HPACK it enforces the protocol's rules that nghttp2
 * leaves to the application and every limit on what a peer can drive; a
 * violation is described by a constant fr_h2_fault (HTTP/2 code, scope,
 * counter).
 *
 * Streams: IDLE -> HEAD (fields arriving) -> OPEN (request handed over)
 *   -> HALF_CLOSED (request complete) -> CLOSED; pushed streams begin RESERVED
 *   and go straight to HALF_CLOSED.
 *
 * Feed and flush are separate: events never cause output before
 * fr_h2_drain() is called; callers may submit, reset and push from within
 * events. on_close is the last event of a stream. The session is never freed
 * from within an event. */
#ifndef FR_H2_SESSION_H
#define FR_H2_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/pool.h"
#include "http/message.h"

/* What a peer did wrong: name, HTTP/2 error code, 1 if the whole connection
 * ends, text. Each has a counter in fr_h2_stats. */
#define FR_H2_FAULT_TABLE(X)                                                                       \
	X(MALFORMED, 1 /* PROTOCOL_ERROR */, 0, "malformed request")                               \
	X(FIELDS_TOO_LARGE, 0xb, 0, "request fields too large or too many")                        \
	X(FIELDS_HELD, 7 /* REFUSED_STREAM */, 0, "request fields of all streams too large")       \
	X(FIELDS_FLOOD, 0xb, 1, "request fields far beyond the limit")                             \
	X(CONTINUATION_FLOOD, 0xb, 1, "too many CONTINUATION frames")                              \
	X(EMPTY_FRAMES, 0xb, 1, "too many empty frames")                                           \
	X(PING_FLOOD, 0xb, 1, "too many PING frames")                                              \
	X(SETTINGS_FLOOD, 0xb, 1, "too many SETTINGS frames")                                      \
	X(PRIORITY_FLOOD, 0xb, 1, "too many PRIORITY frames")                                      \
	X(WINDOW_UPDATE_FLOOD, 0xb, 1, "too many WINDOW_UPDATE frames")                            \
	X(BAD_PRIORITY, 1, 1, "PRIORITY_UPDATE that RFC 9218 forbids")                             \
	X(UNKNOWN_FLOOD, 0xb, 1, "too many frames of unknown types")                               \
	X(RESET_FLOOD, 0xb, 1, "streams opened and reset too fast")                                \
	X(ACK_QUEUE, 0xb, 1, "client does not read our acknowledgements")                          \
	X(FRAME_QUEUE, 0xb, 1, "client does not read our frames")                                  \
	X(GONE_FLOOD, 0xb, 1, "too many frames on streams that have ended")                        \
	X(MEMORY, 2 /* INTERNAL_ERROR */, 0, "out of memory for a stream")                         \
	X(LIBRARY, 1, 1, "framing, HPACK or flow-control error found by nghttp2")

enum fr_h2_fault {
#define X(id, code, conn, text) FR_H2_FAULT_##id,
	FR_H2_FAULT_TABLE(X)
#undef X
		FR_H2_FAULT_COUNT
};
const char *fr_h2_fault_str(enum fr_h2_fault f);

/* RFC 9113 §7 */
#define FR_H2_CODE_TABLE(X)                                                                        \
	X(NO_ERROR, 0)                                                                             \
	X(PROTOCOL_ERROR, 1)                                                                       \
	X(INTERNAL_ERROR, 2)                                                                       \
	X(FLOW_CONTROL_ERROR, 3)                                                                   \
	X(SETTINGS_TIMEOUT, 4)                                                                     \
	X(STREAM_CLOSED, 5)                                                                        \
	X(FRAME_SIZE_ERROR, 6)                                                                     \
	X(REFUSED_STREAM, 7)                                                                       \
	X(CANCEL, 8)                                                                               \
	X(COMPRESSION_ERROR, 9)                                                                    \
	X(CONNECT_ERROR, 10)                                                                       \
	X(ENHANCE_YOUR_CALM, 11)                                                                   \
	X(INADEQUATE_SECURITY, 12)                                                                 \
	X(HTTP_1_1_REQUIRED, 13)
enum fr_h2_code {
#define X(id, n) FR_H2_##id = n,
	FR_H2_CODE_TABLE(X)
#undef X
};

struct fr_h2_limits {
	uint32_t max_concurrent_streams; /* client's streams; advertised. Pushes: as many */
	uint32_t window_bytes;           /* receive window of a stream; advertised */
	uint32_t connection_window_bytes;
	/* A window grows fourfold up to these while what comes is passed on at once. */
	uint32_t window_max_bytes, connection_window_max_bytes;
	uint32_t max_frame_bytes;     /* SETTINGS_MAX_FRAME_SIZE; 16384.. */
	uint32_t header_table_bytes;  /* HPACK decoder table; advertised */
	uint32_t encoder_table_bytes; /* HPACK encoder table; at most what the client allows */
	size_t fields_bytes;          /* after decoding, 32 overhead a field; advertised */
	size_t fields_count;          /* after decoding; every cookie crumb counts */
	/* Memory for the fields of all live streams: see FR_H2_HELD_FACTOR. What streams
	 * share with the HPACK table counts once, by its reference. */
	size_t fields_connection_bytes;
	/* Control frames are held to a rate by token buckets: `burst` at once,
	 * `per_second` refilled. */
	uint32_t control_burst, control_per_second; /* PING, SETTINGS, PRIORITY(_UPDATE), empty
	                                               frames, unknown types: each its own bucket */
	uint32_t window_update_per_frame;           /* WINDOW_UPDATEs allowed for each DATA frame
	                                     sent, beyond the burst */
	uint32_t continuation_frames;               /* in one header block */
	uint32_t reset_burst, reset_per_second;     /* streams ended by RST_STREAM either way,
	                                           counted when the stream closes, and
	                                           streams that we refuse */
};
void fr_h2_limits_default(struct fr_h2_limits *l);

struct fr_h2_stats { /* of one session; the owner sums them up */
	uint64_t faults[FR_H2_FAULT_COUNT];
	uint64_t streams, pushes, resets_received, resets_sent;
	uint64_t gone_frames; /* DATA, HEADERS, RST_STREAM on streams that had ended */
	uint64_t head_bytes_in, head_bytes_in_plain; /* HPACK: on the wire, decoded */
	uint64_t head_bytes_out, head_bytes_out_plain;
};

struct fr_h2_session; /* opaque */

/* Result of reading a response body. */
struct fr_h2_body {
	size_t len;                       /* bytes available now, at most what was asked for */
	bool deferred;                    /* nothing now; fr_h2_resume() will say when */
	bool end;                         /* these are the last bytes */
	const struct fr_fields *trailers; /* with end: sent after the body; NULL for none */
	bool failed; /* the body cannot be completed: the stream is reset with INTERNAL_ERROR */
};

struct fr_h2_events {
	/* A request's fields begin. The handler gives the arena and request to
	 * fill and its own context for the stream. Returning NULL refuses the
	 * stream (REFUSED_STREAM); on_close does not follow then. */
	void *(*on_open)(void *user, int32_t stream_id, struct fr_arena **arena,
	                 struct fr_request **req);
	/* The head is complete and valid: pseudo-header fields are in req's
	 * method, scheme, authority, target (Host agreed with :authority and was
	 * removed; cookie crumbs are joined, RFC 9113 §8.2.3). */
	void (*on_request)(void *user, void *stream, bool end);
	/* The fields were larger or more than the limits: 431 is due, with
	 * fr_h2_submit_response; the request is not to be looked at. end as above. */
	void (*on_oversized)(void *user, void *stream, bool end);
	/* Not called with len 0. Counts against the windows until
	 * fr_h2_consumed(). */
	void (*on_data)(void *user, void *stream, const uint8_t *data, size_t len);
	/* The request is complete (only if on_request said !end). trailers may be NULL. */
	void (*on_end)(void *user, void *stream, const struct fr_fields *trailers);
	/* The stream is gone, whatever the cause; code is NO_ERROR when both
	 * sides ended it. `by_peer`: an RST_STREAM came from the client. */
	void (*on_close)(void *user, void *stream, uint32_t code, bool by_peer);
	/* How many body bytes of at most `max` can be sent now? */
	struct fr_h2_body (*on_read)(void *user, void *stream, size_t max);
	/* Append exactly `len` body bytes (announced by on_read) to `out`, which has room.
	 * False: they are not there any more, and the stream is reset. */
	bool (*on_copy)(void *user, void *stream, uint8_t *out, size_t len);
	/* PRIORITY_UPDATE, SETTINGS and the like need no event. */
	void (*on_fault)(void *user, void *stream /* NULL: connection */, enum fr_h2_fault f);
	void (*on_goaway)(void *user, uint32_t code); /* the client is leaving; may be NULL */
};

/* NULL: out of memory. events and limits are copied; user and pool are borrowed; memory for
 * streams and frames is from the pool. Our SETTINGS are sent when the client's have
 * come. */
struct fr_h2_session *fr_h2_session_new(const struct fr_h2_limits *limits,
                                        const struct fr_h2_events *events, void *user,
                                        struct fr_pool *pool, uint64_t now_ms);
/* Fires on_close for every stream still there (code CANCEL), then frees. */
void fr_h2_session_free(struct fr_h2_session **s);

/* Takes bytes from the client. 0; or negative when the connection must end:
 * drain what is left (a GOAWAY), send it, close. */
int fr_h2_feed(struct fr_h2_session *s, const uint8_t *data, size_t len,
               uint64_t now_ms) FR_MUST_USE;

/* Serialises frames into `out` until it holds about max_bytes more than
 * before (at most one frame beyond) or nothing is left. Returns 0 or negative (as feed). */
int fr_h2_drain(struct fr_h2_session *s, struct fr_buf *out, size_t max_bytes) FR_MUST_USE;
bool fr_h2_wants_drain(const struct fr_h2_session *s);
/* Neither reads nor writes are wanted any more: close the connection. */
bool fr_h2_is_finished(const struct fr_h2_session *s);

/* Answers. Fields must be valid and without connection-specific ones. They are
 * encoded later: those of an informational response are copied, those of the
 * final one are borrowed until on_close. stream_id names a live stream, else
 * FR_ERR_CLOSED. FR_ERR_NOMEM leaves the stream as it was. FR_ERR_LIMIT: so many
 * informational responses wait already that this one is not taken. */
int fr_h2_submit_informational(struct fr_h2_session *s, int32_t stream_id,
                               const struct fr_response *resp) FR_MUST_USE;
/* has_body: on_read will be asked; else the stream ends with the head. */
int fr_h2_submit_response(struct fr_h2_session *s, int32_t stream_id,
                          const struct fr_response *resp, bool has_body) FR_MUST_USE;
/* Body bytes, the end or a failure arrived where on_read had deferred.
 * Harmless if it had not. */
void fr_h2_resume(struct fr_h2_session *s, int32_t stream_id);
/* Sends RST_STREAM; on_close follows in a later drain or feed, not from here. Harmless on
 * a stream that is gone. */
void fr_h2_reset(struct fr_h2_session *s, int32_t stream_id, enum fr_h2_code code);
/* What the client still has to send of its request is of no use to anybody: RST_STREAM with
 * NO_ERROR follows the end of the response (RFC 9113 §8.1), unless the request is complete by
 * then. Harmless on a stream that is gone. */
void fr_h2_stop_request(struct fr_h2_session *s, int32_t stream_id);
/* Request body bytes that were handed over and not passed on, of all streams. */
size_t fr_h2_unconsumed(const struct fr_h2_session *s);
/* Request body bytes were passed on: opens the windows again. */
void fr_h2_consumed(struct fr_h2_session *s, int32_t stream_id, size_t len);

/* --- push (RFC 9113 §8.4) --- */
/* May a push be promised on parent_id now? False when the client disabled
 * push, its MAX_CONCURRENT_STREAMS is used up by pushes (reserved ones
 * included), either side sent GOAWAY, or the parent is gone. */
bool fr_h2_push_is_enabled(const struct fr_h2_session *s); /* ENABLE_PUSH and no GOAWAY */
bool fr_h2_push_has_room(const struct fr_h2_session *s);   /* the client's stream limit, and ours */
/* Queues PUSH_PROMISE with the request's pseudo-header fields and fields; it
 * is sent before any HEADERS or DATA that is submitted later on the parent.
 * req: its strings are borrowed until on_close of the promised stream.
 * `stream`: context for the events of the promised stream. Returns its id
 * (> 0), FR_ERR_REFUSED as above, FR_ERR_NOMEM. */
int32_t fr_h2_push(struct fr_h2_session *s, int32_t parent_id, const struct fr_request *req,
                   void *stream) FR_MUST_USE;

/* --- the order of sending (RFC 9218; for clients that use the RFC 7540 tree,
 * the same order within it) ---
 *
 * Of one page: its lead (fr_h2_lead), then the shorter one of BLOCKING pushes in the order of
 * their promises, and the rest of its body with NORMAL pushes beside it; LATE pushes. Who has
 * nothing to send makes way. What the client says of its requests (Priority
 * field, PRIORITY_UPDATE, PRIORITY) moves the page and its pushes with it; what a
 * PRIORITY_UPDATE says of a push replaces our rank for good. The origin's Priority field in a
 * response counts for clients without the tree (RFC 9218 §8). LATE pushes are
 * after the client's own requests of the default urgency. */
enum fr_h2_rank { FR_H2_RANK_BLOCKING, FR_H2_RANK_NORMAL, FR_H2_RANK_LATE };
/* May be called again with another rank. Harmless on a stream that is gone. */
void fr_h2_rank_push(struct fr_h2_session *s, int32_t push_id, int32_t page_id,
                     enum fr_h2_rank rank);
/* A request of the client's own is for what blocks the rendering of the page on another
 * stream: until the client says more of it, it goes where BLOCKING pushes do, unless it
 * was asked for as something that matters less. Only upwards: what the client asks for
 * later is placed by it below what it asked for before. Harmless on streams that are gone,
 * and on others than requests. */
void fr_h2_rank_request(struct fr_h2_session *s, int32_t stream_id, int32_t page_id);
/* A request of the client's own is for what the page needs late: it goes behind whatever else
 * the client asks for, until the client says more of it, or until FR_H2_HOLD_BYTES of the
 * other bodies have gone; when nothing else is to be sent it goes at once. Harmless on streams
 * that are gone, and on others than requests. */
#define FR_H2_HOLD_BYTES 131072u
void fr_h2_hold_request(struct fr_h2_session *s, int32_t stream_id);
/* The first lead_bytes of the page's body go before what is BLOCKING, whether that
 * came before or comes later. Call it before the body is sent, with the response
 * at best; bytes that left already count. The frame that holds the last of them ends
 * there. 0 takes it back. Harmless on a stream that is gone. */
void fr_h2_lead(struct fr_h2_session *s, int32_t page_id, size_t lead_bytes);

/* --- closing --- */
/* Graceful shutdown (RFC 9113 §6.8), first step: GOAWAY with the highest id.
 * New streams are still taken. */
void fr_h2_shutdown_begin(struct fr_h2_session *s);
/* Second step, a round trip later: GOAWAY with the last id taken; newer
 * streams are ignored. is_finished() becomes true when the rest is done. */
void fr_h2_shutdown_finish(struct fr_h2_session *s);

/* Of nghttp2 at run time, e.g. "1.52.0". */
const char *fr_h2_library_version(void);

/* About how much memory it holds, streams and frames that wait included. */
size_t fr_h2_session_held(const struct fr_h2_session *s);
size_t fr_h2_stream_count(const struct fr_h2_session *s); /* live, pushes included */
const struct fr_h2_stats *fr_h2_session_stats(const struct fr_h2_session *s);

#endif
