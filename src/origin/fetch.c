/* One request to an origin, from the wait for a connection to the end of its response. */
#include "origin/fetch.h"

#include <stdlib.h>

#include "base/holds.h"
#include "base/log.h"
#include "base/mem.h"
#include "origin/origin_priv.h"

static const uint8_t allowed[] = {
	[FR_FETCH_WAITING] =
		FR_BIT(FR_FETCH_CONNECTING) | FR_BIT(FR_FETCH_SENDING) | FR_BIT(FR_FETCH_DONE),
	[FR_FETCH_CONNECTING] =
		FR_BIT(FR_FETCH_SENDING) | FR_BIT(FR_FETCH_WAITING) | FR_BIT(FR_FETCH_DONE),
	[FR_FETCH_SENDING] = FR_BIT(FR_FETCH_RECEIVING) | FR_BIT(FR_FETCH_TUNNEL) |
                             FR_BIT(FR_FETCH_WAITING) | FR_BIT(FR_FETCH_DONE),
	[FR_FETCH_RECEIVING] = FR_BIT(FR_FETCH_DONE),
	[FR_FETCH_TUNNEL] = FR_BIT(FR_FETCH_DONE),
	[FR_FETCH_DONE] = 0,
};

static struct fr_fetch *of(void *user)
{
	struct fr_fetch *f = user;

	FR_ASSERT(f && f->magic == FR_FETCH_MAGIC);
	return f;
}

/* False: not from here. What is not over yet fails then. */
static bool set_state(struct fr_fetch *f, enum fr_fetch_state to)
{
	if (!FR_HOLDS(allowed[f->state] & FR_BIT(to))) {
		if (f->state != FR_FETCH_DONE)
			fr_fetch_fail_later(f, FR_FETCH_REQUEST);
		return false;
	}
	f->state = to;
	return true;
}

static void limit_time(struct fr_fetch *f, uint32_t ms)
{
	fr_loop_timer_set(f->loop, &f->timer, ms);
}

/* --- ending --- */

static void release(void *user)
{
	struct fr_fetch *f = of(user);

	fr_count_down(f->counters, FR_COUNT_FETCHES_OPEN);
	f->magic = 0;
	free(f);
}

static void let_go_of_conn(struct fr_fetch *f)
{
	if (f->conn)
		fr_share_release(&f->origin->shares, f);
	f->conn = NULL;
}

/* No more events; the connection has been dealt with. The origin may be gone
 * before the release runs. */
static void done(struct fr_fetch *f)
{
	if (!set_state(f, FR_FETCH_DONE))
		return;
	let_go_of_conn(f);
	fr_share_leave(&f->origin->shares, f);
	fr_loop_timer_stop(f->loop, &f->timer);
	f->origin->fetches--;
	f->origin = NULL;
	if (!f->task.is_queued) {
		f->task.run = release;
		fr_loop_release_later(f->loop, &f->task);
	}
}

static void detach_and_close(struct fr_fetch *f)
{
	struct fr_origin_conn *c = f->conn;

	let_go_of_conn(f);
	if (c)
		fr_conn_close(c);
	else if (f->pprev)
		fr_origin_unqueue(f->origin, f);
}

void fr_fetch_fail(struct fr_fetch *f, enum fr_fetch_error e)
{
	if (!FR_HOLDS(f->state != FR_FETCH_DONE))
		return;
	fr_count(f->counters, fr_fetch_error_counter(e));
	fr_fetch_find_words(f, e);
	if (e != FR_FETCH_EVICTED && e != FR_FETCH_BUSY && e != FR_FETCH_TIMEOUT_TUNNEL)
		fr_fetch_note_failure(f, e); /* the others are not the origin's */
	FR_LOG(DEBUG, "origin", "%s: %.*s %.*s: %s", fr_fetch_detail(f),
	       FR_STR_ARG(f->req->method_text), FR_STR_ARG(f->req->target), fr_fetch_error_str(e));
	detach_and_close(f);
	done(f);
	f->h->on_failed(f->user, e);
}

