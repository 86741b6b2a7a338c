/* An exchange's states, from its head to its release, and the stages that it passes. */
#include "exchange/exchange_priv.h"

#include <stdlib.h>

#include "base/holds.h"
#include "base/log.h"
#include "base/probes.h"
#include "exchange/activity.h"
#include "exchange/proxy.h"

/* A body may pass its ceiling by what one read from the origin brings. */
#define RESPONSE_SLACK_BYTES FR_READ_BYTES

static const uint8_t allowed[] = {
	[FR_EXCHANGE_HEAD] = FR_BIT(FR_EXCHANGE_WAITING) | FR_BIT(FR_EXCHANGE_RESPONDING) |
                             FR_BIT(FR_EXCHANGE_ENDED) | FR_BIT(FR_EXCHANGE_RELEASED),
	[FR_EXCHANGE_WAITING] = FR_BIT(FR_EXCHANGE_RESPONDING) | FR_BIT(FR_EXCHANGE_TUNNEL) |
                                FR_BIT(FR_EXCHANGE_ENDED) | FR_BIT(FR_EXCHANGE_RELEASED),
	[FR_EXCHANGE_RESPONDING] = FR_BIT(FR_EXCHANGE_ENDED) | FR_BIT(FR_EXCHANGE_RELEASED),
	[FR_EXCHANGE_TUNNEL] = FR_BIT(FR_EXCHANGE_ENDED) | FR_BIT(FR_EXCHANGE_RELEASED),
	[FR_EXCHANGE_ENDED] = FR_BIT(FR_EXCHANGE_RELEASED),
	[FR_EXCHANGE_RELEASED] = 0,
};

static struct fr_exchange *of(void *user)
{
	struct fr_exchange *ex = user;

	FR_ASSERT(ex && ex->magic == FR_EXCHANGE_MAGIC);
	return ex;
}

/* See time_is_up. */
void fr_exchange_break(struct fr_exchange *ex)
{
	ex->is_broken = true;
	if (ex->state != FR_EXCHANGE_RELEASED)
		fr_loop_timer_set(ex->worker->loop, &ex->limit.timer, 0);
}

/* What cannot be from here is not done, and ends the exchange. */
static void set_state(struct fr_exchange *ex, enum fr_exchange_state to)
{
	if (!FR_HOLDS(allowed[ex->state] & FR_BIT(to))) {
		fr_exchange_break(ex);
		return;
	}
	FR_PROBE3(exchange_state, ex->seen.id, ex->state, to);
	ex->state = to;
}

static const struct fr_config_limits *limits(const struct fr_exchange *ex)
{
	return &ex->gen->config->limits;
}

static void count(struct fr_exchange *ex, enum fr_counter id)
{
	fr_count(&ex->worker->counters, id);
}

/* --- life --- */

static void time_is_up(struct fr_timer *t, void *user);
static void release(void *user);

static struct fr_exchange *take_memory(struct fr_worker *w)
{
	struct fr_exchange *ex = w->free_exchanges;
	struct fr_arena arena;
	struct fr_buf req_body;

	if (!ex) {
		ex = fr_try_calloc(1, sizeof *ex);
		if (!ex)
			return NULL;
		fr_arena_init(&ex->arena, FR_EXCHANGE_ARENA_BYTES);
		fr_buf_init(&ex->to_origin.body, 0);
		return ex;
	}
	w->free_exchanges = ex->next;
	w->n_free_exchanges--;
	arena = ex->arena;
	req_body = ex->to_origin.body;
	memset(ex, 0, sizeof *ex); /* of an assignment gcc makes a copy on the stack first */
	ex->arena = arena;
	ex->to_origin.body = req_body;
	return ex;
}

