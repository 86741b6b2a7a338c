/* The HTTP/1.1 parser: its states, and what each makes of the bytes that it is fed. */
#include "http/h1.h"

#include <stdlib.h>
#include <string.h>

#include "base/enum.h"
#include "base/mem.h"
#include "http/h1_priv.h"

static const struct {
	int status;
	const char *text;
} errors[] = {
#define X(name, status, text) {status, text},
	FR_H1_ERROR_TABLE(X)
#undef X
};

const char *fr_h1_error_str(enum fr_h1_error e)
{
	return (size_t)e < FR_ARRAY_LEN(errors) ? errors[e].text : "?";
}

int fr_h1_error_status(enum fr_h1_error e)
{
	return (size_t)e < FR_ARRAY_LEN(errors) ? errors[e].status : 400;
}

FR_ENUM_STR(fr_h1_sloppy_str, fr_h1_sloppy, FR_H1_SLOPPY_TABLE)

/* --- life --- */

static struct fr_h1_parser *init(struct fr_h1_parser *p, const struct fr_h1_limits *limits,
                                 bool is_request)
{
	p->is_request = is_request;
	p->limits = *limits;
	p->state = FR_H1_ST_DONE;
	fr_buf_init(&p->held, limits->line_bytes + limits->fields_bytes + FR_FIELD_OVERHEAD);
	return p;
}

struct fr_h1_parser *fr_h1_request_parser_new(const struct fr_h1_limits *limits)
{
	struct fr_h1_parser *p = fr_try_calloc(1, sizeof *p);

	return p ? init(p, limits, true) : NULL;
}

struct fr_h1_parser *fr_h1_response_parser_new(const struct fr_h1_limits *limits)
{
	return init(fr_calloc(1, sizeof(struct fr_h1_parser)), limits, false);
}

void fr_h1_parser_free(struct fr_h1_parser **pp)
{
	if (!*pp)
		return;
	fr_buf_fini(&(*pp)->held);
	free(*pp);
	*pp = NULL;
}

static void begin(struct fr_h1_parser *p, struct fr_arena *arena)
{
	if (p->state == FR_H1_ST_FAILED)
		return;
	if (p->is_spent) {
		(void)fr_h1_fail(p, FR_H1_HEAD_TOO_LARGE);
		return;
	}
	p->state = FR_H1_ST_IDLE;
	p->arena = arena;
	p->sloppy = 0;
	p->framing = FR_H1_NO_BODY;
	p->left = p->extra = 0;
	p->empty_lines = 0;
	p->scanned = 0;
	fr_buf_clear(&p->held);
	fr_fields_init(&p->trailers, arena);
	fr_fields_init(&p->connection, arena);
}

void fr_h1_begin_request(struct fr_h1_parser *p, struct fr_arena *arena, struct fr_request *req)
{
	FR_ASSERT(p->is_request);
	begin(p, arena);
	p->req = req;
	fr_request_init(req, arena);
}

void fr_h1_begin_response(struct fr_h1_parser *p, struct fr_arena *arena, struct fr_response *resp,
                          enum fr_method method)
{
	FR_ASSERT(!p->is_request);
	begin(p, arena);
	p->resp = resp;
	p->method = method;
	fr_response_init(resp, arena, 0);
}

bool fr_h1_is_idle(const struct fr_h1_parser *p)
{
	return p->state == FR_H1_ST_IDLE;
}

const struct fr_fields *fr_h1_trailers(const struct fr_h1_parser *p)
{
	return &p->trailers;
}

enum fr_h1_framing fr_h1_framing(const struct fr_h1_parser *p)
{
	return p->framing;
}

uint32_t fr_h1_sloppy(const struct fr_h1_parser *p)
{
	return p->sloppy;
}

/* --- heads --- */

/* How long the empty line is that the text is or begins with; 0: none. */
static size_t empty_line(const struct fr_h1_parser *p, const uint8_t *text, size_t len)
{
	if (len >= 2 && text[0] == '\r' && text[1] == '\n')
		return 2;
	return !p->is_request && len && text[0] == '\n';
}

/* May one more stand before the start line? */
static bool skips_empty_line(struct fr_h1_parser *p)
{
	if (p->empty_lines == FR_H1_MAX_EMPTY_LINES)
		return false;
	p->empty_lines++;
	return p->is_request || fr_h1_bears(p, FR_H1_SLOPPY_EMPTY_LINE);
}

/* Drops empty lines before a start line; stops at the first other byte. */
static size_t skip_empty_lines(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t n = 0, line;

	while ((line = empty_line(p, data + n, len - n)) && skips_empty_line(p))
		n += line;
	return n;
}

/* The fields' size is counted by fr_h1_read_head; here the raw bytes are
 * bounded, and the start line where it has come whole. */
static enum fr_h1_error check_start_line(const struct fr_h1_parser *p, const uint8_t *data,
                                         size_t len)
{
	size_t held = fr_buf_len(&p->held), n;
	const uint8_t *text = held ? fr_buf_data(&p->held) : data;

	n = held ? held : len;
	if (n <= p->limits.line_bytes || memchr(text, '\n', p->limits.line_bytes))
		return FR_H1_NONE;
	return p->is_request ? FR_H1_TARGET_TOO_LONG : FR_H1_HEAD_TOO_LARGE;
}

