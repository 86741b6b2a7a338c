/* The HTTP/1.1 codec (RFC 9112): strict, incremental, without I/O. A parser is fed the
 * bytes of one connection, one direction, in whatever pieces they come, and hands out
 * heads, body slices (pointing into what was fed) and the end of each message. Requests
 * that could be read in two ways are refused, never repaired. So are responses, except for
 * faults that every reader understands in the same way (FR_H1_SLOPPY_TABLE). Writers
 * append to a fr_buf.
 *
 * Use:  init; then for each message: begin(arena), and feed() until it reports END or an
 * error. feed() consumes at most one event's bytes at a time:
 *
 *   NEED_MORE --> all consumed, no event
 *   HEAD      --> the head is complete: `req` or `resp` is filled
 *   BODY      --> `body` holds the next slice of content (chunked framing removed)
 *   END       --> message complete; `trailers` holds the fields after a chunked body
 *
 * States: START_LINE -> FIELDS -> { BODY_LENGTH | BODY_CHUNK_* | BODY_EOF | none } ->
 * DONE, ERROR from anywhere; after an error the connection must be closed. */
#ifndef FR_HTTP_H1_H
#define FR_HTTP_H1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/message.h"

/* What is wrong with a message: name, status to answer a request with, text. */
#define FR_H1_ERROR_TABLE(X)                                                                       \
	X(NONE, 0, "no error")                                                                     \
	X(START_LINE, 400, "malformed start line")                                                 \
	X(METHOD, 400, "malformed method")                                                         \
	X(TARGET, 400, "malformed request target")                                                 \
	X(TARGET_TOO_LONG, 414, "request target too long")                                         \
	X(VERSION, 505, "HTTP version not supported")                                              \
	X(STATUS, 400, "malformed status code")                                                    \
	X(FIELD_NAME, 400, "malformed field name")                                                 \
	X(FIELD_VALUE, 400, "forbidden character in a field value")                                \
	X(OBS_FOLD, 400, "line folding in a field value")                                          \
	X(BARE_CR, 400, "CR without LF")                                                           \
	X(BARE_LF, 400, "LF without CR")                                                           \
	X(HEAD_TOO_LARGE, 431, "fields too large or too many")                                     \
	X(HOST, 400, "Host missing, repeated or malformed")                                        \
	X(HOST_MISMATCH, 400, "Host differs from the request target")                              \
	X(CONTENT_LENGTH, 400, "Content-Length malformed or repeated")                             \
	X(TRANSFER_ENCODING, 400, "Transfer-Encoding malformed")                                   \
	X(TRANSFER_CODING, 501, "transfer coding not supported")                                   \
	X(LENGTH_AND_CODING, 400, "both Content-Length and Transfer-Encoding")                     \
	X(CONNECTION, 400, "malformed Connection field")                                           \
	X(EXPECT, 417, "expectation not supported")                                                \
	X(UPGRADE, 400, "malformed Upgrade")                                                       \
	X(CHUNK, 400, "malformed chunk")                                                           \
	X(TRAILER, 400, "field not allowed in a trailer")                                          \
	X(TRUNCATED, 400, "message cut short")                                                     \
	X(MEMORY, 503, "out of memory for this message")

enum fr_h1_error {
#define X(name, status, text) FR_H1_##name,
	FR_H1_ERROR_TABLE(X)
#undef X
};

const char *fr_h1_error_str(enum fr_h1_error e);
/* The status to answer a request with; to a response's fault, 502 is due. */
int fr_h1_error_status(enum fr_h1_error e);

/* Faults of a response that are borne, because other proxies bear them and
 * the message has one meaning all the same: name, text. Where the framing
 * could have been meant otherwise the connection is not used again
 * (fr_response.keep_alive becomes false). */
#define FR_H1_SLOPPY_TABLE(X)                                                                      \
	X(EMPTY_LINE, "an empty line before the status line")                                      \
	X(STATUS, "a status code with a part after a dot")                                         \
	X(COLON, "white space before a colon")                                                     \
	X(FOLD, "a field value of several lines")                                                  \
	X(LF, "lines that end with LF alone")                                                      \
	X(LENGTH, "the same Content-Length more than once")                                        \
	X(CODING, "chunked more than once in Transfer-Encoding")                                   \
	X(BOTH, "Content-Length beside Transfer-Encoding")                                         \
	X(OLD_CODING, "Transfer-Encoding in HTTP/1.0")                                             \
	X(BODILESS, "Content-Length or Transfer-Encoding without a body")                          \
	X(CONNECTION, "a malformed Connection field")                                              \
	X(CHUNK_BLANKS, "white space after a chunk size")                                          \
	X(CHUNK_LF, "chunk lines that end with LF alone")                                          \
	X(TRAILER, "a trailer section that is malformed or too large")

enum fr_h1_sloppy {
#define X(name, text) FR_H1_SLOPPY_##name,
	FR_H1_SLOPPY_TABLE(X)
#undef X
		FR_H1_SLOPPY_COUNT
};

