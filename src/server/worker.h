/* One worker: a thread with its loop, its listeners' sockets, its client
 * connections and its origin pools, under the current generation of the
 * configuration. The server tells it what to do by commands that wake its
 * loop. Generations are counted per worker without atomics; the configuration
 * and TLS contexts behind them are shared between workers. */
#ifndef FR_SERVER_WORKER_H
#define FR_SERVER_WORKER_H

#include <pthread.h>

#include "base/chain.h"
#include "base/crash.h"
#include "base/pool.h"
#include "net/admission.h"
#include "config/config.h"
#include "exchange/canonical.h"
#include "exchange/record.h"
#include "hints/seen_urls.h"
#include "net/loop.h"
#include "net/tls.h"
#include "observe/counters.h"
#include "origin/origin.h"

struct fr_client;
struct fr_exchange;
struct fr_listener;
struct fr_memory;

/* Failed pushes remembered for each site and worker. */
#define FR_FAILURES_KEPT 1024u
/* Exchanges kept for reuse by one worker. */
#define FR_EXCHANGES_KEPT 256u

/* What workers share of one configuration: built once by the server. */
struct fr_access_log;
struct fr_server;
struct fr_store;
struct fr_hint_memory;
struct fr_learned;
struct fr_assets;
struct fr_fill;
struct fr_wakeup;

struct fr_shared {
	_Atomic uint32_t refs;
	struct fr_config *config;          /* reference */
	struct fr_tls_server *tls;         /* reference; NULL without TLS listeners */
	struct fr_tls_server *admin_tls;   /* reference; NULL: the admin interface has none */
	struct fr_tls_client **origin_tls; /* one for each site; references; NULL: plain */
	struct fr_store *store;            /* borrowed from the server, as the others below */
	struct fr_learned *knowledge;      /* that the next two are part of */
	struct fr_hint_memory *memory;
	struct fr_assets *assets;
	uint64_t seed;                      /* of hashes that all workers share */
	char loop[FR_CANONICAL_LOOP_BYTES]; /* what CDN-Loop says of this server */
	struct fr_access_log *access_log;   /* NULL: none configured */
	struct fr_server *server;           /* for the admin interface */
	struct fr_origin_registry *origins;
};
void fr_shared_ref(struct fr_shared *s);
void fr_shared_unref(struct fr_shared **s);

struct fr_site {
	const struct fr_config_site *config; /* borrowed from the generation's configuration */
	struct fr_origin *origin;            /* owned */
	struct fr_url_ttl_set *failures;     /* owned: pushes that failed lately */
	struct fr_url_ttl_set *scanned;      /* owned: pages whose HTML had nothing new lately */
};

/* A configuration in use by one worker. Owners: the worker while it is the
 * current one, each client connection for its limits, each exchange. */
struct fr_generation {
	uint32_t refs;
	uint64_t serial; /* of the worker's generations, from 1 */
	struct fr_worker *worker;
	struct fr_shared *shared;       /* reference */
	const struct fr_config *config; /* borrowed from shared */
	struct fr_site *sites;          /* owned; as many as config->n_sites */
};
struct fr_generation *fr_generation_new(struct fr_worker *w, struct fr_shared *shared);
/* No new request will use it: its idle origin connections are closed. */
void fr_generation_retire(struct fr_generation *g);
struct fr_generation *fr_generation_ref(struct fr_generation *g);
void fr_generation_unref(struct fr_generation **g);
/* The site for a host (lower case, no port), NULL if none. */
struct fr_site *fr_generation_site(struct fr_generation *g, struct fr_str host);

enum fr_worker_state {
	FR_WORKER_RUNNING,
	FR_WORKER_DRAINING, /* no new connections; old ones are being ended */
	FR_WORKER_CUT       /* everything left is closed */
};

/* A listening socket handed to a worker; index as in the configuration. */
struct fr_listen_fd {
	int fd;                                  /* owned by the worker from the command on */
	const struct fr_config_listener *config; /* borrowed from the shared configuration */
};

