/* What both HTTP/1.1 fuzz targets do: parse a byte string as a sequence of
 * messages, once as it is and once cut into pieces, and compare. The first
 * byte of the input chooses the size of the pieces. */
#ifndef FUZZ_H1_H
#define FUZZ_H1_H

#include <stdlib.h>

#include "base/siphash.h"
#include "http/h1.h"
#include "http/trailers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen { /* of one run */
	uint64_t hash;
	size_t heads, body_bytes, ends;
	bool failed;
};

static void note(struct seen *s, const void *p, size_t len)
{
	s->hash = fr_siphash(s->hash, p, len);
}

static void note_fields(struct seen *s, const struct fr_fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		FR_ASSERT(fr_field_name_is_valid(f->v[i].name));
		FR_ASSERT(fr_field_value_is_valid(f->v[i].value));
		note(s, f->v[i].name.p, f->v[i].name.len);
		note(s, f->v[i].value.p, f->v[i].value.len);
	}
}

struct target {
	struct fr_h1_parser *p;
	struct fr_arena arena;
	struct fr_request req;
	struct fr_response resp;
	bool is_request;
};

static void begin(struct target *t)
{
	fr_arena_reset(&t->arena);
	if (t->is_request)
		fr_h1_begin_request(t->p, &t->arena, &t->req);
	else
		fr_h1_begin_response(t->p, &t->arena, &t->resp, FR_METHOD_GET);
}

static void note_head(struct target *t, struct seen *s)
{
	s->heads++;
	if (t->is_request) {
		note(s, t->req.target.p, t->req.target.len);
		note(s, t->req.authority.p, t->req.authority.len);
		note_fields(s, &t->req.fields);
		FR_ASSERT(!(t->req.content_length >= 0 &&
		            fr_fields_get(&t->req.fields, FR_FIELD_TRANSFER_ENCODING)));
	} else {
		note(s, &t->resp.status, sizeof t->resp.status);
		note_fields(s, &t->resp.fields);
		FR_ASSERT(fr_fields_count(&t->resp.fields, FR_FIELD_CONTENT_LENGTH) <= 1 ||
		          t->resp.status == 304);
		FR_ASSERT(fr_h1_framing(t->p) != FR_H1_CHUNKED ||
		          !fr_fields_get(&t->resp.fields, FR_FIELD_CONTENT_LENGTH));
	}
}

/* Faults that were borne, and whether the connection may go on: the same in pieces. */
static void note_sloppy(struct target *t, struct seen *s)
{
	uint32_t faults = fr_h1_sloppy(t->p);
	uint8_t keeps = !t->is_request && t->resp.keep_alive;

	note(s, &faults, sizeof faults);
	note(s, &keeps, sizeof keeps);
	FR_ASSERT(!t->is_request || faults == 0);
}

/* One event; false when the parser failed. */
static bool take(struct target *t, struct seen *s, struct fr_h1_result r)
{
	switch (r.event) {
	case FR_H1_HEAD:
		note_head(t, s);
		break;
	case FR_H1_BODY:
		/* slices differ with the pieces: only the bytes count */
		for (size_t i = 0; i < r.body.len; i++)
			s->hash = s->hash * 31 + (uint8_t)r.body.p[i];
		s->body_bytes += r.body.len;
		break;
	case FR_H1_END:
		note_fields(s, fr_h1_trailers(t->p));
		for (size_t i = 0; i < fr_h1_trailers(t->p)->n; i++)
			FR_ASSERT(fr_trailer_is_allowed(fr_h1_trailers(t->p)->v[i].name));
		note_sloppy(t, s);
		s->ends++;
		begin(t);
		break;
	case FR_H1_FAILED:
		s->failed = true;
		return false;
	case FR_H1_NEED_MORE:
		break;
	}
	return true;
}

static struct seen run(const uint8_t *data, size_t size, size_t piece, bool is_request)
{
	struct fr_h1_limits limits = {.line_bytes = 512,
	                              .fields_bytes = 2048,
	                              .fields_count = 16,
	                              .chunk_line_bytes = 64,
	                              .chunk_extra_bytes = 256};
	struct target t = {.is_request = is_request};
	struct seen s = {0};
	bool ok = true;

	t.p = is_request ? fr_h1_request_parser_new(&limits) : fr_h1_response_parser_new(&limits);
	fr_arena_init(&t.arena, 1u << 20);
	begin(&t);
	for (size_t at = 0; ok && at < size;) {
		size_t n = size - at < piece ? size - at : piece, used = 0;
		struct fr_h1_result r = {.event = FR_H1_BODY};

		while (ok && (used < n || r.event != FR_H1_NEED_MORE)) {
			if (r.event == FR_H1_END && used == n)
				break;
			r = fr_h1_feed(t.p, data + at + used, n - used);
			FR_ASSERT(r.consumed <= n - used);
			used += r.consumed;
			ok = take(&t, &s, r);
		}
		at += n;
	}
	fr_h1_parser_free(&t.p);
	fr_arena_fini(&t.arena);
	return s;
}

static int fuzz_h1(const uint8_t *data, size_t size, bool is_request)
{
	struct seen whole, pieces;

	if (size < 2)
		return 0;
	whole = run(data + 1, size - 1, size, is_request);
	pieces = run(data + 1, size - 1, data[0] % 16 + 1u, is_request);
	FR_ASSERT(whole.failed == pieces.failed && whole.heads == pieces.heads);
	/* a failure may come with fewer body bytes handed out before it */
	if (!whole.failed)
		FR_ASSERT(whole.hash == pieces.hash && whole.body_bytes == pieces.body_bytes &&
		          whole.ends == pieces.ends);
	return 0;
}

#endif
