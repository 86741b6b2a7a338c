/* HTTP/1.1 messages, written (RFC 9112). Values are checked once more: bytes
 * that would split a message never leave. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "http/h1.h"
#include "http/message.h"

static int put(struct fr_buf *out, struct fr_str s)
{
	return fr_buf_append(out, s.p, s.len);
}

/* A whole line's room is reserved at once: one check, plain copies. */
static int put_field(struct fr_buf *out, struct fr_str name, struct fr_str value)
{
	uint8_t *p;

	if (fr_str_field_span(value) < value.len)
		return FR_ERR_INVALID;
	p = fr_buf_reserve(out, name.len + value.len + 4);
	if (!p)
		return FR_ERR_LIMIT;
	memcpy(p, name.p, name.len);
	p += name.len;
	*p++ = ':';
	*p++ = ' ';
	if (value.len)
		memcpy(p, value.p, value.len);
	p += value.len;
	*p++ = '\r';
	*p = '\n';
	fr_buf_commit(out, name.len + value.len + 4);
	return 0;
}

static int put_fields(struct fr_buf *out, const struct fr_fields *f)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->n; i++)
		rc = put_field(out, f->v[i].name, f->v[i].value);
	return rc;
}

static int put_length(struct fr_buf *out, int64_t length)
{
	char text[FR_I64_DIGITS];

	return put_field(out, FR_STR("content-length"),
	                 fr_str_make(text, fr_i64_format(text, length)));
}

static int put_framing(struct fr_buf *out, int64_t length, bool chunked)
{
	if (length >= 0)
		return put_length(out, length);
	return chunked ? put(out, FR_STR("transfer-encoding: chunked\r\n")) : 0;
}

int fr_h1_write_request(struct fr_buf *out, const struct fr_request *req, const char *connection,
                        const char *upgrade)
{
	int rc;

	if (!fr_str_all(req->method_text, FR_CH_TCHAR) || !fr_str_all(req->target, FR_CH_TARGET) ||
	    (req->authority.len && !fr_str_all(req->authority, FR_CH_HOST)))
		return FR_ERR_INVALID;
	rc = put(out, req->method_text);
	if (rc == 0)
		rc = put(out, FR_STR(" "));
	if (rc == 0)
		rc = put(out, req->target);
	if (rc == 0)
		rc = put(out, FR_STR(" HTTP/1.1\r\n"));
	if (rc == 0)
		rc = put_field(out, FR_STR("host"), req->authority);
	if (rc == 0)
		rc = put_fields(out, &req->fields);
	if (rc == 0 && connection)
		rc = put_field(out, FR_STR("connection"), fr_str_from(connection));
	if (rc == 0 && upgrade)
		rc = put_field(out, FR_STR("upgrade"), fr_str_from(upgrade));
	if (rc == 0)
		rc = put_framing(out, req->content_length, req->has_body);
	return rc == 0 ? put(out, FR_STR("\r\n")) : rc;
}

int fr_h1_write_response(struct fr_buf *out, const struct fr_response *resp, bool chunked,
                         const char *connection)
{
	char line[64];
	int n = snprintf(line, sizeof line, "HTTP/1.1 %d %s\r\n", resp->status,
	                 fr_status_reason(resp->status));
	int rc = put(out, fr_str_make(line, (size_t)n));

	if (rc == 0)
		rc = put_fields(out, &resp->fields);
	if (rc == 0 && connection)
		rc = put_field(out, FR_STR("connection"), fr_str_from(connection));
	if (rc == 0 && resp->status >= 200)
		rc = put_framing(out, resp->content_length, chunked);
	return rc == 0 ? put(out, FR_STR("\r\n")) : rc;
}

int fr_h1_write_chunk(struct fr_buf *out, const void *data, size_t len)
{
	char line[24];
	int n, rc;

	if (len == 0)
		return 0; /* an empty chunk would end the body */
	n = snprintf(line, sizeof line, "%zx\r\n", len);
	rc = put(out, fr_str_make(line, (size_t)n));
	if (rc == 0)
		rc = fr_buf_append(out, data, len);
	return rc == 0 ? put(out, FR_STR("\r\n")) : rc;
}

int fr_h1_write_last_chunk(struct fr_buf *out, const struct fr_fields *trailers)
{
	int rc = put(out, FR_STR("0\r\n"));

	if (rc == 0 && trailers)
		rc = put_fields(out, trailers);
	return rc == 0 ? put(out, FR_STR("\r\n")) : rc;
}
