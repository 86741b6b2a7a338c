/* Chooses the whole body, a 304, a 416 or ranges for one request, and reads the parts in
 * order. */
#include "cache/serve.h"

#include <stdio.h>

#include "cache/conditional.h"

#define BOUNDARY_BYTES 24u

struct fr_segment { /* a piece of what is sent: text of ours, or of the body */
	struct fr_str text;
	struct fr_cursor part; /* its begin; body NULL: it is text */
	uint64_t len;
};

/* What is made of an object for one request. */
struct making {
	struct fr_serving *s;
	const struct fr_object *o;
	const struct fr_serve_how *how;
	struct fr_response *resp;
};

/* --- responses without a body --- */

/* A 304 leaves these out (RFC 9110 §15.4.5). */
static bool describes_content(uint16_t id)
{
	return id == FR_FIELD_CONTENT_TYPE || id == FR_FIELD_CONTENT_ENCODING ||
	       id == FR_FIELD_CONTENT_RANGE || id == FR_FIELD_ACCEPT_RANGES;
}

static void make_not_modified(struct fr_response *resp)
{
	struct fr_fields *f = &resp->fields;
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!describes_content(f->v[i].id))
			f->v[kept++] = f->v[i];
	f->n = kept;
	resp->status = 304;
	resp->content_length = -1;
}

static int make_unsatisfiable(struct making *m, uint64_t length)
{
	struct fr_str text;
	int rc = fr_arena_printf(m->how->arena, &text, "bytes */%llu", (unsigned long long)length);

	make_not_modified(m->resp);
	m->resp->status = 416;
	m->resp->content_length = 0;
	return rc < 0 ? rc : fr_fields_add_id(&m->resp->fields, FR_FIELD_CONTENT_RANGE, text);
}

/* --- parts of a complete body --- */

static void add_text(struct fr_serving *s, struct fr_str text)
{
	s->segments[s->n++] = (struct fr_segment){.text = text, .len = text.len};
	s->left += text.len;
}

static int add_part(struct making *m, struct fr_body *body, uint64_t from, uint64_t len)
{
	struct fr_segment *to = &m->s->segments[m->s->n];
	int rc;

	*to = (struct fr_segment){.len = len};
	rc = fr_cursor_init(&to->part, body, from);
	if (rc < 0)
		return rc;
	m->s->n++;
	m->s->left += len;
	return 0;
}

static int make_one_range(struct making *m, const struct fr_range *r, uint64_t length)
{
	struct fr_str text;
	int rc = fr_arena_printf(m->how->arena, &text, "bytes %llu-%llu/%llu",
	                         (unsigned long long)r->from, (unsigned long long)r->to,
	                         (unsigned long long)length);

	if (rc == 0)
		rc = add_part(m, m->o->body, r->from, r->to - r->from + 1);
	m->resp->status = 206;
	return rc < 0 ? rc : fr_fields_add_id(&m->resp->fields, FR_FIELD_CONTENT_RANGE, text);
}

/* multipart/byteranges (RFC 9110 §14.6): a head before each range, an end. */
static int make_ranges(struct making *m, const struct fr_range *r, size_t n, uint64_t length)
{
	struct fr_str type = fr_fields_value(&m->resp->fields, FR_FIELD_CONTENT_TYPE), text;
	char boundary[BOUNDARY_BYTES];
	int rc = 0;

	(void)snprintf(boundary, sizeof boundary, "fr%016llx", (unsigned long long)m->how->random);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = fr_arena_printf(
			m->how->arena, &text,
			"\r\n--%s\r\n%s%.*s%sContent-Range: bytes %llu-%llu/%llu\r\n\r\n", boundary,
			type.p ? "Content-Type: " : "", FR_STR_ARG(type), type.p ? "\r\n" : "",
			(unsigned long long)r[i].from, (unsigned long long)r[i].to,
			(unsigned long long)length);
		if (rc < 0)
			break;
		add_text(m->s, text);
		rc = add_part(m, m->o->body, r[i].from, r[i].to - r[i].from + 1);
	}
	if (rc == 0)
		rc = fr_arena_printf(m->how->arena, &text, "\r\n--%s--\r\n", boundary);
	if (rc < 0)
		return rc;
	add_text(m->s, text);
	(void)fr_fields_remove(&m->resp->fields, FR_FIELD_CONTENT_TYPE);
	rc = fr_arena_printf(m->how->arena, &text, "multipart/byteranges; boundary=%s", boundary);
	m->resp->status = 206;
	return rc < 0 ? rc : fr_fields_add_id(&m->resp->fields, FR_FIELD_CONTENT_TYPE, text);
}

static int make_segments(struct making *m, size_t n)
{
	m->s->segments = fr_arena_calloc(m->how->arena, n, sizeof *m->s->segments);
	return m->s->segments ? 0 : FR_ERR_NOMEM;
}