const char *fr_h1_sloppy_str(enum fr_h1_sloppy s);

enum fr_h1_event { FR_H1_NEED_MORE, FR_H1_HEAD, FR_H1_BODY, FR_H1_END, FR_H1_FAILED };

struct fr_h1_limits {
	size_t line_bytes;        /* request line or status line */
	size_t fields_bytes;      /* all fields, counted as fr_fields_size */
	size_t fields_count;      /* header fields; trailers the same again */
	size_t chunk_line_bytes;  /* one chunk-size line with its extensions */
	size_t chunk_extra_bytes; /* framing overhead without content in one
	                              message: many one-byte chunks with long extensions */
};
#define FR_H1_LIMITS_DEFAULT                                                                       \
	{                                                                                          \
		.line_bytes = 8192, .fields_bytes = 65536, .fields_count = 128,                    \
		.chunk_line_bytes = 256, .chunk_extra_bytes = 1u << 20                             \
	}

struct fr_h1_parser; /* one direction of one connection */

struct fr_h1_result {
	enum fr_h1_event event;
	size_t consumed;        /* of the bytes fed; may be 0 with END */
	struct fr_str body;     /* BODY: borrowed from the bytes fed */
	enum fr_h1_error error; /* FAILED */
};

/* A parser of requests (server side of the client connection) or responses
 * (origin connection). `limits` is copied. That of requests may be NULL for want
 * of memory, that of responses never. */
struct fr_h1_parser *fr_h1_request_parser_new(const struct fr_h1_limits *limits);
struct fr_h1_parser *fr_h1_response_parser_new(const struct fr_h1_limits *limits);
void fr_h1_parser_free(struct fr_h1_parser **p);

/* Begins the next message. Its bytes are copied into `arena` (borrowed until
 * END). For requests: `req` is borrowed and filled by HEAD; scheme is set by
 * the caller afterwards. absolute-form targets are resolved into authority
 * and target and must agree with Host (RFC 9112 §3.2.2). */
void fr_h1_begin_request(struct fr_h1_parser *p, struct fr_arena *arena, struct fr_request *req);
/* For responses: `method` of the request answered (HEAD and CONNECT change
 * the framing). 1xx other than 101 is reported as HEAD then END with no body;
 * the caller then begins again for the final response. */
void fr_h1_begin_response(struct fr_h1_parser *p, struct fr_arena *arena, struct fr_response *resp,
                          enum fr_method method);

/* True between begin and the first byte of the message (idle keep-alive).
 * Empty lines before a request line (RFC 9112 §2.2) do not end it; more than
 * a few are an error. */
bool fr_h1_is_idle(const struct fr_h1_parser *p);

/* Takes bytes. Never calls back. After FAILED the parser stays failed. */
struct fr_h1_result fr_h1_feed(struct fr_h1_parser *p, const uint8_t *data, size_t len);
/* The connection ended. Returns END for a body that is delimited by it,
 * NEED_MORE if idle (clean end), FAILED/TRUNCATED otherwise. */
struct fr_h1_result fr_h1_feed_eof(struct fr_h1_parser *p);
/* After END: the trailer fields that may be passed on (http/trailers.h; in
 * the arena); empty list if none. A request with others is refused; from a
 * response they are dropped. */
const struct fr_fields *fr_h1_trailers(const struct fr_h1_parser *p);
/* The faults borne in this response so far: a bit, 1 << enum fr_h1_sloppy, for
 * each. 0 for requests. */
uint32_t fr_h1_sloppy(const struct fr_h1_parser *p);
/* How this message's body is delimited, from HEAD on. */
enum fr_h1_framing { FR_H1_NO_BODY, FR_H1_LENGTH, FR_H1_CHUNKED, FR_H1_UNTIL_CLOSE };
enum fr_h1_framing fr_h1_framing(const struct fr_h1_parser *p);

/* --- writing: 0, FR_ERR_LIMIT or FR_ERR_NOMEM; the buffer is then unusable --- */

/* "METHOD target HTTP/1.1", Host from authority, the fields as they are (the
 * caller has removed hop-by-hop fields), then framing: Transfer-Encoding:
 * chunked if has_body without length, Content-Length if declared. Field
 * values are checked again: bytes that would split the message are refused
 * with FR_ERR_INVALID. `connection`: value for Connection or NULL. */
int fr_h1_write_request(struct fr_buf *out, const struct fr_request *req, const char *connection,
                        const char *upgrade) FR_MUST_USE;
/* Status line and fields; framing is added: Content-Length if
 * resp->content_length >= 0, else chunked if `chunked`. */
int fr_h1_write_response(struct fr_buf *out, const struct fr_response *resp, bool chunked,
                         const char *connection) FR_MUST_USE;
int fr_h1_write_chunk(struct fr_buf *out, const void *data, size_t len) FR_MUST_USE;
/* The last chunk and trailers (may be NULL). */
int fr_h1_write_last_chunk(struct fr_buf *out, const struct fr_fields *trailers) FR_MUST_USE;

#endif
