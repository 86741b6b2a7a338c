/* Notes an exchange's moments, and counts ended ones together at the end of a turn. */
#include "exchange/record.h"

#include <stdlib.h>
#include <time.h>

#include "base/probes.h"
#include "base/siphash.h"
#include "exchange/exchange.h"
#include "exchange/whose.h"
#include "http/codings.h"
#include "http/destination.h"
#include "http/fields.h"
#include "http/message.h"
#include "http/purpose.h"
#include "net/tls.h"
#include "observe/access_log.h"
#include "observe/front_notice.h"
#include "observe/site_stats.h"
#include "origin/fetch.h"

/* An odd constant: ids of one worker do not repeat, nor count up visibly. */
#define ID_STEP 0x9e3779b97f4a7c15u
/* How long the two clocks are taken to run alike. */
#define CLOCK_US 1000000u

static void count_ended(void *user)
{
	fr_record_count(user);
}

void fr_recorder_init(struct fr_recorder *o, struct fr_worker *w)
{
	memset(o, 0, sizeof *o);
	fr_random_bytes(&o->id_key, sizeof o->id_key);
	o->ended_tail = &o->ended;
	o->count_task = (struct fr_task){.run = count_ended, .user = w};
	o->traffic = fr_traffic_new(w->seed);
}

void fr_recorder_fini(struct fr_recorder *o)
{
	FR_ASSERT(!o->ended);
	fr_traffic_free(&o->traffic);
}

static uint64_t now_us(const struct fr_exchange *ex)
{
	return fr_loop_now_us(ex->worker->loop);
}

/* --- moments --- */

void fr_record_opened(struct fr_exchange *ex)
{
	struct fr_recorder *o = &ex->worker->observer;

	do
		ex->seen.id = o->id_key + ID_STEP * ++o->next_id;
	while (ex->seen.id == 0);
}

void fr_record_begun(struct fr_exchange *ex)
{
	ex->seen.begun_us = now_us(ex);
	FR_PROBE5(exchange_begin, ex->seen.id, (uintptr_t)ex->client, ex->stream_id,
	          ex->req.target.p, ex->req.target.len);
	if (ex->is_push)
		FR_PROBE4(push_begin, ex->seen.id, ex->seen.parent_id, ex->req.target.p,
		          ex->req.target.len);
}

void fr_record_asked(struct fr_exchange *ex)
{
	ex->seen.asked_us = now_us(ex);
	ex->seen.origin = fr_str_from(ex->site->config->origin.authority);
}

void fr_record_origin_head(struct fr_exchange *ex, const struct fr_fetch *fetch)
{
	if (ex->seen.origin_head_us)
		return; /* of the fill that it adopted */
	ex->seen.origin_head_us = now_us(ex);
	/* without memory the configured name stays */
	(void)!fr_arena_copy(&ex->arena, fr_str_from(fr_fetch_detail(fetch)), &ex->seen.origin);
}

void fr_record_origin_end(struct fr_exchange *ex)
{
	ex->seen.origin_end_us = now_us(ex);
}

void fr_record_error(struct fr_exchange *ex, struct fr_str why)
{
	if (!ex->seen.error.len)
		(void)!fr_arena_copy(&ex->arena, why, &ex->seen.error);
}

void fr_record_answered(struct fr_exchange *ex)
{
	ex->seen.answered_us = now_us(ex);
	if (!ex->seen.begun_us) /* refused before it was complete */
		ex->seen.begun_us = ex->seen.answered_us;
}

/* --- the record --- */

static int64_t wall_us(struct fr_recorder *o, uint64_t loop_us, uint64_t loop_now_us)
{
	if (loop_now_us >= o->clock_until_us) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		o->wall_offset_us =
			(int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 - (int64_t)loop_now_us;
		o->clock_until_us = loop_now_us + CLOCK_US;
	}
	return (int64_t)loop_us + o->wall_offset_us;
}

static int64_t since(uint64_t from, uint64_t to)
{
	return from && to ? (int64_t)(to - from) : -1;
}

enum fr_end fr_record_end_of(bool complete, bool by_peer, bool refused)
{
	if (complete)
		return FR_END_COMPLETED;
	if (!by_peer)
		return FR_END_FAILED;
	return refused ? FR_END_REFUSED : FR_END_CANCELLED;
}

static enum fr_protocol protocol_of(enum fr_version v)
{
	switch (v) {
	case FR_HTTP_1_0:
		return FR_PROTOCOL_HTTP_1_0;
	case FR_HTTP_1_1:
		return FR_PROTOCOL_HTTP_1_1;
	case FR_HTTP_2:
		break;
	}
	return FR_PROTOCOL_HTTP_2;
}

/* NULL: for a person who sees the response. */
static const char *purpose_of(const struct fr_exchange *ex)
{
	enum fr_purpose p = fr_purpose_of(&ex->req.fields);

	return p == FR_PURPOSE_VIEW ? NULL : fr_purpose_str(p);
}

static bool is_page(const struct fr_exchange *ex)
{
	if (ex->is_push || fr_purpose_of(&ex->req.fields) != FR_PURPOSE_VIEW ||
	    !ex->to_client.head_sent)
		return false;
	return (ex->page.plan && ex->page.plan->n) ||
	       (ex->req.method == FR_METHOD_GET && fr_destination_may_be_page(&ex->req) &&
	        fr_str_istarts(fr_fields_value(&ex->resp.fields, FR_FIELD_CONTENT_TYPE),
	                       FR_STR("text/html")));
}

