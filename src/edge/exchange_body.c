/* The way of a response's body: from the origin's connection, through a bounded queue, to
 * the client side. Declared in edge/exchange.h. */
#include "edge/activity.h"
#include "edge/cached.h"
#include "edge/client.h"
#include "edge/exchange_priv.h"
#include "edge/memory.h"
#include "edge/order.h"
#include "edge/tap.h"

void fr_exchange_on_body(void *user, const uint8_t *data, size_t len)
{
	struct fr_exchange *ex = user;

	fr_activity_exchange(ex, FR_ACTIVITY_ORIGIN);
	(void)fr_memory_level(ex->worker); /* it grows here */
	if (fr_chain_append(&ex->resp_body, data, len) < 0) {
		fr_fetch_cancel(&ex->fetch);
		fr_exchange_fetch_over(ex);
		fr_exchange_fail_body(ex);
		return;
	}
	if (ex->resp_body.len >= ex->gen->config->limits.response_buffer_bytes / 2)
		fr_fetch_pause(ex->fetch);
	if (ex->tap)
		fr_tap_feed(ex->tap, data, len);
	fr_order_body(ex);
	fr_exchange_watch(ex, false);
	ex->ops->body(ex);
}

bool fr_exchange_has_body(const struct fr_exchange *ex)
{
	return ex->req.method != FR_METHOD_HEAD && fr_status_has_body(ex->resp.status);
}

size_t fr_exchange_body_len(const struct fr_exchange *ex)
{
	size_t stored = ex->cached ? fr_cached_len(ex->cached) : 0;

	return stored ? stored : ex->resp_body.len;
}

size_t fr_exchange_body_peek(struct fr_exchange *ex, const uint8_t **data)
{
	size_t stored = ex->cached ? fr_cached_len(ex->cached) : 0;

	if (stored)
		return fr_cached_peek(ex->cached, data);
	return fr_chain_peek(&ex->resp_body, data);
}

void fr_exchange_body_take(struct fr_exchange *ex, size_t len)
{
	ex->body_sent_bytes += len;
	if (ex->cached && fr_cached_len(ex->cached))
		fr_cached_take(ex->cached, len);
	else
		fr_chain_consume(&ex->resp_body, len);
	if (ex->fetch && ex->resp_body.len < ex->gen->config->limits.response_buffer_bytes / 4)
		fr_fetch_resume(ex->fetch);
	fr_exchange_watch(ex, true);
}
