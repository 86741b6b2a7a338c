/* A request's form, and the way of its body: from the client side, through a bounded
 * buffer, to the origin's connection. Declared in exchange/exchange.h.
 *
 * The origin is not asked before the body is worth one of its connections: complete, or
 * half of limits.request_buffer (or of the HTTP/2 window) is there. One of unknown length is
 * waited for up to origin.buffer_requests, since many origins read no body without a
 * Content-Length: what memory may not hold goes to a file meanwhile. That ends when the body
 * comes like a stream. What expects a 100 or asks for an upgrade is asked for at once. From
 * then on until the response begins it keeps limits.body_rate. */
#include "exchange/exchange_priv.h"
#include "exchange/spill.h"
#include "http/media_type.h"
#include "http/trailers.h"
#include "http/trust.h"

/* A stream flows as things happen, and its answer may come before its end. A body of a type
 * for streams is asked for after this time, whatever has come. */
#define STREAM_HOLD_MS 100u
/* Any other body of unknown length is taken for a stream when less than this came within this
 * time: an upload over a slow mobile network brings more, events and keep-alives less. */
#define UPLOAD_INTERVAL_MS 1000u
#define UPLOAD_INTERVAL_BYTES 1024u
/* After a response that came before the request's end what follows is thrown away for so long.
 * Then the client is told to stop. Clients that hear it with the response mistake one for the
 * other, and most need not hear it: their request ends. */
#define LAST_MS 250u

/* Cookies that make no difference are no part of what others may be answered with. */
static int settle_cookies(struct fr_exchange *ex)
{
	struct fr_cookie_rules rules;

	if (!ex->cache.rules->enabled || ex->req.has_body || ex->req.is_upgrade ||
	    (ex->req.method != FR_METHOD_GET && ex->req.method != FR_METHOD_HEAD) ||
	    !fr_fields_get(&ex->req.fields, FR_FIELD_COOKIE))
		return 0;
	rules = fr_canonical_cookie_rules(ex->cache.rules);
	return fr_cookies_strip(&ex->arena, &ex->req.fields, &rules);
}

int fr_exchange_settle(struct fr_exchange *ex)
{
	int rc = fr_canonical_make(&ex->arena, &ex->req, &ex->canonical);

	if (rc < 0)
		return rc;
	ex->cache.rules = fr_config_find_cache(ex->site->config, &ex->canonical.path);
	return settle_cookies(ex);
}

bool fr_exchange_accept(struct fr_exchange *ex)
{
	int rc = fr_exchange_settle(ex);

	if (rc == FR_ERR_SYNTAX)
		fr_exchange_refuse(ex, 400, "The Connection field is malformed.");
	else if (rc < 0)
		fr_exchange_refuse(ex, 503, "");
	return rc == 0;
}

/* What came of the body and was not passed on. */
static size_t request_held(const struct fr_exchange *ex)
{
	return fr_buf_len(&ex->to_origin.body) + (size_t)fr_spill_len(ex->to_origin.spill);
}

/* Of that, what the client side still waits to hear of. */
static size_t request_unconsumed(const struct fr_exchange *ex)
{
	return request_held(ex) - ex->to_origin.granted;
}

/* --- time limits of the client side --- */

static enum fr_exchange_wait waits_for_client(const struct fr_exchange *ex)
{
	if (fr_exchange_body_len(ex))
		return FR_EXCHANGE_WAIT_TAKE;
	if (ex->state == FR_EXCHANGE_TUNNEL || ex->to_origin.ended)
		return FR_EXCHANGE_WAIT_NONE;
	/* over HTTP/1.1 the connection ends with the response */
	if (ex->to_origin.discards)
		return ex->stream_id && ex->to_client.head_sent && ex->to_client.ended
		               ? FR_EXCHANGE_WAIT_LAST
		               : FR_EXCHANGE_WAIT_SEND;
	/* both ways at once: either side may be quiet while the other one speaks */
	if (ex->state == FR_EXCHANGE_RESPONDING)
		return FR_EXCHANGE_WAIT_NONE;
	return fr_exchange_request_room(ex) > 0 ? FR_EXCHANGE_WAIT_SEND : FR_EXCHANGE_WAIT_NONE;
}