static void after_head(struct fr_h1_parser *p)
{
	switch (p->framing) {
	case FR_H1_NO_BODY:
		p->state = FR_H1_ST_DONE;
		break;
	case FR_H1_LENGTH:
		p->state = p->left ? FR_H1_ST_LENGTH : FR_H1_ST_DONE;
		break;
	case FR_H1_CHUNKED:
		p->state = FR_H1_ST_CHUNK_SIZE;
		break;
	case FR_H1_UNTIL_CLOSE:
		p->state = FR_H1_ST_EOF;
		break;
	}
}

static struct fr_h1_result feed_head(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t skipped = fr_buf_len(&p->held) ? 0 : skip_empty_lines(p, data, len);
	size_t max = p->limits.line_bytes + p->limits.fields_bytes, text_len, used = 0;
	enum fr_h1_error e;
	char *text;
	int rc;

	if (skipped == len)
		return (struct fr_h1_result){.event = FR_H1_NEED_MORE, .consumed = skipped};
	p->state = FR_H1_ST_HEAD;
	/* what is collected for a head never begins with the empty line that
	 * would end a section: a lone CR may be its first half */
	rc = fr_h1_collect(p, data + skipped, len - skipped, true, max, FR_H1_HEAD_TOO_LARGE, &text,
	                   &text_len, &used);
	if (rc <= 0) {
		e = check_start_line(p, data + skipped, len - skipped);
		if (e != FR_H1_NONE || rc < 0)
			return fr_h1_fail(p, e != FR_H1_NONE ? e : (enum fr_h1_error) - rc);
		return (struct fr_h1_result){.event = FR_H1_NEED_MORE, .consumed = len};
	}
	if (empty_line(p, (const uint8_t *)text, text_len) == text_len && skips_empty_line(p)) {
		/* an empty line that came in two pieces */
		p->state = FR_H1_ST_IDLE;
		return (struct fr_h1_result){.event = FR_H1_NEED_MORE, .consumed = skipped + used};
	}
	e = fr_h1_read_head(p, text, text_len);
	if (e == FR_H1_NONE)
		e = p->is_request ? fr_h1_frame_request(p) : fr_h1_frame_response(p);
	if (e != FR_H1_NONE)
		return fr_h1_fail(p, e);
	after_head(p);
	return (struct fr_h1_result){.event = FR_H1_HEAD, .consumed = skipped + used};
}

/* --- feeding --- */

static struct fr_h1_result feed_plain(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t n = len;

	if (len == 0)
		return (struct fr_h1_result){.event = FR_H1_NEED_MORE};
	if (p->state == FR_H1_ST_LENGTH) {
		if (n > p->left)
			n = (size_t)p->left;
		p->left -= n;
		if (p->left == 0)
			p->state = FR_H1_ST_DONE;
	}
	return (struct fr_h1_result){
		.event = FR_H1_BODY, .consumed = n, .body = fr_str_make((const char *)data, n)};
}

struct fr_h1_result fr_h1_feed(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	switch (p->state) {
	case FR_H1_ST_IDLE:
	case FR_H1_ST_HEAD:
		if (len == 0)
			return (struct fr_h1_result){.event = FR_H1_NEED_MORE};
		return feed_head(p, data, len);
	case FR_H1_ST_LENGTH:
	case FR_H1_ST_EOF:
		return feed_plain(p, data, len);
	case FR_H1_ST_CHUNK_SIZE:
	case FR_H1_ST_CHUNK_DATA:
	case FR_H1_ST_CHUNK_END:
	case FR_H1_ST_TRAILERS:
		return fr_h1_feed_chunked(p, data, len);
	case FR_H1_ST_DONE:
		return (struct fr_h1_result){.event = FR_H1_END};
	case FR_H1_ST_FAILED:
		break;
	}
	return (struct fr_h1_result){.event = FR_H1_FAILED, .error = p->error};
}

struct fr_h1_result fr_h1_feed_eof(struct fr_h1_parser *p)
{
	switch (p->state) {
	case FR_H1_ST_IDLE:
		return (struct fr_h1_result){.event = FR_H1_NEED_MORE};
	case FR_H1_ST_EOF:
		p->state = FR_H1_ST_DONE;
		return (struct fr_h1_result){.event = FR_H1_END};
	case FR_H1_ST_DONE:
		return (struct fr_h1_result){.event = FR_H1_END};
	case FR_H1_ST_HEAD:
	case FR_H1_ST_LENGTH:
	case FR_H1_ST_CHUNK_SIZE:
	case FR_H1_ST_CHUNK_DATA:
	case FR_H1_ST_CHUNK_END:
	case FR_H1_ST_TRAILERS:
	case FR_H1_ST_FAILED:
		break;
	}
	return fr_h1_fail(p, FR_H1_TRUNCATED);
}
