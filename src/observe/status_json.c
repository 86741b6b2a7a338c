/* The status as JSON, version FR_STATUS_VERSION, from a snapshot; documented in
 * docs/observability.md. Declared in observe/status.h. */
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "cache/policy.h"
#include "hints/plan.h"
#include "observe/counters.h"
#include "observe/front_notice.h"
#include "observe/metrics.h"
#include "observe/origin_stats.h"
#include "observe/record.h"
#include "observe/site_stats.h"
#include "observe/status.h"
#include "observe/status_proof.h"
#include "observe/text.h"
#include "observe/traffic.h"

static void set(json_t *o, const char *key, uint64_t v)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)v));
}

/* Strings that clients chose may be no UTF-8. */
static json_t *text_of(const char *s)
{
	json_t *j = json_string(s);
	char out[6 * FR_TRAFFIC_NAME_BYTES + 8];
	struct fr_text t = fr_text_make(out, sizeof out);

	if (j)
		return j;
	fr_text_json(&t, fr_str_from(s), FR_TRAFFIC_NAME_BYTES);
	return json_loadb(out, t.n, JSON_DECODE_ANY, NULL);
}

static void add_times(json_t *o, const char *key, const struct fr_histogram_sum *h)
{
	json_t *t = json_object();

	set(t, "count", fr_histogram_count(h));
	set(t, "sum_us", h->sum_us);
	set(t, "p50_us", fr_histogram_quantile(h, 0.5));
	set(t, "p90_us", fr_histogram_quantile(h, 0.9));
	set(t, "p99_us", fr_histogram_quantile(h, 0.99));
	(void)json_object_set_new(o, key, t);
}

static json_t *counters_of(const struct fr_status *s)
{
	json_t *o = json_object();

	for (int i = 0; i < FR_COUNTER_COUNT; i++)
		set(o, fr_counter_name((enum fr_counter)i), s->counters[i]);
	return o;
}

static json_t *not_stored_of(const struct fr_metrics_sum *m)
{
	json_t *o = json_object();

	for (int r = 0; r < FR_CACHE_STORE_COUNT; r++)
		if (m->not_stored[r])
			set(o, fr_cache_store_str((enum fr_cache_store)r), m->not_stored[r]);
	return o;
}

static json_t *responses_of(const struct fr_metrics_sum *m)
{
	json_t *o = json_object(), *status = json_object(), *cache = json_object(),
	       *protocol = json_object();
	uint64_t by_cache[FR_CACHE_RESULT_COUNT] = {0}, by_protocol[FR_PROTOCOL_COUNT] = {0};

	for (unsigned st = 0; st < FR_STATUS_SLOTS; st++) {
		uint64_t n = 0;
		char label[8];

		for (int p = 0; p < FR_PROTOCOL_COUNT; p++)
			for (int c = 0; c < FR_CACHE_RESULT_COUNT; c++) {
				n += m->responses[p][st][c];
				by_cache[c] += m->responses[p][st][c];
				by_protocol[p] += m->responses[p][st][c];
			}
		fr_status_label(st, label);
		if (n)
			set(status, label, n);
	}
	for (int c = 0; c < FR_CACHE_RESULT_COUNT; c++)
		set(cache, fr_cache_result_str((enum fr_cache_result)c), by_cache[c]);
	for (int p = 0; p < FR_PROTOCOL_COUNT; p++)
		set(protocol, fr_protocol_str((enum fr_protocol)p), by_protocol[p]);
	(void)json_object_set_new(o, "status", status);
	(void)json_object_set_new(o, "cache", cache);
	(void)json_object_set_new(o, "not_stored", not_stored_of(m));
	(void)json_object_set_new(o, "protocol", protocol);
	return o;
}

static json_t *hints_of(const struct fr_metrics_sum *m)
{
	json_t *o = json_object(), *source = json_object(), *delivery = json_object(),
	       *reason = json_object();
	uint64_t by_reason[FR_REASON_COUNT] = {0}, by_delivery[FR_DELIVERY_SLOTS] = {0};

	for (int s = 0; s < FR_SOURCE_SLOTS; s++) {
		uint64_t n = 0;

		for (int d = 0; d < FR_DELIVERY_SLOTS; d++)
			for (int r = 0; r < FR_REASON_COUNT; r++) {
				n += m->hints[s][d][r];
				by_delivery[d] += m->hints[s][d][r];
				by_reason[r] += m->hints[s][d][r];
			}
		set(source, fr_hint_source_str((enum fr_hint_source)s), n);
	}
	for (int d = 0; d < FR_DELIVERY_SLOTS; d++)
		set(delivery, fr_delivery_str((enum fr_delivery)d), by_delivery[d]);
	for (int r = 0; r < FR_REASON_COUNT; r++)
		if (by_reason[r])
			set(reason, fr_reason_str((enum fr_reason)r), by_reason[r]);
	(void)json_object_set_new(o, "source", source);
	(void)json_object_set_new(o, "delivery", delivery);
	(void)json_object_set_new(o, "reason", reason);
	return o;
}