static struct fr_exchange *new_under(struct fr_generation *gen, struct fr_connection *c,
                                     const struct fr_exchange_ops *ops, int32_t stream_id)
{
	struct fr_worker *w = gen->worker;
	struct fr_exchange *ex = take_memory(w);

	if (!ex)
		return NULL;
	ex->magic = FR_EXCHANGE_MAGIC;
	ex->state = FR_EXCHANGE_HEAD;
	ex->worker = w;
	ex->client = c;
	ex->ops = ops;
	ex->stream_id = stream_id;
	ex->stages.row = c->is_admin ? &w->rows->admin : &w->rows->sites;
	ex->gen = fr_generation_ref(gen);
	ex->to_origin.body.max_bytes = limits(ex)->request_buffer_bytes + FR_READ_BYTES;
	fr_chain_init(&ex->to_client.body, limits(ex)->response_buffer_bytes + RESPONSE_SLACK_BYTES,
	              &w->body_blocks);
	fr_request_init(&ex->req, &ex->arena);
	ex->release_task = (struct fr_task){.run = release, .user = ex};
	fr_timer_init(&ex->limit.timer, time_is_up, ex);
	fr_exchange_init_hold(ex);
	fr_exchange_init_body(ex);
	fr_loop_timer_set(w->loop, &ex->limit.timer, ex->gen->config->timeouts.request_fields_ms);
	count(ex, FR_COUNT_EXCHANGES_OPEN);
	fr_whose_init(ex);
	c->ops->opened(c, ex);
	fr_record_opened(ex);
	return ex;
}

struct fr_exchange *fr_exchange_new(struct fr_connection *c, const struct fr_exchange_ops *ops,
                                    int32_t stream_id)
{
	return new_under(c->worker->gen, c, ops, stream_id);
}

struct fr_exchange *fr_exchange_new_for(const struct fr_exchange *page)
{
	struct fr_exchange *ex = new_under(page->gen, page->client, page->ops, 0);

	if (!ex)
		return NULL;
	ex->site = page->site;
	if (fr_whose_inherit(ex, page) < 0) {
		fr_exchange_leave(ex, true, false, false);
		return NULL;
	}
	return ex;
}

static void free_memory(struct fr_exchange *ex)
{
	fr_arena_fini(&ex->arena);
	fr_buf_fini(&ex->to_origin.body);
	free(ex);
}

void fr_exchange_free_list(struct fr_exchange **list)
{
	while (*list) {
		struct fr_exchange *ex = *list;

		*list = ex->next;
		free_memory(ex);
	}
}

static void release(void *user)
{
	struct fr_exchange *ex = of(user);
	struct fr_worker *w = ex->worker;

	fr_stages_release(ex);
	fr_count_down(&w->counters, FR_COUNT_EXCHANGES_OPEN);
	ex->client->ops->released(ex->client, ex);
	fr_generation_unref(&ex->gen);
	ex->magic = 0;
	fr_chain_clear(&ex->to_client.body);
	if (w->n_free_exchanges >= FR_EXCHANGES_KEPT) {
		free_memory(ex);
		return;
	}
	fr_arena_reset(&ex->arena);
	fr_buf_clear(&ex->to_origin.body);
	fr_buf_trim(&ex->to_origin.body);
	ex->next = w->free_exchanges;
	w->free_exchanges = ex;
	w->n_free_exchanges++;
}

/* The fetch is over, by its own end or ours. */
void fr_exchange_fetch_over(struct fr_exchange *ex)
{
	ex->to_origin.fetch = NULL;
	fr_whose_give_place(ex);
}

/* --- time limits of the client side --- */

static void time_is_up(struct fr_timer *t, void *user)
{
	struct fr_exchange *ex = of(user);

	(void)t;
	if (ex->is_broken) {
		ex->ops->abort(ex, FR_ABORT_INTERNAL);
		return;
	}
	if (ex->state == FR_EXCHANGE_HEAD) {
		count(ex, FR_COUNT_TIMEOUT_REQUEST_FIELDS);
		ex->ops->abort(ex, FR_ABORT_TIMEOUT);
		return;
	}
	if (ex->limit.waits == FR_EXCHANGE_WAIT_LAST) {
		ex->ops->abort(ex, FR_ABORT_ANSWERED);
		return;
	}
	if (fr_exchange_keeps_rate(ex))
		return;
	count(ex, FR_COUNT_TIMEOUT_BODY);
	if (ex->state == FR_EXCHANGE_WAITING && !ex->is_push)
		fr_exchange_refuse(ex, 408, "The request body did not arrive in time.");
	else
		ex->ops->abort(ex, FR_ABORT_TIMEOUT);
}

/* --- from the origin side --- */

static void send_head(struct fr_exchange *ex)
{
	ex->to_client.head_sent = true;
	fr_record_answered(ex);
	ex->ops->head(ex);
}

