/* Builds a worker's view of a configuration, with the origins of its sites, and counts
 * who uses it. */
#include "exchange/generation.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/siphash.h"
#include "exchange/worker.h"
#include "observe/front_notice.h"
#include "observe/site_stats.h"

void fr_shared_ref(struct fr_shared *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void fr_shared_unref(struct fr_shared **sp)
{
	struct fr_shared *s = *sp;

	*sp = NULL;
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; s->origin_tls && i < s->config->n_sites; i++)
		fr_tls_client_unref(&s->origin_tls[i]);
	free(s->origin_tls);
	fr_tls_server_unref(&s->tls);
	fr_tls_server_unref(&s->admin_tls);
	fr_config_unref(&s->config);
	fr_front_notice_free(&s->front);
	free(s);
}

/* A host belongs to one site. */
static const char *name_of(const struct fr_config_site *site)
{
	return site->n_hosts ? site->hosts[0] : "*";
}

static void identify(struct fr_site *site, const struct fr_shared *shared, size_t worker)
{
	const char *name = name_of(site->config);

	site->id = fr_siphash(shared->seed, name, strlen(name));
	if (shared->sites)
		site->stats = fr_site_registry_get(shared->sites, name, worker);
}

struct fr_generation *fr_generation_new(struct fr_worker *w, struct fr_shared *shared)
{
	struct fr_generation *g = fr_calloc(1, sizeof *g);
	const struct fr_config *config = shared->config;
	struct fr_origin_limits limits = {
		.response_fields_bytes = config->limits.response_fields_bytes,
		.response_fields_count = config->limits.response_fields_count,
		.output_bytes = 2 * (size_t)config->limits.request_buffer_bytes +
	                        config->limits.fields_bytes + 2 * FR_READ_BYTES,
		.seed = w->seed,
		.tunnel_ms = config->timeouts.tunnel_ms,
	};

	g->refs = 1;
	g->serial = ++w->generations;
	g->worker = w;
	g->shared = shared;
	fr_shared_ref(shared);
	g->config = config;
	g->sites = fr_calloc(config->n_sites, sizeof *g->sites);
	for (size_t i = 0; i < config->n_sites; i++) {
		const struct fr_config_site *site = &config->sites[i];

		g->sites[i].config = site;
		identify(&g->sites[i], shared, w->index);
		limits.stats = fr_origin_registry_get(shared->origins, site->origin.url, w->index);
		g->sites[i].origin = fr_origin_new(w->loop, &site->origin, shared->origin_tls[i],
		                                   &limits, &w->counters);
		g->sites[i].failures =
			fr_url_ttl_set_new(FR_FAILURES_KEPT, site->hints.failure_ttl_ms, w->seed);
		g->sites[i].scanned =
			fr_url_ttl_set_new(FR_FAILURES_KEPT, site->hints.html_interval_ms, w->seed);
	}
	return g;
}

void fr_generation_retire(struct fr_generation *g)
{
	for (size_t i = 0; i < g->config->n_sites; i++)
		fr_origin_drain(g->sites[i].origin);
}

struct fr_generation *fr_generation_ref(struct fr_generation *g)
{
	g->refs++;
	return g;
}

void fr_generation_unref(struct fr_generation **gp)
{
	struct fr_generation *g = *gp;

	*gp = NULL;
	if (!g || --g->refs)
		return;
	for (size_t i = 0; i < g->config->n_sites; i++) {
		fr_origin_close(&g->sites[i].origin);
		fr_url_ttl_set_free(&g->sites[i].failures);
		fr_url_ttl_set_free(&g->sites[i].scanned);
	}
	free(g->sites);
	fr_shared_unref(&g->shared);
	free(g);
}

struct fr_site *fr_generation_site(struct fr_generation *g, struct fr_str host)
{
	const struct fr_config_site *found = fr_config_find_site(g->config, host);

	return found ? &g->sites[found - g->config->sites] : NULL;
}
