/* Reads, normalises and resolves URLs (RFC 3986), and compares origins. */
#include "http/url.h"

#include <string.h>

uint16_t fr_scheme_default_port(struct fr_str scheme)
{
	if (fr_str_iis(scheme, "https"))
		return 443;
	return fr_str_iis(scheme, "http") ? 80 : 0;
}

/* --- authority --- */

static int parse_port(struct fr_str text, uint16_t *port)
{
	uint32_t n = 0;

	if (text.len == 0 || text.len > 5)
		return FR_ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		unsigned d = (unsigned)(unsigned char)text.p[i] - '0';

		if (d > 9)
			return FR_ERR_SYNTAX;
		n = n * 10 + d;
	}
	if (n == 0 || n > 65535)
		return FR_ERR_SYNTAX;
	*port = (uint16_t)n;
	return 0;
}

/* Where an IP literal ends, after its bracket; 0: it is none. */
static size_t literal_length(struct fr_str text)
{
	size_t close = fr_str_find(text, ']');

	if (close == text.len || close < 3)
		return 0;
	for (size_t i = 1; i < close; i++)
		if (!fr_char_is(text.p[i], FR_CH_HEX) && text.p[i] != ':' && text.p[i] != '.')
			return 0;
	return close + 1;
}

/* Where a name or an IPv4 address ends: before the colon; 0: it is none. */
static size_t name_length(struct fr_str text)
{
	size_t n = 0;

	for (; n < text.len && text.p[n] != ':'; n++)
		if (!fr_char_is(text.p[n], FR_CH_HOST) || text.p[n] == '[' || text.p[n] == ']')
			return 0;
	return n;
}

int fr_authority_parse(struct fr_str text, struct fr_str *host, uint16_t *port)
{
	size_t len = text.len && text.p[0] == '[' ? literal_length(text) : name_length(text);
	uint16_t n = 0;

	if (len == 0 || (len < text.len && text.p[len] != ':'))
		return FR_ERR_SYNTAX;
	/* "host:" with an empty port is allowed (RFC 3986 §3.2.3) */
	if (len + 1 < text.len && parse_port(fr_str_sub(text, len + 1, text.len), &n) < 0)
		return FR_ERR_SYNTAX;
	*host = fr_str_sub(text, 0, len);
	*port = n;
	return 0;
}

int fr_authority_canonical(struct fr_arena *a, struct fr_str scheme, struct fr_str text,
                           struct fr_str *out)
{
	struct fr_str host;
	uint16_t port;
	size_t n = 0;
	char *p;

	if (fr_authority_parse(text, &host, &port) < 0)
		return FR_ERR_SYNTAX;
	if (host.len > 1 && host.p[host.len - 1] == '.')
		host.len--;
	p = fr_arena_alloc(a, host.len + 1 + FR_I64_DIGITS);
	if (!p)
		return FR_ERR_NOMEM;
	for (; n < host.len; n++)
		p[n] = fr_ascii_lower(host.p[n]);
	if (port && port != fr_scheme_default_port(scheme)) {
		p[n++] = ':';
		n += fr_i64_format(p + n, port);
	}
	*out = fr_str_make(p, n);
	return 0;
}

/* --- pieces of a reference --- */

struct parts {
	struct fr_str scheme, authority, path, query;
	bool has_scheme, has_authority, has_query;
};

static bool is_scheme_char(char c)
{
	return fr_char_is(c, FR_CH_ALPHA | FR_CH_DIGIT) || c == '+' || c == '-' || c == '.';
}

/* RFC 3986 §3: scheme ":" "//" authority path "?" query; the fragment goes. */
static void split(struct fr_str s, struct parts *out)
{
	size_t i = 0;

	*out = (struct parts){0};
	s = fr_str_sub(s, 0, fr_str_find(s, '#'));
	while (i < s.len && is_scheme_char(s.p[i]))
		i++;
	if (i && i < s.len && s.p[i] == ':' && fr_char_is(s.p[0], FR_CH_ALPHA)) {
		out->scheme = fr_str_sub(s, 0, i);
		out->has_scheme = true;
		s = fr_str_sub(s, i + 1, s.len);
	}
	if (s.len >= 2 && s.p[0] == '/' && s.p[1] == '/') {
		s = fr_str_sub(s, 2, s.len);
		for (i = 0; i < s.len && s.p[i] != '/' && s.p[i] != '?'; i++)
			;
		out->authority = fr_str_sub(s, 0, i);
		out->has_authority = true;
		s = fr_str_sub(s, i, s.len);
	}
	i = fr_str_find(s, '?');
	out->path = fr_str_sub(s, 0, i);
	if (i < s.len) {
		out->query = fr_str_sub(s, i + 1, s.len);
		out->has_query = true;
	}
}

