/* A client that speaks HTTP/2: joins h2/session.h with exchanges. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/holds.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "client/client.h"
#include "exchange/connection.h"
#include "exchange/exchange.h"
#include "exchange/record.h"
#include "exchange/whose.h"
#include "h2/session.h"
#include "hints/pacing.h"
#include "hints/plan.h"
#include "http/fields.h"
#include "http/message.h"
#include "net/loop.h"
#include "net/memory_limit.h"
#include "net/transport.h"
#include "observe/counters.h"

/* Of a connection that ends: its GOAWAY. */
#define GOAWAY_BYTES 32768u
/* A client that does not end the connection after the second GOAWAY. */
#define GOAWAY_ROUND_TRIP_MS 1000u

/* How often a session's own figures go to the worker's counters. */
#define STATS_MS 500u

struct h2 {
	struct fr_h2_session *session; /* owned */
	struct fr_timer goaway_timer;  /* to the second step of a graceful shutdown */
	struct fr_recheck held;        /* output is held back for a page */
	int32_t page_id;               /* whose response is expected; 0: none */
	struct fr_pacing pacing;       /* until then */
	uint32_t heads;                /* exchanges whose fields are still arriving */
	bool is_broken;                /* the session failed: close after its GOAWAY */
	struct fr_h2_stats counted;    /* what has been added to the worker's counters */
	uint64_t next_stats_ms;        /* when that is done again */
};

static struct h2 *h2_of(struct fr_client *c)
{
	return c->h;
}

static struct fr_h2_session *session_of(struct fr_exchange *ex)
{
	return h2_of(fr_client_of(ex->client))->session;
}

/* --- events of the session --- */

static void *on_open(void *user, int32_t stream_id, struct fr_arena **arena,
                     struct fr_request **req);

static void on_request(void *user, void *stream, bool end)
{
	struct fr_client *c = user;
	struct fr_exchange *ex = stream;

	h2_of(c)->heads--;
	ex->req.version = FR_HTTP_2;
	/* what the connection is decides the scheme, not what the client says */
	ex->req.scheme = fr_connection_scheme(&c->conn);
	ex->req.has_body = !end;
	fr_exchange_begin(ex, end);
}

static void on_oversized(void *user, void *stream, bool end)
{
	struct fr_client *c = user;
	struct fr_exchange *ex = stream;

	h2_of(c)->heads--;
	ex->req.version = FR_HTTP_2;
	ex->to_origin.ended = end;
	fr_exchange_refuse(ex, 431, "The request's fields are too large or too many.");
}

static void on_data(void *user, void *stream, const uint8_t *data, size_t len)
{
	(void)user;
	fr_exchange_body(stream, data, len);
}

static void on_end(void *user, void *stream, const struct fr_fields *trailers)
{
	(void)user;
	fr_exchange_request_end(stream, trailers);
}

/* The page that was due came, or will not. */
static void page_is_over(struct fr_exchange *ex)
{
	struct h2 *h = h2_of(fr_client_of(ex->client));

	if (ex->stream_id != h->page_id)
		return;
	h->page_id = 0;
	fr_pacing_end(&h->pacing);
}

static void on_close(void *user, void *stream, uint32_t code, bool by_peer)
{
	struct fr_client *c = user;
	struct fr_exchange *ex = stream;
	bool complete = code == FR_H2_NO_ERROR && !by_peer;

	if (ex->state == FR_EXCHANGE_HEAD && !ex->is_push)
		h2_of(c)->heads--;
	page_is_over(ex);
	fr_exchange_leave(ex, complete, by_peer, code == FR_H2_REFUSED_STREAM);
}

static struct fr_h2_body on_read(void *user, void *stream, size_t max)
{
	struct fr_exchange *ex = stream;
	size_t n = fr_exchange_body_ready(ex);
	struct fr_h2_body body = {0};

	(void)user;
	body.len = n < max ? n : max;
	if (body.len == n && fr_exchange_body_ended(ex)) {
		body.end = true;
		body.trailers = ex->to_client.trailers;
	} else if (n == 0) {
		body.failed = ex->to_client.failed;
		body.deferred = !ex->to_client.failed;
	}
	return body;
}

