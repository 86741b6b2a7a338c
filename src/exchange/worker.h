/* What the exchanges, fetches and connections of one worker run in: its loop, counters,
 * memory and the current generation of the configuration. One thread uses it; the
 * server makes the thread and tells it what to do (server/worker_thread.h). */
#ifndef FR_EXCHANGE_WORKER_H
#define FR_EXCHANGE_WORKER_H

#include "base/chain.h"
#include "base/crash.h"
#include "base/pool.h"
#include "exchange/generation.h"
#include "exchange/record.h"
#include "net/loop.h"
#include "net/memory_limit.h"
#include "net/wakeup.h"
#include "observe/counters.h"

struct fr_admission;
struct fr_exchange;
struct fr_fill;
struct fr_stage_rows;
struct fr_recode;
struct fr_twin_job;

/* Exchanges kept for reuse by one worker. */
#define FR_EXCHANGES_KEPT 256u

/* The cache's fetches, for stages/cache/fill.c. */
struct fr_fills {
	struct fr_fill *first; /* borrowed, linked: under way */
	size_t n, n_behind;    /* of them; without anyone who waits */
	struct fr_fill *free;  /* owned, linked */
	size_t n_free;
};

/* The twins that are being made, for stages/compression/twin.c; those that are to be made
 * again, for stages/compression/recode.c. */
struct fr_twin_jobs {
	struct fr_twin_job *first; /* borrowed, linked */
	size_t n;
	struct fr_recode *recodes;   /* owned, linked */
	struct fr_timer recode_look; /* runs while there are any */
};

/* The wall clock as text, written once a second. */
struct fr_date {
	char text[32]; /* IMF-fixdate of s */
	int64_t s;
};

struct fr_worker {
	unsigned index;
	struct fr_loop *loop; /* owned */
	struct fr_counters counters;
	struct fr_recorder observer;
	struct fr_activity *activity; /* borrowed: own_activity, or shared for crash reports */
	struct fr_activity own_activity;
	struct fr_pool pool; /* for all that is small and does not outlive a connection */
	struct fr_block_pool body_blocks; /* of the bodies that wait for clients */
	struct fr_admission *admission;   /* borrowed from the server */
	struct fr_memory_part memory;
	struct fr_wakeup_queue wakeups;
	struct fr_generation *gen; /* reference: the current one; NULL before and after all */
	uint64_t generations;      /* made so far */
	size_t n_clients;          /* connections open; kept by the client side */
	size_t n_events;           /* status streams of the admin interface */
	bool is_draining;          /* no new connections; the admin interface's end, too */
	const struct fr_stage_rows *rows;   /* what exchanges go through; constant */
	struct fr_exchange *free_exchanges; /* owned, linked */
	size_t n_free_exchanges;
	struct fr_fills fills;
	struct fr_twin_jobs twin_jobs;
	uint64_t seed; /* for hashes that peers must not predict */
	struct fr_date date;
	/* A fill ended: the last thing to go ends a drain. */
	void (*on_fill_ended)(void *user);
	void *user; /* borrowed: its own argument */
};

/* w is all zero. on_wake: as of fr_loop_new, with w->user. The caller sets rows, memory and
 * on_fill_ended. 0 or FR_ERR_IO. */
int fr_worker_init(struct fr_worker *w, unsigned index, struct fr_admission *admission,
                   void (*on_wake)(void *user), void *user) FR_MUST_USE;
/* Its loop has ended, and what ran in it. Returns the sum of its live-object gauges. */
size_t fr_worker_fini(struct fr_worker *w);

/* Wall clock of now as an IMF-fixdate (RFC 9110 §5.6.7), cached by the second. */
struct fr_str fr_worker_date(struct fr_worker *w);

#endif
