/* From decoded fields to a request (RFC 9113 §8). nghttp2 has checked names,
 * values, pseudo-header fields' presence and order, connection-specific
 * fields and Content-Length against DATA; here are sizes, the meaning of
 * pseudo-header fields, Host, cookies. */
#include <string.h>

#include "h2/session_priv.h"
#include "http/url.h"

static struct fr_str text_of(nghttp2_rcbuf *b)
{
	nghttp2_vec v = nghttp2_rcbuf_get_buf(b);

	return fr_str_make((const char *)v.base, v.len);
}

static bool set_once(struct fr_h2_stream *st, struct fr_str *to, nghttp2_rcbuf *value)
{
	if (to->p || !fr_h2_keep(st, value, to))
		st->is_malformed = true;
	return true;
}

/* The usual value needs no copy. */
static bool set_known(struct fr_h2_stream *st, struct fr_str *to, nghttp2_rcbuf *value,
                      struct fr_str usual)
{
	if (to->p || !fr_str_eq(text_of(value), usual))
		return set_once(st, to, value);
	*to = usual;
	return true;
}

static bool take_pseudo(struct fr_h2_stream *st, struct fr_str name, nghttp2_rcbuf *value)
{
	struct fr_request *req = st->req;

	if (fr_str_is(name, ":method"))
		return set_known(st, &req->method_text, value, FR_STR("GET"));
	if (fr_str_is(name, ":scheme"))
		return set_known(st, &req->scheme, value, FR_STR("https"));
	if (fr_str_is(name, ":authority"))
		return set_once(st, &req->authority, value);
	if (fr_str_is(name, ":path"))
		return set_once(st, &req->target, value);
	return false;
}

static void take_trailer(struct fr_h2_stream *st, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	struct fr_str n = text_of(name);

	if ((n.len && n.p[0] == ':') || !st->trailers ||
	    !fr_h2_keep_field(st, st->trailers, name, value))
		st->is_malformed = true;
}

void fr_h2_take_field(struct fr_h2_stream *st, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	const struct fr_h2_limits *l = &st->session->limits;
	struct fr_str n = text_of(name);
	bool kept, is_cookie = fr_str_is(n, "cookie");

	st->fields_bytes += n.len + text_of(value).len + FR_FIELD_OVERHEAD;
	/* crumbs of a cookie are one field (RFC 9113 §8.2.3) */
	if (st->cookies == 0 || !is_cookie)
		st->fields_count++;
	if (st->fields_bytes > l->fields_bytes || st->fields_count > l->fields_count)
		st->is_too_large = true;
	if (!fr_h2_may_hold(st->session))
		st->is_too_much = true;
	if (st->is_too_large || st->is_too_much || st->is_malformed || st->is_push)
		return;
	if (st->state != FR_H2_ST_HEAD) {
		take_trailer(st, name, value);
		return;
	}
	if (n.len && n.p[0] == ':') {
		if (!take_pseudo(st, n, value))
			st->is_malformed = true;
		return;
	}
	kept = is_cookie ? fr_h2_keep_crumb(st, name, value)
	                 : fr_h2_keep_field(st, &st->req->fields, name, value);
	if (!kept)
		st->is_too_large = true;
}

static bool authority_is_valid(struct fr_h2_session *s, struct fr_str authority)
{
	struct fr_str host;
	uint16_t port;

	if (authority.len && authority.len == s->authority_len &&
	    memcmp(authority.p, s->authority, authority.len) == 0)
		return true;
	if (fr_authority_parse(authority, &host, &port) < 0)
		return false;
	if (authority.len <= sizeof s->authority) {
		memcpy(s->authority, authority.p, authority.len);
		s->authority_len = authority.len;
	}
	return true;
}

/* Host must say what :authority says, or stand in for it (RFC 9113 §8.3.1). */
static bool settle_authority(struct fr_h2_stream *st)
{
	struct fr_request *req = st->req;
	struct fr_str host = fr_fields_value(&req->fields, FR_FIELD_HOST);
	size_t hosts = fr_fields_count(&req->fields, FR_FIELD_HOST);

	if (hosts > 1)
		return false;
	if (hosts && req->authority.p && !fr_str_ieq(host, req->authority))
		return false;
	if (hosts && !req->authority.p)
		req->authority = host;
	(void)fr_fields_remove(&req->fields, FR_FIELD_HOST);
	return authority_is_valid(st->session, req->authority);
}

static bool target_is_valid(const struct fr_request *req)
{
	if (req->method == FR_METHOD_CONNECT)
		return req->target.len == 0;
	if (fr_str_is(req->target, "*"))
		return req->method == FR_METHOD_OPTIONS;
	return req->target.len && req->target.p[0] == '/' && fr_str_all(req->target, FR_CH_TARGET);
}

bool fr_h2_finish_request(struct fr_h2_stream *st)
{
	struct fr_request *req = st->req;
	const struct fr_field *expect;

	if (st->is_malformed || !fr_str_all(req->method_text, FR_CH_TCHAR))
		return false;
	req->version = FR_HTTP_2;
	req->method = fr_method_lookup(req->method_text);
	req->keep_alive = true;
	if (!target_is_valid(req) || !settle_authority(st) ||
	    fr_content_length(&req->fields, &req->content_length) < 0)
		return false;
	if (!fr_h2_join_crumbs(st))
		return false;
	expect = fr_fields_get(&req->fields, FR_FIELD_EXPECT);
	req->expect_continue = expect && fr_str_iis(expect->value, "100-continue");
	fr_h2_take_request_priority(st);
	return true;
}
