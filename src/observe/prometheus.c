/* Prometheus' text format, version 0.0.4, from a snapshot. Declared in
 * observe/status.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "cache/policy.h"
#include "h2/session.h"
#include "hints/plan.h"
#include "hints/proof/proof.h"
#include "hints/proof/sequence.h"
#include "hints/proof/subject.h"
#include "hints/proof/trial.h"
#include "observe/counters.h"
#include "observe/metrics.h"
#include "observe/origin_stats.h"
#include "observe/record.h"
#include "observe/site_stats.h"
#include "observe/status.h"

#define PREFIX "forerun_"
#define LINE_BYTES 1024u

struct writer {
	struct fr_buf *out; /* borrowed */
	int rc;             /* the first failure */
	char family[64];    /* begun last */
};

static void FR_PRINTF(2, 3) put(struct writer *w, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (w->rc == 0 && n > 0)
		w->rc = fr_buf_append(w->out, line,
		                      (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void begin(struct writer *w, const char *name, const char *type, const char *help)
{
	if (strcmp(w->family, name) == 0)
		return;
	(void)snprintf(w->family, sizeof w->family, "%s", name);
	put(w, "# HELP %s%s %s\n# TYPE %s%s %s\n", *name ? PREFIX : "", name, help,
	    *name ? PREFIX : "", name, type);
}

static void sample(struct writer *w, const char *labels, uint64_t v)
{
	put(w, PREFIX "%s%s%s%s %llu\n", w->family, *labels ? "{" : "", labels, *labels ? "}" : "",
	    (unsigned long long)v);
}

/* One metric without labels. */
static void single(struct writer *w, const char *name, const char *type, uint64_t v,
                   const char *help)
{
	begin(w, name, type, help);
	sample(w, "", v);
}

static void seconds(struct writer *w, const char *name, const char *type, uint64_t us,
                    const char *help)
{
	begin(w, name, type, help);
	put(w, PREFIX "%s %llu.%06llu\n", name, (unsigned long long)us / 1000000,
	    (unsigned long long)us % 1000000);
}

static void histogram(struct writer *w, const char *labels, const struct fr_histogram_sum *h)
{
	const char *comma = *labels ? "," : "", *open = *labels ? "{" : "",
		   *close = *labels ? "}" : "";
	uint64_t n = 0;

	for (size_t i = 0; i < FR_HISTOGRAM_BUCKETS; i++) {
		n += h->counts[i];
		put(w, PREFIX "%s_bucket{%s%sle=\"%g\"} %llu\n", w->family, labels, comma,
		    fr_histogram_bounds_us[i] / 1e6, (unsigned long long)n);
	}
	n += h->counts[FR_HISTOGRAM_BUCKETS];
	put(w, PREFIX "%s_bucket{%s%sle=\"+Inf\"} %llu\n", w->family, labels, comma,
	    (unsigned long long)n);
	put(w, PREFIX "%s_sum%s%s%s %llu.%06llu\n", w->family, open, labels, close,
	    (unsigned long long)h->sum_us / 1000000, (unsigned long long)h->sum_us % 1000000);
	put(w, PREFIX "%s_count%s%s%s %llu\n", w->family, open, labels, close,
	    (unsigned long long)n);
}

/* --- the counters --- */

static const struct row {
	const char *metric, *labels, *help;
} rows[] = {
#define X(id, name, metric, labels, help) {metric, labels, help},
	FR_GAUGE_TABLE(X) FR_COUNTER_TABLE(X)
#undef X
};

static void put_counters(struct writer *w, const struct fr_status *s)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		if (!*rows[i].metric)
			continue; /* shown by reason */
		begin(w, rows[i].metric,
		      fr_counter_is_gauge((enum fr_counter)i) ? "gauge" : "counter", rows[i].help);
		sample(w, rows[i].labels, s->counters[i]);
	}
}

static void put_faults(struct writer *w, const struct fr_status *s)
{
	static const char *const names[] = {
#define X(id, code, conn, text) #id,
		FR_H2_FAULT_TABLE(X)
#undef X
	};
	const uint64_t *faults = s->counters + FR_COUNTER_COUNT + FR_REASON_COUNT;
	char labels[64];

	begin(w, "http2_faults_total", "counter",
	      "What HTTP/2 clients did wrong (docs/limits.md).");
	for (int i = 0; i < FR_H2_FAULT_COUNT; i++) {
		size_t n = (size_t)snprintf(labels, sizeof labels, "fault=\"%s\"", names[i]);

		for (size_t k = 7; k < n; k++)
			labels[k] = fr_ascii_lower(labels[k]);
		sample(w, labels, faults[i]);
	}
}

/* --- what is counted of ended exchanges --- */

static void put_responses(struct writer *w, const struct fr_metrics_sum *m)
{
	begin(w, "responses_total", "counter",
	      "Requests and pushes that have ended, by protocol, status and the cache's part.");
	for (int p = 0; p < FR_PROTOCOL_COUNT; p++)
		for (unsigned st = 0; st < FR_STATUS_SLOTS; st++)
			for (int c = 0; c < FR_CACHE_RESULT_COUNT; c++) {
				char labels[128], status[8];

				if (!m->responses[p][st][c])
					continue;
				fr_status_label(st, status);
				(void)snprintf(labels, sizeof labels,
				               "protocol=\"%s\",status=\"%s\",cache=\"%s\"",
				               fr_protocol_str((enum fr_protocol)p), status,
				               fr_cache_result_str((enum fr_cache_result)c));
				sample(w, labels, m->responses[p][st][c]);
			}
}

static void put_not_stored(struct writer *w, const struct fr_metrics_sum *m)
{
	begin(w, "cache_not_stored_total", "counter",
	      "Responses that the cache did not store, by reason.");
	for (int r = 0; r < FR_CACHE_STORE_COUNT; r++) {
		char labels[64];

		if (!m->not_stored[r])
			continue;
		(void)snprintf(labels, sizeof labels, "reason=\"%s\"",
		               fr_cache_store_str((enum fr_cache_store)r));
		sample(w, labels, m->not_stored[r]);
	}
}

static void put_hints(struct writer *w, const struct fr_metrics_sum *m)
{
	begin(w, "hints_total", "counter",
	      "Links of pages that have ended, by where they are known from, what was done, and "
	      "why.");
	for (int s = 0; s < FR_SOURCE_SLOTS; s++)
		for (int d = 0; d < FR_DELIVERY_SLOTS; d++)
			for (int r = 0; r < FR_REASON_COUNT; r++) {
				char labels[160];

				if (!m->hints[s][d][r])
					continue;
				(void)snprintf(labels, sizeof labels,
				               "source=\"%s\",delivery=\"%s\",reason=\"%s\"",
				               fr_hint_source_str((enum fr_hint_source)s),
				               fr_delivery_str((enum fr_delivery)d),
				               fr_reason_str((enum fr_reason)r));
				sample(w, labels, m->hints[s][d][r]);
			}
}

static void put_times(struct writer *w, const struct fr_metrics_sum *m)
{
	char labels[32];

	begin(w, "first_byte_seconds", "histogram",
	      "Time from a request to the head of its response, by its source.");
	for (int a = 0; a < FR_ANSWERED_BY_COUNT; a++) {
		(void)snprintf(labels, sizeof labels, "from=\"%s\"",
		               fr_answerer_str((enum fr_answerer)a));
		histogram(w, labels, &m->first_byte[a]);
	}
	begin(w, "duration_seconds", "histogram",
	      "Time from a request to the end of its response, by its source.");
	for (int a = 0; a < FR_ANSWERED_BY_COUNT; a++) {
		(void)snprintf(labels, sizeof labels, "from=\"%s\"",
		               fr_answerer_str((enum fr_answerer)a));
		histogram(w, labels, &m->duration[a]);
	}
	begin(w, "origin_first_byte_seconds", "histogram",
	      "From asking an origin to the head of its response.");
	histogram(w, "", &m->origin_first_byte);
}

static void put_exchanges(struct writer *w, const struct fr_metrics_sum *m)
{
	char labels[32];

	put_responses(w, m);
	put_not_stored(w, m);
	put_hints(w, m);
	begin(w, "requests_ended_total", "counter", "Requests without pushes, by how they ended.");
	for (int e = 0; e < FR_END_COUNT; e++) {
		(void)snprintf(labels, sizeof labels, "end=\"%s\"", fr_end_str((enum fr_end)e));
		sample(w, labels, m->ends[e]);
	}
	single(w, "pages_total", "counter", m->pages, "Documents among the responses.");
	single(w, "prefetches_total", "counter", m->prefetches,
	       "Requests made ahead of a navigation.");
	single(w, "sent_bytes_total", "counter", m->sent_bytes, "Bytes of bodies sent to clients.");
	single(w, "received_bytes_total", "counter", m->received_bytes,
	       "Bytes of bodies received from clients.");
	put_times(w, m);
}

/* --- origins --- */

/* Label values: what was configured, with what the format asks to be escaped. */
static void escape(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text && n + 3 < cap; text++) {
		if (*text == '"' || *text == '\\')
			out[n++] = '\\';
		out[n++] = *text == '\n' ? ' ' : *text;
	}
	out[n] = '\0';
}

