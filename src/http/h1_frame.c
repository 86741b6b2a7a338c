/* How the body is delimited (RFC 9112 §6), and whatever about a head could be
 * read in two ways: refused here, for both directions. */
#include "http/h1_priv.h"
#include "http/url.h"

/* Reads Transfer-Encoding: absent, or exactly "chunked". */
static enum fr_h1_error read_coding(const struct fr_fields *f, enum fr_version version,
                                    bool *is_chunked)
{
	const struct fr_field *te = fr_fields_get(f, FR_FIELD_TRANSFER_ENCODING);

	*is_chunked = te != NULL;
	if (!te)
		return FR_H1_NONE;
	if (version == FR_HTTP_1_0 || fr_fields_next(f, FR_FIELD_TRANSFER_ENCODING, te))
		return FR_H1_TRANSFER_ENCODING;
	if (fr_str_iis(te->value, "chunked"))
		return FR_H1_NONE;
	/* other codings, or chunked that is not the only one */
	return fr_str_all(te->value, FR_CH_TCHAR) ? FR_H1_TRANSFER_CODING : FR_H1_TRANSFER_ENCODING;
}

static enum fr_h1_error read_framing(struct fr_h1_parser *p, const struct fr_fields *f,
                                     enum fr_version version, int64_t *length, bool *is_chunked)
{
	enum fr_h1_error e = read_coding(f, version, is_chunked);

	(void)p;
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
	while ((c = fr_fields_next(f, FR_FIELD_CONNECTION, c)))
		if (fr_fields_add(&p->connection, c->name, c->value) < 0)
			return FR_H1_MEMORY;
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
		e = read_framing(p, &req->fields, req->version, &req->content_length, &is_chunked);
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

/* No content by status or by method; Content-Length then only informs. */
static enum fr_h1_error frame_bodiless(struct fr_h1_parser *p, bool is_chunked)
{
	struct fr_response *resp = p->resp;
	bool of_head = p->method == FR_METHOD_HEAD && fr_status_has_body(resp->status);

	/* Transfer-Encoding is forbidden in 1xx and 204 (RFC 9112 §6.1) */
	if (is_chunked && (resp->status < 200 || resp->status == 204))
		return FR_H1_TRANSFER_ENCODING;
	if (!of_head)
		resp->content_length = -1;
	return FR_H1_NONE;
}

enum fr_h1_error fr_h1_frame_response(struct fr_h1_parser *p)
{
	struct fr_response *resp = p->resp;
	bool is_chunked = false;
	enum fr_h1_error e =
		read_framing(p, &resp->fields, resp->version, &resp->content_length, &is_chunked);

	if (e != FR_H1_NONE)
		return e;
	resp->keep_alive = keeps_alive(&resp->fields, resp->version);
	if (!fr_status_has_body(resp->status) || p->method == FR_METHOD_HEAD ||
	    (p->method == FR_METHOD_CONNECT && resp->status < 300))
		return frame_bodiless(p, is_chunked);
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