/* --- building a target --- */

/* Bytes a request target may not hold are percent-encoded as browsers do:
 * space, '"', '<', '>' and what is not ASCII. Controls are refused. */
static bool must_encode(unsigned char c)
{
	return c == ' ' || c == '"' || c == '<' || c == '>' || c >= 0x7f;
}

static int put_encoded(char *out, size_t *n, size_t cap, struct fr_str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f)
			return FR_ERR_SYNTAX;
		if (*n + 3 > cap)
			return FR_ERR_LIMIT;
		if (must_encode(c)) {
			out[(*n)++] = '%';
			out[(*n)++] = hex[c >> 4];
			out[(*n)++] = hex[c & 15];
		} else {
			/* browsers read a backslash as a slash here */
			out[(*n)++] = c == '\\' ? '/' : (char)c;
		}
	}
	return 0;
}

/* The length of a segment that is "." (1) or ".." (2), with either dot
 * percent-encoded or not; 0 for any other. */
static int dots(const char *p, size_t len)
{
	int n = 0;

	while (len) {
		if (p[0] == '.') {
			p++;
			len--;
		} else if (len >= 3 && p[0] == '%' && p[1] == '2' && (p[2] | 0x20) == 'e') {
			p += 3;
			len -= 3;
		} else {
			return 0;
		}
		if (++n > 2)
			return 0;
	}
	return n;
}

/* RFC 3986 §5.2.4, in place; the path begins with '/'. Returns its new length. */
static size_t remove_dot_segments(char *path, size_t len)
{
	size_t in = 0, out = 0;

	while (in < len) {
		size_t end = in + 1;
		int n;

		while (end < len && path[end] != '/')
			end++;
		n = dots(path + in + 1, end - in - 1);
		if (n == 0) {
			memmove(path + out, path + in, end - in);
			out += end - in;
		} else {
			if (n == 2)
				while (out > 0 && path[--out] != '/')
					;
			/* "/a/." and "/a/.." end with a slash */
			if (end == len)
				path[out++] = '/';
		}
		in = end;
	}
	if (out == 0)
		path[out++] = '/';
	return out;
}

/* path (made of dir and rest), dots removed, then the query. */
static int build_target(struct fr_arena *a, struct fr_str dir, struct fr_str rest,
                        const struct fr_str *query, struct fr_str *out)
{
	size_t cap = 3 * (dir.len + rest.len + (query ? query->len : 0)) + 8, n = 0;
	char *p;
	int rc = 0;

	p = fr_arena_alloc(a, cap);
	if (!p)
		return FR_ERR_NOMEM;
	if ((dir.len ? dir.p[0] : (rest.len ? rest.p[0] : 0)) != '/')
		p[n++] = '/';
	rc = put_encoded(p, &n, cap, dir);
	if (rc == 0)
		rc = put_encoded(p, &n, cap, rest);
	if (rc < 0)
		return rc;
	n = remove_dot_segments(p, n);
	if (query) {
		size_t from;

		p[n++] = '?';
		from = n;
		rc = put_encoded(p, &n, cap, *query);
		if (rc < 0)
			return rc;
		/* but a backslash in a query is only that */
		for (size_t i = 0, k = from; i < query->len; i++, k++) {
			if (query->p[i] == '\\')
				p[k] = '\\';
			else if (must_encode((unsigned char)query->p[i]))
				k += 2;
		}
	}
	if (n > FR_URL_MAX_BYTES)
		return FR_ERR_LIMIT;
	*out = fr_str_make(p, n);
	return 0;
}

/* --- URLs --- */