static json_t *memory_of(const struct fr_status *s)
{
	json_t *o = json_object();

	set(o, "bytes", s->memory_held);
	set(o, "limit_bytes", s->memory_limit);
	(void)json_object_set_new(o, "level",
	                          s->memory_level ? json_string(s->memory_level) : json_null());
	return o;
}

static json_t *cache_of(const struct fr_status *s)
{
	json_t *o = json_object();

	set(o, "bytes", s->cache_held);
	set(o, "limit_bytes", s->cache_limit);
	set(o, "objects", s->cache_objects);
	set(o, "evictions", s->cache_evicted);
	return o;
}

static json_t *log_of(const struct fr_status *s)
{
	json_t *o = json_object();

	if (!s->has_log) {
		json_decref(o);
		return json_null();
	}
	set(o, "lines", s->log.lines);
	set(o, "dropped", s->log.dropped);
	set(o, "waiting_bytes", s->log.waiting_bytes);
	set(o, "errors", s->log.errors);
	(void)json_object_set_new(o, "is_failing", json_boolean(s->log.is_failing));
	return o;
}

static json_t *causes_of(const struct fr_origin_sum *from)
{
	json_t *o = json_object();

	for (size_t i = 0; i < FR_ORIGIN_CAUSES; i++)
		if (from->cause_names[i])
			set(o, from->cause_names[i], from->causes[i]);
	return o;
}

static json_t *certificates_of(const struct fr_status *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n_certificates; i++) {
		json_t *o = json_object();

		(void)json_object_set_new(o, "name", text_of(s->certificates[i].name));
		(void)json_object_set_new(o, "until_s", json_integer(s->certificates[i].until_s));
		(void)json_array_append_new(all, o);
	}
	return all;
}

/* Proxies in front that were noticed, by what is wrong with them. */
static json_t *front_of(const struct fr_status *s)
{
	static const char *const keys[] = {[FR_FRONT_ONE_ADDRESS] = "one_address",
	                                   [FR_FRONT_SILENT] = "silent_proxy",
	                                   [FR_FRONT_UNTRUSTED] = "untrusted_proxy"};
	json_t *o = json_object();

	for (int k = 0; k < FR_FRONT_KINDS; k++)
		if (s->front[k][0])
			(void)json_object_set_new(o, keys[k], json_string(s->front[k]));
	return o;
}