static void begin_interval(struct fr_exchange *ex)
{
	bool is_last = ex->limit.waits == FR_EXCHANGE_WAIT_LAST;

	ex->limit.interval_bytes = ex->seen.received_bytes;
	fr_loop_timer_set(ex->worker->loop, &ex->limit.timer,
	                  is_last ? LAST_MS : ex->gen->config->timeouts.body_ms);
}

void fr_exchange_watch(struct fr_exchange *ex, bool progress)
{
	enum fr_exchange_wait before = ex->limit.waits;

	if (ex->state == FR_EXCHANGE_HEAD || ex->state == FR_EXCHANGE_RELEASED || ex->is_broken)
		return;
	ex->limit.waits = waits_for_client(ex);
	if (ex->limit.waits == FR_EXCHANGE_WAIT_NONE)
		fr_loop_timer_stop(ex->worker->loop, &ex->limit.timer);
	else if (ex->limit.waits != before ||
	         (progress && ex->limit.waits == FR_EXCHANGE_WAIT_TAKE))
		begin_interval(ex);
}

static size_t may_hold(struct fr_exchange *ex)
{
	size_t most = ex->gen->config->limits.request_buffer_bytes, theirs;

	if (!ex->ops->may_hold)
		return most;
	theirs = ex->ops->may_hold(ex);
	return theirs < most ? theirs : most;
}

bool fr_exchange_keeps_rate(struct fr_exchange *ex)
{
	const struct fr_config *config = ex->gen->config;
	uint64_t due = (uint64_t)config->limits.body_rate_bytes * config->timeouts.body_ms / 1000;

	if (ex->limit.waits != FR_EXCHANGE_WAIT_SEND)
		return false;
	if (ex->seen.received_bytes - ex->limit.interval_bytes < (due ? due : 1) && may_hold(ex))
		return false;
	begin_interval(ex);
	return true;
}

/* --- is it worth an origin connection? --- */

/* Half of what may come at once is there, since the client stops before the rest; or the
 * connection has no more room for it. */
static bool is_full(struct fr_exchange *ex)
{
	return request_unconsumed(ex) >= may_hold(ex) / 2;
}

static bool is_stream(const struct fr_exchange *ex)
{
	struct fr_str type = fr_fields_value(&ex->to_origin.req.fields, FR_FIELD_CONTENT_TYPE);

	return ex->site->config->origin.buffer_requests_bytes == 0 ||
	       fr_media_is_stream(fr_media_type_of(type));
}

/* Of a length that is not known yet, and longer than is waited for. */
static bool is_long(const struct fr_exchange *ex)
{
	size_t most = ex->site->config->origin.buffer_requests_bytes;

	return most && ex->to_origin.req.content_length < 0 && request_held(ex) > most;
}

/* The client may go on: all that has come is in the file, and as good as passed on. */
static bool set_aside(struct fr_exchange *ex)
{
	struct fr_buf *body = &ex->to_origin.body;
	size_t n = request_unconsumed(ex);

	if (!ex->to_origin.spill && ex->gen->config->limits.spill_mib)
		ex->to_origin.spill = fr_exchange_new_spill(ex);
	if (!ex->to_origin.spill ||
	    fr_spill_append(ex->to_origin.spill, fr_buf_data(body), fr_buf_len(body)) < 0)
		return false;
	fr_count_add(&ex->worker->counters, FR_COUNT_SPILLED_BYTES, fr_buf_len(body));
	fr_buf_clear(body);
	ex->to_origin.granted += n;
	ex->ops->consumed(ex, n);
	return true;
}

/* Its length may become known yet. */
static bool waits_for_end(struct fr_exchange *ex)
{
	return ex->to_origin.req.content_length < 0 && !is_stream(ex) &&
	       request_held(ex) <= ex->site->config->origin.buffer_requests_bytes && set_aside(ex);
}

/* What asks before it sends, or speaks another protocol, must reach the origin first. */
static bool needs_hold(const struct fr_exchange *ex)
{
	return ex->to_origin.req.has_body && !ex->to_origin.ended &&
	       !ex->to_origin.req.is_upgrade &&
	       !fr_fields_get(&ex->to_origin.req.fields, FR_FIELD_EXPECT);
}