static int lower_copy(struct fr_arena *a, struct fr_str s, struct fr_str *out)
{
	char *p = fr_arena_alloc(a, s.len);

	if (!p)
		return FR_ERR_NOMEM;
	for (size_t i = 0; i < s.len; i++)
		p[i] = fr_ascii_lower(s.p[i]);
	*out = fr_str_make(p, s.len);
	return 0;
}

static int take_authority(struct fr_arena *a, struct fr_str authority, struct fr_url *u)
{
	struct fr_str host = {0};
	uint16_t port = 0;
	int rc = fr_authority_parse(authority, &host, &port);

	if (rc < 0)
		return rc;
	u->port = port ? port : fr_scheme_default_port(u->scheme);
	return lower_copy(a, host, &u->host);
}

static int take_scheme(struct fr_str scheme, struct fr_url *u)
{
	if (fr_str_iis(scheme, "https"))
		u->scheme = FR_STR("https");
	else if (fr_str_iis(scheme, "http"))
		u->scheme = FR_STR("http");
	else
		return FR_ERR_UNSUPPORTED;
	return 0;
}

static int from_parts(struct fr_arena *a, const struct parts *parts, struct fr_url *u)
{
	int rc = take_authority(a, parts->authority, u);

	if (rc < 0)
		return rc;
	return build_target(a, (struct fr_str){0}, parts->path,
	                    parts->has_query ? &parts->query : NULL, &u->target);
}

int fr_url_parse(struct fr_arena *a, struct fr_str text, struct fr_url *out)
{
	struct parts parts;
	struct fr_url u = {0};
	int rc;

	if (text.len > FR_URL_MAX_BYTES)
		return FR_ERR_LIMIT;
	split(text, &parts);
	if (!parts.has_scheme)
		return FR_ERR_SYNTAX;
	rc = take_scheme(parts.scheme, &u);
	if (rc < 0)
		return rc;
	if (!parts.has_authority)
		return FR_ERR_SYNTAX;
	rc = from_parts(a, &parts, &u);
	if (rc == 0)
		*out = u;
	return rc;
}

/* The base path up to its last slash (RFC 3986 §5.2.3). */
static struct fr_str directory(struct fr_str path)
{
	size_t n = path.len;

	while (n && path.p[n - 1] != '/')
		n--;
	return fr_str_sub(path, 0, n);
}

static int relative(struct fr_arena *a, const struct fr_url *base, const struct parts *ref,
                    struct fr_url *u)
{
	struct fr_str path = fr_str_sub(base->target, 0, fr_str_find(base->target, '?'));
	struct fr_str query = fr_str_sub(base->target, path.len + 1, base->target.len);
	const struct fr_str *used = ref->has_query ? &ref->query : NULL;

	u->host = base->host;
	u->port = base->port;
	if (ref->path.len == 0) {
		if (!ref->has_query && path.len < base->target.len)
			used = &query;
		return build_target(a, path, (struct fr_str){0}, used, &u->target);
	}
	if (ref->path.p[0] == '/' || ref->path.p[0] == '\\')
		return build_target(a, (struct fr_str){0}, ref->path, used, &u->target);
	return build_target(a, directory(path), ref->path, used, &u->target);
}

int fr_url_resolve(struct fr_arena *a, const struct fr_url *base, struct fr_str ref,
                   struct fr_url *out)
{
	struct parts parts;
	struct fr_url u = {.scheme = base->scheme};
	int rc = 0;

	if (ref.len > FR_URL_MAX_BYTES)
		return FR_ERR_LIMIT;
	split(ref, &parts);
	if (parts.has_scheme)
		rc = take_scheme(parts.scheme, &u);
	if (rc == 0 && parts.has_scheme && !parts.has_authority)
		rc = FR_ERR_SYNTAX;
	if (rc == 0)
		rc = parts.has_authority ? from_parts(a, &parts, &u)
		                         : relative(a, base, &parts, &u);
	if (rc == 0)
		*out = u;
	return rc;
}

bool fr_url_same_origin(const struct fr_url *a, const struct fr_url *b)
{
	return a->port == b->port && fr_str_eq(a->scheme, b->scheme) && fr_str_eq(a->host, b->host);
}
