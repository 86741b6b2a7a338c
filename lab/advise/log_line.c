/* Where servers differ in how they write a request is known here alone. */
#include "lab/advise/log_line.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ip.h"
#include "lab/measurement/json_text.h"

/* The names of one value, with dots between an object and its member. */
#define MAX_NAMES 8u
#define NAME_BYTES 64u

struct names {
	size_t offset; /* of a struct fr_str in struct fr_log_line */
	const char *names[MAX_NAMES];
};

#define AT(member) offsetof(struct fr_log_line, member)

/* Forerun, Caddy, nginx' variables, Traefik, Google's load balancers; the first that is
 * there counts. */
static const struct names texts[] = {
	{AT(method),
         {"method", "request_method", "request.method", "RequestMethod",
          "httpRequest.requestMethod"}},
	{AT(scheme), {"scheme", "RequestScheme"}},
	{AT(host), {"host", "request.host", "http_host", "RequestHost", "vhost", "server_name"}},
	{AT(target),
         {"target", "request.uri", "request_uri", "RequestPath", "uri", "httpRequest.requestUrl"}},
	{AT(referer),
         {"referer", "request.headers.Referer", "http_referer", "request_Referer", "referrer",
          "http_referrer", "httpRequest.referer"}},
	{AT(agent),
         {"user_agent", "request.headers.User-Agent", "http_user_agent", "request_User-Agent",
          "agent", "httpRequest.userAgent"}},
	{AT(type),
         {"resp_headers.Content-Type", "sent_http_content_type", "content_type",
          "downstream_Content-Type"}},
	{AT(dest),
         {"request.headers.Sec-Fetch-Dest", "http_sec_fetch_dest", "request_Sec-Fetch-Dest"}},
	{AT(purpose),
         {"purpose", "request.headers.Sec-Purpose", "http_sec_purpose", "request.headers.Purpose"}},
	{AT(end), {"end"}},
	{AT(id), {"id"}},
	{AT(parent), {"parent"}},
	{AT(outcome), {"outcome"}},
};

static const char *const status_names[MAX_NAMES] = {"status", "DownstreamStatus",
                                                    "httpRequest.status", "status_code"};
static const char *const bytes_names[MAX_NAMES] = {
	"bytes",     "size", "body_bytes_sent", "DownstreamContentSize", "httpRequest.responseSize",
	"bytes_sent"};

static const struct {
	const char *name;
	double us; /* of its unit */
} times[] = {
	{"origin_first_byte_us", 1},
	{"upstream_header_time", 1e6},
	{"upstream_response_time", 1e6},
	{"OriginDuration", 1e-3},
	{"duration", 1e6},
};

/* --- JSON --- */

/* The value at "a.b"; the first of a list. Borrowed. */
static const json_t *value_at(const json_t *j, const char *path)
{
	struct fr_str rest = fr_str_from(path);

	while (j && rest.len) {
		char name[NAME_BYTES];
		size_t n = fr_str_find(rest, '.');

		(void)snprintf(name, sizeof name, "%.*s", FR_STR_ARG(fr_str_sub(rest, 0, n)));
		j = json_object_get(j, name);
		rest = fr_str_sub(rest, n + 1, rest.len);
	}
	return json_is_array(j) ? json_array_get(j, 0) : j;
}

static const json_t *first_of(const json_t *j, const char *const *names)
{
	for (size_t i = 0; i < MAX_NAMES && names[i]; i++) {
		const json_t *v = value_at(j, names[i]);

		if (json_is_string(v) || json_is_number(v))
			return v;
	}
	return NULL;
}

/* Some write numbers as texts. */
static double number_of(const json_t *v, double otherwise)
{
	const char *text = json_string_value(v);
	char *end;
	double n = json_number_value(v);

	if (text) {
		n = strtod(text, &end);
		if (end == text)
			return otherwise;
	} else if (!json_is_number(v)) {
		return otherwise;
	}
	return n >= 0 && n < 1e15 ? n : otherwise;
}

static struct fr_str text_of(const json_t *v)
{
	struct fr_str s = fr_str_make(json_string_value(v), json_string_length(v));

	return s.p && !fr_str_is(s, "-") ? s : (struct fr_str){0};
}

/* "GET /a HTTP/1.1". */
static bool take_request(struct fr_str text, struct fr_log_line *out)
{
	size_t n = fr_str_find(text, ' ');
	struct fr_str rest = fr_str_sub(text, n + 1, text.len);
	size_t end = rest.len;

	while (end > 0 && rest.p[end - 1] != ' ')
		end--;
	out->method = fr_str_sub(text, 0, n);
	out->target = end ? fr_str_sub(rest, 0, end - 1) : rest;
	return out->target.len > 0;
}