void fr_exchange_end_hold(struct fr_exchange *ex)
{
	ex->to_origin.is_holding = false;
	fr_loop_timer_stop(ex->worker->loop, &ex->to_origin.hold_timer);
}

void fr_exchange_discard_request(struct fr_exchange *ex)
{
	size_t n = request_unconsumed(ex);

	ex->to_origin.discards = true;
	ex->to_origin.granted = 0;
	fr_buf_clear(&ex->to_origin.body);
	fr_spill_free(&ex->to_origin.spill);
	if (n)
		ex->ops->consumed(ex, n);
}

static void ask_now(struct fr_exchange *ex)
{
	struct fr_request *req = &ex->to_origin.req;

	fr_exchange_end_hold(ex);
	if (ex->to_origin.ended && req->has_body && !ex->to_origin.trailers) {
		req->content_length = (int64_t)request_held(ex);
		req->has_body = req->content_length > 0;
	}
	if (req->has_body && req->content_length < 0 && !req->is_upgrade)
		fr_count(&ex->worker->counters, FR_COUNT_REQUESTS_CHUNKED);
	fr_exchange_start_fetch(ex);
	fr_exchange_watch(ex, false);
}

static void begin_hold(struct fr_exchange *ex)
{
	uint32_t ms = is_stream(ex) ? STREAM_HOLD_MS : UPLOAD_INTERVAL_MS;
	uint32_t most = ex->gen->config->timeouts.body_ms / 2; /* a stream is no 408 */

	ex->to_origin.hold_bytes = ex->seen.received_bytes;
	fr_loop_timer_set(ex->worker->loop, &ex->to_origin.hold_timer, ms < most ? ms : most);
}

static void hold_is_over(struct fr_timer *t, void *user)
{
	struct fr_exchange *ex = user;

	(void)t;
	if (!is_stream(ex) &&
	    ex->seen.received_bytes - ex->to_origin.hold_bytes >= UPLOAD_INTERVAL_BYTES)
		begin_hold(ex);
	else
		ask_now(ex);
}

void fr_exchange_init_hold(struct fr_exchange *ex)
{
	fr_timer_init(&ex->to_origin.hold_timer, hold_is_over, ex);
}

void fr_exchange_ask(struct fr_exchange *ex)
{
	if (!needs_hold(ex)) {
		ask_now(ex);
		return;
	}
	ex->to_origin.is_holding = true;
	if (ex->to_origin.req.content_length < 0)
		begin_hold(ex);
	fr_exchange_watch(ex, false);
}

/* --- the body --- */

size_t fr_exchange_request_room(const struct fr_exchange *ex)
{
	size_t held = request_unconsumed(ex);
	size_t max = ex->gen->config->limits.request_buffer_bytes;

	return held >= max ? 0 : max - held;
}

/* From the file into memory, which is empty. */
static int refill(struct fr_exchange *ex)
{
	size_t n = 0;
	uint8_t *to = fr_spill_len(ex->to_origin.spill)
	                      ? fr_buf_reserve(&ex->to_origin.body, FR_BLOCK_BYTES)
	                      : NULL;

	if (!fr_spill_len(ex->to_origin.spill))
		return 0;
	if (!to || fr_spill_take(ex->to_origin.spill, to, FR_BLOCK_BYTES, &n) < 0)
		return FR_ERR_IO;
	fr_buf_commit(&ex->to_origin.body, n);
	return 0;
}

/* Bytes went to the origin: the client side hears of those that were not set aside. */
static void tell_passed(struct fr_exchange *ex, size_t n)
{
	size_t known = n < ex->to_origin.granted ? n : ex->to_origin.granted;

	ex->to_origin.granted -= known;
	if (n > known)
		ex->ops->consumed(ex, n - known);
}