static bool on_copy(void *user, void *stream, uint8_t *out, size_t len)
{
	struct fr_exchange *ex = stream;

	(void)user;
	/* what on_read announced may be gone, if the frame had to wait */
	if (!FR_HOLDS(fr_exchange_body_len(ex) >= len))
		return false;
	while (len) {
		const uint8_t *data;
		size_t n = fr_exchange_body_peek(ex, &data);

		if (!FR_HOLDS(n))
			return false;
		if (n > len)
			n = len;
		memcpy(out, data, n);
		fr_exchange_body_take(ex, n);
		out += n;
		len -= n;
	}
	return true;
}

static void on_fault(void *user, void *stream, enum fr_h2_fault f)
{
	struct fr_client *c = user;
	struct fr_exchange *ex = stream;

	FR_LOG(DEBUG, "h2", "%s: stream %d: %s", c->conn.peer.text, ex ? (int)ex->stream_id : 0,
	       fr_h2_fault_str(f));
}

static const struct fr_h2_events events = {
	.on_open = on_open,
	.on_request = on_request,
	.on_oversized = on_oversized,
	.on_data = on_data,
	.on_end = on_end,
	.on_close = on_close,
	.on_read = on_read,
	.on_copy = on_copy,
	.on_fault = on_fault,
};

/* --- what exchanges ask for --- */

static void reset(struct fr_exchange *ex, enum fr_h2_code code)
{
	fr_h2_reset(session_of(ex), ex->stream_id, code);
	fr_client_flush_later(fr_client_of(ex->client));
}

static void op_informational(struct fr_exchange *ex, const struct fr_response *resp)
{
	/* an interim response that finds no memory is no loss */
	if (fr_h2_submit_informational(session_of(ex), ex->stream_id, resp) == 0)
		fr_client_flush_later(fr_client_of(ex->client));
}

/* HTTP/2 has no framing of its own for lengths: the field says them. */
static int add_length(struct fr_exchange *ex)
{
	struct fr_str text;

	if (ex->resp.content_length < 0 || ex->resp.status == 204 || ex->resp.status == 304)
		return 0;
	if (fr_arena_number(&ex->arena, ex->resp.content_length, &text) < 0)
		return FR_ERR_NOMEM;
	return fr_fields_add_id(&ex->resp.fields, FR_FIELD_CONTENT_LENGTH, text);
}

/* One at a time: the last that was asked for. */
static void op_page_due(struct fr_exchange *ex, const struct fr_pacing_page *page)
{
	struct h2 *h = h2_of(fr_client_of(ex->client));

	h->page_id = ex->stream_id;
	fr_pacing_expect(&h->pacing, fr_loop_now(ex->worker->loop), page);
}

static void op_head(struct fr_exchange *ex)
{
	bool has_body = fr_exchange_has_body(ex) && ex->resp.content_length != 0;

	page_is_over(ex);
	if (add_length(ex) < 0 ||
	    fr_h2_submit_response(session_of(ex), ex->stream_id, &ex->resp, has_body) < 0) {
		reset(ex, FR_H2_INTERNAL_ERROR);
		return;
	}
	fr_client_flush_later(fr_client_of(ex->client));
}

static void op_body(struct fr_exchange *ex)
{
	fr_h2_resume(session_of(ex), ex->stream_id);
	fr_client_flush_later(fr_client_of(ex->client));
}

static void op_consumed(struct fr_exchange *ex, size_t len)
{
	fr_h2_consumed(session_of(ex), ex->stream_id, len);
	fr_client_flush_later(fr_client_of(ex->client));
}

/* nghttp2 opens a window when half of it was consumed: what is held must be less. */
static size_t op_may_hold(struct fr_exchange *ex)
{
	const struct fr_config_http2 *config = &ex->client->gen->config->http2;

	return fr_h2_unconsumed(session_of(ex)) >= config->connection_window_bytes / 2
	               ? 0
	               : config->window_bytes;
}

