/* A thread that sums up the workers' counters once a second. */
#include "server/historian.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "net/memory_limit.h"
#include "observe/counters.h"
#include "observe/metrics.h"
#include "server/server_priv.h"

#define NS_PER_S 1000000000L
/* After the second's beginning, so that a look belongs to one second for sure. */
#define DELAY_NS 20000000L

struct fr_historian {
	struct fr_server *server;   /* borrowed */
	struct fr_history *history; /* owned */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;                /* under the lock */
	struct fr_metrics_sum metrics; /* the thread's; large */
};

static void add_responses(const struct fr_metrics_sum *m, struct fr_history_totals *t)
{
	char label[8];

	for (unsigned slot = 0; slot < FR_STATUS_SLOTS; slot++) {
		uint64_t n = 0;

		for (size_t p = 0; p < FR_PROTOCOL_COUNT; p++)
			for (size_t c = 0; c < FR_CACHE_RESULT_COUNT; c++) {
				uint64_t v = m->responses[p][slot][c];

				n += v;
				if (c == FR_CACHE_RESULT_HIT || c == FR_CACHE_RESULT_STALE)
					t->counts[FR_HISTORY_OF_HITS] += v;
			}
		t->counts[FR_HISTORY_OF_RESPONSES] += n;
		if (n == 0)
			continue;
		fr_status_label(slot, label);
		if (label[0] == '5')
			t->counts[FR_HISTORY_OF_ERRORS] += n;
	}
}

static void sum_up(struct fr_historian *h, struct fr_history_totals *t)
{
	uint64_t c[FR_COUNTER_COUNT + FR_COUNTERS_EXTRA] = {0};
	struct fr_memory_stats memory;

	*t = (struct fr_history_totals){.counts = {0}};
	memset(&h->metrics, 0, sizeof h->metrics);
	for (size_t i = 0; i < h->server->n_workers; i++) {
		struct fr_worker *w = &h->server->workers[i]->worker;

		fr_counters_sum(&w->counters, c);
		fr_metrics_collect(&w->observer.metrics, &h->metrics);
	}
	add_responses(&h->metrics, t);
	t->counts[FR_HISTORY_OF_REQUESTS] = c[FR_COUNT_REQUESTS];
	t->counts[FR_HISTORY_OF_ORIGIN_FAILURES] =
		c[FR_COUNT_ORIGIN_FAILED] + c[FR_COUNT_ORIGIN_TIMEOUTS] +
		c[FR_COUNT_ORIGIN_MALFORMED] + c[FR_COUNT_ORIGIN_TRUNCATED];
	t->counts[FR_HISTORY_OF_PAGES] = h->metrics.pages;
	t->counts[FR_HISTORY_OF_EARLY_HINTS] = c[FR_COUNT_EARLY_HINTS];
	t->counts[FR_HISTORY_OF_PUSHES_COMPLETED] = c[FR_COUNT_PUSHES_COMPLETED];
	t->counts[FR_HISTORY_OF_PUSHES_WASTED] =
		c[FR_COUNT_PUSHES_CANCELLED] + c[FR_COUNT_PUSHES_REFUSED];
	t->counts[FR_HISTORY_OF_SENT_KIB] = h->metrics.sent_bytes / 1024;
	t->gauges[FR_HISTORY_OF_CONNECTIONS] = c[FR_COUNT_CONNECTIONS_OPEN];
	fr_memory_stats(h->server->memory, &memory);
	t->gauges[FR_HISTORY_OF_MEMORY_MIB] = memory.used >> 20;
	for (size_t a = 0; a < FR_ANSWERED_BY_COUNT; a++)
		for (size_t b = 0; b <= FR_HISTOGRAM_BUCKETS; b++)
			t->first_byte.counts[b] += h->metrics.first_byte[a].counts[b];
}

/* The next second's beginning, and a little. False: it is to end. */
static bool wait_for_second(struct fr_historian *h)
{
	struct timespec at;
	bool goes_on;

	(void)clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += at.tv_nsec >= DELAY_NS;
	at.tv_nsec = DELAY_NS;
	(void)pthread_mutex_lock(&h->lock);
	if (!h->is_ending)
		(void)pthread_cond_timedwait(&h->changed, &h->lock, &at);
	goes_on = !h->is_ending;
	(void)pthread_mutex_unlock(&h->lock);
	return goes_on;
}

static void *run(void *user)
{
	struct fr_historian *h = user;
	struct fr_history_totals totals;

	do {
		sum_up(h, &totals);
		fr_history_add(h->history, (int64_t)time(NULL), &totals);
	} while (wait_for_second(h));
	return NULL;
}

int fr_historian_start(struct fr_server *s, struct fr_historian **out)
{
	struct fr_historian *h = fr_calloc(1, sizeof *h);

	h->server = s;
	h->history = fr_history_new();
	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_cond_init(&h->changed, NULL);
	if (pthread_create(&h->thread, NULL, run, h) != 0) {
		fr_history_free(&h->history);
		(void)pthread_cond_destroy(&h->changed);
		(void)pthread_mutex_destroy(&h->lock);
		free(h);
		return FR_ERR_IO;
	}
	*out = h;
	return 0;
}

void fr_historian_stop(struct fr_historian *h)
{
	if (!h)
		return;
	(void)pthread_mutex_lock(&h->lock);
	h->is_ending = true;
	(void)pthread_cond_signal(&h->changed);
	(void)pthread_mutex_unlock(&h->lock);
	(void)pthread_join(h->thread, NULL);
}

void fr_historian_free(struct fr_historian **hp)
{
	struct fr_historian *h = *hp;

	*hp = NULL;
	if (!h)
		return;
	fr_history_free(&h->history);
	(void)pthread_cond_destroy(&h->changed);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

struct fr_history *fr_historian_history(struct fr_historian *h)
{
	return h->history;
}
