/* How the body is delimited (RFC 9112 §6), and whatever about a head could be
 * read in two ways: refused here, for both directions. */
#include "http/h1_priv.h"
#include "http/url.h"

/* One transfer coding: only chunked is taken. */
static enum fr_h1_error check_coding(struct fr_str coding)
{
	if (fr_str_iis(coding, "chunked"))
		return FR_H1_NONE;
	/* other codings, or chunked that is not the only one */
	return fr_str_all(coding, FR_CH_TCHAR) ? FR_H1_TRANSFER_CODING : FR_H1_TRANSFER_ENCODING;
}

/* Reads a request's Transfer-Encoding: absent, or exactly "chunked". */
static enum fr_h1_error read_coding(const struct fr_fields *f, enum fr_version version,
                                    bool *is_chunked)
{
	const struct fr_field *te = fr_fields_get(f, FR_FIELD_TRANSFER_ENCODING);

	*is_chunked = te != NULL;
	if (!te)
		return FR_H1_NONE;
	if (version == FR_HTTP_1_0 || fr_fields_next(f, FR_FIELD_TRANSFER_ENCODING, te))
		return FR_H1_TRANSFER_ENCODING;
	return check_coding(te->value);
}

static enum fr_h1_error read_framing(const struct fr_fields *f, enum fr_version version,
                                     int64_t *length, bool *is_chunked)
{
	enum fr_h1_error e = read_coding(f, version, is_chunked);

	if (e != FR_H1_NONE)
		return e;
	if (*is_chunked && fr_fields_get(f, FR_FIELD_CONTENT_LENGTH))
		return FR_H1_LENGTH_AND_CODING;
	return fr_content_length(f, length) < 0 ? FR_H1_CONTENT_LENGTH : FR_H1_NONE;
}

static bool keeps_alive(const struct fr_fields *f, enum fr_version version)
{
	if (fr_fields_has_token(f, FR_FIELD_CONNECTION, "close"))
		return false;
	return version == FR_HTTP_1_1 || fr_fields_has_token(f, FR_FIELD_CONNECTION, "keep-alive");
}

/* What the head's Connection fields name is for this hop in the trailers, too;
 * by then the head may have been taken apart. */
static enum fr_h1_error begin_chunked(struct fr_h1_parser *p, const struct fr_fields *f)
{
	const struct fr_field *c = NULL;

	p->framing = FR_H1_CHUNKED;
	while ((c = fr_fields_next(f, FR_FIELD_CONNECTION, c))) {
		/* nearly all of them, and they name no trailer that would pass */
		if (fr_str_iis(c->value, "keep-alive") || fr_str_iis(c->value, "close"))
			continue;
		if (fr_fields_add(&p->connection, c->name, c->value) < 0)
			return FR_H1_MEMORY;
	}
	return FR_H1_NONE;
}

/* --- requests --- */

/* Equal, with the default port written or not. */
static bool same_authority(struct fr_str a, struct fr_str b)
{
	struct fr_str host_a, host_b;
	uint16_t port_a, port_b;

	if (fr_authority_parse(a, &host_a, &port_a) < 0 ||
	    fr_authority_parse(b, &host_b, &port_b) < 0)
		return false;
	if (port_a == 0)
		port_a = port_b == 443 ? 443 : 80;
	if (port_b == 0)
		port_b = port_a == 443 ? 443 : 80;
	return port_a == port_b && fr_str_ieq(host_a, host_b);
}

/* Host exactly once, and no other than an absolute-form says. */
static enum fr_h1_error settle_host(struct fr_request *req)
{
	size_t n = fr_fields_count(&req->fields, FR_FIELD_HOST);
	struct fr_str host = fr_fields_value(&req->fields, FR_FIELD_HOST), part;
	bool from_target = req->authority.p != NULL;
	uint16_t port;

	if (n > 1 || (n == 0 && req->version != FR_HTTP_1_0))
		return FR_H1_HOST;
	if (n && fr_authority_parse(host, &part, &port) < 0)
		return FR_H1_HOST;
	if (from_target && fr_authority_parse(req->authority, &part, &port) < 0)
		return FR_H1_TARGET;
	if (n && from_target && !same_authority(host, req->authority))
		return FR_H1_HOST_MISMATCH;
	if (!from_target)
		req->authority = host;
	(void)fr_fields_remove(&req->fields, FR_FIELD_HOST);
	return FR_H1_NONE;
}

static enum fr_h1_error check_expect(struct fr_request *req)
{
	const struct fr_field *expect = fr_fields_get(&req->fields, FR_FIELD_EXPECT);