/* Structs that begin with a name, which is the label's value. */
struct named {
	const char *label;
	const void *v;
	size_t n, size;
};

_Static_assert(offsetof(struct fr_origin_sum, name) == 0 && offsetof(struct fr_site_sum, name) == 0,
               "the name comes first");

/* One metric of each; offset: of its uint64_t. */
static void put_each(struct writer *w, const struct named *of, const char *name, const char *type,
                     const char *help, size_t offset)
{
	begin(w, name, type, help);
	for (size_t i = 0; i < of->n; i++) {
		const char *row = (const char *)of->v + i * of->size;
		char labels[600], escaped[560];
		uint64_t v;

		memcpy(&v, row + offset, sizeof v);
		escape(row, escaped, sizeof escaped);
		(void)snprintf(labels, sizeof labels, "%s=\"%s\"", of->label, escaped);
		sample(w, labels, v);
	}
}

static void put_origin_causes(struct writer *w, const struct fr_status *s)
{
	begin(w, "origin_failure_causes_total", "counter", "Failures of the origin by cause.");
	for (size_t i = 0; i < s->n_origins; i++)
		for (size_t k = 0; k < FR_ORIGIN_CAUSES; k++) {
			char labels[660], escaped[560];

			if (!s->origins[i].cause_names[k])
				continue;
			escape(s->origins[i].name, escaped, sizeof escaped);
			(void)snprintf(labels, sizeof labels, "origin=\"%s\",cause=\"%s\"", escaped,
			               s->origins[i].cause_names[k]);
			sample(w, labels, s->origins[i].causes[k]);
		}
}