/* What the origin takes now. False: what waited cannot be had any more. */
static bool pass_on(struct fr_exchange *ex)
{
	while (request_held(ex) && ex->to_origin.fetch && fr_fetch_can_write(ex->to_origin.fetch)) {
		size_t n = fr_buf_len(&ex->to_origin.body);

		fr_fetch_write(ex->to_origin.fetch, fr_buf_data(&ex->to_origin.body), n);
		fr_buf_clear(&ex->to_origin.body);
		tell_passed(ex, n);
		if (refill(ex) < 0) {
			ex->ops->abort(ex, FR_ABORT_INTERNAL);
			return false;
		}
	}
	return true;
}

void fr_exchange_pump_request(struct fr_exchange *ex)
{
	if (!ex->to_origin.fetch || ex->to_origin.passed || !pass_on(ex))
		return;
	if (request_held(ex) == 0 && ex->to_origin.ended && ex->to_origin.fetch &&
	    (ex->to_origin.req.has_body || ex->state == FR_EXCHANGE_TUNNEL) &&
	    fr_fetch_can_write(ex->to_origin.fetch)) {
		ex->to_origin.passed = true;
		fr_fetch_end(ex->to_origin.fetch, ex->to_origin.trailers);
	}
	fr_exchange_watch(ex, false);
}

/* In memory as far as it may be; behind that in a file: windows that grew, or are
 * configured so, let more come than limits.request_buffer. */
static int keep(struct fr_exchange *ex, const uint8_t *data, size_t len)
{
	if (!fr_spill_len(ex->to_origin.spill)) {
		int rc = fr_buf_append(&ex->to_origin.body, data, len);

		if (rc != FR_ERR_LIMIT)
			return rc;
	}
	if (!ex->to_origin.spill)
		ex->to_origin.spill = fr_exchange_new_spill(ex);
	if (!ex->to_origin.spill)
		return FR_ERR_LIMIT;
	fr_count_add(&ex->worker->counters, FR_COUNT_SPILLED_BYTES, len);
	return fr_spill_append(ex->to_origin.spill, data, len);
}

void fr_exchange_body(struct fr_exchange *ex, const uint8_t *data, size_t len)
{
	ex->seen.received_bytes += len;
	if (ex->to_origin.discards || ex->state == FR_EXCHANGE_RELEASED) {
		ex->ops->consumed(ex, len);
		fr_exchange_watch(ex, false);
		return;
	}
	if (ex->to_origin.fetch && request_held(ex) == 0 &&
	    fr_fetch_can_write(ex->to_origin.fetch)) {
		fr_fetch_write(ex->to_origin.fetch, data, len);
		ex->ops->consumed(ex, len);
		fr_exchange_watch(ex, false);
		return;
	}
	if (keep(ex, data, len) < 0) {
		/* never a reason to lose bytes silently */
		fr_count(&ex->worker->counters, FR_COUNT_LIMIT_SPILL);
		ex->ops->abort(ex, FR_ABORT_INTERNAL);
		return;
	}
	if (ex->to_origin.is_holding && (is_long(ex) || is_full(ex)) && !waits_for_end(ex))
		ask_now(ex);
	fr_exchange_watch(ex, false);
}

/* What passes of the client's trailers, whatever its protocol; NULL: nothing. */
static const struct fr_fields *passing(struct fr_exchange *ex, const struct fr_fields *trailers)
{
	struct fr_fields *kept;

	if (!trailers || trailers->n == 0)
		return NULL;
	kept = fr_arena_alloc(&ex->arena, sizeof *kept);
	if (!kept)
		return NULL;
	fr_fields_init(kept, &ex->arena);
	for (size_t i = 0; i < trailers->n; i++) {
		const struct fr_field *f = &trailers->v[i];

		/* trailers may be dropped (RFC 9110 §6.5.1): also where memory is short */
		if (fr_trust_passes(f->name) && fr_trailer_is_allowed(f->name) &&
		    fr_fields_add(kept, f->name, f->value) < 0)
			return NULL;
	}
	return kept;
}

void fr_exchange_request_end(struct fr_exchange *ex, const struct fr_fields *trailers)
{
	ex->to_origin.ended = true;
	ex->to_origin.trailers = passing(ex, trailers);
	if (ex->to_origin.is_holding)
		ask_now(ex);
	else
		fr_exchange_pump_request(ex);
	fr_exchange_watch(ex, false);
}