static void failed_later(void *user)
{
	struct fr_fetch *f = of(user);

	if (f->state != FR_FETCH_DONE) {
		fr_fetch_fail(f, f->error);
		return;
	}
	f->task.run = release; /* cancelled meanwhile */
	fr_loop_release_later(f->loop, &f->task);
}

void fr_fetch_fail_later(struct fr_fetch *f, enum fr_fetch_error e)
{
	if (f->has_failed_later)
		return;
	f->has_failed_later = true;
	f->error = e;
	f->task.run = failed_later;
	fr_loop_flush_later(f->loop, &f->task);
}

void fr_fetch_cancel(struct fr_fetch **fp)
{
	struct fr_fetch *f = *fp;

	if (!f)
		return;
	*fp = NULL;
	if (f->state == FR_FETCH_DONE)
		return;
	detach_and_close(f);
	done(f);
}

static bool can_repeat(const struct fr_fetch *f, bool was_reused)
{
	return was_reused && !f->is_retried && !f->got_bytes && !f->req->has_body &&
	       !f->req->is_upgrade && !f->req->has_override &&
	       fr_method_is_idempotent(f->req->method);
}

/* The connection broke before a complete response: repeats the request once
 * if that is safe, else fails. The connection is gone already. */
static void retry_or_fail(struct fr_fetch *f, bool was_reused, enum fr_fetch_error e)
{
	let_go_of_conn(f);
	if (!can_repeat(f, was_reused)) {
		fr_fetch_fail(f, e);
		return;
	}
	f->is_retried = true;
	f->request_ended = false;
	f->origin->cause[0] = '\0';
	fr_count(f->counters, FR_COUNT_ORIGIN_RETRIES);
	if (!set_state(f, FR_FETCH_WAITING))
		return;
	limit_time(f, f->origin->config->connect_timeout_ms);
	f->has_failed_later = false;
	fr_origin_place(f->origin, f, true);
}

/* --- time limits --- */

static void time_is_up(struct fr_timer *t, void *user)
{
	struct fr_fetch *f = of(user);

	(void)t;
	if (f->state == FR_FETCH_WAITING &&
	    f->origin->connections >= f->origin->config->max_connections)
		fr_fetch_fail(f, FR_FETCH_TIMEOUT_QUEUE);
	else if (f->state == FR_FETCH_WAITING || f->state == FR_FETCH_CONNECTING)
		fr_fetch_fail(f, FR_FETCH_TIMEOUT_CONNECT);
	else if (f->state == FR_FETCH_TUNNEL)
		fr_fetch_fail(f, FR_FETCH_TIMEOUT_TUNNEL);
	else if (f->state == FR_FETCH_SENDING && f->request_ended)
		fr_fetch_fail(f, FR_FETCH_TIMEOUT_RESPONSE);
	else
		fr_fetch_fail(f, FR_FETCH_TIMEOUT_BODY);
}

/* Something moved: the limit of the current state begins anew. */
static void progress(struct fr_fetch *f)
{
	const struct fr_config_origin *config = f->origin->config;

	f->moved_ms = fr_loop_now(f->loop);
	if (f->is_paused)
		fr_loop_timer_stop(f->loop, &f->timer);
	else if (f->state == FR_FETCH_TUNNEL)
		limit_time(f, f->origin->limits.tunnel_ms);
	else if (f->state == FR_FETCH_SENDING && f->request_ended)
		limit_time(f, config->first_byte_timeout_ms);
	else if (f->state == FR_FETCH_SENDING && f->conn &&
	         fr_transport_backlog(f->conn->stream) == 0)
		fr_loop_timer_stop(f->loop, &f->timer); /* the client's turn */
	else
		limit_time(f, config->idle_timeout_ms);
}

