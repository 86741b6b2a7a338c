/* A complete head into a message (RFC 9112 §2 to §5). The text lies in the
 * arena and is changed in place: names become lower case. */
#include <string.h>

#include "http/h1_priv.h"
#include "http/url.h"

/* A line without its CRLF. Errors: a LF without CR in a request. */
static enum fr_h1_error take_line(struct fr_h1_parser *p, char **at, char *end, struct fr_str *line)
{
	size_t n;

	char *lf = memchr(*at, '\n', (size_t)(end - *at));

	if (!lf)
		return FR_H1_BARE_CR;
	n = (size_t)(lf - *at);
	if (n && lf[-1] == '\r')
		n--;
	else if (!fr_h1_bears(p, FR_H1_SLOPPY_LF))
		return FR_H1_BARE_LF;
	*line = fr_str_make(*at, n);
	*at = lf + 1;
	return FR_H1_NONE;
}

/* --- fields --- */

static enum fr_h1_error check_value(struct fr_str value)
{
	size_t n = fr_str_field_span(value);

	if (n == value.len)
		return FR_H1_NONE;
	return value.p[n] == '\r' ? FR_H1_BARE_CR : FR_H1_FIELD_VALUE;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where the colon after a name of `n` bytes is; len: nowhere. A response may have
 * white space before it, which is taken away (RFC 9112 §5.1). */
static size_t find_colon(struct fr_h1_parser *p, const char *line, size_t n, size_t len)
{
	size_t colon = n;

	while (colon < len && is_blank(line[colon]))
		colon++;
	if (n == 0 || colon == len || line[colon] != ':' ||
	    (colon > n && !fr_h1_bears(p, FR_H1_SLOPPY_COLON)))
		return len;
	return colon;
}

static enum fr_h1_error read_field(struct fr_h1_parser *p, char *line, size_t len,
                                   struct fr_fields *f)
{
	struct fr_str value;
	enum fr_h1_error e;
	size_t n = 0, colon;

	while (n < len && fr_char_is(line[n], FR_CH_TCHAR)) {
		line[n] = fr_ascii_lower(line[n]);
		n++;
	}
	colon = find_colon(p, line, n, len);
	if (colon == len)
		return FR_H1_FIELD_NAME;
	value = fr_str_trim(fr_str_make(line + colon + 1, len - colon - 1));
	e = check_value(value);
	if (e == FR_H1_NONE && fr_fields_add(f, fr_str_make(line, n), value) < 0)
		e = FR_H1_MEMORY;
	return e;
}

/* Joins the lines that continue a response's field line to it: each break becomes blanks
 * (RFC 9112 §5.2). Not where the value says where the message ends. */
static enum fr_h1_error unfold(struct fr_h1_parser *p, char **at, char *end, char *line,
                               size_t *len)
{
	struct fr_str name, next;
	enum fr_h1_error e;
	size_t colon;

	if (*at == end || !is_blank(**at))
		return FR_H1_NONE;
	colon = fr_str_find(fr_str_make(line, *len), ':');
	name = fr_str_trim(fr_str_make(line, colon));
	/* only a value may be folded, never a name */
	if (colon == *len || fr_str_iis(name, "content-length") ||
	    fr_str_iis(name, "transfer-encoding") || !fr_h1_bears(p, FR_H1_SLOPPY_FOLD))
		return FR_H1_OBS_FOLD;
	while (*at < end && is_blank(**at)) {
		char *cut = line + *len;

		e = take_line(p, at, end, &next);
		if (e != FR_H1_NONE)
			return e;
		memset(cut, ' ', (size_t)(next.p - cut));
		*len = (size_t)(next.p - line) + next.len;
	}
	return FR_H1_NONE;
}

/* Reads the field that begins at *at, and moves on. `size`: of all so far. At the
 * empty line: *ended. */
static enum fr_h1_error next_field(struct fr_h1_parser *p, char **at, char *end, size_t *size,
                                   bool *ended, struct fr_fields *f)
{
	char *begin = *at;
	struct fr_str line;
	enum fr_h1_error e = take_line(p, at, end, &line);

	if (e != FR_H1_NONE)
		return e;
	*ended = line.len == 0;
	if (*ended)
		return FR_H1_NONE;
	if (is_blank(*begin))
		return FR_H1_OBS_FOLD;
	e = unfold(p, at, end, begin, &line.len);
	if (e != FR_H1_NONE)
		return e;
	*size += line.len + FR_FIELD_OVERHEAD;
	if (f->n >= p->limits.fields_count || *size > p->limits.fields_bytes)
		return FR_H1_HEAD_TOO_LARGE;
	return read_field(p, begin, line.len, f);
}

static enum fr_h1_error read_fields(struct fr_h1_parser *p, char *text, size_t len,
                                    struct fr_fields *f)
{
	char *at = text, *end = text + len;
	enum fr_h1_error e = FR_H1_NONE;
	bool ended = false;
	size_t size = 0;

	while (e == FR_H1_NONE && !ended)
		e = next_field(p, &at, end, &size, &ended, f);
	return e;
}

enum fr_h1_error fr_h1_read_trailers(struct fr_h1_parser *p, char *text, size_t len)
{
	char *at = text, *end = text + len;
	enum fr_h1_error e = FR_H1_NONE;
	bool ended = false;
	size_t size = 0;

