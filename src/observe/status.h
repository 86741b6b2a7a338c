/* All figures of a running edge at one moment, as plain values: the edge fills
 * it, prometheus.c prints it for Prometheus, status_json.c as JSON. */
#ifndef FR_OBSERVE_STATUS_H
#define FR_OBSERVE_STATUS_H

#include "base/buf.h"
#include "base/ip.h"
#include "hints/proof/proof.h"
#include "observe/access_log.h"
#include "observe/counters.h"
#include "observe/front_notice.h"
#include "observe/metrics.h"
#include "observe/origin_stats.h"
#include "observe/traffic.h"

/* Of the JSON: raised when a key changes its meaning or goes, not when one comes. */
#define FR_STATUS_VERSION 1
/* An answer of the admin interface. */
#define FR_ANSWERED_BY_MAX_BYTES (8u << 20)

struct fr_status_worker {
	uint64_t connections, exchanges;
	struct fr_histogram_sum loop_turn;
};

struct fr_status_certificate {
	char name[256];  /* the first host that it is used for */
	int64_t until_s; /* wall clock */
};

/* Page templates whose comparison is shown: those that are loaded most. */
#define FR_STATUS_PROOF_ROWS 64u

/* members: one for each figure. */
struct fr_status {
	int64_t now_us, start_us; /* wall clock */
	long pid;
	bool is_draining;
	unsigned generation; /* configurations so far */
	unsigned crashes;    /* of serving processes before this one, under the same parent */
	size_t n_workers;
	struct fr_status_worker *workers; /* owned */
	uint64_t counters[FR_COUNTER_COUNT + FR_COUNTERS_EXTRA];
	struct fr_metrics_sum *metrics; /* owned */
	uint64_t cache_held, cache_limit, cache_objects, cache_evicted;
	uint64_t memory_held, memory_limit;
	const char *memory_level; /* static: what is given up */
	struct fr_access_log_stats log;
	bool has_log;
	struct fr_origin_sum *origins; /* owned */
	size_t n_origins;
	struct fr_site_sum *sites; /* owned */
	size_t n_sites;
	struct fr_traffic_top top;                  /* status only */
	struct fr_status_certificate *certificates; /* owned */
	size_t n_certificates;
	struct fr_proof_row *proof; /* owned: what hints gain, by page template */
	size_t n_proof;
	char front[FR_FRONT_KINDS][FR_IP_TEXT_BYTES]; /* noticed proxies; "": none */
	uint64_t rss_bytes, cpu_us, open_fds, max_fds;
};

void fr_status_fini(struct fr_status *s);
/* Fills in what the process itself knows: memory, CPU time, descriptors. */
void fr_status_process(struct fr_status *s);

/* Prometheus' text format; appends. 0 or FR_ERR_LIMIT, FR_ERR_NOMEM. */
int fr_prometheus_write(const struct fr_status *s, struct fr_buf *out) FR_MUST_USE;
/* The status as one line of JSON (docs/observability.md); appends; errors as above. */
int fr_status_json_write(const struct fr_status *s, struct fr_buf *out) FR_MUST_USE;

#endif
