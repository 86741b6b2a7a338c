/* A request's form, and the way of its body: from the client side, through a bounded
 * buffer, to the origin's connection. Declared in edge/exchange.h. */
#include "edge/client.h"
#include "edge/exchange_priv.h"
#include "http/trailers.h"
#include "http/trust.h"

int fr_exchange_settle(struct fr_exchange *ex)
{
	int rc = fr_canonical_make(&ex->arena, &ex->req, &ex->canonical);

	if (rc == 0)
		ex->cache_rules = fr_config_find_cache(ex->site->config, &ex->canonical.path);
	return rc;
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

/* --- time limits of the client side --- */

static bool waits_for_client(const struct fr_exchange *ex)
{
	if (fr_exchange_body_len(ex))
		return true;
	if (ex->state == FR_EXCHANGE_TUNNEL || ex->request_ended)
		return false;
	return ex->discards_request || fr_exchange_request_room(ex) > 0;
}

void fr_exchange_watch(struct fr_exchange *ex, bool progress)
{
	struct fr_loop *l = ex->worker->loop;

	if (ex->state == FR_EXCHANGE_HEAD || ex->state == FR_EXCHANGE_RELEASED ||
	    ex->is_broken)
		return;
	if (!waits_for_client(ex))
		fr_loop_timer_stop(l, &ex->timer);
	else if (progress || !fr_timer_is_set(&ex->timer))
		fr_loop_timer_set(l, &ex->timer, ex->gen->config->timeouts.body_ms);
}

/* --- the body --- */

size_t fr_exchange_request_room(const struct fr_exchange *ex)
{
	size_t held = fr_buf_len(&ex->req_body), max = ex->gen->config->limits.request_buffer_bytes;

	return held >= max ? 0 : max - held;
}

void fr_exchange_pump_request(struct fr_exchange *ex)
{
	size_t n = fr_buf_len(&ex->req_body);

	if (!ex->fetch || ex->request_passed)
		return;
	if (n && fr_fetch_can_write(ex->fetch)) {
		fr_fetch_write(ex->fetch, fr_buf_data(&ex->req_body), n);
		fr_buf_clear(&ex->req_body);
		ex->ops->consumed(ex, n);
		n = 0;
	}
	if (n == 0 && ex->request_ended && ex->fetch &&
	    (ex->origin_req.has_body || ex->state == FR_EXCHANGE_TUNNEL) &&
	    fr_fetch_can_write(ex->fetch)) {
		ex->request_passed = true;
		fr_fetch_end(ex->fetch, ex->req_trailers);
	}
	fr_exchange_watch(ex, true);
}

void fr_exchange_body(struct fr_exchange *ex, const uint8_t *data, size_t len)
{
	ex->seen.received_bytes += len;
	if (ex->discards_request || ex->state == FR_EXCHANGE_RELEASED) {
		ex->ops->consumed(ex, len);
		fr_exchange_watch(ex, true);
		return;
	}
	if (ex->fetch && fr_buf_len(&ex->req_body) == 0 && fr_fetch_can_write(ex->fetch)) {
		fr_fetch_write(ex->fetch, data, len);
		ex->ops->consumed(ex, len);
		fr_exchange_watch(ex, true);
		return;
	}
	if (fr_buf_append(&ex->req_body, data, len) < 0) {
		/* the client side sent more than its window: our own mistake at
		 * worst, and never a reason to lose bytes silently */
		ex->ops->abort(ex, FR_ABORT_INTERNAL);
		return;
	}
	fr_exchange_watch(ex, true);
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
	ex->request_ended = true;
	ex->req_trailers = passing(ex, trailers);
	fr_exchange_pump_request(ex);
	fr_exchange_watch(ex, true);
}
