/* The way of a response's body: from the origin's connection, through a bounded queue, to
 * the client side. Declared in exchange/exchange.h. */
#include "base/log.h"
#include "exchange/activity.h"
#include "exchange/exchange_priv.h"
#include "exchange/origin_watch.h"
#include "exchange/spill.h"

/* A client that takes nothing for so long does not keep the origin's connection. */
#define SPILL_AFTER_MS 250u
/* One read from the origin, and what was read before it was paused. */
#define AHEAD_BYTES (2u * FR_READ_BYTES)

static size_t ceiling(const struct fr_exchange *ex)
{
	return ex->gen->config->limits.response_buffer_bytes;
}

struct fr_spill *fr_exchange_new_spill(struct fr_exchange *ex)
{
	uint64_t limit = (uint64_t)ex->gen->config->limits.spill_mib << 20;
	struct fr_spill *s =
		limit ? fr_spill_new(ex->worker->admission, fr_whose_counted(ex), limit) : NULL;

	fr_count(&ex->worker->counters, s ? FR_COUNT_BODIES_SPILLED : FR_COUNT_LIMIT_SPILL);
	return s;
}

/* The client has taken nothing for a while: the rest goes to a file, if there is one. */
static void spill(struct fr_timer *t, void *user)
{
	struct fr_exchange *ex = user;

	(void)t;
	if (!ex->to_origin.fetch || ex->state != FR_EXCHANGE_RESPONDING)
		return;
	if (!ex->to_client.spill)
		ex->to_client.spill = fr_exchange_new_spill(ex);
	if (!ex->to_client.spill)
		return; /* it stays paused, and makes way when others wait */
	FR_LOG(DEBUG, "edge", "%s: %.*s: not read: its body goes to a file", ex->whose.client->text,
	       FR_STR_ARG(ex->req.target));
	fr_fetch_resume(ex->to_origin.fetch);
}

void fr_exchange_free_bodies(struct fr_exchange *ex)
{
	fr_loop_timer_stop(ex->worker->loop, &ex->to_client.spill_timer);
	fr_spill_free(&ex->to_origin.spill);
	fr_spill_free(&ex->to_client.spill);
}

/* Where the body waits is full: the origin is not read on for now. */
static void stop_reading(struct fr_exchange *ex)
{
	fr_fetch_pause(ex->to_origin.fetch);
	if (!ex->to_client.spill && ex->state == FR_EXCHANGE_RESPONDING)
		fr_loop_timer_set(ex->worker->loop, &ex->to_client.spill_timer, SPILL_AFTER_MS);
}

static int keep(struct fr_exchange *ex, const uint8_t *data, size_t len)
{
	struct fr_spill *s = ex->to_client.spill;
	int rc;

	if (fr_spill_len(s) == 0 && (!s || ex->to_client.body.len < ceiling(ex) / 2)) {
		rc = fr_chain_append(&ex->to_client.body, data, len);
		if (rc == 0 && !s && ex->to_client.body.len >= ceiling(ex) / 2)
			stop_reading(ex);
		return rc;
	}
	rc = fr_spill_append(s, data, len);
	fr_count_add(&ex->worker->counters, FR_COUNT_SPILLED_BYTES, len);
	if (rc == 0 && fr_spill_reserve(s, AHEAD_BYTES) < 0) {
		fr_count(&ex->worker->counters, FR_COUNT_LIMIT_SPILL);
		stop_reading(ex);
	}
	return rc;
}

/* Memory grows here. A client that takes its answers is not asked to make room. */
static bool has_room(struct fr_exchange *ex)
{
	if (fr_connection_has_share(ex->client) || !ex->client->backlog_since_ms)
		return true;
	fr_count(&ex->worker->counters, FR_COUNT_LIMIT_MEMORY_BODIES);
	return false;
}

void fr_exchange_on_body(void *user, const uint8_t *data, size_t len)
{
	struct fr_exchange *ex = user;

	fr_activity_exchange(ex, FR_ACTIVITY_ORIGIN);
	if (!has_room(ex) || keep(ex, data, len) < 0) {
		fr_fetch_cancel(&ex->to_origin.fetch);
		fr_exchange_fetch_over(ex);
		fr_exchange_fail_body(ex);
		return;
	}
	if (ex->to_origin.watched)
		ex->stages.row->watch->body(ex->to_origin.watched, data, len);
	fr_stages_body(ex);
	fr_exchange_watch(ex, false);
	ex->ops->body(ex);
}

void fr_exchange_body_complete(struct fr_exchange *ex)
{
	ex->to_client.complete = true;
	ex->to_client.ended = fr_spill_len(ex->to_client.spill) == 0;
}

