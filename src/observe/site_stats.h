/* Figures of each site, kept by its name over reloads: one set for each worker, written by its
 * thread alone. A site's name is its first host. The number of names is bounded; further sites
 * share one called "other". */
#ifndef FR_OBSERVE_SITE_STATS_H
#define FR_OBSERVE_SITE_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/record.h"

/* Sites that are told apart. */
#define FR_SITES_MAX 256u
#define FR_SITE_NAME_BYTES 264u

/* Of requests by clients, pushes not among them; sent_bytes: with pushes. */
#define FR_SITE_FIGURE_TABLE(X)                                                                    \
	X(requests)                                                                                \
	X(hits)                                                                                    \
	X(errors)                                                                                  \
	X(pages)                                                                                   \
	X(prefetches)                                                                              \
	X(sent_bytes)

struct fr_site_stats {
#define X(name) _Atomic uint64_t name;
	FR_SITE_FIGURE_TABLE(X)
#undef X
};

struct fr_site_sum {
	char name[FR_SITE_NAME_BYTES];
#define X(name) uint64_t name;
	FR_SITE_FIGURE_TABLE(X)
#undef X
};

/* An exchange of the site has ended. hits: answered from the store; errors: 5xx. */
void fr_site_stats_add(struct fr_site_stats *s, const struct fr_record *r);

struct fr_site_registry;

struct fr_site_registry *fr_site_registry_new(size_t workers);
/* NULL is allowed; clears the pointer. */
void fr_site_registry_free(struct fr_site_registry **r);
/* Stays valid until the registry is freed. Any thread. */
struct fr_site_stats *fr_site_registry_get(struct fr_site_registry *r, const char *name,
                                           size_t worker);
/* Sums over workers, at most FR_SITES_MAX + 1; returns how many. Any thread. */
size_t fr_site_registry_collect(struct fr_site_registry *r, struct fr_site_sum *out);

#endif