/* Each byte of an upload pays for some time of the connection, never in advance. */
static void pay(struct fr_fetch *f, size_t len)
{
	uint64_t now_us = fr_loop_now(f->loop) * 1000;

	f->paid_us += (uint64_t)len * 1000000 / FR_SHARE_RATE_BYTES_PER_S;
	f->is_held_up = fr_transport_backlog(f->conn->stream) > 0;
	if (f->paid_us > now_us || f->is_held_up)
		f->paid_us = now_us;
}

/* --- the request --- */

static void begin_response(struct fr_fetch *f)
{
	fr_h1_begin_response(f->conn->parser, f->arena, f->resp, f->req->method);
}

struct fr_fetch *fr_fetch_start(struct fr_origin *o, const struct fr_request *req,
                                const struct fr_asker *asker, struct fr_arena *arena,
                                struct fr_response *resp, const struct fr_fetch_handler *h,
                                void *user)
{
	struct fr_fetch *f = fr_calloc(1, sizeof *f);

	f->magic = FR_FETCH_MAGIC;
	f->state = FR_FETCH_WAITING;
	f->origin = o;
	f->loop = o->loop;
	f->counters = o->counters;
	f->req = req;
	f->resp = resp;
	f->arena = arena;
	f->h = h;
	f->user = user;
	f->task.user = f;
	fr_timer_init(&f->timer, time_is_up, f);
	o->fetches++;
	fr_share_join(&o->shares, f, asker->address);
	f->started_us = fr_loop_now_us(o->loop);
	fr_count_stat(&o->limits.stats->requests, 1);
	fr_count(o->counters, FR_COUNT_FETCHES_OPEN);
	limit_time(f, o->config->connect_timeout_ms);
	fr_origin_place(o, f, false);
	f->is_started = true;
	return f;
}

void fr_fetch_set_handler(struct fr_fetch *f, const struct fr_fetch_handler *h, void *user)
{
	f->h = h;
	f->user = user;
}

void fr_fetch_on_open(struct fr_fetch *f)
{
	struct fr_buf *out = fr_transport_out(f->conn->stream);

	if (!set_state(f, FR_FETCH_SENDING))
		return;
	f->paid_us = fr_loop_now(f->loop) * 1000;
	begin_response(f);
	if (fr_h1_write_request(out, f->req, f->req->is_upgrade ? "upgrade" : NULL, NULL) < 0) {
		fr_fetch_fail_later(f, FR_FETCH_REQUEST);
		return;
	}
	f->request_ended = !f->req->has_body;
	fr_transport_flush(f->conn->stream);
	progress(f);
	if (f->req->has_body && f->is_started)
		f->h->on_can_write(f->user);
}

bool fr_fetch_can_write(const struct fr_fetch *f)
{
	return (f->state == FR_FETCH_SENDING || f->state == FR_FETCH_RECEIVING ||
	        f->state == FR_FETCH_TUNNEL) &&
	       f->conn && !f->request_ended && !f->has_failed_later &&
	       fr_transport_backlog(f->conn->stream) < f->origin->limits.output_bytes / 2;
}

void fr_fetch_write(struct fr_fetch *f, const void *data, size_t len)
{
	struct fr_buf *out;
	int rc;

	if (!fr_fetch_can_write(f) || len == 0)
		return;
	out = fr_transport_out(f->conn->stream);
	if (f->state != FR_FETCH_TUNNEL && f->req->content_length < 0)
		rc = fr_h1_write_chunk(out, data, len);
	else
		rc = fr_buf_append(out, data, len);
	if (rc < 0) {
		fr_fetch_fail_later(f, FR_FETCH_REQUEST);
		return;
	}
	fr_transport_flush(f->conn->stream);
	pay(f, len);
	progress(f);
}