/* Ranges of a complete body. 1: they are made, or refused; 0: the whole is due. */
static int make_parts(struct making *m, struct fr_validators v)
{
	uint64_t length = fr_body_len(m->o->body);
	struct fr_range ranges[FR_MAX_RANGES];
	enum fr_range_result result = FR_RANGE_NONE;
	size_t n = 0;
	int rc;

	if (m->how->has_forms)
		v.last_modified = (struct fr_str){0};
	if (m->how->req->method == FR_METHOD_GET && m->o->status == 200)
		result = fr_ranges(&m->how->req->fields, &v, length, ranges, &n);
	if (result == FR_RANGE_NONE)
		return 0;
	rc = result == FR_RANGE_UNSATISFIABLE ? make_unsatisfiable(m, length)
	                                      : make_segments(m, 2 * n + 2);
	if (rc == 0 && n == 1)
		rc = make_one_range(m, &ranges[0], length);
	else if (rc == 0 && n > 1)
		rc = make_ranges(m, ranges, n, length);
	if (n)
		m->resp->content_length = (int64_t)m->s->left;
	return rc < 0 ? rc : 1;
}

static int make_whole(struct making *m, struct fr_body *body)
{
	int rc;

	if (fr_body_state(body) != FR_BODY_COMPLETE) {
		m->s->is_filling = true;
		return fr_cursor_init(&m->s->cursor, body, 0);
	}
	rc = make_segments(m, 1);
	if (rc == 0)
		rc = add_part(m, body, 0, fr_body_len(body));
	m->resp->content_length = (int64_t)m->s->left;
	return rc;
}

/* --- the begin --- */

/* The form that is sent whole; its length as far as that is known. */
static struct fr_body *choose_form(struct making *m)
{
	struct fr_body *form = m->how->whole ? m->how->whole(m->how->user) : NULL;

	m->resp->content_length = fr_object_length(m->o);
	if (form)
		m->resp->content_length =
			fr_body_state(form) == FR_BODY_COMPLETE ? (int64_t)fr_body_len(form) : -1;
	return form;
}

static int begin_reading(struct making *m, const struct fr_validators *v)
{
	struct fr_body *form;
	int rc = 0;

	/* Range of what is not complete: the whole */
	if (fr_body_state(m->o->body) == FR_BODY_COMPLETE)
		rc = make_parts(m, *v);
	if (rc)
		return rc < 0 ? rc : 0;
	form = choose_form(m);
	rc = make_whole(m, form ? form : m->o->body);
	fr_body_unref(&form);
	return rc;
}

static int make_response(struct making *m)
{
	const struct fr_request *req = m->how->req;
	struct fr_validators v;
	int rc;

	fr_response_init(m->resp, m->how->arena, m->o->status);
	m->resp->version = FR_HTTP_1_1;
	rc = fr_object_fields(m->o, m->how->arena, &m->resp->fields);
	if (rc < 0)
		return rc;
	fr_validators_of(&m->resp->fields, &v);
	if (m->o->status == 200 && fr_is_not_modified(&req->fields, &v, m->how->now_s)) {
		make_not_modified(m->resp);
		return 0;
	}
	if (req->method == FR_METHOD_HEAD) {
		struct fr_body *form = choose_form(m);

		fr_body_unref(&form);
		return 0;
	}
	return begin_reading(m, &v);
}

int fr_serving_begin(struct fr_serving *s, const struct fr_object *o,
                     const struct fr_serve_how *how, struct fr_response *resp)
{
	struct making m = {.s = s, .o = o, .how = how, .resp = resp};
	int rc = FR_ERR_REFUSED;

	*s = (struct fr_serving){0};
	if (fr_body_state(o->body) != FR_BODY_FAILED)
		rc = make_response(&m);
	if (rc < 0)
		fr_serving_fini(s);
	return rc;
}

void fr_serving_fini(struct fr_serving *s)
{
	for (size_t i = 0; i < s->n; i++)
		fr_cursor_fini(&s->segments[i].part);
	fr_cursor_fini(&s->cursor);
	*s = (struct fr_serving){0};
}

/* --- reading --- */

size_t fr_serving_len(const struct fr_serving *s)
{
	if (s->is_filling)
		return (size_t)(fr_body_len(s->cursor.body) - s->cursor.pos);
	return (size_t)s->left;
}

size_t fr_serving_peek(struct fr_serving *s, const uint8_t **data)
{
	struct fr_segment *at;
	size_t n;

	if (s->is_filling)
		return fr_cursor_peek(&s->cursor, data);
	if (s->left == 0)
		return 0;
	at = &s->segments[s->at];
	if (!at->part.body) {
		*data = (const uint8_t *)at->text.p + s->done;
		return at->text.len - (size_t)s->done;
	}
	n = fr_cursor_peek(&at->part, data);
	return at->len - s->done < n ? (size_t)(at->len - s->done) : n;
}

void fr_serving_take(struct fr_serving *s, size_t len)
{
	if (s->is_filling) {
		fr_cursor_skip(&s->cursor, len);
		return;
	}
	if (s->at >= s->n)
		return;
	if (s->segments[s->at].part.body)
		fr_cursor_skip(&s->segments[s->at].part, len);
	s->done += len;
	s->left -= len;
	while (s->at < s->n && s->done == s->segments[s->at].len) {
		s->at++;
		s->done = 0;
	}
}