/* From the file into memory. */
static int refill(struct fr_exchange *ex)
{
	uint8_t block[FR_BLOCK_BYTES];

	while (fr_spill_len(ex->to_client.spill) && ex->to_client.body.len < ceiling(ex) / 4) {
		size_t n = 0;

		if (fr_spill_take(ex->to_client.spill, block, sizeof block, &n) < 0 ||
		    fr_chain_append(&ex->to_client.body, block, n) < 0)
			return FR_ERR_IO;
	}
	if (fr_spill_len(ex->to_client.spill) == 0)
		ex->to_client.ended = ex->to_client.complete;
	return 0;
}

/* Also what waits in the file, when that cannot be read. */
void fr_exchange_lose_body(struct fr_exchange *ex)
{
	fr_spill_free(&ex->to_client.spill);
	fr_fetch_cancel(&ex->to_origin.fetch);
	fr_exchange_fetch_over(ex);
	if (ex->state == FR_EXCHANGE_RESPONDING) {
		fr_exchange_fail_body(ex);
		return;
	}
	fr_count(&ex->worker->counters, FR_COUNT_RESPONSES_FAILED);
	ex->to_client.failed = true;
}

/* Bytes were taken: more may come, from the file or from the origin. */
static void go_on(struct fr_exchange *ex)
{
	if (ex->to_client.body.len >= ceiling(ex) / 4)
		return;
	if (ex->to_client.spill && refill(ex) < 0)
		fr_exchange_lose_body(ex);
	if (!ex->to_origin.fetch || fr_spill_len(ex->to_client.spill))
		return;
	fr_loop_timer_stop(ex->worker->loop, &ex->to_client.spill_timer);
	fr_fetch_resume(ex->to_origin.fetch);
}

bool fr_exchange_has_body(const struct fr_exchange *ex)
{
	return ex->req.method != FR_METHOD_HEAD && fr_status_has_body(ex->resp.status);
}

/* --- as a body source --- */

static size_t own_len(const void *of)
{
	const struct fr_exchange *ex = of;

	return ex->to_client.body.len;
}

static size_t own_peek(void *of, const uint8_t **data)
{
	struct fr_exchange *ex = of;

	return fr_chain_peek(&ex->to_client.body, data);
}

static void own_take(void *of, size_t len)
{
	struct fr_exchange *ex = of;

	fr_chain_consume(&ex->to_client.body, len);
	go_on(ex);
}

static enum fr_source_state own_done(const void *of)
{
	const struct fr_exchange *ex = of;

	if (ex->to_client.failed)
		return FR_SOURCE_FAILED;
	return ex->to_client.ended ? FR_SOURCE_DONE : FR_SOURCE_MORE;
}

static const struct fr_body_source_ops own = {
	.len = own_len,
	.peek = own_peek,
	.take = own_take,
	.done = own_done,
};

void fr_exchange_read_from(struct fr_exchange *ex, const struct fr_body_source_ops *ops, void *of)
{
	ex->to_client.source =
		(struct fr_body_source){.ops = ops ? ops : &own, .of = ops ? of : ex};
}

void fr_exchange_filter_body(struct fr_exchange *ex, const struct fr_body_source_ops *ops, void *of)
{
	ex->to_client.filter = (struct fr_body_source){.ops = ops, .of = of};
}

void fr_exchange_init_body(struct fr_exchange *ex)
{
	fr_timer_init(&ex->to_client.spill_timer, spill, ex);
	fr_exchange_read_from(ex, NULL, NULL);
}

/* What the client side reads from. */
static const struct fr_body_source *top(const struct fr_exchange *ex)
{
	return ex->to_client.filter.ops ? &ex->to_client.filter : &ex->to_client.source;
}

size_t fr_exchange_body_ready(struct fr_exchange *ex)
{
	const struct fr_body_source *t = top(ex);

	if (t->ops->fill)
		t->ops->fill(t->of);
	return t->ops->len(t->of);
}

size_t fr_exchange_body_len(const struct fr_exchange *ex)
{
	return top(ex)->ops->len(top(ex)->of);
}

size_t fr_exchange_body_peek(struct fr_exchange *ex, const uint8_t **data)
{
	return top(ex)->ops->peek(top(ex)->of, data);
}

void fr_exchange_body_take(struct fr_exchange *ex, size_t len)
{
	ex->to_client.sent_bytes += len;
	top(ex)->ops->take(top(ex)->of, len);
	fr_exchange_watch(ex, true);
}

bool fr_exchange_body_ended(const struct fr_exchange *ex)
{
	const struct fr_body_source *f = &ex->to_client.filter;

	return ex->to_client.ended && (!f->ops || f->ops->done(f->of) == FR_SOURCE_DONE);
}