void fr_fetch_end(struct fr_fetch *f, const struct fr_fields *trailers)
{
	if (f->request_ended || !f->conn || f->state == FR_FETCH_DONE)
		return;
	f->request_ended = true;
	if (f->state == FR_FETCH_TUNNEL) {
		fr_transport_end_output(f->conn->stream);
		return;
	}
	if (f->req->content_length < 0 &&
	    fr_h1_write_last_chunk(fr_transport_out(f->conn->stream), trailers) < 0) {
		fr_fetch_fail_later(f, FR_FETCH_REQUEST);
		return;
	}
	fr_transport_flush(f->conn->stream);
	progress(f);
}

void fr_fetch_on_drained(struct fr_fetch *f)
{
	if (f->is_held_up)
		f->paid_us = fr_loop_now(f->loop) * 1000;
	f->is_held_up = false;
	progress(f);
	if (!f->request_ended && fr_fetch_can_write(f))
		f->h->on_can_write(f->user);
}

/* --- the response --- */

static bool is_live(const struct fr_fetch *f, const struct fr_origin_conn *c)
{
	return f->state != FR_FETCH_DONE && f->conn == c;
}

/* Returns how to go on: false when the fetch has ended. */
static bool take_head(struct fr_fetch *f, struct fr_origin_conn *c)
{
	int status = f->resp->status;

	if (status == 101) {
		if (!f->req->is_upgrade) {
			fr_fetch_note_cause(f, c, "101 without a request for another protocol");
			fr_fetch_fail(f, FR_FETCH_MALFORMED);
			return false;
		}
		if (!set_state(f, FR_FETCH_TUNNEL))
			return false;
		f->request_ended = false;
		progress(f); /* the limit of the new state */
		f->h->on_head(f->user);
	} else if (status < 200) {
		if (++f->n_informational > FR_FETCH_MAX_INFORMATIONAL) {
			fr_fetch_note_cause(f, c, "too many interim responses");
			fr_fetch_fail(f, FR_FETCH_MALFORMED);
			return false;
		}
		f->h->on_informational(f->user, f->resp);
	} else {
		if (!set_state(f, FR_FETCH_RECEIVING))
			return false;
		progress(f); /* the limit of the new state */
		fr_fetch_note_answer(f, status);
		f->h->on_head(f->user);
	}
	return is_live(f, c);
}

/* A complete response. extra: bytes came after it. */
static void complete(struct fr_fetch *f, struct fr_origin_conn *c, bool extra)
{
	const struct fr_fields *trailers = fr_h1_trailers(c->parser);
	bool reusable = !extra && f->request_ended && f->resp->keep_alive &&
	                fr_h1_framing(c->parser) != FR_H1_UNTIL_CLOSE;

	done(f);
	/* the event first: giving the connection away may start its next response,
	 * and trailers belong to the parser */
	f->h->on_end(f->user, trailers);
	c->fetch = NULL;
	fr_conn_give(c, reusable);
}

/* Handles one event of the parser; false when the fetch has ended. */
static bool take_event(struct fr_fetch *f, struct fr_origin_conn *c, struct fr_h1_result r,
                       bool extra)
{
	switch (r.event) {
	case FR_H1_HEAD:
		fr_fetch_note_sloppy(f);
		return take_head(f, c);
	case FR_H1_BODY:
		f->h->on_body(f->user, (const uint8_t *)r.body.p, r.body.len);
		return is_live(f, c);
	case FR_H1_END:
		if (f->state == FR_FETCH_TUNNEL)
			return true;
		fr_fetch_note_sloppy(f); /* of the body's framing */
		if (f->resp->status < 200) {
			begin_response(f);
			return true;
		}
		complete(f, c, extra);
		return false;
	case FR_H1_FAILED:
		fr_fetch_note_cause(f, c, fr_h1_error_str(r.error));
		fr_fetch_fail(f,
		              r.error == FR_H1_TRUNCATED ? FR_FETCH_TRUNCATED : FR_FETCH_MALFORMED);
		return false;
	case FR_H1_NEED_MORE:
		break;
	}
	return true;
}

/* Bytes that were there before the request went out answer nothing that we asked: an
 * origin said 408 to an idle connection, or is confused. The next request on that
 * connection would get this request's response. */