/* "http://host/a", as proxies are asked: host and target apart. */
static void split_absolute(struct fr_log_line *out)
{
	size_t n = fr_str_find(out->target, ':');
	struct fr_str rest = fr_str_sub(out->target, n, out->target.len);

	if (!fr_str_starts(rest, FR_STR("://")) || !out->target.len || out->target.p[0] == '/')
		return;
	rest = fr_str_sub(rest, 3, rest.len);
	out->scheme = fr_str_sub(out->target, 0, n);
	out->host = fr_str_sub(rest, 0, fr_str_find(rest, '/'));
	out->target = fr_str_sub(rest, out->host.len, rest.len);
	if (!out->target.len)
		out->target = FR_STR("/");
}

static bool from_json(json_t *j, struct fr_log_line *out)
{
	*out = (struct fr_log_line){.json = j, .think_us = -1};
	for (size_t i = 0; i < FR_ARRAY_LEN(texts); i++)
		*(struct fr_str *)((char *)out + texts[i].offset) =
			text_of(first_of(j, texts[i].names));
	if (!out->target.len)
		(void)take_request(text_of(json_object_get(j, "request")), out);
	split_absolute(out);
	if (!out->scheme.len && json_is_object(json_object_get(j, "request")))
		out->scheme = value_at(j, "request.tls") ? FR_STR("https") : FR_STR("http");
	out->status = (int)number_of(first_of(j, status_names), 0);
	out->bytes = (uint64_t)number_of(first_of(j, bytes_names), (double)(1ull << 62));
	if (out->bytes == 1ull << 62)
		out->bytes = FR_LOG_UNKNOWN_BYTES;
	for (size_t i = 0; i < FR_ARRAY_LEN(times) && out->think_us < 0; i++) {
		double n = number_of(json_object_get(j, times[i].name), -1);

		out->think_us = n >= 0 && n * times[i].us < 1e12 ? (int64_t)(n * times[i].us) : -1;
	}
	return out->target.len > 0 && (out->status || out->host.len);
}

/* --- combined --- */

/* Takes "TEXT" with escaped quotes; false: there is none. */
static bool take_quoted(struct fr_str *rest, struct fr_str *out)
{
	size_t at = 0, from;

	while (at < rest->len && rest->p[at] == ' ')
		at++;
	if (at == rest->len || rest->p[at] != '"')
		return false;
	from = ++at;
	while (at < rest->len && rest->p[at] != '"')
		at += rest->p[at] == '\\' && at + 1 < rest->len ? 2 : 1;
	if (at >= rest->len)
		return false;
	*out = fr_str_sub(*rest, from, at);
	*rest = fr_str_sub(*rest, at + 1, rest->len);
	return true;
}

static struct fr_str take_word(struct fr_str *rest)
{
	struct fr_str word;
	size_t at = 0;

	while (at < rest->len && rest->p[at] == ' ')
		at++;
	*rest = fr_str_sub(*rest, at, rest->len);
	word = fr_str_sub(*rest, 0, fr_str_find(*rest, ' '));
	*rest = fr_str_sub(*rest, word.len, rest->len);
	return word;
}

/* "[28/Nov/2026:10:00:00 +0000]"; a journal's "nginx[12]" is none. */
static bool is_moment(struct fr_str s)
{
	return s.len > 13 && s.p[0] == '[' && fr_char_is(s.p[1], FR_CH_DIGIT) && s.p[3] == '/' &&
	       s.p[7] == '/' && fr_str_find(s, ']') < s.len;
}

/* The host of "host:443 192.0.2.1 - - ": what stands before the client's address, if it is
 * no address itself. */
static struct fr_str host_before(struct fr_str head)
{
	struct fr_str last = {0}, word, before = {0};
	struct fr_ip ip;

	while ((word = take_word(&head)).len) {
		if (last.len && fr_ip_parse(word, &ip) == 0 && fr_ip_parse(last, &ip) < 0) {
			before = last;
			break;
		}
		last = word;
	}
	/* a journal writes "Nov 28 10:00:00 machine nginx: " */
	if (before.len && (before.p[before.len - 1] == ':' || !memchr(before.p, '.', before.len)))
		return (struct fr_str){0};
	return fr_str_ends(before, FR_STR(":443")) || fr_str_ends(before, FR_STR(":80"))
	               ? fr_str_sub(before, 0, fr_str_find(before, ':'))
	               : before;
}

static struct fr_str or_none(struct fr_str s)
{
	return fr_str_is(s, "-") ? (struct fr_str){0} : s;
}