/* A push that does not bring the asset is taken back and not repeated soon. */
static void fail_push(struct fr_exchange *ex)
{
	fr_fetch_cancel(&ex->to_origin.fetch);
	fr_exchange_fetch_over(ex);
	fr_stages_taken_back(ex);
	set_state(ex, FR_EXCHANGE_ENDED);
	ex->ops->abort(ex, FR_ABORT_CANCEL);
}

void fr_exchange_answer(struct fr_exchange *ex, int status, const char *type, struct fr_str text)
{
	set_state(ex, FR_EXCHANGE_ENDED);
	fr_exchange_filter_body(ex, NULL, NULL);
	ex->to_client.coding = FR_CODING_IDENTITY;
	if (fr_proxy_own_response(ex, status, type, text, fr_worker_date(ex->worker)) < 0 ||
	    fr_stages_own(ex) < 0) {
		ex->ops->abort(ex, FR_ABORT_INTERNAL);
		return;
	}
	ex->to_client.ended = true;
	send_head(ex);
	fr_exchange_watch(ex, true);
}

void fr_exchange_open(struct fr_exchange *ex, const char *type)
{
	if (fr_proxy_own_response(ex, 200, type, FR_STR(""), fr_worker_date(ex->worker)) < 0 ||
	    fr_stages_own(ex) < 0) {
		fr_exchange_refuse(ex, 503, "");
		return;
	}
	ex->resp.content_length = -1;
	set_state(ex, FR_EXCHANGE_RESPONDING);
	send_head(ex);
}

bool fr_exchange_put(struct fr_exchange *ex, const void *data, size_t len)
{
	if (ex->state != FR_EXCHANGE_RESPONDING ||
	    fr_chain_append(&ex->to_client.body, data, len) < 0)
		return false;
	fr_exchange_watch(ex, false);
	ex->ops->body(ex);
	return true;
}

void fr_exchange_refuse(struct fr_exchange *ex, int status, const char *why)
{
	struct fr_str text = FR_STR("");

	if (ex->to_client.head_sent)
		return;
	if (ex->is_push) {
		fail_push(ex);
		return;
	}
	fr_exchange_end_hold(ex);
	fr_fetch_cancel(&ex->to_origin.fetch);
	fr_exchange_fetch_over(ex);
	fr_exchange_discard_request(ex);
	if (status < 500)
		count(ex, FR_COUNT_REQUESTS_REFUSED);
	else
		fr_record_error(ex, fr_str_from(*why ? why : fr_status_reason(status)));
	FR_LOG(DEBUG, "edge", "%s: %.*s %.*s: answered %d: %s", ex->whose.client->text,
	       FR_STR_ARG(ex->req.method_text), FR_STR_ARG(ex->req.target), status, why);
	(void)!fr_arena_printf(&ex->arena, &text, "%d %s\n%s%s", status, fr_status_reason(status),
	                       why, *why ? "\n" : "");
	fr_exchange_answer(ex, status, "text/plain; charset=utf-8", text);
}

void fr_exchange_informational(struct fr_exchange *ex, const struct fr_response *resp)
{
	struct fr_response relayed = *resp;

	/* its fields count as hints (RFC 8297): a stage decides what the client gets of them */
	if (resp->status == 103) {
		fr_stages_interim(ex, resp);
		return;
	}
	if (ex->is_push || ex->req.version == FR_HTTP_1_0 ||
	    fr_proxy_response(&relayed, fr_worker_date(ex->worker)) < 0)
		return;
	ex->ops->informational(ex, &relayed);
}

static void on_informational(void *user, const struct fr_response *resp)
{
	fr_exchange_informational(of(user), resp);
}

void fr_exchange_deliver(struct fr_exchange *ex)
{
	if (ex->is_push && (ex->resp.status < 200 || ex->resp.status > 299)) {
		fail_push(ex);
		return;
	}
	if (ex->resp.status != 101)
		fr_stages_response(ex);
	if (ex->resp.status != 101 &&
	    fr_proxy_response(&ex->resp, fr_worker_date(ex->worker)) < 0) {
		count(ex, FR_COUNT_ORIGIN_MALFORMED);
		fr_exchange_refuse(ex, 502, "The origin's response is malformed.");
		return;
	}
	set_state(ex, ex->resp.status == 101 ? FR_EXCHANGE_TUNNEL : FR_EXCHANGE_RESPONDING);
	if (ex->state == FR_EXCHANGE_TUNNEL)
		count(ex, FR_COUNT_UPGRADES);
	send_head(ex);
	fr_exchange_watch(ex, false); /* the request's limit ends with the head */
}