struct fr_worker {
	unsigned index;
	enum fr_worker_state state;
	pthread_t thread;
	struct fr_loop *loop; /* owned */
	struct fr_counters counters;
	struct fr_recorder observer;
	struct fr_activity *activity; /* borrowed: own_activity, or shared for crash reports */
	struct fr_activity own_activity;
	struct fr_pool pool; /* for all that is small and does not outlive a connection */
	struct fr_block_pool body_blocks; /* of the bodies that wait for clients */
	struct fr_admission *admission;   /* borrowed from the server */
	struct fr_memory *memory;         /* borrowed from the server */
	struct fr_timer memory_timer;     /* for server/memory.c, as those below */
	struct fr_task memory_task;
	int64_t memory_seen,
		memory_peak;       /* held when last summed up; most since memory went back */
	unsigned memory_quiet;     /* ticks without a change */
	struct fr_generation *gen; /* reference: the current one */
	uint64_t generations;      /* made so far */
	struct fr_client *clients; /* borrowed: live connections, linked */
	size_t n_clients;
	uint64_t clients_seen;              /* so far: each has its number */
	size_t n_admin;                     /* of those, the admin interface's */
	size_t n_events;                    /* status streams of the admin interface */
	struct fr_listener *listeners;      /* owned, linked */
	const struct fr_stage_rows *rows;   /* what exchanges go through; constant */
	struct fr_exchange *free_exchanges; /* owned, linked */
	size_t n_free_exchanges;
	struct fr_fill *fills; /* borrowed, linked: under way */
	size_t n_fills, n_fills_behind;
	struct fr_fill *free_fills; /* owned, linked */
	size_t n_free_fills;
	struct fr_wakeup *own_notes; /* owned: posted by this thread */
	struct fr_task notes_task;
	struct fr_timer drain_timer;
	bool is_empty, may_end; /* of a drain: see fr_worker_start */
	uint64_t seed;          /* for hashes that peers must not predict */
	char date[32];          /* IMF-fixdate of date_s */
	int64_t date_s;
	/* commands, under the lock */
	pthread_mutex_t lock;
	struct fr_wakeup *notes;       /* owned: posted by other threads */
	struct fr_shared *next_shared; /* reference; NULL: none */
	struct fr_listen_fd *next_fds; /* owned */
	size_t n_next_fds;
	unsigned applied; /* configurations taken over so far */
	pthread_cond_t applied_cond;
	bool stop_asked, cut_asked, finish_asked;
	/* when the thread ends */
	void (*on_empty)(void *user);
	void (*on_ended)(void *user);
	void *on_ended_user; /* borrowed */
};

/* Makes a worker without a thread: the caller runs its loop, as the fuzz targets do.
 * It serves nothing before the first fr_worker_offer. on_empty: told to stop, and
 * without clients but those of the admin interface; it waits for fr_worker_finish
 * then. 0 or FR_ERR_IO. */
int fr_worker_new(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                  void (*on_empty)(void *user), void *user, struct fr_worker **out) FR_MUST_USE;
/* Frees one whose loop has ended. Returns the sum of its live-object gauges. */
size_t fr_worker_free(struct fr_worker **w);
/* Makes a worker and starts its thread. on_empty, on_ended: called on that
 * thread. 0 or FR_ERR_IO. */
int fr_worker_start(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                    void (*on_empty)(void *user), void (*on_ended)(void *user), void *user,
                    struct fr_worker **out) FR_MUST_USE;
/* Gives a configuration and the sockets of its new listeners (those that the
 * worker has already, by text, are not among them; those that are no longer configured
 * are closed). The worker takes it over in its next turn. Returns how many it has taken
 * over then (see `applied`). Thread-safe. */
unsigned fr_worker_offer(struct fr_worker *w, struct fr_shared *shared,
                         const struct fr_listen_fd *fds, size_t n);
/* The same; waits until the worker uses it. Not on the worker's own thread. */
void fr_worker_configure(struct fr_worker *w, struct fr_shared *shared,
                         const struct fr_listen_fd *fds, size_t n);
/* Drain; again: cut. Thread-safe. */
void fr_worker_stop(struct fr_worker *w);
/* All workers are empty: the thread ends. Thread-safe. */
void fr_worker_finish(struct fr_worker *w);
/* Waits for the thread, frees. Returns the sum of its live-object gauges. */
size_t fr_worker_join(struct fr_worker **w);

/* Wall clock of now as an IMF-fixdate (RFC 9110 §5.6.7), cached by the second. */
struct fr_str fr_worker_date(struct fr_worker *w);

/* A fill ended: the last thing to go ends a drain. */
void fr_worker_fill_ended(struct fr_worker *w);

/* For clients: they came and went. The last one to go ends a drain. */
void fr_worker_client_opened(struct fr_worker *w, struct fr_client *c);
void fr_worker_client_closed(struct fr_worker *w, struct fr_client *c);

#endif
