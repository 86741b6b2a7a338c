/* A configuration in use: what all workers share of it (fr_shared), and one worker's
 * view of it with its pools of origin connections (fr_generation). A reload makes new
 * ones; what is under way ends with those that it began with. */
#ifndef FR_EXCHANGE_GENERATION_H
#define FR_EXCHANGE_GENERATION_H

#include "config/config.h"
#include "exchange/canonical.h"
#include "hints/seen_urls.h"
#include "net/tls.h"
#include "origin/origin.h"

struct fr_access_log;
struct fr_admin_ops;
struct fr_assets;
struct fr_members;
struct fr_front_notice;
struct fr_hint_memory;
struct fr_learned;
struct fr_recoder;
struct fr_site_registry;
struct fr_site_stats;
struct fr_proof;
struct fr_model;
struct fr_store;
struct fr_worker;

/* Failed pushes remembered for each site and worker. */
#define FR_FAILURES_KEPT 1024u

/* Built once by the server. Counted with atomics. */
struct fr_shared {
	_Atomic uint32_t refs;
	struct fr_config *config;          /* reference */
	struct fr_tls_server *tls;         /* reference; NULL without TLS listeners */
	struct fr_tls_server *admin_tls;   /* reference; NULL: the admin interface has none */
	struct fr_tls_client **origin_tls; /* one for each site; references; NULL: plain */
	struct fr_store *store;            /* borrowed from the server, as the others below */
	struct fr_learned *knowledge;      /* that the next five are part of */
	struct fr_hint_memory *memory;
	struct fr_assets *assets;
	struct fr_members *members; /* what assets of rules with a star are called today */
	struct fr_proof *proof;
	struct fr_model *model;
	uint64_t seed;                      /* of hashes that all workers share */
	char loop[FR_CANONICAL_LOOP_BYTES]; /* what CDN-Loop says of this server */
	struct fr_access_log *access_log;   /* NULL: none configured */
	const struct fr_admin_ops *admin;   /* what the admin interface may ask, of `server` */
	void *server;
	struct fr_origin_registry *origins;
	struct fr_site_registry *sites; /* NULL: tests that count none */
	struct fr_recoder *recoder;     /* NULL: tests without threads */
	struct fr_front_notice *front;  /* owned: proxies in front that were noticed */
};
void fr_shared_ref(struct fr_shared *s);
void fr_shared_unref(struct fr_shared **s);

struct fr_site {
	const struct fr_config_site *config; /* borrowed from the generation's configuration */
	uint64_t id;                         /* the same in all workers, and after a reload */
	struct fr_origin *origin;            /* owned */
	struct fr_site_stats *stats;         /* borrowed from the registry; NULL: none */
	struct fr_url_ttl_set *failures;     /* owned: pushes that failed lately */
	struct fr_url_ttl_set *scanned;      /* owned: pages whose HTML had nothing new lately */
};

/* Owners: the worker while it is the current one, each client connection for its
 * limits, each exchange. Counted without atomics, on the worker's thread. */
struct fr_generation {
	uint32_t refs;
	uint64_t serial; /* of the worker's generations, from 1 */
	struct fr_worker *worker;
	struct fr_shared *shared;       /* reference */
	const struct fr_config *config; /* borrowed from shared */
	struct fr_site *sites;          /* owned; as many as config->n_sites */
};
/* Never NULL. Takes a reference to shared. */
struct fr_generation *fr_generation_new(struct fr_worker *w, struct fr_shared *shared);
/* No new request will use it: its idle origin connections are closed. */
void fr_generation_retire(struct fr_generation *g);
struct fr_generation *fr_generation_ref(struct fr_generation *g);
void fr_generation_unref(struct fr_generation **g);
/* The site for a host (lower case, no port), NULL if none. */
struct fr_site *fr_generation_site(struct fr_generation *g, struct fr_str host);

#endif