static void op_abort(struct fr_exchange *ex, enum fr_abort why)
{
	switch (why) {
	case FR_ABORT_REFUSED:
		reset(ex, FR_H2_REFUSED_STREAM);
		break;
	case FR_ABORT_INTERNAL:
		reset(ex, FR_H2_INTERNAL_ERROR);
		break;
	case FR_ABORT_CANCEL:
	case FR_ABORT_TIMEOUT:
		reset(ex, FR_H2_CANCEL);
		break;
	case FR_ABORT_ANSWERED:
		fr_h2_stop_request(session_of(ex), ex->stream_id);
		fr_client_flush_later(fr_client_of(ex->client));
		break;
	}
}

static bool op_push_is_enabled(struct fr_exchange *ex)
{
	return fr_h2_push_is_enabled(session_of(ex));
}

static bool op_push_has_room(struct fr_exchange *ex)
{
	if (fr_memory_level(&ex->worker->memory) >= FR_MEMORY_NO_PUSHES) {
		fr_count(&ex->worker->counters, FR_COUNT_LIMIT_MEMORY_PUSHES);
		return false;
	}
	return fr_h2_push_has_room(session_of(ex));
}

static int op_push(struct fr_exchange *page, struct fr_exchange *push, enum fr_rank rank)
{
	static const enum fr_h2_rank ranks[] = {
		[FR_RANK_BLOCKING] = FR_H2_RANK_BLOCKING,
		[FR_RANK_NORMAL] = FR_H2_RANK_NORMAL,
		[FR_RANK_LATE] = FR_H2_RANK_LATE,
	};
	struct fr_h2_session *s = session_of(page);
	int32_t id = fr_h2_push(s, page->stream_id, &push->req, push);

	if (id < 0)
		return id;
	push->stream_id = id;
	fr_h2_rank_push(s, id, page->stream_id, ranks[rank]);
	fr_client_flush_later(fr_client_of(page->client));
	return 0;
}

static int op_path(struct fr_exchange *ex, struct fr_budget_path *out)
{
	/* of a proxy the path says nothing: the client is behind it */
	if (fr_whose_is_proxied(ex))
		return FR_ERR_UNSUPPORTED;
	return fr_client_path(fr_client_of(ex->client), out);
}

static void op_page_head_first(struct fr_exchange *page, size_t bytes)
{
	fr_h2_lead(session_of(page), page->stream_id, bytes);
}

static void op_after_page(struct fr_exchange *ex, struct fr_exchange *page)
{
	fr_h2_rank_request(session_of(ex), ex->stream_id, page->stream_id);
}

static void op_needed_late(struct fr_exchange *ex)
{
	fr_h2_hold_request(session_of(ex), ex->stream_id);
}

static const struct fr_exchange_ops exchange_ops = {
	.informational = op_informational,
	.head = op_head,
	.body = op_body,
	.consumed = op_consumed,
	.may_hold = op_may_hold,
	.abort = op_abort,
	.push_is_enabled = op_push_is_enabled,
	.push_has_room = op_push_has_room,
	.push = op_push,
	.path = op_path,
	.page_due = op_page_due,
	.page_head_first = op_page_head_first,
	.after_page = op_after_page,
	.needed_late = op_needed_late,
};

static void *on_open(void *user, int32_t stream_id, struct fr_arena **arena,
                     struct fr_request **req)
{
	struct fr_client *c = user;
	struct fr_exchange *ex;

	if (!fr_connection_has_share(&c->conn)) {
		fr_count(&c->conn.worker->counters, FR_COUNT_LIMIT_MEMORY_REQUESTS);
		return NULL;
	}
	ex = fr_exchange_new(&c->conn, &exchange_ops, stream_id);
	if (!ex)
		return NULL;
	h2_of(c)->heads++;
	*arena = &ex->arena;
	*req = &ex->req;
	return ex;
}

/* --- the connection --- */

static void finish_goaway(struct fr_timer *t, void *user)
{
	struct fr_client *c = user;

	(void)t;
	fr_h2_shutdown_finish(h2_of(c)->session);
	fr_client_flush_later(c);
}

static void look_again(void *user)
{
	fr_client_flush_later(user);
}