	if (!expect)
		return FR_H1_NONE;
	if (!fr_str_iis(expect->value, "100-continue") ||
	    fr_fields_next(&req->fields, FR_FIELD_EXPECT, expect))
		return FR_H1_EXPECT;
	/* from a 1.0 client it means nothing (RFC 9110 §10.1.1) */
	req->expect_continue = req->version == FR_HTTP_1_1;
	if (!req->expect_continue)
		(void)fr_fields_remove(&req->fields, FR_FIELD_EXPECT);
	return FR_H1_NONE;
}

/* Upgrade counts in HTTP/1.1 without a body; h2c is not offered and any other
 * protocol is the origin's to choose. */
static void note_upgrade(struct fr_request *req)
{
	const struct fr_field *upgrade = fr_fields_get(&req->fields, FR_FIELD_UPGRADE);

	req->is_upgrade = upgrade && req->version == FR_HTTP_1_1 && !req->has_body &&
	                  !fr_fields_has_token(&req->fields, FR_FIELD_UPGRADE, "h2c") &&
	                  fr_fields_has_token(&req->fields, FR_FIELD_CONNECTION, "upgrade");
}

enum fr_h1_error fr_h1_frame_request(struct fr_h1_parser *p)
{
	struct fr_request *req = p->req;
	bool is_chunked = false;
	enum fr_h1_error e = settle_host(req);

	if (e == FR_H1_NONE)
		e = read_framing(&req->fields, req->version, &req->content_length, &is_chunked);
	if (e == FR_H1_NONE)
		e = check_expect(req);
	if (e != FR_H1_NONE)
		return e;
	req->has_body = is_chunked || req->content_length > 0;
	req->keep_alive = keeps_alive(&req->fields, req->version);
	note_upgrade(req);
	if (is_chunked)
		return begin_chunked(p, &req->fields);
	if (req->content_length > 0) {
		p->framing = FR_H1_LENGTH;
		p->left = (uint64_t)req->content_length;
	}
	return FR_H1_NONE;
}

/* --- responses --- */

/* Codings of a response: "chunked", be it more than once. */
static enum fr_h1_error read_codings(struct fr_h1_parser *p, bool *is_chunked)
{
	const struct fr_field *te = NULL;
	size_t n = 0;

	while ((te = fr_fields_next(&p->resp->fields, FR_FIELD_TRANSFER_ENCODING, te))) {
		struct fr_str rest = te->value, item;
		size_t before = n;

		for (; fr_str_next_item(&rest, &item); n++) {
			enum fr_h1_error e = check_coding(item);

			if (e != FR_H1_NONE)
				return e;
		}
		if (n == before)
			return FR_H1_TRANSFER_ENCODING;
	}
	*is_chunked = n > 0;
	if (n > 1)
		(void)fr_h1_bears_once(p, FR_H1_SLOPPY_CODING);
	/* to be taken for faulty framing and the connection's end (RFC 9112 §6.1) */
	if (n && p->resp->version == FR_HTTP_1_0)
		(void)fr_h1_bears_once(p, FR_H1_SLOPPY_OLD_CODING);
	return FR_H1_NONE;
}

/* One field's lengths, a list of equal ones (RFC 9110 §8.6). *length: -1 or what all
 * before say. Returns how many; 0: malformed, or not equal. */
static size_t read_lengths(struct fr_str value, int64_t *length)
{
	size_t n = 0, at = 0;

	/* an empty member, also after a last comma, is no length */
	for (; at <= value.len; n++) {
		struct fr_str rest = fr_str_sub(value, at, value.len);
		size_t comma = fr_str_find(rest, ',');
		uint64_t one = 0;

		if (fr_str_to_u64(fr_str_trim(fr_str_sub(rest, 0, comma)), &one) < 0 ||
		    one > INT64_MAX || (*length >= 0 && *length != (int64_t)one))
			return 0;
		*length = (int64_t)one;
		at += comma + 1;
	}
	return n;
}

static enum fr_h1_error write_length(struct fr_h1_parser *p, int64_t length)
{
	struct fr_fields *f = &p->resp->fields;
	struct fr_str text;

	(void)fr_fields_remove(f, FR_FIELD_CONTENT_LENGTH);
	if (fr_arena_number(p->arena, length, &text) < 0 ||
	    fr_fields_add_id(f, FR_FIELD_CONTENT_LENGTH, text) < 0)
		return FR_H1_MEMORY;
	return FR_H1_NONE;
}

/* Content-Length of a response: -1 without, else what all of them say; then it is
 * there once. */
