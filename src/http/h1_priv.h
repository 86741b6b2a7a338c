/* What the parts of the HTTP/1.1 parser share: h1.c (states and feeding), h1_head.c (a whole
 * head into a message), h1_frame.c (how the body is delimited), h1_body.c (chunked bodies), and
 * below all of them h1_common.c. */
#ifndef FR_HTTP_H1_PRIV_H
#define FR_HTTP_H1_PRIV_H

#include "http/h1.h"

/* Empty lines that a client may send before a request line (RFC 9112 §2.2). */
#define FR_H1_MAX_EMPTY_LINES 4u
#define FR_H1_METHOD_MAX_BYTES 32u

enum fr_h1_state {
	FR_H1_ST_IDLE,       /* nothing of the message has come */
	FR_H1_ST_HEAD,       /* collecting the head */
	FR_H1_ST_LENGTH,     /* body of known length */
	FR_H1_ST_CHUNK_SIZE, /* a chunk's size line */
	FR_H1_ST_CHUNK_DATA,
	FR_H1_ST_CHUNK_END, /* CRLF after a chunk's data */
	FR_H1_ST_TRAILERS,  /* collecting the trailer section */
	FR_H1_ST_EOF,       /* body until the connection ends */
	FR_H1_ST_DONE,      /* END is due or was reported */
	FR_H1_ST_FAILED
};

struct fr_h1_parser {
	bool is_request;
	enum fr_h1_state state;
	enum fr_h1_error error;
	struct fr_h1_limits limits;
	struct fr_arena *arena;   /* borrowed: this message's */
	struct fr_request *req;   /* borrowed; requests */
	struct fr_response *resp; /* borrowed; responses */
	enum fr_method method;    /* responses: of the request */
	enum fr_h1_framing framing;
	uint64_t left;  /* bytes of the body or chunk to come */
	uint64_t extra; /* framing bytes of this chunked body */
	unsigned empty_lines;
	uint32_t sloppy;    /* bits: faults borne in this message */
	bool is_doubtful;   /* the connection's framing: no response after this one */
	bool is_spent;      /* no message after this one can be read */
	struct fr_buf held; /* a head, line or trailer section that came in pieces */
	size_t scanned;     /* of held: searched for its end already */
	struct fr_fields trailers;
	struct fr_fields connection; /* of a chunked message's head: may name trailers */
};

/* --- h1_common.c --- */
/* Is a fault of that kind borne? In responses: it is noted, then. */
bool fr_h1_bears(struct fr_h1_parser *p, enum fr_h1_sloppy fault);
/* The same for one that the origin may have meant otherwise: its connection is not
 * used again. */
bool fr_h1_bears_once(struct fr_h1_parser *p, enum fr_h1_sloppy fault);

struct fr_h1_result fr_h1_fail(struct fr_h1_parser *p, enum fr_h1_error e);

/* Collects bytes up to and including `end` ("\r\n" or an empty line) across
 * feeds. Returns 1 with *text (writable, in the arena) when it is complete, 0 for more,
 * a negative fr_h1_error past `max`. *used: of the bytes given, in all cases but
 * FR_H1_MEMORY; past `max`, up to and with the byte that passed it. */
int fr_h1_collect(struct fr_h1_parser *p, const uint8_t *data, size_t len, bool section, size_t max,
                  enum fr_h1_error too_large, char **text, size_t *text_len, size_t *used);

/* --- h1_head.c --- */
/* Reads a complete head (start line and fields with the empty line; `len`
 * bytes in the arena, writable) into the message. */
enum fr_h1_error fr_h1_read_head(struct fr_h1_parser *p, char *head, size_t len);
/* Reads a trailer section into p->trailers; lines of a response's that are
 * malformed or beyond the limits are left out. */
enum fr_h1_error fr_h1_read_trailers(struct fr_h1_parser *p, char *text, size_t len);

/* --- h1_frame.c --- */
/* After the head: how the body is delimited; checks what could be read two ways. */
enum fr_h1_error fr_h1_frame_request(struct fr_h1_parser *p);
enum fr_h1_error fr_h1_frame_response(struct fr_h1_parser *p);

/* --- h1_body.c --- */
struct fr_h1_result fr_h1_feed_chunked(struct fr_h1_parser *p, const uint8_t *data, size_t len);

#endif
