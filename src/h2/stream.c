/* The streams of a session: made, found by id, freed. Declared in h2/session_priv.h. */
#include "base/list.h"
#include "base/mem.h"
#include "h2/session_priv.h"

struct fr_h2_stream *fr_h2_stream_new(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = fr_pool_alloc(s->pool, sizeof *st);

	if (!st)
		return NULL;
	*st = (struct fr_h2_stream){0};
	st->magic = FR_H2_STREAM_MAGIC;
	st->id = id;
	st->session = s;
	st->window.bytes = s->limits.window_bytes;
	st->priority = fr_priority_default();
	FR_LIST_PUSH(s->streams, st);
	s->n_streams++;
	s->stats.streams++;
	return st;
}

void fr_h2_stream_free(struct fr_h2_stream *st)
{
	struct fr_h2_session *s = st->session;

	FR_LIST_REMOVE(st);
	s->held_bytes -= st->held_bytes;
	s->wire_bytes -= st->wire_bytes;
	s->n_streams--;
	if (s->n_streams == 0)
		fr_h2_forget_cookie(s);
	if (st->is_push)
		s->n_pushes--;
	st->magic = 0;
	if (s->recent == st)
		s->recent = NULL;
	fr_pool_free(s->pool, st);
}

struct fr_h2_stream *fr_h2_lookup(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = s->recent;

	if (st && st->id == id)
		return st;
	st = nghttp2_session_get_stream_user_data(s->ng, id);
	FR_ASSERT(!st || st->magic == FR_H2_STREAM_MAGIC);
	if (st)
		s->recent = st;
	return st;
}

struct fr_h2_stream *fr_h2_find(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = fr_h2_lookup(s, id);

	if (st)
		return st;
	/* nghttp2 knows a promised stream only once the promise is serialised */
	for (st = s->n_pushes ? s->streams : NULL; st; st = st->next)
		if (st->id == id && st->state == FR_H2_ST_RESERVED)
			return st;
	return NULL;
}