static void on_head(void *user)
{
	struct fr_exchange *ex = of(user);

	fr_activity_exchange(ex, FR_ACTIVITY_ORIGIN);
	fr_record_origin_head(ex, ex->to_origin.fetch);
	if (ex->resp.status != 101) {
		fr_stages_origin_head(ex);
		/* by what the origin said, not by what is added for the client */
		ex->to_origin.watched = fr_origin_watch_head(ex);
	}
	fr_exchange_deliver(ex);
	if (ex->state != FR_EXCHANGE_RESPONDING)
		fr_origin_watch_drop(ex);
}

void fr_exchange_fail_body(struct fr_exchange *ex)
{
	count(ex, FR_COUNT_RESPONSES_FAILED);
	fr_record_error(ex, FR_STR("the response's body ended early"));
	ex->to_client.failed = true;
	fr_origin_watch_drop(ex);
	set_state(ex, FR_EXCHANGE_ENDED);
	ex->ops->body(ex);
}

static void on_end(void *user, const struct fr_fields *trailers)
{
	struct fr_exchange *ex = of(user);

	fr_activity_exchange(ex, FR_ACTIVITY_ORIGIN);
	fr_exchange_fetch_over(ex);
	fr_origin_watch_end(ex);
	fr_record_origin_end(ex);
	fr_exchange_body_complete(ex);
	if (!ex->to_origin.ended)
		fr_exchange_discard_request(ex);
	if (trailers && trailers->n) {
		struct fr_fields *kept = fr_arena_alloc(&ex->arena, sizeof *kept);

		if (kept) {
			*kept = *trailers;
			ex->to_client.trailers = kept;
		}
	}
	set_state(ex, FR_EXCHANGE_ENDED);
	ex->ops->body(ex);
	fr_exchange_watch(ex, false);
}

static void on_failed(void *user, enum fr_fetch_error e)
{
	struct fr_exchange *ex = of(user);

	fr_record_error(ex, fr_fetch_failure(ex->to_origin.fetch));
	fr_exchange_fetch_over(ex);
	fr_record_origin_end(ex);
	if (!ex->to_client.head_sent)
		fr_exchange_refuse(ex, fr_fetch_error_status(e), fr_fetch_error_str(e));
	else
		fr_exchange_fail_body(ex);
}

static void on_can_write(void *user)
{
	fr_exchange_pump_request(of(user));
}

static const struct fr_fetch_handler fetch_handler = {
	.on_informational = on_informational,
	.on_head = on_head,
	.on_body = fr_exchange_on_body,
	.on_end = on_end,
	.on_failed = on_failed,
	.on_can_write = on_can_write,
};

void fr_exchange_await(struct fr_exchange *ex)
{
	set_state(ex, FR_EXCHANGE_WAITING);
}

void fr_exchange_source_moved(struct fr_exchange *ex)
{
	enum fr_source_state state = ex->to_client.source.ops->done(ex->to_client.source.of);

	if (ex->state != FR_EXCHANGE_RESPONDING)
		return;
	if (state == FR_SOURCE_FAILED) {
		fr_exchange_fail_body(ex);
		return;
	}
	if (state == FR_SOURCE_DONE) {
		ex->to_client.ended = true;
		set_state(ex, FR_EXCHANGE_ENDED);
	}
	fr_stages_body(ex);
	ex->ops->body(ex);
	fr_exchange_watch(ex, false);
}

void fr_exchange_adopt(struct fr_exchange *ex, struct fr_fetch *fetch,
                       const struct fr_response *resp)
{
	ex->to_origin.fetch = fetch;
	ex->resp = *resp;
	fr_fetch_set_handler(fetch, &fetch_handler, ex);
	on_head(ex);
}

/* --- the pipeline --- */

void fr_exchange_start_fetch(struct fr_exchange *ex)
{
	struct fr_asker asker = fr_whose_asker(ex);

	fr_record_asked(ex);
	ex->to_origin.fetch = fr_fetch_start(ex->site->origin, &ex->to_origin.req, &asker,
	                                     &ex->arena, &ex->resp, &fetch_handler, ex);
	fr_exchange_pump_request(ex);
}