static void put_origins(struct writer *w, const struct fr_status *s)
{
	const struct named of = {"origin", s->origins, s->n_origins, sizeof *s->origins};

#define GAUGE(name, member, help)                                                                  \
	put_each(w, &of, name, "gauge", help, offsetof(struct fr_origin_sum, member))
#define COUNTER(name, member, help)                                                                \
	put_each(w, &of, name, "counter", help, offsetof(struct fr_origin_sum, member))
	GAUGE("origin_pool_connections", connections, "Connections open to the origin.");
	GAUGE("origin_pool_idle_connections", idle, "Of those, unused.");
	GAUGE("origin_pool_waiting_requests", waiting, "Requests that wait for a connection.");
	COUNTER("origin_requests_total", requests, "Requests to the origin.");
	COUNTER("origin_requests_failed_total", failed, "Requests to the origin that failed.");
	COUNTER("origin_responses_5xx_total", errors, "Responses of the origin with 5xx.");
	put_origin_causes(w, s);
#undef GAUGE
#undef COUNTER
}

/* --- sites --- */

static void put_sites(struct writer *w, const struct fr_status *s)
{
	const struct named of = {"site", s->sites, s->n_sites, sizeof *s->sites};

#define COUNTER(name, member, help)                                                                \
	put_each(w, &of, name, "counter", help, offsetof(struct fr_site_sum, member))
	COUNTER("site_requests_total", requests, "Requests by clients for the site.");
	COUNTER("site_hits_total", hits, "Of those, answered from the store.");
	COUNTER("site_errors_total", errors, "Of those, answered with 5xx.");
	COUNTER("site_pages_total", pages, "Of those, loads of pages.");
	COUNTER("site_prefetches_total", prefetches, "Of those, made ahead (Sec-Purpose).");
	COUNTER("site_sent_bytes_total", sent_bytes, "Bytes of bodies sent, pushes included.");
#undef COUNTER
}

/* --- what hints gain --- */

/* Shares of the time; what is not known is not there. */
static void put_gain(struct writer *w, const char *labels, const struct fr_gain *g)
{
	if (g->of.t <= 0)
		return;
	put(w, PREFIX "%s{%s,bound=\"low\"} %.4f\n", w->family, labels, fr_sequence_share(g->low));
	put(w, PREFIX "%s{%s,bound=\"estimate\"} %.4f\n", w->family, labels,
	    fr_sequence_share(g->of.gain));
	put(w, PREFIX "%s{%s,bound=\"high\"} %.4f\n", w->family, labels,
	    fr_sequence_share(g->high));
}