static bool came_unasked(const struct fr_fetch *f, const struct fr_origin_conn *c)
{
	return f->state == FR_FETCH_SENDING && c->taken_turn == fr_loop_turn(f->loop) &&
	       can_repeat(f, c->is_reused);
}

void fr_fetch_on_data(struct fr_fetch *f, const uint8_t *data, size_t len)
{
	struct fr_origin_conn *c = f->conn;
	struct fr_h1_result r;

	if (came_unasked(f, c)) {
		fr_conn_close(c);
		retry_or_fail(f, true, FR_FETCH_CLOSED);
		return;
	}
	f->got_bytes = true;
	progress(f);
	do {
		if (f->state == FR_FETCH_TUNNEL) {
			if (len)
				f->h->on_body(f->user, data, len);
			return;
		}
		r = fr_h1_feed(c->parser, data, len);
		data += r.consumed;
		len -= r.consumed;
		if (!take_event(f, c, r, len > 0))
			return;
	} while (len > 0 || r.event != FR_H1_NEED_MORE);
}

void fr_fetch_on_eof(struct fr_fetch *f)
{
	struct fr_origin_conn *c = f->conn;
	bool clean = fr_transport_eof_is_clean(c->stream), reused = c->is_reused;
	struct fr_h1_result r;

	if (f->state == FR_FETCH_TUNNEL) {
		complete(f, c, true);
		return;
	}
	r = fr_h1_feed_eof(c->parser);
	if (r.event == FR_H1_END && clean) {
		f->resp->keep_alive = false;
		complete(f, c, false);
		return;
	}
	if (f->state == FR_FETCH_RECEIVING) {
		fr_fetch_fail(f, FR_FETCH_TRUNCATED);
		return;
	}
	fr_conn_close(c);
	retry_or_fail(f, reused, f->got_bytes ? FR_FETCH_TRUNCATED : FR_FETCH_CLOSED);
}

/* A connection that could not be opened: is there an address that was not tried? When
 * all of them refuse, the name may have moved: it is looked up again, once. */
static bool has_other_address(struct fr_fetch *f)
{
	struct fr_resolver *r = f->origin->resolver;

	if (++f->addresses_tried < fr_resolver_want(r))
		return true;
	if (f->has_renewed || fr_resolver_renew(r) != FR_ERR_AGAIN)
		return false;
	f->has_renewed = true;
	f->addresses_tried = 0;
	return true;
}

void fr_fetch_on_broken(struct fr_fetch *f, int err)
{
	bool reused = f->conn->is_reused;

	if (f->state == FR_FETCH_CONNECTING) {
		let_go_of_conn(f);
		if (err == FR_ERR_CONNECT && has_other_address(f)) {
			f->origin->cause[0] = '\0';
			if (set_state(f, FR_FETCH_WAITING))
				fr_origin_place(f->origin, f, true);
			return;
		}
		fr_fetch_fail(f, err == FR_ERR_TLS ? FR_FETCH_TLS : FR_FETCH_CONNECT);
	} else if (f->state == FR_FETCH_SENDING) {
		retry_or_fail(f, reused, f->got_bytes ? FR_FETCH_TRUNCATED : FR_FETCH_CLOSED);
	} else {
		let_go_of_conn(f);
		fr_fetch_fail(f, FR_FETCH_TRUNCATED);
	}
}

void fr_fetch_pause(struct fr_fetch *f)
{
	if (f->is_paused || f->state == FR_FETCH_DONE)
		return;
	f->is_paused = true;
	f->paused_ms = fr_loop_now(f->loop);
	if (f->conn)
		fr_transport_pause(f->conn->stream);
	progress(f);
}

void fr_fetch_resume(struct fr_fetch *f)
{
	if (!f->is_paused || f->state == FR_FETCH_DONE)
		return;
	f->is_paused = false;
	if (f->conn)
		fr_transport_resume(f->conn->stream);
	progress(f);
}