void fr_exchange_fetch(struct fr_exchange *ex)
{
	int rc = fr_proxy_request(ex);

	if (rc == FR_ERR_LIMIT) {
		fr_exchange_refuse(ex, 508, "The request goes in circles.");
	} else if (rc == FR_ERR_REFUSED) {
		/* we are who it was meant for */
		fr_exchange_refuse(ex, ex->req.method == FR_METHOD_OPTIONS ? 200 : 501, "");
	} else if (rc < 0) {
		fr_exchange_refuse(ex, 503, "");
	} else if (!fr_whose_take_place(ex)) {
		fr_exchange_turn_away(ex);
	} else {
		if (ex->state != FR_EXCHANGE_WAITING)
			set_state(ex, FR_EXCHANGE_WAITING);
		fr_exchange_ask(ex);
	}
}

void fr_exchange_turn_away(struct fr_exchange *ex)
{
	count(ex, FR_COUNT_LIMIT_ORIGIN_REQUESTS);
	if (ex->req.version != FR_HTTP_2) {
		fr_exchange_refuse(ex, 503, "The client has too many requests under way.");
		return;
	}
	set_state(ex, FR_EXCHANGE_ENDED);
	ex->ops->abort(ex, FR_ABORT_REFUSED);
}

void fr_exchange_begin(struct fr_exchange *ex, bool body_ended)
{
	count(ex, ex->client->is_admin ? FR_COUNT_ADMIN_REQUESTS : FR_COUNT_REQUESTS);
	fr_whose_find(ex);
	fr_record_begun(ex);
	fr_activity_exchange(ex, FR_ACTIVITY_REQUEST);
	fr_loop_timer_stop(ex->worker->loop, &ex->limit.timer);
	ex->to_origin.ended = body_ended;
	if (ex->req.method == FR_METHOD_CONNECT) {
		fr_exchange_refuse(ex, 501, "CONNECT is not supported.");
		return;
	}
	if (fr_stages_request(ex) == FR_STEP_NEXT)
		fr_exchange_refuse(ex, 503, ""); /* the row has no stage that answers */
	/* after the request for the page itself: the origin is to make that first */
	if (ex->state == FR_EXCHANGE_WAITING)
		fr_stages_waiting(ex);
}

static void begin_step(void *user)
{
	struct fr_exchange *ex = of(user);

	if (ex->state != FR_EXCHANGE_HEAD)
		return; /* reset meanwhile */
	fr_exchange_fetch_over(ex);
	fr_exchange_begin(ex, true);
}

void fr_exchange_begin_later(struct fr_exchange *ex)
{
	fr_whose_promise_place(ex);
	ex->step_task = (struct fr_task){.run = begin_step, .user = ex};
	fr_loop_step_later(ex->worker->loop, &ex->step_task);
}

static void warm_step(void *user)
{
	struct fr_exchange *ex = of(user);

	if (ex->state != FR_EXCHANGE_HEAD)
		return;
	if (fr_exchange_settle(ex) == 0)
		ex->stages.row->warm(ex);
	fr_exchange_leave(ex, true, false, false);
}

void fr_exchange_warm_later(struct fr_exchange *ex)
{
	ex->step_task = (struct fr_task){.run = warm_step, .user = ex};
	fr_loop_step_later(ex->worker->loop, &ex->step_task);
}

/* --- towards the client --- */

void fr_exchange_leave(struct fr_exchange *ex, bool complete, bool by_peer, bool refused)
{
	if (ex->state == FR_EXCHANGE_RELEASED)
		return;
	ex->seen.end = fr_record_end_of(complete, by_peer, refused);
	fr_stages_end(ex, ex->seen.end);
	fr_origin_watch_drop(ex);
	fr_fetch_cancel(&ex->to_origin.fetch);
	fr_exchange_fetch_over(ex);
	fr_exchange_end_hold(ex);
	fr_exchange_free_bodies(ex);
	fr_loop_timer_stop(ex->worker->loop, &ex->limit.timer);
	if (!complete && !(ex->is_push && ex->stream_id))
		count(ex, FR_COUNT_REQUESTS_ABORTED);
	fr_record_ended(ex);
	set_state(ex, FR_EXCHANGE_RELEASED);
	fr_loop_release_later(ex->worker->loop, &ex->release_task);
}
