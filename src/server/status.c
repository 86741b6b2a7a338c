/* Sums up the counters of all workers, and fills the snapshot of all figures. */
#include "server/status.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/holds.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/store.h"
#include "config/settings.h"
#include "h2/session.h"
#include "hints/plan.h"
#include "hints/proof/proof.h"
#include "learned/learned.h"
#include "net/memory_limit.h"
#include "net/tls.h"
#include "observe/front_notice.h"
#include "observe/history.h"
#include "observe/site_stats.h"
#include "observe/status.h"
#include "server/historian.h"
#include "server/server_priv.h"
#include "stages/admin/admin.h"

_Static_assert((unsigned)FR_REASON_COUNT + FR_H2_FAULT_COUNT <= FR_COUNTERS_EXTRA,
               "counters of reasons and faults share one array");

int64_t fr_wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- counters --- */

static const char *const fault_names[] = {
#define X(id, code, conn, text) #id,
	FR_H2_FAULT_TABLE(X)
#undef X
};

static json_t *counters_json(const uint64_t *sums)
{
	json_t *all = json_object(), *reasons = json_object(), *faults = json_object();
	const uint64_t *extra = sums + FR_COUNTER_COUNT;

	for (int i = 0; i < FR_COUNTER_COUNT; i++)
		(void)json_object_set_new(all, fr_counter_name((enum fr_counter)i),
		                          json_integer((json_int_t)sums[i]));
	for (int i = 0; i < FR_REASON_COUNT; i++)
		if (extra[i])
			(void)json_object_set_new(reasons, fr_reason_str((enum fr_reason)i),
			                          json_integer((json_int_t)extra[i]));
	for (int i = 0; i < FR_H2_FAULT_COUNT; i++)
		if (extra[FR_REASON_COUNT + i])
			(void)json_object_set_new(
				faults, fault_names[i],
				json_integer((json_int_t)extra[FR_REASON_COUNT + i]));
	(void)json_object_set_new(all, "hints_by_reason", reasons);
	(void)json_object_set_new(all, "h2_faults", faults);
	return all;
}

static void add_store(struct fr_server *s, json_t *all)
{
	struct fr_store_stats stats;

	fr_store_stats(s->store, &stats);
	(void)json_object_set_new(all, "cache_bytes", json_integer((json_int_t)stats.held));
	(void)json_object_set_new(all, "cache_objects", json_integer((json_int_t)stats.objects));
	(void)json_object_set_new(all, "cache_evicted", json_integer((json_int_t)stats.evicted));
}

static void add_memory(struct fr_server *s, json_t *all)
{
	struct fr_memory_stats stats;

	fr_memory_stats(s->memory, &stats);
	(void)json_object_set_new(all, "memory_held", json_integer((json_int_t)stats.used));
	(void)json_object_set_new(all, "memory_limit", json_integer((json_int_t)stats.limit));
}

static void add_access_log(struct fr_server *s, json_t *all)
{
	struct fr_access_log_stats stats = {0};

	if (s->access_log)
		fr_access_log_stats(s->access_log, &stats);
	(void)json_object_set_new(all, "access_log_lines", json_integer((json_int_t)stats.lines));
	(void)json_object_set_new(all, "access_log_dropped",
	                          json_integer((json_int_t)stats.dropped));
}

void fr_server_log_counters(struct fr_server *s, enum fr_log_level level)
{
	uint64_t sums[FR_COUNTER_COUNT + FR_COUNTERS_EXTRA] = {0};
	json_t *json;
	char *text;

	for (size_t i = 0; i < s->n_workers; i++)
		fr_counters_sum(&s->workers[i]->worker.counters, sums);
	sums[FR_COUNT_INTERNAL_ERRORS] = fr_internal_errors();
	json = counters_json(sums);
	add_store(s, json);
	add_memory(s, json);
	fr_learned_stats(s->knowledge, json);
	add_access_log(s, json);
	text = fr_log_on(level) ? json_dumps(json, JSON_COMPACT) : NULL;
	if (text)
		fr_log_write(level, "counters", "%s", text);
	free(text);
	json_decref(json);
}

/* --- the snapshot --- */

