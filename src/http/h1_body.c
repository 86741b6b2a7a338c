/* The chunked transfer coding (RFC 9112 §7.1), read. */
#include <string.h>

#include "http/h1_priv.h"
#include "http/trailers.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = fr_ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* chunk-size [chunk-ext]; extensions are bounded and thrown away. */
static enum fr_h1_error read_size(struct fr_h1_parser *p, struct fr_str line, uint64_t *size)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < line.len && hex_value(line.p[i]) >= 0; i++) {
		if (v >> 60)
			return FR_H1_CHUNK;
		v = v << 4 | (uint64_t)hex_value(line.p[i]);
	}
	if (i == 0 || v > INT64_MAX)
		return FR_H1_CHUNK;
	if (i < line.len && line.p[i] != ';' && line.p[i] != ' ' && line.p[i] != '\t')
		return FR_H1_CHUNK;
	/* white space there is only allowed before an extension (RFC 9112 §7.1.1) */
	if (i < line.len && line.p[i] != ';') {
		struct fr_str rest = fr_str_trim(fr_str_sub(line, i, line.len));

		if (rest.len ? rest.p[0] != ';' : !fr_h1_bears(p, FR_H1_SLOPPY_CHUNK_BLANKS))
			return FR_H1_CHUNK;
	}
	for (; i < line.len; i++)
		if (!fr_char_is(line.p[i], FR_CH_FIELD))
			return FR_H1_CHUNK;
	*size = v;
	return FR_H1_NONE;
}

static struct fr_h1_result more(size_t consumed)
{
	return (struct fr_h1_result){.event = FR_H1_NEED_MORE, .consumed = consumed};
}

/* A size line needs this much; what is longer is extensions, and those are
 * bounded over the whole message. */
#define PLAIN_LINE_BYTES 18u

static bool spend(struct fr_h1_parser *p, size_t line_bytes)
{
	if (line_bytes > PLAIN_LINE_BYTES)
		p->extra += line_bytes - PLAIN_LINE_BYTES;
	return p->extra <= p->limits.chunk_extra_bytes;
}

static struct fr_h1_result feed_size(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t max = p->limits.chunk_line_bytes, held = fr_buf_len(&p->held), n, used;
	const uint8_t *lf = memchr(data, '\n', len);
	struct fr_str line;
	enum fr_h1_error e;
	uint64_t size = 0;

	used = lf ? (size_t)(lf - data) + 1 : len;
	if (held + used > max)
		return fr_h1_fail(p, FR_H1_CHUNK);
	if (fr_buf_append(&p->held, data, used) < 0)
		return fr_h1_fail(p, FR_H1_MEMORY);
	if (!lf)
		return more(used);
	n = fr_buf_len(&p->held);
	line = fr_str_make((const char *)fr_buf_data(&p->held), n - 1);
	if (!spend(p, n))
		return fr_h1_fail(p, FR_H1_CHUNK);
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	else if (!fr_h1_bears_once(p, FR_H1_SLOPPY_CHUNK_LF))
		return fr_h1_fail(p, FR_H1_CHUNK);
	e = read_size(p, line, &size);
	fr_buf_clear(&p->held);
	if (e != FR_H1_NONE)
		return fr_h1_fail(p, e);
	p->left = size;
	p->state = size ? FR_H1_ST_CHUNK_DATA : FR_H1_ST_TRAILERS;
	return more(used);
}

static struct fr_h1_result feed_data(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t n = len < p->left ? len : (size_t)p->left;

	p->left -= n;
	if (p->left == 0)
		p->state = FR_H1_ST_CHUNK_END;
	return (struct fr_h1_result){
		.event = FR_H1_BODY, .consumed = n, .body = fr_str_make((const char *)data, n)};
}

static struct fr_h1_result feed_data_end(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t held = fr_buf_len(&p->held), n = len < 2 - held ? len : 2 - held;

	if (held == 0 && data[0] == '\n' && fr_h1_bears_once(p, FR_H1_SLOPPY_CHUNK_LF)) {
		p->state = FR_H1_ST_CHUNK_SIZE;
		return more(1);
	}
	for (size_t i = 0; i < n; i++)
		if (data[i] != (uint8_t) "\r\n"[held + i])
			return fr_h1_fail(p, FR_H1_CHUNK);
	if (held + n < 2) {
		if (fr_buf_append(&p->held, data, n) < 0)
			return fr_h1_fail(p, FR_H1_MEMORY);
		return more(n);
	}
	fr_buf_clear(&p->held);
	p->state = FR_H1_ST_CHUNK_SIZE;
	return more(n);
}

static struct fr_h1_result feed_trailers(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t text_len, used = 0;
	enum fr_h1_error e;
	char *text;
	int rc;

	if (len == 0)
		return more(0);
	rc = fr_h1_collect(p, data, len, true, p->limits.fields_bytes, FR_H1_HEAD_TOO_LARGE, &text,
	                   &text_len, &used);
	if (rc == -(int)FR_H1_HEAD_TOO_LARGE && fr_h1_bears_once(p, FR_H1_SLOPPY_TRAILER)) {
		/* the content is complete, but where the next message would begin is not known */
		p->is_spent = true;
		p->state = FR_H1_ST_DONE;
		return (struct fr_h1_result){.event = FR_H1_END, .consumed = used};
	}
	if (rc < 0)
		return fr_h1_fail(p, (enum fr_h1_error) - rc);
	if (rc == 0)
		return more(used);
	e = fr_h1_read_trailers(p, text, text_len);
	/* requests stay strict; a response is complete without them */
	for (size_t i = 0; p->is_request && e == FR_H1_NONE && i < p->trailers.n; i++)
		if (!fr_trailer_is_allowed(p->trailers.v[i].name))
			e = FR_H1_TRAILER;
	if (e != FR_H1_NONE)
		return fr_h1_fail(p, e);
	(void)fr_trailers_filter(&p->trailers, &p->connection);
	p->state = FR_H1_ST_DONE;
	return (struct fr_h1_result){.event = FR_H1_END, .consumed = used};
}

struct fr_h1_result fr_h1_feed_chunked(struct fr_h1_parser *p, const uint8_t *data, size_t len)
{
	size_t used = 0;

	/* framing lines yield no event: on to the next until there is one */
	while (used < len) {
		struct fr_h1_result r;

		if (p->state == FR_H1_ST_CHUNK_SIZE)
			r = feed_size(p, data + used, len - used);
		else if (p->state == FR_H1_ST_CHUNK_DATA)
			r = feed_data(p, data + used, len - used);
		else if (p->state == FR_H1_ST_CHUNK_END)
			r = feed_data_end(p, data + used, len - used);
		else
			r = feed_trailers(p, data + used, len - used);
		used += r.consumed;
		r.consumed = used;
		if (r.event != FR_H1_NEED_MORE)
			return r;
	}
	return more(used);
}