static enum fr_h1_error settle_length(struct fr_h1_parser *p)
{
	const struct fr_field *field = NULL;
	int64_t length = -1;
	size_t n = 0, more;

	while ((field = fr_fields_next(&p->resp->fields, FR_FIELD_CONTENT_LENGTH, field))) {
		more = read_lengths(field->value, &length);
		if (more == 0)
			return FR_H1_CONTENT_LENGTH;
		n += more;
	}
	p->resp->content_length = length;
	if (n < 2)
		return FR_H1_NONE;
	(void)fr_h1_bears(p, FR_H1_SLOPPY_LENGTH);
	return write_length(p, length);
}

/* Length and coding of a response that may have a body, or would have it for GET. */
static enum fr_h1_error settle_framing(struct fr_h1_parser *p, bool *is_chunked)
{
	enum fr_h1_error e = read_codings(p, is_chunked);

	if (e == FR_H1_NONE)
		e = settle_length(p);
	if (e != FR_H1_NONE || !*is_chunked || p->resp->content_length < 0)
		return e;
	/* the coding counts (RFC 9112 §6.3, rule 3) */
	(void)fr_h1_bears_once(p, FR_H1_SLOPPY_BOTH);
	(void)fr_fields_remove(&p->resp->fields, FR_FIELD_CONTENT_LENGTH);
	p->resp->content_length = -1;
	return FR_H1_NONE;
}

/* No content whatever the fields say (RFC 9112 §6.3, rule 1). In a 304 they may tell of
 * the response to a GET, elsewhere they must not be. Where they announce
 * content, the origin may send it: its connection is not used again, but
 * for the length in a 304, which good origins send. */
static void drop_framing(struct fr_h1_parser *p)
{
	struct fr_fields *f = &p->resp->fields;
	const struct fr_field *length = NULL;
	bool is_coded = fr_fields_remove(f, FR_FIELD_TRANSFER_ENCODING) > 0;
	bool announces = is_coded;

	p->resp->content_length = -1;
	if (p->resp->status == 304) {
		p->is_doubtful |= is_coded;
		p->resp->keep_alive &= !is_coded;
		return;
	}
	while ((length = fr_fields_next(f, FR_FIELD_CONTENT_LENGTH, length)))
		announces |= !fr_str_is(length->value, "0");
	if (announces)
		(void)fr_h1_bears_once(p, FR_H1_SLOPPY_BODILESS);
	else if (fr_fields_get(f, FR_FIELD_CONTENT_LENGTH))
		(void)fr_h1_bears(p, FR_H1_SLOPPY_BODILESS);
	(void)fr_fields_remove(f, FR_FIELD_CONTENT_LENGTH);
}

/* A Connection field that is no list of tokens says nothing but that the origin is not
 * to be trusted with another request. */
static void check_connection(struct fr_h1_parser *p)
{
	struct fr_fields *f = &p->resp->fields;
	const struct fr_field *c = NULL;
	bool is_malformed = false;

	while ((c = fr_fields_next(f, FR_FIELD_CONNECTION, c))) {
		struct fr_str rest = c->value, item;

		while (fr_str_next_item(&rest, &item))
			is_malformed |= !fr_str_all(item, FR_CH_TCHAR);
	}
	if (!is_malformed)
		return;
	(void)fr_h1_bears_once(p, FR_H1_SLOPPY_CONNECTION);
	(void)fr_fields_remove(f, FR_FIELD_CONNECTION);
}

enum fr_h1_error fr_h1_frame_response(struct fr_h1_parser *p)
{
	struct fr_response *resp = p->resp;
	bool is_chunked = false;
	enum fr_h1_error e;

	resp->keep_alive = keeps_alive(&resp->fields, resp->version) && !p->is_doubtful;
	check_connection(p);
	if (!fr_status_has_body(resp->status)) {
		drop_framing(p);
		return FR_H1_NONE;
	}
	e = settle_framing(p, &is_chunked);
	if (e != FR_H1_NONE || p->method == FR_METHOD_HEAD)
		return e;
	if (p->method == FR_METHOD_CONNECT && resp->status < 300) {
		resp->content_length = -1;
		return FR_H1_NONE;
	}
	if (is_chunked)
		return begin_chunked(p, &resp->fields);
	if (resp->content_length >= 0) {
		p->framing = FR_H1_LENGTH;
		p->left = (uint64_t)resp->content_length;
	} else {
		p->framing = FR_H1_UNTIL_CLOSE;
		resp->keep_alive = false;
	}
	return FR_H1_NONE;
}