static void add_workers(struct fr_server *s, struct fr_status *out, bool with_traffic)
{
	struct fr_traffic **tables = fr_calloc(s->n_workers, sizeof(struct fr_traffic *));

	out->n_workers = s->n_workers;
	out->workers = fr_calloc(s->n_workers, sizeof *out->workers);
	out->metrics = fr_calloc(1, sizeof *out->metrics);
	for (size_t i = 0; i < s->n_workers; i++) {
		struct fr_worker *w = &s->workers[i]->worker;
		uint64_t sums[FR_COUNTER_COUNT + FR_COUNTERS_EXTRA] = {0};

		fr_counters_sum(&w->counters, sums);
		for (size_t k = 0; k < FR_ARRAY_LEN(sums); k++)
			out->counters[k] += sums[k];
		out->workers[i].connections = sums[FR_COUNT_CONNECTIONS_OPEN];
		out->workers[i].exchanges = sums[FR_COUNT_EXCHANGES_OPEN];
		fr_histogram_collect(&w->observer.metrics.loop_turn, &out->workers[i].loop_turn);
		fr_metrics_collect(&w->observer.metrics, out->metrics);
		tables[i] = w->observer.traffic;
	}
	out->counters[FR_COUNT_INTERNAL_ERRORS] = fr_internal_errors();
	if (with_traffic)
		fr_traffic_collect(tables, s->n_workers, &out->top);
	free(tables);
}

static void add_certificates(const struct fr_shared *shared, struct fr_status *out)
{
	size_t most = shared->config->n_sites + 1;
	struct fr_tls_expiry *all;

	if (!shared->tls)
		return;
	all = fr_calloc(most, sizeof *all);
	out->certificates = fr_calloc(most, sizeof *out->certificates);
	out->n_certificates = fr_tls_server_expiries(shared->tls, all, most);
	for (size_t i = 0; i < out->n_certificates; i++) {
		memcpy(out->certificates[i].name, all[i].name, sizeof all[i].name);
		out->certificates[i].until_s = all[i].until_s;
	}
	free(all);
}

/* Any thread. */
static void snapshot(void *server, const struct fr_shared *shared, bool with_traffic,
                     struct fr_status *out)
{
	struct fr_server *s = server;
	struct fr_memory_stats memory;
	struct fr_store_stats store;

	*out = (struct fr_status){.now_us = fr_wall_us(),
	                          .start_us = s->start_us,
	                          .is_draining = atomic_load(&s->is_stopping),
	                          .generation = atomic_load(&s->configurations),
	                          .crashes = atomic_load(&s->crashes)};
	add_workers(s, out, with_traffic);
	fr_memory_stats(s->memory, &memory);
	out->memory_held = memory.used;
	out->memory_limit = memory.limit;
	out->memory_level = fr_memory_level_str(memory.level);
	fr_store_stats(s->store, &store);
	out->cache_held = store.held;
	out->cache_objects = store.objects;
	out->cache_evicted = store.evicted;
	out->cache_limit = (uint64_t)shared->config->store.memory_mib * FR_MIB;
	out->has_log = shared->access_log != NULL;
	if (out->has_log)
		fr_access_log_stats(shared->access_log, &out->log);
	out->origins = fr_calloc(FR_ORIGINS_MAX + 1, sizeof *out->origins);
	add_certificates(shared, out);
	out->n_origins = fr_origin_registry_collect(s->origins, out->origins);
	if (s->sites) {
		out->sites = fr_calloc(FR_SITES_MAX + 1, sizeof *out->sites);
		out->n_sites = fr_site_registry_collect(s->sites, out->sites);
	}
	for (int k = 0; k < FR_FRONT_KINDS; k++)
		fr_front_notice_read(shared->front, (enum fr_front_kind)k, out->front[k]);
	out->proof = fr_calloc(FR_STATUS_PROOF_ROWS, sizeof *out->proof);
	out->n_proof = fr_proof_rows(shared->proof, out->proof, FR_STATUS_PROOF_ROWS);
	fr_status_process(out);
}

static bool is_draining(const void *server)
{
	const struct fr_server *s = server;

	return atomic_load(&s->is_stopping);
}

static int write_history(void *server, enum fr_history_range range, struct fr_buf *out)
{
	struct fr_server *s = server;

	if (!s->historian)
		return FR_ERR_NOTFOUND;
	return fr_history_json_write(fr_historian_history(s->historian), range, out);
}

const struct fr_admin_ops fr_server_admin = {
	.is_draining = is_draining, .snapshot = snapshot, .history = write_history};