static void fill_record(const struct fr_exchange *ex, struct fr_record *r)
{
	const struct fr_connection *c = ex->client;
	const struct fr_seen *s = &ex->seen;

	*r = (struct fr_record){
		.time_us = wall_us(&ex->worker->observer, s->begun_us, s->ended_us),
		.id = s->id,
		.parent_id = s->parent_id,
		.client = fr_str_from(ex->whose.client->text),
		.client_port = ex->whose.client->port,
		.peer = fr_whose_is_proxied(ex) ? fr_str_from(c->peer.text) : (struct fr_str){0},
		.protocol = protocol_of(ex->req.version),
		.tls = c->tls_version,
		.tls_resumed = c->tls_resumed,
		.purpose = purpose_of(ex),
		.is_push = ex->is_push,
		.is_page = is_page(ex),
		.arm = ex->page.arm.name,
		.learning = ex->page.plan ? ex->page.plan->learning : (struct fr_plan_learning){0},
		.method = ex->req.method_text,
		.scheme = ex->req.scheme,
		.host = ex->req.authority,
		.target = ex->req.target,
		.referer = fr_fields_value(&ex->req.fields, FR_FIELD_REFERER),
		.user_agent = fr_fields_value(&ex->req.fields, FR_FIELD_USER_AGENT),
		.status = ex->to_client.head_sent ? ex->resp.status : 0,
		.end = s->end,
		.sent_bytes = ex->to_client.sent_bytes,
		.received_bytes = s->received_bytes,
		.first_byte_us = since(s->begun_us, s->answered_us),
		.duration_us = since(s->begun_us, s->ended_us),
		.coding = ex->to_client.coding == FR_CODING_IDENTITY
	                          ? NULL
	                          : fr_coding_name(ex->to_client.coding).p,
		.cache = ex->cache.result,
		.not_stored = ex->cache.not_stored,
		.origin = s->origin,
		.error = s->error,
		.origin_first_byte_us = since(s->asked_us, s->origin_head_us),
		.origin_duration_us = since(s->asked_us, s->origin_end_us),
		.plan = ex->page.plan,
	};
}

static void trace_end(const struct fr_record *r)
{
	FR_PROBE2(cache_result, r->id, r->cache);
	FR_PROBE5(exchange_end, r->id, r->status, r->sent_bytes, r->end, r->duration_us);
	if (r->is_push)
		FR_PROBE4(push_end, r->id, r->parent_id, r->end, r->sent_bytes);
#ifdef FR_HAS_PROBES
	for (size_t i = 0; r->plan && i < r->plan->n; i++)
		FR_PROBE5(plan_link, r->id, r->plan->v[i]->url.p, r->plan->v[i]->url.len,
		          r->plan->v[i]->delivery, r->plan->v[i]->reason);
#endif
}

void fr_record_ended(struct fr_exchange *ex)
{
	struct fr_recorder *o = &ex->worker->observer;

	/* what never became a request or a promise, and what operators ask, is no traffic */
	if (!ex->seen.begun_us || (ex->is_push && !ex->stream_id) || ex->client->is_admin)
		return;
	ex->seen.ended_us = now_us(ex);
	*o->ended_tail = ex;
	o->ended_tail = &ex->seen.next_ended;
	fr_loop_release_later(ex->worker->loop, &o->count_task);
}

/* Do all page loads come from one address? */
static void watch_front(struct fr_recorder *o, const struct fr_exchange *ex,
                        const struct fr_record *r)
{
	const struct fr_party *client = ex->whose.client;
	const struct fr_shared *shared = ex->gen->shared;
	int64_t now_s = r->time_us / 1000000;

	if (!r->is_page || !client->has_ip)
		return;
	fr_front_watch_use(&o->front, ex->gen->serial);
	if (fr_front_watch_load(&o->front, &client->ip,
	                        fr_siphash(shared->seed, r->user_agent.p, r->user_agent.len),
	                        now_s))
		fr_front_notice_tell(shared->front,
		                     ex->client->trust.is_trusted ? FR_FRONT_SILENT
		                                                  : FR_FRONT_ONE_ADDRESS,
		                     &client->ip, now_s);
}

/* The next ones that go into one access log, or none; returns how many. */
static size_t fill_records(struct fr_recorder *o, struct fr_access_log **log)
{
	size_t n = 0;

	*log = o->ended->gen->shared->access_log;
	while (o->ended && n < FR_OBSERVE_BATCH && o->ended->gen->shared->access_log == *log) {
		fill_record(o->ended, &o->records[n]);
		watch_front(o, o->ended, &o->records[n]);
		if (o->ended->site && o->ended->site->stats)
			fr_site_stats_add(o->ended->site->stats, &o->records[n]);
		trace_end(&o->records[n++]);
		o->ended = o->ended->seen.next_ended;
	}
	if (!o->ended)
		o->ended_tail = &o->ended;
	return n;
}

void fr_record_count(struct fr_worker *w)
{
	struct fr_recorder *o = &w->observer;

	while (o->ended) {
		struct fr_access_log *log;
		size_t n = fill_records(o, &log);

		fr_metrics_add(&o->metrics, o->records, n);
		fr_traffic_add(o->traffic, o->records, n);
		if (log)
			fr_access_log_put(log, w->index, o->records, n);
	}
}