static json_t *origins_of(const struct fr_status *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n_origins; i++) {
		const struct fr_origin_sum *from = &s->origins[i];
		json_t *o = json_object();

		(void)json_object_set_new(o, "name", text_of(from->name));
		set(o, "connections", from->connections);
		set(o, "idle", from->idle);
		set(o, "waiting", from->waiting);
		set(o, "requests", from->requests);
		set(o, "failed", from->failed);
		set(o, "responses_5xx", from->errors);
		set(o, "answers", from->answers);
		set(o, "first_byte_us", from->first_byte_us);
		(void)json_object_set_new(o, "is_failing", json_boolean(from->is_failing));
		set(o, "last_failure_s", from->last_failure_s);
		(void)json_object_set_new(o, "last_failure",
		                          *from->last_failure ? text_of(from->last_failure)
		                                              : json_null());
		(void)json_object_set_new(o, "causes", causes_of(from));
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *sites_of(const struct fr_status *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n_sites; i++) {
		json_t *o = json_object();

		(void)json_object_set_new(o, "name", text_of(s->sites[i].name));
#define X(name) set(o, #name, s->sites[i].name);
		FR_SITE_FIGURE_TABLE(X)
#undef X
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *ends_of(const uint64_t *ends)
{
	json_t *o = json_object();

	for (int e = 0; e < FR_END_COUNT; e++)
		set(o, fr_end_str((enum fr_end)e), ends[e]);
	return o;
}

static json_t *link_of(const struct fr_traffic_link *l)
{
	json_t *o = json_object(), *delivered = json_object();

	(void)json_object_set_new(o, "url", text_of(l->url));
	(void)json_object_set_new(o, "as", json_string(fr_as_str(l->as)));
	(void)json_object_set_new(o, "source", json_string(fr_hint_source_str(l->source)));
	(void)json_object_set_new(o, "delivery", json_string(fr_delivery_str(l->delivery)));
	(void)json_object_set_new(o, "reason", json_string(fr_reason_str(l->reason)));
	set(o, "loads", l->loads);
	for (int d = 0; d < FR_DELIVERY_SLOTS; d++)
		if (l->delivered[d])
			set(delivered, fr_delivery_str((enum fr_delivery)d), l->delivered[d]);
	(void)json_object_set_new(o, "delivered", delivered);
	(void)json_object_set_new(o, "pushes", ends_of(l->ends));
	set(o, "pushed_bytes", l->pushed_bytes);
	set(o, "wasted_bytes", l->wasted_bytes);
	set(o, "requests", l->requests);
	return o;
}

static json_t *pages_of(const struct fr_traffic_top *top)
{
	json_t *all = json_array();

	for (size_t i = 0; i < top->n_pages; i++) {
		const struct fr_traffic_page *p = &top->pages[i];
		json_t *o = json_object(), *plan = json_array();
		char learning[FR_PLAN_LEARNING_BYTES];

		(void)json_object_set_new(o, "name", text_of(p->name));
		set(o, "loads", p->loads);
		set(o, "errors", p->errors);
		set(o, "hits", p->hits);
		set(o, "duration_us", p->duration_us);
		set(o, "max_us", p->max_us);
		set(o, "first_byte_us", p->first_byte_us);
		set(o, "p50_us", fr_histogram_quantile(&p->first_bytes, 0.5));
		set(o, "p99_us", fr_histogram_quantile(&p->first_bytes, 0.99));
		set(o, "last_status", (uint64_t)p->last_status);
		for (size_t k = 0; k < p->n_links; k++)
			(void)json_array_append_new(plan, link_of(&p->links[k]));
		(void)json_object_set_new(o, "plan", plan);
		if (fr_plan_learning_str(&p->learning, learning))
			(void)json_object_set_new(o, "learning", json_string(learning));
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *assets_of(const struct fr_traffic_top *top)
{
	json_t *all = json_array();

	for (size_t i = 0; i < top->n_assets; i++) {
		const struct fr_traffic_asset *a = &top->assets[i];
		json_t *o = json_object();

		(void)json_object_set_new(o, "name", text_of(a->name));
		set(o, "requests", a->requests);
		set(o, "errors", a->errors);
		set(o, "hits", a->hits);
		(void)json_object_set_new(o, "pushes", ends_of(a->ends));
		set(o, "sent_bytes", a->sent_bytes);
		set(o, "pushed_bytes", a->pushed_bytes);
		set(o, "wasted_bytes", a->wasted_bytes);
		set(o, "duration_us", a->duration_us);
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *times_of(const struct fr_metrics_sum *m)
{
	json_t *o = json_object(), *first = json_object(), *all = json_object();

	for (int a = 0; a < FR_ANSWERED_BY_COUNT; a++) {
		add_times(first, fr_answerer_str((enum fr_answerer)a), &m->first_byte[a]);
		add_times(all, fr_answerer_str((enum fr_answerer)a), &m->duration[a]);
	}
	(void)json_object_set_new(o, "first_byte", first);
	(void)json_object_set_new(o, "duration", all);
	add_times(o, "origin_first_byte", &m->origin_first_byte);
	add_times(o, "loop_turn", &m->loop_turn);
	return o;
}

static json_t *process_of(const struct fr_status *s)
{
	json_t *o = json_object();

	set(o, "pid", (uint64_t)s->pid);
	set(o, "workers", s->n_workers);
	set(o, "memory_bytes", s->rss_bytes);
	set(o, "cpu_us", s->cpu_us);
	set(o, "open_fds", s->open_fds);
	set(o, "max_fds", s->max_fds);
	return o;
}

int fr_status_json_write(const struct fr_status *s, struct fr_buf *out)
{
	json_t *o = json_object();
	char *text;
	int rc;

	set(o, "version", FR_STATUS_VERSION);
	(void)json_object_set_new(o, "forerun", json_string(FR_VERSION));
	set(o, "now_us", (uint64_t)s->now_us);
	set(o, "start_us", (uint64_t)s->start_us);
	set(o, "configurations", s->generation);
	set(o, "crashes", s->crashes);
	(void)json_object_set_new(o, "is_draining", json_boolean(s->is_draining));
	(void)json_object_set_new(o, "process", process_of(s));
	(void)json_object_set_new(o, "counters", counters_of(s));
	set(o, "pages_total", s->metrics->pages);
	set(o, "prefetches_total", s->metrics->prefetches);
	set(o, "sent_bytes", s->metrics->sent_bytes);
	set(o, "received_bytes", s->metrics->received_bytes);
	(void)json_object_set_new(o, "requests_ended", ends_of(s->metrics->ends));
	(void)json_object_set_new(o, "responses", responses_of(s->metrics));
	(void)json_object_set_new(o, "hints", hints_of(s->metrics));
	(void)json_object_set_new(o, "times", times_of(s->metrics));
	(void)json_object_set_new(o, "cache", cache_of(s));
	(void)json_object_set_new(o, "memory", memory_of(s));
	(void)json_object_set_new(o, "access_log", log_of(s));
	(void)json_object_set_new(o, "front", front_of(s));
	(void)json_object_set_new(o, "sites", sites_of(s));
	(void)json_object_set_new(o, "origins", origins_of(s));
	(void)json_object_set_new(o, "certificates", certificates_of(s));
	(void)json_object_set_new(o, "pages", pages_of(&s->top));
	(void)json_object_set_new(o, "assets", assets_of(&s->top));
	(void)json_object_set_new(o, "proof", fr_status_proof_json(s));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (!text)
		return FR_ERR_NOMEM;
	rc = fr_buf_append(out, text, strlen(text));
	if (rc == 0)
		rc = fr_buf_append(out, "\n", 1);
	free(text);
	return rc;
}