static struct fr_h2_limits limits_of(const struct fr_config *config)
{
	const struct fr_config_http2 *h = &config->http2;
	struct fr_h2_limits l;

	fr_h2_limits_default(&l);
	l.max_concurrent_streams = h->max_concurrent_streams;
	l.window_bytes = h->window_bytes;
	l.connection_window_bytes = h->connection_window_bytes;
	/* without files there is no room for more than at first */
	if (config->limits.spill_mib) {
		l.window_max_bytes = h->window_max_bytes;
		l.connection_window_max_bytes = h->connection_window_max_bytes;
	} else {
		l.window_max_bytes = h->window_bytes;
		l.connection_window_max_bytes = h->connection_window_bytes;
	}
	l.header_table_bytes = h->header_table_bytes;
	l.fields_bytes = config->limits.fields_bytes;
	l.fields_connection_bytes = config->limits.fields_connection_bytes;
	l.fields_count = config->limits.fields_count;
	l.control_burst = h->control_burst;
	l.control_per_second = h->control_per_second;
	l.continuation_frames = h->continuation_frames;
	l.reset_burst = h->reset_burst;
	l.reset_per_second = h->reset_per_second;
	return l;
}

static void h2_open(struct fr_client *c)
{
	struct h2 *h = fr_try_calloc(1, sizeof *h);
	struct fr_h2_limits limits = limits_of(c->conn.gen->config);

	c->h = h;
	if (!h) {
		fr_client_cut(c, true);
		return;
	}
	fr_timer_init(&h->goaway_timer, finish_goaway, c);
	h->held = (struct fr_recheck){.run = look_again, .user = c};
	h->session = fr_h2_session_new(&limits, &events, c, &c->conn.worker->pool,
	                               fr_loop_now(c->conn.worker->loop));
	if (!h->session)
		fr_client_cut(c, true);
	fr_client_flush_later(c);
}

static void h2_data(struct fr_client *c, const uint8_t *data, size_t len)
{
	struct h2 *h = h2_of(c);

	if (h->is_broken)
		return;
	if (fr_h2_feed(h->session, data, len, fr_loop_now(c->conn.worker->loop)) < 0)
		h->is_broken = true;
	fr_client_flush_later(c);
}

static void add_stats(struct fr_client *c)
{
	struct h2 *h = h2_of(c);
	const struct fr_h2_stats *s = fr_h2_session_stats(h->session);
	struct fr_counters *n = &c->conn.worker->counters;
	bool is_new = memcmp(s->faults, h->counted.faults, sizeof s->faults) != 0;

	for (size_t i = 0; is_new && i < FR_H2_FAULT_COUNT; i++)
		fr_counter_bump(&n->extra[FR_REASON_COUNT + i],
		                s->faults[i] - h->counted.faults[i]);
	fr_count_add(n, FR_COUNT_H2_GONE_FRAMES, s->gone_frames - h->counted.gone_frames);
	fr_count_add(n, FR_COUNT_HEAD_BYTES_IN, s->head_bytes_in - h->counted.head_bytes_in);
	fr_count_add(n, FR_COUNT_HEAD_BYTES_IN_PLAIN,
	             s->head_bytes_in_plain - h->counted.head_bytes_in_plain);
	fr_count_add(n, FR_COUNT_HEAD_BYTES_OUT, s->head_bytes_out - h->counted.head_bytes_out);
	fr_count_add(n, FR_COUNT_HEAD_BYTES_OUT_PLAIN,
	             s->head_bytes_out_plain - h->counted.head_bytes_out_plain);
	h->counted = *s;
	h->next_stats_ms = fr_loop_now(c->conn.worker->loop) + STATS_MS;
}

/* How much may be made into frames now; 0: output is held back for a page that is due. */
static size_t room(struct fr_client *c)
{
	struct h2 *h = h2_of(c);
	struct fr_pacing_output out = {.chunk_bytes = fr_transport_chunk(c->conn.transport),
	                               .packet_bytes = fr_transport_packet(c->conn.transport)};
	struct fr_budget_path path;
	uint64_t most;

	if (!h->pacing.is_due || fr_client_path(c, &path) < 0)
		return (size_t)out.chunk_bytes;
	most = fr_pacing_room(&h->pacing, &path, fr_loop_now(c->conn.worker->loop), &out);
	if (most == 0)
		fr_loop_recheck(c->conn.worker->loop, &h->held);
	return (size_t)most;
}