static bool from_combined(struct fr_str line, struct fr_log_line *out)
{
	struct fr_str rest = line, request, status, bytes, referer = {0}, agent = {0};
	uint64_t n;
	size_t at = 0;

	while (at < line.len && !is_moment(fr_str_sub(line, at, line.len)))
		at++;
	if (at == line.len)
		return false;
	rest = fr_str_sub(line, at + fr_str_find(fr_str_sub(line, at, line.len), ']') + 1,
	                  line.len);
	*out = (struct fr_log_line){.host = host_before(fr_str_sub(line, 0, at)), .think_us = -1};
	if (!take_quoted(&rest, &request))
		return false;
	status = take_word(&rest);
	bytes = take_word(&rest);
	if (fr_str_to_u64(status, &n) < 0 || n > 999 || !take_request(request, out))
		return false;
	out->status = (int)n;
	out->bytes = fr_str_to_u64(bytes, &n) == 0 ? n : FR_LOG_UNKNOWN_BYTES;
	if (take_quoted(&rest, &referer) && take_quoted(&rest, &agent)) {
		out->referer = or_none(referer);
		out->agent = or_none(agent);
	}
	split_absolute(out);
	return true;
}

/* --- templates --- */

int fr_log_template_read(struct fr_str text, struct fr_log_template *out)
{
	struct fr_log_template t = {.n = 0};
	bool has_target = false;

	while (text.len && t.n < FR_LOG_TEMPLATE_PIECES) {
		size_t open = fr_str_find(text, '{'), close = fr_str_find(text, '}');

		t.pieces[t.n].before = fr_str_sub(text, 0, open);
		if (open == text.len) {
			if (close < text.len)
				return FR_ERR_SYNTAX;
			t.pieces[t.n++].field = (struct fr_str){0};
			text.len = 0;
			break;
		}
		if (close == text.len || close <= open + 1 || (t.n && !open))
			return FR_ERR_SYNTAX;
		t.pieces[t.n].field = fr_str_sub(text, open + 1, close);
		has_target |= fr_str_is(t.pieces[t.n].field, "target");
		text = fr_str_sub(text, close + 1, text.len);
		t.n++;
	}
	if (text.len || !has_target)
		return FR_ERR_SYNTAX;
	*out = t;
	return 0;
}

/* The offset of the first `text`; s.len: it is not there. */
static size_t find(struct fr_str s, struct fr_str text)
{
	const char *at = text.len && s.len ? memmem(s.p, s.len, text.p, text.len) : NULL;

	return at ? (size_t)(at - s.p) : s.len;
}

static void take_field(struct fr_str name, struct fr_str value, struct fr_log_line *out)
{
	uint64_t n;

	value = or_none(value);
	for (size_t i = 0; i < FR_ARRAY_LEN(texts); i++)
		if (fr_str_is(name, texts[i].names[0]))
			*(struct fr_str *)((char *)out + texts[i].offset) = value;
	if (fr_str_to_u64(value, &n) < 0)
		return;
	if (fr_str_is(name, "status") && n <= 999)
		out->status = (int)n;
	else if (fr_str_is(name, "bytes"))
		out->bytes = n;
	else if (fr_str_is(name, "origin_first_byte_us") && n < INT64_MAX)
		out->think_us = (int64_t)n;
}

static bool from_template(struct fr_str line, const struct fr_log_template *t,
                          struct fr_log_line *out)
{
	*out = (struct fr_log_line){.bytes = FR_LOG_UNKNOWN_BYTES, .think_us = -1};
	if (!fr_str_starts(line, t->pieces[0].before))
		return false;
	line = fr_str_sub(line, t->pieces[0].before.len, line.len);
	for (size_t i = 0; i < t->n && t->pieces[i].field.len; i++) {
		struct fr_str next = i + 1 < t->n ? t->pieces[i + 1].before : (struct fr_str){0};
		size_t n = next.len ? find(line, next) : line.len;

		if (next.len && n == line.len)
			return false;
		take_field(t->pieces[i].field, fr_str_sub(line, 0, n), out);
		line = fr_str_sub(line, n + next.len, line.len);
	}
	split_absolute(out);
	return out->target.len > 0;
}

bool fr_log_line_read(struct fr_str line, const struct fr_log_template *form,
                      struct fr_log_line *out)
{
	size_t open = fr_str_find(line, '{');
	struct fr_log_line l;
	json_t *j;

	if (form) {
		if (!from_template(line, form, &l))
			return false;
		*out = l;
		return true;
	}
	if (open > 0 && from_combined(line, &l)) {
		*out = l;
		return true;
	}
	line = fr_str_sub(line, open, line.len);
	j = line.len ? json_loadb(line.p, line.len, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	if (!json_is_object(j) || !from_json(j, &l)) {
		json_decref(j);
		return false;
	}
	*out = l;
	return true;
}

void fr_log_line_fini(struct fr_log_line *l)
{
	json_decref(l->json);
	l->json = NULL;
}