static void put_proof(struct writer *w, const struct fr_status *s)
{
	char labels[2 * FR_PROOF_KEY_BYTES + 64], escaped[2 * FR_PROOF_KEY_BYTES];

	begin(w, "hints_gain_ratio", "gauge",
	      "Share of the time that hints save; below 0: pages are later with them.");
	for (size_t i = 0; i < s->n_proof; i++)
		for (unsigned m = 0; m < FR_METRIC_COUNT; m++) {
			escape(s->proof[i].key, escaped, sizeof escaped);
			(void)snprintf(labels, sizeof labels, "template=\"%s\",metric=\"%s\"",
			               escaped, fr_metric_str((enum fr_metric)m));
			put_gain(w, labels, &s->proof[i].gain[m]);
		}
	begin(w, "hints_trial_state", "gauge", "1 for the state of a template's hints.");
	for (size_t i = 0; i < s->n_proof; i++) {
		escape(s->proof[i].key, escaped, sizeof escaped);
		(void)snprintf(labels, sizeof labels, "template=\"%s\",state=\"%s\"", escaped,
		               fr_trial_str(s->proof[i].state));
		sample(w, labels, 1);
	}
	begin(w, "hints_compared_loads", "gauge", "Page loads of the trial that runs.");
	for (size_t i = 0; i < s->n_proof; i++) {
		escape(s->proof[i].key, escaped, sizeof escaped);
		(void)snprintf(labels, sizeof labels, "template=\"%s\"", escaped);
		sample(w, labels, s->proof[i].counts.loads);
	}
}

/* --- the process --- */

static void put_process(struct writer *w, const struct fr_status *s)
{
	char labels[64];

	(void)snprintf(labels, sizeof labels, "version=\"%s\"", FR_VERSION);
	begin(w, "build_info", "gauge", "1, with the version.");
	sample(w, labels, 1);
	single(w, "ready", "gauge", !s->is_draining, "1 unless draining.");
	single(w, "workers", "gauge", s->n_workers, "Threads that serve.");
	single(w, "configurations_total", "counter", s->generation,
	       "Configurations taken, the first one included.");
	single(w, "crashes_total", "counter", s->crashes,
	       "Serving processes that crashed before this one.");
	seconds(w, "start_time_seconds", "gauge", (uint64_t)s->start_us, "Start, since 1970.");
	seconds(w, "cpu_seconds_total", "counter", s->cpu_us, "CPU time used.");
	single(w, "memory_bytes", "gauge", s->rss_bytes, "Resident memory.");
	single(w, "open_fds", "gauge", s->open_fds, "File descriptors in use.");
	single(w, "max_fds", "gauge", s->max_fds, "File descriptors allowed.");
	begin(w, "worker_connections", "gauge", "Client connections open, by worker.");
	for (size_t i = 0; i < s->n_workers; i++) {
		(void)snprintf(labels, sizeof labels, "worker=\"%zu\"", i);
		sample(w, labels, s->workers[i].connections);
	}
	begin(w, "worker_loop_turn_seconds", "histogram",
	      "How long a turn of a worker's loop keeps others waiting; exact to about 4 ms.");
	for (size_t i = 0; i < s->n_workers; i++) {
		(void)snprintf(labels, sizeof labels, "worker=\"%zu\"", i);
		histogram(w, labels, &s->workers[i].loop_turn);
	}
}

static void put_store(struct writer *w, const struct fr_status *s)
{
	single(w, "memory_held_bytes", "gauge", s->memory_held,
	       "Memory that is held, but for the cache.");
	single(w, "memory_limit_bytes", "gauge", s->memory_limit, "What it is held to.");
	single(w, "cache_bytes", "gauge", s->cache_held, "Bytes that the cache holds.");
	single(w, "cache_limit_bytes", "gauge", s->cache_limit, "Bytes that it may hold.");
	single(w, "cache_objects", "gauge", s->cache_objects, "Responses stored.");
	single(w, "cache_evictions_total", "counter", s->cache_evicted, "Responses evicted.");
	single(w, "access_log_lines_total", "counter", s->log.lines, "Lines taken for the log.");
	single(w, "access_log_dropped_total", "counter", s->log.dropped, "Lines dropped.");
	single(w, "access_log_errors_total", "counter", s->log.errors, "Failures to write it.");
	single(w, "access_log_written_bytes_total", "counter", s->log.written_bytes,
	       "Bytes written.");
	single(w, "access_log_waiting_bytes", "gauge", s->log.waiting_bytes,
	       "Bytes of lines that wait to be written.");
}

int fr_prometheus_write(const struct fr_status *s, struct fr_buf *out)
{
	struct writer w = {.out = out};

	put_process(&w, s);
	put_counters(&w, s);
	put_faults(&w, s);
	put_exchanges(&w, s->metrics);
	put_origins(&w, s);
	put_sites(&w, s);
	put_proof(&w, s);
	put_store(&w, s);
	return w.rc;
}