	while (!ended && at < end) {
		const char *before = at;

		e = next_field(p, &at, end, &size, &ended, &p->trailers);
		/* the content is complete: what cannot be read is left out */
		if (e == FR_H1_MEMORY || at == before ||
		    (e != FR_H1_NONE && !fr_h1_bears_once(p, FR_H1_SLOPPY_TRAILER)))
			return e;
	}
	return FR_H1_NONE;
}

/* --- start lines --- */

static enum fr_h1_error read_version(struct fr_str text, enum fr_version *out)
{
	if (text.len != 8 || !fr_str_starts(text, FR_STR("HTTP/")) || text.p[6] != '.' ||
	    !fr_char_is(text.p[5], FR_CH_DIGIT) || !fr_char_is(text.p[7], FR_CH_DIGIT))
		return FR_H1_START_LINE;
	if (text.p[5] != '1')
		return FR_H1_VERSION;
	/* a higher minor version is spoken as the highest we know (RFC 9110 §2.5) */
	*out = text.p[7] == '0' ? FR_HTTP_1_0 : FR_HTTP_1_1;
	return FR_H1_NONE;
}

/* absolute-form: authority and target come from the URL (RFC 9112 §3.2.2). */
static enum fr_h1_error read_absolute(struct fr_h1_parser *p, struct fr_str text)
{
	size_t skip = fr_str_istarts(text, FR_STR("https://")) ? 8 : 7, n;
	struct fr_str rest = fr_str_sub(text, skip, text.len);
	char *target;

	if (!fr_str_istarts(text, FR_STR("http://")) && skip == 7)
		return FR_H1_TARGET;
	for (n = 0; n < rest.len && rest.p[n] != '/' && rest.p[n] != '?'; n++)
		;
	p->req->authority = fr_str_sub(rest, 0, n);
	rest = fr_str_sub(rest, n, rest.len);
	if (rest.len && rest.p[0] == '/') {
		p->req->target = rest;
		return FR_H1_NONE;
	}
	target = fr_arena_alloc(p->arena, rest.len + 1);
	if (!target)
		return FR_H1_MEMORY;
	target[0] = '/';
	if (rest.len)
		memcpy(target + 1, rest.p, rest.len);
	p->req->target = fr_str_make(target, rest.len + 1);
	/* an empty path stands for "*" in OPTIONS (RFC 9112 §3.2.4) */
	if (p->req->method == FR_METHOD_OPTIONS && rest.len == 0)
		p->req->target = FR_STR("*");
	return FR_H1_NONE;
}

static enum fr_h1_error read_target(struct fr_h1_parser *p, struct fr_str text)
{
	struct fr_request *req = p->req;
	struct fr_str host;
	uint16_t port;

	if (!fr_str_all(text, FR_CH_TARGET))
		return FR_H1_TARGET;
	if (req->method == FR_METHOD_CONNECT) {
		req->authority = text;
		return fr_authority_parse(text, &host, &port) < 0 || port == 0 ? FR_H1_TARGET
		                                                               : FR_H1_NONE;
	}
	if (text.p[0] == '/') {
		req->target = text;
		return FR_H1_NONE;
	}
	if (fr_str_is(text, "*") && req->method == FR_METHOD_OPTIONS) {
		req->target = text;
		return FR_H1_NONE;
	}
	return read_absolute(p, text);
}

/* method SP request-target SP HTTP-version, one SP each (RFC 9112 §3). */
static enum fr_h1_error read_request_line(struct fr_h1_parser *p, struct fr_str line)
{
	size_t method_len = fr_str_find(line, ' ');
	struct fr_str rest = fr_str_sub(line, method_len + 1, line.len), target;
	enum fr_h1_error e;

	if (method_len > FR_H1_METHOD_MAX_BYTES)
		return FR_H1_METHOD;
	p->req->method_text = fr_str_sub(line, 0, method_len);
	if (!fr_str_all(p->req->method_text, FR_CH_TCHAR))
		return FR_H1_METHOD;
	p->req->method = fr_method_lookup(p->req->method_text);
	target = fr_str_sub(rest, 0, fr_str_find(rest, ' '));
	if (target.len == 0 || target.len == rest.len)
		return FR_H1_START_LINE;
	e = read_version(fr_str_sub(rest, target.len + 1, rest.len), &p->req->version);
	return e == FR_H1_NONE ? read_target(p, target) : e;
}

/* HTTP-version SP status-code [SP reason-phrase] (RFC 9112 §4). */
static enum fr_h1_error read_status_line(struct fr_h1_parser *p, struct fr_str line)
{
	enum fr_h1_error e = read_version(fr_str_sub(line, 0, 8), &p->resp->version);
	uint64_t status = 0;

	if (e != FR_H1_NONE)
		return e;
	if (line.len < 12 || line.p[8] != ' ' ||
	    fr_str_to_u64(fr_str_sub(line, 9, 12), &status) < 0 || status < 100 ||
	    (line.len > 12 && line.p[12] != ' ' && line.p[12] != '.'))
		return FR_H1_STATUS;
	if (line.len > 12 && line.p[12] == '.')
		(void)fr_h1_bears(p, FR_H1_SLOPPY_STATUS);
	p->resp->status = (int)status;
	return check_value(fr_str_sub(line, 12, line.len));
}

enum fr_h1_error fr_h1_read_head(struct fr_h1_parser *p, char *head, size_t len)
{
	char *at = head, *end = head + len;
	struct fr_str line;
	enum fr_h1_error e = take_line(p, &at, end, &line);

	if (e != FR_H1_NONE)
		return e;
	if (line.len > p->limits.line_bytes)
		return p->is_request ? FR_H1_TARGET_TOO_LONG : FR_H1_HEAD_TOO_LARGE;
	e = p->is_request ? read_request_line(p, line) : read_status_line(p, line);
	if (e != FR_H1_NONE)
		return e;
	return read_fields(p, at, (size_t)(end - at),
	                   p->is_request ? &p->req->fields : &p->resp->fields);
}