/* Input is read even while output waits: a client's RST_STREAM, SETTINGS and
 * WINDOW_UPDATE must be seen at once. What it can make us hold meanwhile is
 * bounded by its streams and by nghttp2's limit on queued acknowledgements. */
static void h2_flush(struct fr_client *c)
{
	struct h2 *h = h2_of(c);
	struct fr_buf *out = fr_transport_out(c->conn.transport);

	/* our SETTINGS go with the first response */
	if (fr_transport_is_gathering(c->conn.transport) && fr_h2_stream_count(h->session) == 0 &&
	    !h->is_broken)
		return;
	while (fr_h2_wants_drain(h->session) && fr_transport_backlog(c->conn.transport) == 0) {
		size_t most = room(c);

		if (most == 0)
			break;
		/* frames are made only as the socket takes them, so that what
		 * becomes more urgent later is not behind much */
		if (fr_h2_drain(h->session, out, most) < 0)
			h->is_broken = true;
		if (fr_buf_len(out) == 0)
			break;
		fr_record_count(c->conn.worker);
		if (fr_h2_wants_drain(h->session))
			fr_transport_flush_more(c->conn.transport);
		else
			fr_transport_flush(c->conn.transport);
	}
	fr_transport_push(c->conn.transport);
	/* also when it becomes idle, so that nothing is missing while it is */
	if (fr_loop_now(c->conn.worker->loop) >= h->next_stats_ms ||
	    fr_h2_stream_count(h->session) == 0)
		add_stats(c);
	if (h->is_broken && fr_h2_drain(h->session, out, GOAWAY_BYTES) < 0)
		FR_LOG(DEBUG, "h2", "%s: no room for GOAWAY", c->conn.peer.text);
	if (h->is_broken || fr_h2_is_finished(h->session))
		fr_client_finish(c);
}

static void h2_drained(struct fr_client *c)
{
	(void)c; /* the flush that follows goes on */
}

static void h2_eof(struct fr_client *c)
{
	/* HTTP/2 has no half-closed connections */
	fr_client_cut(c, false);
}

static void h2_drain(struct fr_client *c)
{
	struct h2 *h = h2_of(c);

	fr_h2_shutdown_begin(h->session);
	if (fr_h2_stream_count(h->session) == 0 && !fr_client_awaits_first(c))
		fr_h2_shutdown_finish(h->session);
	else
		fr_loop_timer_set(c->conn.worker->loop, &h->goaway_timer, GOAWAY_ROUND_TRIP_MS);
	h2_flush(c);
}

static void h2_abandon(struct fr_client *c)
{
	struct h2 *h = h2_of(c);

	if (!h)
		return; /* no memory */
	fr_loop_timer_stop(c->conn.worker->loop, &h->goaway_timer);
	fr_recheck_stop(&h->held);
	if (!h->session)
		return;
	add_stats(c);
	fr_h2_session_free(&h->session);
}

static void h2_free(struct fr_client *c)
{
	free(c->h);
	c->h = NULL;
}

static enum fr_client_wait h2_waits_for(const struct fr_client *c)
{
	const struct h2 *h = c->h;

	if (h->heads)
		return FR_WAIT_NONE; /* their exchanges limit the time */
	return c->exchanges ? FR_WAIT_NONE : FR_WAIT_IDLE;
}

static size_t h2_held(const struct fr_client *c)
{
	const struct h2 *h = c->h;

	return sizeof *h + (h->session ? fr_h2_session_held(h->session) : 0);
}

const struct fr_client_protocol fr_client_h2 = {
	.held = h2_held,
	.open = h2_open,
	.data = h2_data,
	.eof = h2_eof,
	.drained = h2_drained,
	.flush = h2_flush,
	.drain = h2_drain,
	.abandon = h2_abandon,
	.free = h2_free,
	.waits_for = h2_waits_for,
};
