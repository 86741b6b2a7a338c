/* A client that sends anything: the server session answers, pushes, defers and
 * resets, as the input says. Whatever happens, every stream that was opened is
 * closed exactly once. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "h2/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAMS 512
#define MAGIC_BYTES 24 /* of the preface, before the first frame */

struct stream {
	struct fr_arena arena;
	struct fr_request req;
	int32_t id;
	size_t body;
	bool is_live;
};

struct server {
	struct fr_h2_session *session;
	struct fr_pool pool;
	struct stream streams[STREAMS];
	size_t n, live;
	uint8_t mode;
};

static struct stream *stream_new(struct server *s, int32_t id)
{
	struct stream *st;

	if (s->n == STREAMS)
		return NULL;
	st = &s->streams[s->n++];
	fr_arena_init(&st->arena, 1u << 18);
	fr_request_init(&st->req, &st->arena);
	st->id = id;
	st->is_live = true;
	s->live++;
	return st;
}

static void *on_open(void *user, int32_t id, struct fr_arena **arena, struct fr_request **req)
{
	struct stream *st = stream_new(user, id);

	if (!st)
		return NULL;
	*arena = &st->arena;
	*req = &st->req;
	return st;
}

static void push(struct server *s, struct stream *page)
{
	struct stream *st = stream_new(s, 0);

	if (!st)
		return;
	st->req.method_text = FR_STR("GET");
	st->req.scheme = FR_STR("https");
	st->req.authority = FR_STR("a");
	st->req.target = FR_STR("/p");
	st->id = fr_h2_push(s->session, page->id, &st->req, st);
	if (st->id < 0) {
		st->is_live = false;
		s->live--;
		return;
	}
	fr_h2_rank_push(s->session, st->id, page->id, (enum fr_h2_rank)(s->n % 3));
}

static void answer(struct server *s, struct stream *st)
{
	struct fr_response resp;

	fr_response_init(&resp, &st->arena, 200);
	FR_ASSERT(fr_fields_add(&resp.fields, FR_STR("x"), FR_STR("y")) == 0);
	st->body = s->mode & 2 ? 20000 : 5;
	(void)!fr_h2_submit_response(s->session, st->id, &resp, st->body != 0);
}

static void on_request(void *user, void *stream, bool end)
{
	struct server *s = user;
	struct stream *st = stream;

	(void)end;
	FR_ASSERT(st->req.method_text.len);
	if (s->mode & 1) {
		fr_h2_lead(s->session, st->id, s->mode * 16u);
		for (unsigned i = s->mode & 16 ? 3 : 1; i; i--)
			push(s, st);
	}
	if (s->mode & 4)
		fr_h2_reset(s->session, st->id, FR_H2_CANCEL);
	else
		answer(s, st);
}

static void on_oversized(void *user, void *stream, bool end)
{
	(void)end;
	answer(user, stream);
}

static void on_data(void *user, void *stream, const uint8_t *data, size_t len)
{
	struct server *s = user;
	struct stream *st = stream;

	(void)data;
	if (!(s->mode & 8))
		fr_h2_consumed(s->session, st->id, len);
}

static void on_end(void *user, void *stream, const struct fr_fields *trailers)
{
	(void)user;
	(void)stream;
	(void)trailers;
}

static void on_close(void *user, void *stream, uint32_t code, bool by_peer)
{
	struct server *s = user;
	struct stream *st = stream;

	(void)code;
	(void)by_peer;
	FR_ASSERT(st->is_live);
	st->is_live = false;
	s->live--;
}

static struct fr_h2_body on_read(void *user, void *stream, size_t max)
{
	struct server *s = user;
	struct stream *st = stream;
	struct fr_h2_body b = {.len = st->body < max ? st->body : max};

	b.end = b.len == st->body;
	if (s->mode & 16)
		b = (struct fr_h2_body){.deferred = true};
	return b;
}

static bool on_copy(void *user, void *stream, uint8_t *out, size_t len)
{
	struct stream *st = stream;

	(void)user;
	memset(out, 'x', len);
	st->body -= len;
	return true;
}

static void on_fault(void *user, void *stream, enum fr_h2_fault f)
{
	(void)user;
	(void)stream;
	(void)f;
}

static const struct fr_h2_events events = {.on_open = on_open,
                                           .on_request = on_request,
                                           .on_oversized = on_oversized,
                                           .on_data = on_data,
                                           .on_end = on_end,
                                           .on_close = on_close,
                                           .on_read = on_read,
                                           .on_copy = on_copy,
                                           .on_fault = on_fault};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	static const char no_tree[] = "\0\0\6\4\0\0\0\0\0\0\11\0\0\0\1";
	struct server *s = calloc(1, sizeof *s);
	struct fr_h2_limits limits;
	struct fr_buf out;
	size_t step;
	int rc = 0;

	if (!s || size < 2) {
		free(s);
		return 0;
	}
	fr_h2_limits_default(&limits);
	s->mode = data[0];
	step = data[1] ? data[1] : 1;
	data += 2;
	size -= 2;
	fr_buf_init(&out, 1u << 22);
	s->session = fr_h2_session_new(&limits, &events, s, &s->pool, 1);
	/* most inputs begin behind the preface; mode 128 brings its own */
	if (!(s->mode & 128) && (s->mode & 32)) {
		/* a client that orders by urgency */
		rc = fr_h2_feed(s->session, (const uint8_t *)preface, MAGIC_BYTES, 1);
		if (rc == 0)
			rc = fr_h2_feed(s->session, (const uint8_t *)no_tree, sizeof no_tree - 1,
			                1);
	} else if (!(s->mode & 128)) {
		rc = fr_h2_feed(s->session, (const uint8_t *)preface, sizeof preface - 1, 1);
	}
	for (size_t at = 0; rc == 0 && at < size; at += step) {
		rc = fr_h2_feed(s->session, data + at, size - at < step ? size - at : step, at);
		if (fr_h2_drain(s->session, &out, 32768) < 0)
			break;
		fr_buf_clear(&out);
	}
	(void)!fr_h2_drain(s->session, &out, 32768);
	fr_h2_session_free(&s->session);
	fr_pool_fini(&s->pool);
	FR_ASSERT(s->live == 0);
	for (size_t i = 0; i < s->n; i++)
		fr_arena_fini(&s->streams[i].arena);
	fr_buf_fini(&out);
	free(s);
	return 0;
}
